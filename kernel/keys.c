// SPDX-License-Identifier: GPL-2.0
/* Judging and installing keys, whichever door they came through. */
#include "keys.h"

#include <crypto/algapi.h>
#include <linux/slab.h>

#include "asleep.h"
#include "compat.h"
#include "conn.h"
#include "legacy.h"
#include "mac.h"
#include "rekey.h"
#include "rx.h"
#include "session.h"
#include "tx.h"

static int refuse(struct sheath_conn *conn, int rc)
{
	sheath_stat_inc(sock_net(conn->sk), SHEATH_STAT_KEY_REFUSED);
	return rc;
}

static const struct sheath_dir *dir_of(const struct sheath_conn *conn, u32 flags)
{
	if (flags == SHEATH_KEY_TX)
		return conn->tx ? &conn->tx->dir : NULL;
	return conn->rx ? &conn->rx->dir : NULL;
}

static int judge_mac(const struct sheath_suite *suite, const struct sheath_version *ver,
		     const struct sheath_key_params *key, struct netlink_ext_ack *extack)
{
	const struct sheath_mac_alg *alg = sheath_mac_find(key->mac);

	if (ver->ssl3 && !sheath_legacy(SHEATH_LEGACY_SSL3)) {
		NL_SET_ERR_MSG(extack, "SSL 3.0 is not safe, and off unless the module parameter legacy has ssl3 in it");
		return -EACCES;
	}
	if (key->truncated && !sheath_legacy(SHEATH_LEGACY_TRUNCATED_HMAC)) {
		NL_SET_ERR_MSG(extack, "MACs of 80 bits are not safe, and off unless the module parameter legacy has truncated-hmac in it");
		return -EACCES;
	}
	if ((key->etm && !suite->protect_etm) || ((key->etm || key->truncated) && ver->ssl3)) {
		NL_SET_ERR_MSG(extack, "encrypt-then-mac is for CBC suites, and no extension for SSL 3.0");
		return -EINVAL;
	}
	if (suite->tag_len) {
		if (!key->mac && !key->mac_key_len && !key->truncated)
			return 0;
		NL_SET_ERR_MSG(extack, "a MAC beside an AEAD");
		return -EINVAL;
	}
	if (!alg) {
		NL_SET_ERR_MSG(extack, "the suite has a MAC, and there is none, or one unknown");
		return key->mac ? -EOPNOTSUPP : -EINVAL;
	}
	if (ver->version < alg->since) {
		NL_SET_ERR_MSG(extack, "this version has no suite with this MAC");
		return -EINVAL;
	}
	if (key->mac_key_len != alg->len) {
		NL_SET_ERR_MSG(extack, "the MAC key is not of the length the MAC has");
		return -EINVAL;
	}
	return 0;
}

static int judge_compression(const struct sheath_version *ver, const struct sheath_key_params *key,
			     struct netlink_ext_ack *extack)
{
	if (!key->compression) {
		if (!key->history_len)
			return 0;
		NL_SET_ERR_MSG(extack, "a history, and no compression it is of");
		return -EINVAL;
	}
	if (key->compression != SHEATH_COMPRESSION_DEFLATE) {
		NL_SET_ERR_MSG(extack, "this compression method is not supported");
		return -EOPNOTSUPP;
	}
	if (!ver->has_compression) {
		NL_SET_ERR_MSG(extack, "this version has no compression");
		return -EINVAL;
	}
	if (!sheath_legacy(SHEATH_LEGACY_DEFLATE)) {
		NL_SET_ERR_MSG(extack, "compression gives away what is compressed (CRIME), and is off unless the module parameter legacy has deflate in it");
		return -EACCES;
	}
	if (!key->history_len) {
		NL_SET_ERR_MSG(extack, "the history is missing: Finished as it was compressed");
		return -EINVAL;
	}
	return 0;
}

static bool is_iv_len(const struct sheath_suite *suite, const struct sheath_version *ver, u32 len)
{
	if (!suite->tag_len)
		return len == (ver->chains_iv ? suite->block_len : 0);
	return len == SHEATH_NONCE_LEN ||
	       (ver->has_explicit && suite->explicit_len && len == suite->salt_len);
}

static int judge_lengths(const struct sheath_suite *suite, const struct sheath_version *ver,
			 const struct sheath_key_params *key, struct netlink_ext_ack *extack)
{
	if (key->secret.hash || key->secret_len) {
		if (!ver->has_key_update) {
			NL_SET_ERR_MSG(extack, "this version has no traffic secrets");
			return -EINVAL;
		}
		if (!key->secret_len || key->secret_len != sheath_secret_len(key->secret.hash)) {
			NL_SET_ERR_MSG(extack, "the secret is not of the length the hash has");
			return -EINVAL;
		}
		if (key->secret.hash != suite->hash) {
			NL_SET_ERR_MSG(extack, "secrets of this suite are of another hash");
			return -EINVAL;
		}
		if (key->key_len || key->iv_len) {
			NL_SET_ERR_MSG(extack, "a key and an IV beside the secret they come from");
			return -EINVAL;
		}
		return 0;
	}
	if (key->key_len != suite->key_len) {
		NL_SET_ERR_MSG(extack, "the key is not of the length the cipher has");
		return -EINVAL;
	}
	if (!is_iv_len(suite, ver, key->iv_len)) {
		NL_SET_ERR_MSG(extack, "the IV must have 12 bytes, or 4 for GCM and CCM of TLS 1.2; a block for CBC of TLS 1.0, else none");
		return -EINVAL;
	}
	return 0;
}

/* a key for a direction that has none */
static int judge_first(const struct sheath_conn *conn, const struct sheath_key_params *key,
		       struct netlink_ext_ack *extack)
{
	if (key->epoch) {
		NL_SET_ERR_MSG(extack, "the first key of a direction has epoch 0");
		return -ERANGE;
	}
	if (key->update) {
		NL_SET_ERR_MSG(extack, "there is no key to send a KeyUpdate under");
		return -EINVAL;
	}
	if (key->flags == SHEATH_KEY_TX ? conn->n_plain_tx || sheath_asleep_tx(conn->sk) :
					  conn->n_plain_rx || sheath_asleep_rx(conn->sk)) {
		NL_SET_ERR_MSG(extack, "another thread is sending or receiving in the clear");
		return -EBUSY;
	}
	return 0;
}

/* a key in place of another; RFC 8446 section 4.6.3 */
static int judge_next(const struct sheath_conn *conn, const struct sheath_key_params *key,
		      struct netlink_ext_ack *extack)
{
	u32 epoch = key->flags == SHEATH_KEY_TX ? conn->tx_epoch : conn->rx_epoch;

	if (!key->epoch) {
		NL_SET_ERR_MSG(extack, "this direction has a key");
		return -EBUSY;
	}
	if (key->epoch != epoch + 1) {
		NL_SET_ERR_MSG(extack, "the epoch is not one more than that of the key in use");
		return -ERANGE;
	}
	if (key->update && (key->flags != SHEATH_KEY_TX || conn->tx->closed)) {
		NL_SET_ERR_MSG(extack, "no KeyUpdate can be sent here");
		return -EINVAL;
	}
	/* nobody else can have told the peer: only the module sends a KeyUpdate there */
	if (key->flags == SHEATH_KEY_TX && !key->update && conn->tx->dir.secret.hash) {
		NL_SET_ERR_MSG(extack, "the peer would not know: send-key-update is missing");
		return -EINVAL;
	}
	return 0;
}

/* what has been received can be read with the next key whatever became of the connection */
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
	const struct sheath_suite *suite = sheath_suite_find(key->cipher);
	const struct sheath_version *ver = sheath_version_find(key->version);
	const struct sheath_dir *dir = dir_of(conn, key->flags);

	if (is_too_late(conn, key)) {
		NL_SET_ERR_MSG(extack, "the socket is not connected");
		return -ENOTCONN;
	}
	if (!ver) {
		NL_SET_ERR_MSG(extack, "this protocol version is not supported");
		return -EOPNOTSUPP;
	}
	if (!suite) {
		NL_SET_ERR_MSG(extack, "this cipher is not supported");
		return -EOPNOTSUPP;
	}
	if (ver->version < suite->first || ver->version > suite->last) {
		NL_SET_ERR_MSG(extack, "this version has no such cipher");
		return -EINVAL;
	}
	if (dir && !dir->ver->has_key_update) {
		NL_SET_ERR_MSG(extack, "this direction has a key, and its version changes none");
		return -EBUSY;
	}
	if (conn->version && (conn->version != key->version || conn->cipher != key->cipher)) {
		NL_SET_ERR_MSG(extack, "the other direction has another version or cipher");
		return -EINVAL;
	}
	return judge_mac(suite, ver, key, extack) ?:
	       judge_compression(ver, key, extack) ?:
	       judge_lengths(suite, ver, key, extack) ?:
	       (dir ? judge_next(conn, key, extack) : judge_first(conn, key, extack));
}

static int judge(const struct sheath_conn *conn, const struct sheath_key_set *set,
		 struct netlink_ext_ack *extack)
{
	unsigned int i, seen = 0;
	int rc;

	for (i = 0; i < set->n_keys; i++) {
		const struct sheath_key_params *key = &set->key[i];

		if (key->flags != SHEATH_KEY_RX && key->flags != SHEATH_KEY_TX) {
			NL_SET_ERR_MSG(extack, "a key is for exactly one direction");
			return -EINVAL;
		}
		if (seen & key->flags) {
			NL_SET_ERR_MSG(extack, "two keys for one direction");
			return -EINVAL;
		}
		seen |= key->flags;
		rc = judge_key(conn, key, extack);
		if (rc)
			return rc;
	}
	if (!seen) {
		NL_SET_ERR_MSG(extack, "no key");
		return -EINVAL;
	}
	if (set->tx_limit && set->tx_limit < sheath_version_find(set->key[0].version)->payload_min) {
		NL_SET_ERR_MSG(extack, "tx-limit is less than a peer of this version may ask for");
		return -ERANGE;
	}
	if (set->n_keys == 2 && (set->key[0].version != set->key[1].version ||
				 set->key[0].cipher != set->key[1].cipher)) {
		NL_SET_ERR_MSG(extack, "the other direction has another version or cipher");
		return -EINVAL;
	}
	return 0;
}

static int judge_socket(const struct sheath_conn *conn, struct netlink_ext_ack *extack)
{
	if (conn->err) {
		NL_SET_ERR_MSG(extack, "the session has failed");
		return -conn->err;
	}
	if (tcp_sk(conn->sk)->repair) {
		NL_SET_ERR_MSG(extack, "TCP_REPAIR is on");
		return -EBUSY;
	}
	return 0;
}

/**
 * struct fresh - what a push is about to install
 * @tx: key for sending, @tx.suite is NULL if there is none
 * @rx: key for receiving, likewise
 * @tx_pipe: pipeline for a first @tx
 * @rx_pipe: pipeline for a first @rx
 * @update: KeyUpdate to be sent under the key @tx replaces
 */
struct fresh {
	struct sheath_dir	tx;
	struct sheath_dir	rx;
	struct sheath_tx	*tx_pipe;
	struct sheath_rx	*rx_pipe;
	enum sheath_rekey_tx	update;
};

static void fresh_free(struct fresh *fresh)
{
	sheath_dir_exit(&fresh->tx);
	sheath_dir_exit(&fresh->rx);
	sheath_tx_free(fresh->tx_pipe);
	sheath_rx_free(fresh->rx_pipe);
	kfree_sensitive(fresh);
}

static int dir_init(struct sheath_dir *dir, struct sheath_key_params *key,
		    struct netlink_ext_ack *extack)
{
	const struct sheath_suite *suite = sheath_suite_find(key->cipher);
	int rc = key->secret.hash ? sheath_secret_keys(&key->secret, suite, key) : 0;

	rc = rc ?: sheath_dir_init(dir, suite, sheath_version_find(key->version), key);
	if (rc == -ENOENT) {
		NL_SET_ERR_MSG(extack, "this kernel has no such cipher");
		return -EOPNOTSUPP;
	}
	if (rc == -EILSEQ)
		NL_SET_ERR_MSG(extack, "the history is not the beginning of a zlib stream");
	else if (rc == -EOPNOTSUPP)
		NL_SET_ERR_MSG(extack, "this kernel has no zlib, or the history a window of less than 32 KB");
	else if (rc)
		NL_SET_ERR_MSG(extack, "the cipher could not be set up");
	return rc;
}

/*
 * Sealing under the same key with a nonce again would give both plaintexts away, and another
 * IV with other sequence numbers may make the same nonces.
 */
static bool is_same_key(const struct sheath_dir *old, const struct sheath_dir *next)
{
	return !crypto_memneq(old->key, next->key, sizeof(old->key));
}

static int fresh_tx(struct sheath_conn *conn, struct fresh *fresh, struct sheath_key_params *key,
		    struct netlink_ext_ack *extack)
{
	int rc = dir_init(&fresh->tx, key, extack);

	if (rc)
		return rc;
	fresh->update = key->update;
	if (conn->tx) {
		if (!is_same_key(&conn->tx->dir, &fresh->tx))
			return 0;
		NL_SET_ERR_MSG(extack, "the same key again");
		return -EKEYREJECTED;
	}
	fresh->tx_pipe = sheath_tx_alloc();
	return fresh->tx_pipe ? 0 : -ENOMEM;
}

static int fresh_rx(struct sheath_conn *conn, struct fresh *fresh, struct sheath_key_params *key,
		    struct netlink_ext_ack *extack)
{
	int rc = dir_init(&fresh->rx, key, extack);

	if (rc || conn->rx)
		return rc;
	fresh->rx_pipe = sheath_rx_alloc();
	return fresh->rx_pipe ? 0 : -ENOMEM;
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

static void first_tx(struct sheath_conn *conn, struct fresh *fresh)
{
	struct sheath_tx *tx = fresh->tx_pipe;

	sheath_dir_move(&tx->dir, &fresh->tx);
	sheath_rekey_limits(tx);
	sheath_tx_set_limit(conn, tx);
	fresh->tx_pipe = NULL;
	/* readers without the lock find it keyed */
	smp_store_release(&conn->tx, tx);
	installed(conn, SHEATH_STAT_CURR_TX, SHEATH_STAT_TX_KEYS);
}

static void first_rx(struct sheath_conn *conn, struct fresh *fresh)
{
	struct sheath_rx *rx = fresh->rx_pipe;

	sheath_dir_move(&rx->dir, &fresh->rx);
	fresh->rx_pipe = NULL;
	/* pairs with smp_load_acquire() in sheath_poll() */
	smp_store_release(&conn->rx, rx);
	/* the mark of TCP is what such a direction wants from now on */
	sheath_rxq_release(conn);
	installed(conn, SHEATH_STAT_CURR_RX, SHEATH_STAT_RX_KEYS);
}

/* both directions or none: what can fail comes first */
static int commit(struct sheath_conn *conn, const struct sheath_key_set *set, struct fresh *fresh)
{
	bool first = fresh->tx_pipe || fresh->rx_pipe, sends = fresh->tx.suite;
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
	if (fresh->tx_pipe)
		first_tx(conn, fresh);
	if (fresh->rx_pipe)
		first_rx(conn, fresh);
	else if (fresh->rx.suite)
		sheath_rekey_replace_rx(conn, &fresh->rx);
	note(conn, set);
	if (first)
		sheath_session_event(conn, SHEATH_EVENT_UP);
	if (sends)
		sheath_tx_push(conn, false);
	/* records that came before the key woke nobody up for being complete */
	if (conn->rx)
		sheath_rx_update(conn);
	if (conn->rx && conn->rx->ready)
		conn->base_data_ready(conn->sk);
	return 0;
}

static int prepare(struct sheath_conn *conn, struct sheath_key_set *set, struct fresh *fresh,
		   struct netlink_ext_ack *extack)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; i < set->n_keys && !rc; i++) {
		struct sheath_key_params *key = &set->key[i];

		if (key->flags == SHEATH_KEY_TX)
			rc = fresh_tx(conn, fresh, key, extack);
		else
			rc = fresh_rx(conn, fresh, key, extack);
	}
	return rc;
}

/**
 * sheath_keys_install() - protect one or both directions, or replace their keys
 * @conn: attached socket
 * @set: keys, borrowed, the caller wipes them; those that come from a secret are filled in
 * @extack: for the reason of a refusal, may be NULL
 *
 * All or nothing: a refused push leaves the socket as it was.
 *
 * Context: lock_sock() held, may sleep and load modules.
 *
 * Return:
 * * 0			- from here on no plaintext passes in these directions
 * * %-EINVAL		- a length or a combination that cannot be
 * * %-EOPNOTSUPP	- version or cipher unknown to us, or to this kernel
 * * %-ERANGE		- the epoch is not that of the next key
 * * %-EBUSY		- the direction has a key, or is in use in the clear right now
 * * %-EKEYREJECTED	- the sending key in use, again
 * * %-EACCES		- what is not safe, and not in the module parameter legacy
 * * %-EILSEQ		- the history is no stream of zlib
 * * %-ENOTCONN		- not connected
 * * %-EAGAIN		- TCP has to take what is sealed with the keys before
 * * %-ENOMEM, other	- from the crypto API; or what ended the session before
 */
int sheath_keys_install(struct sheath_conn *conn, struct sheath_key_set *set,
			struct netlink_ext_ack *extack)
{
	struct fresh *fresh;
	int rc;

	sheath_conn_owned(conn);
	rc = judge_socket(conn, extack) ?: judge(conn, set, extack);
	if (rc)
		return refuse(conn, rc);
	rc = -ENOMEM;
	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
	if (fresh) {
		rc = prepare(conn, set, fresh, extack) ?: commit(conn, set, fresh);
		fresh_free(fresh);
	}
	if (rc == -ENOMEM)
		NL_SET_ERR_MSG(extack, "no memory for the keys");
	if (rc == -EAGAIN)
		NL_SET_ERR_MSG(extack, "TCP has no room for what was sent before");
	return rc ? refuse(conn, rc) : 0;
}
