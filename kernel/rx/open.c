// SPDX-License-Identifier: GPL-2.0
/*
 * One record: header, place for the plaintext, cipher.
 *
 * Ciphertext is read where TCP left it. The plaintext of application data goes straight
 * into the reader's pages when it is large and fits; in TLS 1.3 the inner content type has
 * to be known for that, so the last byte before the tag is decrypted first. Everything else
 * goes to a record of the queue.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/tcp.h>

#include "core/compat.h"
#include "core/trace.h"
#include "rx/rx.h"

/* copy the header: its spilled part first, the rest from the queue */
static int copy_head(struct sheath_conn *conn, u8 head[SHEATH_HEADER_LEN])
{
	struct sheath_rx *rx = conn->rx;

	if (rx->spilled)
		memcpy(head, page_address(rx->spill[0]), rx->spilled);
	return sheath_rxq_copy(conn, 0, head + rx->spilled, SHEATH_HEADER_LEN - rx->spilled);
}

/**
 * sheath_rx_head() - look at the record in front
 * @conn: connection with a receiving key
 *
 * Context: lock_sock() held, or sk_data_ready().
 *
 * Return:
 * * 1		- it is complete
 * * 0		- more bytes are needed
 * * %-EINVAL, %-EMSGSIZE, %-EBADMSG, %-EPROTO - see sheath_record_check(); stays so
 */
int sheath_rx_head(struct sheath_conn *conn)
{
	struct sheath_rx *rx = conn->rx;
	u8 head[SHEATH_HEADER_LEN];

	if (rx->head_err)
		return rx->head_err;
	if (!rx->rec_len) {
		if (rx->spilled + sheath_rxq_avail(conn) < sizeof(head) || copy_head(conn, head))
			return 0;
		sheath_framing_get_header(head, &rx->head);
		rx->head_err = sheath_record_check(&rx->dir, &rx->head);
		if (rx->head_err)
			return rx->head_err;
		rx->rec_len = SHEATH_HEADER_LEN + rx->head.len;
	}
	return rx->spilled + sheath_rxq_avail(conn) >= rx->rec_len;
}

static int copy_raw(struct sheath_conn *conn, u32 off, void *to, u32 len)
{
	struct sheath_rx *rx = conn->rx;
	u8 *p = to;

	if (!rx->spilled)
		return sheath_rxq_copy(conn, off, to, len);
	for (; len; len--, off++)
		*p++ = ((u8 *)page_address(rx->spill[off / PAGE_SIZE]))[off % PAGE_SIZE];
	return 0;
}

static void list_spill(struct sheath_rx *rx, u32 off, u32 len)
{
	while (len) {
		u32 at = off % PAGE_SIZE;
		u32 part = min_t(u32, len, PAGE_SIZE - at);

		sheath_sgl_add(&rx->src, rx->spill[off / PAGE_SIZE], at, part);
		off += part;
		len -= part;
	}
}

/* additional data | ciphertext | tag of the record in front */
static int list_source(struct sheath_conn *conn, unsigned int aad_len)
{
	struct sheath_rx *rx = conn->rx;
	u32 off = rx->dir.prepend, len = rx->rec_len - rx->dir.prepend;
	int rc;

	sheath_sgl_reset(&rx->src);
	sheath_sgl_add_buf(&rx->src, rx->dir.aad, aad_len);
	if (!rx->spilled && sheath_rxq_map(conn, off, len, &rx->src)) {
		sheath_stat_inc(sock_net(conn->sk), SHEATH_STAT_RX_COPIED);
		rc = sheath_rxq_spill(conn, conn->sk->sk_allocation);
		if (rc)
			return rc;
		sheath_sgl_reset(&rx->src);
		sheath_sgl_add_buf(&rx->src, rx->dir.aad, aad_len);
	}
	if (rx->spilled)
		list_spill(rx, off, len);
	sheath_sgl_end(&rx->src);
	return 0;
}

/*
 * Take the front record out of the running count. Restart the count if it cannot be trusted: a
 * sender on this host may have changed shared pages since.
 */
static void forget_front(struct sheath_conn *conn)
{
	struct sheath_rx *rx = conn->rx;
	u32 content = sheath_record_content(&rx->dir, rx->rec_len);

	if (before(rx->scan_seq, sheath_rxq_front(conn) + rx->rec_len) ||
	    rx->scan_sum < content)
		rx->scanned = false;
	rx->scan_sum -= content;
}

static void record_done(struct sheath_conn *conn, u32 content)
{
	struct sheath_rx *rx = conn->rx;
	const struct net *net = sock_net(conn->sk);

	forget_front(conn);
	rx->ahead = 0;
	rx->n_ahead = 0;
	if (rx->spilled)
		sheath_rx_spill_free(conn);
	else
		sheath_rxq_used(conn, rx->rec_len);
	rx->rec_len = 0;
	WRITE_ONCE(conn->stats.rx_records, conn->stats.rx_records + 1);
	WRITE_ONCE(conn->stats.rx_bytes, conn->stats.rx_bytes + content);
	sheath_stat_inc(net, SHEATH_STAT_RX_RECORDS);
	sheath_stat_add(net, SHEATH_STAT_RX_BYTES, content);
}

/* no byte of the record was delivered: end the session, or let the next reader try again */
static int open_failed(struct sheath_conn *conn, int rc)
{
	if (rc == -ENOMEM) {
		sheath_stat_inc(sock_net(conn->sk), SHEATH_STAT_CIPHER_FAILED);
		return rc;
	}
	sheath_rxq_release(conn);
	if (rc == -EMSGSIZE)
		return sheath_alert_fatal(conn, EMSGSIZE, SHEATH_ALERT_RECORD_OVERFLOW,
					  SHEATH_STAT_RX_OVERFLOW);
	if (rc == -EILSEQ)
		return sheath_alert_fatal(conn, EILSEQ, SHEATH_ALERT_DECOMPRESSION_FAILURE,
					  SHEATH_STAT_RX_BAD_COMPRESSED);
	if (rc != -EBADMSG)
		return sheath_alert_fatal(conn, EIO, SHEATH_ALERT_INTERNAL_ERROR,
					  SHEATH_STAT_CIPHER_FAILED);
	WRITE_ONCE(conn->stats.rx_auth_fail, conn->stats.rx_auth_fail + 1);
	return sheath_alert_fatal(conn, EBADMSG, SHEATH_ALERT_BAD_RECORD_MAC,
				  SHEATH_STAT_RX_BAD_MAC);
}

/* bytes of content if the record in front is data without padding, else 0 */
static u32 data_len(struct sheath_conn *conn)
{
	struct sheath_rx *rx = conn->rx;
	u32 inner = rx->rec_len - rx->dir.prepend - rx->dir.cut;
	u8 last;

	if (!rx->dir.protect->direct || rx->dir.compress)
		return 0;
	if (!rx->dir.ver->has_inner_type)
		return rx->head.type == SHEATH_CT_DATA ? inner : 0;
	if (copy_raw(conn, rx->dir.prepend + inner - 1, &last, 1))
		return 0;
	last = sheath_record_inner_type(&rx->dir, inner - 1, last);
	return last == SHEATH_CT_DATA ? inner - 1 : 0;
}

/*
 * A cipher may have written the plaintext before it found that the record does not verify. Such
 * plaintext must be visible neither in a reader's pages nor in pages that other records go to.
 */
static void wipe_dst(struct sheath_sgl *dst)
{
	unsigned int i;

	for (i = 1; i < dst->n; i++)
		memset(sg_virt(&dst->sg[i]), 0, dst->sg[i].length);
}

static long open_listed(struct sheath_conn *conn, u32 cipher_len)
{
	struct sheath_rx *rx = conn->rx;
	u64 seq = rx->dir.seq;
	long len = sheath_record_open(&rx->dir, cipher_len, &rx->src, &rx->dst);

	trace_sheath_record_opened(conn->cookie, conn->rx_epoch, seq, rx->head.type, rx->rec_len,
				   min(len, 0L));
	return len;
}

/* Return: as sheath_rx_open(), or 1 if the reader's pages cannot be pinned */
static int open_direct(struct sheath_conn *conn, struct sheath_rx_want *want, u32 len,
		       unsigned int aad_len)
{
	struct sheath_rx *rx = conn->rx;
	struct sheath_compat_pin pin;
	u32 cipher_len = rx->rec_len - rx->dir.prepend;
	unsigned int i;
	long rc;

	sheath_sgl_reset(&rx->dst);
	sheath_sgl_add_buf(&rx->dst, rx->dir.aad, aad_len);
	if (sheath_compat_pin(&pin, want->direct, len))
		return 1;
	for (i = 0; i < pin.n; i++)
		sheath_sgl_add(&rx->dst, pin.bv[i].bv_page, pin.bv[i].bv_offset, pin.bv[i].bv_len);
	if (rx->dir.ver->has_inner_type)
		sheath_sgl_add_buf(&rx->dst, rx->over, 1);
	sheath_sgl_end(&rx->dst);
	rc = open_listed(conn, cipher_len);
	rc = min(rc, 0L);
	/* a sender on this host may have changed shared pages after the inner type was looked at */
	if (!rc && rx->dir.ver->has_inner_type && rx->over[0] != SHEATH_CT_DATA)
		rc = -EBADMSG;
	if (rc)
		wipe_dst(&rx->dst);
	sheath_compat_unpin(&pin, true);
	if (rc) {
		iov_iter_revert(want->direct, len);
		return open_failed(conn, rc);
	}
	want->got = len;
	sheath_stat_inc(sock_net(conn->sk), SHEATH_STAT_RX_DIRECT);
	record_done(conn, len);
	return 0;
}

/* opened bytes that go to the record's page; the rest goes to rx->over */
static u32 paged(const struct sheath_dir *dir, u32 inner)
{
	/* a page of content needs no larger buffer for its inner type alone */
	if (dir->ver->has_inner_type && inner == PAGE_SIZE + 1)
		return PAGE_SIZE;
	return min_t(u32, inner, SHEATH_PLAIN_MAX);
}

/* find the content of an inner plaintext that may end in rx->over */
static long unpad(struct sheath_rx *rx, struct sheath_rec *rec, u32 inner, u8 *type)
{
	u32 n = paged(&rx->dir, inner);
	long pos;

	if (inner > n && rx->over[0]) {
		*type = rx->over[0];
		return n;
	}
	pos = sheath_framing_unpad(sheath_rec_data(rec), n);
	if (pos >= 0)
		*type = sheath_rec_data(rec)[pos];
	return pos;
}

/* RFC 5246 section 6.2.2: the opened bytes are a fragment, or a compressed fragment */
static long decompress(struct sheath_rx *rx, struct sheath_rec *rec, long len)
{
	struct sheath_compress *c = rx->dir.compress;

	if (len < 0 || !c)
		return len;
	len = sheath_decompress(c, &rx->dst, len);
	if (len >= 0)
		sheath_rx_rec_swap(rx, rec, &c->page);
	return len;
}

static int no_content(struct sheath_conn *conn)
{
	record_done(conn, 0);
	sheath_rxq_release(conn);
	return sheath_alert_fatal(conn, EBADMSG, SHEATH_ALERT_UNEXPECTED_MESSAGE,
				  SHEATH_STAT_RX_EMPTY);
}

static int open_queued(struct sheath_conn *conn, unsigned int aad_len)
{
	struct sheath_rx *rx = conn->rx;
	u32 cipher_len = rx->rec_len - rx->dir.prepend;
	u32 room = cipher_len - rx->dir.cut;
	u32 in_page = paged(&rx->dir, room);
	struct sheath_rec *rec = sheath_rx_rec_alloc(conn, rx->dir.compress ? SHEATH_PLAIN_MAX :
								      in_page);
	long len;

	if (!rec)
		return -ENOMEM;
	sheath_sgl_reset(&rx->dst);
	sheath_sgl_add_buf(&rx->dst, rx->dir.aad, aad_len);
	sheath_sgl_add_buf(&rx->dst, sheath_rec_data(rec), in_page);
	if (room > in_page)
		sheath_sgl_add_buf(&rx->dst, rx->over, room - in_page);
	sheath_sgl_end(&rx->dst);
	len = open_listed(conn, cipher_len);
	sheath_stat_add(sock_net(conn->sk), SHEATH_STAT_RX_MAC_BLOCKS,
			sheath_record_mac_blocks(&rx->dir));
	len = decompress(rx, rec, len);
	if (len < 0) {
		wipe_dst(&rx->dst);
		sheath_rx_rec_free(rx, rec);
		return open_failed(conn, len);
	}
	rec->type = rx->head.type;
	if (rx->dir.ver->has_inner_type)
		len = unpad(rx, rec, len, &rec->type);
	if (len < 0) {
		sheath_rx_rec_free(rx, rec);
		return no_content(conn);
	}
	sheath_rx_rec_add(rx, rec, len);
	record_done(conn, len);
	return 0;
}

/**
 * sheath_rx_open() - open the record in front, which is complete
 * @conn: connection with a receiving key
 * @want: what the reader can take directly; @want->got is set
 *
 * Context: lock_sock() held, may sleep.
 *
 * Return:
 * * 0			- delivered (@want->got) or queued
 * * %-ENOMEM		- nothing happened, the record is still there; from the cipher, too
 * * %-EKEYEXPIRED	- no sequence number is left
 * * other		- the session is over
 */
int sheath_rx_open(struct sheath_conn *conn, struct sheath_rx_want *want)
{
	struct sheath_rx *rx = conn->rx;
	u8 explicit_iv[SHEATH_IV_MAX];
	unsigned int aad_len;
	int rc;

	want->got = 0;
	if (rx->dir.seq_end)
		return -EKEYEXPIRED;
	/* a partly spilled record is spilled whole, so that it lies in one place */
	rc = rx->spilled ? sheath_rxq_spill(conn, conn->sk->sk_allocation) : 0;
	if (rc)
		return rc;
	if (rx->dir.prepend > SHEATH_HEADER_LEN &&
	    copy_raw(conn, SHEATH_HEADER_LEN, explicit_iv,
		     rx->dir.prepend - SHEATH_HEADER_LEN))
		return -ENOMEM;
	aad_len = sheath_record_open_begin(&rx->dir, &rx->head, explicit_iv);
	rc = list_source(conn, aad_len);
	if (rc)
		return rc;
	if (want->direct && want->room >= SHEATH_RX_DIRECT_MIN && list_empty(&rx->recs) &&
	    rx->rec_len >= SHEATH_RX_DIRECT_MIN) {
		u32 len = data_len(conn);

		if (len && len <= want->room) {
			rc = open_direct(conn, want, len, aad_len);
			if (rc <= 0)
				return rc;
		}
	}
	return open_queued(conn, aad_len);
}
