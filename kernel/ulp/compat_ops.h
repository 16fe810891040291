/* SPDX-License-Identifier: GPL-2.0 */
/* Functions of a protocol that not every kernel wants, or wants in the same way. */
#ifndef SHEATH_COMPAT_OPS_H
#define SHEATH_COMPAT_OPS_H

#include <linux/net.h>
#include <net/sock.h>

#include "core/compat.h"

#ifdef SHEATH_COMPAT_SENDPAGE
void sheath_compat_set_sendpage(struct proto *prot, struct proto_ops *ops);
#else
static inline void sheath_compat_set_sendpage(struct proto *prot, struct proto_ops *ops)
{
}
#endif

/* 6.5 has the network core copy what an ioctl takes and gives (commit e1d001fa5b47) */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
int sheath_compat_ioctl(struct sock *sk, int cmd, int *karg);
#else
int sheath_compat_ioctl(struct sock *sk, int cmd, unsigned long arg);
#endif

/* 6.15 says whether who asks for diagnostics is an administrator (commit f5afcb9fbb39) */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
int sheath_compat_diag_info(struct sock *sk, struct sk_buff *skb, bool net_admin);
size_t sheath_compat_diag_info_size(const struct sock *sk, bool net_admin);
#else
#define sheath_compat_diag_info		sheath_diag_info
#define sheath_compat_diag_info_size	sheath_diag_info_size
#endif

/* 7.1 has the length of an address in the message alone */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 1, 0)
int sheath_compat_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags);
#else
#define sheath_compat_recvmsg		sheath_op_recvmsg
#endif

#endif /* SHEATH_COMPAT_OPS_H */
