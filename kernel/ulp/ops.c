// SPDX-License-Identifier: GPL-2.0
/*
 * Every operation of an attached socket. An operation either goes to a pipeline, or to the base
 * protocol while its direction has no key, or is refused: no byte passes in the clear in a
 * direction with a key. Who is inside the base protocol's functions when a key comes is counted
 * (core/plain.h), or found asleep (core/asleep.c).
 */
#include "ulp/ops.h"

#include <linux/module.h>
#include <linux/splice.h>
#include <net/inet_common.h>
#include <net/tcp.h>

#include "core/compat.h"
#include "core/conn.h"
#include "core/plain.h"
#include "ctl/sockopt.h"
#include "rx/rx.h"
#include "tx/tx.h"
#include "ulp/callbacks.h"
#include "ulp/close.h"
#include "ulp/proto.h"

static const struct proto_ops *base_ops(const struct sheath_conn *conn)
{
	return conn->proto->base_ops;
}

/*
 * Release the socket lock. If MSG_MORE was promised and not kept, make TCP send the segment it held
 * back.
 */
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
 * sheath_op_sendmsg() - sendmsg() of an attached socket
 * @sk: socket
 * @msg: message
 * @size: bytes in it
 *
 * Context: process, lock not held.
 *
 * Return: bytes taken, or as sheath_tx_sendmsg().
 */
int sheath_op_sendmsg(struct sock *sk, struct msghdr *msg, size_t size)
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
 * sheath_op_sendmsg_locked() - sendmsg() for callers inside the kernel that hold the lock
 * @sk: socket
 * @msg: message
 * @size: bytes in it
 *
 * Context: process, lock_sock() held.
 *
 * Return: bytes taken, or as sheath_tx_sendmsg().
 */
int sheath_op_sendmsg_locked(struct sock *sk, struct msghdr *msg, size_t size)
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
 * sheath_op_outq() - SIOCOUTQ and SIOCOUTQNSD of an attached socket
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
bool sheath_op_outq(struct sock *sk, bool unsent, int *answ)
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
 * sheath_op_recvmsg() - recvmsg() of an attached socket
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
int sheath_op_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags, int *addr_len)
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
 * sheath_op_inq() - SIOCINQ of an attached socket
 * @sk: socket
 * @answ: set to the bytes a reader would get
 *
 * Context: process, lock not held.
 *
 * Return: false if it is the base protocol's to say.
 */
bool sheath_op_inq(struct sock *sk, int *answ)
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
	/*
	 * The close_notify may draw a reset from a peer that has already closed. shutdown() would
	 * have succeeded without it, so hide that ENOTCONN.
	 */
	return rc == -ENOTCONN && connected ? 0 : rc;
}

/* a socket that was connected anew would go on with old keys */
static int sheath_disconnect(struct sock *sk, int flags)
{
	return -EOPNOTSUPP;
}

/**
 * sheath_ops_set() - our operations in place of the base protocol's
 * @prot: copy of the base protocol
 * @ops: copy of its socket operations
 */
void sheath_ops_set(struct proto *prot, struct proto_ops *ops)
{
	prot->close = sheath_close;
	prot->disconnect = sheath_disconnect;
	prot->setsockopt = sheath_setsockopt;
	prot->getsockopt = sheath_getsockopt;
	prot->sendmsg = sheath_op_sendmsg;
	prot->splice_eof = sheath_splice_eof;
	prot->release_cb = sheath_release_cb;
#ifdef CONFIG_BPF_SYSCALL
	prot->psock_update_sk_prot = NULL;
#endif

	ops->poll = sheath_poll;
	ops->shutdown = sheath_shutdown;
	ops->splice_read = sheath_splice_read;
	ops->read_sock = sheath_read_sock;
	ops->read_skb = sheath_read_skb;
	ops->sendmsg_locked = sheath_op_sendmsg_locked;
	ops->mmap = sock_no_mmap;
	ops->set_peek_off = NULL;
	if (ops->set_rcvlowat)
		ops->set_rcvlowat = sheath_set_rcvlowat;
	/*
	 * The base protocol's close() may drop the last reference of the ULP, and then returns into
	 * this module. __sock_release() drops ops->owner later, when no function of this module is
	 * on the stack, so being the owner keeps the module loaded. If the base operations belong
	 * to another module, that owner stays, because nothing else would drop its reference: this
	 * module may then be unloaded too early, as with every ULP.
	 */
	if (!ops->owner)
		ops->owner = THIS_MODULE;
}
