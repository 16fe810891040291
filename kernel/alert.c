// SPDX-License-Identifier: GPL-2.0
/* Sending alerts, and what a fatal condition means to the session. */
#include "alert.h"

#include "core/conn.h"
#include "core/event.h"
#include "tx/tx.h"

/**
 * sheath_alert_warn() - tell the peer, and go on
 * @conn: connection
 * @desc: what
 *
 * Lost without trace when there is no sending key or no room: the peer loses nothing by it.
 *
 * Context: lock_sock() held, may sleep.
 */
void sheath_alert_warn(struct sheath_conn *conn, enum sheath_alert desc)
{
	if (conn->tx)
		sheath_tx_alert(conn, SHEATH_ALERT_WARNING, desc);
}

/**
 * sheath_alert_fatal() - something is wrong with what the peer sent: end the session
 * @conn: connection
 * @err: positive errno for this and every later call
 * @desc: what the peer is told, once
 * @stat: counter of the cause
 *
 * RFC 8446 section 6.2.
 *
 * Context: lock_sock() held, may sleep. The receive queue's cursor must not be in use.
 *
 * Return: -@err.
 */
int sheath_alert_fatal(struct sheath_conn *conn, int err, enum sheath_alert desc,
		       enum sheath_stat stat)
{
	const struct net *net = sock_net(conn->sk);
	bool sent;

	if (conn->err)
		return -conn->err;
	sheath_stat_inc(net, stat);
	sent = conn->tx && !sheath_tx_finish(conn, SHEATH_ALERT_FATAL, desc);
	WRITE_ONCE(conn->last_alert, SHEATH_ALERT_FATAL << 8 | desc);
	sheath_conn_fail(conn, err);
	if (sent) {
		sheath_stat_inc(net, SHEATH_STAT_TX_ALERT);
		sheath_event(conn, SHEATH_EVENT_ALERT_TX);
	}
	return -err;
}
