// SPDX-License-Identifier: GPL-2.0
/*
 * Readiness: would a reader get something now? The answer is worked out whenever bytes came or
 * were read, so that poll() has to look at one flag only, and TCP wakes no reader in vain.
 */
#include <net/tcp.h>

#include "rx/rx.h"

/* Return: 1 = the record at @off is complete, 0 = more bytes are needed, or an errno */
static int record_at(struct sheath_conn *conn, u32 off, struct sheath_header *h)
{
	u8 head[SHEATH_HEADER_LEN];
	int rc;

	if (off + sizeof(head) > sheath_rxq_avail(conn) ||
	    sheath_rxq_copy(conn, off, head, sizeof(head)))
		return 0;
	sheath_framing_get_header(head, h);
	rc = sheath_record_check(&conn->rx->dir, h);
	return rc ?: off + sizeof(head) + h->len <= sheath_rxq_avail(conn);
}

/* count the content of the record at @rx->scan_seq; false: it is not complete */
static bool count_one(struct sheath_conn *conn)
{
	struct sheath_rx *rx = conn->rx;
	u32 off = rx->scan_seq - sheath_rxq_front(conn), len = rx->rec_len;
	struct sheath_header h;
	int rc;

	if (off) {
		rc = record_at(conn, off - rx->spilled, &h);
		rx->scan_bad = rc < 0;
		if (rc <= 0)
			return false;
		len = SHEATH_HEADER_LEN + h.len;
	}
	rx->scan_seq += len;
	rx->scan_sum += sheath_record_content(&rx->dir, len);
	return true;
}

/*
 * Could a reader have @target bytes of content now? Each count goes on where the last one ended:
 * a count from the start for every segment would be slow with many small records.
 */
static bool content_ready(struct sheath_conn *conn, u32 target)
{
	struct sheath_rx *rx = conn->rx;

	if (rx->recs_bytes >= target)
		return true;
	if (sheath_rx_head(conn) <= 0)
		return false;
	if (!rx->scanned) {
		rx->scan_seq = sheath_rxq_front(conn);
		rx->scan_sum = 0;
		rx->scan_bad = false;
		rx->scanned = true;
	}
	while (rx->scan_sum < target - rx->recs_bytes && count_one(conn))
		;
	/* a bad header must wake the reader whatever SO_RCVLOWAT says */
	return rx->scan_bad || rx->scan_sum >= target - rx->recs_bytes;
}

/* one byte of ciphertext in the receive queue, decrypted but not authenticated */
static u8 peek_byte(struct sheath_conn *conn, u32 off, u32 pos)
{
	struct sheath_dir *dir = &conn->rx->dir;
	u8 byte = 0;

	if (sheath_rxq_copy(conn, off + dir->prepend + pos, &byte, 1))
		return 0;
	return sheath_record_inner_type(dir, pos, byte);
}

/*
 * Is the record at @off, @ahead records behind the one in front, exactly one session ticket? A
 * record behind any other message may be under another key, so it must not be looked at with this
 * one.
 */
static bool is_ticket(struct sheath_conn *conn, u32 off, u32 ahead, const struct sheath_header *h)
{
	struct sheath_dir *dir = &conn->rx->dir;
	u32 len = h->len - dir->append;

	sheath_record_look_ahead(dir, ahead);
	return peek_byte(conn, off, len) == SHEATH_CT_HANDSHAKE && len > SHEATH_MSG_HEAD_LEN &&
	       peek_byte(conn, off, 0) == SHEATH_MSG_NEW_SESSION_TICKET &&
	       !peek_byte(conn, off, 1) &&
	       (peek_byte(conn, off, 2) << 8 | peek_byte(conn, off, 3)) ==
	       len - SHEATH_MSG_HEAD_LEN;
}

/*
 * A TLS 1.3 server sends tickets that no reader gets. poll() must not report them, or a reader
 * would find nothing and wait. So the records in front, of which the first is complete, are looked
 * at before a reader is woken up. Each record is looked at once, however often bytes come behind
 * it.
 */
static bool only_tickets(struct sheath_conn *conn)
{
	struct sheath_rx *rx = conn->rx;
	struct sheath_header h;
	int rc;

	if (!rx->dir.ver->has_inner_type || conn->ctrl_app || rx->spilled || rx->hs.n_head ||
	    rx->rekey_due || !list_empty(&rx->recs))
		return false;
	for (; rx->n_ahead < SHEATH_RX_TICKETS_MAX; rx->n_ahead++) {
		rc = record_at(conn, rx->ahead, &h);
		if (rc <= 0)
			return !rc && rx->n_ahead;
		if (!is_ticket(conn, rx->ahead, rx->n_ahead, &h))
			return false;
		rx->ahead += SHEATH_HEADER_LEN + h.len;
	}
	return false;
}

/**
 * sheath_rx_is_data() - is there a record in front, and is it data?
 * @conn: connection with a receiving key
 *
 * Context: lock_sock() held.
 *
 * Return: true if it is, as far as that can be told without opening it.
 */
bool sheath_rx_is_data(struct sheath_conn *conn)
{
	struct sheath_rx *rx = conn->rx;
	u32 len;

	if (conn->err || rx->eof || rx->paused || rx->rekey_due || rx->hs.n_head || rx->spilled ||
	    sheath_rx_head(conn) <= 0)
		return false;
	if (!rx->dir.protect->direct || rx->dir.compress)
		return false;
	len = rx->rec_len - rx->dir.prepend - rx->dir.append;
	if (!len || !rx->dir.ver->has_inner_type)
		return len && rx->head.type == SHEATH_CT_DATA;
	sheath_record_look_ahead(&rx->dir, 0);
	return peek_byte(conn, 0, len) == SHEATH_CT_DATA;
}

/**
 * sheath_rx_hint() - bytes a reader would get now, at most
 * @conn: connection with a receiving key
 *
 * No record is opened for this. Padding, compressed records and control records count with the
 * most content they could have.
 *
 * Context: lock_sock() held.
 *
 * Return: bytes; 1 if there is an end or an error to be told of; 0 if a reader would wait.
 */
int sheath_rx_hint(struct sheath_conn *conn)
{
	struct sheath_rx *rx = conn->rx;
	u64 sum = rx->recs_bytes;
	bool more = !conn->err && !rx->eof && !rx->paused && sheath_rx_head(conn) > 0 &&
		    !only_tickets(conn);

	if (more) {
		content_ready(conn, INT_MAX);
		sum += rx->scan_sum ?: rx->scan_bad;
	}
	rx->cursor = NULL;
	if (!sum && (conn->err || rx->eof || sock_flag(conn->sk, SOCK_DONE)))
		return 1;
	return min_t(u64, sum, INT_MAX);
}

/**
 * sheath_rx_make_room() - take a record that is not complete out of a full receive buffer
 * @conn: connection with a receiving key, whose record in front is not complete
 * @gfp: how to allocate memory for it
 *
 * Context: lock_sock() held, or sk_data_ready(); may sleep if @gfp allows it.
 *
 * Return: 1 = there is room for more, 0 = there was no need to, or %-ENOMEM.
 */
int sheath_rx_make_room(struct sheath_conn *conn, gfp_t gfp)
{
	struct sock *sk = conn->sk;

	if (conn->rx->eof || !sheath_rxq_avail(conn) || !sheath_rxq_crowded(sk))
		return 0;
	sheath_stat_inc(sock_net(sk), SHEATH_STAT_RX_SPILLED);
	if (sheath_rxq_spill(conn, gfp))
		return -ENOMEM;
	sheath_rxq_release(conn);
	return 1;
}

/**
 * sheath_rx_update() - work out whether a reader would get something
 * @conn: connection with a receiving key
 *
 * Context: lock_sock() held, or sk_data_ready().
 */
void sheath_rx_update(struct sheath_conn *conn)
{
	struct sheath_rx *rx = conn->rx;
	struct sock *sk = conn->sk;
	/* a paused direction wakes no reader: the old key opens nothing more */
	int head = rx->eof ? 1 : rx->paused ? 0 : sheath_rx_head(conn);
	bool ready = head || !list_empty(&rx->recs);
	u32 target = rx->hurried ? 1 : sheath_rx_mark(conn);

	if (!head && !rx->paused) {
		int room = sheath_rx_make_room(conn, GFP_ATOMIC);

		/* a reader can wait for memory */
		ready |= room < 0 || (room && sheath_rx_head(conn) != 0);
	}
	if (ready && target > 1 && !rx->eof && !rx->paused && head >= 0)
		ready = sheath_rxq_crowded(sk) || content_ready(conn, target);
	/* tickets alone do not make the socket readable, unless they fill the receive window */
	if (ready && head > 0 && !rx->eof && only_tickets(conn))
		ready = sheath_rxq_crowded(sk);
	rx->cursor = NULL;
	WRITE_ONCE(rx->ready, ready);
}

/**
 * sheath_rx_data_ready() - TCP has new bytes
 * @conn: connection with a receiving key
 *
 * Context: softirq on a socket nobody owns, or the backlog run by its owner.
 */
void sheath_rx_data_ready(struct sheath_conn *conn)
{
	struct sock *sk = conn->sk;

	/* only a reader can clear rx->ready, and it calls sheath_rx_update() afterwards */
	if (!conn->rx->ready)
		sheath_rx_update(conn);
	if (conn->rx->ready || sk->sk_err || sk->sk_shutdown & RCV_SHUTDOWN)
		conn->base_data_ready(sk);
}

/**
 * sheath_rx_recheck() - the application changed what it wants to be woken up for
 * @conn: connection with a receiving key
 *
 * Context: lock_sock() held.
 */
void sheath_rx_recheck(struct sheath_conn *conn)
{
	sheath_rxq_release(conn);
	sheath_rx_update(conn);
	if (conn->rx->ready)
		conn->base_data_ready(conn->sk);
}

/**
 * sheath_rx_set_rcvlowat() - SO_RCVLOWAT
 * @conn: connection with a receiving key
 * @base: function of TCP, which caps the mark and enlarges the buffer for it
 * @val: mark
 *
 * Context: lock_sock() held.
 *
 * Return: as @base.
 */
int sheath_rx_set_rcvlowat(struct sheath_conn *conn, int (*base)(struct sock *sk, int val),
			   int val)
{
	int rc;

	conn->rx->lowered = 0;
	rc = base(conn->sk, val);
	sheath_rx_recheck(conn);
	return rc;
}
