// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving: one walk over the records, shared by recvmsg, splice_read and read_sock.
 *
 * A reader takes a queued record, else opens the next one, else waits. The lock is released only
 * in wait_event_sk(), and places in the receive queue are looked up anew after it. An error is
 * reported when all bytes before it were delivered.
 */
#include "rx/rx.h"

#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <net/tcp.h>

#include "rx/rekey.h"

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
 * sheath_rx_free() - give up the keys and the pipeline
 * @rx: pipeline without memory of records, see sheath_rx_mem_free(), or NULL
 */
void sheath_rx_free(struct sheath_rx *rx)
{
	if (!rx)
		return;
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
	sheath_rx_rec_free(rx, rec);
}

static void data_came(struct sheath_rx *rx)
{
	rx->n_empty = 0;
	rx->n_warning = 0;
}

/* handle the newest queued record: leave data for the reader, process control records now */
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
 * * 1			- a record was taken: delivered, queued, or processed
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
	if (rx->parsed >= SHEATH_RX_RELEASE) {
		/* have the bytes acknowledged, and take segments out of the backlog */
		sheath_rxq_release(conn);
		sk_flush_backlog(conn->sk);
	}
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

/*
 * Sleep until something happens to the socket; the lock is released and taken again. A reader that
 * needs fewer bytes than SO_RCVLOWAT is woken as soon as it can make progress.
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
	/* no other condition is needed: every event a reader waits for comes with a wake-up */
	sk_wait_event(sk, timeo, READ_ONCE(sk->sk_err), &wait);
	sk_clear_bit(SOCKWQ_ASYNC_WAITDATA, sk);
	remove_wait_queue(sk_sleep(sk), &wait);
	conn->rx->hurried -= hurried;
	return 0;
}

/*
 * Result for a reader that finds no record; 1: wait for one. @tell is false when bytes were
 * already copied: an error that is reported once then stays for the next call.
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
	/* a reset is a truncation, too, if a send() has already consumed its error */
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

/**
 * sheath_rx_take() - take a record, or wait for one
 * @conn: connection with a receiving key
 * @want: what the reader can take directly
 * @tell: the reader has no bytes yet, and is told of an error
 * @need: bytes the reader still waits for
 * @timeo: time left, jiffies; NULL: take what is there
 *
 * Context: lock_sock() held; released and taken again if @timeo is given.
 *
 * Return: 1 = go on, a record may be there; 0 = the stream or this call is over; or an errno
 * as of sheath_rx_recvmsg().
 */
int sheath_rx_take(struct sheath_conn *conn, struct sheath_rx_want *want, bool tell,
		   size_t need, long *timeo)
{
	int rc = sheath_rx_next(conn, want);

	if (rc)
		return rc;
	rc = timeo ? sheath_rx_make_room(conn, conn->sk->sk_allocation) : 0;
	if (rc)
		return rc;
	rc = no_record(conn, tell);
	if (rc <= 0 || !timeo)
		return min(rc, 0);
	rc = wait_event_sk(conn, need, timeo);
	return rc ?: 1;
}

/**
 * sheath_rx_wait_record() - have a record queued, for readers without pages of their own
 * @conn: connection with a receiving key
 * @tell: the reader has no bytes yet, and is told of an error
 * @timeo: time left, jiffies; NULL: take what is there
 *
 * Context: lock_sock() held; released and taken again if @timeo is given.
 *
 * Return: 1 = look at the queue again; 0 = the stream ended, or nothing is there and @timeo
 * is NULL; or an errno as of sheath_rx_recvmsg().
 */
int sheath_rx_wait_record(struct sheath_conn *conn, bool tell, long *timeo)
{
	struct sheath_rx_want want = { };

	return sheath_rx_take(conn, &want, tell, 1, timeo);
}
