/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between the kernels this module is built for, 6.1, 6.12 and 7.3. The other
 * files read as if there were only the newest. record/compat.h and ulp/compat_ops.h have the rest.
 */
#ifndef SHEATH_COMPAT_H
#define SHEATH_COMPAT_H

#include <linux/bvec.h>
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/skbuff.h>
#include <linux/sockptr.h>
#include <linux/socket.h>
#include <linux/uio.h>
#include <linux/version.h>
#include <net/sock.h>
#include <net/tcp.h>

/* 6.9 moved sock_rps_record_flow() there (commit 490a79faf95e) */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
#include <net/rps.h>
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "sheath needs Linux 6.1 or newer"
#endif

/*
 * 6.5 replaced proto.sendpage by sendmsg() with MSG_SPLICE_PAGES (commits 270a1c3de47e,
 * dc97391e6610). 6.1 stable has the flag, but its TCP ignores it and nobody passes it but
 * our own sendpage().
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define SHEATH_COMPAT_SENDPAGE	1
#endif

/* 6.2 renamed the direction of an iterator (commit de4eda9de2d9) */
#ifdef ITER_SOURCE
#define SHEATH_COMPAT_SOURCE	ITER_SOURCE
#else
#define SHEATH_COMPAT_SOURCE	WRITE
#endif

#ifdef SHEATH_COMPAT_SENDPAGE

/*
 * Pages that are not the last keep TCP from sending. Where it may refuse one of those that
 * follow, it has to take copies, in one call at whose end it sends in any case.
 */
static inline int sheath_compat_push(struct sock *sk, struct bio_vec *bv, unsigned int n,
				     u32 len, bool copy, bool more, bool fits)
{
	int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
	unsigned int i;
	int sum = 0, rc = 0;

	if (copy || !fits) {
		struct msghdr msg = { .msg_flags = flags | (more ? MSG_MORE : 0) };

		iov_iter_bvec(&msg.msg_iter, SHEATH_COMPAT_SOURCE, bv, n, len);
		return tcp_sendmsg_locked(sk, &msg, len);
	}
	for (i = 0; i < n; i++) {
		/* only the last page may have TCP send something, and must, however short */
		int hold = i + 1 < n ? MSG_MORE | MSG_SENDPAGE_NOTLAST : more ? MSG_MORE : 0;

		rc = do_tcp_sendpages(sk, bv[i].bv_page, bv[i].bv_offset, bv[i].bv_len,
				      flags | MSG_NO_SHARED_FRAGS | hold);
		if (rc <= 0)
			break;
		sum += rc;
		if (rc < bv[i].bv_len)
			break;
	}
	return sum ?: rc;
}

#else

/*
 * Give sealed bytes to TCP without waiting. Return: how many it took, or an errno; the pages
 * belong to the record alone, nobody writes to them while TCP holds them.
 */
static inline int sheath_compat_push(struct sock *sk, struct bio_vec *bv, unsigned int n,
				     u32 len, bool copy, bool more, bool fits)
{
	struct msghdr msg = {
		.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0) |
			     (copy ? 0 : MSG_SPLICE_PAGES | MSG_NO_SHARED_FRAGS),
	};

	iov_iter_bvec(&msg.msg_iter, SHEATH_COMPAT_SOURCE, bv, n, len);
	return tcp_sendmsg_locked(sk, &msg, len);
}

#endif /* SHEATH_COMPAT_SENDPAGE */

/* 6.16 renamed it (commit 41cb08555c41) */
#ifndef timer_container_of
#define timer_container_of	from_timer
#endif

/* 7.1 has the length of an address in the message alone: recvmsg() of @base without @addr_len */
static inline int sheath_compat_base_recvmsg(const struct proto *base, struct sock *sk,
					     struct msghdr *msg, size_t len, int flags,
					     int *addr_len)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 1, 0)
	return base->recvmsg(sk, msg, len, flags);
#else
	return base->recvmsg(sk, msg, len, flags, addr_len);
#endif
}

/**
 * struct sheath_compat_atomic - what sheath_compat_atomic_begin() changed
 * @allocation: sk_allocation
 * @task_frag: sk_use_task_frag
 */
struct sheath_compat_atomic {
	gfp_t	allocation;
	bool	task_frag;
};

/* TCP may be asked to send from softirq: it must not sleep nor use current's page fragment */
static inline void sheath_compat_atomic_begin(struct sock *sk, struct sheath_compat_atomic *saved)
{
	saved->allocation = sk->sk_allocation;
	saved->task_frag = sk->sk_use_task_frag;
	sk->sk_allocation = GFP_ATOMIC;
	sk->sk_use_task_frag = false;
}

static inline void sheath_compat_atomic_end(struct sock *sk,
					    const struct sheath_compat_atomic *saved)
{
	sk->sk_allocation = saved->allocation;
	sk->sk_use_task_frag = saved->task_frag;
}

/* 6.12 stable has an argument for the flags of AccECN */
static inline void sheath_compat_send_ack(struct sock *sk)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	__tcp_send_ack(sk, tcp_sk(sk)->rcv_nxt, 0);
#else
	__tcp_send_ack(sk, tcp_sk(sk)->rcv_nxt);
#endif
}

/* 6.11 has buffers whose payload lies in device memory (commit 65249feb6b3d) */
static inline bool sheath_compat_skb_readable(const struct sk_buff *skb)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
	return skb_frags_readable(skb);
#else
	return true;
#endif
}

/*
 * copy_struct_from_sockptr() is missing in 6.1, and the one of 6.12 never looks at what
 * follows the structure it knows.
 */
static inline int sheath_compat_copy_struct(void *dst, size_t ksize, sockptr_t src, size_t usize)
{
	size_t size = min(ksize, usize);

	/* looking for zeros has an end */
	if (usize > PAGE_SIZE)
		return -E2BIG;
	if (!sockptr_is_kernel(src))
		return copy_struct_from_user(dst, ksize, src.user, usize);
	if (usize > ksize && memchr_inv(src.kernel + ksize, 0, usize - ksize))
		return -E2BIG;
	memset(dst + size, 0, ksize - size);
	memcpy(dst, src.kernel, size);
	return 0;
}

/* sockptr_advance() went away in 6.0 and was not missed but for this */
static inline sockptr_t sheath_compat_sockptr_at(sockptr_t src, size_t off)
{
	return sockptr_is_kernel(src) ? KERNEL_SOCKPTR(src.kernel + off) :
					USER_SOCKPTR(src.user + off);
}

#define SHEATH_PIN_MAX	8

/**
 * struct sheath_compat_pin - user memory, held while a record is sealed from or opened into it
 * @bv: pieces, each within one page
 * @n: how many
 * @pinned: they were pinned, not just referred to
 */
struct sheath_compat_pin {
	struct bio_vec	bv[SHEATH_PIN_MAX];
	unsigned int	n;
	bool		pinned;
};

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)

/* the first piece of user memory that is not empty */
static inline unsigned long sheath_compat_user_addr(const struct iov_iter *iter, size_t *len)
{
	const struct iovec *iov = iter->iov;
	size_t skip = iter->iov_offset;

	*len = iter->count;
	if (iter_is_ubuf(iter))
		return (unsigned long)iter->ubuf + skip;
	for (; iov->iov_len == skip; iov++)
		skip = 0;
	*len = min(*len, iov->iov_len - skip);
	return (unsigned long)iov->iov_base + skip;
}

/*
 * A page that is only referred to may become another process's by fork() and a write fault of
 * ours, and what is opened into it with it; one that is pinned is copied for the child.
 */
static inline ssize_t sheath_compat_pin_user(struct iov_iter *iter, u32 len, unsigned int max,
					     struct page **pages, size_t *off)
{
	size_t part;
	unsigned long addr = sheath_compat_user_addr(iter, &part);
	int n;

	part = min_t(size_t, part, len);
	*off = offset_in_page(addr);
	n = min_t(size_t, max, DIV_ROUND_UP(*off + part, PAGE_SIZE));
	n = pin_user_pages_fast(addr - *off, n, FOLL_WRITE, pages);
	if (n <= 0)
		return n;
	part = min_t(size_t, part, n * PAGE_SIZE - *off);
	iov_iter_advance(iter, part);
	return part;
}

#endif

/*
 * 6.3 pins user memory (commits 7d58fe731028, f62e52d1276d). What older ones have for iterators
 * takes references, which is enough for memory that is only read.
 */
static inline ssize_t sheath_compat_pages(struct sheath_compat_pin *pin, struct iov_iter *iter,
					  u32 len, struct page **pages, size_t *off)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	pin->pinned = iov_iter_extract_will_pin(iter);
	return iov_iter_extract_pages(iter, &pages, len, SHEATH_PIN_MAX - pin->n, 0, off);
#else
	pin->pinned = user_backed_iter(iter) && iov_iter_rw(iter) == READ;
	if (pin->pinned)
		return iter->count ? sheath_compat_pin_user(iter, len, SHEATH_PIN_MAX - pin->n,
							    pages, off) : 0;
	return iov_iter_get_pages2(iter, pages, len, SHEATH_PIN_MAX - pin->n, off);
#endif
}

/**
 * sheath_compat_unpin() - let go of user memory
 * @pin: from sheath_compat_pin()
 * @dirty: it was written to
 *
 * Context: process, may sleep.
 */
static inline void sheath_compat_unpin(struct sheath_compat_pin *pin, bool dirty)
{
	unsigned int i;

	for (i = 0; i < pin->n; i++) {
		struct page *page = pin->bv[i].bv_page;

		if (pin->pinned) {
			unpin_user_pages_dirty_lock(&page, 1, dirty);
			continue;
		}
		if (dirty)
			set_page_dirty_lock(page);
		put_page(page);
	}
}

/**
 * sheath_compat_pin() - hold user memory
 * @pin: for sheath_compat_unpin()
 * @iter: user memory; advanced by @len
 * @len: bytes
 *
 * Context: process, may sleep and fault pages in.
 *
 * Return: 0, or %-EFAULT with everything as it was if the memory cannot be had, or is in
 * too many pieces; a copy serves better then.
 */
static inline int sheath_compat_pin(struct sheath_compat_pin *pin, struct iov_iter *iter, u32 len)
{
	u32 left = len;

	pin->n = 0;
	while (left && pin->n < SHEATH_PIN_MAX) {
		struct page *pages[SHEATH_PIN_MAX];
		unsigned int i = 0;
		size_t off;
		ssize_t got = sheath_compat_pages(pin, iter, left, pages, &off);

		if (got <= 0)
			break;
		left -= got;
		while (got) {
			size_t part = min_t(size_t, got, PAGE_SIZE - off);

			pin->bv[pin->n++] = (struct bio_vec){
				.bv_page = pages[i++], .bv_offset = off, .bv_len = part,
			};
			got -= part;
			off = 0;
		}
	}
	if (!left)
		return 0;
	iov_iter_revert(iter, len - left);
	sheath_compat_unpin(pin, false);
	return -EFAULT;
}

#endif /* SHEATH_COMPAT_H */
