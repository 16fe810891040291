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

static void sealed(struct sheath_conn *conn, u32 len)
{
	const struct net *net = sock_net(conn->sk);

	conn->tx->n_sealed++;
	conn->tx->used += sheath_record_cost(&conn->tx->dir, len);
	WRITE_ONCE(conn->stats.tx_records, conn->stats.tx_records + 1);
	WRITE_ONCE(conn->stats.tx_bytes, conn->stats.tx_bytes + len);
	sheath_stat_inc(net, SHEATH_STAT_TX_RECORDS);
	sheath_stat_add(net, SHEATH_STAT_TX_BYTES, len);
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

/* a record of @len bytes from @from on of the open one; all of it unless that is copied */
static int seal_part(struct sheath_conn *conn, u32 from, u32 len)
{
	struct sheath_tx *tx = conn->tx;
	struct sheath_dir *dir = &tx->dir;
	unsigned int aad_len, off = tx->seam_off, append = sheath_record_append(dir, len);
	u8 *seam = page_address(tx->seam) + off;
	int rc;

	aad_len = sheath_record_seal_begin(dir, tx->open_type, len, seam, seam + dir->prepend);
	lists_begin(tx, aad_len);
	list_payload(tx, from, len);
	rc = lists_seal(tx, tx->seam, off + dir->prepend, append, len);
	if (rc) {
		wipe_failed(conn, tx->page, tx->open_len, rc);
		return rc;
	}
	tx->seam_off += dir->prepend + append;
	tx->pend_copy = false;
	sheath_tx_pend_add(tx, tx->seam, off, dir->prepend);
	sheath_tx_pend_add(tx, tx->page, from, len);
	sheath_tx_pend_add(tx, tx->seam, off + dir->prepend, append);
	sealed(conn, len);
	return 0;
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
	u32 first = sheath_record_first(&tx->dir, tx->open_type, tx->open_len);
	int rc;

	if (!sheath_tx_seq_left(conn))
		return -EKEYEXPIRED;
	rc = seal_part(conn, 0, first);
	if (!rc && first < tx->open_len)
		rc = seal_part(conn, first, tx->open_len - first);
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
static int seal_in_place(struct sheath_conn *conn, u8 type, u32 off, u32 len)
{
	struct sheath_tx *tx = conn->tx;
	struct sheath_dir *dir = &tx->dir;
	unsigned int aad_len, append = sheath_record_append(dir, len);
	u8 *p = page_address(tx->small) + off;
	int rc;

	aad_len = sheath_record_seal_begin(dir, type, len, p, p + dir->prepend + len);
	lists_begin(tx, aad_len);
	off += dir->prepend;
	rc = lists_seal(tx, tx->small, off, len + append, len);
	if (rc)
		return rc;
	sealed(conn, len);
	return off + len + append;
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
	u32 first = sheath_record_first(&tx->dir, type, len), rest;
	u8 *p;
	int rc;

	if (!sheath_tx_seq_left(conn))
		return -EKEYEXPIRED;
	rc = small_alloc(conn);
	if (rc)
		return rc;
	p = page_address(tx->small) + tx->dir.prepend;
	if (len && !copy_from_iter_full(p, len, from))
		return -EFAULT;
	/* what is behind the first record moves to where its own payload is */
	rest = tx->dir.prepend + first + sheath_record_append(&tx->dir, first);
	if (first < len)
		memmove(p + rest, p + first, len - first);
	rc = seal_in_place(conn, type, 0, first);
	if (rc > 0 && first < len)
		rc = seal_in_place(conn, type, rest, len - first);
	if (rc < 0) {
		wipe_failed(conn, tx->small, PAGE_SIZE, rc);
		return rc;
	}
	tx->pend_copy |= !tx->n_pend;
	sheath_tx_pend_add(tx, tx->small, 0, rc);
	return 0;
}
