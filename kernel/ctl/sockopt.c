// SPDX-License-Identifier: GPL-2.0
/* Socket options at level SOL_TLS, and those of TCP that must not get past us. */
#include "ctl/sockopt.h"

#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/tls.h>

#include "core/compat.h"
#include "core/conn.h"
#include "core/plain.h"
#include "ctl/session.h"
#include "ctl/sockopt_key.h"
#include "record/suite.h"
#include "rx/rx.h"
#include "rx/ticket.h"
#include "tx/rekey.h"
#include "tx/tx.h"

static int read_u32(sockptr_t optval, unsigned int optlen, u32 max, u32 *value)
{
	if (sockptr_is_null(optval) || optlen != sizeof(*value))
		return -EINVAL;
	if (copy_from_sockptr(value, optval, sizeof(*value)))
		return -EFAULT;
	return *value > max ? -EINVAL : 0;
}

/* in-tree TLS takes more than four bytes for this option, if the rest is zero */
static int read_no_pad(sockptr_t optval, unsigned int optlen, u32 *value)
{
	int rc;

	if (sockptr_is_null(optval) || optlen < sizeof(*value))
		return -EINVAL;
	rc = sheath_compat_copy_struct(value, sizeof(*value), optval, optlen);
	return rc == -E2BIG || (!rc && *value > 1) ? -EINVAL : rc;
}

static int set_flag(struct sheath_conn *conn, int optname, sockptr_t optval, unsigned int optlen)
{
	u32 value;
	int rc = optname == TLS_RX_EXPECT_NO_PAD ? read_no_pad(optval, optlen, &value) :
						   read_u32(optval, optlen, 1, &value);

	if (rc)
		return rc;
	switch (optname) {
	case TLS_TX_ZEROCOPY_RO:
		conn->zerocopy_ro = value;
		return 0;
	case TLS_RX_EXPECT_NO_PAD:
		/* records are opened in one pass with padding or without it */
		if (!conn->rx || !conn->rx->dir.ver->has_inner_type)
			return -EINVAL;
		conn->no_pad = value;
		return 0;
	case SHEATH_EOF:
		conn->eof_lenient = value;
		conn->eof_set = 1;
		return 0;
	default:
		conn->ctrl_app = value;
		conn->ctrl_set = 1;
		/* tickets that nobody was to be told of may have come to be worth reading */
		if (conn->rx)
			sheath_rx_recheck(conn);
		return 0;
	}
}

static int set_payload_max(struct sheath_conn *conn, sockptr_t optval, unsigned int optlen)
{
	const struct sheath_version *ver = sheath_version_find(conn->version ?: TLS_1_2_VERSION);
	u16 value;

	if (sockptr_is_null(optval) || optlen != sizeof(value))
		return -EINVAL;
	if (copy_from_sockptr(&value, optval, sizeof(value)))
		return -EFAULT;
	if (value < ver->payload_min || value > SHEATH_PLAIN_MAX)
		return -EINVAL;
	if (conn->tx && conn->tx->open != SHEATH_TX_NONE)
		return -EBUSY;
	conn->payload_max = value;
	if (conn->tx)
		sheath_tx_set_limit(conn, conn->tx);
	return 0;
}

static int set_rekey(struct sheath_conn *conn, sockptr_t optval, unsigned int optlen)
{
	u32 flags;
	int rc = read_u32(optval, optlen, SHEATH_REKEY_PEER, &flags);

	return rc ?: sheath_rekey_request(conn, flags & SHEATH_REKEY_PEER ? SHEATH_REKEY_BOTH :
									    SHEATH_REKEY_SELF);
}

static int set_ticket(struct sheath_conn *conn, sockptr_t optval, unsigned int optlen)
{
	u32 max;
	int rc = read_u32(optval, optlen, SHEATH_TICKET_MAX, &max);

	return rc ?: sheath_ticket_keep(conn, max);
}

static int set_tls(struct sheath_conn *conn, int optname, sockptr_t optval, unsigned int optlen)
{
	switch (optname) {
	case TLS_TX_ZEROCOPY_RO:
	case TLS_RX_EXPECT_NO_PAD:
	case SHEATH_EOF:
	case SHEATH_CTRL:
		return set_flag(conn, optname, optval, optlen);
	case TLS_TX_MAX_PAYLOAD_LEN:
		return set_payload_max(conn, optval, optlen);
	case SHEATH_REKEY:
		return set_rekey(conn, optval, optlen);
	case SHEATH_TICKET:
		return set_ticket(conn, optval, optlen);
	case SHEATH_CLOSE_NOTIFY:
		return sheath_tx_close_notify(conn);
	default:
		return -ENOPROTOOPT;
	}
}

static void fill_info(const struct sheath_conn *conn, struct sheath_info *info)
{
	*info = (struct sheath_info){
		.state = conn->state,
		.role = conn->peer.role,
		.version = conn->version,
		.suite = conn->peer.suite,
		.group = conn->peer.group,
		.cipher = conn->cipher,
		.last_alert = conn->last_alert,
		.tx_epoch = conn->tx_epoch,
		.rx_epoch = conn->rx_epoch,
		.tx_seq = sheath_tx_seq(conn),
		.rx_seq = sheath_rx_seq(conn),
	};
	if (conn->tx) {
		info->flags |= SHEATH_INFO_TX | (conn->tx->closed ? SHEATH_INFO_TX_CLOSED : 0) |
			       (conn->tx->owed ? SHEATH_INFO_UPDATE_DUE : 0);
		info->tx_records_left = sheath_rekey_records_left(conn);
	}
	if (conn->rx)
		info->flags |= SHEATH_INFO_RX | (conn->rx->eof ? SHEATH_INFO_RX_CLOSED : 0);
}

static int get_info(struct sheath_conn *conn, char __user *optval, int len, int __user *optlen)
{
	struct sheath_info *info;
	int rc = 0;

	if (len < (int)sizeof(u32))
		return -EINVAL;
	info = kmalloc(sizeof(*info), GFP_KERNEL);
	if (!info)
		return -ENOMEM;
	fill_info(conn, info);
	len = min_t(int, len, sizeof(*info));
	if (copy_to_user(optval, info, len) || put_user(len, optlen))
		rc = -EFAULT;
	kfree(info);
	return rc;
}

static int get_flag(struct sheath_conn *conn, int optname, char __user *optval, int len,
		    int __user *optlen)
{
	u32 value;

	if (len < (int)sizeof(value) ||
	    (len != sizeof(value) && optname != TLS_RX_EXPECT_NO_PAD))
		return -EINVAL;
	len = sizeof(value);
	switch (optname) {
	case TLS_TX_ZEROCOPY_RO:
		value = conn->zerocopy_ro;
		break;
	case TLS_RX_EXPECT_NO_PAD:
		if (!conn->rx || !conn->rx->dir.ver->has_inner_type)
			return -EINVAL;
		value = conn->no_pad;
		break;
	case SHEATH_EOF:
		value = conn->eof_lenient;
		break;
	default:
		value = conn->ctrl_app;
		break;
	}
	return copy_to_user(optval, &value, sizeof(value)) || put_user(len, optlen) ? -EFAULT : 0;
}

static int get_payload_max(const struct sheath_conn *conn, char __user *optval, int len,
			   int __user *optlen)
{
	u16 value = sheath_tx_payload_max(conn);

	if (len != sizeof(value))
		return -EINVAL;
	return copy_to_user(optval, &value, sizeof(value)) || put_user(len, optlen) ? -EFAULT : 0;
}

static int get_ticket(struct sheath_conn *conn, char __user *optval, int len, int __user *optlen)
{
	/* one that waits in the receive queue counts, whether the application reads or not */
	if (sheath_ticket_none(conn) && conn->rx)
		sheath_rx_inq(conn);
	return sheath_ticket_get(conn, optval, len, optlen);
}

static int get_tls(struct sheath_conn *conn, int optname, char __user *optval, int len,
		   int __user *optlen)
{
	switch (optname) {
	case TLS_TX:
	case TLS_RX:
		return sheath_sockopt_crypto_info(conn, optname, optval, len, optlen);
	case TLS_TX_MAX_PAYLOAD_LEN:
		return get_payload_max(conn, optval, len, optlen);
	case SHEATH_TICKET:
		return get_ticket(conn, optval, len, optlen);
	case SHEATH_INFO:
		return get_info(conn, optval, len, optlen);
	case TLS_TX_ZEROCOPY_RO:
	case TLS_RX_EXPECT_NO_PAD:
	case SHEATH_EOF:
	case SHEATH_CTRL:
		return get_flag(conn, optname, optval, len, optlen);
	default:
		return -ENOPROTOOPT;
	}
}

/* both would let bytes of the record stream pass by the pipelines */
static bool bypasses(int level, int optname)
{
	return level == SOL_TCP && (optname == TCP_REPAIR || optname == TCP_ZEROCOPY_RECEIVE);
}

/* before TCP knows of it: what takes off a cork of ours puts that of the application back */
static void note_cork(struct sheath_conn *conn, sockptr_t optval, unsigned int optlen)
{
	int on;

	if (optlen < sizeof(on) || copy_from_sockptr(&on, optval, sizeof(on)))
		return;
	lock_sock(conn->sk);
	conn->cork = on;
	release_sock(conn->sk);
}

/* options at which TCP sends a short segment that it held back; it has taken the value */
static bool sends_now(int optname, sockptr_t optval)
{
	int on;

	if ((optname != TCP_NODELAY && optname != TCP_CORK) ||
	    copy_from_sockptr(&on, optval, sizeof(on)))
		return false;
	return optname == TCP_CORK ? !on : on;
}

static void flush_open(struct sheath_conn *conn)
{
	lock_sock(conn->sk);
	if (conn->tx)
		sheath_tx_flush_open(conn);
	release_sock(conn->sk);
}

/**
 * sheath_setsockopt() - setsockopt() of an attached socket
 * @sk: socket
 * @level: SOL_TLS is ours, the rest is the base protocol's
 * @optname: option
 * @optval: value
 * @optlen: its length
 *
 * Context: process, lock not held.
 */
int sheath_setsockopt(struct sock *sk, int level, int optname, sockptr_t optval,
		      unsigned int optlen)
{
	struct sheath_conn *conn = sheath_conn_get(sk);
	bool bypass = bypasses(level, optname);
	int rc;

	if (level == SOL_TLS && sheath_sockopt_is_key(optname))
		return sheath_sockopt_set_key(conn, optname, optval, optlen);
	if (level == SOL_TLS) {
		lock_sock(sk);
		rc = set_tls(conn, optname, optval, optlen);
		release_sock(sk);
		return rc;
	}
	rc = bypass ? sheath_plain_begin(conn) : 0;
	if (rc)
		return rc;
	if (level == SOL_TCP && optname == TCP_CORK)
		note_cork(conn, optval, optlen);
	rc = conn->base->setsockopt(sk, level, optname, optval, optlen);
	if (bypass)
		sheath_plain_end(conn);
	if (!rc && level == SOL_TCP && sends_now(optname, optval))
		flush_open(conn);
	return rc;
}

/**
 * sheath_getsockopt() - getsockopt() of an attached socket
 * @sk: socket
 * @level: SOL_TLS is ours, the rest is the base protocol's
 * @optname: option
 * @optval: buffer
 * @optlen: its length, and that of the value
 *
 * Context: process, lock not held.
 */
int sheath_getsockopt(struct sock *sk, int level, int optname, char __user *optval,
		      int __user *optlen)
{
	struct sheath_conn *conn = sheath_conn_get(sk);
	bool bypass = bypasses(level, optname);
	int len, rc;

	if (level == SOL_TLS) {
		if (get_user(len, optlen))
			return -EFAULT;
		if (!optval || len < 0)
			return -EINVAL;
		lock_sock(sk);
		rc = get_tls(conn, optname, optval, len, optlen);
		release_sock(sk);
		return rc;
	}
	rc = bypass ? sheath_plain_begin(conn) : 0;
	if (rc)
		return rc;
	rc = conn->base->getsockopt(sk, level, optname, optval, optlen);
	if (bypass)
		sheath_plain_end(conn);
	return rc;
}
