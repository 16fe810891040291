// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family: its commands and their tables. nl_*.c have what they do.
 *
 * Authority over a session is possession of its socket; CAP_NET_ADMIN in the user namespace
 * of the network namespace is for what spans sockets: a session by cookie, a dump, events.
 * Descriptors are looked up in the sender's table, because requests are handled in its
 * context.
 *
 * A request the generic netlink core refuses goes back to its sender as it came. So key-set
 * has no policy there: the core hands over whatever was sent, the module checks it as
 * strictly as the core would, and wipes all of its attributes before the core can quote
 * them. So does the dump of key-set that there is none of. What the core refuses before it
 * asks us stays out of reach: another command, and a dump while another one of the same socket
 * is under way. NETLINK_CAP_ACK keeps the core from quoting those.
 *
 * The core holds a semaphore of all families around each handler, so a handler that waits for
 * what a stranger owns stops generic netlink for the whole machine. None waits for the lock of
 * a socket, nor loads a module: see core/own.c and record/alg.c.
 */
#include "ctl/nl_family.h"

#include <net/genetlink.h>
#include <net/netlink.h>

#include "ctl/keys.h"
#include "ctl/nl.h"
#include "record/alg.h"
#include "record/compress.h"
#include "record/suite.h"

static const struct nla_policy sheath_nl_family_get_policy[SHEATH_A_PAD + 1] = {
};

static const struct nla_policy sheath_nl_session_get_policy[SHEATH_A_COOKIE + 1] = {
	[SHEATH_A_SOCKFD] = { .type = NLA_S32 },
	[SHEATH_A_COOKIE] = { .type = NLA_U64 },
};

static const struct nla_policy sheath_nl_rekey_policy[SHEATH_A_REKEY_FLAGS + 1] = {
	[SHEATH_A_SOCKFD] = { .type = NLA_S32 },
	[SHEATH_A_COOKIE] = { .type = NLA_U64 },
	[SHEATH_A_REKEY_FLAGS] = NLA_POLICY_MASK(NLA_U32, SHEATH_KEY_FLAGS),
};

static int nl_put_ciphers(struct sk_buff *skb)
{
	const struct sheath_suite *suite;
	unsigned int i;
	u16 cipher;

	for (i = 0; (cipher = sheath_suite_nth(i)); i++) {
		suite = sheath_suite_find(cipher);
		if (sheath_alg_exists(suite->alg) && sheath_alg_exists(suite->block_alg) &&
		    nla_put_u32(skb, SHEATH_A_CIPHERS, cipher))
			return -EMSGSIZE;
	}
	return 0;
}

static int nl_put_family(struct sk_buff *skb)
{
	if (nla_put_u64_64bit(skb, SHEATH_A_FEATURES,
			      SHEATH_FEATURE_TLS12 | SHEATH_FEATURE_TLS13 |
			      SHEATH_FEATURE_SECRET | SHEATH_FEATURE_TLS10 |
			      SHEATH_FEATURE_MAC |
			      (SHEATH_HAS_DEFLATE ? SHEATH_FEATURE_DEFLATE : 0), SHEATH_A_PAD))
		return -EMSGSIZE;
	return nl_put_ciphers(skb);
}

static int nl_family_get(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply;
	void *hdr;
	int err;

	err = sheath_nl_check_header(info->nlhdr, info->extack);
	if (err)
		return err;
	reply = sheath_nl_reply_start(info, GENLMSG_DEFAULT_SIZE, &hdr);
	if (!reply || nl_put_family(reply)) {
		nlmsg_free(reply);
		return sheath_nl_no_memory(info->extack);
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
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
		.doit = sheath_nl_session_get,
		.start = sheath_nl_session_dump_start,
		.dumpit = sheath_nl_session_dump,
	},
	{
		/* no .policy, and a dump that is always refused: see the head of this file */
		.cmd = SHEATH_CMD_KEY_SET,
		.validate = GENL_DONT_VALIDATE_DUMP,
		.doit = sheath_nl_key_set,
		.start = sheath_nl_key_dump_start,
		.dumpit = sheath_nl_key_dump,
	},
	{
		.cmd = SHEATH_CMD_REKEY,
		.policy = sheath_nl_rekey_policy,
		.maxattr = ARRAY_SIZE(sheath_nl_rekey_policy) - 1,
		.doit = sheath_nl_rekey,
	},
};

static const struct genl_multicast_group sheath_nl_mcgrps[] = {
	[SHEATH_NL_MCGRP_SESSION] = {
		.name = SHEATH_MCGRP_SESSION,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
};

static struct genl_family nl_family __ro_after_init = {
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
	int rc;

	sheath_nl_family = &nl_family;
	rc = genl_register_family(&nl_family);
	if (!rc)
		sheath_nl_event_init();
	return rc;
}

/**
 * sheath_netlink_exit() - undo sheath_netlink_init()
 *
 * Context: process, sleeps.
 */
void sheath_netlink_exit(void)
{
	sheath_nl_event_exit();
	genl_unregister_family(&nl_family);
}
