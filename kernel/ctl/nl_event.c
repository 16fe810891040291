// SPDX-License-Identifier: GPL-2.0
/* Events of sessions, for those who subscribed to them. */
#include "ctl/nl.h"

#include <net/genetlink.h>
#include <net/sock.h>

#include "core/conn.h"
#include "core/event.h"

/*
 * Tells the subscribers of a namespace about a session. Nothing is built while nobody listens.
 * A subscriber that does not keep up, or a machine without memory, loses events: session-get
 * has the truth.
 */
static void nl_event(struct sheath_conn *conn, enum sheath_event event)
{
	struct net *net = sock_net(conn->sk);
	struct sk_buff *skb;
	void *hdr;

	if (!genl_has_listeners(sheath_nl_family, net, SHEATH_NL_MCGRP_SESSION))
		return;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return;
	hdr = genlmsg_put(skb, 0, 0, sheath_nl_family, 0, SHEATH_CMD_SESSION_NTF);
	if (!hdr || sheath_nl_put_session(skb, conn, net->user_ns) ||
	    nla_put_u32(skb, SHEATH_A_EVENT, event)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	genlmsg_multicast_netns(sheath_nl_family, net, skb, 0, SHEATH_NL_MCGRP_SESSION,
				GFP_KERNEL);
}

/**
 * sheath_nl_event_init() - pass events on from now on
 *
 * Context: see sheath_event_listen().
 */
void sheath_nl_event_init(void)
{
	sheath_event_listen(nl_event);
}

/**
 * sheath_nl_event_exit() - undo sheath_nl_event_init()
 *
 * Context: see sheath_event_listen().
 */
void sheath_nl_event_exit(void)
{
	sheath_event_listen(NULL);
}
