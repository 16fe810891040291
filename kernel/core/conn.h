/* SPDX-License-Identifier: GPL-2.0 */
/* The context of one socket: what attach makes, what both pipelines and the control plane share. */
#ifndef SHEATH_CONN_H
#define SHEATH_CONN_H

#include <linux/refcount.h>
#include <linux/timer.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <net/inet_connection_sock.h>
#include <net/sock.h>
#include <net/tls.h>

#include <linux/sheath.h>

struct sheath_tx;
struct sheath_rx;
struct sheath_tickets;
struct sheath_proto;

/*
 * Who may touch what:
 *	lock_sock(sk)		everything that is not named below; in softirq the
 *				spinlock half of it while no process owns the socket
 *	written under lock_sock,
 *	read without		tx, rx (publish with release), state, the stats
 *	xa_lock of the netns	membership in the table of sessions (ctl/session.c)
 * Lifetime: the context belongs to the socket, and the ULP's release() frees it after a grace
 * period; readers without the socket lock hold rcu_read_lock().
 */

/**
 * struct sheath_stats - counters of one session
 * @tx_records: records sealed
 * @tx_bytes: plaintext bytes in them
 * @rx_records: records opened
 * @rx_bytes: plaintext bytes in them
 * @rx_auth_fail: records whose tag did not verify: 0 or 1
 * @ctrl_dropped: control records the module consumed without telling the application
 */
struct sheath_stats {
	u64	tx_records;
	u64	tx_bytes;
	u64	rx_records;
	u64	rx_bytes;
	u32	rx_auth_fail;
	u32	ctrl_dropped;
};

/**
 * struct sheath_peer - results of the handshake, as the helper reported them
 * @role: enum sheath_role or 0
 * @suite: IANA cipher suite or 0
 * @group: IANA named group or 0
 */
struct sheath_peer {
	u32	role;
	u32	suite;
	u32	group;
};

/**
 * struct sheath_conn - one attached socket
 * @compat: zeroed; the core network code casts icsk_ulp_data to struct tls_context
 * @sk: the socket; valid while the context can be reached from it or from the table
 * @base: protocol operations the socket had before attach
 * @proto: our tables, derived from @base (ulp/proto.c)
 * @tx: sending pipeline, NULL until a sending key is installed
 * @rx: receiving pipeline, NULL until a receiving key is installed
 * @tickets: session tickets kept for the application, NULL if none were asked for
 * @base_data_ready: callback the socket had before attach
 * @base_write_space: likewise
 * @cookie: SO_COOKIE of the socket, key of the table of sessions
 * @state: enum sheath_state
 * @version: 0x0303 or 0x0304, 0 without a key; both directions agree
 * @cipher: TLS_CIPHER_* , 0 without a key; both directions agree
 * @last_alert: level << 8 | description, as struct sheath_info
 * @n_plain_tx: threads inside the base protocol's sending functions
 * @n_plain_rx: threads inside the base protocol's receiving functions
 * @tx_epoch: sending keys that were replaced
 * @rx_epoch: receiving keys that were replaced
 * @payload_max: TLS_TX_MAX_PAYLOAD_LEN as set, 0 if it was not
 * @peer_max: the peer's record_size_limit for the payload, 0 if nobody said
 * @err: positive errno every later call on this session gets, 0 while it is healthy
 * @cork: TCP_CORK as the application set it
 * @ctrl_app: SHEATH_CTRL: 1 if control records are the application's
 * @ctrl_set: the application chose @ctrl_app itself
 * @in_tree: keyed as in-tree TLS is, so errors are told as there
 * @eof_lenient: SHEATH_EOF
 * @eof_set: the application chose @eof_lenient itself
 * @zerocopy_ro: TLS_TX_ZEROCOPY_RO as set
 * @no_pad: TLS_RX_EXPECT_NO_PAD as set
 * @peer: what the helper reported
 * @tx_open_timer: seals a record that was left open for long (tx/end.c)
 * @tx_retry: pushes again what TCP had room, but no memory for (tx/push.c)
 * @stats: counters
 * @rcu: for freeing
 */
struct sheath_conn {
	struct tls_context	compat;		/* must be first */

	struct sock		*sk;
	struct proto		*base;
	const struct sheath_proto *proto;
	struct sheath_tx	*tx;
	struct sheath_rx	*rx;
	struct sheath_tickets	*tickets;
	void			(*base_data_ready)(struct sock *sk);
	void			(*base_write_space)(struct sock *sk);

	u64			cookie;
	u32			state;
	u16			version;
	u16			cipher;
	u16			last_alert;
	u32			n_plain_tx;
	u32			n_plain_rx;
	u32			tx_epoch;
	u32			rx_epoch;
	u16			payload_max;
	u16			peer_max;
	int			err;
	bool			cork;
	u8			ctrl_app:1,
				ctrl_set:1,
				in_tree:1,
				eof_lenient:1,
				eof_set:1,
				zerocopy_ro:1,
				no_pad:1;
	struct sheath_peer	peer;
	struct delayed_work	tx_open_timer;
	struct timer_list	tx_retry;
	struct sheath_stats	stats;
	struct rcu_head		rcu;
};

/**
 * sheath_conn_get() - the context of a socket
 * @sk: a TCP socket our ULP is attached to
 *
 * Context: lock_sock() held, or inside one of our own socket operations.
 */
static inline struct sheath_conn *sheath_conn_get(const struct sock *sk)
{
	return (__force struct sheath_conn *)inet_csk(sk)->icsk_ulp_data;
}

/* what TCP has us by, under either name; ulp/ulp.c fills them in */
extern struct tcp_ulp_ops sheath_ulp_ops;
extern struct tcp_ulp_ops sheath_tls_ulp_ops;

bool sheath_conn_attached(const struct sock *sk);
const struct sheath_conn *sheath_conn_peek(const struct sock *sk);

/**
 * sheath_conn_owned() - assert that the caller owns the socket
 * @conn: context
 */
static inline void sheath_conn_owned(const struct sheath_conn *conn)
{
	sock_owned_by_me(conn->sk);
}

void sheath_conn_fail(struct sheath_conn *conn, int err);

#endif /* SHEATH_CONN_H */
