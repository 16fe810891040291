// SPDX-License-Identifier: GPL-2.0
/*
 * Attach and detach, and every operation of an attached socket. An operation either goes to
 * a pipeline, or to the base protocol while its direction has no key, or is refused: no
 * byte passes in the clear in a direction with a key. Who is inside the base protocol's
 * functions when a key comes is counted (core/plain.h), or found asleep (core/asleep.c).
 */
#include "ulp/ulp.h"

#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/splice.h>
#include <net/inet_common.h>
#include <net/tcp.h>

#include "alert.h"
#include "core/compat.h"
#include "core/conn.h"
#include "core/event.h"
#include "core/plain.h"
#include "ctl/inet_diag.h"
#include "ctl/session.h"
#include "ctl/sockopt.h"
#include "rx/rx.h"
#include "rx/ticket.h"
#include "tx/tx.h"

/**
 * struct sheath_proto - our tables for one kind of socket
 * @list: in protos
 * @base: protocol they were made from; IPv4 and IPv6 differ, and others may wrap them
 * @base_ops: socket operations they were made from
 * @prot: ours
 * @ops: ours
 */
struct sheath_proto {
	struct list_head	list;
	struct proto		*base;
	const struct proto_ops	*base_ops;
	struct proto		prot;
	struct proto_ops	ops;
};

static LIST_HEAD(protos);
static DEFINE_MUTEX(protos_lock);	/* protects protos */

static const struct proto_ops *base_ops(const struct sheath_conn *conn)
{
	return conn->proto->base_ops;
}

/* unlock, and let nothing wait in TCP for more that was announced and does not come */
static void release_corked(struct sheath_conn *conn, bool more)
{
	bool uncork = conn->tx && conn->tx->corked && !more;

	if (uncork)
		conn->tx->corked = false;
	/* a cork of the application's own is left alone */
	uncork = uncork && !(tcp_sk(conn->sk)->nonagle & TCP_NAGLE_CORK);
	release_sock(conn->sk);
	if (uncork)
		sheath_tx_uncork(conn);
}

/**
 * sheath_ulp_sendmsg() - sendmsg() of an attached socket
 * @sk: socket
 * @msg: message
 * @size: bytes in it
 *
 * Context: process, lock not held.
 *
 * Return: bytes taken, or as sheath_tx_sendmsg().
 */
int sheath_ulp_sendmsg(struct sock *sk, struct msghdr *msg, size_t size)
{
	struct sheath_conn *conn = sheath_conn_get(sk);
	int rc;

	lock_sock(sk);
	if (sheath_plain_tx_begin(conn)) {
		release_sock(sk);
		/* the base protocol knows nothing of our way to pass pages on older kernels */
		rc = conn->base->sendmsg(sk, msg, size);
		sheath_plain_tx_end(conn);
		return rc;
	}
	rc = sheath_tx_sendmsg(conn, msg, size);
	/* a sender that has to wait first does not bring what it announced */
	release_corked(conn, msg->msg_flags & MSG_MORE && rc == size);
	return rc;
}

/**
 * sheath_ulp_sendmsg_locked() - sendmsg() for callers inside the kernel that hold the lock
 * @sk: socket
 * @msg: message
 * @size: bytes in it
 *
 * Context: process, lock_sock() held.
 *
 * Return: bytes taken, or as sheath_tx_sendmsg().
 */
int sheath_ulp_sendmsg_locked(struct sock *sk, struct msghdr *msg, size_t size)
{
	struct sheath_conn *conn = sheath_conn_get(sk);
	int rc;

	/* the base protocol may release the lock while it waits */
	if (!sheath_plain_tx_begin(conn))
		return sheath_tx_sendmsg(conn, msg, size);
	rc = base_ops(conn)->sendmsg_locked(sk, msg, size);
	conn->n_plain_tx--;
	return rc;
}

/* splice() has no more data although it said so: end the record it left open */
static void sheath_splice_eof(struct socket *sock)
{
	struct sock *sk = sock->sk;
	struct sheath_conn *conn = sheath_conn_get(sk);

	lock_sock(sk);
	if (conn->tx)
		sheath_tx_flush_open(conn);
	release_corked(conn, false);
	if (!conn->tx && conn->base->splice_eof)
		conn->base->splice_eof(sock);
}

/**
 * sheath_ulp_outq() - SIOCOUTQ and SIOCOUTQNSD of an attached socket
 * @sk: socket
 * @unsent: those only that were never sent
 * @answ: set to the bytes the peer did not acknowledge, or that were never sent
 *
 * Bytes that wait for TCP count as well: 0 says that all there was has arrived.
 *
 * Context: process, lock not held.
 *
 * Return: false if it is the base protocol's to say.
 */
bool sheath_ulp_outq(struct sock *sk, bool unsent, int *answ)
{
	const struct sheath_conn *conn = sheath_conn_get(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	bool ours;

	lock_sock(sk);
	ours = conn->tx;
	if (ours)
		*answ = tp->write_seq - (unsent ? tp->snd_nxt : tp->snd_una) +
			conn->tx->pend_bytes + conn->tx->open_len;
	release_sock(sk);
	return ours;
}

/**
 * sheath_ulp_recvmsg() - recvmsg() of an attached socket
 * @sk: socket
 * @msg: where to
 * @len: bytes there is room for
 * @flags: of the call
 * @addr_len: for the base protocol, where the kernel has it; else NULL
 *
 * Context: process, lock not held.
 *
 * Return: bytes received, 0 at the end, or negative errno.
 */
int sheath_ulp_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags, int *addr_len)
{
	struct sheath_conn *conn = sheath_conn_get(sk);
	int rc;

	/* no bytes of the stream */
	if (unlikely(flags & MSG_ERRQUEUE))
		return sheath_compat_base_recvmsg(conn->base, sk, msg, len, flags, addr_len);
	sheath_rx_busy_poll(conn, flags & MSG_DONTWAIT);
	lock_sock(sk);
	if (sheath_plain_rx_begin(conn)) {
		release_sock(sk);
		rc = sheath_compat_base_recvmsg(conn->base, sk, msg, len, flags, addr_len);
		sheath_plain_rx_end(conn);
		return rc;
	}
	rc = sheath_rx_recvmsg(conn, msg, len, flags);
	release_sock(sk);
	return rc;
}

static ssize_t sheath_splice_read(struct socket *sock, loff_t *ppos,
				  struct pipe_inode_info *pipe, size_t len, unsigned int flags)
{
	struct sock *sk = sock->sk;
	struct sheath_conn *conn = sheath_conn_get(sk);
	bool nonblock = sock->file->f_flags & O_NONBLOCK || flags & SPLICE_F_NONBLOCK;
	ssize_t rc;

	sock_rps_record_flow(sk);
	lock_sock(sk);
	if (sheath_plain_rx_begin(conn)) {
		release_sock(sk);
		rc = base_ops(conn)->splice_read(sock, ppos, pipe, len, flags);
		sheath_plain_rx_end(conn);
		return rc;
	}
	rc = sheath_rx_splice(conn, pipe, len, nonblock);
	release_sock(sk);
	return rc;
}

static int sheath_read_sock(struct sock *sk, read_descriptor_t *desc, sk_read_actor_t actor)
{
	struct sheath_conn *conn = sheath_conn_get(sk);

	if (conn->rx)
		return sheath_rx_read_sock(conn, desc, actor);
	return base_ops(conn)->read_sock(sk, desc, actor);
}

/* for sockmap only, which sees the record stream */
static int sheath_read_skb(struct sock *sk, skb_read_actor_t actor)
{
	return -EOPNOTSUPP;
}

static __poll_t sheath_poll(struct file *file, struct socket *sock, poll_table *wait)
{
	struct sock *sk = sock->sk;
	struct sheath_conn *conn = sheath_conn_get(sk);
	__poll_t mask = base_ops(conn)->poll(file, sock, wait);
	/* pairs with smp_store_release() in commit() of ctl/keys.c */
	struct sheath_rx *rx = smp_load_acquire(&conn->rx);

	if (READ_ONCE(conn->err))
		return mask | EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM | EPOLLERR;
	if (!rx)
		return mask;
	/* TCP speaks of bytes of records, which need not make one */
	if (!READ_ONCE(rx->ready) && !READ_ONCE(sk->sk_err) &&
	    !(READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN))
		mask &= ~(EPOLLIN | EPOLLRDNORM);
	else
		mask |= EPOLLIN | EPOLLRDNORM;
	return mask;
}

static int sheath_set_rcvlowat(struct sock *sk, int val)
{
	struct sheath_conn *conn = sheath_conn_get(sk);
	int (*base)(struct sock *sk, int val) = base_ops(conn)->set_rcvlowat;

	return conn->rx ? sheath_rx_set_rcvlowat(conn, base, val) : base(sk, val);
}

/**
 * sheath_ulp_inq() - SIOCINQ of an attached socket
 * @sk: socket
 * @answ: set to the bytes a reader would get
 *
 * Context: process, lock not held.
 *
 * Return: false if it is the base protocol's to say.
 */
bool sheath_ulp_inq(struct sock *sk, int *answ)
{
	struct sheath_conn *conn = sheath_conn_get(sk);
	bool ours;

	lock_sock(sk);
	ours = conn->rx;
	if (ours)
		*answ = sheath_rx_inq(conn);
	release_sock(sk);
	return ours;
}

static int sheath_shutdown(struct socket *sock, int how)
{
	struct sock *sk = sock->sk;
	struct sheath_conn *conn = sheath_conn_get(sk);
	bool connected = false, whole = true;
	int rc;

	if (how == SHUT_WR || how == SHUT_RDWR) {
		lock_sock(sk);
		connected = sk->sk_state != TCP_CLOSE;
		if (conn->tx)
			whole = sheath_tx_end(conn);
		release_sock(sk);
	}
	if (!whole) {
		tcp_abort(sk, ECONNABORTED);
		return -ECONNABORTED;
	}
	rc = base_ops(conn)->shutdown(sock, how);
	/* a peer that is gone answers close_notify with a reset, but would have taken the FIN */
	return rc == -ENOTCONN && connected ? 0 : rc;
}

/* a socket that was connected anew would go on with old keys */
static int sheath_disconnect(struct sock *sk, int flags)
{
	return -EOPNOTSUPP;
}

static void sheath_data_ready(struct sock *sk)
{
	struct sheath_conn *conn = sheath_conn_get(sk);

	if (conn->rx)
		sheath_rx_data_ready(conn);
	else
		conn->base_data_ready(sk);
}

/* the owner lets go of the socket, its spinlock held */
static void sheath_release_cb(struct sock *sk)
{
	struct sheath_conn *conn = sheath_conn_get(sk);

	if (conn->base->release_cb)
		conn->base->release_cb(sk);
	sheath_tx_release(conn);
}

static void swap_callbacks(struct sheath_conn *conn)
{
	struct sock *sk = conn->sk;

	write_lock_bh(&sk->sk_callback_lock);
	conn->base_data_ready = sk->sk_data_ready;
	conn->base_write_space = sk->sk_write_space;
	sk->sk_data_ready = sheath_data_ready;
	sk->sk_write_space = sheath_tx_write_space;
	write_unlock_bh(&sk->sk_callback_lock);
}

static void restore_callbacks(struct sheath_conn *conn)
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

static void sheath_close(struct sock *sk, long timeout)
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
	restore_callbacks(conn);
	WRITE_ONCE(sk->sk_prot, conn->base);
	free_pipelines(conn);
	sheath_ticket_free(conn);
	release_sock(sk);
	sheath_tx_open_timer_stop(conn);
	base_close(sk, timeout);
}

static void make_ops(struct sheath_proto *p)
{
	struct proto_ops *ops = &p->ops;

	*ops = *p->base_ops;
	ops->poll = sheath_poll;
	ops->shutdown = sheath_shutdown;
	ops->splice_read = sheath_splice_read;
	ops->read_sock = sheath_read_sock;
	ops->read_skb = sheath_read_skb;
	ops->sendmsg_locked = sheath_ulp_sendmsg_locked;
	ops->mmap = sock_no_mmap;
	ops->set_peek_off = NULL;
	if (ops->set_rcvlowat)
		ops->set_rcvlowat = sheath_set_rcvlowat;
	/*
	 * __sock_release() lets go of the owner when the stack has nothing left of us: the last
	 * reference of the ULP may go inside the base protocol's close(), and that returns to
	 * ours. A base that is a module itself keeps its place here, as nobody else would let go
	 * of it; there the risk is that of every ULP.
	 */
	if (!ops->owner)
		ops->owner = THIS_MODULE;
}

static void make_prot(struct sheath_proto *p)
{
	struct proto *prot = &p->prot;

	*prot = *p->base;
	prot->close = sheath_close;
	prot->disconnect = sheath_disconnect;
	prot->setsockopt = sheath_setsockopt;
	prot->getsockopt = sheath_getsockopt;
	prot->sendmsg = sheath_ulp_sendmsg;
	prot->splice_eof = sheath_splice_eof;
	prot->recvmsg = sheath_compat_recvmsg;
	prot->release_cb = sheath_release_cb;
	prot->ioctl = sheath_compat_ioctl;
#ifdef CONFIG_BPF_SYSCALL
	prot->psock_update_sk_prot = NULL;
#endif
}

static const struct sheath_proto *proto_get(struct proto *base, const struct proto_ops *ops)
{
	struct sheath_proto *p;

	mutex_lock(&protos_lock);
	list_for_each_entry(p, &protos, list) {
		if (p->base == base && p->base_ops == ops)
			goto out_unlock;
	}
	p = kzalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		goto out_unlock;
	p->base = base;
	p->base_ops = ops;
	make_ops(p);
	make_prot(p);
	sheath_compat_set_sendpage(&p->prot, &p->ops);
	list_add(&p->list, &protos);
out_unlock:
	mutex_unlock(&protos_lock);
	return p;
}

/*
 * Sockmap and SMC have sk_user_data to themselves, say so by its low bits, and see the stream of
 * TCP. All others, RPC for one, keep a pointer there and use the operations of the socket.
 */
static bool is_taken(const struct sock *sk)
{
	return (uintptr_t)sk->sk_user_data & ~SK_USER_DATA_PTRMASK;
}

/* setsockopt(TCP_ULP); lock_sock() held */
static int sheath_init(struct sock *sk)
{
	struct sheath_conn *conn;
	int rc;

	if (sk->sk_state != TCP_ESTABLISHED)
		return -ENOTCONN;
	if (is_taken(sk) || !sk->sk_socket)
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
	conn->proto = proto_get(sk->sk_prot, sk->sk_socket->ops);
	if (!conn->proto)
		goto out_free;
	rc = sheath_session_add(conn);
	if (rc)
		goto out_free;
	rcu_assign_pointer(inet_csk(sk)->icsk_ulp_data, conn);
	swap_callbacks(conn);
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
	struct sheath_proto *p, *next;

	tcp_unregister_ulp(&sheath_ulp_ops);
	/* operations that were running when their socket went away have returned after this */
	synchronize_rcu();
	list_for_each_entry_safe(p, next, &protos, list) {
		list_del(&p->list);
		kfree(p);
	}
}
