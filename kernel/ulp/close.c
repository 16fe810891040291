// SPDX-License-Identifier: GPL-2.0
/* close() of an attached socket: the farewell, and the end of the pipelines. */
#include "ulp/close.h"

#include <net/sock.h>

#include "core/conn.h"
#include "core/event.h"
#include "core/stats.h"
#include "ctl/session.h"
#include "rx/rx.h"
#include "rx/ticket.h"
#include "tx/tx.h"
#include "ulp/callbacks.h"

static void free_pipelines(struct sheath_conn *conn)
{
	struct sheath_tx *tx = conn->tx;
	struct sheath_rx *rx = conn->rx;
	const struct net *net = sock_net(conn->sk);

	if (tx) {
		sheath_stat_add(net, SHEATH_STAT_CURR_TX, -1);
		sheath_stat_add(net, SHEATH_STAT_TX_DROPPED, tx->pend_bytes + tx->open_len);
		sheath_tx_open_drop(tx);
		sheath_tx_pend_drop(tx);
		sheath_tx_charge(conn);
	}
	if (conn->rx) {
		sheath_stat_add(net, SHEATH_STAT_CURR_RX, -1);
		sheath_rx_mem_free(conn);
	}
	/* readers without the lock may hold the pointers until the grace period ends */
	WRITE_ONCE(conn->tx, NULL);
	WRITE_ONCE(conn->rx, NULL);
	sheath_tx_retry_stop(conn);
	sheath_tx_free(tx);
	sheath_rx_free(rx);
}

static bool closes_by_reset(const struct sock *sk)
{
	return sock_flag(sk, SOCK_LINGER) && !sk->sk_lingertime;
}

/* SO_LINGER with time 0 asks for a reset: no farewell */
static void close_by_reset(struct sock *sk)
{
	sock_set_flag(sk, SOCK_LINGER);
	sk->sk_lingertime = 0;
}

/**
 * sheath_close() - close() of an attached socket
 * @sk: socket
 * @timeout: how long the base protocol may linger
 *
 * Context: process, lock not held.
 */
void sheath_close(struct sock *sk, long timeout)
{
	struct sheath_conn *conn = sheath_conn_get(sk);
	void (*base_close)(struct sock *sk, long timeout) = conn->base->close;

	lock_sock(sk);
	/* the peer has to learn that its data was not read, or that ours is not whole */
	if (conn->rx && sheath_rx_drain(conn))
		close_by_reset(sk);
	if (conn->tx && !closes_by_reset(sk) && !sheath_tx_end(conn))
		close_by_reset(sk);
	WRITE_ONCE(conn->state, SHEATH_STATE_CLOSED);
	sheath_event(conn, SHEATH_EVENT_DOWN);
	sheath_session_del(conn);
	sheath_callbacks_restore(conn);
	WRITE_ONCE(sk->sk_prot, conn->base);
	free_pipelines(conn);
	sheath_ticket_free(conn);
	release_sock(sk);
	sheath_tx_open_timer_stop(conn);
	base_close(sk, timeout);
}
