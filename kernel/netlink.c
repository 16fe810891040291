// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family: parse, check who asks, call, reply.
 *
 * Authority over a session is possession of its socket; CAP_NET_ADMIN in the user namespace
 * of the network namespace is for what spans sockets: a session by cookie, a dump, events.
 * Descriptors are looked up in the sender's table, because requests are handled in its
 * context.
 *
 * A request the generic netlink core refuses goes back to its sender as it came. So key-set
 * has no policy there: the core hands over whatever was sent, the module checks it as
 * strictly as the core would, and wipes all of its attributes before the core can quote
 * them. What the core refuses by its header alone stays out of reach.
 *
 * The family runs with parallel_ops: a handler may wait for the lock of a socket, and other
 * requests do not wait with it.
 */
#include "netlink.h"

#include <linux/bitmap.h>
#include <linux/file.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/net.h>
#include <linux/rcupdate_wait.h>
#include <linux/sched.h>
#include <linux/user_namespace.h>
#include <net/genetlink.h>
#include <net/inet_sock.h>
#include <net/sock.h>

#include "conn.h"
#include "keys.h"
#include "rekey.h"
#include "rx.h"
#include "session.h"
#include "stats.h"
#include "suite.h"
#include "tx.h"

static struct genl_family sheath_nl_family;

enum {
	SHEATH_NL_MCGRP_SESSION,
};

/* not const: 6.1 points to it without */
static struct netlink_range_validation sheath_nl_range_u16 = {
	.max = U16_MAX,
};

#define SHEATH_NL_KEY_FLAGS	(SHEATH_KEY_RX | SHEATH_KEY_TX | \
				 SHEATH_KEY_SEND_KEY_UPDATE | SHEATH_KEY_REQUEST_PEER)

static const struct nla_policy sheath_nl_family_get_policy[SHEATH_A_PAD + 1] = {
};

static const struct nla_policy sheath_nl_session_get_policy[SHEATH_A_COOKIE + 1] = {
	[SHEATH_A_HANDLE] = { .type = NLA_S32 },
	[SHEATH_A_SOCKFD] = { .type = NLA_S32 },
	[SHEATH_A_COOKIE] = { .type = NLA_U64 },
};

static const struct nla_policy sheath_nl_session_get_dump_policy[SHEATH_A_UID + 1] = {
	[SHEATH_A_STATE] = NLA_POLICY_MAX(NLA_U32, SHEATH_STATE_CLOSED),
	[SHEATH_A_UID] = { .type = NLA_U32 },
};

static const struct nla_policy sheath_nl_key_set_policy[SHEATH_A_TX_LIMIT + 1] = {
	[SHEATH_A_HANDLE] = { .type = NLA_S32 },
	[SHEATH_A_SOCKFD] = { .type = NLA_S32 },
	[SHEATH_A_ROLE] = NLA_POLICY_RANGE(NLA_U32, SHEATH_ROLE_CLIENT, SHEATH_ROLE_SERVER),
	[SHEATH_A_KEY] = { .type = NLA_NESTED },
	[SHEATH_A_SUITE] = NLA_POLICY_FULL_RANGE(NLA_U32, &sheath_nl_range_u16),
	[SHEATH_A_GROUP] = NLA_POLICY_FULL_RANGE(NLA_U32, &sheath_nl_range_u16),
	[SHEATH_A_RX_PREFILL] = { .type = NLA_BINARY, .len = 16384 },
	[SHEATH_A_TX_LIMIT] = NLA_POLICY_RANGE(NLA_U32, 63, 16384),
};

static const struct nla_policy sheath_nl_rekey_policy[SHEATH_A_REKEY_FLAGS + 1] = {
	[SHEATH_A_SOCKFD] = { .type = NLA_S32 },
	[SHEATH_A_COOKIE] = { .type = NLA_U64 },
	[SHEATH_A_REKEY_FLAGS] = NLA_POLICY_MASK(NLA_U32, SHEATH_NL_KEY_FLAGS),
};

static const struct nla_policy sheath_nl_key_policy[SHEATH_A_KEY_HISTORY + 1] = {
	[SHEATH_A_KEY_FLAGS] = NLA_POLICY_MASK(NLA_U32, SHEATH_NL_KEY_FLAGS),
	[SHEATH_A_KEY_VERSION] = { .type = NLA_U32 },
	[SHEATH_A_KEY_CIPHER] = { .type = NLA_U32 },
	[SHEATH_A_KEY_EPOCH] = { .type = NLA_U32 },
	[SHEATH_A_KEY_REC_SEQ] = { .type = NLA_U64 },
	[SHEATH_A_KEY_SECRET] = { .type = NLA_BINARY, .len = 48 },
	[SHEATH_A_KEY_HASH] = NLA_POLICY_RANGE(NLA_U32, SHEATH_HASH_SHA256, SHEATH_HASH_SHA384),
	[SHEATH_A_KEY_CIPHER_KEY] = { .type = NLA_BINARY, .len = 32 },
	[SHEATH_A_KEY_IV] = { .type = NLA_BINARY, .len = 16 },
	[SHEATH_A_KEY_MAC] = { .type = NLA_U32 },
	[SHEATH_A_KEY_MAC_KEY] = { .type = NLA_BINARY, .len = 48 },
	[SHEATH_A_KEY_COMPRESSION] = { .type = NLA_U32 },
	[SHEATH_A_KEY_HISTORY] = { .type = NLA_BINARY, .len = 64 },
};

/* What the core checks for commands from resv_start_op on, see sheath_nl_family. */
static int nl_check_header(const struct nlmsghdr *nlh, struct netlink_ext_ack *extack)
{
	const struct genlmsghdr *hdr = nlmsg_data(nlh);
	u16 flags = nlh->nlmsg_flags;

	if (hdr->reserved) {
		NL_SET_ERR_MSG(extack, "the reserved field of the header is not 0");
		return -EINVAL;
	}
	if ((flags & NLM_F_DUMP) == NLM_F_DUMP)
		flags &= ~NLM_F_DUMP;
	if (flags & ~(NLM_F_REQUEST | NLM_F_ACK | NLM_F_ECHO)) {
		NL_SET_ERR_MSG(extack, "flags of the header that mean nothing here are set");
		return -EINVAL;
	}
	return 0;
}

/*
 * The tables of a parser keep the last of several attributes of one type. What was checked
 * has to be what was meant, so there may be only one, except for type @multi.
 */
static int nl_check_once(const struct nlattr *head, int len, int multi,
			 struct netlink_ext_ack *extack)
{
	DECLARE_BITMAP(seen, SHEATH_A_MAX + 1) = { 0 };
	const struct nlattr *nla;
	int rem;

	BUILD_BUG_ON((int)SHEATH_A_KEY_MAX > (int)SHEATH_A_MAX);
	nla_for_each_attr(nla, head, len, rem) {
		if (nla_type(nla) == multi)
			continue;
		if (nla_type(nla) > SHEATH_A_MAX || __test_and_set_bit(nla_type(nla), seen)) {
			NL_SET_ERR_MSG_ATTR(extack, nla, "the attribute is there twice");
			return -EINVAL;
		}
	}
	return 0;
}

/*
 * A netlink socket may have been handed to us by somebody who wants our descriptors looked
 * up: only who opened it can use it with numbers of descriptors.
 */
static int nl_check_opener(const struct sk_buff *skb, struct netlink_ext_ack *extack)
{
	const struct socket *sock = NETLINK_CB(skb).sk->sk_socket;
	const struct cred *cred = current_cred();
	const struct cred *opener;

	if (sock && sock->file) {
		opener = sock->file->f_cred;
		if (uid_eq(opener->euid, cred->euid) && opener->user_ns == cred->user_ns)
			return 0;
	}
	NL_SET_ERR_MSG(extack, "the netlink socket was opened by another user");
	return -EPERM;
}

/* Returns the caller's TCP socket, to be released by sockfd_put(), or an error pointer. */
static struct socket *nl_sock_get(const struct sk_buff *skb, struct genl_info *info,
				  const struct nlattr *attr)
{
	struct socket *sock;
	int err;

	err = nl_check_opener(skb, info->extack);
	if (err)
		return ERR_PTR(err);

	sock = sockfd_lookup(nla_get_s32(attr), &err);
	if (!sock) {
		if (err == -ENOTSOCK)
			NL_SET_ERR_MSG_ATTR(info->extack, attr, "sockfd is not a socket");
		else
			NL_SET_ERR_MSG_ATTR(info->extack, attr, "sockfd is not open");
		return ERR_PTR(err);
	}
	if ((sock->sk->sk_family != AF_INET && sock->sk->sk_family != AF_INET6) ||
	    sock->sk->sk_type != SOCK_STREAM || sock->sk->sk_protocol != IPPROTO_TCP) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "sockfd is not a TCP socket");
		err = -EPROTOTYPE;
		goto out_put_sock;
	}
	if (!net_eq(sock_net(sock->sk), genl_info_net(info))) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "sockfd and netlink socket are in different network namespaces");
		err = -EXDEV;
		goto out_put_sock;
	}
	return sock;

out_put_sock:
	sockfd_put(sock);
	return ERR_PTR(err);
}

/*
 * Starts a reply of @size bytes of attributes. *@hdr is for genlmsg_end(). Returns NULL if
 * there is no memory.
 */
static struct sk_buff *nl_reply_start(struct genl_info *info, size_t size, void **hdr)
{
	struct sk_buff *skb;

	skb = genlmsg_new(size, GFP_KERNEL);
	if (!skb)
		return NULL;
	*hdr = genlmsg_put_reply(skb, info, &sheath_nl_family, 0, info->genlhdr->cmd);
	if (!*hdr) {
		nlmsg_free(skb);
		return NULL;
	}
	return skb;
}

static int nl_no_memory(struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG(extack, "no memory for the reply");
	return -ENOMEM;
}

/* family-get */

static int nl_put_family(struct sk_buff *skb)
{
	unsigned int i;
	u16 cipher;

	if (nla_put_u64_64bit(skb, SHEATH_A_FEATURES,
			      SHEATH_FEATURE_TLS12 | SHEATH_FEATURE_TLS13 |
			      SHEATH_FEATURE_SECRET, SHEATH_A_PAD))
		return -EMSGSIZE;
	for (i = 0; (cipher = sheath_suite_nth(i)); i++) {
		if (sheath_suite_available(cipher) && nla_put_u32(skb, SHEATH_A_CIPHERS, cipher))
			return -EMSGSIZE;
	}
	return 0;
}

static int nl_family_get(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply;
	void *hdr;
	int err;

	err = nl_check_header(info->nlhdr, info->extack);
	if (err)
		return err;
	reply = nl_reply_start(info, GENLMSG_DEFAULT_SIZE, &hdr);
	if (!reply || nl_put_family(reply)) {
		nlmsg_free(reply);
		return nl_no_memory(info->extack);
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

/* session-get and session-ntf */

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
	    nla_put_u64_64bit(skb, SHEATH_A_STATS_RX_AUTH_FAIL, READ_ONCE(stats->rx_auth_fail),
			      SHEATH_A_STATS_PAD) ||
	    nla_put_u32(skb, SHEATH_A_STATS_TX_REKEYS, READ_ONCE(conn->tx_epoch)) ||
	    nla_put_u32(skb, SHEATH_A_STATS_RX_REKEYS, READ_ONCE(conn->rx_epoch)) ||
	    nla_put_u32(skb, SHEATH_A_STATS_CTRL_DROPPED, READ_ONCE(stats->ctrl_dropped)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int nl_put_epochs(struct sk_buff *skb, const struct sheath_conn *conn)
{
	if (nla_put_u32(skb, SHEATH_A_TX_EPOCH, READ_ONCE(conn->tx_epoch)) ||
	    nla_put_u32(skb, SHEATH_A_RX_EPOCH, READ_ONCE(conn->rx_epoch)))
		return -EMSGSIZE;
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
	if (nl_put_epochs(skb, conn) ||
	    nla_put_u64_64bit(skb, SHEATH_A_TX_SEQ, sheath_tx_seq(conn), SHEATH_A_PAD) ||
	    nla_put_u64_64bit(skb, SHEATH_A_RX_SEQ, sheath_rx_seq(conn), SHEATH_A_PAD))
		return -EMSGSIZE;
	return 0;
}

/*
 * Describes @conn to a reader in @user_ns. Under lock_sock() the description is of one
 * moment; under rcu_read_lock() alone each attribute is true by itself.
 */
static int nl_put_session(struct sk_buff *skb, const struct sheath_conn *conn,
			  struct user_namespace *user_ns)
{
	const struct sock *sk = conn->sk;
	uid_t uid = from_kuid_munged(user_ns, sock_net_uid(sock_net(sk), sk));
	u32 role = READ_ONCE(conn->peer.role);
	u16 alert = READ_ONCE(conn->last_alert);
	u32 err = READ_ONCE(conn->err);

	if (nla_put_u64_64bit(skb, SHEATH_A_COOKIE, conn->cookie, SHEATH_A_PAD) ||
	    nla_put_u32(skb, SHEATH_A_STATE, READ_ONCE(conn->state)) ||
	    nla_put_u32(skb, SHEATH_A_UID, uid) ||
	    (role && nla_put_u32(skb, SHEATH_A_ROLE, role)) ||
	    (err && nla_put_u32(skb, SHEATH_A_STATUS, err)) ||
	    (alert && nla_put_u32(skb, SHEATH_A_ALERT, alert & 0xff)))
		return -EMSGSIZE;
	if (nl_put_addrs(skb, sk) || nl_put_protection(skb, conn) ||
	    nl_put_stats(skb, conn))
		return -EMSGSIZE;
	return 0;
}

/**
 * struct nl_whose - the socket a request is about, with a reference
 * @sk: socket; need not have our ULP, or not any more
 * @sock: what the reference is to, NULL if it is to @sk
 */
struct nl_whose {
	struct sock	*sk;
	struct socket	*sock;
};

static void nl_whose_put(const struct nl_whose *whose)
{
	if (whose->sock)
		sockfd_put(whose->sock);
	else
		sock_put(whose->sk);
}

static int nl_whose_cookie(struct sk_buff *skb, struct genl_info *info, const struct nlattr *attr,
			   struct nl_whose *whose)
{
	struct net *net = genl_info_net(info);

	if (!netlink_ns_capable(skb, net->user_ns, CAP_NET_ADMIN)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "asking by cookie needs CAP_NET_ADMIN, use sockfd");
		return -EPERM;
	}
	whose->sock = NULL;
	whose->sk = sheath_session_sk_get(net, nla_get_u64(attr));
	if (!whose->sk) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "no session has this cookie");
		return -ENOENT;
	}
	return 0;
}

/* By sockfd or cookie, exactly one; *@whose is for nl_whose_put(). */
static int nl_whose_get(struct sk_buff *skb, struct genl_info *info, struct nl_whose *whose)
{
	struct nlattr **tb = info->attrs;

	if (tb[SHEATH_A_SOCKFD] && tb[SHEATH_A_COOKIE]) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[SHEATH_A_COOKIE],
				    "sockfd and cookie exclude each other");
		return -EINVAL;
	}
	if (tb[SHEATH_A_COOKIE])
		return nl_whose_cookie(skb, info, tb[SHEATH_A_COOKIE], whose);
	if (!tb[SHEATH_A_SOCKFD]) {
		NL_SET_ERR_ATTR_MISS(info->extack, NULL, SHEATH_A_SOCKFD);
		NL_SET_ERR_MSG(info->extack, "which session: sockfd or cookie is missing");
		return -EINVAL;
	}
	whose->sock = nl_sock_get(skb, info, tb[SHEATH_A_SOCKFD]);
	if (IS_ERR(whose->sock))
		return PTR_ERR(whose->sock);
	whose->sk = whose->sock->sk;
	return 0;
}

/* What the core leaves to us, for commands with a policy. */
static int nl_check_request(struct genl_info *info)
{
	return nl_check_header(info->nlhdr, info->extack) ?:
	       nl_check_once(nlmsg_attrdata(info->nlhdr, GENL_HDRLEN),
			     nlmsg_attrlen(info->nlhdr, GENL_HDRLEN), 0, info->extack);
}

/* Replies with the session of @sk, which the caller holds a reference to. */
static int nl_session_reply(struct sock *sk, struct genl_info *info)
{
	struct sk_buff *reply;
	void *hdr;
	int err;

	reply = nl_reply_start(info, GENLMSG_DEFAULT_SIZE, &hdr);
	if (!reply)
		return nl_no_memory(info->extack);

	lock_sock(sk);
	if (sheath_conn_attached(sk)) {
		err = nl_put_session(reply, sheath_conn_get(sk), current_user_ns());
		if (err)
			NL_SET_ERR_MSG(info->extack, "the session does not fit into the reply");
	} else {
		NL_SET_ERR_MSG(info->extack, "the sheath ULP is not attached to this socket");
		err = -ENOPROTOOPT;
	}
	release_sock(sk);

	if (err) {
		nlmsg_free(reply);
		return err;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

static int nl_session_get(struct sk_buff *skb, struct genl_info *info)
{
	struct nl_whose whose;
	int err;

	err = nl_check_request(info);
	if (err)
		return err;
	if (info->attrs[SHEATH_A_HANDLE]) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[SHEATH_A_HANDLE],
				    "this module has no handshake handles");
		return -EOPNOTSUPP;
	}
	err = nl_whose_get(skb, info, &whose);
	if (err)
		return err;
	err = nl_session_reply(whose.sk, info);
	nl_whose_put(&whose);
	return err;
}

/**
 * struct nl_dump - how far a dump of the sessions is
 * @cookie: of the session shown last, 0: none yet
 * @newest: sessions with a larger cookie came after the dump began, and are not shown
 * @uid: show this user's sessions only, INVALID_UID: everybody's
 * @state: show sessions in this state only, U32_MAX: in any
 */
struct nl_dump {
	unsigned long	cookie;
	unsigned long	newest;
	kuid_t		uid;
	u32		state;
};

static int nl_session_dump_start(struct netlink_callback *cb)
{
	struct net *net = sock_net(cb->skb->sk);
	struct nlattr *tb[SHEATH_A_UID + 1];
	struct nl_dump *dump = (void *)cb->ctx;
	int err;

	BUILD_BUG_ON(sizeof(*dump) > sizeof(cb->ctx));
	err = nl_check_header(cb->nlh, cb->extack);
	if (err)
		return err;
	if (!netlink_ns_capable(cb->skb, net->user_ns, CAP_NET_ADMIN)) {
		NL_SET_ERR_MSG(cb->extack, "a dump of the sessions needs CAP_NET_ADMIN");
		return -EPERM;
	}
	err = nlmsg_parse(cb->nlh, GENL_HDRLEN, tb, SHEATH_A_UID,
			  sheath_nl_session_get_dump_policy, cb->extack);
	if (err)
		return err;
	err = nl_check_once(nlmsg_attrdata(cb->nlh, GENL_HDRLEN),
			    nlmsg_attrlen(cb->nlh, GENL_HDRLEN), 0, cb->extack);
	if (err)
		return err;

	dump->cookie = 0;
	dump->newest = sheath_session_newest(net);
	dump->state = tb[SHEATH_A_STATE] ? nla_get_u32(tb[SHEATH_A_STATE]) : U32_MAX;
	dump->uid = INVALID_UID;
	if (tb[SHEATH_A_UID]) {
		dump->uid = make_kuid(sk_user_ns(NETLINK_CB(cb->skb).sk),
				      nla_get_u32(tb[SHEATH_A_UID]));
		if (!uid_valid(dump->uid)) {
			NL_SET_ERR_MSG_ATTR(cb->extack, tb[SHEATH_A_UID],
					    "this user namespace has no such user");
			return -EINVAL;
		}
	}
	return 0;
}

static bool nl_dump_wants(const struct nl_dump *dump, const struct sheath_conn *conn)
{
	if (dump->state != U32_MAX && dump->state != READ_ONCE(conn->state))
		return false;
	return !uid_valid(dump->uid) ||
	       uid_eq(dump->uid, sock_net_uid(sock_net(conn->sk), conn->sk));
}

/* Adds one session to a dump; leaves @skb as it was on any error. */
static int nl_dump_one(struct sk_buff *skb, struct netlink_callback *cb,
		       const struct sheath_conn *conn)
{
	struct user_namespace *user_ns = sk_user_ns(NETLINK_CB(cb->skb).sk);
	struct nl_dump *dump = (void *)cb->ctx;
	void *hdr;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &sheath_nl_family, NLM_F_MULTI, SHEATH_CMD_SESSION_GET);
	if (!hdr)
		return -EMSGSIZE;
	if (nl_put_session(skb, conn, user_ns)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	if (sheath_session_has(sock_net(cb->skb->sk), conn, dump->cookie))
		genlmsg_end(skb, hdr);
	else
		genlmsg_cancel(skb, hdr);
	return 0;
}

static int nl_session_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nl_dump *dump = (void *)cb->ctx;
	struct net *net = sock_net(cb->skb->sk);
	const struct sheath_conn *conn;
	unsigned long shown;
	int err = 0;

	rcu_read_lock();
	for (shown = dump->cookie;
	     (conn = sheath_session_next(net, &dump->cookie, dump->newest));
	     shown = dump->cookie) {
		if (nl_dump_wants(dump, conn)) {
			err = nl_dump_one(skb, cb, conn);
			if (err)
				break;
		}
		cond_resched_rcu();
	}
	rcu_read_unlock();

	/* the one that did not fit is the first of the next part */
	dump->cookie = shown;
	return skb->len ?: err;
}

/**
 * sheath_session_event() - tell the subscribers of a namespace about a session
 * @conn: context
 * @event: what happened
 *
 * Nothing is built while nobody listens. A subscriber that does not keep up, or a machine
 * without memory, loses events: session-get has the truth.
 *
 * Context: process, lock_sock() held; sleeps.
 */
void sheath_session_event(struct sheath_conn *conn, enum sheath_event event)
{
	struct net *net = sock_net(conn->sk);
	struct sk_buff *skb;
	void *hdr;

	sheath_conn_owned(conn);
	if (!genl_has_listeners(&sheath_nl_family, net, SHEATH_NL_MCGRP_SESSION))
		return;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return;
	hdr = genlmsg_put(skb, 0, 0, &sheath_nl_family, 0, SHEATH_CMD_SESSION_NTF);
	if (!hdr || nl_put_session(skb, conn, net->user_ns) ||
	    nla_put_u32(skb, SHEATH_A_EVENT, event)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	genlmsg_multicast_netns(&sheath_nl_family, net, skb, 0, SHEATH_NL_MCGRP_SESSION,
				GFP_KERNEL);
}

/* key-set */

static int nl_key_refuse_later(struct nlattr **tb, struct netlink_ext_ack *extack)
{
	if (tb[SHEATH_A_KEY_MAC] || tb[SHEATH_A_KEY_MAC_KEY]) {
		NL_SET_ERR_MSG(extack, "this module has AEAD suites only");
		return -EOPNOTSUPP;
	}
	if (tb[SHEATH_A_KEY_COMPRESSION] || tb[SHEATH_A_KEY_HISTORY]) {
		NL_SET_ERR_MSG(extack, "this module has no compression");
		return -EOPNOTSUPP;
	}
	return 0;
}

/* a statement expression because the text of NL_SET_ERR_MSG() has to be a literal */
#define NL_KEY_HAS(tb, nest, type, name, extack) ({				\
	if (!(tb)[type]) {							\
		NL_SET_ERR_ATTR_MISS(extack, (struct nlattr *)(nest), type);	\
		NL_SET_ERR_MSG(extack, "the key has no " name);			\
	}									\
	(tb)[type];								\
})

static int nl_key_check_complete(const struct nlattr *nest, struct nlattr **tb,
				 struct netlink_ext_ack *extack)
{
	if (!NL_KEY_HAS(tb, nest, SHEATH_A_KEY_FLAGS, "flags", extack) ||
	    !NL_KEY_HAS(tb, nest, SHEATH_A_KEY_VERSION, "version", extack) ||
	    !NL_KEY_HAS(tb, nest, SHEATH_A_KEY_CIPHER, "cipher", extack) ||
	    !NL_KEY_HAS(tb, nest, SHEATH_A_KEY_REC_SEQ, "rec-seq", extack))
		return -EINVAL;
	if (tb[SHEATH_A_KEY_SECRET] || tb[SHEATH_A_KEY_HASH]) {
		if (!NL_KEY_HAS(tb, nest, SHEATH_A_KEY_SECRET, "secret", extack) ||
		    !NL_KEY_HAS(tb, nest, SHEATH_A_KEY_HASH, "hash", extack))
			return -EINVAL;
		return 0;
	}
	if (!NL_KEY_HAS(tb, nest, SHEATH_A_KEY_CIPHER_KEY, "cipher-key", extack) ||
	    !NL_KEY_HAS(tb, nest, SHEATH_A_KEY_IV, "iv", extack))
		return -EINVAL;
	return 0;
}

static int nl_key_flags(const struct nlattr *attr, struct sheath_key_params *key,
			struct netlink_ext_ack *extack)
{
	u32 flags = nla_get_u32(attr);

	key->flags = flags & (SHEATH_KEY_RX | SHEATH_KEY_TX);
	if (key->flags != SHEATH_KEY_RX && key->flags != SHEATH_KEY_TX) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "a key is for exactly one of rx and tx");
		return -EINVAL;
	}
	if (flags & SHEATH_KEY_SEND_KEY_UPDATE)
		key->update = flags & SHEATH_KEY_REQUEST_PEER ? SHEATH_REKEY_BOTH :
								SHEATH_REKEY_SELF;
	else if (flags & SHEATH_KEY_REQUEST_PEER) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "request-peer is part of send-key-update");
		return -EINVAL;
	}
	return 0;
}

/* Fills *@key, which the caller wipes, from one nest. */
static int nl_key_parse(const struct nlattr *nest, struct sheath_key_params *key,
			struct netlink_ext_ack *extack)
{
	struct nlattr *tb[SHEATH_A_KEY_HISTORY + 1];
	int err;

	err = nla_parse_nested(tb, SHEATH_A_KEY_HISTORY, nest, sheath_nl_key_policy, extack);
	if (err)
		return err;
	err = nl_check_once(nla_data(nest), nla_len(nest), 0, extack);
	if (err)
		return err;
	err = nl_key_refuse_later(tb, extack);
	if (err)
		return err;
	err = nl_key_check_complete(nest, tb, extack);
	if (err)
		return err;
	err = nl_key_flags(tb[SHEATH_A_KEY_FLAGS], key, extack);
	if (err)
		return err;

	key->version = nla_get_u32(tb[SHEATH_A_KEY_VERSION]);
	key->cipher = nla_get_u32(tb[SHEATH_A_KEY_CIPHER]);
	if (tb[SHEATH_A_KEY_EPOCH])
		key->epoch = nla_get_u32(tb[SHEATH_A_KEY_EPOCH]);
	key->rec_seq = nla_get_u64(tb[SHEATH_A_KEY_REC_SEQ]);
	if (tb[SHEATH_A_KEY_CIPHER_KEY])
		key->key_len = nla_memcpy(key->key, tb[SHEATH_A_KEY_CIPHER_KEY],
					  sizeof(key->key));
	if (tb[SHEATH_A_KEY_IV])
		key->iv_len = nla_memcpy(key->iv, tb[SHEATH_A_KEY_IV], sizeof(key->iv));
	if (tb[SHEATH_A_KEY_SECRET]) {
		key->secret.hash = nla_get_u32(tb[SHEATH_A_KEY_HASH]);
		key->secret_len = nla_memcpy(key->secret.data, tb[SHEATH_A_KEY_SECRET],
					     sizeof(key->secret.data));
	}
	return 0;
}

/* Collects the nests of a request; their number is not limited by the parser. */
static int nl_keys_parse(const struct nlmsghdr *nlh, struct sheath_key_set *set,
			 struct netlink_ext_ack *extack)
{
	struct nlattr *nla;
	int rem;
	int err;

	nlmsg_for_each_attr(nla, nlh, GENL_HDRLEN, rem) {
		if (nla_type(nla) != SHEATH_A_KEY)
			continue;
		if (set->n_keys == ARRAY_SIZE(set->key)) {
			NL_SET_ERR_MSG_ATTR(extack, nla, "more than two keys");
			return -EINVAL;
		}
		err = nl_key_parse(nla, &set->key[set->n_keys], extack);
		if (err)
			return err;
		set->n_keys++;
		if (set->n_keys == 2 && set->key[0].flags == set->key[1].flags) {
			NL_SET_ERR_MSG_ATTR(extack, nla, "two keys for the same direction");
			return -EINVAL;
		}
	}
	if (!set->n_keys) {
		NL_SET_ERR_ATTR_MISS(extack, NULL, SHEATH_A_KEY);
		NL_SET_ERR_MSG(extack, "there is no key");
		return -EINVAL;
	}
	return 0;
}

/* Fills *@set, which the caller wipes. On success tb[SHEATH_A_SOCKFD] is there. */
static int nl_key_set_parse(const struct genl_info *info, struct nlattr **tb,
			    struct sheath_key_set *set)
{
	const struct nlmsghdr *nlh = info->nlhdr;
	struct netlink_ext_ack *extack = info->extack;
	int err;

	err = nl_check_header(nlh, extack);
	if (err)
		return err;
	err = nlmsg_parse(nlh, GENL_HDRLEN, tb, SHEATH_A_TX_LIMIT, sheath_nl_key_set_policy,
			  extack);
	if (err)
		return err;
	err = nl_check_once(nlmsg_attrdata(nlh, GENL_HDRLEN), nlmsg_attrlen(nlh, GENL_HDRLEN),
			    SHEATH_A_KEY, extack);
	if (err)
		return err;

	if (tb[SHEATH_A_HANDLE]) {
		NL_SET_ERR_MSG_ATTR(extack, tb[SHEATH_A_HANDLE],
				    "this module has no handshake handles");
		return -EOPNOTSUPP;
	}
	if (tb[SHEATH_A_RX_PREFILL]) {
		NL_SET_ERR_MSG_ATTR(extack, tb[SHEATH_A_RX_PREFILL],
				    "this module takes no plaintext");
		return -EOPNOTSUPP;
	}
	if (!tb[SHEATH_A_SOCKFD]) {
		NL_SET_ERR_ATTR_MISS(extack, NULL, SHEATH_A_SOCKFD);
		NL_SET_ERR_MSG(extack, "whose key: sockfd is missing");
		return -EINVAL;
	}
	err = nl_keys_parse(nlh, set, extack);
	if (err)
		return err;

	if (tb[SHEATH_A_TX_LIMIT])
		set->tx_limit = nla_get_u32(tb[SHEATH_A_TX_LIMIT]);
	if (tb[SHEATH_A_ROLE])
		set->peer.role = nla_get_u32(tb[SHEATH_A_ROLE]);
	if (tb[SHEATH_A_SUITE])
		set->peer.suite = nla_get_u32(tb[SHEATH_A_SUITE]);
	if (tb[SHEATH_A_GROUP])
		set->peer.group = nla_get_u32(tb[SHEATH_A_GROUP]);
	return 0;
}

/* For what is refused before sheath_keys_install(), which counts by itself. */
static int nl_key_refused(struct genl_info *info, int err)
{
	sheath_stat_inc(genl_info_net(info), SHEATH_STAT_KEY_REFUSED);
	return err;
}

#define NL_EPOCHS_SIZE	(nla_total_size_64bit(sizeof(u64)) + 2 * nla_total_size(sizeof(u32)))

/* The whole answer to what changed a key; there is room for it. */
static void nl_put_done(struct sk_buff *reply, void *hdr, const struct sheath_conn *conn)
{
	WARN_ON_ONCE(nla_put_u64_64bit(reply, SHEATH_A_COOKIE, conn->cookie, SHEATH_A_PAD) ||
		     nl_put_epochs(reply, conn));
	genlmsg_end(reply, hdr);
}

/* Installs *@set; the reply is there before, so that nothing fails after. */
static int nl_key_set_install(struct sock *sk, struct genl_info *info, struct sheath_key_set *set)
{
	struct sk_buff *reply;
	void *hdr;
	int err;

	reply = nl_reply_start(info, NL_EPOCHS_SIZE, &hdr);
	if (!reply)
		return nl_key_refused(info, nl_no_memory(info->extack));

	lock_sock(sk);
	if (sheath_conn_attached(sk)) {
		err = sheath_keys_install(sheath_conn_get(sk), set, info->extack);
		if (!err)
			nl_put_done(reply, hdr, sheath_conn_get(sk));
	} else {
		NL_SET_ERR_MSG(info->extack, "the sheath ULP is not attached to this socket");
		err = nl_key_refused(info, -ENOPROTOOPT);
	}
	release_sock(sk);
	if (err) {
		nlmsg_free(reply);
		return err;
	}

	/* Too late for errors: an answer that says "refused" would be a lie. */
	genlmsg_reply(reply, info);
	return 0;
}

static int nl_key_set_checked(struct sk_buff *skb, struct genl_info *info,
			      struct sheath_key_set *set)
{
	struct nlattr *tb[SHEATH_A_TX_LIMIT + 1];
	struct socket *sock;
	int err;

	err = nl_key_set_parse(info, tb, set);
	if (err)
		return nl_key_refused(info, err);
	sock = nl_sock_get(skb, info, tb[SHEATH_A_SOCKFD]);
	if (IS_ERR(sock))
		return nl_key_refused(info, PTR_ERR(sock));
	err = nl_key_set_install(sock->sk, info, set);
	sockfd_put(sock);
	return err;
}

static int nl_key_set(struct sk_buff *skb, struct genl_info *info)
{
	struct sheath_key_set *set;
	int err = -ENOMEM;

	set = kzalloc(sizeof(*set), GFP_KERNEL);
	if (set)
		err = nl_key_set_checked(skb, info, set);
	else
		NL_SET_ERR_MSG(info->extack, "no memory for the keys");
	kfree_sensitive(set);

	/*
	 * All of the attributes, because in a malformed request the nest with the key in it
	 * may not be found. The extended acknowledgment refers to them by offset only.
	 */
	memzero_explicit(nlmsg_attrdata(info->nlhdr, GENL_HDRLEN),
			 nlmsg_attrlen(info->nlhdr, GENL_HDRLEN));
	return err;
}

/* rekey */

static int nl_rekey_flags(struct genl_info *info, enum sheath_rekey_tx *what)
{
	const struct nlattr *attr = info->attrs[SHEATH_A_REKEY_FLAGS];
	u32 flags;

	if (!attr) {
		NL_SET_ERR_ATTR_MISS(info->extack, NULL, SHEATH_A_REKEY_FLAGS);
		NL_SET_ERR_MSG(info->extack, "rekey-flags is missing");
		return -EINVAL;
	}
	flags = nla_get_u32(attr);
	if ((flags | SHEATH_KEY_REQUEST_PEER) != (SHEATH_KEY_TX | SHEATH_KEY_REQUEST_PEER)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "rekey-flags are tx, or tx and request-peer");
		return -EINVAL;
	}
	*what = flags & SHEATH_KEY_REQUEST_PEER ? SHEATH_REKEY_BOTH : SHEATH_REKEY_SELF;
	return 0;
}

static int nl_rekey_locked(struct sock *sk, struct genl_info *info, enum sheath_rekey_tx what)
{
	int err;

	if (!sheath_conn_attached(sk)) {
		NL_SET_ERR_MSG(info->extack, "the sheath ULP is not attached to this socket");
		return -ENOPROTOOPT;
	}
	err = sheath_rekey_request(sheath_conn_get(sk), what);
	switch (err) {
	case 0:
		break;
	case -ENOTCONN:
		NL_SET_ERR_MSG(info->extack, "there is no sending key");
		break;
	case -EOPNOTSUPP:
		NL_SET_ERR_MSG(info->extack, "the sending key came without a traffic secret");
		break;
	case -EPIPE:
		NL_SET_ERR_MSG(info->extack, "close_notify was sent");
		break;
	default:
		NL_SET_ERR_MSG(info->extack, "the sending key could not be changed");
	}
	return err;
}

static int nl_rekey_sk(struct sock *sk, struct genl_info *info, enum sheath_rekey_tx what)
{
	struct sk_buff *reply;
	void *hdr;
	int err;

	reply = nl_reply_start(info, NL_EPOCHS_SIZE, &hdr);
	if (!reply)
		return nl_no_memory(info->extack);
	lock_sock(sk);
	err = nl_rekey_locked(sk, info, what);
	if (!err)
		nl_put_done(reply, hdr, sheath_conn_get(sk));
	release_sock(sk);
	if (err) {
		nlmsg_free(reply);
		return err;
	}
	genlmsg_reply(reply, info);
	return 0;
}

static int nl_rekey(struct sk_buff *skb, struct genl_info *info)
{
	struct nl_whose whose;
	enum sheath_rekey_tx what;
	int err;

	err = nl_check_request(info);
	if (err)
		return err;
	err = nl_rekey_flags(info, &what);
	if (err)
		return err;
	err = nl_whose_get(skb, info, &whose);
	if (err)
		return err;
	err = nl_rekey_sk(whose.sk, info, what);
	nl_whose_put(&whose);
	return err;
}

static const struct genl_ops sheath_nl_ops[] = {
	{
		.cmd = SHEATH_CMD_FAMILY_GET,
		.policy = sheath_nl_family_get_policy,
		.maxattr = ARRAY_SIZE(sheath_nl_family_get_policy) - 1,
		.doit = nl_family_get,
	},
	{
		/* .policy is for .doit, the dump checks its own attributes */
		.cmd = SHEATH_CMD_SESSION_GET,
		.validate = GENL_DONT_VALIDATE_DUMP,
		.policy = sheath_nl_session_get_policy,
		.maxattr = ARRAY_SIZE(sheath_nl_session_get_policy) - 1,
		.doit = nl_session_get,
		.start = nl_session_dump_start,
		.dumpit = nl_session_dump,
	},
	{
		/* no .policy: see the head of this file */
		.cmd = SHEATH_CMD_KEY_SET,
		.doit = nl_key_set,
	},
	{
		.cmd = SHEATH_CMD_REKEY,
		.policy = sheath_nl_rekey_policy,
		.maxattr = ARRAY_SIZE(sheath_nl_rekey_policy) - 1,
		.doit = nl_rekey,
	},
};

static const struct genl_multicast_group sheath_nl_mcgrps[] = {
	[SHEATH_NL_MCGRP_SESSION] = {
		.name = SHEATH_MCGRP_SESSION,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
};

static struct genl_family sheath_nl_family __ro_after_init = {
	.name = SHEATH_FAMILY_NAME,
	.version = SHEATH_FAMILY_VERSION,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.ops = sheath_nl_ops,
	.n_ops = ARRAY_SIZE(sheath_nl_ops),
	/* below it, the core leaves header and missing policies to us */
	.resv_start_op = SHEATH_CMD_MAX + 1,
	.mcgrps = sheath_nl_mcgrps,
	.n_mcgrps = ARRAY_SIZE(sheath_nl_mcgrps),
};

/**
 * sheath_netlink_init() - register the family
 *
 * Requests come in from now on: the sessions and the suites are there before.
 *
 * Context: process, sleeps.
 * Return: 0 or a negative errno of genl_register_family().
 */
int sheath_netlink_init(void)
{
	return genl_register_family(&sheath_nl_family);
}

/**
 * sheath_netlink_exit() - undo sheath_netlink_init()
 *
 * Context: process, sleeps.
 */
void sheath_netlink_exit(void)
{
	genl_unregister_family(&sheath_nl_family);
}
