/* SPDX-License-Identifier: GPL-2.0 */
/* What inet_diag, and with it ss, shows of an attached socket. */
#ifndef SHEATH_INET_DIAG_H
#define SHEATH_INET_DIAG_H

#include <linux/types.h>

struct sk_buff;
struct sock;

int sheath_diag_info(struct sock *sk, struct sk_buff *skb);
size_t sheath_diag_info_size(const struct sock *sk);

#endif /* SHEATH_INET_DIAG_H */
