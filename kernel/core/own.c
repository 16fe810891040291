// SPDX-License-Identifier: GPL-2.0
/*
 * Owning a socket without waiting for its present owner.
 *
 * The owner of a socket can keep its lock for any time: send() and many options copy from
 * user memory under it, and a page of FUSE or userfaultfd may take for ever to come. A
 * netlink handler or a work item must not wait for that. It tries, and its caller tries again.
 */
#include "core/own.h"

#include <net/sock.h>

/**
 * sheath_own_try() - lock_sock() that does not wait
 * @sk: socket, with a reference
 *
 * Only the spinlock is waited for, which is never held over anything that sleeps. An owner
 * by this function is one as by lock_sock(); it neither touches user memory nor loads modules.
 *
 * Context: process; does not sleep.
 *
 * Return: true, to be undone by release_sock(); false: somebody else owns the socket.
 */
bool sheath_own_try(struct sock *sk)
{
	bool owned;

	local_bh_disable();
	bh_lock_sock(sk);
	owned = !sock_owned_by_user_nocheck(sk);
	if (owned) {
		sk->sk_lock.owned = 1;
		/* for lockdep this is mutex_trylock() */
		mutex_acquire(&sk->sk_lock.dep_map, 0, 1, _THIS_IP_);
	}
	bh_unlock_sock(sk);
	local_bh_enable();
	return owned;
}
