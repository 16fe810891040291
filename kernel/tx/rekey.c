// SPDX-License-Identifier: GPL-2.0
/*
 * Changing the sending key (RFC 8446 sections 4.6.3, 5.5 and 7.2).
 *
 * The key is changed between two records, in one hold of the socket lock: the open record and
 * then a KeyUpdate are sealed with the old key, then the old key is gone. So no record is sealed
 * with parts of both keys.
 *
 * With the traffic secret of the direction the module does this by itself. Without it, sending
 * stops at the hard limit of its key.
 */
#include "tx/rekey.h"

#include <linux/jiffies.h>
#include <linux/module.h>

#include "core/compat.h"
#include "core/conn.h"
#include "core/event.h"
#include "core/stats.h"
#include "core/trace.h"
#include "tx/tx.h"

static ulong limit_soft;
module_param(limit_soft, ulong, 0644);
MODULE_PARM_DESC(limit_soft, "blocks of 16 bytes, and two for each record, after which a TLS 1.3 sending key is replaced; 0: as RFC 8446 has it");

static ulong limit_hard;
module_param(limit_hard, ulong, 0644);
MODULE_PARM_DESC(limit_hard, "blocks of 16 bytes, and two for each record, a TLS 1.3 sending key is good for; 0: as RFC 8446 has it, but any number for keys that came by TLS_TX");

/* @records: full ones, 0: any number; @param can only lower it */
static u64 in_blocks(const struct sheath_dir *dir, u32 records, ulong param)
{
	u64 limit = records ? (u64)records * sheath_record_cost(dir, SHEATH_PLAIN_MAX) : U64_MAX;

	return param ? min_t(u64, limit, param) : limit;
}

/**
 * sheath_rekey_limits() - what the sending key is good for
 * @tx: pipeline with a fresh key
 *
 * The parameters of the module can only lower what the suite has.
 *
 * Context: lock_sock() held, or @tx is not published.
 */
void sheath_rekey_limits(struct sheath_tx *tx)
{
	const struct sheath_suite *suite = tx->dir.suite;

	tx->used = 0;
	tx->n_reserve = 0;
	tx->soft_told = false;
	tx->hard_told = false;
	tx->limit_set = false;
	tx->limit_soft = U64_MAX;
	tx->limit_hard = U64_MAX;
	if (suite->limits_blocks) {
		tx->limit_soft = suite->limit_soft;
		tx->limit_hard = suite->limit_hard;
	}
	if (!tx->dir.ver->has_key_update)
		return;
	tx->limit_soft = in_blocks(&tx->dir, suite->limit_soft, READ_ONCE(limit_soft));
	tx->limit_hard = in_blocks(&tx->dir, suite->limit_hard, READ_ONCE(limit_hard));
	tx->limit_set = READ_ONCE(limit_hard);
}

/*
 * Programs that set their keys as for in-tree TLS do not replace them, and their connections
 * end there at no limit: here only if the administrator set one.
 */
static bool ends_at_limit(const struct sheath_conn *conn)
{
	return !conn->in_tree || conn->tx->limit_set;
}

/**
 * sheath_rekey_records_left() - full records that may still be sent with the key
 * @conn: connection with a sending key
 *
 * Context: lock_sock() held.
 */
u64 sheath_rekey_records_left(const struct sheath_conn *conn)
{
	const struct sheath_tx *tx = conn->tx;
	/* the last number is usable too, but 2^64 does not fit */
	u64 seq = tx->dir.seq_end ? 0 : min_t(u64, ~tx->dir.seq, U64_MAX - 1) + 1;

	if (tx->limit_hard == U64_MAX || !ends_at_limit(conn))
		return seq;
	if (tx->used >= tx->limit_hard)
		return 0;
	return min(seq, (tx->limit_hard - tx->used) / sheath_record_cost(&tx->dir, tx->limit));
}

static int seal_update(struct sheath_conn *conn, bool request)
{
	u8 msg[] = { SHEATH_MSG_KEY_UPDATE, 0, 0, SHEATH_KEY_UPDATE_LEN, request };
	struct kvec vec = { .iov_base = msg, .iov_len = sizeof(msg) };
	struct iov_iter from;

	iov_iter_kvec(&from, SHEATH_COMPAT_SOURCE, &vec, 1, sizeof(msg));
	return sheath_tx_seal_small(conn, SHEATH_CT_HANDSHAKE, &from, sizeof(msg));
}

/**
 * sheath_rekey_replace_tx() - send with another key from here on
 * @conn: connection with a sending key and at most one batch of records pending
 * @next: keyed; taken over and zeroed, unless this fails
 * @what: the KeyUpdate that goes out under the old key, if any
 *
 * Nothing is pushed; the caller does that, even if this fails.
 *
 * Context: lock_sock() held, may sleep.
 *
 * Return:
 * * 0		- done
 * * %-EAGAIN	- TCP did not take the records before several changes; nothing happened
 * * other	- from sheath_tx_seal_open() or sheath_tx_seal_small(); the old key is in use
 *		  as before
 */
int sheath_rekey_replace_tx(struct sheath_conn *conn, struct sheath_dir *next,
			    enum sheath_rekey_tx what)
{
	struct sheath_tx *tx = conn->tx;
	int rc = 0;

	sheath_conn_owned(conn);
	if (tx->n_changes == SHEATH_TX_CHANGES || tx->n_pend + SHEATH_TX_PEND_END > SHEATH_TX_PEND)
		return -EAGAIN;
	if (tx->open != SHEATH_TX_NONE)
		rc = sheath_tx_seal_open(conn);
	/* one KeyUpdate also covers the one that is due */
	if (!rc && what != SHEATH_REKEY_NONE)
		rc = seal_update(conn, max(what, tx->due) == SHEATH_REKEY_BOTH);
	if (rc)
		return rc;
	if (tx->n_pend)
		tx->n_changes++;
	/* the old key is dead from here on */
	sheath_dir_move(&tx->dir, next);
	tx->due = SHEATH_REKEY_NONE;
	tx->owed = false;
	tx->told = false;
	sheath_rekey_limits(tx);
	WRITE_ONCE(conn->tx_epoch, conn->tx_epoch + 1);
	trace_sheath_key(conn->cookie, true, conn->tx_epoch, conn->version, conn->cipher,
			 tx->dir.seq);
	sheath_stat_inc(sock_net(conn->sk), SHEATH_STAT_TX_REKEY);
	sheath_event(conn, SHEATH_EVENT_REKEY_TX);
	return 0;
}

static int rekey_tx(struct sheath_conn *conn, enum sheath_rekey_tx what)
{
	struct sheath_dir next = { };
	int rc = sheath_dir_next(&conn->tx->dir, &next);

	if (rc)
		return rc;
	rc = sheath_rekey_replace_tx(conn, &next, what);
	if (rc)
		sheath_dir_exit(&next);
	return rc;
}

/* send the KeyUpdate now if TCP has taken everything and has room, else before the next record */
static int rekey_tx_soon(struct sheath_conn *conn, enum sheath_rekey_tx what)
{
	struct sheath_tx *tx = conn->tx;
	int rc;

	tx->due = max(tx->due, what);
	rc = sheath_tx_push(conn, false);
	if (rc)
		return rc == -EAGAIN ? 0 : rc;
	/*
	 * TCP's last segment has room for thousands of 27-byte records: without free send memory,
	 * a peer or user could queue KeyUpdates without bound.
	 */
	if (!sk_stream_memory_free(conn->sk))
		return 0;
	rc = rekey_tx(conn, tx->due);
	sheath_tx_push(conn, false);
	return rc;
}

/**
 * sheath_rekey_request() - change the sending key on request of a user
 * @conn: connection
 * @what: whether the peer is asked to change its key, too
 *
 * While TCP has no room, the change waits for the next record of any sender.
 *
 * Context: lock_sock() held, may sleep.
 *
 * Return:
 * * 0			- done, or done before the next record
 * * %-ENOTCONN		- no sending key
 * * %-EPIPE		- close_notify was sent
 * * %-EOPNOTSUPP	- there is no traffic secret
 * * other		- nothing happened: no memory, or what ended the session
 */
int sheath_rekey_request(struct sheath_conn *conn, enum sheath_rekey_tx what)
{
	struct sheath_tx *tx = conn->tx;
	enum sheath_rekey_tx was;
	int rc;

	sheath_conn_owned(conn);
	if (!tx)
		return -ENOTCONN;
	if (conn->err)
		return -conn->err;
	if (tx->closed || conn->sk->sk_shutdown & SEND_SHUTDOWN)
		return -EPIPE;
	if (!tx->dir.secret.hash)
		return -EOPNOTSUPP;
	was = tx->due;
	rc = rekey_tx_soon(conn, what);
	if (rc)
		tx->due = was;
	return rc;
}

static int limit_reached(struct sheath_conn *conn, u8 type)
{
	struct sheath_tx *tx = conn->tx;

	if (tx->dir.secret.hash) {
		int rc = rekey_tx(conn, SHEATH_REKEY_SELF);

		/* if the change fails, the old key may be used up to the hard limit */
		return tx->used < tx->limit_hard && !conn->err ? 0 : rc;
	}
	if (!tx->soft_told) {
		tx->soft_told = true;
		sheath_event(conn, SHEATH_EVENT_LIMIT_SOFT);
	}
	if (tx->used < tx->limit_hard)
		return 0;
	/* a few control records more are for the application to end the key or the session */
	if (type != SHEATH_CT_DATA && tx->n_reserve < SHEATH_REKEY_RESERVE) {
		tx->n_reserve++;
		return 0;
	}
	if (!tx->hard_told) {
		tx->hard_told = true;
		sheath_event(conn, SHEATH_EVENT_LIMIT_HARD);
	}
	if (!ends_at_limit(conn))
		return 0;
	sheath_stat_inc(sock_net(conn->sk), SHEATH_STAT_TX_LIMIT);
	return -EKEYEXPIRED;
}

/*
 * RFC 8446 section 4.6.3: what follows a KeyUpdate is sealed with the next key, and an answer
 * precedes the next data. An application that reads the messages sees to the answer itself.
 */
static bool is_key_over(const struct sheath_conn *conn, u8 type)
{
	const struct sheath_tx *tx = conn->tx;

	return tx->told || (tx->owed && !conn->ctrl_app && type == SHEATH_CT_DATA);
}

/* the last sequence number is reserved for the KeyUpdate */
static bool is_last_number(const struct sheath_tx *tx)
{
	return tx->dir.seq == U64_MAX && tx->dir.ver->has_key_update;
}

/**
 * sheath_rekey_before_record() - may a record be begun, and with which key?
 * @conn: connection with a sending key, no open record and at most one batch pending
 * @type: content type of the record
 *
 * Performs the key change that the peer, a user or a limit made due.
 *
 * Context: lock_sock() held, may sleep.
 *
 * Return:
 * * 0			- go on
 * * %-EKEYEXPIRED	- the key has reached its hard limit, or another one has to come first
 * * other		- from sheath_rekey_replace_tx() or the crypto API; may be tried again
 */
int sheath_rekey_before_record(struct sheath_conn *conn, u8 type)
{
	struct sheath_tx *tx = conn->tx;

	if (likely(tx->due == SHEATH_REKEY_NONE && !tx->owed && !tx->told &&
		   tx->used < min(tx->limit_soft, tx->limit_hard) && !is_last_number(tx)))
		return 0;
	if (is_key_over(conn, type))
		return -EKEYEXPIRED;
	if (tx->due != SHEATH_REKEY_NONE)
		return rekey_tx(conn, tx->due);
	if (tx->used < min(tx->limit_soft, tx->limit_hard) && !is_last_number(tx))
		return 0;
	return limit_reached(conn, type);
}

/**
 * sheath_rekey_sent() - the application sent a KeyUpdate by itself
 * @conn: connection with a sending key, and no secret for it
 *
 * With keys set as for in-tree TLS, the application alone decides when to change them.
 *
 * Context: lock_sock() held.
 */
void sheath_rekey_sent(struct sheath_conn *conn)
{
	conn->tx->told = !conn->in_tree && conn->tx->dir.ver->has_key_update;
}

/**
 * sheath_rekey_answer() - the peer wants us to change the sending key
 * @conn: connection with a sending key that is not closed
 *
 * One answer covers any number of requests, and has to precede the next data only: RFC 8446
 * section 4.6.3. So one answer a second goes out at once, and others go before the next data. An
 * answer that fails now is tried again before the next data. Without a secret, the next key has
 * to come from key-set or a socket option.
 *
 * Context: lock_sock() held, may sleep.
 */
void sheath_rekey_answer(struct sheath_conn *conn)
{
	struct sheath_tx *tx = conn->tx;

	if (!tx->dir.secret.hash) {
		if (!tx->owed && !tx->told) {
			tx->owed = true;
			sheath_event(conn, SHEATH_EVENT_UPDATE_DUE);
		}
		return;
	}
	if (tx->answered && time_before(jiffies, tx->answered_at + HZ)) {
		tx->due = max(tx->due, SHEATH_REKEY_SELF);
		return;
	}
	tx->answered = true;
	tx->answered_at = jiffies;
	rekey_tx_soon(conn, SHEATH_REKEY_SELF);
}
