// SPDX-License-Identifier: GPL-2.0
/* What all requests have in common: their headers, whom they are about, the reply. */
#include "ctl/nl.h"

#include <linux/bitmap.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/in.h>
#include <linux/net.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "core/conn.h"
#include "ctl/session.h"

const struct genl_family *sheath_nl_family __ro_after_init;

/**
 * sheath_nl_check_header() - what the core checks for commands from resv_start_op on
 * @nlh: request
 * @extack: for the reason
 *
 * See .resv_start_op in ctl/nl_family.c for why the core does not.
 *
 * Return: 0 or %-EINVAL.
 */
int sheath_nl_check_header(const struct nlmsghdr *nlh, struct netlink_ext_ack *extack)
{
	const struct genlmsghdr *hdr = nlmsg_data(nlh);
	u16 flags = nlh->nlmsg_flags;

	if (hdr->reserved) {
		NL_SET_ERR_MSG(extack, "header: the reserved field is not 0");
		return -EINVAL;
	}
	if ((flags & NLM_F_DUMP) == NLM_F_DUMP)
		flags &= ~NLM_F_DUMP;
	if (flags & ~(NLM_F_REQUEST | NLM_F_ACK | NLM_F_ECHO)) {
		NL_SET_ERR_MSG(extack, "header: flags unknown to this command");
		return -EINVAL;
	}
	return 0;
}

/**
 * sheath_nl_check_once() - refuse attributes that are there twice
 * @head: first attribute
 * @len: bytes of all
 * @multi: type that may be there more than once, 0: none
 * @extack: for the reason
 *
 * The tables of a parser keep the last of several attributes of one type. What was checked
 * has to be what was meant.
 *
 * Return: 0 or %-EINVAL.
 */
int sheath_nl_check_once(const struct nlattr *head, int len, int multi,
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
			NL_SET_ERR_MSG_ATTR(extack, nla, "attribute: given twice");
			return -EINVAL;
		}
	}
	return 0;
}

/*
 * Numbers of descriptors are looked up in the sender's table. A program with more rights than its
 * caller may be given a netlink socket as its standard output, and write to it what the caller
 * wants: a confused deputy. Such a program knows nothing of netlink and gives no address, so a
 * request that names its destination is meant. Without an address, the sender must have no rights
 * that the opener of the socket had not.
 */
static bool nl_is_meant(const struct sk_buff *skb)
{
	const struct socket *sock = NETLINK_CB(skb).sk->sk_socket;
	const struct cred *cred = current_cred();
	const struct cred *opener;

	if (NETLINK_CB(skb).flags & NETLINK_SKB_DST)
		return true;
	if (!sock || !sock->file)
		return false;
	opener = sock->file->f_cred;
	return uid_eq(opener->euid, cred->euid) && gid_eq(opener->egid, cred->egid) &&
	       opener->user_ns == cred->user_ns &&
	       cap_issubset(cred->cap_permitted, opener->cap_permitted);
}

static int nl_check_opener(const struct sk_buff *skb, struct netlink_ext_ack *extack)
{
	if (nl_is_meant(skb))
		return 0;
	NL_SET_ERR_MSG(extack,
		       "socket: netlink socket opened by another user, give a destination address");
	return -EPERM;
}

/**
 * sheath_nl_sock_get() - the sender's TCP socket
 * @skb: request
 * @info: request
 * @attr: number of the descriptor in the sender's table
 *
 * Return: socket, to be released by sockfd_put(), or an error pointer: %-EPERM if
 * another user opened the netlink socket and the request has no address, %-EBADF, %-ENOTSOCK,
 * %-EPROTOTYPE if it is not TCP, %-EXDEV if it is in another network namespace.
 */
struct socket *sheath_nl_sock_get(const struct sk_buff *skb, struct genl_info *info,
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
			NL_SET_ERR_MSG_ATTR(info->extack, attr, "sockfd: not a socket");
		else
			NL_SET_ERR_MSG_ATTR(info->extack, attr, "sockfd: not open");
		return ERR_PTR(err);
	}
	if ((sock->sk->sk_family != AF_INET && sock->sk->sk_family != AF_INET6) ||
	    sock->sk->sk_type != SOCK_STREAM || sock->sk->sk_protocol != IPPROTO_TCP) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "sockfd: not a TCP socket");
		err = -EPROTOTYPE;
		goto out_put_sock;
	}
	if (!net_eq(sock_net(sock->sk), genl_info_net(info))) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "sockfd: not in the network namespace of the netlink socket");
		err = -EXDEV;
		goto out_put_sock;
	}
	return sock;

out_put_sock:
	sockfd_put(sock);
	return ERR_PTR(err);
}

/**
 * sheath_nl_reply_start() - begin a reply
 * @info: request
 * @size: bytes of attributes
 * @hdr: set, for genlmsg_end()
 *
 * Return: the message, or NULL if there is no memory.
 */
struct sk_buff *sheath_nl_reply_start(struct genl_info *info, size_t size, void **hdr)
{
	struct sk_buff *skb;

	skb = genlmsg_new(size, GFP_KERNEL);
	if (!skb)
		return NULL;
	*hdr = genlmsg_put_reply(skb, info, sheath_nl_family, 0, info->genlhdr->cmd);
	if (!*hdr) {
		nlmsg_free(skb);
		return NULL;
	}
	return skb;
}

/**
 * sheath_nl_no_memory() - the refusal for want of a reply
 * @extack: for the reason
 *
 * Return: %-ENOMEM.
 */
int sheath_nl_no_memory(struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG(extack, "reply: no memory");
	return -ENOMEM;
}

/**
 * sheath_nl_check_request() - what the core leaves to us, for commands with a policy
 * @info: request
 *
 * Return: 0 or %-EINVAL.
 */
int sheath_nl_check_request(struct genl_info *info)
{
	return sheath_nl_check_header(info->nlhdr, info->extack) ?:
	       sheath_nl_check_once(nlmsg_attrdata(info->nlhdr, GENL_HDRLEN),
				    nlmsg_attrlen(info->nlhdr, GENL_HDRLEN), 0, info->extack);
}

/**
 * sheath_nl_whose_put() - let go of what sheath_nl_whose_get() found
 * @whose: socket
 */
void sheath_nl_whose_put(const struct sheath_nl_whose *whose)
{
	if (whose->sock)
		sockfd_put(whose->sock);
	else
		sock_put(whose->sk);
}

static int nl_whose_cookie(struct sk_buff *skb, struct genl_info *info, const struct nlattr *attr,
			   struct sheath_nl_whose *whose)
{
	struct net *net = genl_info_net(info);

	if (!netlink_ns_capable(skb, net->user_ns, CAP_NET_ADMIN)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "cookie: needs CAP_NET_ADMIN, use sockfd instead");
		return -EPERM;
	}
	whose->sock = NULL;
	whose->sk = sheath_session_sk_get(net, nla_get_u64(attr));
	if (!whose->sk) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "cookie: no session has it");
		return -ENOENT;
	}
	return 0;
}

/**
 * sheath_nl_whose_get() - the socket a request names by sockfd or cookie, exactly one
 * @skb: request
 * @info: request
 * @whose: result, for sheath_nl_whose_put()
 *
 * Return: 0; %-EINVAL for none or both; %-EPERM for a cookie without CAP_NET_ADMIN; %-ENOENT
 * if no session has it; or as sheath_nl_sock_get().
 */
int sheath_nl_whose_get(struct sk_buff *skb, struct genl_info *info,
			struct sheath_nl_whose *whose)
{
	struct nlattr **tb = info->attrs;

	if (tb[SHEATH_A_SOCKFD] && tb[SHEATH_A_COOKIE]) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[SHEATH_A_COOKIE],
				    "cookie: given together with sockfd");
		return -EINVAL;
	}
	if (tb[SHEATH_A_COOKIE])
		return nl_whose_cookie(skb, info, tb[SHEATH_A_COOKIE], whose);
	if (!tb[SHEATH_A_SOCKFD]) {
		NL_SET_ERR_ATTR_MISS(info->extack, NULL, SHEATH_A_SOCKFD);
		NL_SET_ERR_MSG(info->extack, "sockfd: missing, and no cookie instead");
		return -EINVAL;
	}
	whose->sock = sheath_nl_sock_get(skb, info, tb[SHEATH_A_SOCKFD]);
	if (IS_ERR(whose->sock))
		return PTR_ERR(whose->sock);
	whose->sk = whose->sock->sk;
	return 0;
}

/**
 * sheath_nl_put_epochs() - how many keys of each direction were replaced
 * @skb: message
 * @conn: session
 *
 * Return: 0 or %-EMSGSIZE.
 */
int sheath_nl_put_epochs(struct sk_buff *skb, const struct sheath_conn *conn)
{
	if (nla_put_u32(skb, SHEATH_A_TX_EPOCH, READ_ONCE(conn->tx_epoch)) ||
	    nla_put_u32(skb, SHEATH_A_RX_EPOCH, READ_ONCE(conn->rx_epoch)))
		return -EMSGSIZE;
	return 0;
}

/**
 * sheath_nl_put_done() - the whole answer to what changed a key
 * @reply: message with room for SHEATH_NL_EPOCHS_SIZE
 * @hdr: from sheath_nl_reply_start()
 * @conn: session
 *
 * Context: lock_sock() held.
 */
void sheath_nl_put_done(struct sk_buff *reply, void *hdr, const struct sheath_conn *conn)
{
	WARN_ON_ONCE(nla_put_u64_64bit(reply, SHEATH_A_COOKIE, conn->cookie, SHEATH_A_PAD) ||
		     sheath_nl_put_epochs(reply, conn));
	genlmsg_end(reply, hdr);
}
