// SPDX-License-Identifier: GPL-2.0
/*
 * The record that still grows, and the memory its payload is in.
 *
 * A long payload has a buffer of the pool to itself. A payload that is known to be shorter
 * gets a place in a shared one, and a record that turns out to be short moves there when it
 * is sealed.
 */
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/uio.h>

#include "core/stats.h"
#include "record/pool.h"
#include "tx/tx.h"

static u8 *addr(const struct bio_vec *bv)
{
	return page_address(bv->bv_page) + bv->bv_offset;
}

/**
 * sheath_tx_buf_wipe() - clear what the open record's memory shows
 * @tx: pipeline with an open record
 * @off: first byte to clear
 * @len: bytes to clear, or more than there are
 *
 * Memory that another user will get must not show payload, or half-encrypted payload.
 */
void sheath_tx_buf_wipe(struct sheath_tx *tx, u32 off, u32 len)
{
	struct bio_vec bv[SHEATH_POOL_PIECES];
	unsigned int i, n = sheath_tx_buf_part(tx, off, len, bv);

	for (i = 0; i < n; i++)
		memset(addr(&bv[i]), 0, bv[i].bv_len);
}

static void put_buf(struct sheath_tx *tx)
{
	while (tx->n_buf)
		put_page(tx->buf[--tx->n_buf].bv_page);
	tx->whole = false;
}

/**
 * sheath_tx_open_end() - the open record is sealed: let go of its memory
 * @tx: pipeline
 *
 * Pending pieces have references of their own.
 */
void sheath_tx_open_end(struct sheath_tx *tx)
{
	unsigned int i;

	for (i = 0; i < tx->n_held; i++)
		put_page(tx->ref[i].bv_page);
	tx->n_ref = 0;
	tx->n_held = 0;
	put_buf(tx);
	tx->open = SHEATH_TX_NONE;
	tx->open_len = 0;
}

/**
 * sheath_tx_open_drop() - let go of the open record's payload, which was not sealed
 * @tx: pipeline
 */
void sheath_tx_open_drop(struct sheath_tx *tx)
{
	if (tx->open == SHEATH_TX_COPIED)
		sheath_tx_buf_wipe(tx, 0, tx->open_len);
	sheath_tx_open_end(tx);
}

/**
 * sheath_tx_open_lost() - drop the open record, whose bytes count as sent
 * @conn: connection with a sending key
 *
 * Context: lock_sock() held.
 */
void sheath_tx_open_lost(struct sheath_conn *conn)
{
	struct sheath_tx *tx = conn->tx;

	if (tx->open == SHEATH_TX_NONE)
		return;
	sheath_stat_add(sock_net(conn->sk), SHEATH_STAT_TX_DROPPED, tx->open_len);
	tx->lost |= tx->open_len;
	sheath_tx_open_drop(tx);
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
	tx->seam = alloc_page(conn->sk->sk_allocation | __GFP_ACCOUNT);
	tx->seam_off = 0;
	return tx->seam ? 0 : -ENOMEM;
}

/* a buffer for a whole record, or a place in one for @len bytes */
static int buf_alloc(struct sheath_tx *tx, gfp_t gfp, u32 len)
{
	struct page *page;
	int n;

	if (len && len <= SHEATH_POOL_SHARED_MAX && !tx->dir.compress) {
		n = sheath_pool_share(gfp, len, tx->buf);
		if (n < 0)
			return n;
		tx->n_buf = n;
		tx->open_cap = len;
		return 0;
	}
	page = sheath_pool_get(gfp);
	if (!page)
		return -ENOMEM;
	tx->buf[0] = (struct bio_vec){ .bv_page = page, .bv_len = SHEATH_PLAIN_MAX };
	tx->n_buf = 1;
	tx->whole = true;
	tx->open_cap = tx->limit;
	return 0;
}

/**
 * sheath_tx_open_begin() - begin a record that grows
 * @conn: connection with a sending key and no open record
 * @kind: where its payload will be
 * @type: content type
 * @len: bytes it will have, 0 if that is not known
 *
 * All memory for sealing the record is taken here: payload in an open record counts as sent, so
 * a later failure could not be reported to its sender.
 *
 * Context: lock_sock() held, may sleep.
 *
 * Return: 0, or %-ENOMEM with nothing opened.
 */
int sheath_tx_open_begin(struct sheath_conn *conn, enum sheath_tx_open kind, u8 type, u32 len)
{
	struct sheath_tx *tx = conn->tx;
	int rc = seam_alloc(conn) ?: buf_alloc(tx, conn->sk->sk_allocation, len);

	if (rc)
		return rc;
	tx->open = kind;
	tx->open_type = type;
	return 0;
}

/**
 * sheath_tx_buf_part() - where bytes of the open record's memory are
 * @tx: pipeline with an open record
 * @off: first byte
 * @len: bytes
 * @bv: set to the pieces; no reference is taken
 *
 * Return: pieces used of @bv.
 */
unsigned int sheath_tx_buf_part(const struct sheath_tx *tx, u32 off, u32 len,
				struct bio_vec bv[SHEATH_POOL_PIECES])
{
	unsigned int i, n = 0;

	for (i = 0; i < tx->n_buf && len; i++) {
		const struct bio_vec *b = &tx->buf[i];
		u32 part;

		if (off >= b->bv_len) {
			off -= b->bv_len;
			continue;
		}
		part = min(len, b->bv_len - off);
		bv[n++] = (struct bio_vec){
			.bv_page = b->bv_page, .bv_offset = b->bv_offset + off, .bv_len = part,
		};
		len -= part;
		off = 0;
	}
	return n;
}

/**
 * sheath_tx_buf_fill() - copy payload behind that of the open record
 * @tx: pipeline with an open record whose payload is copied
 * @len: bytes, for which there is room
 * @from: payload; advanced
 *
 * Return: bytes that could be read.
 */
size_t sheath_tx_buf_fill(struct sheath_tx *tx, size_t len, struct iov_iter *from)
{
	size_t off = tx->open_len, sum = 0;
	unsigned int i;

	for (i = 0; i < tx->n_buf && sum < len; i++) {
		const struct bio_vec *bv = &tx->buf[i];
		size_t part, got;

		if (off >= bv->bv_len) {
			off -= bv->bv_len;
			continue;
		}
		part = min_t(size_t, len - sum, bv->bv_len - off);
		got = copy_from_iter(addr(bv) + off, part, from);
		sum += got;
		if (got != part)
			break;
		off = 0;
	}
	return sum;
}

/**
 * sheath_tx_buf_shrink() - give a whole buffer back for a place in a shared one
 * @conn: connection with an open record that is about to be sealed
 * @len: bytes of content it has
 *
 * For a record that ended shorter than expected. The record stays in its buffer if there is no
 * memory to move it to.
 *
 * Context: lock_sock() held, may sleep.
 */
void sheath_tx_buf_shrink(struct sheath_conn *conn, u32 len)
{
	struct sheath_tx *tx = conn->tx;
	u8 *from = addr(&tx->buf[0]);
	struct bio_vec bv[SHEATH_POOL_PIECES];
	int i, n;

	if (!tx->whole || !len || len > SHEATH_POOL_SHARED_MAX)
		return;
	n = sheath_pool_share(conn->sk->sk_allocation, len, bv);
	if (n < 0)
		return;
	if (tx->open == SHEATH_TX_COPIED) {
		for (i = 0; i < n; i++) {
			memcpy(addr(&bv[i]), from, bv[i].bv_len);
			memset(from, 0, bv[i].bv_len);
			from += bv[i].bv_len;
		}
	}
	put_buf(tx);
	memcpy(tx->buf, bv, n * sizeof(*bv));
	tx->n_buf = n;
}
