// SPDX-License-Identifier: GPL-2.0
/* Functions of a protocol that not every kernel wants, or wants in the same way. */
#include "ulp/compat_ops.h"

#include <linux/sockios.h>
#include <asm/ioctls.h>

#include "core/conn.h"
#include "ctl/inet_diag.h"
#include "ulp/ops.h"

static bool queue_ioctl(struct sock *sk, int cmd, int *answ)
{
	if (cmd == SIOCINQ)
		return sheath_op_inq(sk, answ);
	return (cmd == SIOCOUTQ || cmd == SIOCOUTQNSD) &&
	       sheath_op_outq(sk, cmd == SIOCOUTQNSD, answ);
}

/**
 * sheath_compat_ioctl() - ioctl() of an attached socket
 * @sk: socket
 * @cmd: what a queue holds is ours to say, the rest is the base protocol's
 * @karg: answer
 *
 * Context: process, lock not held.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
int sheath_compat_ioctl(struct sock *sk, int cmd, int *karg)
{
	if (queue_ioctl(sk, cmd, karg))
		return 0;
	return sheath_conn_get(sk)->base->ioctl(sk, cmd, karg);
}
#else
int sheath_compat_ioctl(struct sock *sk, int cmd, unsigned long arg)
{
	int answ;

	if (queue_ioctl(sk, cmd, &answ))
		return put_user(answ, (int __user *)arg);
	return sheath_conn_get(sk)->base->ioctl(sk, cmd, arg);
}
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
/**
 * sheath_compat_diag_info() - sheath_diag_info(), to whoever asks
 * @sk: attached socket
 * @skb: message being built
 * @net_admin: who asks may administer the network
 *
 * Context: RCU read side.
 *
 * Return: as sheath_diag_info().
 */
int sheath_compat_diag_info(struct sock *sk, struct sk_buff *skb, bool net_admin)
{
	return sheath_diag_info(sk, skb);
}

/**
 * sheath_compat_diag_info_size() - room for sheath_compat_diag_info()
 * @sk: attached socket
 * @net_admin: who asks may administer the network
 *
 * Return: as sheath_diag_info_size(), in bytes.
 */
size_t sheath_compat_diag_info_size(const struct sock *sk, bool net_admin)
{
	return sheath_diag_info_size(sk);
}
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 1, 0)
/**
 * sheath_compat_recvmsg() - recvmsg() of an attached socket
 * @sk: socket
 * @msg: where to
 * @len: bytes there is room for
 * @flags: of the call
 *
 * Context: process, lock not held.
 *
 * Return: as sheath_op_recvmsg().
 */
int sheath_compat_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags)
{
	return sheath_op_recvmsg(sk, msg, len, flags, NULL);
}
#endif

#ifdef SHEATH_COMPAT_SENDPAGE

/* one page the newer way; MSG_SENDPAGE_NOTLAST says that splice has more at hand */
static void page_msg(struct msghdr *msg, struct bio_vec *bv, struct page *page, int offset,
		     size_t size, int flags)
{
	*bv = (struct bio_vec){ .bv_page = page, .bv_offset = offset, .bv_len = size };
	*msg = (struct msghdr){
		.msg_flags = (flags & ~(MSG_SENDPAGE_NOTLAST | MSG_SENDPAGE_DECRYPTED)) |
			     (flags & MSG_SENDPAGE_NOTLAST ? MSG_MORE : 0) | MSG_SPLICE_PAGES,
	};
	iov_iter_bvec(&msg->msg_iter, SHEATH_COMPAT_SOURCE, bv, 1, size);
}

static int sheath_sendpage(struct sock *sk, struct page *page, int offset, size_t size, int flags)
{
	struct msghdr msg;
	struct bio_vec bv;

	page_msg(&msg, &bv, page, offset, size, flags);
	return sheath_op_sendmsg(sk, &msg, size);
}

static int sheath_sendpage_locked(struct sock *sk, struct page *page, int offset, size_t size,
				  int flags)
{
	struct msghdr msg;
	struct bio_vec bv;

	page_msg(&msg, &bv, page, offset, size, flags);
	return sheath_op_sendmsg_locked(sk, &msg, size);
}

/**
 * sheath_compat_set_sendpage() - route the page-wise entry points to ours
 * @prot: protocol table being made
 * @ops: socket operations being made
 */
void sheath_compat_set_sendpage(struct proto *prot, struct proto_ops *ops)
{
	prot->sendpage = sheath_sendpage;
	ops->sendpage_locked = sheath_sendpage_locked;
}

#endif
