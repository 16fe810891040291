// SPDX-License-Identifier: GPL-2.0
/* The ULP: attach, detach, and the names TCP has it by. */
#include "ulp/ulp.h"

#include <linux/module.h>
#include <linux/slab.h>
#include <net/tcp.h>

#include "core/conn.h"
#include "core/stats.h"
#include "ctl/inet_diag.h"
#include "ctl/session.h"
#include "tx/tx.h"
#include "ulp/callbacks.h"
#include "ulp/compat_ops.h"
#include "ulp/proto.h"

/*
 * Sockmap and SMC have sk_user_data to themselves, say so by its low bits, and see the stream of
 * TCP. All others, RPC for one, keep a pointer there and use the operations of the socket.
 */
static bool is_taken(const struct sock *sk)
{
	return (uintptr_t)sk->sk_user_data & ~SK_USER_DATA_PTRMASK;
}

/* is there something that attaching would change under somebody's hands? */
static bool is_in_use(struct sock *sk)
{
	/* a peek offset is TCP's to keep */
	if (READ_ONCE(sk->sk_peek_off) >= 0)
		return true;
	/*
	 * A thread that waits for the lock may be inside TCP's own sendmsg() or recvmsg(), and go
	 * on in the clear behind a key. It queued before it looked for the owner, and we are that.
	 */
	return waitqueue_active(&sk->sk_lock.wq);
}

/* setsockopt(TCP_ULP); lock_sock() held */
static int sheath_init(struct sock *sk)
{
	struct sheath_conn *conn;
	int rc;

	if (sk->sk_state != TCP_ESTABLISHED)
		return -ENOTCONN;
	if (is_taken(sk) || !sk->sk_socket || is_in_use(sk))
		return -EBUSY;
	conn = kzalloc(sizeof(*conn), GFP_KERNEL_ACCOUNT);
	if (!conn)
		return -ENOMEM;
	conn->sk = sk;
	conn->base = sk->sk_prot;
	conn->cork = tcp_sk(sk)->nonagle & TCP_NAGLE_CORK;
	sheath_tx_retry_init(conn);
	sheath_tx_open_timer_init(conn);
	rc = -ENOMEM;
	conn->proto = sheath_proto_get(sk->sk_prot, sk->sk_socket->ops);
	if (!conn->proto)
		goto out_free;
	rc = sheath_session_add(conn);
	if (rc)
		goto out_free;
	rcu_assign_pointer(inet_csk(sk)->icsk_ulp_data, conn);
	sheath_callbacks_swap(conn);
	/* the operations look for the context: they are visible only after it is */
	smp_store_release(&sk->sk_prot, (struct proto *)&conn->proto->prot);
	if (conn->proto->ops.owner == THIS_MODULE)
		__module_get(THIS_MODULE);
	WRITE_ONCE(sk->sk_socket->ops, &conn->proto->ops);
	/* io_uring asks here whether pages of the sender may be sent as they are */
	clear_bit(SOCK_SUPPORT_ZC, &sk->sk_socket->flags);
	sheath_stat_inc(sock_net(sk), SHEATH_STAT_ATTACHED);
	return 0;

out_free:
	kfree(conn);
	return rc;
}

/* the socket is about to be destroyed; sheath_close() went before */
static void sheath_release(struct sock *sk)
{
	struct sheath_conn *conn = sheath_conn_get(sk);

	rcu_assign_pointer(inet_csk(sk)->icsk_ulp_data, NULL);
	kfree_rcu(conn, rcu);
}

#define ULP_OPS(ulp_name) ((struct tcp_ulp_ops) {	\
	.name		= ulp_name,			\
	.owner		= THIS_MODULE,			\
	.init		= sheath_init,			\
	.release	= sheath_release,		\
	.get_info	= sheath_compat_diag_info,	\
	.get_info_size	= sheath_compat_diag_info_size,	\
})

/**
 * sheath_ulp_register() - make the ULP known to TCP
 *
 * Return: 0, or %-EEXIST.
 */
int __init sheath_ulp_register(void)
{
	sheath_ulp_ops = ULP_OPS(SHEATH_ULP_NAME);
	return tcp_register_ulp(&sheath_ulp_ops);
}

/**
 * sheath_ulp_register_tls() - make it known by the name of in-tree TLS, too
 *
 * Return: 0, or %-EEXIST.
 */
int __init sheath_ulp_register_tls(void)
{
	/* the socket options decide what in-tree TLS would do, not the name: see set_app_defaults() */
	sheath_tls_ulp_ops = ULP_OPS("tls");
	return tcp_register_ulp(&sheath_tls_ulp_ops);
}

/**
 * sheath_ulp_unregister_tls() - undo sheath_ulp_register_tls()
 *
 * Context: module exit, before sheath_ulp_unregister(): no socket has the ULP.
 */
void sheath_ulp_unregister_tls(void)
{
	tcp_unregister_ulp(&sheath_tls_ulp_ops);
}

/**
 * sheath_ulp_unregister() - take it back
 *
 * Context: module exit: no socket has the ULP.
 */
void sheath_ulp_unregister(void)
{
	tcp_unregister_ulp(&sheath_ulp_ops);
	/* operations that were running when their socket went away have returned after this */
	synchronize_rcu();
	sheath_proto_free_all();
}
