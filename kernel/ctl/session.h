/* SPDX-License-Identifier: GPL-2.0 */
/* The table of sessions of a network namespace, by socket cookie. */
#ifndef SHEATH_SESSION_H
#define SHEATH_SESSION_H

#include <linux/types.h>
#include <net/net_namespace.h>

struct sheath_conn;
struct sock;

int sheath_session_add(struct sheath_conn *conn);
void sheath_session_del(struct sheath_conn *conn);
unsigned long sheath_session_newest(struct net *net);
struct sheath_conn *sheath_session_next(struct net *net, unsigned long *cookie,
					unsigned long newest);
bool sheath_session_has(struct net *net, const struct sheath_conn *conn, unsigned long cookie);
struct sock *sheath_session_sk_get(struct net *net, u64 cookie);

int sheath_session_init(void);
void sheath_session_exit(void);

#endif /* SHEATH_SESSION_H */
