// SPDX-License-Identifier: GPL-2.0
/*
 * Changing the receiving key (RFC 8446 sections 4.6.3 and 7.2).
 *
 * The key is changed when the record with the KeyUpdate has been opened, before the header of the
 * next one is looked at. With the traffic secret of the direction the module does this by itself.
 * Without it, the program that gave the first key has to give the next one, and reading stops
 * until then.
 */
#include "rx/rekey.h"

#include <linux/jiffies.h>
#include <linux/module.h>

#include "alert.h"
#include "core/conn.h"
#include "core/event.h"
#include "core/trace.h"
#include "rx/rx.h"
#include "tx/rekey.h"
#include "tx/tx.h"

static uint limit_updates = SHEATH_RX_UPDATE_MAX;
module_param(limit_updates, uint, 0644);
MODULE_PARM_DESC(limit_updates, "KeyUpdates a peer may send in a second, whatever else it sends");

/**
 * sheath_rekey_replace_rx() - open the next records with another key
 * @conn: connection with a receiving key
 * @next: keyed; taken over and zeroed
 *
 * Context: lock_sock() held, may sleep.
 */
void sheath_rekey_replace_rx(struct sheath_conn *conn, struct sheath_dir *next)
{
	struct sheath_rx *rx = conn->rx;

	sheath_conn_owned(conn);
	sheath_dir_move(&rx->dir, next);
	rx->paused = false;
	rx->rekey_due = false;
	WRITE_ONCE(conn->state, SHEATH_STATE_UP);
	WRITE_ONCE(conn->rx_epoch, conn->rx_epoch + 1);
	trace_sheath_key(conn->cookie, false, conn->rx_epoch, conn->version, conn->cipher,
			 rx->dir.seq);
	sheath_stat_inc(sock_net(conn->sk), SHEATH_STAT_RX_REKEY);
	sheath_event(conn, SHEATH_EVENT_REKEY_RX);
}

/**
 * sheath_rekey_follow() - change the receiving key as the peer changed its own
 * @conn: connection with a receiving secret, whose peer sent a KeyUpdate
 *
 * Context: lock_sock() held, may sleep.
 *
 * Return: 0, or a negative errno of the crypto API; to be called again before the next
 * record then.
 */
int sheath_rekey_follow(struct sheath_conn *conn)
{
	struct sheath_dir next = { };
	int rc = conn->err ? -conn->err : sheath_dir_next(&conn->rx->dir, &next);

	if (!rc)
		sheath_rekey_replace_rx(conn, &next);
	return rc;
}

/*
 * A KeyUpdate costs one key schedule or two, some 25 times the cost of a small record of data. So
 * data between KeyUpdates does not reset the count.
 */
static bool is_flood(struct sheath_rx *rx)
{
	if (!rx->n_update || time_after(jiffies, rx->update_since + HZ)) {
		rx->update_since = jiffies;
		rx->n_update = 0;
	}
	return ++rx->n_update > READ_ONCE(limit_updates);
}

/**
 * sheath_rekey_received() - the peer sends with its next key from here on
 * @conn: connection with a receiving key
 * @request: the peer asks for a change of the sending key, too
 *
 * Context: lock_sock() held, may sleep. The cursor of the receive queue must not be in use.
 *
 * Return: 0, or a negative errno if the session is over.
 */
int sheath_rekey_received(struct sheath_conn *conn, bool request)
{
	struct sheath_rx *rx = conn->rx;
	struct sheath_tx *tx = conn->tx;

	sheath_rxq_release(conn);
	sheath_stat_inc(sock_net(conn->sk), SHEATH_STAT_RX_KEY_UPDATE);
	if (is_flood(rx))
		return sheath_alert_fatal(conn, EPROTO, SHEATH_ALERT_UNEXPECTED_MESSAGE,
					  SHEATH_STAT_RX_FLOOD);
	if (request && tx && !tx->closed && !(conn->sk->sk_shutdown & SEND_SHUTDOWN))
		sheath_rekey_answer(conn);
	if (conn->err)
		return -conn->err;
	if (!rx->dir.secret.hash) {
		rx->paused = true;
		WRITE_ONCE(conn->state, SHEATH_STATE_RX_PAUSED);
		sheath_event(conn, SHEATH_EVENT_REKEY_RX);
		return 0;
	}
	rx->rekey_due = true;
	sheath_rekey_follow(conn);
	return 0;
}
