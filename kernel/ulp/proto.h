/* SPDX-License-Identifier: GPL-2.0 */
/* Our tables of operations, derived from those a socket had. */
#ifndef SHEATH_PROTO_H
#define SHEATH_PROTO_H

#include <linux/list.h>
#include <linux/net.h>
#include <net/sock.h>

/**
 * struct sheath_proto - our tables for one kind of socket
 * @list: in protos
 * @base: protocol they were made from; IPv4 and IPv6 differ, and others may wrap them
 * @base_ops: socket operations they were made from
 * @prot: ours
 * @ops: ours
 */
struct sheath_proto {
	struct list_head	list;
	struct proto		*base;
	const struct proto_ops	*base_ops;
	struct proto		prot;
	struct proto_ops	ops;
};

const struct sheath_proto *sheath_proto_get(struct proto *base, const struct proto_ops *ops);
void sheath_proto_free_all(void);

#endif /* SHEATH_PROTO_H */
