// SPDX-License-Identifier: GPL-2.0
/* Judging and installing keys, whichever door they came through. */
#include "keys.h"

#include <linux/slab.h>

#include "compat.h"
#include "conn.h"
#include "rx.h"
#include "session.h"
#include "tx.h"

static int refuse(struct sheath_conn *conn, int rc)
{
	sheath_stat_inc(sock_net(conn->sk), SHEATH_STAT_KEY_REFUSED);
	return rc;
}

static int judge_key(const struct sheath_conn *conn, const struct sheath_key_params *key,
		     struct netlink_ext_ack *extack)
{
	const struct sheath_suite *suite = sheath_suite_find(key->cipher);
	const struct sheath_version *ver = sheath_version_find(key->version);

	if (!ver) {
		NL_SET_ERR_MSG(extack, "this protocol version is not supported");
		return -EOPNOTSUPP;
	}
	if (!suite) {
		NL_SET_ERR_MSG(extack, "this cipher is not supported");
		return -EOPNOTSUPP;
	}
	if (key->key_len != suite->key_len) {
		NL_SET_ERR_MSG(extack, "the key is not of the length the cipher has");
		return -EINVAL;
	}
	if (key->iv_len != SHEATH_NONCE_LEN &&
	    !(ver->has_explicit && suite->explicit_len && key->iv_len == suite->salt_len)) {
		NL_SET_ERR_MSG(extack, "the IV must have 12 bytes, or 4 for GCM and CCM of TLS 1.2");
		return -EINVAL;
	}
	if (key->epoch) {
		NL_SET_ERR_MSG(extack, "the first key of a direction has epoch 0");
		return -ERANGE;
	}
	if (conn->version && (conn->version != key->version || conn->cipher != key->cipher)) {
		NL_SET_ERR_MSG(extack, "the other direction has another version or cipher");
		return -EINVAL;
	}
	return 0;
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
		if (key->flags == SHEATH_KEY_TX ? !!conn->tx : !!conn->rx) {
			NL_SET_ERR_MSG(extack, "this direction has a key");
			return -EBUSY;
		}
		if (key->flags == SHEATH_KEY_TX ? conn->n_plain_tx : conn->n_plain_rx) {
			NL_SET_ERR_MSG(extack, "another thread is sending or receiving in the clear");
			return -EBUSY;
		}
	}
	if (!seen) {
		NL_SET_ERR_MSG(extack, "no key");
		return -EINVAL;
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
	const struct sock *sk = conn->sk;

	if (conn->err) {
		NL_SET_ERR_MSG(extack, "the session has failed");
		return -conn->err;
	}
	if (!((1 << sk->sk_state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT | TCPF_FIN_WAIT1 |
				     TCPF_FIN_WAIT2))) {
		NL_SET_ERR_MSG(extack, "the socket is not connected");
		return -ENOTCONN;
	}
	if (tcp_sk(sk)->repair) {
		NL_SET_ERR_MSG(extack, "TCP_REPAIR is on");
		return -EBUSY;
	}
	return 0;
}

static int dir_init(struct sheath_dir *dir, const struct sheath_key_params *key,
		    struct netlink_ext_ack *extack)
{
	int rc = sheath_dir_init(dir, sheath_suite_find(key->cipher),
				 sheath_version_find(key->version), key);

	if (rc == -ENOENT) {
		NL_SET_ERR_MSG(extack, "this kernel has no such cipher");
		return -EOPNOTSUPP;
	}
	if (rc)
		NL_SET_ERR_MSG(extack, "the cipher could not be set up");
	return rc;
}

static void installed(struct sheath_conn *conn, enum sheath_stat now, enum sheath_stat total)
{
	sheath_stat_inc(sock_net(conn->sk), now);
	sheath_stat_inc(sock_net(conn->sk), total);
}

/* nothing here fails: both directions or none */
static void commit(struct sheath_conn *conn, const struct sheath_key_set *set,
		   struct sheath_tx *tx, struct sheath_rx *rx)
{
	WRITE_ONCE(conn->version, set->key[0].version);
	WRITE_ONCE(conn->cipher, set->key[0].cipher);
	WRITE_ONCE(conn->state, SHEATH_STATE_UP);
	if (set->peer.role)
		conn->peer.role = set->peer.role;
	if (set->peer.suite)
		conn->peer.suite = set->peer.suite;
	if (set->peer.group)
		conn->peer.group = set->peer.group;
	if (tx) {
		/* readers without the lock find it keyed */
		smp_store_release(&conn->tx, tx);
		installed(conn, SHEATH_STAT_CURR_TX, SHEATH_STAT_TX_KEYS);
	}
	if (rx) {
		/* pairs with smp_load_acquire() in sheath_poll() */
		smp_store_release(&conn->rx, rx);
		installed(conn, SHEATH_STAT_CURR_RX, SHEATH_STAT_RX_KEYS);
		/* records that came before the key woke nobody up for being complete */
		sheath_rx_update(conn);
		if (rx->ready)
			conn->base_data_ready(conn->sk);
	}
	sheath_session_event(conn, SHEATH_EVENT_UP);
}

/**
 * sheath_keys_install() - protect one or both directions
 * @conn: attached socket
 * @set: keys; borrowed, the caller wipes them
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
 * * %-ERANGE		- wrong epoch
 * * %-EBUSY		- the direction has a key, or is in use in the clear right now
 * * %-ENOTCONN		- not connected
 * * %-ENOMEM, other	- from the crypto API; or what ended the session before
 */
int sheath_keys_install(struct sheath_conn *conn, const struct sheath_key_set *set,
			struct netlink_ext_ack *extack)
{
	struct sheath_tx *tx = NULL;
	struct sheath_rx *rx = NULL;
	unsigned int i;
	int rc;

	sheath_conn_owned(conn);
	rc = judge_socket(conn, extack) ?: judge(conn, set, extack);
	if (rc)
		return refuse(conn, rc);
	for (i = 0; i < set->n_keys && !rc; i++) {
		const struct sheath_key_params *key = &set->key[i];

		rc = -ENOMEM;
		if (key->flags == SHEATH_KEY_TX) {
			tx = sheath_tx_alloc(set->tx_limit ?: SHEATH_PLAIN_MAX);
			if (tx)
				rc = dir_init(&tx->dir, key, extack);
		} else {
			rx = sheath_rx_alloc();
			if (rx)
				rc = dir_init(&rx->dir, key, extack);
		}
	}
	if (rc) {
		if (rc == -ENOMEM)
			NL_SET_ERR_MSG(extack, "no memory for the keys");
		sheath_tx_free(tx);
		sheath_rx_free(rx);
		return refuse(conn, rc);
	}
	commit(conn, set, tx, rx);
	return 0;
}
