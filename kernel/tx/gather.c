// SPDX-License-Identifier: GPL-2.0
/*
 * Payload out of what the caller sends, into the open record.
 *
 * A record is either copied or referred, never both: where a write() with MSG_MORE is
 * followed by sendfile(), the header becomes a record of its own, which keeps the file's
 * pages aligned to the payload buffers.
 */
#include <linux/bvec.h>
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/uio.h>

#include "core/compat.h"
#include "record/pool.h"
#include "tx/tx.h"

static int gather_copy(struct sheath_conn *conn, struct iov_iter *from, u8 type, bool more)
{
	struct sheath_tx *tx = conn->tx;
	size_t want, got;
	int rc;

	if (tx->open == SHEATH_TX_NONE) {
		/* a record whose length is known now takes no more memory than it needs */
		want = min_t(size_t, iov_iter_count(from), tx->limit);
		rc = sheath_tx_open_begin(conn, SHEATH_TX_COPIED, type, more ? 0 : want);
		if (rc)
			return rc;
	}
	want = min_t(size_t, iov_iter_count(from), tx->open_cap - tx->open_len);
	got = sheath_tx_buf_fill(tx, want, from);
	tx->open_len += got;
	if (got == want)
		return 0;
	if (!tx->open_len)
		sheath_tx_open_drop(tx);
	return -EFAULT;
}

/*
 * Seal a whole record from user memory, in place. A cipher that reads a byte twice may see two
 * values: if the caller changes the buffer during the call, only its own record fails to verify
 * at the peer.
 */
static int gather_pinned(struct sheath_conn *conn, struct iov_iter *from, u8 type)
{
	struct sheath_tx *tx = conn->tx;
	struct sheath_compat_pin pin;
	int rc = sheath_tx_open_begin(conn, SHEATH_TX_REFERRED, type, 0);

	if (rc)
		return rc;
	if (sheath_compat_pin(&pin, from, tx->limit)) {
		tx->open = SHEATH_TX_COPIED;
		return gather_copy(conn, from, type, false);
	}
	tx->open_len = tx->limit;
	memcpy(tx->ref, pin.bv, pin.n * sizeof(*pin.bv));
	tx->n_ref = pin.n;
	rc = sheath_tx_seal_open(conn);
	if (rc) {
		/* no byte was taken: give all of them back to the caller */
		iov_iter_revert(from, tx->limit);
		sheath_tx_open_drop(tx);
	}
	sheath_compat_unpin(&pin, false);
	return rc;
}

/* the next piece of page cache, which may run over several pages */
static struct bio_vec next_piece(struct iov_iter *from, u32 max)
{
	const struct bio_vec *bv = from->bvec;
	size_t skip = from->iov_offset, len;
	struct page *page;

	while (skip >= bv->bv_len) {
		skip -= bv->bv_len;
		bv++;
	}
	skip += bv->bv_offset;
	page = bv->bv_page + skip / PAGE_SIZE;
	len = min3((size_t)max, iov_iter_count(from), (size_t)bv->bv_offset + bv->bv_len - skip);
	/* a reference holds one page, or all of a compound page, and no neighbour of it */
	if (PageCompound(page))
		len = min_t(size_t, len, page_size(compound_head(page)) -
			    PAGE_SIZE * (page - compound_head(page)) - skip % PAGE_SIZE);
	else
		len = min_t(size_t, len, PAGE_SIZE - skip % PAGE_SIZE);
	return (struct bio_vec){
		.bv_page = page,
		.bv_offset = skip % PAGE_SIZE,
		.bv_len = len,
	};
}

static int gather_ref(struct sheath_conn *conn, struct iov_iter *from, u8 type)
{
	struct sheath_tx *tx = conn->tx;
	struct bio_vec *last = tx->n_ref > tx->n_held ? &tx->ref[tx->n_ref - 1] : NULL;
	struct bio_vec bv;
	int rc;

	if (tx->open == SHEATH_TX_NONE) {
		rc = sheath_tx_open_begin(conn, SHEATH_TX_REFERRED, type, 0);
		if (rc)
			return rc;
	}
	/* tx->limit may have become smaller than the open record: use its capacity */
	bv = next_piece(from, tx->open_cap - tx->open_len);
	if (last && last->bv_page == bv.bv_page && last->bv_offset + last->bv_len == bv.bv_offset)
		last->bv_len += bv.bv_len;
	else
		tx->ref[tx->n_ref++] = bv;
	tx->open_len += bv.bv_len;
	iov_iter_advance(from, bv.bv_len);
	return 0;
}

/* copy slab pages: they cannot be reference counted one by one */
static bool may_refer(const struct sheath_tx *tx, const struct msghdr *msg)
{
	return !sheath_record_snapshot(&tx->dir) &&
	       msg->msg_flags & MSG_SPLICE_PAGES && iov_iter_is_bvec(&msg->msg_iter) &&
	       sendpage_ok(next_piece((struct iov_iter *)&msg->msg_iter, 1).bv_page);
}

/* pinning pays for full records only */
static bool may_pin(const struct sheath_tx *tx, const struct iov_iter *from)
{
	return !sheath_record_snapshot(&tx->dir) &&
	       tx->open == SHEATH_TX_NONE && tx->limit == SHEATH_PLAIN_MAX &&
	       user_backed_iter(from) && iov_iter_count(from) >= tx->limit;
}

static bool is_full(const struct sheath_tx *tx)
{
	return tx->open_len == tx->open_cap || tx->n_ref == SHEATH_TX_REFS;
}

/* the pages of a record that stays open outlive the call that brought them */
static void hold_refs(struct sheath_tx *tx)
{
	while (tx->n_held < tx->n_ref)
		get_page(tx->ref[tx->n_held++].bv_page);
}

static int may_begin(struct sheath_conn *conn, u8 type)
{
	return sheath_rekey_before_record(conn, type) ?:
	       (sheath_tx_seq_left(conn) ? 0 : -EKEYEXPIRED);
}

/* a record that is whole now, and small enough to be built in one piece */
static bool is_small(const struct sheath_tx *tx, size_t len, bool more)
{
	return min_t(size_t, len, tx->limit) <= SHEATH_TX_SMALL && (!more || len >= tx->limit);
}

/* begin a record with the next bytes, if need be after a change of keys */
static int gather_first(struct sheath_conn *conn, struct msghdr *msg, u8 type, bool more)
{
	struct iov_iter *from = &msg->msg_iter;
	struct sheath_tx *tx = conn->tx;
	size_t len = iov_iter_count(from);
	int rc = may_begin(conn, type);

	if (rc)
		return rc;
	if (is_small(tx, len, more))
		return sheath_tx_seal_small(conn, type, from, min_t(size_t, len, tx->limit));
	if (may_refer(tx, msg))
		return gather_ref(conn, from, type);
	if (may_pin(tx, from))
		return gather_pinned(conn, from, type);
	return gather_copy(conn, from, type, more && len < tx->limit);
}

/* one step: bytes into a record that is open or begins, or the end of one */
static int gather_some(struct sheath_conn *conn, struct msghdr *msg, u8 type, bool more)
{
	struct sheath_tx *tx = conn->tx;
	int rc;

	if (tx->open == SHEATH_TX_NONE)
		rc = gather_first(conn, msg, type, more);
	/* a full record could not be sealed before; a record of the other kind has to end here */
	else if (is_full(tx) || may_refer(tx, msg) != (tx->open == SHEATH_TX_REFERRED))
		return sheath_tx_seal_open(conn);
	else if (tx->open == SHEATH_TX_REFERRED)
		rc = gather_ref(conn, &msg->msg_iter, type);
	else
		rc = gather_copy(conn, &msg->msg_iter, type, more);
	if (!rc && tx->open != SHEATH_TX_NONE && is_full(tx))
		rc = sheath_tx_seal_open(conn);
	return rc;
}

/* room for another record, and for what may have to follow it */
static bool batch_left(const struct sheath_tx *tx, u32 max)
{
	return tx->pend_bytes < max && tx->n_changes < SHEATH_TX_CHANGES &&
	       tx->n_pend + SHEATH_TX_PEND_RECORD + SHEATH_TX_PEND_END <= SHEATH_TX_PEND;
}

/**
 * sheath_tx_gather() - make records of a message's bytes
 * @conn: connection with a sending key and nothing pending
 * @msg: message; its iterator moves on by what was taken
 * @type: content type, that of the open record if there is one
 * @more: the last record stays open for more bytes
 * @max: stop when so many bytes are sealed; one record at least is
 *
 * Context: lock_sock() held, may sleep.
 *
 * Return: 0, or a negative errno with whatever was taken before it kept.
 */
int sheath_tx_gather(struct sheath_conn *conn, struct msghdr *msg, u8 type, bool more,
		     u32 max)
{
	struct iov_iter *from = &msg->msg_iter;
	struct sheath_tx *tx = conn->tx;
	int rc = 0;

	while (!rc && iov_iter_count(from) && batch_left(tx, max))
		rc = gather_some(conn, msg, type, more);
	/* bytes before unreadable memory count as sent: seal them now, as no next call may come */
	if (!more && tx->open != SHEATH_TX_NONE &&
	    (rc == -EFAULT || (!rc && !iov_iter_count(from)))) {
		int sealed = sheath_tx_seal_open(conn);

		rc = rc ?: sealed;
	}
	hold_refs(tx);
	return rc;
}
