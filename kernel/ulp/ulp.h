/* SPDX-License-Identifier: GPL-2.0 */
/* The ULP: attach, the operations of an attached socket, detach. */
#ifndef SHEATH_ULP_H
#define SHEATH_ULP_H

#include <linux/socket.h>
#include <net/sock.h>

int sheath_ulp_sendmsg(struct sock *sk, struct msghdr *msg, size_t size);
int sheath_ulp_sendmsg_locked(struct sock *sk, struct msghdr *msg, size_t size);

int sheath_ulp_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags, int *addr_len);
bool sheath_ulp_inq(struct sock *sk, int *answ);
bool sheath_ulp_outq(struct sock *sk, bool unsent, int *answ);

int sheath_ulp_register(void);
void sheath_ulp_unregister(void);
int sheath_ulp_register_tls(void);
void sheath_ulp_unregister_tls(void);

#endif /* SHEATH_ULP_H */
