/* SPDX-License-Identifier: GPL-2.0 */
/* The operations of an attached socket. */
#ifndef SHEATH_OPS_H
#define SHEATH_OPS_H

#include <linux/types.h>

struct msghdr;
struct proto;
struct proto_ops;
struct sock;

int sheath_op_sendmsg(struct sock *sk, struct msghdr *msg, size_t size);
int sheath_op_sendmsg_locked(struct sock *sk, struct msghdr *msg, size_t size);
int sheath_op_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags, int *addr_len);
bool sheath_op_inq(struct sock *sk, int *answ);
bool sheath_op_outq(struct sock *sk, bool unsent, int *answ);

void sheath_ops_set(struct proto *prot, struct proto_ops *ops);

#endif /* SHEATH_OPS_H */
