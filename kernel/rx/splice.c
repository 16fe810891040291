// SPDX-License-Identifier: GPL-2.0
/* Opened records for pipes, and for readers inside the kernel. */
#include <linux/mm.h>
#include <linux/pipe_fs_i.h>
#include <linux/skbuff.h>
#include <linux/splice.h>

#include "core/compat.h"
#include "rx/rx.h"

/* content may start anywhere in its first page */
#define REC_PAGES	(SHEATH_PLAIN_MAX / PAGE_SIZE + 1)

/* the page with byte @off of a record, and how much of @len lies in it */
static struct page *rec_page(const struct sheath_rec *rec, u32 off, u32 len, u32 *at, u32 *part)
{
	off += rec->at;
	*at = off % PAGE_SIZE;
	*part = min_t(u32, len, PAGE_SIZE - *at);
	return rec->page + off / PAGE_SIZE;
}

static void spd_release(struct splice_pipe_desc *spd, unsigned int i)
{
	put_page(spd->pages[i]);
}

/* splice as many bytes of @rec as the pipe has room for, at most @len */
static ssize_t rec_to_pipe(const struct sheath_rec *rec, struct pipe_inode_info *pipe, u32 len)
{
	struct partial_page partial[REC_PAGES];
	struct page *pages[REC_PAGES];
	struct splice_pipe_desc spd = {
		.pages = pages,
		.partial = partial,
		.nr_pages_max = REC_PAGES,
		.ops = &nosteal_pipe_buf_ops,
		.spd_release = spd_release,
	};
	u32 off = rec->off, at, part;

	for (; len; off += part, len -= part) {
		pages[spd.nr_pages] = rec_page(rec, off, len, &at, &part);
		get_page(pages[spd.nr_pages]);
		partial[spd.nr_pages].offset = at;
		partial[spd.nr_pages].len = part;
		partial[spd.nr_pages].private = 0;
		spd.nr_pages++;
	}
	return splice_to_pipe(pipe, &spd);
}

/**
 * sheath_rx_splice() - splice_read() on a connection with a receiving key
 * @conn: connection
 * @pipe: pipe, locked by the caller
 * @len: bytes asked for
 * @nonblock: do not wait for the first record
 *
 * Context: lock_sock() held, released while waiting; may sleep.
 *
 * Return: bytes spliced, 0 at the end of the stream, or
 * * %-EINVAL	- the next record is not data; it stays for recvmsg()
 * * %-EAGAIN	- nothing there, or the pipe is full
 * * other	- as sheath_rx_recvmsg()
 */
ssize_t sheath_rx_splice(struct sheath_conn *conn, struct pipe_inode_info *pipe, size_t len,
			 bool nonblock)
{
	long timeo = sock_rcvtimeo(conn->sk, nonblock);
	struct sheath_rec *rec;
	ssize_t copied = 0;
	ssize_t rc = 0;

	while (len) {
		rec = sheath_rx_first(conn->rx);
		if (!rec) {
			rc = sheath_rx_wait_record(conn, !copied, copied ? NULL : &timeo);
			if (rc <= 0)
				break;
			continue;
		}
		rc = -EINVAL;
		if (rec->type != SHEATH_CT_DATA)
			break;
		rc = rec_to_pipe(rec, pipe, min_t(size_t, len, rec->len - rec->off));
		if (rc <= 0)
			break;
		copied += rc;
		len -= rc;
		sheath_rx_rec_used(conn->rx, rec, rc);
	}
	sheath_rxq_release(conn);
	sheath_rx_update(conn);
	return copied ?: rc;
}

static struct sk_buff *rec_skb(const struct sheath_rec *rec)
{
	struct sk_buff *skb = alloc_skb(0, GFP_KERNEL);
	u32 off = rec->off, len = rec->len - rec->off, at, part;

	if (!skb)
		return NULL;
	for (; len; off += part, len -= part) {
		struct page *page = rec_page(rec, off, len, &at, &part);

		get_page(page);
		skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, at, part, PAGE_SIZE);
	}
	return skb;
}

/**
 * sheath_rx_read_sock() - read_sock() on a connection with a receiving key
 * @conn: connection
 * @desc: the reader's state; it stops when desc->count is 0
 * @actor: takes bytes of a buffer, returns how many
 *
 * Context: process, lock_sock() held by the caller, not released; does not wait.
 *
 * Return: bytes taken, 0 if there was none, or
 * * %-EINVAL		- the next record is not data; it stays for recvmsg()
 * * %-EOPNOTSUPP	- called from softirq, where ciphers may not run
 * * other		- from @actor, or as sheath_rx_recvmsg()
 */
int sheath_rx_read_sock(struct sheath_conn *conn, read_descriptor_t *desc,
			sk_read_actor_t actor)
{
	struct sheath_rec *rec;
	struct sk_buff *skb;
	int copied = 0, rc = 0;

	if (!in_task())
		return -EOPNOTSUPP;
	while (desc->count) {
		rec = sheath_rx_first(conn->rx);
		if (!rec) {
			rc = sheath_rx_wait_record(conn, !copied, NULL);
			if (rc <= 0)
				break;
			continue;
		}
		rc = -EINVAL;
		if (rec->type != SHEATH_CT_DATA)
			break;
		rc = -ENOMEM;
		skb = rec_skb(rec);
		if (!skb)
			break;
		rc = actor(desc, skb, 0, skb->len);
		consume_skb(skb);
		if (rc <= 0)
			break;
		copied += rc;
		sheath_rx_rec_used(conn->rx, rec, rc);
	}
	sheath_rxq_release(conn);
	sheath_rx_update(conn);
	return copied ?: rc;
}
