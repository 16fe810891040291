// SPDX-License-Identifier: GPL-2.0
/*
 * Records out of payload.
 *
 * A large record has its payload in a page-aligned buffer of its own, so that the cipher
 * walks whole pages on both sides; a shorter one has a place in a buffer that it shares with
 * others, because TCP is charged for the payload and not for the buffer. The bytes before and
 * behind a payload lie in a small seam:
 *
 *	seam page:	| prepend 1 | append 1 | prepend 2 | append 2 | ...
 *	on the wire:	  prepend 1 | payload 1 | append 1 | prepend 2 | payload 2 | append 2
 *
 * so that append N and prepend N + 1 are one piece for TCP. Small records are built one
 * behind the other in one piece, and TCP copies them.
 */
#include <linux/bvec.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/uio.h>

#include "core/stats.h"
#include "core/trace.h"
#include "record/pool.h"
#include "tx/tx.h"

/**
 * sheath_tx_seq_left() - may another record be sealed?
 * @conn: connection with a sending key
 *
 * Also asked before payload is taken: bytes that cannot be sealed must stay with the caller.
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
 * struct part - lengths of one record before it is built
 * @plain: bytes of payload
 * @len: bytes of content: the payload, or the compressed payload
 */
struct part {
	u32	plain;
	u32	len;
};

static void sealed(struct sheath_conn *conn, const struct part *part)
{
	const struct net *net = sock_net(conn->sk);

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

/* compress @from to @dir->compress->page, part by part; a failure ends the session */
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

static void add_pieces(struct sheath_sgl *l, const struct bio_vec *bv, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		sheath_sgl_add(l, bv[i].bv_page, bv[i].bv_offset, bv[i].bv_len);
}

/* add the payload: copied records are sealed in place, referred ones from @ref into the buffer */
static void list_payload(struct sheath_tx *tx, const struct bio_vec *bv, unsigned int n)
{
	if (tx->open == SHEATH_TX_COPIED)
		add_pieces(&tx->src, bv, n);
	else
		add_pieces(&tx->src, tx->ref, tx->n_ref);
	add_pieces(&tx->dst, bv, n);
}

static void lists_begin(struct sheath_tx *tx, unsigned int aad_len)
{
	sheath_sgl_reset(&tx->src);
	sheath_sgl_reset(&tx->dst);
	sheath_sgl_add_buf(&tx->src, tx->dir.aad, aad_len);
	sheath_sgl_add_buf(&tx->dst, tx->dir.aad, aad_len);
}

/* append @tail bytes at @off to both lists, to @src without those only ciphertext has; seal */
static int lists_seal(struct sheath_tx *tx, struct page *page, u32 off, u32 tail, u32 len)
{
	sheath_sgl_add(&tx->src, page, off, tail - tx->dir.cut);
	sheath_sgl_add(&tx->dst, page, off, tail);
	sheath_sgl_end(&tx->src);
	sheath_sgl_end(&tx->dst);
	return sheath_record_seal(&tx->dir, len, &tx->src, &tx->dst);
}

/*
 * The records before this one are whole, and are pushed before the session fails. The error is
 * EIO whatever the cipher returned: ENOMEM would tell the caller to try again, but a record may
 * not be sealed a second time, see sheath_record_seal().
 */
static int seal_failed(struct sheath_conn *conn)
{
	sheath_stat_inc(sock_net(conn->sk), SHEATH_STAT_CIPHER_FAILED);
	sheath_tx_push_all(conn);
	sheath_conn_fail(conn, EIO);
	return -EIO;
}

static void trace_sealed(const struct sheath_conn *conn, u64 seq, u8 type, u32 len, int rc)
{
	trace_sheath_record_sealed(conn->cookie, conn->tx_epoch, seq, type, len, rc);
}

/* seal @part of the open record, at offset @from; only copied records have more than one part */
static int seal_part(struct sheath_conn *conn, u32 from, const struct part *part)
{
	struct sheath_tx *tx = conn->tx;
	struct sheath_dir *dir = &tx->dir;
	u32 len = part->len;
	unsigned int aad_len, off = tx->seam_off, append = sheath_record_append(dir, len);
	u8 *seam = page_address(tx->seam) + off;
	struct bio_vec bv[SHEATH_POOL_PIECES];
	unsigned int i, n = sheath_tx_buf_part(tx, from, len, bv);
	u64 seq = dir->seq;
	int rc;

	aad_len = sheath_record_seal_begin(dir, tx->open_type, len, seam, seam + dir->prepend);
	lists_begin(tx, aad_len);
	list_payload(tx, bv, n);
	rc = lists_seal(tx, tx->seam, off + dir->prepend, append, len);
	trace_sealed(conn, seq, tx->open_type, len, rc);
	if (rc) {
		/* keep the first record of two, which TCP will read, and wipe the rest */
		sheath_tx_buf_wipe(tx, from, SHEATH_PLAIN_MAX);
		tx->open = SHEATH_TX_REFERRED;
		return seal_failed(conn);
	}
	tx->seam_off += dir->prepend + append;
	tx->pend_copy = false;
	sheath_tx_pend_add(tx, tx->seam, off, dir->prepend);
	for (i = 0; i < n; i++)
		sheath_tx_pend_add(tx, bv[i].bv_page, bv[i].bv_offset, bv[i].bv_len);
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
	rc = compress_parts(conn, page_address(tx->buf[0].bv_page), part, n);
	/* wipe the payload: the next, shorter record in this page would leave it readable */
	sheath_tx_buf_wipe(tx, 0, tx->open_len);
	swap(tx->buf[0].bv_page, tx->dir.compress->page);
	return rc;
}

static u32 content(const struct part *part, unsigned int n)
{
	return part[0].len + (n > 1 ? part[1].len : 0);
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
 * * %-EIO		- the cipher failed; the session is over
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
	if (!rc)
		sheath_tx_buf_shrink(conn, content(part, n));
	for (i = 0; i < n && !rc; i++) {
		rc = seal_part(conn, at, &part[i]);
		at += part[i].len;
	}
	if (!rc)
		sheath_tx_open_end(tx);
	return rc;
}

/* room for @len bytes in the page of small records, behind those that are still needed */
static int small_alloc(struct sheath_conn *conn, u32 len)
{
	struct sheath_tx *tx = conn->tx;

	/* no record in the page is pending, or in TCP after a push from softirq */
	if (tx->small && page_ref_count(tx->small) == 1)
		tx->small_off = 0;
	if (tx->small && tx->small_off + len <= PAGE_SIZE)
		return 0;
	if (tx->small)
		put_page(tx->small);
	tx->small = alloc_page(conn->sk->sk_allocation | __GFP_ACCOUNT);
	tx->small_off = 0;
	return tx->small ? 0 : -ENOMEM;
}

/*
 * Seal one record in the small page, its payload at @off + @dir->prepend. Return: the offset behind
 * the record, or an errno.
 */
static int seal_in_place(struct sheath_conn *conn, u8 type, u32 off, const struct part *part)
{
	struct sheath_tx *tx = conn->tx;
	struct sheath_dir *dir = &tx->dir;
	u32 len = part->len;
	unsigned int aad_len, append = sheath_record_append(dir, len);
	u8 *p = page_address(tx->small) + off;
	u64 seq = dir->seq;
	int rc;

	aad_len = sheath_record_seal_begin(dir, type, len, p, p + dir->prepend + len);
	lists_begin(tx, aad_len);
	off += dir->prepend;
	rc = lists_seal(tx, tx->small, off, len + append, len);
	trace_sealed(conn, seq, type, len, rc);
	if (rc)
		return rc;
	sealed(conn, part);
	return off + len + append;
}

/*
 * Place the payload at @p, compressed if need be, where the records have their content: the first
 * record at @p, the second one at the offset that is returned.
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

static u8 *small_end(const struct sheath_tx *tx, u32 end)
{
	return page_address(tx->small) + end;
}

/* bytes that the record, or the two records, for @len bytes of payload may take */
static u32 small_max(const struct sheath_dir *dir, u32 len)
{
	return len + 2 * (dir->prepend + dir->append) +
	       (dir->compress ? 2 * SHEATH_COMPRESS_GROWTH : 0);
}

/**
 * sheath_tx_seal_small() - a record in one piece
 * @conn: connection with no open record, and with room for its pieces in what is pending
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
 * * %-EIO		- the cipher failed; the session is over
 */
int sheath_tx_seal_small(struct sheath_conn *conn, u8 type, struct iov_iter *from, u32 len)
{
	struct sheath_tx *tx = conn->tx;
	struct part part[2];
	unsigned int n = make_parts(&tx->dir, type, len, part);
	int rc, rest, end;
	u32 off;
	u8 *p;

	if (!sheath_tx_seq_left(conn))
		return -EKEYEXPIRED;
	rc = small_alloc(conn, small_max(&tx->dir, len));
	if (rc)
		return rc;
	off = tx->small_off;
	p = page_address(tx->small) + off + tx->dir.prepend;
	if (len && !copy_from_iter_full(p, len, from)) {
		memset(p, 0, len);
		return -EFAULT;
	}
	rest = place_parts(conn, p, part, n);
	end = rest < 0 ? rest : seal_in_place(conn, type, off, &part[0]);
	if (end > 0 && n > 1)
		end = seal_in_place(conn, type, off + rest, &part[1]);
	if (end < 0) {
		memset(p, 0, PAGE_SIZE - offset_in_page(p));
		return seal_failed(conn);
	}
	/* a compressed record may end before its payload did: wipe the rest */
	if (p + len > small_end(tx, end))
		memset(small_end(tx, end), 0, p + len - small_end(tx, end));
	tx->pend_copy |= !tx->n_pend;
	sheath_tx_pend_add(tx, tx->small, off, end - off);
	tx->small_off = end;
	return 0;
}
