// SPDX-License-Identifier: GPL-2.0
/* Sealed bytes on their way into TCP, and those kept when TCP takes only a part. */
#include <linux/bvec.h>
#include <linux/mm.h>
#include <net/tcp.h>

#include "core/compat.h"
#include "core/stats.h"
#include "core/trace.h"
#include "tx/tx.h"

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

	if (!len)
		return;
	if (last && last->bv_page == page && last->bv_offset + last->bv_len == off) {
		last->bv_len += len;
		tx->pend_bytes += len;
		return;
	}
	/* every record begins with room for all its pieces; a stream with a hole must not go on */
	if (WARN_ON_ONCE(tx->n_pend == ARRAY_SIZE(tx->pend))) {
		tx->lost = true;
		return;
	}
	get_page(page);
	tx->pend_bytes += len;
	tx->pend[tx->n_pend++] = (struct bio_vec){
		.bv_page = page, .bv_offset = off, .bv_len = len,
	};
}

static void pend_taken(struct sheath_tx *tx, u32 len)
{
	tx->pend_bytes -= len;
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
		tx->n_changes = 0;
		tx->pend_copy = false;
	}
}

/**
 * sheath_tx_pend_drop() - give up what TCP did not take
 * @tx: pipeline
 */
void sheath_tx_pend_drop(struct sheath_tx *tx)
{
	pend_taken(tx, tx->pend_bytes);
}

/**
 * sheath_tx_room() - bytes TCP takes before it makes a sender wait
 * @sk: socket
 *
 * The room in its buffer, or what TCP_NOTSENT_LOWAT leaves of it.
 *
 * Context: lock_sock() held, or softirq on a socket nobody owns.
 */
u32 sheath_tx_room(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 unsent = tp->write_seq - READ_ONCE(tp->snd_nxt), mark = tcp_notsent_lowat(tp);
	int room = READ_ONCE(sk->sk_sndbuf) - sk->sk_wmem_queued;

	return min_t(u32, max(room, 0), mark > unsent ? mark - unsent : 0);
}

/*
 * Will TCP have room left when it has taken the pending bytes? Only then may it hold back a
 * short segment: with the buffer full, the sender would wait for an ACK of bytes that TCP holds
 * back, until a timer of TCP sends them.
 */
static bool fits(const struct sheath_conn *conn)
{
	return sheath_tx_room(conn->sk) > conn->tx->pend_bytes + SKB_TRUESIZE(MAX_TCP_HEADER);
}

/**
 * sheath_tx_charge() - charge the socket for bytes that TCP does not have yet
 * @conn: connection with a sending key
 *
 * TCP charges the bytes it takes. Sealed bytes that wait for TCP and the open record are memory
 * of the socket, too. They are bounded by one batch and one record, so they may exceed the
 * limits of TCP's memory, and are not charged then.
 *
 * Context: lock_sock() held, or softirq on a socket nobody owns.
 */
void sheath_tx_charge(struct sheath_conn *conn)
{
	struct sheath_tx *tx = conn->tx;
	u32 held = tx->pend_bytes + (tx->open != SHEATH_TX_NONE ? SHEATH_PLAIN_MAX : 0);

	if (held > tx->charged && sk_wmem_schedule(conn->sk, held - tx->charged)) {
		sk_mem_charge(conn->sk, held - tx->charged);
		tx->charged = held;
	} else if (held < tx->charged) {
		sk_mem_uncharge(conn->sk, tx->charged - held);
		tx->charged = held;
	}
}

/* TCP reports an error once; without a caller to return it to, keep it for the next call */
static void keep_error(struct sock *sk, int rc)
{
	if (rc < 0 && rc != -EAGAIN && rc != -EPIPE && !sk->sk_err)
		WRITE_ONCE(sk->sk_err, -rc);
}

/**
 * sheath_tx_push() - hand everything sealed to TCP, in one call
 * @conn: connection with a sending key
 * @more: the caller has more to send soon: TCP may hold back a short segment, if there is room
 *
 * Bytes that TCP does not take go out from sheath_tx_write_space() when it has room. If TCP has
 * room but no memory, no ACK may be outstanding, so sk_write_space() might never be called: a
 * timer retries.
 *
 * Context: lock_sock() held, or softirq on a socket nobody owns. Does not wait.
 *
 * Return:
 * * 0		- TCP has it all
 * * %-EAGAIN	- it took what it had room and memory for, the rest is kept
 * * other	- from tcp_sendmsg_locked(); an error of the socket is kept in sk_err
 */
int sheath_tx_push(struct sheath_conn *conn, bool more)
{
	struct sheath_tx *tx = conn->tx;
	struct sock *sk = conn->sk;
	bool all = fits(conn);
	int rc = 0;

	if (!tx->n_pend)
		return 0;
	/*
	 * TCP may leave sk_forward_alloc negative when it merges received buffers, and reads that
	 * debt as a length when it sends. Pay the debt first, or let the records wait for memory.
	 */
	if (unlikely(!sk_wmem_schedule(sk, 0))) {
		mod_timer(&conn->tx_retry, jiffies + SHEATH_TX_RETRY);
		return -EAGAIN;
	}
	tx->pushing = true;
	more = more && all;
	while (tx->n_pend) {
		rc = sheath_compat_push(sk, &tx->pend[tx->pend_head], tx->n_pend - tx->pend_head,
					tx->pend_bytes, tx->pend_copy, more, all);
		if (rc <= 0)
			break;
		pend_taken(tx, rc);
	}
	tx->pushing = false;
	tx->corked = more && !tx->n_pend;
	keep_error(sk, rc);
	if (!tx->n_pend || (rc < 0 && rc != -EAGAIN))
		return min(rc, 0);
	trace_sheath_push_short(conn->cookie, tx->pend_bytes);
	/* a consumer in the kernel may have put its own sk_write_space() in place of ours */
	if (sk_stream_memory_free(sk) || READ_ONCE(sk->sk_write_space) != sheath_tx_write_space)
		mod_timer(&conn->tx_retry, jiffies + SHEATH_TX_RETRY);
	return -EAGAIN;
}

/**
 * sheath_tx_push_all() - hand everything sealed to TCP, whatever the limits of its buffer
 * @conn: connection with a sending key that nothing is sent on after this
 *
 * At the end no later call will push the pending records. TCP gives a sender memory beyond every
 * limit while its buffer is over-full by no more than the bytes it is given. So the buffer is made
 * to look just not full, as often as needed. TCP takes at most the pending bytes that way, and
 * those are bounded.
 *
 * Context: lock_sock() held, may sleep; does not wait for room.
 *
 * Return: as sheath_tx_push(); -EAGAIN only where there is no memory for a buffer.
 */
int sheath_tx_push_all(struct sheath_conn *conn)
{
	struct tcp_sock *tp = tcp_sk(conn->sk);
	struct sock *sk = conn->sk;
	int sndbuf = READ_ONCE(sk->sk_sndbuf), rc = sheath_tx_push(conn, false);
	u32 lowat = READ_ONCE(tp->notsent_lowat), left = U32_MAX;

	while (rc == -EAGAIN && conn->tx->pend_bytes < left) {
		left = conn->tx->pend_bytes;
		WRITE_ONCE(tp->notsent_lowat, U32_MAX);
		WRITE_ONCE(sk->sk_sndbuf, sk->sk_wmem_queued + 1);
		rc = sheath_tx_push(conn, false);
		WRITE_ONCE(tp->notsent_lowat, lowat);
		WRITE_ONCE(sk->sk_sndbuf, sndbuf);
	}
	return rc;
}

/**
 * sheath_tx_uncork() - make TCP send the segment it held back for bytes that did not come
 * @conn: connection with a sending key, not corked by the application
 *
 * TCP flushes held-back data only on a send without MSG_MORE, and there is nothing to send.
 * Clearing TCP_CORK flushes, too.
 *
 * Context: process, lock not held.
 */
void sheath_tx_uncork(struct sheath_conn *conn)
{
	int off = 0;

	conn->base->setsockopt(conn->sk, SOL_TCP, TCP_CORK, KERNEL_SOCKPTR(&off), sizeof(off));
	lock_sock(conn->sk);
	/* keep a cork that the application set meanwhile */
	if (conn->cork)
		tcp_sk(conn->sk)->nonagle |= TCP_NAGLE_CORK;
	release_sock(conn->sk);
}

static void push_atomic(struct sheath_conn *conn)
{
	struct sock *sk = conn->sk;
	struct sheath_compat_atomic saved;

	sheath_compat_atomic_begin(sk, &saved);
	/* TCP would copy into a page fragment of the interrupted process */
	conn->tx->pend_copy = false;
	sheath_tx_push(conn, false);
	sheath_tx_charge(conn);
	sheath_compat_atomic_end(sk, &saved);
}

static bool waits(const struct sheath_conn *conn)
{
	const struct sheath_tx *tx = conn->tx;

	return tx && tx->n_pend && !tx->pushing && !conn->sk->sk_write_pending;
}

/*
 * The owner of the socket must not send inside sk_write_space(). TCP also calls it in the middle
 * of sending a packet: tcp_sendmsg_locked() would process the backlog, and an ACK there frees
 * that packet. Pending records go out when the owner releases the socket. Without an owner there
 * is no backlog.
 */
static void push_waiting(struct sheath_conn *conn)
{
	if (!waits(conn))
		return;
	if (sock_owned_by_user(conn->sk))
		conn->tx->has_room = true;
	else
		push_atomic(conn);
}

/**
 * sheath_tx_write_space() - sk_write_space() of an attached socket
 * @sk: socket
 *
 * Called by TCP when acknowledgements make room, and by socket options that change how much
 * room there is. The records are sealed already, so nothing here needs a process.
 *
 * Context: softirq on a socket nobody owns, or its owner.
 */
void sheath_tx_write_space(struct sock *sk)
{
	struct sheath_conn *conn = sheath_conn_get(sk);

	push_waiting(conn);
	conn->base_write_space(sk);
}

/**
 * sheath_tx_release() - push pending records for which TCP reported room before
 * @conn: connection whose socket is being released
 *
 * Context: the owner of the socket, its spinlock held, its backlog empty.
 */
void sheath_tx_release(struct sheath_conn *conn)
{
	if (!waits(conn) || !conn->tx->has_room)
		return;
	conn->tx->has_room = false;
	push_atomic(conn);
}

static void retry(struct timer_list *t)
{
	struct sheath_conn *conn = timer_container_of(conn, t, tx_retry);
	struct sock *sk = conn->sk;

	bh_lock_sock(sk);
	if (sock_owned_by_user(sk)) {
		mod_timer(t, jiffies + SHEATH_TX_RETRY);
	} else {
		push_waiting(conn);
		sk->sk_write_space(sk);
	}
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
