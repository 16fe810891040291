// SPDX-License-Identifier: GPL-2.0
/* session-get and its dump. */
#include "ctl/nl.h"

#include <linux/rcupdate_wait.h>
#include <linux/sched.h>
#include <linux/user_namespace.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "core/conn.h"
#include "ctl/session.h"

static const struct nla_policy sheath_nl_session_get_dump_policy[SHEATH_A_UID + 1] = {
	[SHEATH_A_STATE] = NLA_POLICY_MAX(NLA_U32, SHEATH_STATE_CLOSED),
	[SHEATH_A_UID] = { .type = NLA_U32 },
};

/* Replies with the session of @sk, which the caller holds a reference to. */
static int nl_session_reply(struct sock *sk, struct genl_info *info)
{
	const struct sheath_conn *conn;
	struct sk_buff *reply;
	void *hdr;
	int err;

	reply = sheath_nl_reply_start(info, GENLMSG_DEFAULT_SIZE, &hdr);
	if (!reply)
		return sheath_nl_no_memory(info->extack);

	rcu_read_lock();
	conn = sheath_conn_peek(sk);
	if (conn) {
		err = sheath_nl_put_session(reply, conn, current_user_ns());
		if (err)
			NL_SET_ERR_MSG(info->extack, "reply: no room for the session");
	} else {
		NL_SET_ERR_MSG(info->extack, "socket: the sheath ULP is not attached");
		err = -ENOPROTOOPT;
	}
	rcu_read_unlock();

	if (err) {
		nlmsg_free(reply);
		return err;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

/**
 * sheath_nl_session_get() - SHEATH_CMD_SESSION_GET for one session
 * @skb: request
 * @info: request
 */
int sheath_nl_session_get(struct sk_buff *skb, struct genl_info *info)
{
	struct sheath_nl_whose whose;
	int err;

	err = sheath_nl_check_request(info);
	if (err)
		return err;
	err = sheath_nl_whose_get(skb, info, &whose);
	if (err)
		return err;
	err = nl_session_reply(whose.sk, info);
	sheath_nl_whose_put(&whose);
	return err;
}

/**
 * struct nl_dump - how far a dump of the sessions is
 * @cookie: of the session shown last, 0: none yet
 * @newest: sessions with a larger cookie came after the dump began, and are not shown; those
 *	with a smaller one may have come later still, and may or may not be
 * @uid: show this user's sessions only, INVALID_UID: everybody's
 * @state: show sessions in this state only, U32_MAX: in any
 */
struct nl_dump {
	unsigned long	cookie;
	unsigned long	newest;
	kuid_t		uid;
	u32		state;
};

/**
 * sheath_nl_session_dump_start() - SHEATH_CMD_SESSION_GET for all: may the sender, and which?
 * @cb: dump
 */
int sheath_nl_session_dump_start(struct netlink_callback *cb)
{
	struct net *net = sock_net(cb->skb->sk);
	struct nlattr *tb[SHEATH_A_UID + 1];
	struct nl_dump *dump = (void *)cb->ctx;
	int err;

	BUILD_BUG_ON(sizeof(*dump) > sizeof(cb->ctx));
	err = sheath_nl_check_header(cb->nlh, cb->extack);
	if (err)
		return err;
	if (!netlink_ns_capable(cb->skb, net->user_ns, CAP_NET_ADMIN)) {
		NL_SET_ERR_MSG(cb->extack, "dump: needs CAP_NET_ADMIN");
		return -EPERM;
	}
	err = nlmsg_parse(cb->nlh, GENL_HDRLEN, tb, SHEATH_A_UID,
			  sheath_nl_session_get_dump_policy, cb->extack);
	if (err)
		return err;
	err = sheath_nl_check_once(nlmsg_attrdata(cb->nlh, GENL_HDRLEN),
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
					    "uid: no such user in this user namespace");
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
			  sheath_nl_family, NLM_F_MULTI, SHEATH_CMD_SESSION_GET);
	if (!hdr)
		return -EMSGSIZE;
	if (sheath_nl_put_session(skb, conn, user_ns)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	if (sheath_session_has(sock_net(cb->skb->sk), conn, dump->cookie))
		genlmsg_end(skb, hdr);
	else
		genlmsg_cancel(skb, hdr);
	return 0;
}

/**
 * sheath_nl_session_dump() - the next part of a dump
 * @skb: message to fill
 * @cb: dump
 */
int sheath_nl_session_dump(struct sk_buff *skb, struct netlink_callback *cb)
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
