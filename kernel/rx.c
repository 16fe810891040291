// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving: one walk over the records, shared by recvmsg, splice_read and read_sock.
 *
 * A reader takes what is queued, else asks for the next record, else waits. The lock is
 * released only in wait_event_sk(), and what was found in the receive queue before is
 * looked up anew after it. An error is told when everything before it was delivered.
 */
#include "rx.h"

#include <linux/net.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <net/tcp.h>

#include "compat.h"
#include "rekey.h"

/**
 * sheath_rx_alloc() - a pipeline without keys
 *
 * Return: pipeline, or NULL.
 */
struct sheath_rx *sheath_rx_alloc(void)
{
	struct sheath_rx *rx = kzalloc(sizeof(*rx), GFP_KERNEL_ACCOUNT);

	if (!rx)
		return NULL;
	INIT_LIST_HEAD(&rx->recs);
	sheath_sgl_init(&rx->src);
	sheath_sgl_init(&rx->dst);
	return rx;
}

/**
 * sheath_rx_free() - give up everything, keys included
 * @rx: pipeline or NULL
 */
void sheath_rx_free(struct sheath_rx *rx)
{
	struct sheath_rec *rec, *next;
	unsigned int i;

	if (!rx)
		return;
	list_for_each_entry_safe(rec, next, &rx->recs, list)
		sheath_rx_rec_free(rx, rec);
	if (rx->scratch.page)
		put_page(rx->scratch.page);
	for (i = 0; i < SHEATH_RX_SPILL_PAGES; i++) {
		if (rx->spill[i])
			put_page(rx->spill[i]);
	}
	sheath_dir_exit(&rx->dir);
	memzero_explicit(rx, sizeof(*rx));
	kfree_rcu(rx, rcu);
}

/**
 * sheath_rx_seq() - number of the next record
 * @conn: context
 *
 * Context: lock_sock() or rcu_read_lock() held.
 *
 * Return: the number, 0 without a receiving key.
 */
u64 sheath_rx_seq(const struct sheath_conn *conn)
{
	const struct sheath_rx *rx = READ_ONCE(conn->rx);

	return rx ? READ_ONCE(rx->dir.seq) : 0;
}

/**
 * sheath_rx_first() - the opened record in front
 * @rx: pipeline
 *
 * Return: record, or NULL.
 */
struct sheath_rec *sheath_rx_first(struct sheath_rx *rx)
{
	return list_first_entry_or_null(&rx->recs, struct sheath_rec, list);
}

/* what a record costs, however little is in it */
static u32 rec_mem(const struct sheath_rec *rec)
{
	return rec->scratch ? PAGE_SIZE : SHEATH_PLAIN_MAX;
}

/**
 * sheath_rx_rec_used() - part of an opened record was delivered
 * @rx: pipeline
 * @rec: record in the list; gone when nothing is left of it
 * @n: bytes
 */
void sheath_rx_rec_used(struct sheath_rx *rx, struct sheath_rec *rec, u32 n)
{
	rec->off += n;
	rx->recs_bytes -= n;
	rx->gone += n;
	if (rec->off < rec->len)
		return;
	list_del(&rec->list);
	rx->recs_mem -= rec_mem(rec);
	sheath_rx_rec_free(rx, rec);
}

static const struct {
	int			err;
	enum sheath_alert	alert;
	enum sheath_stat	stat;
} head_errors[] = {
	{ EINVAL, SHEATH_ALERT_PROTOCOL_VERSION, SHEATH_STAT_RX_BAD_VERSION },
	{ EMSGSIZE, SHEATH_ALERT_RECORD_OVERFLOW, SHEATH_STAT_RX_OVERFLOW },
	{ EBADMSG, SHEATH_ALERT_BAD_RECORD_MAC, SHEATH_STAT_RX_SHORT },
	{ EPROTO, SHEATH_ALERT_UNEXPECTED_MESSAGE, SHEATH_STAT_RX_BAD_TYPE },
};

static int bad_head(struct sheath_conn *conn, int rc)
{
	unsigned int i;

	sheath_rxq_release(conn);
	for (i = 0; i < ARRAY_SIZE(head_errors) - 1; i++) {
		if (head_errors[i].err == -rc)
			break;
	}
	return sheath_alert_fatal(conn, head_errors[i].err, head_errors[i].alert,
				  head_errors[i].stat);
}

static void drop_last(struct sheath_rx *rx)
{
	struct sheath_rec *rec = list_last_entry(&rx->recs, struct sheath_rec, list);

	list_del(&rec->list);
	rx->recs_bytes -= rec->len;
	rx->recs_mem -= rec_mem(rec);
	sheath_rx_rec_free(rx, rec);
}

static void data_came(struct sheath_rx *rx)
{
	rx->n_empty = 0;
	rx->n_warning = 0;
	rx->n_update = 0;
}

/* the record that was queued last: keep it for a reader, or see to it here */
static int queued(struct sheath_conn *conn)
{
	struct sheath_rx *rx = conn->rx;
	struct sheath_rec *rec = list_last_entry(&rx->recs, struct sheath_rec, list);
	bool empty;
	int rc = 0;

	if (rec->type == SHEATH_CT_DATA && rec->len) {
		data_came(rx);
		return 0;
	}
	if (rec->type != SHEATH_CT_DATA && conn->ctrl_app) {
		rx->n_empty = 0;
		return sheath_rx_ctrl_app(conn, rec);
	}
	empty = rec->type == SHEATH_CT_DATA;
	if (!empty)
		rc = sheath_rx_ctrl(conn, rec);
	drop_last(rx);
	if (empty && ++rx->n_empty > SHEATH_RX_EMPTY_MAX) {
		sheath_rxq_release(conn);
		rc = sheath_alert_fatal(conn, EPROTO, SHEATH_ALERT_UNEXPECTED_MESSAGE,
					SHEATH_STAT_RX_FLOOD);
	}
	return rc;
}

/**
 * sheath_rx_next() - take one more record out of the receive queue
 * @conn: connection with a receiving key
 * @want: what the reader can take directly
 *
 * Context: lock_sock() held, may sleep.
 *
 * Return:
 * * 1			- a record was taken: delivered, queued, or seen to
 * * 0			- none is complete, or the stream ended
 * * %-ENOMEM, other	- of the crypto API, while the peer's key is followed: nothing happened
 * * %-EKEYEXPIRED	- the peer's key changed, or its sequence numbers are used up
 * * other		- the session is over
 */
int sheath_rx_next(struct sheath_conn *conn, struct sheath_rx_want *want)
{
	struct sheath_rx *rx = conn->rx;
	int rc;

	want->got = 0;
	if (conn->err)
		return -conn->err;
	if (rx->eof)
		return 0;
	if (rx->paused)
		return -EKEYEXPIRED;
	rc = rx->rekey_due ? sheath_rekey_follow(conn) : 0;
	if (rc)
		return rc;
	rc = sheath_rx_head(conn);
	if (rc < 0)
		return bad_head(conn, rc);
	if (!rc)
		return 0;
	rc = sheath_rx_open(conn, want);
	if (rc)
		return rc;
	/* RFC 8446 section 5.1: no data between the parts of a handshake message */
	if (rx->hs.n_head && (want->got ||
	    list_last_entry(&rx->recs, struct sheath_rec, list)->type == SHEATH_CT_DATA) &&
	    !sheath_rx_ctrl_app_data(conn)) {
		if (!want->got)
			drop_last(rx);
		want->got = 0;
		sheath_rxq_release(conn);
		return sheath_alert_fatal(conn, EPROTO, SHEATH_ALERT_UNEXPECTED_MESSAGE,
					  SHEATH_STAT_RX_BAD_HANDSHAKE);
	}
	if (want->got) {
		data_came(rx);
		return 1;
	}
	rc = queued(conn);
	return rc < 0 ? rc : 1;
}

/* count the content of the record at @rx->scan_seq; false: it is not complete */
static bool count_one(struct sheath_conn *conn)
{
	struct sheath_rx *rx = conn->rx;
	u32 off = rx->scan_seq - sheath_rxq_front(conn), len = rx->rec_len;
	struct sheath_header h;
	u8 head[SHEATH_HEADER_LEN];

	if (off) {
		off -= rx->spilled;
		if (off + sizeof(head) > sheath_rxq_avail(conn) ||
		    sheath_rxq_copy(conn, off, head, sizeof(head)))
			return false;
		sheath_framing_get_header(head, &h);
		if (sheath_record_check(&rx->dir, &h)) {
			/* what a reader will be told is worth any mark */
			rx->scan_sum = U32_MAX;
			return false;
		}
		len = sizeof(head) + h.len;
		if (off + len > sheath_rxq_avail(conn))
			return false;
	}
	rx->scan_seq += len;
	rx->scan_sum += sheath_record_content(&rx->dir, len);
	return true;
}

/*
 * Could a reader have @target bytes of content now? Where a count ended, the next one goes
 * on: one that began anew for every segment would take its time with many small records.
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
		rx->scanned = true;
	}
	while (rx->scan_sum < target - rx->recs_bytes && count_one(conn))
		;
	return rx->scan_sum >= target - rx->recs_bytes;
}

/* one byte of ciphertext in the receive queue, decrypted; authentic it is not */
static u8 peek_byte(struct sheath_conn *conn, u32 off, u32 pos)
{
	struct sheath_dir *dir = &conn->rx->dir;
	u8 byte = 0;

	if (sheath_rxq_copy(conn, off + dir->prepend + pos, &byte, 1))
		return 0;
	return sheath_record_inner_type(dir, pos, byte);
}

/*
 * Is the record at @off, @ahead of the one in front, nothing but a session ticket? What is
 * behind any other message may be under another key, and must not be judged by this one.
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
 * A server of TLS 1.3 sends tickets that no reader gets: who polls must not be told of bytes,
 * read, and wait. So the records in front, the first of which is complete, are looked at before
 * anybody is woken up.
 */
static bool only_tickets(struct sheath_conn *conn)
{
	struct sheath_rx *rx = conn->rx;
	u8 head[SHEATH_HEADER_LEN];
	struct sheath_header h = rx->head;
	u32 off = 0, n;

	if (!rx->dir.ver->has_inner_type || conn->ctrl_app || rx->spilled || rx->hs.n_head ||
	    rx->rekey_due || !list_empty(&rx->recs))
		return false;
	for (n = 0; n < SHEATH_RX_TICKETS_MAX && is_ticket(conn, off, n, &h); n++) {
		off += sizeof(head) + h.len;
		if (off + sizeof(head) > sheath_rxq_avail(conn) ||
		    sheath_rxq_copy(conn, off, head, sizeof(head)))
			return true;
		sheath_framing_get_header(head, &h);
		if (sheath_record_check(&rx->dir, &h))
			return false;
		if (off + sizeof(head) + h.len > sheath_rxq_avail(conn))
			return true;
	}
	return false;
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
	/* nothing can be read with the old key, so there is nothing to wake up for */
	int head = rx->eof ? 1 : rx->paused ? 0 : sheath_rx_head(conn);
	bool ready = head || !list_empty(&rx->recs);
	u32 target = rx->hurried ? 1 : sheath_rx_mark(conn);

	if (!head && !rx->paused && tcp_epollin_ready(sk, INT_MAX) && sheath_rxq_avail(conn)) {
		/* the window is closing on a record that is not complete */
		sheath_stat_inc(sock_net(sk), SHEATH_STAT_RX_SPILLED);
		sheath_rxq_spill(conn);
		sheath_rxq_release(conn);
		ready |= sheath_rx_head(conn) != 0;
	}
	if (ready && target > 1 && !rx->eof && !rx->paused && head >= 0)
		ready = tcp_epollin_ready(sk, INT_MAX) || content_ready(conn, target);
	/* a window that is full of tickets closes nobody out */
	if (ready && head > 0 && !rx->eof && only_tickets(conn))
		ready = tcp_epollin_ready(sk, INT_MAX);
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

	sheath_rx_update(conn);
	if (conn->rx->ready || sk->sk_err || sk->sk_shutdown & RCV_SHUTDOWN)
		conn->base_data_ready(sk);
}

/*
 * Sleep until something happens to the socket; the lock is released and taken again. Who has
 * bytes already, or asked for few, is in need of less than the mark and wakes up earlier.
 */
static int wait_event_sk(struct sheath_conn *conn, size_t need, long *timeo)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	bool hurried = need < sheath_rx_mark(conn);
	struct sock *sk = conn->sk;

	if (!*timeo)
		return -EAGAIN;
	if (signal_pending(current))
		return sock_intr_errno(*timeo);
	conn->rx->hurried += hurried;
	sheath_rxq_release(conn);
	sheath_rx_update(conn);
	add_wait_queue(sk_sleep(sk), &wait);
	sk_set_bit(SOCKWQ_ASYNC_WAITDATA, sk);
	/* all that is waited for comes with a wake-up */
	sk_wait_event(sk, timeo, READ_ONCE(sk->sk_err), &wait);
	sk_clear_bit(SOCKWQ_ASYNC_WAITDATA, sk);
	remove_wait_queue(sk_sleep(sk), &wait);
	conn->rx->hurried -= hurried;
	return 0;
}

/*
 * What a reader is told when there is no record: 1 = wait for one. A reader that has bytes
 * already is not told what is told once.
 */
static int no_record(struct sheath_conn *conn, bool tell)
{
	struct sheath_rx *rx = conn->rx;
	struct sock *sk = conn->sk;
	bool over = sock_flag(sk, SOCK_DONE) || sk->sk_state == TCP_CLOSE;

	if (rx->eof)
		return 0;
	if (!tell && (over || sk->sk_err))
		return 0;
	if (sk->sk_err && !sock_flag(sk, SOCK_DONE)) {
		rx->fin_told = true;
		return sock_error(sk);
	}
	/* a reset whose error went to a sender is a truncation, too */
	if (over) {
		bool torn = rx->rec_len || rx->spilled || sheath_rxq_avail(conn);

		if ((conn->eof_lenient && !torn) || rx->fin_told)
			return 0;
		rx->fin_told = true;
		sheath_stat_inc(sock_net(sk), SHEATH_STAT_RX_TRUNCATED);
		return -ECONNABORTED;
	}
	return sk->sk_shutdown & RCV_SHUTDOWN ? 0 : 1;
}

/* Return: 1 = go on, a record may be there; 0 = the stream or this call is over; or an errno */
static int take_record(struct sheath_conn *conn, struct sheath_rx_want *want, bool tell,
		       size_t need, long *timeo)
{
	int rc = sheath_rx_next(conn, want);

	if (rc || !timeo)
		return rc;
	rc = no_record(conn, tell);
	if (rc <= 0)
		return rc;
	rc = wait_event_sk(conn, need, timeo);
	return rc ?: 1;
}

/**
 * sheath_rx_wait_record() - have a record queued, for readers without pages of their own
 * @conn: connection with a receiving key
 * @timeo: time left, jiffies; NULL: take what is there
 *
 * Context: lock_sock() held; released and taken again if @timeo is given.
 *
 * Return: 1 = look at the queue again; 0 = the stream ended, or nothing is there and @timeo
 * is NULL; or an errno as of sheath_rx_recvmsg().
 */
int sheath_rx_wait_record(struct sheath_conn *conn, long *timeo)
{
	struct sheath_rx_want want = { };

	return take_record(conn, &want, true, 1, timeo);
}

/* TLS_GET_RECORD_TYPE of <linux/tls.h>; a control record is not read without it */
static int put_type(struct msghdr *msg, u8 type)
{
	int rc = 0;

	if (msg->msg_controllen || type != SHEATH_CT_DATA) {
		rc = put_cmsg(msg, SOL_TLS, TLS_GET_RECORD_TYPE, sizeof(type), &type);
		if (!rc && msg->msg_flags & MSG_CTRUNC)
			rc = -EIO;
	}
	return type == SHEATH_CT_DATA || !rc ? 0 : -EIO;
}

/**
 * struct reader - one call of recvmsg
 * @msg: message
 * @flags: MSG_*
 * @len: bytes asked for
 * @copied: bytes delivered
 * @type: content type of this call, valid if @typed
 * @typed: the control message was written
 * @skip: peeking: bytes of the queue already copied
 * @gone: peeking: what the pipeline's @gone was when @skip was 0
 */
struct reader {
	struct msghdr	*msg;
	int		flags;
	size_t		len;
	size_t		copied;
	u8		type;
	bool		typed;
	size_t		skip;
	u64		gone;
};

/* the record to copy from next, and where; peeking goes past what it has seen */
static struct sheath_rec *source(struct sheath_rx *rx, struct reader *r, u32 *off)
{
	size_t skip = r->flags & MSG_PEEK ? r->skip : 0;
	struct sheath_rec *rec;

	list_for_each_entry(rec, &rx->recs, list) {
		*off = rec->off;
		if (skip < rec->len - rec->off || rec->off == rec->len) {
			*off += skip;
			return rec;
		}
		skip -= rec->len - rec->off;
		if (rec->type != SHEATH_CT_DATA)
			break;
	}
	return NULL;
}

/* Return: 1 = go on, 0 = this call is over, or an errno */
static int deliver(struct sheath_conn *conn, struct reader *r, struct sheath_rec *rec, u32 off)
{
	size_t n = min_t(size_t, r->len - r->copied, rec->len - off);
	int rc;

	if (r->typed ? rec->type != r->type : 0)
		return 0;
	if (!r->typed) {
		rc = put_type(r->msg, rec->type);
		if (rc)
			return rc;
		r->type = rec->type;
		r->typed = true;
	}
	if (n && !(r->flags & MSG_TRUNC)) {
		size_t done = copy_to_iter(page_address(rec->page) + off, n, &r->msg->msg_iter);

		if (done != n) {
			iov_iter_revert(&r->msg->msg_iter, done);
			return -EFAULT;
		}
	}
	r->copied += n;
	r->skip += n;
	if (rec->type != SHEATH_CT_DATA && off + n == rec->len)
		r->msg->msg_flags |= MSG_EOR;
	rc = rec->type == SHEATH_CT_DATA;
	if (!(r->flags & MSG_PEEK))
		sheath_rx_rec_used(conn->rx, rec, n);
	return rc;
}

/* the memory of opened records is bounded by the receive buffer, however much is peeked at */
static bool may_queue(struct sheath_conn *conn)
{
	return conn->rx->recs_mem < READ_ONCE(conn->sk->sk_rcvbuf);
}

/* one step; Return: 1 = go on, 0 = this call is over, or an errno */
static int step(struct sheath_conn *conn, struct reader *r, size_t target, long *timeo)
{
	struct sheath_rx_want want = { .room = r->len - r->copied };
	struct sheath_rec *rec;
	u32 off;
	int rc;

	if (r->flags & MSG_PEEK && conn->rx->gone != r->gone) {
		/* while this one waited, another reader took what it had peeked at */
		iov_iter_revert(&r->msg->msg_iter, r->flags & MSG_TRUNC ? 0 : r->copied);
		r->copied = 0;
		r->skip = 0;
		r->gone = conn->rx->gone;
		return 1;
	}
	rec = source(conn->rx, r, &off);
	if (rec)
		return deliver(conn, r, rec, off);
	if (r->flags & MSG_PEEK && !list_empty(&conn->rx->recs) &&
	    (!may_queue(conn) || sheath_rx_first(conn->rx)->type != SHEATH_CT_DATA))
		return 0;
	if (!(r->flags & (MSG_PEEK | MSG_TRUNC)) && user_backed_iter(&r->msg->msg_iter) &&
	    (!r->typed || r->type == SHEATH_CT_DATA))
		want.direct = &r->msg->msg_iter;
	/* what was peeked at is still there and counts again */
	rc = take_record(conn, &want, !r->copied,
			 r->flags & MSG_PEEK ? target : target - r->copied,
			 r->copied < target ? timeo : NULL);
	if (rc <= 0)
		return rc;
	if (want.got) {
		if (!r->typed)
			put_type(r->msg, SHEATH_CT_DATA);
		r->type = SHEATH_CT_DATA;
		r->typed = true;
		r->copied += want.got;
	}
	return 1;
}

/*
 * In-tree TLS tells of a bad header once, and then there is nothing to read, ever. Who does
 * not wait may be told so, too; who waits would wait for ever.
 */
static int tell(struct sheath_conn *conn, int rc, int flags)
{
	struct sheath_rx *rx = conn->rx;

	if (!conn->in_tree || !rx->head_err || rc != -conn->err)
		return rc;
	if (rx->head_told && flags & MSG_DONTWAIT)
		return -EAGAIN;
	rx->head_told = true;
	return rc;
}

/**
 * sheath_rx_recvmsg() - recvmsg() on a connection with a receiving key
 * @conn: connection
 * @msg: message
 * @len: bytes asked for
 * @flags: MSG_PEEK, MSG_WAITALL, MSG_DONTWAIT, MSG_TRUNC
 *
 * Context: lock_sock() held, released while waiting; may sleep.
 *
 * Return: bytes delivered, 0 at the end of the stream, or
 * * %-EAGAIN		- nothing there
 * * %-EIO		- a control record, and no room for its type; it stays
 * * %-EKEYEXPIRED	- the peer changed its key
 * * %-ECONNABORTED	- the connection ended without close_notify; told once
 * * %-EOPNOTSUPP	- MSG_OOB
 * * other		- what ended the session or the connection
 */
int sheath_rx_recvmsg(struct sheath_conn *conn, struct msghdr *msg, size_t len, int flags)
{
	struct reader r = { .msg = msg, .flags = flags, .len = len, .gone = conn->rx->gone };
	struct sock *sk = conn->sk;
	size_t target = flags & MSG_WAITALL ? len : min_t(size_t, len, sheath_rx_mark(conn));
	long timeo = sock_rcvtimeo(sk, flags & MSG_DONTWAIT);
	int rc;

	sheath_conn_owned(conn);
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (!len)
		return 0;
	do {
		rc = step(conn, &r, target, &timeo);
	} while (rc > 0 && r.copied < len);
	sheath_rxq_release(conn);
	sheath_rx_update(conn);
	return r.copied ? r.copied : rc < 0 ? tell(conn, rc, flags) : 0;
}

/**
 * sheath_rx_drain() - see to control records that wait behind the last data read
 * @conn: connection with a receiving key, about to be closed
 *
 * TCP resets a connection that is closed with unread bytes, and with it what the peer has
 * not read yet. A session ticket or a close_notify is not worth that.
 *
 * Context: lock_sock() held, may sleep.
 */
void sheath_rx_drain(struct sheath_conn *conn)
{
	struct sheath_rx_want want = { };

	while (!conn->err && list_empty(&conn->rx->recs) && sheath_rx_next(conn, &want) > 0)
		;
	/* RFC 8446 section 6.1: what comes after a close_notify is ignored */
	if (conn->rx->eof)
		sheath_rxq_used(conn, sheath_rxq_avail(conn));
	sheath_rxq_release_all(conn);
}

/**
 * sheath_rx_inq() - FIONREAD: bytes of data a reader would get before anything else
 * @conn: connection with a receiving key
 *
 * Padding and content type of a TLS 1.3 record are known when it is open, so what is complete
 * is opened for this and waits in the queue, as if it was peeked at. What more than a receive
 * buffer of opened records holds is not counted, nor a control record and what follows it. An
 * error is left for a reader to find.
 *
 * Context: lock_sock() held, may sleep.
 */
u32 sheath_rx_inq(struct sheath_conn *conn)
{
	struct sheath_rx_want want = { };
	struct sheath_rx *rx = conn->rx;
	struct sheath_rec *rec;
	u32 sum = 0;

	while (may_queue(conn) && (list_empty(&rx->recs) ||
	       list_last_entry(&rx->recs, struct sheath_rec, list)->type == SHEATH_CT_DATA)) {
		if (sheath_rx_next(conn, &want) <= 0)
			break;
	}
	sheath_rxq_release(conn);
	sheath_rx_update(conn);
	list_for_each_entry(rec, &rx->recs, list) {
		if (rec->type != SHEATH_CT_DATA)
			break;
		sum += rec->len - rec->off;
	}
	return min_t(u32, sum, INT_MAX);
}

/**
 * sheath_rx_set_rcvlowat() - SO_RCVLOWAT
 * @conn: connection with a receiving key
 * @base: what TCP does about it, cap it and see to a buffer that can hold it
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
	sheath_rxq_release(conn);
	sheath_rx_update(conn);
	if (conn->rx->ready)
		conn->base_data_ready(conn->sk);
	return rc;
}
