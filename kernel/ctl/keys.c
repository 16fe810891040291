// SPDX-License-Identifier: GPL-2.0
/*
 * Installing keys, from netlink and from socket options. All that takes time is prepared without
 * the lock of the socket, so that a commit is short and waits for no one.
 */
#include "ctl/keys.h"

#include <crypto/algapi.h>
#include <linux/slab.h>

#include "core/asleep.h"
#include "core/compat.h"
#include "core/conn.h"
#include "core/event.h"
#include "core/legacy_param.h"
#include "core/trace.h"
#include "record/mac.h"
#include "rx/rekey.h"
#include "rx/rx.h"
#include "tx/rekey.h"
#include "tx/tx.h"

static const struct sheath_dir *dir_of(const struct sheath_conn *conn, u32 flags)
{
	if (flags == SHEATH_KEY_TX)
		return conn->tx ? &conn->tx->dir : NULL;
	return conn->rx ? &conn->rx->dir : NULL;
}

/* a key for a direction that has none */
static int judge_first(const struct sheath_conn *conn, const struct sheath_key_params *key,
		       struct netlink_ext_ack *extack)
{
	if (key->epoch) {
		NL_SET_ERR_MSG(extack, "epoch: must be 0 for the first key of a direction");
		return -ERANGE;
	}
	if (key->update) {
		NL_SET_ERR_MSG(extack, "flags: send-key-update is set, but there is no key yet to send a KeyUpdate under");
		return -EINVAL;
	}
	if (key->flags == SHEATH_KEY_TX ? conn->n_plain_tx || sheath_asleep_tx(conn->sk) :
					  conn->n_plain_rx || sheath_asleep_rx(conn->sk)) {
		NL_SET_ERR_MSG(extack, "socket: another thread is sending or receiving in the clear");
		return -EBUSY;
	}
	return 0;
}

/* the peer must get exactly one KeyUpdate, under the old key */
static int judge_next_tx(const struct sheath_conn *conn, const struct sheath_key_params *key,
			 struct netlink_ext_ack *extack)
{
	const struct sheath_tx *tx = conn->tx;

	if (key->update) {
		if (!tx->told)
			return 0;
		NL_SET_ERR_MSG(extack, "flags: send-key-update is set, but the application has already sent a KeyUpdate");
		return -EINVAL;
	}
	/* with a secret, only the module sends KeyUpdates */
	if (tx->dir.secret.hash || !(tx->told || conn->in_tree)) {
		NL_SET_ERR_MSG(extack, "flags: send-key-update is missing, the peer would not know of the new key");
		return -EINVAL;
	}
	return 0;
}

/* a key in place of another; RFC 8446 section 4.6.3 */
static int judge_next(const struct sheath_conn *conn, const struct sheath_key_params *key,
		      struct netlink_ext_ack *extack)
{
	u32 epoch = key->flags == SHEATH_KEY_TX ? conn->tx_epoch : conn->rx_epoch;

	if (!key->epoch) {
		NL_SET_ERR_MSG(extack, "epoch: 0, and this direction has a key already");
		return -EBUSY;
	}
	if (key->epoch != epoch + 1) {
		NL_SET_ERR_MSG(extack, "epoch: must be one more than that of the key in use");
		return -ERANGE;
	}
	if (key->update && (key->flags != SHEATH_KEY_TX || conn->tx->closed)) {
		NL_SET_ERR_MSG(extack, "flags: no KeyUpdate can be sent for a receiving key, or after close_notify");
		return -EINVAL;
	}
	if (key->flags == SHEATH_KEY_TX)
		return judge_next_tx(conn, key, extack);
	/* as later in-tree TLS: its application knows of the change, or cannot read on */
	if (!conn->rx->paused && (conn->rx->dir.secret.hash || !conn->in_tree)) {
		NL_SET_ERR_MSG(extack, "key: the peer has not changed its key, or the module has already followed");
		return -EBUSY;
	}
	return 0;
}

/* received bytes can be read with the next receiving key, whatever became of the connection */
static bool is_too_late(const struct sheath_conn *conn, const struct sheath_key_params *key)
{
	if (conn->rx && key->flags == SHEATH_KEY_RX)
		return false;
	return !((1 << conn->sk->sk_state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT |
					      TCPF_FIN_WAIT1 | TCPF_FIN_WAIT2));
}

static int judge_key(const struct sheath_conn *conn, const struct sheath_key_params *key,
		     struct netlink_ext_ack *extack)
{
	const struct sheath_dir *dir = dir_of(conn, key->flags);

	if (is_too_late(conn, key)) {
		NL_SET_ERR_MSG(extack, "socket: not connected");
		return -ENOTCONN;
	}
	if (dir && !dir->ver->has_key_update) {
		NL_SET_ERR_MSG(extack, "key: this direction has a key, which its version cannot change");
		return -EBUSY;
	}
	if (conn->version && (conn->version != key->version || conn->cipher != key->cipher)) {
		NL_SET_ERR_MSG(extack, "key: version or cipher differs from the other direction");
		return -EINVAL;
	}
	return dir ? judge_next(conn, key, extack) : judge_first(conn, key, extack);
}

static int judge_socket(const struct sheath_conn *conn, struct netlink_ext_ack *extack)
{
	if (conn->err) {
		NL_SET_ERR_MSG(extack, "socket: the session has failed");
		return -conn->err;
	}
	if (tcp_sk(conn->sk)->repair) {
		NL_SET_ERR_MSG(extack, "socket: TCP_REPAIR is on");
		return -EBUSY;
	}
	return 0;
}

/**
 * struct sheath_fresh - what a push is about to install
 * @set: the keys it was made of; borrowed
 * @tx: key for sending, @tx.suite is NULL if there is none
 * @rx: key for receiving, likewise
 * @tx_pipe: pipeline for a first @tx
 * @rx_pipe: pipeline for a first @rx
 * @update: KeyUpdate to be sent under the key @tx replaces
 */
struct sheath_fresh {
	struct sheath_key_set	*set;
	struct sheath_dir	tx;
	struct sheath_dir	rx;
	struct sheath_tx	*tx_pipe;
	struct sheath_rx	*rx_pipe;
	enum sheath_rekey_tx	update;
};

static int dir_init(struct sheath_dir *dir, struct sheath_key_params *key,
		    struct netlink_ext_ack *extack)
{
	const struct sheath_suite *suite = sheath_suite_find(key->cipher);
	int rc = key->secret.hash ? sheath_secret_keys(&key->secret, suite, key) : 0;

	rc = rc ?: sheath_dir_init(dir, suite, sheath_version_find(key->version), key);
	if (rc == -ENOENT) {
		NL_SET_ERR_MSG(extack, "cipher: this kernel lacks an algorithm for it");
		return -EOPNOTSUPP;
	}
	if (rc == -EILSEQ)
		NL_SET_ERR_MSG(extack, "history: not the beginning of a zlib stream");
	else if (rc == -EOPNOTSUPP)
		NL_SET_ERR_MSG(extack, "compression: this kernel has no zlib, or the window of history is smaller than 32 KB");
	else if (rc == -ENOMEM)
		NL_SET_ERR_MSG(extack, "key: no memory");
	else if (rc)
		NL_SET_ERR_MSG(extack, "cipher: could not be set up");
	return rc;
}

static int prepare_key(struct sheath_fresh *fresh, struct sheath_key_params *key,
		       struct netlink_ext_ack *extack)
{
	bool first = !key->epoch || key->next;

	if (key->flags == SHEATH_KEY_TX) {
		fresh->update = key->update;
		fresh->tx_pipe = first ? sheath_tx_alloc() : NULL;
		if (!first || fresh->tx_pipe)
			return dir_init(&fresh->tx, key, extack);
	} else {
		fresh->rx_pipe = first ? sheath_rx_alloc() : NULL;
		if (!first || fresh->rx_pipe)
			return dir_init(&fresh->rx, key, extack);
	}
	NL_SET_ERR_MSG(extack, "key: no memory");
	return -ENOMEM;
}

/**
 * sheath_keys_free() - forget what was prepared
 * @fresh: from sheath_keys_prepare(), committed or not
 *
 * Context: process, no lock of a socket needed.
 */
void sheath_keys_free(struct sheath_fresh *fresh)
{
	sheath_dir_exit(&fresh->tx);
	sheath_dir_exit(&fresh->rx);
	sheath_tx_free(fresh->tx_pipe);
	sheath_rx_free(fresh->rx_pipe);
	kfree_sensitive(fresh);
}

/**
 * sheath_keys_prepare() - judge keys, expand secrets, allocate ciphers
 * @set: keys, borrowed until sheath_keys_free(), the caller wipes them; those that come from a
 *	secret are filled in
 * @how: whether ciphers may be loaded
 * @extack: for the reason of a refusal, may be NULL
 *
 * All that takes time or memory and does not depend on the socket.
 *
 * Context: process, sleeps; no lock of a socket held.
 *
 * Return: what sheath_keys_commit() takes, or an error pointer:
 * * %-EINVAL		- a length or a combination that cannot be
 * * %-EOPNOTSUPP	- version or cipher unknown to us, or to this kernel
 * * %-ERANGE		- a role, suite, group or limit that does not exist
 * * %-EACCES		- what is not safe, and not in the module parameter legacy
 * * %-EILSEQ		- the history is no stream of zlib
 * * %-EAGAIN		- the cipher is being loaded, with SHEATH_ALG_DEFER
 * * %-ENOMEM, other	- from the crypto API
 */
struct sheath_fresh *sheath_keys_prepare(struct sheath_key_set *set, enum sheath_alg_how how,
					 struct netlink_ext_ack *extack)
{
	struct sheath_fresh *fresh;
	unsigned int i;
	int rc = sheath_keys_judge(set, how, extack);

	if (rc)
		return ERR_PTR(rc);
	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
	if (!fresh) {
		NL_SET_ERR_MSG(extack, "key: no memory");
		return ERR_PTR(-ENOMEM);
	}
	fresh->set = set;
	for (i = 0; !rc && i < set->n_keys; i++)
		rc = prepare_key(fresh, &set->key[i], extack);
	if (!rc)
		return fresh;
	sheath_keys_free(fresh);
	return ERR_PTR(rc);
}

/*
 * Sealing under the same key with a nonce again would give both plaintexts away, and another
 * IV with other sequence numbers may make the same nonces.
 */
static int judge_same_key(const struct sheath_conn *conn, const struct sheath_fresh *fresh,
			  struct netlink_ext_ack *extack)
{
	if (!conn->tx || !fresh->tx.suite ||
	    crypto_memneq(conn->tx->dir.key, fresh->tx.key, sizeof(fresh->tx.key)))
		return 0;
	NL_SET_ERR_MSG(extack, "key: the same as the sending key in use");
	return -EKEYREJECTED;
}

static int judge(const struct sheath_conn *conn, const struct sheath_fresh *fresh,
		 struct netlink_ext_ack *extack)
{
	const struct sheath_key_set *set = fresh->set;
	unsigned int i;
	int rc = judge_socket(conn, extack);

	for (i = 0; !rc && i < set->n_keys; i++)
		rc = judge_key(conn, &set->key[i], extack);
	return rc ?: judge_same_key(conn, fresh, extack);
}

static void installed(struct sheath_conn *conn, enum sheath_stat now, enum sheath_stat total)
{
	sheath_stat_inc(sock_net(conn->sk), now);
	sheath_stat_inc(sock_net(conn->sk), total);
}

static void note(struct sheath_conn *conn, const struct sheath_key_set *set)
{
	WRITE_ONCE(conn->version, set->key[0].version);
	WRITE_ONCE(conn->cipher, set->key[0].cipher);
	WRITE_ONCE(conn->state, conn->rx && conn->rx->paused ? SHEATH_STATE_RX_PAUSED :
							       SHEATH_STATE_UP);
	if (set->peer.role)
		conn->peer.role = set->peer.role;
	if (set->peer.suite)
		conn->peer.suite = set->peer.suite;
	if (set->peer.group)
		conn->peer.group = set->peer.group;
}

static void install_tx(struct sheath_conn *conn, struct sheath_fresh *fresh)
{
	struct sheath_tx *tx = fresh->tx_pipe;

	sheath_dir_move(&tx->dir, &fresh->tx);
	sheath_rekey_limits(tx);
	sheath_tx_set_limit(conn, tx);
	fresh->tx_pipe = NULL;
	/* readers without the lock find it keyed */
	smp_store_release(&conn->tx, tx);
	installed(conn, SHEATH_STAT_CURR_TX, SHEATH_STAT_TX_KEYS);
	trace_sheath_key(conn->cookie, true, 0, fresh->set->key[0].version,
			 fresh->set->key[0].cipher, tx->dir.seq);
}

static void install_rx(struct sheath_conn *conn, struct sheath_fresh *fresh)
{
	struct sheath_rx *rx = fresh->rx_pipe;

	sheath_dir_move(&rx->dir, &fresh->rx);
	fresh->rx_pipe = NULL;
	/* pairs with smp_load_acquire() in sheath_poll() */
	smp_store_release(&conn->rx, rx);
	/* the mark of TCP is what such a direction wants from now on */
	sheath_rxq_release(conn);
	installed(conn, SHEATH_STAT_CURR_RX, SHEATH_STAT_RX_KEYS);
	trace_sheath_key(conn->cookie, false, 0, fresh->set->key[0].version,
			 fresh->set->key[0].cipher, rx->dir.seq);
}

/* both directions or none: what can fail comes first */
static int commit(struct sheath_conn *conn, struct sheath_fresh *fresh)
{
	const struct sheath_key_set *set = fresh->set;
	bool first_tx = fresh->tx.suite && !conn->tx, first_rx = fresh->rx.suite && !conn->rx;
	bool sends = fresh->tx.suite;
	int rc = 0;

	if (fresh->tx.suite && conn->tx)
		rc = sheath_rekey_replace_tx(conn, &fresh->tx, fresh->update);
	if (rc) {
		sheath_tx_push(conn, false);
		return rc;
	}
	if (set->tx_limit)
		conn->peer_max = set->tx_limit;
	if (conn->tx)
		sheath_tx_set_limit(conn, conn->tx);
	if (first_tx)
		install_tx(conn, fresh);
	if (first_rx)
		install_rx(conn, fresh);
	else if (fresh->rx.suite)
		sheath_rekey_replace_rx(conn, &fresh->rx);
	note(conn, set);
	if (first_tx || first_rx)
		sheath_event(conn, SHEATH_EVENT_UP);
	if (sends)
		sheath_tx_push(conn, false);
	/* records that were complete before the key came have woken no reader: wake it now */
	if (conn->rx)
		sheath_rx_update(conn);
	if (conn->rx && conn->rx->ready)
		conn->base_data_ready(conn->sk);
	return 0;
}

/* a key set without an epoch (TLS_TX, TLS_RX) is the next one */
static void fill_epochs(const struct sheath_conn *conn, struct sheath_key_set *set)
{
	unsigned int i;

	for (i = 0; i < set->n_keys; i++) {
		struct sheath_key_params *key = &set->key[i];

		if (!key->next)
			continue;
		key->epoch = 0;
		if (dir_of(conn, key->flags))
			key->epoch = 1 + (key->flags == SHEATH_KEY_TX ? conn->tx_epoch :
									conn->rx_epoch);
	}
}

/**
 * sheath_keys_commit() - protect one or both directions, or replace their keys
 * @conn: attached socket
 * @fresh: from sheath_keys_prepare(); still to be freed by the caller
 * @extack: for the reason of a refusal, may be NULL
 *
 * All or nothing: a refused push leaves the socket as it was.
 *
 * Context: lock_sock() held or owned by sheath_own_try(); sleeps for memory only, touches no
 *	user memory, loads no module.
 *
 * Return:
 * * 0			- from here on no plaintext passes in these directions
 * * %-EINVAL		- no key for this session
 * * %-ERANGE		- the epoch is not that of the next key
 * * %-EBUSY		- the direction has a key, or is in use in the clear right now
 * * %-EKEYREJECTED	- the sending key in use, again
 * * %-ENOTCONN		- not connected
 * * %-EAGAIN		- TCP has to take what is sealed with the keys before
 * * %-ENOMEM, other	- from the crypto API; or what ended the session before
 */
int sheath_keys_commit(struct sheath_conn *conn, struct sheath_fresh *fresh,
		       struct netlink_ext_ack *extack)
{
	int rc;

	sheath_conn_owned(conn);
	fill_epochs(conn, fresh->set);
	rc = judge(conn, fresh, extack);
	if (!rc)
		rc = commit(conn, fresh);
	if (rc)
		trace_sheath_refused(conn->cookie, rc);
	if (rc == -ENOMEM)
		NL_SET_ERR_MSG(extack, "key: no memory");
	if (rc == -EAGAIN)
		NL_SET_ERR_MSG(extack, "socket: TCP has no room for what was sent before, try again");
	return rc;
}
