/* SPDX-License-Identifier: GPL-2.0 */
/* What the commands of the generic netlink family share. Nobody else includes this. */
#ifndef SHEATH_NL_H
#define SHEATH_NL_H

#include <linux/netlink.h>
#include <linux/types.h>
#include <net/netlink.h>

#include <linux/sheath_nl.h>

struct genl_family;
struct genl_info;
struct sheath_conn;
struct sock;
struct socket;
struct user_namespace;

/* the family, as the core has it; set before requests come */
extern const struct genl_family *sheath_nl_family;

enum {
	SHEATH_NL_MCGRP_SESSION,
};

/* bytes of attributes sheath_nl_put_done() needs */
#define SHEATH_NL_EPOCHS_SIZE	(nla_total_size_64bit(sizeof(u64)) + 2 * nla_total_size(sizeof(u32)))

/**
 * struct sheath_nl_whose - the socket a request is about, with a reference
 * @sk: socket; need not have our ULP, or not any more
 * @sock: what the reference is to, NULL if it is to @sk
 */
struct sheath_nl_whose {
	struct sock	*sk;
	struct socket	*sock;
};

/* ctl/nl_request.c: all run in the sender's context and may sleep; each refusal has a text */
int sheath_nl_check_header(const struct nlmsghdr *nlh, struct netlink_ext_ack *extack);
int sheath_nl_check_once(const struct nlattr *head, int len, int multi,
			 struct netlink_ext_ack *extack);
int sheath_nl_check_request(struct genl_info *info);
struct socket *sheath_nl_sock_get(const struct sk_buff *skb, struct genl_info *info,
				  const struct nlattr *attr);
int sheath_nl_whose_get(struct sk_buff *skb, struct genl_info *info,
			struct sheath_nl_whose *whose);
void sheath_nl_whose_put(const struct sheath_nl_whose *whose);
struct sk_buff *sheath_nl_reply_start(struct genl_info *info, size_t size, void **hdr);
int sheath_nl_no_memory(struct netlink_ext_ack *extack);
int sheath_nl_put_epochs(struct sk_buff *skb, const struct sheath_conn *conn);
void sheath_nl_put_done(struct sk_buff *reply, void *hdr, const struct sheath_conn *conn);

/* ctl/nl_session.c */
int sheath_nl_session_get(struct sk_buff *skb, struct genl_info *info);
int sheath_nl_session_dump_start(struct netlink_callback *cb);
int sheath_nl_session_dump(struct sk_buff *skb, struct netlink_callback *cb);

/* ctl/nl_put.c */
int sheath_nl_put_session(struct sk_buff *skb, const struct sheath_conn *conn,
			  struct user_namespace *user_ns);

/* ctl/nl_event.c */
void sheath_nl_event_init(void);
void sheath_nl_event_exit(void);

/* ctl/nl_key.c */
int sheath_nl_key_set(struct sk_buff *skb, struct genl_info *info);
int sheath_nl_key_dump_start(struct netlink_callback *cb);
int sheath_nl_key_dump(struct sk_buff *skb, struct netlink_callback *cb);

/* ctl/nl_rekey.c */
int sheath_nl_rekey(struct sk_buff *skb, struct genl_info *info);

#endif /* SHEATH_NL_H */
