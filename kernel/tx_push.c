// SPDX-License-Identifier: GPL-2.0
/* Sealed bytes on their way into TCP, and what is kept when TCP takes only a part. */
#include <linux/bvec.h>
#include <linux/mm.h>
#include <net/tcp.h>

#include "compat.h"
#include "stats.h"
#include "tx.h"

/**
 * sheath_tx_pend_add() - append sealed bytes, joined to the last piece where they touch
 * @tx: pipeline
 * @page: page; a reference is taken
 * @off: offset
 * @len: bytes
 *
 * Context: lock_sock() held.
 */
void sheath_tx_pend_add(struct sheath_tx *tx, struct page *page, unsigned int off,
			unsigned int len)
{
	struct bio_vec *last = tx->n_pend ? &tx->pend[tx->n_pend - 1] : NULL;

	if (last && last->bv_page == page && last->bv_offset + last->bv_len == off) {
		last->bv_len += len;
		return;
	}
	if (WARN_ON_ONCE(tx->n_pend == ARRAY_SIZE(tx->pend)))
		return;
	get_page(page);
	tx->pend[tx->n_pend++] = (struct bio_vec){
		.bv_page = page, .bv_offset = off, .bv_len = len,
	};
}

/**
 * sheath_tx_pend_bytes() - how much TCP did not take yet
 * @tx: pipeline
 */
u32 sheath_tx_pend_bytes(const struct sheath_tx *tx)
{
	unsigned int i;
	u32 sum = 0;

	for (i = tx->pend_head; i < tx->n_pend; i++)
		sum += tx->pend[i].bv_len;
	return sum;
}

static void pend_taken(struct sheath_tx *tx, u32 len)
{
	while (len) {
		struct bio_vec *bv = &tx->pend[tx->pend_head];
		u32 part = min(len, bv->bv_len);

		bv->bv_offset += part;
		bv->bv_len -= part;
		len -= part;
		if (bv->bv_len)
			break;
		put_page(bv->bv_page);
		tx->pend_head++;
	}
	if (tx->pend_head == tx->n_pend) {
		tx->pend_head = 0;
		tx->n_pend = 0;
		tx->n_sealed = 0;
		tx->pend_copy = false;
	}
}

/**
 * sheath_tx_pend_drop() - give up what TCP did not take
 * @tx: pipeline
 */
void sheath_tx_pend_drop(struct sheath_tx *tx)
{
	pend_taken(tx, sheath_tx_pend_bytes(tx));
}

/*
 * TCP may hold back a short segment only if we are sure to come again: with its buffer full
 * we wait for acknowledgements of what it holds back, until a timer lets go of it.
 */
static bool may_hold(const struct sheath_conn *conn)
{
	const struct sock *sk = conn->sk;

	return sk->sk_wmem_queued + (int)(sheath_tx_pend_bytes(conn->tx) +
	       SKB_TRUESIZE(MAX_TCP_HEADER)) < READ_ONCE(sk->sk_sndbuf);
}

/**
 * sheath_tx_push() - hand everything sealed to TCP, in one call
 * @conn: connection with a sending key
 * @more: the caller has more to send soon: TCP may hold back a short segment, if there is room
 *
 * What TCP does not take goes out from sheath_tx_write_space() when it has room, or by a
 * timer: where it has room and no memory, no acknowledgement need be due to make it ask.
 *
 * Context: lock_sock() held, or softirq on a socket nobody owns. Does not wait.
 *
 * Return:
 * * 0		- TCP has it all
 * * %-EAGAIN	- it took what it had room and memory for, the rest is kept
 * * other	- the connection is gone, from tcp_sendmsg_locked()
 */
int sheath_tx_push(struct sheath_conn *conn, bool more)
{
	struct sheath_tx *tx = conn->tx;
	int rc = 0;

	if (!tx->n_pend)
		return 0;
	tx->pushing = true;
	more = more && may_hold(conn);
	while (tx->n_pend) {
		rc = sheath_compat_push(conn->sk, &tx->pend[tx->pend_head],
					tx->n_pend - tx->pend_head, sheath_tx_pend_bytes(tx),
					tx->pend_copy, more);
		if (rc <= 0)
			break;
		pend_taken(tx, rc);
	}
	tx->pushing = false;
	tx->corked = more && !tx->n_pend;
	if (!tx->n_pend || (rc < 0 && rc != -EAGAIN))
		return min(rc, 0);
	if (sk_stream_memory_free(conn->sk))
		mod_timer(&conn->tx_retry, jiffies + SHEATH_TX_RETRY);
	return -EAGAIN;
}

/**
 * sheath_tx_uncork() - have TCP send what it held back for more that did not come
 * @conn: connection with a sending key, not corked by the application
 *
 * TCP does that for data without MSG_MORE only, and there is none. The option that ends a
 * cork does it, too.
 *
 * Context: process, lock not held.
 */
void sheath_tx_uncork(struct sheath_conn *conn)
{
	int off = 0;

	conn->base->setsockopt(conn->sk, SOL_TCP, TCP_CORK, KERNEL_SOCKPTR(&off), sizeof(off));
}

/**
 * sheath_tx_lift_sndbuf() - let TCP take everything sealed and one alert
 * @conn: connection that will send nothing after that
 *
 * A last alert must not wait behind a full send buffer, and at close there is nobody left
 * to push it later. What it adds to the buffer is bounded by one batch of records.
 *
 * Context: lock_sock() held.
 */
void sheath_tx_lift_sndbuf(struct sheath_conn *conn)
{
	struct sock *sk = conn->sk;
	int need = sk->sk_wmem_queued + sheath_tx_pend_bytes(conn->tx) +
		   2 * SHEATH_PLAIN_MAX + 2 * SKB_TRUESIZE(MAX_TCP_HEADER);

	if (sk->sk_sndbuf < need)
		WRITE_ONCE(sk->sk_sndbuf, need);
}

/**
 * sheath_tx_write_space() - push what waits, now that TCP has room
 * @conn: connection
 *
 * Called by TCP when acknowledgements make room. The records are sealed already, so
 * nothing here needs a process.
 *
 * Context: softirq on a socket nobody owns, or the backlog run by its owner.
 */
void sheath_tx_write_space(struct sheath_conn *conn)
{
	struct sheath_tx *tx = conn->tx;
	struct sock *sk = conn->sk;

	if (tx && tx->n_pend && !tx->pushing && !sk->sk_write_pending) {
		struct sheath_compat_atomic saved;

		sheath_compat_atomic_begin(sk, &saved);
		/* TCP would copy into a page fragment of the interrupted process */
		tx->pend_copy = false;
		sheath_tx_push(conn, false);
		sheath_compat_atomic_end(sk, &saved);
	}
}

static void retry(struct timer_list *t)
{
	struct sheath_conn *conn = from_timer(conn, t, tx_retry);
	struct sock *sk = conn->sk;

	bh_lock_sock(sk);
	if (sock_owned_by_user(sk))
		mod_timer(t, jiffies + SHEATH_TX_RETRY);
	else
		sk->sk_write_space(sk);
	bh_unlock_sock(sk);
}

/**
 * sheath_tx_retry_init() - make the timer usable
 * @conn: connection that is being attached
 */
void sheath_tx_retry_init(struct sheath_conn *conn)
{
	timer_setup(&conn->tx_retry, retry, 0);
}

/**
 * sheath_tx_retry_stop() - stop it for good
 * @conn: connection that pushes nothing any more
 *
 * Context: process, lock_sock() held.
 */
void sheath_tx_retry_stop(struct sheath_conn *conn)
{
	timer_delete_sync(&conn->tx_retry);
}
