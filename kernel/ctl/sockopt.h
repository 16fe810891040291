/* SPDX-License-Identifier: GPL-2.0 */
/* Socket options at level SOL_TLS, and those of TCP that must not get past us. */
#ifndef SHEATH_SOCKOPT_H
#define SHEATH_SOCKOPT_H

#include <linux/sockptr.h>
#include <net/sock.h>

int sheath_setsockopt(struct sock *sk, int level, int optname, sockptr_t optval,
		      unsigned int optlen);
int sheath_getsockopt(struct sock *sk, int level, int optname, char __user *optval,
		      int __user *optlen);

#endif /* SHEATH_SOCKOPT_H */
