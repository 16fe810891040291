// SPDX-License-Identifier: GPL-2.0
/* Our tables of operations, derived from those a socket had: one pair for each kind of socket. */
#include "ulp/proto.h"

#include <linux/mutex.h>
#include <linux/slab.h>

#include "ulp/compat_ops.h"
#include "ulp/ops.h"

static LIST_HEAD(protos);
static DEFINE_MUTEX(protos_lock);	/* protects protos */

/**
 * sheath_proto_get() - the tables for one kind of socket
 * @base: protocol the socket has
 * @ops: socket operations it has
 *
 * Context: process, may sleep.
 * Return: tables, which stay until the module is unloaded; NULL if there is no memory.
 */
const struct sheath_proto *sheath_proto_get(struct proto *base, const struct proto_ops *ops)
{
	struct sheath_proto *p;

	mutex_lock(&protos_lock);
	list_for_each_entry(p, &protos, list) {
		if (p->base == base && p->base_ops == ops)
			goto out_unlock;
	}
	p = kzalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		goto out_unlock;
	p->base = base;
	p->base_ops = ops;
	p->prot = *base;
	p->ops = *ops;
	sheath_ops_set(&p->prot, &p->ops);
	p->prot.recvmsg = sheath_compat_recvmsg;
	p->prot.ioctl = sheath_compat_ioctl;
	sheath_compat_set_sendpage(&p->prot, &p->ops);
	list_add(&p->list, &protos);
out_unlock:
	mutex_unlock(&protos_lock);
	return p;
}

/**
 * sheath_proto_free_all() - forget all tables
 *
 * Context: module exit: no socket has them, and none of their operations is running.
 */
void sheath_proto_free_all(void)
{
	struct sheath_proto *p, *next;

	list_for_each_entry_safe(p, next, &protos, list) {
		list_del(&p->list);
		kfree(p);
	}
}
