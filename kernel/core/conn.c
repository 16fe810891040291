// SPDX-License-Identifier: GPL-2.0
/* What both pipelines say about the connection as a whole. */
#include "core/conn.h"

#include "core/event.h"

/**
 * sheath_conn_fail() - end the session for good
 * @conn: context
 * @err: positive errno that every later call gets; the first one stays
 *
 * Alerts that should reach the peer go out before this, because TCP refuses to send on a
 * socket with a pending error.
 *
 * Context: process, lock_sock() held.
 */
void sheath_conn_fail(struct sheath_conn *conn, int err)
{
	struct sock *sk = conn->sk;

	sheath_conn_owned(conn);
	if (conn->err)
		return;
	WRITE_ONCE(conn->err, err);
	WRITE_ONCE(conn->state, SHEATH_STATE_FAILED);
	WRITE_ONCE(sk->sk_err, err);
	/* pairs with smp_rmb() in tcp_poll() */
	smp_wmb();
	sk_error_report(sk);
	sheath_event(conn, SHEATH_EVENT_FAILED);
}
