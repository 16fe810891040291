// SPDX-License-Identifier: GPL-2.0
/*
 * Records that are not application data, on sockets that leave them to the module: alerts
 * (RFC 8446 section 6) and post-handshake messages (section 4.6; RFC 5246 section 7.4.1).
 */
#include <linux/tls.h>

#include "core/event.h"
#include "core/trace.h"
#include "rx/rekey.h"
#include "rx/rx.h"
#include "rx/ticket.h"
#include "tx/rekey.h"
#include "tx/tx.h"

/* RFC 8446 section 4, RFC 5246 section 7.4 */
enum {
	HELLO_REQUEST = 0,
	CLIENT_HELLO = 1,
};

/* the longest a NewSessionTicket can be is a little more than 2^17: RFC 8446 section 4.6.1 */
#define MESSAGE_MAX	(1u << 18)

static int flood(struct sheath_conn *conn)
{
	sheath_rxq_release(conn);
	return sheath_alert_fatal(conn, EPROTO, SHEATH_ALERT_UNEXPECTED_MESSAGE,
				  SHEATH_STAT_RX_FLOOD);
}

static int dropped(struct sheath_conn *conn)
{
	WRITE_ONCE(conn->stats.ctrl_dropped, conn->stats.ctrl_dropped + 1);
	sheath_stat_inc(sock_net(conn->sk), SHEATH_STAT_RX_CTRL_DROPPED);
	return ++conn->rx->n_warning > SHEATH_RX_WARNING_MAX ? flood(conn) : 0;
}

static int unexpected(struct sheath_conn *conn, enum sheath_stat stat)
{
	sheath_rxq_release(conn);
	return sheath_alert_fatal(conn, EPROTO, SHEATH_ALERT_UNEXPECTED_MESSAGE, stat);
}

static int fatal_received(struct sheath_conn *conn)
{
	sheath_stat_inc(sock_net(conn->sk), SHEATH_STAT_RX_ALERT);
	/* RFC 8446 section 6.2: neither side sends anything after it */
	if (conn->tx) {
		sheath_tx_open_drop(conn->tx);
		conn->tx->closed = true;
	}
	sheath_conn_fail(conn, EPROTO);
	sheath_event(conn, SHEATH_EVENT_ALERT_RX);
	return -EPROTO;
}

static int read_alert(struct sheath_conn *conn, const u8 *p, u32 len)
{
	u8 level, desc;

	if (len != SHEATH_ALERT_LEN) {
		sheath_rxq_release(conn);
		return sheath_alert_fatal(conn, EPROTO, SHEATH_ALERT_DECODE_ERROR,
					  SHEATH_STAT_RX_BAD_ALERT);
	}
	level = p[0];
	desc = p[1];
	WRITE_ONCE(conn->last_alert, level << 8 | desc);
	trace_sheath_alert(conn->cookie, false, level << 8 | desc);
	if (desc == SHEATH_ALERT_CLOSE_NOTIFY) {
		conn->rx->eof = true;
		sheath_stat_inc(sock_net(conn->sk), SHEATH_STAT_RX_CLOSE_NOTIFY);
		sheath_event(conn, SHEATH_EVENT_ALERT_RX);
		return 0;
	}
	/* RFC 8446 section 6: the level is what the description says it is */
	if (desc == SHEATH_ALERT_USER_CANCELED ||
	    (level == SHEATH_ALERT_WARNING && !conn->rx->dir.ver->has_inner_type)) {
		/* RFC 8446 section 5.1: no other type between the parts of a message */
		if (conn->rx->hs.n_head)
			return unexpected(conn, SHEATH_STAT_RX_BAD_HANDSHAKE);
		return dropped(conn);
	}
	return fatal_received(conn);
}

/* RFC 8446 section 5.1: a message never spans a key change */
static int read_key_update(struct sheath_conn *conn, u8 request, bool ends_record)
{
	if (request > 1 || !ends_record)
		return unexpected(conn, SHEATH_STAT_RX_BAD_HANDSHAKE);
	return sheath_rekey_received(conn, request);
}

static int message_begins(struct sheath_conn *conn, const u8 *head, u32 len)
{
	u8 type = head[0];

	if (len > MESSAGE_MAX)
		return unexpected(conn, SHEATH_STAT_RX_BAD_HANDSHAKE);
	if (conn->rx->dir.ver->has_inner_type) {
		if (type == SHEATH_MSG_NEW_SESSION_TICKET)
			return sheath_ticket_begin(conn, head, len) ? 0 : dropped(conn);
		if (type == SHEATH_MSG_KEY_UPDATE && len == SHEATH_KEY_UPDATE_LEN)
			return 0;
	} else if (type == HELLO_REQUEST || type == CLIENT_HELLO) {
		/* RFC 5246 section 7.2.2 */
		sheath_rxq_release(conn);
		sheath_alert_warn(conn, SHEATH_ALERT_NO_RENEGOTIATION);
		return dropped(conn);
	}
	return unexpected(conn, SHEATH_STAT_RX_BAD_HANDSHAKE);
}

static int read_handshake(struct sheath_conn *conn, const u8 *p, u32 len)
{
	struct sheath_handshake_parser *hs = &conn->rx->hs;
	bool begins;
	int rc = 0;

	while (len && !rc) {
		size_t n = sheath_framing_handshake(hs, p, len, &begins);

		p += n;
		len -= n;
		if (begins) {
			rc = message_begins(conn, hs->head, hs->left);
			continue;
		}
		sheath_ticket_part(conn, p - n, n);
		if (!hs->n_head && hs->head[0] == SHEATH_MSG_KEY_UPDATE)
			rc = read_key_update(conn, p[-1], !len);
	}
	return rc;
}

/**
 * sheath_rx_ctrl() - process a control record that the application will not see
 * @conn: connection
 * @rec: opened record, borrowed
 *
 * Context: lock_sock() held, may sleep.
 *
 * Return: 0, or a negative errno if the session is over.
 */
int sheath_rx_ctrl(struct sheath_conn *conn, struct sheath_rec *rec)
{
	const u8 *p = sheath_rec_data(rec);

	switch (rec->type) {
	case SHEATH_CT_ALERT:
	case SHEATH_CT_HANDSHAKE:
		if (!rec->len)
			return unexpected(conn, SHEATH_STAT_RX_EMPTY);
		if (rec->type == SHEATH_CT_HANDSHAKE)
			return read_handshake(conn, p, rec->len);
		return read_alert(conn, p, rec->len);
	default:
		return unexpected(conn, SHEATH_STAT_RX_BAD_TYPE);
	}
}

/*
 * With a traffic secret the module follows the KeyUpdate itself. The application could not repair a
 * bad one, so it is rejected here.
 */
static int app_key_update(struct sheath_conn *conn, u8 request, bool ends_record)
{
	const u8 *head = conn->rx->hs.head;

	if (!conn->rx->dir.secret.hash)
		return sheath_rekey_received(conn, request);
	if (head[1] || head[2] || head[3] != SHEATH_KEY_UPDATE_LEN)
		return unexpected(conn, SHEATH_STAT_RX_BAD_HANDSHAKE);
	return read_key_update(conn, request, ends_record);
}

/**
 * sheath_rx_ctrl_app() - look at a control record the application is going to read
 * @conn: connection
 * @rec: opened record, borrowed
 *
 * The application judges the messages. But records behind a KeyUpdate do not open with the present
 * key, so a KeyUpdate has to be found here, wherever in the record it begins and in however many
 * parts it comes.
 *
 * Context: lock_sock() held, may sleep.
 *
 * Return: 0, or a negative errno if the session is over.
 */
int sheath_rx_ctrl_app(struct sheath_conn *conn, const struct sheath_rec *rec)
{
	struct sheath_handshake_parser *hs = &conn->rx->hs;
	const u8 *p = sheath_rec_data(rec);
	u32 len = rec->len;
	bool begins;

	if (!conn->rx->dir.ver->has_key_update)
		return 0;
	/* the application may take control records over in the middle of a ticket: drop it */
	sheath_ticket_abandon(conn);
	if (rec->type != SHEATH_CT_HANDSHAKE)
		hs->n_head = 0;
	while (rec->type == SHEATH_CT_HANDSHAKE && len) {
		size_t n = sheath_framing_handshake(hs, p, len, &begins);

		p += n;
		len -= n;
		if (!hs->n_head && hs->head[0] == SHEATH_MSG_KEY_UPDATE)
			return app_key_update(conn, p[-1], !len);
	}
	return 0;
}

/**
 * sheath_rx_ctrl_app_data() - data came between the parts of a handshake message
 * @conn: connection
 *
 * Context: lock_sock() held.
 *
 * Return: true if the application judges this; the next message then begins with the next record.
 */
bool sheath_rx_ctrl_app_data(struct sheath_conn *conn)
{
	if (!conn->ctrl_app)
		return false;
	sheath_ticket_abandon(conn);
	conn->rx->hs.n_head = 0;
	return true;
}
