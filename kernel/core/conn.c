// SPDX-License-Identifier: GPL-2.0
/* The connection as a whole: is it ours, and is it over? */
#include "core/conn.h"

#include <net/tcp.h>

#include "core/event.h"

struct tcp_ulp_ops sheath_ulp_ops __read_mostly;
struct tcp_ulp_ops sheath_tls_ulp_ops __read_mostly;

/**
 * sheath_conn_attached() - is our ULP on this socket?
 * @sk: any TCP socket
 *
 * Context: lock_sock() held.
 */
bool sheath_conn_attached(const struct sock *sk)
{
	const struct tcp_ulp_ops *ops = inet_csk(sk)->icsk_ulp_ops;

	return (ops == &sheath_ulp_ops || ops == &sheath_tls_ulp_ops) &&
	       inet_csk(sk)->icsk_ulp_data;
}

/**
 * sheath_conn_peek() - the context of a socket, without its lock
 * @sk: any TCP socket, with a reference
 *
 * Context: rcu_read_lock() held; the context may be used until rcu_read_unlock(), the socket
 *	may be closed meanwhile.
 *
 * Return: context, NULL if our ULP is not on this socket.
 */
const struct sheath_conn *sheath_conn_peek(const struct sock *sk)
{
	const struct tcp_ulp_ops *ops = READ_ONCE(inet_csk(sk)->icsk_ulp_ops);

	if (ops != &sheath_ulp_ops && ops != &sheath_tls_ulp_ops)
		return NULL;
	return (__force const struct sheath_conn *)READ_ONCE(inet_csk(sk)->icsk_ulp_data);
}

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
