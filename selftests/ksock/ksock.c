// SPDX-License-Identifier: GPL-2.0
/* A consumer of TCP sockets inside the kernel, for tests; ksock.h has what it is asked for. */
#include <linux/bvec.h>
#include <linux/debugfs.h>
#include <linux/file.h>
#include <linux/kasan.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/version.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "ksock.h"

#ifndef ITER_SOURCE
#define ITER_SOURCE	WRITE
#endif

#define TRIES		200	/* for neighbours */
#define SCRIBBLES	64	/* pages written over */
#define ORDER_MAX	4

/**
 * struct ksock - one consumer
 * @lock: one call at a time
 * @sock: its socket, NULL before KSOCK_TAKE
 * @kind: enum ksock_kind of @page
 * @order: logarithm of the pages at @page
 * @page: memory it sends from, or NULL
 * @hooked: the callbacks are ours
 * @data_ready: the socket's before
 * @write_space: likewise
 * @user_data: likewise
 * @calls: of ours
 */
struct ksock {
	struct mutex		lock;
	struct socket		*sock;
	enum ksock_kind		kind;
	unsigned int		order;
	struct page		*page;
	bool			hooked;
	void			(*data_ready)(struct sock *sk);
	void			(*write_space)(struct sock *sk);
	void			*user_data;
	struct ksock_calls	calls;
};

static struct dentry *file;

static int take(struct ksock *k, int fd)
{
	struct socket *sock;
	int rc;

	if (k->sock)
		return -EBUSY;
	sock = sockfd_lookup(fd, &rc);
	if (!sock)
		return rc;
	if (sock->sk->sk_protocol != IPPROTO_TCP) {
		sockfd_put(sock);
		return -EPROTOTYPE;
	}
	k->sock = sock;
	return 0;
}

/**
 * struct actor - one call of read_sock()
 * @r: what was asked for
 * @buf: what was taken
 */
struct actor {
	struct ksock_read	*r;
	u8			*buf;
};

static int act(read_descriptor_t *desc, struct sk_buff *skb, unsigned int off, size_t len)
{
	struct actor *a = desc->arg.data;
	struct ksock_read *r = a->r;
	u32 n = min3((size_t)r->take, len, (size_t)(r->len - r->got));

	r->n_calls++;
	if (r->n_calls == r->fail_at)
		return -(int)r->error;
	if (skb_copy_bits(skb, off, a->buf + r->got, n))
		return -EFAULT;
	r->got += n;
	if (r->n_calls == r->stop_at)
		desc->count = 0;
	return n;
}

static int read_from(struct ksock *k, struct ksock_read *r)
{
	struct actor a = { .r = r };
	read_descriptor_t desc = { .arg.data = &a, .count = 1 };
	int rc = 0;

	r->got = 0;
	r->n_calls = 0;
	if (r->len > 1 << 20 || r->error > MAX_ERRNO)
		return -EINVAL;
	a.buf = kvmalloc(r->len + 1, GFP_KERNEL);
	if (!a.buf)
		return -ENOMEM;
	lock_sock(k->sock->sk);
	r->rc = k->sock->ops->read_sock(k->sock->sk, &desc, act);
	release_sock(k->sock->sk);
	if (copy_to_user(u64_to_user_ptr(r->buf), a.buf, r->got))
		rc = -EFAULT;
	kvfree(a.buf);
	return rc;
}

static void free_memory(struct ksock *k)
{
	unsigned int i;

	if (!k->page)
		return;
	switch (k->kind) {
	case KSOCK_SINGLE:
		for (i = 0; i < 1 << k->order; i++)
			put_page(k->page + i);
		break;
	case KSOCK_TWO:
		put_page(k->page + (1 << (k->order - 1)));
		fallthrough;
	case KSOCK_COMPOUND:
		put_page(k->page);
		break;
	}
	k->page = NULL;
}

static struct page *compound(unsigned int order)
{
	return alloc_pages(GFP_KERNEL | __GFP_COMP, order);
}

/* the allocator is asked until it gives two that are neighbours */
static struct page *two_compounds(unsigned int order)
{
	struct page *got[TRIES], *found = NULL;
	int n, i, low = -1, high = -1;

	for (n = 0; n < TRIES && !found; n++) {
		got[n] = compound(order);
		if (!got[n])
			break;
		for (i = 0; i < n && !found; i++) {
			low = page_to_pfn(got[i]) < page_to_pfn(got[n]) ? i : n;
			high = i + n - low;
			if (page_to_pfn(got[high]) - page_to_pfn(got[low]) == 1 << order)
				found = got[low];
		}
	}
	for (i = 0; i < n; i++) {
		if (!found || (i != low && i != high))
			put_page(got[i]);
	}
	return found;
}

/* page by page: pages that are no compound page may not be copied to in one go */
static int fill_memory(struct ksock *k, const u8 __user *data)
{
	unsigned int i;

	for (i = 0; i < 1 << k->order; i++) {
		if (copy_from_user(page_address(k->page + i), data + i * PAGE_SIZE, PAGE_SIZE))
			return -EFAULT;
	}
	return 0;
}

static int get_memory(struct ksock *k, const struct ksock_memory *m)
{

	if (m->kind > KSOCK_TWO || !m->order || m->order > ORDER_MAX)
		return -EINVAL;
	free_memory(k);
	k->kind = m->kind;
	k->order = m->order;
	switch (k->kind) {
	case KSOCK_SINGLE:
		k->page = alloc_pages(GFP_KERNEL, m->order);
		if (k->page)
			split_page(k->page, m->order);
		break;
	case KSOCK_COMPOUND:
		k->page = compound(m->order);
		break;
	case KSOCK_TWO:
		k->page = two_compounds(m->order - 1);
		break;
	}
	if (!k->page)
		return -ENOMEM;
	return fill_memory(k, u64_to_user_ptr(m->data));
}

/* what is freed is what the allocator gives next */
static int scribble(struct ksock *k)
{
	unsigned int order = k->kind == KSOCK_SINGLE ? 0 : k->order - (k->kind == KSOCK_TWO);
	struct page *got[SCRIBBLES];
	int n, i;

	free_memory(k);
	for (n = 0; n < SCRIBBLES; n++) {
		got[n] = order ? compound(order) : alloc_page(GFP_KERNEL);
		if (!got[n])
			break;
		memset(page_address(got[n]), 0xee, PAGE_SIZE << order);
	}
	for (i = 0; i < n; i++)
		put_page(got[i]);
	return 0;
}

static size_t message_len(const struct ksock_send *s)
{
	size_t sum = 0;
	unsigned int i;

	for (i = 0; i < s->n; i++)
		sum += s->piece[i].len;
	return sum;
}

static struct bio_vec bvec_of(const struct ksock *k, u32 off, u32 len)
{
	return (struct bio_vec){ k->page + off / PAGE_SIZE, len, off % PAGE_SIZE };
}

static int send_kvecs(const struct ksock *k, const struct ksock_send *s)
{
	struct msghdr msg = { .msg_flags = s->flags };
	struct kvec vec[KSOCK_PIECES];
	unsigned int i;

	for (i = 0; i < s->n; i++)
		vec[i] = (struct kvec){ page_address(k->page) + s->piece[i].off, s->piece[i].len };
	return kernel_sendmsg(k->sock, &msg, vec, s->n, message_len(s));
}

static int send_bvecs(const struct ksock *k, const struct ksock_send *s, int more_flags)
{
	struct msghdr msg = { .msg_flags = s->flags | more_flags };
	struct bio_vec bv[KSOCK_PIECES];
	unsigned int i;
	int rc;

	for (i = 0; i < s->n; i++)
		bv[i] = bvec_of(k, s->piece[i].off, s->piece[i].len);
	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, bv, s->n, message_len(s));
	if (s->how == KSOCK_SENDMSG)
		return sock_sendmsg(k->sock, &msg);
	lock_sock(k->sock->sk);
	rc = k->sock->ops->sendmsg_locked(k->sock->sk, &msg, message_len(s));
	release_sock(k->sock->sk);
	return rc;
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
static int give_pages(const struct ksock *k, const struct ksock_send *s)
{
	return send_bvecs(k, s, MSG_SPLICE_PAGES);
}
#else
static int give_pages(const struct ksock *k, const struct ksock_send *s)
{
	struct sock *sk = k->sock->sk;
	int rc = 0, sum = 0;
	unsigned int i;

	if (s->how == KSOCK_LOCKED)
		lock_sock(sk);
	for (i = 0; i < s->n; i++) {
		struct bio_vec bv = bvec_of(k, s->piece[i].off, s->piece[i].len);
		int flags = s->flags | (i + 1 < s->n ? MSG_MORE | MSG_SENDPAGE_NOTLAST : 0);

		if (s->how == KSOCK_LOCKED)
			rc = kernel_sendpage_locked(sk, bv.bv_page, bv.bv_offset, bv.bv_len, flags);
		else
			rc = kernel_sendpage(k->sock, bv.bv_page, bv.bv_offset, bv.bv_len, flags);
		if (rc <= 0)
			break;
		sum += rc;
		if (rc < bv.bv_len)
			break;
	}
	if (s->how == KSOCK_LOCKED)
		release_sock(sk);
	return sum ?: rc;
}
#endif

static int send_to(struct ksock *k, struct ksock_send *s)
{
	unsigned int i;

	if (!k->page || !s->n || s->n > KSOCK_PIECES)
		return -EINVAL;
	for (i = 0; i < s->n; i++) {
		if (!s->piece[i].len || (u64)s->piece[i].off + s->piece[i].len > PAGE_SIZE << k->order)
			return -EINVAL;
	}
	s->rc = s->how == KSOCK_KVEC ? send_kvecs(k, s) : s->give ? give_pages(k, s) :
		send_bvecs(k, s, 0);
	return 0;
}

static void our_data_ready(struct sock *sk)
{
	struct ksock *k;

	read_lock_bh(&sk->sk_callback_lock);
	k = sk->sk_user_data;
	if (k)
		k->calls.data_ready++;
	read_unlock_bh(&sk->sk_callback_lock);
}

static void our_write_space(struct sock *sk)
{
	struct ksock *k;

	read_lock_bh(&sk->sk_callback_lock);
	k = sk->sk_user_data;
	if (k)
		k->calls.write_space++;
	read_unlock_bh(&sk->sk_callback_lock);
}

static void hook(struct ksock *k, bool on)
{
	struct sock *sk = k->sock->sk;

	if (k->hooked == on)
		return;
	k->hooked = on;
	write_lock_bh(&sk->sk_callback_lock);
	if (on) {
		k->user_data = sk->sk_user_data;
		k->data_ready = sk->sk_data_ready;
		k->write_space = sk->sk_write_space;
		sk->sk_user_data = k;
		sk->sk_data_ready = our_data_ready;
		sk->sk_write_space = our_write_space;
	} else {
		sk->sk_user_data = k->user_data;
		sk->sk_data_ready = k->data_ready;
		sk->sk_write_space = k->write_space;
	}
	write_unlock_bh(&sk->sk_callback_lock);
}

static bool is_there(const u8 *at, const struct ksock_find *f)
{
	unsigned int i;

	for (i = 0; i < f->len; i++) {
		if ((at[i] ^ f->not[i]) != 0xff)
			return false;
	}
	return true;
}

/* of all memory; the copy that is looked at is no place of its own */
static int find(struct ksock *k, struct ksock_find *f)
{
	u8 *copy = (u8 *)__get_free_page(GFP_KERNEL), *at, *last;
	unsigned long pfn, end;
	int nid;

	if (!copy)
		return -ENOMEM;
	f->found = 0;
	f->len = clamp_t(u32, f->len, 1, sizeof(f->not));
	last = copy + PAGE_SIZE - f->len + 1;
	/* it is what is nobody's that is looked at */
	kasan_disable_current();
	for_each_online_node(nid) {
		pfn = NODE_DATA(nid)->node_start_pfn;
		end = pfn + NODE_DATA(nid)->node_spanned_pages;
		for (; pfn < end; pfn++) {
			if (!(pfn % 1024))
				cond_resched();
			if (!pfn_valid(pfn) || PageReserved(pfn_to_page(pfn)) ||
			    page_address(pfn_to_page(pfn)) == copy ||
			    copy_from_kernel_nofault(copy, page_address(pfn_to_page(pfn)), PAGE_SIZE))
				continue;
			for (at = copy; (at = memchr(at, f->not[0] ^ 0xff, last - at)); at++)
				f->found += is_there(at, f);
		}
	}
	kasan_enable_current();
	memset(copy, 0, PAGE_SIZE);
	free_page((unsigned long)copy);
	return 0;
}

/* a struct that is asked for, and answered */
#define ANSWER(fn, type) ({							\
	type *arg_ = memdup_user(arg, sizeof(*arg_));				\
	long rc_ = PTR_ERR_OR_ZERO(arg_);					\
										\
	if (!rc_) {								\
		rc_ = fn(k, arg_);						\
		if (!rc_ && copy_to_user(arg, arg_, sizeof(*arg_)))		\
			rc_ = -EFAULT;						\
		kfree(arg_);							\
	}									\
	rc_;									\
})

static long do_ioctl(struct ksock *k, unsigned int cmd, void __user *arg)
{
	struct ksock_memory m;
	int v;

	if (!k->sock && cmd != KSOCK_TAKE && cmd != KSOCK_FIND)
		return -ENOTCONN;
	switch (cmd) {
	case KSOCK_TAKE:
		return get_user(v, (int __user *)arg) ?: take(k, v);
	case KSOCK_READ:
		return ANSWER(read_from, struct ksock_read);
	case KSOCK_MEMORY:
		return copy_from_user(&m, arg, sizeof(m)) ? -EFAULT : get_memory(k, &m);
	case KSOCK_SCRIBBLE:
		return scribble(k);
	case KSOCK_SEND:
		return ANSWER(send_to, struct ksock_send);
	case KSOCK_HOOK:
		if (get_user(v, (int __user *)arg))
			return -EFAULT;
		hook(k, v);
		return 0;
	case KSOCK_FIND:
		return ANSWER(find, struct ksock_find);
	case KSOCK_CALLS:
		return copy_to_user(arg, &k->calls, sizeof(k->calls)) ? -EFAULT : 0;
	}
	return -ENOTTY;
}

static long ksock_ioctl(struct file *f, unsigned int cmd, unsigned long arg)
{
	struct ksock *k = f->private_data;
	long rc;

	mutex_lock(&k->lock);
	rc = do_ioctl(k, cmd, (void __user *)arg);
	mutex_unlock(&k->lock);
	return rc;
}

static int ksock_open(struct inode *inode, struct file *f)
{
	struct ksock *k = kzalloc(sizeof(*k), GFP_KERNEL);

	if (!k)
		return -ENOMEM;
	mutex_init(&k->lock);
	f->private_data = k;
	return 0;
}

static int ksock_release(struct inode *inode, struct file *f)
{
	struct ksock *k = f->private_data;

	free_memory(k);
	if (k->sock) {
		hook(k, false);
		sockfd_put(k->sock);
	}
	kfree(k);
	return 0;
}

static const struct file_operations fops = {
	.owner		= THIS_MODULE,
	.open		= ksock_open,
	.release	= ksock_release,
	.unlocked_ioctl	= ksock_ioctl,
};

static int __init ksock_init(void)
{
	file = debugfs_create_file("ksock", 0600, NULL, NULL, &fops);
	return PTR_ERR_OR_ZERO(file);
}

static void __exit ksock_exit(void)
{
	debugfs_remove(file);
}

module_init(ksock_init);
module_exit(ksock_exit);
MODULE_DESCRIPTION("Consumer of sockets in the kernel, for the tests of sheath");
MODULE_LICENSE("GPL");
