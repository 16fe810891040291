// SPDX-License-Identifier: GPL-2.0
/* key-set: parse keys strictly, then wipe them from the request. */
#include "ctl/nl.h"

#include <linux/file.h>
#include <linux/net.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "core/conn.h"
#include "core/own.h"
#include "core/stats.h"
#include "ctl/keys.h"

/* not const: 6.1 points to it without */
static struct netlink_range_validation sheath_nl_range_u16 = {
	.max = U16_MAX,
};

static const struct nla_policy sheath_nl_key_set_policy[SHEATH_A_TX_LIMIT + 1] = {
	[SHEATH_A_SOCKFD] = { .type = NLA_S32 },
	[SHEATH_A_ROLE] = NLA_POLICY_RANGE(NLA_U32, SHEATH_ROLE_CLIENT, SHEATH_ROLE_SERVER),
	[SHEATH_A_KEY] = { .type = NLA_NESTED },
	[SHEATH_A_SUITE] = NLA_POLICY_FULL_RANGE(NLA_U32, &sheath_nl_range_u16),
	[SHEATH_A_GROUP] = NLA_POLICY_FULL_RANGE(NLA_U32, &sheath_nl_range_u16),
	[SHEATH_A_TX_LIMIT] = NLA_POLICY_RANGE(NLA_U32, 63, 16384),
};

static const struct nla_policy sheath_nl_key_policy[SHEATH_A_KEY_HISTORY + 1] = {
	[SHEATH_A_KEY_FLAGS] = NLA_POLICY_MASK(NLA_U32, SHEATH_KEY_FLAGS),
	[SHEATH_A_KEY_VERSION] = { .type = NLA_U32 },
	[SHEATH_A_KEY_CIPHER] = { .type = NLA_U32 },
	[SHEATH_A_KEY_EPOCH] = { .type = NLA_U32 },
	[SHEATH_A_KEY_REC_SEQ] = { .type = NLA_U64 },
	[SHEATH_A_KEY_SECRET] = { .type = NLA_BINARY, .len = 48 },
	[SHEATH_A_KEY_HASH] = NLA_POLICY_RANGE(NLA_U32, SHEATH_HASH_SHA256, SHEATH_HASH_SHA384),
	[SHEATH_A_KEY_CIPHER_KEY] = { .type = NLA_BINARY, .len = 32 },
	[SHEATH_A_KEY_IV] = { .type = NLA_BINARY, .len = 16 },
	[SHEATH_A_KEY_MAC] = NLA_POLICY_RANGE(NLA_U32, SHEATH_MAC_SHA1, SHEATH_MAC_SHA384),
	[SHEATH_A_KEY_MAC_KEY] = { .type = NLA_BINARY, .len = 48 },
	[SHEATH_A_KEY_COMPRESSION] = NLA_POLICY_MAX(NLA_U32, SHEATH_COMPRESSION_DEFLATE),
	[SHEATH_A_KEY_HISTORY] = { .type = NLA_BINARY, .len = 64 },
};

/* a statement expression because the text of NL_SET_ERR_MSG() has to be a literal */
#define NL_KEY_HAS(tb, nest, type, name, extack) ({				\
	if (!(tb)[type]) {							\
		NL_SET_ERR_ATTR_MISS(extack, (struct nlattr *)(nest), type);	\
		NL_SET_ERR_MSG(extack, name ": missing");			\
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
	if (tb[SHEATH_A_KEY_MAC] || tb[SHEATH_A_KEY_MAC_KEY]) {
		/* which of cipher-key and iv there must be is up to cipher and version */
		if (!NL_KEY_HAS(tb, nest, SHEATH_A_KEY_MAC, "mac", extack) ||
		    !NL_KEY_HAS(tb, nest, SHEATH_A_KEY_MAC_KEY, "mac-key", extack))
			return -EINVAL;
		return 0;
	}
	if (!NL_KEY_HAS(tb, nest, SHEATH_A_KEY_CIPHER_KEY, "cipher-key", extack) ||
	    !NL_KEY_HAS(tb, nest, SHEATH_A_KEY_IV, "iv", extack))
		return -EINVAL;
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
	err = sheath_nl_check_once(nla_data(nest), nla_len(nest), 0, extack);
	if (err)
		return err;
	err = nl_key_check_complete(nest, tb, extack);
	if (err)
		return err;
	err = sheath_key_flags(key, nla_get_u32(tb[SHEATH_A_KEY_FLAGS]), extack);
	if (err) {
		NL_SET_BAD_ATTR(extack, tb[SHEATH_A_KEY_FLAGS]);
		return err;
	}

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
	if (tb[SHEATH_A_KEY_MAC]) {
		key->mac = nla_get_u32(tb[SHEATH_A_KEY_MAC]);
		key->mac_key_len = nla_memcpy(key->mac_key, tb[SHEATH_A_KEY_MAC_KEY],
					      sizeof(key->mac_key));
	}
	if (tb[SHEATH_A_KEY_COMPRESSION])
		key->compression = nla_get_u32(tb[SHEATH_A_KEY_COMPRESSION]);
	if (tb[SHEATH_A_KEY_HISTORY])
		key->history_len = nla_memcpy(key->history, tb[SHEATH_A_KEY_HISTORY],
					      sizeof(key->history));
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
			NL_SET_ERR_MSG_ATTR(extack, nla, "key: more than two keys");
			return -EINVAL;
		}
		err = nl_key_parse(nla, &set->key[set->n_keys], extack);
		if (err)
			return err;
		set->n_keys++;
		if (set->n_keys == 2 && set->key[0].flags == set->key[1].flags) {
			NL_SET_ERR_MSG_ATTR(extack, nla, "key: two keys for the same direction");
			return -EINVAL;
		}
	}
	if (!set->n_keys) {
		NL_SET_ERR_ATTR_MISS(extack, NULL, SHEATH_A_KEY);
		NL_SET_ERR_MSG(extack, "key: missing");
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

	err = sheath_nl_check_header(nlh, extack);
	if (err)
		return err;
	err = nlmsg_parse(nlh, GENL_HDRLEN, tb, SHEATH_A_TX_LIMIT, sheath_nl_key_set_policy,
			  extack);
	if (err)
		return err;
	err = sheath_nl_check_once(nlmsg_attrdata(nlh, GENL_HDRLEN),
				   nlmsg_attrlen(nlh, GENL_HDRLEN), SHEATH_A_KEY, extack);
	if (err)
		return err;

	if (!tb[SHEATH_A_SOCKFD]) {
		NL_SET_ERR_ATTR_MISS(extack, NULL, SHEATH_A_SOCKFD);
		NL_SET_ERR_MSG(extack, "sockfd: missing");
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

/* As the owner of @sk: nothing here waits for anybody. */
static int nl_key_set_owned(struct sock *sk, struct sheath_fresh *fresh, struct sk_buff *reply,
			    void *hdr, struct netlink_ext_ack *extack)
{
	struct sheath_conn *conn = sheath_conn_get(sk);
	int err;

	if (!sheath_conn_attached(sk)) {
		NL_SET_ERR_MSG(extack, "socket: the sheath ULP is not attached");
		return -ENOPROTOOPT;
	}
	err = sheath_keys_commit(conn, fresh, extack);
	if (!err)
		sheath_nl_put_done(reply, hdr, conn);
	return err;
}

/* Installs @fresh; the reply is there before, so that nothing fails after. */
static int nl_key_set_commit(struct sock *sk, struct genl_info *info, struct sheath_fresh *fresh)
{
	struct sk_buff *reply;
	void *hdr;
	int err;

	reply = sheath_nl_reply_start(info, SHEATH_NL_EPOCHS_SIZE, &hdr);
	if (!reply)
		return sheath_nl_no_memory(info->extack);
	if (sheath_own_try(sk)) {
		err = nl_key_set_owned(sk, fresh, reply, hdr, info->extack);
		release_sock(sk);
	} else {
		NL_SET_ERR_MSG(info->extack, "socket: in use by another call, try again");
		err = -EAGAIN;
	}
	if (err) {
		nlmsg_free(reply);
		return err;
	}

	/* Too late for errors: an answer that says "refused" would be a lie. */
	genlmsg_reply(reply, info);
	return 0;
}

static int nl_key_set_install(struct sock *sk, struct genl_info *info, struct sheath_key_set *set)
{
	struct sheath_fresh *fresh;
	int err;

	fresh = sheath_keys_prepare(set, SHEATH_ALG_DEFER, info->extack);
	if (IS_ERR(fresh))
		return PTR_ERR(fresh);
	err = nl_key_set_commit(sk, info, fresh);
	sheath_keys_free(fresh);
	return err;
}

static int nl_key_set_checked(struct sk_buff *skb, struct genl_info *info,
			      struct sheath_key_set *set)
{
	struct nlattr *tb[SHEATH_A_TX_LIMIT + 1];
	struct socket *sock;
	int err;

	err = nl_key_set_parse(info, tb, set);
	if (err)
		return err;
	sock = sheath_nl_sock_get(skb, info, tb[SHEATH_A_SOCKFD]);
	if (IS_ERR(sock))
		return PTR_ERR(sock);
	err = nl_key_set_install(sock->sk, info, set);
	sockfd_put(sock);
	return err;
}

/*
 * All of the attributes, because in a malformed request the nest with the key in it may not be
 * found. The extended acknowledgment refers to them by offset only.
 */
static void nl_key_wipe(const struct nlmsghdr *nlh)
{
	memzero_explicit(nlmsg_attrdata(nlh, GENL_HDRLEN), nlmsg_attrlen(nlh, GENL_HDRLEN));
}

/**
 * sheath_nl_key_set() - SHEATH_CMD_KEY_SET
 * @skb: request
 * @info: request; its attributes are wiped
 *
 * Return: 0, what parsing and sheath_nl_sock_get() return, what sheath_keys_prepare() and
 * sheath_keys_commit() return, %-ENOPROTOOPT for a socket without the ULP, or %-EAGAIN while
 * another call owns the socket.
 */
int sheath_nl_key_set(struct sk_buff *skb, struct genl_info *info)
{
	struct sheath_key_set *set;
	int err = -ENOMEM;

	set = kzalloc(sizeof(*set), GFP_KERNEL);
	if (set)
		err = nl_key_set_checked(skb, info, set);
	else
		NL_SET_ERR_MSG(info->extack, "key: no memory");
	kfree_sensitive(set);
	if (err)
		sheath_stat_inc(genl_info_net(info), SHEATH_STAT_KEY_REFUSED);
	nl_key_wipe(info->nlhdr);
	return err;
}

/**
 * sheath_nl_key_dump_start() - SHEATH_CMD_KEY_SET as a dump, which there is none of
 * @cb: dump; the attributes of its request are wiped
 *
 * The core would refuse a dump of a command without one, and quote the request with the key in it.
 *
 * Return: %-EOPNOTSUPP, as the core.
 */
int sheath_nl_key_dump_start(struct netlink_callback *cb)
{
	if (cb->nlh->nlmsg_len >= NLMSG_LENGTH(GENL_HDRLEN))
		nl_key_wipe(cb->nlh);
	NL_SET_ERR_MSG(cb->extack, "key: cannot be dumped");
	return -EOPNOTSUPP;
}

/**
 * sheath_nl_key_dump() - what the core wants beside sheath_nl_key_dump_start(); never called
 * @skb: answer
 * @cb: dump
 *
 * Return: %-EOPNOTSUPP.
 */
int sheath_nl_key_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return -EOPNOTSUPP;
}
