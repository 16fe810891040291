/* SPDX-License-Identifier: GPL-2.0 */
/* The table of sessions of a network namespace, by socket cookie; namespace state in general. */
#ifndef SHEATH_SESSION_H
#define SHEATH_SESSION_H

#include <linux/types.h>
#include <linux/xarray.h>
#include <net/net_namespace.h>

#include <linux/sheath_nl.h>

struct sheath_conn;
struct sheath_mib;
struct sock;

/**
 * struct sheath_net - our state in one network namespace
 * @sessions: struct sheath_conn by socket cookie; readers hold rcu_read_lock()
 * @newest: largest cookie there was in @sessions; written under its xa_lock
 * @mib: counters
 */
struct sheath_net {
	struct xarray		sessions;
	unsigned long		newest;
	struct sheath_mib __percpu *mib;
};

struct sheath_net *sheath_net(const struct net *net);

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
