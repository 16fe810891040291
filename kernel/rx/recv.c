// SPDX-License-Identifier: GPL-2.0
/* recvmsg(), and the other questions of the application about received records. */
#include <linux/net.h>
#include <linux/tls.h>
#include <net/busy_poll.h>
#include <net/tcp.h>

#include "core/compat.h"
#include "rx/rx.h"

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
 * @last: peeking: record that was copied from last, NULL: none yet
 * @skip: peeking: bytes of it already copied
 * @gone: peeking: the pipeline's @gone at the start of the peek; @last is valid while it is equal
 */
struct reader {
	struct msghdr	*msg;
	int		flags;
	size_t		len;
	size_t		copied;
	u8		type;
	bool		typed;
	struct sheath_rec *last;
	u32		skip;
	u64		gone;
};

/* the record to copy from next, and the offset; a peek goes on behind the bytes it has copied */
static struct sheath_rec *source(struct sheath_rx *rx, struct reader *r, u32 *off)
{
	struct sheath_rec *rec = r->last ?: sheath_rx_first(rx);

	if (r->last && rec->off + r->skip == rec->len) {
		if (rec->type != SHEATH_CT_DATA || list_is_last(&rec->list, &rx->recs))
			return NULL;
		rec = list_next_entry(rec, list);
		r->skip = 0;
	}
	if (rec)
		*off = rec->off + r->skip;
	return rec;
}

/* Return: 1 = go on, 0 = this call is over, or an errno */
static int deliver(struct sheath_conn *conn, struct reader *r, struct sheath_rec *rec, u32 off)
{
	size_t n = min_t(size_t, r->len - r->copied, rec->len - off);
	int rc;

	if (r->typed && rec->type != r->type)
		return 0;
	if (!r->typed) {
		rc = put_type(r->msg, rec->type);
		if (rc)
			return rc;
		r->type = rec->type;
		r->typed = true;
	}
	if (n && !(r->flags & MSG_TRUNC)) {
		size_t done = copy_to_iter(sheath_rec_data(rec) + off, n, &r->msg->msg_iter);

		if (done != n) {
			iov_iter_revert(&r->msg->msg_iter, done);
			return -EFAULT;
		}
	}
	r->copied += n;
	/* for data, too, as in-tree TLS: TLS libraries detect the end of a record by MSG_EOR */
	if (off + n == rec->len)
		r->msg->msg_flags |= MSG_EOR;
	rc = rec->type == SHEATH_CT_DATA;
	if (r->flags & MSG_PEEK) {
		r->last = rec;
		r->skip += n;
	} else {
		sheath_rx_rec_used(conn->rx, rec, n);
	}
	return rc;
}

/* one step; Return: 1 = go on, 0 = this call is over, or an errno */
static int step(struct sheath_conn *conn, struct reader *r, size_t target, long *timeo)
{
	struct sheath_rx_want want = { .room = r->len - r->copied };
	struct sheath_rec *rec;
	u32 off;
	int rc;

	if (r->flags & MSG_PEEK && conn->rx->gone != r->gone) {
		/* another reader took bytes that this one, waiting, had peeked at: start again */
		iov_iter_revert(&r->msg->msg_iter, r->flags & MSG_TRUNC ? 0 : r->copied);
		r->msg->msg_flags &= ~MSG_EOR;
		r->copied = 0;
		r->last = NULL;
		r->skip = 0;
		r->gone = conn->rx->gone;
		return 1;
	}
	rec = source(conn->rx, r, &off);
	if (rec)
		return deliver(conn, r, rec, off);
	/* a read of no bytes leaves the record to a reader with memory to open it into */
	if (!r->len && sheath_rx_is_data(conn))
		return 0;
	if (r->flags & MSG_PEEK && !list_empty(&conn->rx->recs) &&
	    (!sheath_rx_may_queue(conn) || sheath_rx_first(conn->rx)->type != SHEATH_CT_DATA))
		return 0;
	if (!(r->flags & (MSG_PEEK | MSG_TRUNC)) && user_backed_iter(&r->msg->msg_iter) &&
	    (!r->typed || r->type == SHEATH_CT_DATA))
		want.direct = &r->msg->msg_iter;
	/* peeked bytes stay in the queue: they count again, and may leave no room for more */
	if (r->copied >= target || (r->copied && r->flags & MSG_PEEK && sheath_rxq_full(conn->sk)))
		timeo = NULL;
	rc = sheath_rx_take(conn, &want, !r->copied,
			    r->flags & MSG_PEEK ? target : target - r->copied, timeo);
	if (rc <= 0)
		return rc;
	if (want.got) {
		if (!r->typed)
			put_type(r->msg, SHEATH_CT_DATA);
		r->type = SHEATH_CT_DATA;
		r->typed = true;
		r->copied += want.got;
		r->msg->msg_flags |= MSG_EOR;
	}
	return 1;
}

/*
 * In-tree TLS reports a bad header once and EAGAIN afterwards. Do the same for non-blocking reads.
 * A blocking read gets the error again, because it would never return.
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

/* bytes left to read, for TCP_INQ and for io_uring, which decides by it whether to retry */
static void put_inq(struct sheath_conn *conn, struct msghdr *msg)
{
	int inq;

	if (!tcp_sk(conn->sk)->recvmsg_inq && !msg->msg_get_inq)
		return;
	inq = sheath_rx_hint(conn);
	msg->msg_inq = inq;
	if (tcp_sk(conn->sk)->recvmsg_inq)
		put_cmsg(msg, SOL_TCP, TCP_CM_INQ, sizeof(inq), &inq);
}

/**
 * sheath_rx_recvmsg() - recvmsg() on a connection with a receiving key
 * @conn: connection
 * @msg: message
 * @len: bytes asked for; 0: wait until there is something to read
 * @flags: MSG_PEEK, MSG_WAITALL, MSG_DONTWAIT, MSG_TRUNC
 *
 * MSG_EOR is reported if a record ended within what was delivered, be it peeked at.
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
	do {
		rc = step(conn, &r, target ?: 1, &timeo);
	} while (rc > 0 && (r.copied < len || !r.typed));
	sheath_rxq_release(conn);
	sheath_rx_update(conn);
	if (!r.copied && rc < 0)
		return tell(conn, rc, flags);
	put_inq(conn, msg);
	return r.copied;
}

/**
 * sheath_rx_busy_poll() - SO_BUSY_POLL: poll the device before sleeping
 * @conn: connection
 * @nonblock: the reader does not wait
 *
 * Context: process, lock not held.
 */
void sheath_rx_busy_poll(struct sheath_conn *conn, bool nonblock)
{
	/* pairs with smp_store_release() in commit() of ctl/keys.c */
	struct sheath_rx *rx = smp_load_acquire(&conn->rx);
	struct sock *sk = conn->sk;

	if (sk_can_busy_loop(sk) && rx && !READ_ONCE(rx->ready) &&
	    skb_queue_empty_lockless(&sk->sk_receive_queue) && sk->sk_state == TCP_ESTABLISHED)
		sk_busy_loop(sk, nonblock);
}

/* process the control records in front of data, as a reader would */
static void skip_ctrl(struct sheath_conn *conn)
{
	struct sheath_rx_want want = { };
	struct sheath_rec *rec;
	int rc;

	do {
		rec = sheath_rx_first(conn->rx);
		if (rec && rec->type == SHEATH_CT_DATA)
			return;
		rc = 1;
		if (rec)
			sheath_rx_rec_used(conn->rx, rec, rec->len - rec->off);
		else
			rc = sheath_rx_next(conn, &want);
	} while (rc > 0);
}

/**
 * sheath_rx_drain() - the connection is going to be closed
 * @conn: connection with a receiving key
 *
 * TCP resets a connection that is closed with unread bytes in its receive queue, so that the peer
 * learns of it. A session ticket or a close_notify in the queue is no reason for a reset. Unread
 * data that was opened out of the queue is one, and no close_notify may precede that reset: it
 * would say that the end was in order.
 *
 * Context: lock_sock() held, may sleep.
 *
 * Return: true if something is unread: the connection has to be reset.
 */
bool sheath_rx_drain(struct sheath_conn *conn)
{
	struct sheath_rx *rx = conn->rx;

	skip_ctrl(conn);
	/* RFC 8446 section 6.1: what comes after a close_notify is ignored */
	if (rx->eof)
		sheath_rxq_used(conn, sheath_rxq_avail(conn));
	sheath_rxq_release_all(conn);
	if (!list_empty(&rx->recs) || sheath_rxq_avail(conn))
		return true;
	return rx->spilled && !rx->eof && !conn->err;
}

/**
 * sheath_rx_inq() - FIONREAD: bytes of data a reader would get before anything else
 * @conn: connection with a receiving key
 *
 * Padding and content type of a TLS 1.3 record are known only when it is open, so complete records
 * are opened here and wait in the queue, as after a peek. Not counted are records beyond one
 * receive buffer of opened ones, and a control record with everything behind it. An error is left
 * for a reader to report.
 *
 * Context: lock_sock() held, may sleep.
 */
u32 sheath_rx_inq(struct sheath_conn *conn)
{
	struct sheath_rx_want want = { };
	struct sheath_rx *rx = conn->rx;
	struct sheath_rec *rec;
	u32 sum = 0;

	while (sheath_rx_may_queue(conn) && (list_empty(&rx->recs) ||
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
