// SPDX-License-Identifier: GPL-2.0
/* A session, described in attributes. */
#include "ctl/nl.h"

#include <linux/cred.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/user_namespace.h>
#include <net/inet_sock.h>
#include <net/netlink.h>
#include <net/sock.h>

#include "core/conn.h"
#include "rx/rx.h"
#include "tx/tx.h"

static int nl_put_addr4(struct sk_buff *skb, int type, __be32 addr, __be16 port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = addr,
		.sin_port = port,
	};

	return nla_put(skb, type, sizeof(sin), &sin);
}

#if IS_ENABLED(CONFIG_IPV6)
static int nl_put_addr6(struct sk_buff *skb, int type, const struct in6_addr *addr, __be16 port)
{
	struct sockaddr_in6 sin6 = {
		.sin6_family = AF_INET6,
		.sin6_addr = *addr,
		.sin6_port = port,
	};

	return nla_put(skb, type, sizeof(sin6), &sin6);
}
#endif

static int nl_put_addrs(struct sk_buff *skb, const struct sock *sk)
{
	const struct inet_sock *inet = inet_sk(sk);
	int err;

#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6) {
		err = nl_put_addr6(skb, SHEATH_A_LADDR, &sk->sk_v6_rcv_saddr, inet->inet_sport);
		return err ?: nl_put_addr6(skb, SHEATH_A_RADDR, &sk->sk_v6_daddr,
					   inet->inet_dport);
	}
#endif
	err = nl_put_addr4(skb, SHEATH_A_LADDR, inet->inet_rcv_saddr, inet->inet_sport);
	return err ?: nl_put_addr4(skb, SHEATH_A_RADDR, inet->inet_daddr, inet->inet_dport);
}

static int nl_put_stats(struct sk_buff *skb, const struct sheath_conn *conn)
{
	const struct sheath_stats *stats = &conn->stats;
	struct nlattr *nest;

	nest = nla_nest_start(skb, SHEATH_A_STATS);
	if (!nest ||
	    nla_put_u64_64bit(skb, SHEATH_A_STATS_TX_RECORDS, READ_ONCE(stats->tx_records),
			      SHEATH_A_STATS_PAD) ||
	    nla_put_u64_64bit(skb, SHEATH_A_STATS_TX_BYTES, READ_ONCE(stats->tx_bytes),
			      SHEATH_A_STATS_PAD) ||
	    nla_put_u64_64bit(skb, SHEATH_A_STATS_RX_RECORDS, READ_ONCE(stats->rx_records),
			      SHEATH_A_STATS_PAD) ||
	    nla_put_u64_64bit(skb, SHEATH_A_STATS_RX_BYTES, READ_ONCE(stats->rx_bytes),
			      SHEATH_A_STATS_PAD) ||
	    nla_put_u32(skb, SHEATH_A_STATS_RX_AUTH_FAIL, READ_ONCE(stats->rx_auth_fail)) ||
	    nla_put_u32(skb, SHEATH_A_STATS_TX_REKEYS, READ_ONCE(conn->tx_epoch)) ||
	    nla_put_u32(skb, SHEATH_A_STATS_RX_REKEYS, READ_ONCE(conn->rx_epoch)) ||
	    nla_put_u32(skb, SHEATH_A_STATS_CTRL_DROPPED, READ_ONCE(stats->ctrl_dropped)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int nl_put_protection(struct sk_buff *skb, const struct sheath_conn *conn)
{
	u32 version = READ_ONCE(conn->version);
	u32 cipher = READ_ONCE(conn->cipher);
	u32 suite = READ_ONCE(conn->peer.suite);
	u32 group = READ_ONCE(conn->peer.group);

	if ((version && nla_put_u32(skb, SHEATH_A_VERSION, version)) ||
	    (cipher && nla_put_u32(skb, SHEATH_A_CIPHERS, cipher)) ||
	    (suite && nla_put_u32(skb, SHEATH_A_SUITE, suite)) ||
	    (group && nla_put_u32(skb, SHEATH_A_GROUP, group)))
		return -EMSGSIZE;
	if (sheath_nl_put_epochs(skb, conn) ||
	    nla_put_u64_64bit(skb, SHEATH_A_TX_SEQ, sheath_tx_seq(conn), SHEATH_A_PAD) ||
	    nla_put_u64_64bit(skb, SHEATH_A_RX_SEQ, sheath_rx_seq(conn), SHEATH_A_PAD))
		return -EMSGSIZE;
	return 0;
}

/**
 * sheath_nl_put_session() - describe a session
 * @skb: message
 * @conn: session
 * @user_ns: user namespace of the reader
 *
 * Under lock_sock() the description is of one moment; under rcu_read_lock() alone each
 * attribute is true by itself.
 *
 * Context: either of them.
 * Return: 0 or %-EMSGSIZE.
 */
int sheath_nl_put_session(struct sk_buff *skb, const struct sheath_conn *conn,
			  struct user_namespace *user_ns)
{
	const struct sock *sk = conn->sk;
	uid_t uid = from_kuid_munged(user_ns, sock_net_uid(sock_net(sk), sk));
	u32 role = READ_ONCE(conn->peer.role);
	u16 alert = READ_ONCE(conn->last_alert);
	u32 err = READ_ONCE(conn->err);
	const struct sheath_tx *tx = READ_ONCE(conn->tx);

	if (nla_put_u64_64bit(skb, SHEATH_A_COOKIE, conn->cookie, SHEATH_A_PAD) ||
	    nla_put_u32(skb, SHEATH_A_STATE, READ_ONCE(conn->state)) ||
	    nla_put_u32(skb, SHEATH_A_UID, uid) ||
	    (role && nla_put_u32(skb, SHEATH_A_ROLE, role)) ||
	    (err && nla_put_u32(skb, SHEATH_A_STATUS, err)) ||
	    (alert && nla_put_u32(skb, SHEATH_A_ALERT, alert & 0xff)) ||
	    (tx && READ_ONCE(tx->owed) && nla_put_flag(skb, SHEATH_A_UPDATE_DUE)))
		return -EMSGSIZE;
	if (nl_put_addrs(skb, sk) || nl_put_protection(skb, conn) ||
	    nl_put_stats(skb, conn))
		return -EMSGSIZE;
	return 0;
}
