// SPDX-License-Identifier: GPL-2.0
/* What inet_diag, and with it ss, shows of an attached socket. */
#include "ctl/inet_diag.h"

#include <linux/inet_diag.h>
#include <net/netlink.h>

#include "core/conn.h"

/**
 * sheath_diag_info() - version, cipher and directions of a session, as in-tree TLS has them
 * @sk: attached socket
 * @skb: message being built
 *
 * Context: rcu_read_lock() is taken here; the socket may be in any state.
 *
 * Return: 0 or %-EMSGSIZE.
 */
int sheath_diag_info(struct sock *sk, struct sk_buff *skb)
{
	struct sheath_conn *conn;
	struct nlattr *nest;
	int rc = 0;

	nest = nla_nest_start_noflag(skb, INET_ULP_INFO_TLS);
	if (!nest)
		return -EMSGSIZE;
	rcu_read_lock();
	conn = rcu_dereference(inet_csk(sk)->icsk_ulp_data);
	if (conn && READ_ONCE(conn->version)) {
		rc = nla_put_u16(skb, TLS_INFO_VERSION, READ_ONCE(conn->version)) ?:
		     nla_put_u16(skb, TLS_INFO_CIPHER, READ_ONCE(conn->cipher)) ?:
		     nla_put_u16(skb, TLS_INFO_TXCONF, READ_ONCE(conn->tx) ? TLS_CONF_SW :
							TLS_CONF_BASE) ?:
		     nla_put_u16(skb, TLS_INFO_RXCONF, READ_ONCE(conn->rx) ? TLS_CONF_SW :
							TLS_CONF_BASE);
	}
	rcu_read_unlock();
	if (rc) {
		nla_nest_cancel(skb, nest);
		return rc;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * sheath_diag_info_size() - room for sheath_diag_info()
 * @sk: attached socket
 */
size_t sheath_diag_info_size(const struct sock *sk)
{
	return nla_total_size(0) +		/* INET_ULP_INFO_TLS */
	       nla_total_size(sizeof(u16)) +	/* TLS_INFO_VERSION */
	       nla_total_size(sizeof(u16)) +	/* TLS_INFO_CIPHER */
	       nla_total_size(sizeof(u16)) +	/* TLS_INFO_TXCONF */
	       nla_total_size(sizeof(u16));	/* TLS_INFO_RXCONF */
}
