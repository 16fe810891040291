// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that sleep inside TCP's sendmsg(), recvmsg() or splice_read().
 *
 * A thread that went to sleep there before the ULP was attached goes on with bytes in the
 * clear when it wakes up, and no count of ours knows of it. The socket does: a sender is
 * counted in sk_write_pending, and every thread that waits for the socket without its lock
 * has an entry in its wait queue whose function is woken_wake_function(). Pollers are in the
 * same queue with functions of their own.
 */
#include "core/asleep.h"

#include <linux/wait.h>
#include <net/sock.h>

static int count_asleep(const struct sock *sk)
{
	struct wait_queue_head *wq;
	const struct wait_queue_entry *entry;
	unsigned long flags;
	int n = 0;

	/* a socket without a file has nobody to sleep on it */
	if (!sk->sk_socket)
		return 0;
	wq = &sk->sk_socket->wq.wait;
	spin_lock_irqsave(&wq->lock, flags);
	list_for_each_entry(entry, &wq->head, entry)
		n += entry->func == woken_wake_function;
	spin_unlock_irqrestore(&wq->lock, flags);
	return n;
}

/**
 * sheath_asleep_tx() - does a thread sleep in the middle of sending?
 * @sk: TCP socket
 *
 * Context: lock_sock() held, by a thread that is not asleep there itself.
 */
bool sheath_asleep_tx(const struct sock *sk)
{
	return sk->sk_write_pending;
}

/**
 * sheath_asleep_rx() - does a thread sleep in the middle of receiving?
 * @sk: TCP socket
 *
 * Who sleeps in close() or connect() is taken for a receiver, too.
 *
 * Context: lock_sock() held, by a thread that is not asleep there itself.
 */
bool sheath_asleep_rx(const struct sock *sk)
{
	return count_asleep(sk) > sk->sk_write_pending;
}
