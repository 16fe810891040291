// SPDX-License-Identifier: GPL-2.0
/*
 * Records out of payload.
 *
 * A large record has its payload in a page-aligned buffer of its own, so that the cipher
 * walks whole pages on both sides; what stands before and behind it lies in a small seam:
 *
 *	seam page:	| prepend 1 | append 1 | prepend 2 | append 2 | ...
 *	on the wire:	  prepend 1 | payload 1 | append 1 | prepend 2 | payload 2 | append 2
 *
 * so that append N and prepend N + 1 are one piece for TCP. A small record is built in one
 * piece, and TCP copies it.
 */
#include <linux/bvec.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/uio.h>

#include "pool.h"
#include "stats.h"
#include "tx.h"

/**
 * sheath_tx_open_drop() - let go of the open record's payload
 * @tx: pipeline
 */
void sheath_tx_open_drop(struct sheath_tx *tx)
{
	unsigned int i;

	for (i = 0; i < tx->n_held; i++)
		put_page(tx->ref[i].bv_page);
	tx->n_ref = 0;
	tx->n_held = 0;
	if (tx->page)
		put_page(tx->page);
	tx->page = NULL;
	tx->open = SHEATH_TX_NONE;
	tx->open_len = 0;
}

/**
 * sheath_tx_seq_left() - may another record be sealed?
 * @conn: connection with a sending key
 *
 * Asked before payload is taken, too: what cannot be sealed must stay the caller's.
 *
 * Context: lock_sock() held.
 */
bool sheath_tx_seq_left(struct sheath_conn *conn)
{
	if (likely(!conn->tx->dir.seq_end))
		return true;
	sheath_stat_inc(sock_net(conn->sk), SHEATH_STAT_TX_SEQ_END);
	return false;
}

/**
 * struct part - a record to be
 * @plain: bytes of payload
 * @len: bytes of content, which is payload, or what compression made of it
 */
struct part {
	u32	plain;
	u32	len;
};

static void sealed(struct sheath_conn *conn, const struct part *part)
{
	const struct net *net = sock_net(conn->sk);

	conn->tx->n_sealed++;
	conn->tx->used += sheath_record_cost(&conn->tx->dir, part->len);
	WRITE_ONCE(conn->stats.tx_records, conn->stats.tx_records + 1);
	WRITE_ONCE(conn->stats.tx_bytes, conn->stats.tx_bytes + part->plain);
	sheath_stat_inc(net, SHEATH_STAT_TX_RECORDS);
	sheath_stat_add(net, SHEATH_STAT_TX_BYTES, part->plain);
}

/* @len bytes of payload become one record, or two; Return: how many */
static unsigned int make_parts(const struct sheath_dir *dir, u8 type, u32 len,
			       struct part part[2])
{
	u32 first = sheath_record_first(dir, type, len);

	part[0] = (struct part){ first, first };
	part[1] = (struct part){ len - first, len - first };
	return first < len ? 2 : 1;
}

/* @from to @dir->compress->page, part by part; the session is over if that fails */
static int compress_parts(struct sheath_conn *conn, const u8 *from, struct part *part,
			  unsigned int n)
{
	struct sheath_dir *dir = &conn->tx->dir;
	unsigned int i, at = 0;
	int rc;

	for (i = 0; i < n; i++) {
		rc = sheath_compress(dir->compress, from, part[i].plain, at);
		if (rc < 0) {
			sheath_conn_fail(conn, -rc);
			return rc;
		}
		part[i].len = rc;
		from += part[i].plain;
		at += rc;
	}
	return 0;
}

static int seam_alloc(struct sheath_conn *conn)
{
	struct sheath_tx *tx = conn->tx;
	/* twice for a record that is split */
	unsigned int len = 2 * (tx->dir.prepend + tx->dir.append);

	if (tx->seam && tx->seam_off + len <= PAGE_SIZE)
		return 0;
	if (tx->seam)
		put_page(tx->seam);
	tx->seam = alloc_page(conn->sk->sk_allocation);
	tx->seam_off = 0;
	return tx->seam ? 0 : -ENOMEM;
}

/**
 * sheath_tx_open_begin() - begin a record that grows
 * @conn: connection with a sending key and no open record
 * @kind: where its payload will be
 * @type: content type
 *
 * All the memory that sealing it needs is taken here: payload in an open record counts as
 * sent, and there is nobody left to tell of an error.
 *
 * Context: lock_sock() held, may sleep.
 *
 * Return: 0, or %-ENOMEM with nothing opened.
 */
int sheath_tx_open_begin(struct sheath_conn *conn, enum sheath_tx_open kind, u8 type)
{
	struct sheath_tx *tx = conn->tx;
	int rc = seam_alloc(conn);

	if (rc)
		return rc;
	tx->page = sheath_pool_get(conn->sk->sk_allocation);
	if (!tx->page)
		return -ENOMEM;
	tx->open = kind;
	tx->open_type = type;
	tx->open_cap = tx->limit;
	return 0;
}

/* payload in place of @page, or all of it from @ref there */
static void list_payload(struct sheath_tx *tx, u32 off, u32 len)
{
	unsigned int i;

	if (tx->open == SHEATH_TX_COPIED) {
		sheath_sgl_add(&tx->src, tx->page, off, len);
	} else {
		for (i = 0; i < tx->n_ref; i++)
			sheath_sgl_add(&tx->src, tx->ref[i].bv_page, tx->ref[i].bv_offset,
				       tx->ref[i].bv_len);
	}
	sheath_sgl_add(&tx->dst, tx->page, off, len);
}

static void lists_begin(struct sheath_tx *tx, unsigned int aad_len)
{
	sheath_sgl_reset(&tx->src);
	sheath_sgl_reset(&tx->dst);
	sheath_sgl_add_buf(&tx->src, tx->dir.aad, aad_len);
	sheath_sgl_add_buf(&tx->dst, tx->dir.aad, aad_len);
}

/* what the lists end with, the same memory in both but for what only ciphertext has; seal */
static int lists_seal(struct sheath_tx *tx, struct page *page, u32 off, u32 tail, u32 len)
{
	sheath_sgl_add(&tx->src, page, off, tail - tx->dir.cut);
	sheath_sgl_add(&tx->dst, page, off, tail);
	sheath_sgl_end(&tx->src);
	sheath_sgl_end(&tx->dst);
	return sheath_record_seal(&tx->dir, len, &tx->src, &tx->dst);
}

/* plaintext must not stay in a buffer that goes back to the pool */
static void wipe_failed(struct sheath_conn *conn, struct page *page, u32 len, int rc)
{
	memset(page_address(page), 0, len);
	sheath_conn_fail(conn, -rc);
}

/* a record of what is at @from in the open one; all of it unless that is copied */
static int seal_part(struct sheath_conn *conn, u32 from, const struct part *part)
{
	struct sheath_tx *tx = conn->tx;
	struct sheath_dir *dir = &tx->dir;
	u32 len = part->len;
	unsigned int aad_len, off = tx->seam_off, append = sheath_record_append(dir, len);
	u8 *seam = page_address(tx->seam) + off;
	int rc;

	aad_len = sheath_record_seal_begin(dir, tx->open_type, len, seam, seam + dir->prepend);
	lists_begin(tx, aad_len);
	list_payload(tx, from, len);
	rc = lists_seal(tx, tx->seam, off + dir->prepend, append, len);
	if (rc) {
		wipe_failed(conn, tx->page, SHEATH_PLAIN_MAX, rc);
		return rc;
	}
	tx->seam_off += dir->prepend + append;
	tx->pend_copy = false;
	sheath_tx_pend_add(tx, tx->seam, off, dir->prepend);
	sheath_tx_pend_add(tx, tx->page, from, len);
	sheath_tx_pend_add(tx, tx->seam, off + dir->prepend, append);
	sealed(conn, part);
	return 0;
}

/* the compressed payload takes the place of the open record's */
static int compress_open(struct sheath_conn *conn, struct part *part, unsigned int n)
{
	struct sheath_tx *tx = conn->tx;
	int rc;

	if (!tx->dir.compress)
		return 0;
	rc = compress_parts(conn, page_address(tx->page), part, n);
	swap(tx->page, tx->dir.compress->page);
	return rc;
}

/**
 * sheath_tx_seal_open() - close the open record
 * @conn: connection with an open record
 *
 * Context: lock_sock() held, may sleep.
 *
 * Return:
 * * 0			- sealed, waiting to be pushed
 * * %-EKEYEXPIRED	- no sequence number is left
 * * other		- the cipher failed; the session is over
 * In either case the record is still open, so that its bytes are counted when it is dropped.
 */
int sheath_tx_seal_open(struct sheath_conn *conn)
{
	struct sheath_tx *tx = conn->tx;
	struct part part[2];
	unsigned int i, n = make_parts(&tx->dir, tx->open_type, tx->open_len, part);
	u32 at = 0;
	int rc;

	if (!sheath_tx_seq_left(conn))
		return -EKEYEXPIRED;
	rc = compress_open(conn, part, n);
	for (i = 0; i < n && !rc; i++) {
		rc = seal_part(conn, at, &part[i]);
		at += part[i].len;
	}
	if (!rc)
		sheath_tx_open_drop(tx);
	return rc;
}

static int small_alloc(struct sheath_conn *conn)
{
	struct sheath_tx *tx = conn->tx;

	/* TCP may still refer to what was pushed from softirq */
	if (tx->small && page_ref_count(tx->small) == 1)
		return 0;
	if (tx->small)
		put_page(tx->small);
	tx->small = alloc_page(conn->sk->sk_allocation);
	return tx->small ? 0 : -ENOMEM;
}

/* a record whose payload is @off + @dir->prepend into the small page; the end of it */
static int seal_in_place(struct sheath_conn *conn, u8 type, u32 off, const struct part *part)
{
	struct sheath_tx *tx = conn->tx;
	struct sheath_dir *dir = &tx->dir;
	u32 len = part->len;
	unsigned int aad_len, append = sheath_record_append(dir, len);
	u8 *p = page_address(tx->small) + off;
	int rc;

	aad_len = sheath_record_seal_begin(dir, type, len, p, p + dir->prepend + len);
	lists_begin(tx, aad_len);
	off += dir->prepend;
	rc = lists_seal(tx, tx->small, off, len + append, len);
	if (rc)
		return rc;
	sealed(conn, part);
	return off + len + append;
}

/*
 * Payload at @p, compressed if need be, to where the records have theirs: the first one there,
 * the second one at the offset that is returned.
 */
static int place_parts(struct sheath_conn *conn, u8 *p, struct part *part, unsigned int n)
{
	struct sheath_dir *dir = &conn->tx->dir;
	u8 *from = p;
	u32 rest;
	int rc;

	if (dir->compress) {
		rc = compress_parts(conn, p, part, n);
		if (rc)
			return rc;
		from = page_address(dir->compress->page);
	}
	rest = dir->prepend + part[0].len + sheath_record_append(dir, part[0].len);
	if (n > 1)
		memmove(p + rest, from + part[0].len, part[1].len);
	if (from != p)
		memcpy(p, from, part[0].len);
	return rest;
}

/**
 * sheath_tx_seal_small() - a record in one piece
 * @conn: connection with no open record and at most one batch pending
 * @type: content type
 * @from: payload; advanced, unless this fails
 * @len: bytes of it, at most SHEATH_TX_SMALL
 *
 * Context: lock_sock() held, may sleep.
 *
 * Return:
 * * 0			- sealed, waiting to be pushed
 * * %-EFAULT, %-ENOMEM	- nothing happened
 * * %-EKEYEXPIRED	- no sequence number is left
 * * other		- the cipher failed; the session is over
 */
int sheath_tx_seal_small(struct sheath_conn *conn, u8 type, struct iov_iter *from, u32 len)
{
	struct sheath_tx *tx = conn->tx;
	struct part part[2];
	unsigned int n = make_parts(&tx->dir, type, len, part);
	int rc, rest;
	u8 *p;

	if (!sheath_tx_seq_left(conn))
		return -EKEYEXPIRED;
	rc = small_alloc(conn);
	if (rc)
		return rc;
	p = page_address(tx->small) + tx->dir.prepend;
	if (len && !copy_from_iter_full(p, len, from))
		return -EFAULT;
	rest = place_parts(conn, p, part, n);
	rc = rest < 0 ? rest : seal_in_place(conn, type, 0, &part[0]);
	if (rc > 0 && n > 1)
		rc = seal_in_place(conn, type, rest, &part[1]);
	if (rc < 0) {
		wipe_failed(conn, tx->small, PAGE_SIZE, rc);
		return rc;
	}
	tx->pend_copy |= !tx->n_pend;
	sheath_tx_pend_add(tx, tx->small, 0, rc);
	return 0;
}
