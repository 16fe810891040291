// SPDX-License-Identifier: GPL-2.0
/*
 * Every attached socket, by cookie, for each network namespace.
 *
 * The table holds no references: a context enters it at attach and leaves it when the ULP
 * lets go of the socket, before the socket is destroyed. A context found under rcu_read_lock()
 * may be read there. For more, take a reference to the socket with sheath_session_sk_get() and
 * then its lock.
 */
#include "ctl/session.h"

#include <linux/sock_diag.h>
#include <linux/xarray.h>
#include <net/netns/generic.h>

#include "core/conn.h"

/**
 * struct session_net - the sessions of one network namespace
 * @sessions: struct sheath_conn by socket cookie; readers hold rcu_read_lock()
 * @newest: largest cookie there was in @sessions; written under its xa_lock
 */
struct session_net {
	struct xarray		sessions;
	unsigned long		newest;
};

static unsigned int session_net_id __read_mostly;

static struct session_net *session_net(const struct net *net)
{
	return net_generic(net, session_net_id);
}

/**
 * sheath_session_add() - put a context into the table of its namespace
 * @conn: context, @conn->sk set; gets its cookie
 *
 * Context: process, lock_sock() held; sleeps.
 * Return:
 * * 0 - readers may see @conn from now on
 * * %-ENOMEM - no memory
 * * %-EBUSY - the socket is in the table
 */
int sheath_session_add(struct sheath_conn *conn)
{
	struct session_net *snet = session_net(sock_net(conn->sk));
	u32 part[2];
	int rc;

	sheath_conn_owned(conn);
	sock_diag_save_cookie(conn->sk, part);
	conn->cookie = (u64)part[1] << 32 | part[0];

	xa_lock_bh(&snet->sessions);
	rc = __xa_insert(&snet->sessions, conn->cookie, conn, GFP_KERNEL);
	if (!rc && conn->cookie > snet->newest)
		WRITE_ONCE(snet->newest, conn->cookie);
	xa_unlock_bh(&snet->sessions);
	return rc;
}

/**
 * sheath_session_del() - take a context out of the table
 * @conn: context; readers that found it before may use it for another RCU grace period
 *
 * Context: process or softirq. The socket still has a reference, or is being destroyed by
 *	the caller.
 */
void sheath_session_del(struct sheath_conn *conn)
{
	xa_erase_bh(&session_net(sock_net(conn->sk))->sessions, conn->cookie);
}

/**
 * sheath_session_newest() - where a walk of the table ends
 * @net: network namespace
 *
 * Context: any.
 * Return: upper bound of the cookies in the table now.
 */
unsigned long sheath_session_newest(struct net *net)
{
	return READ_ONCE(session_net(net)->newest);
}

/**
 * sheath_session_next() - walk the table
 * @net: network namespace
 * @cookie: of the session met last, 0 to start; becomes that of the one returned
 * @newest: of sheath_session_newest() when the walk began; without it, a walk might never
 *	catch up with the sessions that are made meanwhile
 *
 * Each CPU takes its cookies from a batch of its own, so a session made during the walk may
 * be met, too: as many of them as there are cookies left below @newest, which is finite.
 *
 * A session that is there during the whole walk is met exactly once, whatever comes and
 * goes meanwhile, because the order is that of the cookies.
 *
 * Context: rcu_read_lock() held, which may be dropped between two calls.
 * Return: the session with the next larger cookie, or NULL.
 */
struct sheath_conn *sheath_session_next(struct net *net, unsigned long *cookie,
					unsigned long newest)
{
	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "walk of the sessions without RCU");
	return xa_find_after(&session_net(net)->sessions, cookie, newest, XA_PRESENT);
}

/**
 * sheath_session_has() - is a context found under RCU still in the table?
 * @net: network namespace
 * @conn: context
 * @cookie: what it was found by
 *
 * Sockets are recycled without a grace period. What was read through @conn->sk belongs to
 * the session only if this is true afterwards.
 *
 * Context: the rcu_read_lock() section @conn was found in.
 * Return: true if it is.
 */
bool sheath_session_has(struct net *net, const struct sheath_conn *conn, unsigned long cookie)
{
	/* reads of the socket come first; pairs with the locks of xa_erase_bh() */
	smp_rmb();
	return xa_load(&session_net(net)->sessions, cookie) == conn;
}

/**
 * sheath_session_sk_get() - the socket of a session
 * @net: network namespace
 * @cookie: SO_COOKIE
 *
 * The session may be over by the time the caller has the lock of the socket: it checks
 * sheath_conn_attached() then.
 *
 * Context: any.
 * Return: the socket with a reference for the caller, or NULL.
 */
struct sock *sheath_session_sk_get(struct net *net, u64 cookie)
{
	struct sheath_conn *conn;
	struct sock *sk = NULL;

	rcu_read_lock();
	conn = xa_load(&session_net(net)->sessions, cookie);
	if (conn && refcount_inc_not_zero(&conn->sk->sk_refcnt)) {
		sk = conn->sk;
		if (!sheath_session_has(net, conn, cookie)) {
			sock_put(sk);
			sk = NULL;
		}
	}
	rcu_read_unlock();
	return sk;
}

static int __net_init session_net_init(struct net *net)
{
	xa_init_flags(&session_net(net)->sessions, XA_FLAGS_LOCK_BH);
	return 0;
}

static void __net_exit session_net_exit(struct net *net)
{
	/* a socket keeps its namespace; one of the kernel does not, and is closed before that goes */
	WARN_ON_ONCE(!xa_empty(&session_net(net)->sessions));
	xa_destroy(&session_net(net)->sessions);
}

static struct pernet_operations session_net_ops = {
	.init = session_net_init,
	.exit = session_net_exit,
	.id = &session_net_id,
	.size = sizeof(struct session_net),
};

/**
 * sheath_session_init() - a table in every network namespace, present and future
 *
 * Context: process, sleeps.
 * Return: 0 or %-ENOMEM.
 */
int sheath_session_init(void)
{
	return register_pernet_subsys(&session_net_ops);
}

/**
 * sheath_session_exit() - undo sheath_session_init()
 *
 * Context: process, sleeps. No session is left.
 */
void sheath_session_exit(void)
{
	unregister_pernet_subsys(&session_net_ops);
}
