// SPDX-License-Identifier: GPL-2.0
/*
 * Alerts, and the end of the sending direction: all bytes that send() reported as taken are in
 * TCP before its FIN, or the connection is reset.
 */
#include <net/tcp.h>

#include "core/compat.h"
#include "core/own.h"
#include "core/stats.h"
#include "core/trace.h"
#include "tx/tx.h"

/**
 * sheath_tx_flush_open() - close the record MSG_MORE left open, and push
 * @conn: connection with a sending key
 *
 * Context: lock_sock() held, may sleep; does not wait for room.
 *
 * Return: 0 if no record is open any more, or as sheath_tx_seal_open(). What TCP does not
 * take now is kept.
 */
int sheath_tx_flush_open(struct sheath_conn *conn)
{
	int rc = 0;

	if (conn->tx->open != SHEATH_TX_NONE && !conn->tx->closed && !conn->err)
		rc = sheath_tx_seal_open(conn);
	sheath_tx_push(conn, false);
	sheath_tx_charge(conn);
	return rc;
}

static void open_timer(struct work_struct *work)
{
	struct delayed_work *timer = to_delayed_work(work);
	struct sheath_conn *conn = container_of(timer, struct sheath_conn, tx_open_timer);
	struct sheath_tx *tx;
	long left = SHEATH_TX_RETRY;

	/* do not wait for the owner: it may keep the socket for any time */
	if (!sheath_own_try(conn->sk)) {
		schedule_delayed_work(timer, left);
		return;
	}
	tx = conn->tx;
	if (tx && tx->open != SHEATH_TX_NONE) {
		left = tx->open_since + SHEATH_TX_OPEN_MAX - jiffies;
		if (left > 0)
			schedule_delayed_work(timer, left);
		else
			sheath_tx_flush_open(conn);
	}
	release_sock(conn->sk);
}

/**
 * sheath_tx_open_left() - a sender is done, and may have left a record open
 * @conn: connection with a sending key
 *
 * The bytes that MSG_MORE announced may never come. TCP sends a held-back segment after 200 ms,
 * and the record goes out after the same time.
 *
 * Context: lock_sock() held.
 */
void sheath_tx_open_left(struct sheath_conn *conn)
{
	if (conn->tx->open == SHEATH_TX_NONE)
		return;
	conn->tx->open_since = jiffies;
	/* a timer that is already pending reads open_since and waits for the rest */
	schedule_delayed_work(&conn->tx_open_timer, SHEATH_TX_OPEN_MAX);
}

/**
 * sheath_tx_open_timer_init() - make the timer of open records usable
 * @conn: connection that is being attached
 */
void sheath_tx_open_timer_init(struct sheath_conn *conn)
{
	INIT_DELAYED_WORK(&conn->tx_open_timer, open_timer);
}

/**
 * sheath_tx_open_timer_stop() - stop it for good
 * @conn: connection without a sending pipeline
 *
 * Context: process, lock not held.
 */
void sheath_tx_open_timer_stop(struct sheath_conn *conn)
{
	cancel_delayed_work_sync(&conn->tx_open_timer);
}

static int seal_alert(struct sheath_conn *conn, u8 level, u8 desc)
{
	u8 alert[SHEATH_ALERT_LEN] = { level, desc };
	struct kvec vec = { .iov_base = alert, .iov_len = sizeof(alert) };
	struct iov_iter from;
	int rc;

	iov_iter_kvec(&from, SHEATH_COMPAT_SOURCE, &vec, 1, sizeof(alert));
	rc = sheath_tx_seal_small(conn, SHEATH_CT_ALERT, &from, sizeof(alert));
	if (rc)
		return rc;
	WRITE_ONCE(conn->last_alert, level << 8 | desc);
	trace_sheath_alert(conn->cookie, true, level << 8 | desc);
	return 0;
}

/**
 * sheath_tx_alert() - send an alert after which the session goes on
 * @conn: connection with a sending key
 * @level: level
 * @desc: description
 *
 * A peer that provokes many alerts and reads none must not make them pile up: no alert is sealed
 * while records are pending.
 *
 * Context: lock_sock() held, may sleep; does not wait for room.
 *
 * Return: 0, or a negative errno if it could not be sent; the session is as it was.
 */
int sheath_tx_alert(struct sheath_conn *conn, u8 level, u8 desc)
{
	int rc;

	if (conn->tx->closed || conn->err)
		return -EPIPE;
	rc = sheath_tx_push(conn, true) ?: seal_alert(conn, level, desc);
	if (!rc)
		sheath_tx_push(conn, false);
	sheath_tx_charge(conn);
	return rc;
}

/**
 * sheath_tx_finish() - send the last alert of this direction
 * @conn: connection with a sending key
 * @level: level
 * @desc: description
 *
 * The alert follows all data, and TCP gets everything, whatever the limits of its buffer. If a
 * record could not be sealed, no close_notify is sent: it would vouch for a stream that lacks
 * those bytes.
 *
 * Context: lock_sock() held, may sleep; does not wait for room.
 *
 * Return: 0, or a negative errno if the alert was not sealed. The direction is closed in
 * either case.
 */
int sheath_tx_finish(struct sheath_conn *conn, u8 level, u8 desc)
{
	struct sheath_tx *tx = conn->tx;
	int rc = 0;

	if (tx->closed)
		return -EPIPE;
	sheath_tx_push_all(conn);
	if (tx->open != SHEATH_TX_NONE)
		rc = sheath_tx_seal_open(conn);
	sheath_tx_open_lost(conn);
	if (!rc || level == SHEATH_ALERT_FATAL)
		rc = seal_alert(conn, level, desc);
	sheath_tx_push_all(conn);
	sheath_tx_charge(conn);
	tx->closed = true;
	tx->lost |= rc != 0;
	return rc;
}

/**
 * sheath_tx_close_notify() - end our direction in order
 * @conn: connection
 *
 * RFC 8446 section 6.1.
 *
 * Context: lock_sock() held, may sleep.
 *
 * Return:
 * * 0			- close_notify was sealed
 * * %-ENOTCONN		- no sending key
 * * %-EPIPE		- the direction has ended already
 * * other		- from sheath_tx_finish(), or what ended the session before
 */
int sheath_tx_close_notify(struct sheath_conn *conn)
{
	int rc;

	if (!conn->tx)
		return -ENOTCONN;
	if (conn->err)
		return -conn->err;
	rc = sheath_tx_finish(conn, SHEATH_ALERT_WARNING, SHEATH_ALERT_CLOSE_NOTIFY);
	if (!rc)
		sheath_stat_inc(sock_net(conn->sk), SHEATH_STAT_TX_CLOSE_NOTIFY);
	return rc;
}

static bool connected(const struct sock *sk)
{
	return (1 << sk->sk_state) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT);
}

/**
 * sheath_tx_end() - before TCP's FIN: everything has to be in TCP
 * @conn: connection with a sending key
 *
 * The open record is sealed. A close_notify is sent, unless the session failed or the application
 * handles control records.
 *
 * Context: lock_sock() held, may sleep; does not wait for room.
 *
 * Return: false if a FIN would hide that something is missing: the connection has to be reset.
 */
bool sheath_tx_end(struct sheath_conn *conn)
{
	struct sheath_tx *tx = conn->tx;
	struct sock *sk = conn->sk;
	int rc = 0, err = sk->sk_err;

	if (!connected(sk))
		return true;
	if (!conn->err && !conn->ctrl_app && !tx->closed)
		rc = sheath_tx_close_notify(conn);
	else if (!tx->closed)
		rc = sheath_tx_flush_open(conn);
	tx->closed = true;
	/* pending records of a failed session still go out: clear sk_err, or TCP refuses to send */
	if (conn->err)
		WRITE_ONCE(sk->sk_err, 0);
	sheath_tx_push_all(conn);
	sheath_tx_charge(conn);
	if (conn->err)
		WRITE_ONCE(sk->sk_err, err);
	return !rc && !tx->n_pend && tx->open == SHEATH_TX_NONE && !tx->lost;
}
