/* SPDX-License-Identifier: GPL-2.0 */
/* The socket options that take keys. */
#ifndef SHEATH_SOCKOPT_KEY_H
#define SHEATH_SOCKOPT_KEY_H

#include <linux/sockptr.h>
#include <linux/types.h>

struct sheath_conn;

bool sheath_sockopt_is_key(int optname);
int sheath_sockopt_set_key(struct sheath_conn *conn, int optname, sockptr_t optval,
			   unsigned int optlen);
int sheath_sockopt_crypto_info(struct sheath_conn *conn, int optname, char __user *optval, int len,
			       int __user *optlen);

#endif /* SHEATH_SOCKOPT_KEY_H */
