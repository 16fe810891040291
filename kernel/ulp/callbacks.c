// SPDX-License-Identifier: GPL-2.0
/* What TCP calls when bytes came, and when its owner lets go of the socket. */
#include "ulp/callbacks.h"

#include <net/sock.h>

#include "core/conn.h"
#include "rx/rx.h"
#include "tx/tx.h"

static void sheath_data_ready(struct sock *sk)
{
	struct sheath_conn *conn = sheath_conn_get(sk);

	if (conn->rx)
		sheath_rx_data_ready(conn);
	else
		conn->base_data_ready(sk);
}

/**
 * sheath_release_cb() - release_cb() of an attached socket
 * @sk: socket
 *
 * Context: the owner lets go of the socket, its spinlock held.
 */
void sheath_release_cb(struct sock *sk)
{
	struct sheath_conn *conn = sheath_conn_get(sk);

	if (conn->base->release_cb)
		conn->base->release_cb(sk);
	sheath_tx_release(conn);
}

/**
 * sheath_callbacks_swap() - have TCP call us
 * @conn: connection that is being attached
 *
 * Context: lock_sock() held.
 */
void sheath_callbacks_swap(struct sheath_conn *conn)
{
	struct sock *sk = conn->sk;

	write_lock_bh(&sk->sk_callback_lock);
	conn->base_data_ready = sk->sk_data_ready;
	conn->base_write_space = sk->sk_write_space;
	sk->sk_data_ready = sheath_data_ready;
	sk->sk_write_space = sheath_tx_write_space;
	write_unlock_bh(&sk->sk_callback_lock);
}

/**
 * sheath_callbacks_restore() - undo sheath_callbacks_swap()
 * @conn: connection
 *
 * Context: lock_sock() held.
 */
void sheath_callbacks_restore(struct sheath_conn *conn)
{
	struct sock *sk = conn->sk;

	write_lock_bh(&sk->sk_callback_lock);
	/* who had the socket before us may have put older ones back */
	if (sk->sk_data_ready == sheath_data_ready)
		sk->sk_data_ready = conn->base_data_ready;
	if (sk->sk_write_space == sheath_tx_write_space)
		sk->sk_write_space = conn->base_write_space;
	write_unlock_bh(&sk->sk_callback_lock);
}
