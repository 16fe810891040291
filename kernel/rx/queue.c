// SPDX-License-Identifier: GPL-2.0
/*
 * Bytes of TCP's receive queue by their distance from the last byte used up. Buffers may
 * overlap and be merged by TCP whenever the lock is released, so only sequence numbers
 * tell where a byte is; the cursor saves walks within one hold of the lock.
 */
#include <linux/skbuff.h>
#include <net/tcp.h>

#include "core/compat.h"
#include "rx/rx.h"

/**
 * sheath_rxq_avail() - bytes received and not used up
 * @conn: connection with a receiving key
 */
u32 sheath_rxq_avail(const struct sheath_conn *conn)
{
	const struct tcp_sock *tp = tcp_sk(conn->sk);
	u32 n = tp->rcv_nxt - tp->copied_seq;

	/* a FIN has a sequence number of its own */
	if (n && sock_flag(conn->sk, SOCK_DONE))
		n--;
	return n - conn->rx->parsed;
}

/* the buffer with byte @seq, @skb or one behind it, and how far into it that is */
static struct sk_buff *find_from(struct sheath_conn *conn, struct sk_buff *skb, u32 seq, u32 *off)
{
	for (; skb; skb = skb_peek_next(skb, &conn->sk->sk_receive_queue)) {
		*off = seq - TCP_SKB_CB(skb)->seq;
		if (*off < skb->len) {
			conn->rx->cursor = skb;
			return skb;
		}
	}
	return NULL;
}

/* the last buffer that begins at @seq or before, if @seq is nearer to the end of the queue */
static struct sk_buff *from_end(struct sheath_conn *conn, u32 seq)
{
	struct sk_buff_head *queue = &conn->sk->sk_receive_queue;
	struct sk_buff *head = skb_peek(queue), *skb = skb_peek_tail(queue);

	if (!head || seq - TCP_SKB_CB(head)->seq < TCP_SKB_CB(skb)->end_seq - seq)
		return NULL;
	while (skb != head && before(seq, TCP_SKB_CB(skb)->seq))
		skb = skb_queue_prev(queue, skb);
	return skb;
}

/* the buffer with byte @seq: search from the cursor, then from the nearer end of the queue */
static struct sk_buff *find(struct sheath_conn *conn, u32 seq, u32 *off)
{
	struct sk_buff *skb = conn->rx->cursor;

	if (!skb || before(seq, TCP_SKB_CB(skb)->seq))
		skb = from_end(conn, seq);
	skb = find_from(conn, skb, seq, off);
	/* buffers may overlap: the byte may lie in a longer one that begins earlier */
	return skb ?: find_from(conn, skb_peek(&conn->sk->sk_receive_queue), seq, off);
}

/**
 * sheath_rxq_copy() - copy bytes, using nothing up
 * @conn: connection with a receiving key
 * @off: distance from the first byte not used up
 * @to: memory
 * @len: bytes; @off + @len are available
 *
 * Return: 0, or %-EFAULT if the queue does not hold them after all.
 */
int sheath_rxq_copy(struct sheath_conn *conn, u32 off, void *to, u32 len)
{
	u32 seq = tcp_sk(conn->sk)->copied_seq + conn->rx->parsed + off;

	while (len) {
		u32 at, part;
		struct sk_buff *skb = find(conn, seq, &at);

		if (!skb)
			return -EFAULT;
		part = min(len, skb->len - at);
		if (skb_copy_bits(skb, at, to, part))
			return -EFAULT;
		to += part;
		seq += part;
		len -= part;
	}
	return 0;
}

static bool map_skb(const struct sk_buff *skb, u32 at, u32 len, struct sheath_sgl *sgl)
{
	u32 start = skb_headlen(skb), part;
	int i;

	if (at < start) {
		part = min(len, start - at);
		if (!sheath_sgl_add_buf(sgl, skb->data + at, part))
			return false;
		at += part;
		len -= part;
	}
	for (i = 0; len && i < skb_shinfo(skb)->nr_frags; i++) {
		const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];
		u32 size = skb_frag_size(frag);

		if (at < start + size) {
			part = min(len, start + size - at);
			if (!sheath_sgl_add(sgl, skb_frag_page(frag),
					    skb_frag_off(frag) + at - start, part))
				return false;
			at += part;
			len -= part;
		}
		start += size;
	}
	return !len;
}

/**
 * sheath_rxq_map() - append bytes to a scatterlist where they lie
 * @conn: connection with a receiving key
 * @off: distance from the first byte not used up
 * @len: bytes; @off + @len are available
 * @sgl: list
 *
 * The memory is read only: buffers may be clones, whose pages are seen elsewhere. Pages that a
 * sender on this host may still write to (splice, sendfile) are not mapped: a cipher reads its
 * input twice, to verify and to decrypt, and must not see two different texts.
 *
 * Return: 0, or %-E2BIG if it has too many pieces or is of a kind that cannot be mapped;
 * the list is useless then.
 */
int sheath_rxq_map(struct sheath_conn *conn, u32 off, u32 len, struct sheath_sgl *sgl)
{
	u32 seq = tcp_sk(conn->sk)->copied_seq + conn->rx->parsed + off;

	while (len) {
		u32 at, part;
		struct sk_buff *skb = find(conn, seq, &at);

		if (!skb || skb_has_frag_list(skb) || skb_has_shared_frag(skb) ||
		    !sheath_compat_skb_readable(skb))
			return -E2BIG;
		part = min(len, skb->len - at);
		if (!map_skb(skb, at, part, sgl))
			return -E2BIG;
		seq += part;
		len -= part;
	}
	return 0;
}

/**
 * sheath_rxq_used() - bytes are no longer needed
 * @conn: connection with a receiving key
 * @len: bytes
 *
 * TCP learns of it from sheath_rxq_release(), once for many records.
 */
void sheath_rxq_used(struct sheath_conn *conn, u32 len)
{
	conn->rx->parsed += len;
}

/**
 * sheath_rxq_front() - where in the stream of TCP the record in front begins
 * @conn: connection with a receiving key
 */
u32 sheath_rxq_front(const struct sheath_conn *conn)
{
	return tcp_sk(conn->sk)->copied_seq + conn->rx->parsed - conn->rx->spilled;
}

static void give_back(struct sheath_conn *conn, u32 len)
{
	if (len)
		tcp_read_done(conn->sk, len);
	conn->rx->parsed -= len;
	conn->rx->cursor = NULL;
}

/*
 * TCP calls sk_data_ready() when sk_rcvlowat bytes are in its queue, and does not count content
 * that was opened and is unread. As many used-up bytes as that content has, and at most one byte
 * less than the mark, are kept in TCP's queue, so that TCP calls when the mark is reached.
 */
static u32 keep_back(const struct sheath_conn *conn)
{
	const struct sheath_rx *rx = conn->rx;

	/* spilled bytes had to leave the queue */
	if (rx->spilled)
		return 0;
	return min3(rx->parsed, rx->recs_bytes, sheath_rx_mark(conn) - 1);
}

/*
 * Where bytes cannot be kept back, TCP's mark has to be lower than the application's. getsockopt()
 * shows the lower mark meanwhile.
 */
static void lower_mark(struct sheath_conn *conn)
{
	struct sheath_rx *rx = conn->rx;
	u32 mark = sheath_rx_mark(conn);
	u32 unread = rx->recs_bytes + rx->spilled;
	u32 low = rx->hurried ? mark : unread > rx->parsed ? unread - rx->parsed : 0;

	/* a few compressed bytes may expand to the mark: have TCP call for every byte */
	if (rx->dir.compress)
		low = mark;
	low = min(low, mark - 1);
	if (low == rx->lowered)
		return;
	rx->lowered = low;
	WRITE_ONCE(conn->sk->sk_rcvlowat, mark - low);
}

/**
 * sheath_rxq_crowded() - the receive buffer is so full that TCP may receive no more
 * @sk: socket
 *
 * The conditions of tcp_epollin_ready(), with one exception: memory pressure of all sockets
 * together does not count while this socket has less memory than TCP grants to each.
 *
 * Context: lock_sock() held, or softirq.
 */
bool sheath_rxq_crowded(const struct sock *sk)
{
	int rcvbuf = READ_ONCE(sk->sk_rcvbuf), used = atomic_read(&sk->sk_rmem_alloc);

	return used > rcvbuf - (rcvbuf >> 3) ||
	       tcp_receive_window(tcp_sk(sk)) <= inet_csk(sk)->icsk_ack.rcv_mss ||
	       (tcp_under_memory_pressure(sk) && used >= sk_get_rmem0(sk, sk->sk_prot));
}

/**
 * sheath_rxq_full() - nothing comes any more until something is read
 * @sk: socket
 *
 * Context: lock_sock() held.
 */
bool sheath_rxq_full(const struct sock *sk)
{
	return atomic_read(&sk->sk_rmem_alloc) > READ_ONCE(sk->sk_rcvbuf) ||
	       !tcp_receive_window(tcp_sk(sk));
}

/*
 * TCP announces a larger window when bytes are read out of its queue, and does not see that memory
 * of opened records became free. As in TCP, twice the window is worth an ACK.
 */
static void open_window(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 window = tcp_receive_window(tp);
	int room = tcp_space(sk);

	if (sk->sk_shutdown & RCV_SHUTDOWN ||
	    !((1 << sk->sk_state) & (TCPF_ESTABLISHED | TCPF_FIN_WAIT1 | TCPF_FIN_WAIT2)))
		return;
	if (2 * window > tp->window_clamp || room < 0)
		return;
	if (room >= max_t(u32, 2 * window, inet_csk(sk)->icsk_ack.rcv_mss) ||
	    room >= tcp_full_space(sk) / 2)
		sheath_compat_send_ack(sk);
}

/**
 * sheath_rxq_release() - give used-up bytes back to TCP, and forget the cursor
 * @conn: connection with a receiving key
 *
 * To be called before the lock is released and before anything is sent. Some bytes may be kept
 * back for SO_RCVLOWAT, but not while the receive buffer is crowded.
 */
void sheath_rxq_release(struct sheath_conn *conn)
{
	struct sheath_rx *rx = conn->rx;
	u32 keep = keep_back(conn), given;
	bool room = sheath_rx_mem_settle(conn);

	if (keep && sheath_rxq_crowded(conn->sk))
		keep = 0;
	given = rx->parsed - keep;
	give_back(conn, given);
	if (room && !given)
		open_window(conn->sk);
	lower_mark(conn);
}

/**
 * sheath_rxq_release_all() - give all used-up bytes back to TCP, keeping none back
 * @conn: connection with a receiving key that nobody will read from any more
 */
void sheath_rxq_release_all(struct sheath_conn *conn)
{
	give_back(conn, conn->rx->parsed);
}

/**
 * sheath_rxq_spill() - copy the record in front out of the receive queue, as far as it is there
 * @conn: connection with a receiving key
 * @gfp: how to allocate memory for it
 *
 * For receive buffers that cannot hold a record, and for records in too many pieces. While the
 * length of the record is not known, only the header is copied. Even a few bytes must not stay in
 * the queue: they keep a whole buffer of TCP there, which may be all the room there is.
 *
 * Context: lock_sock() held, or softirq; may sleep if @gfp allows it.
 *
 * Return: 0 or %-ENOMEM; what was copied is kept.
 */
int sheath_rxq_spill(struct sheath_conn *conn, gfp_t gfp)
{
	struct sheath_rx *rx = conn->rx;
	u32 left = min(sheath_rxq_avail(conn), (rx->rec_len ?: SHEATH_HEADER_LEN) - rx->spilled);

	while (left) {
		struct page *page = sheath_rx_spill_page(conn, rx->spilled / PAGE_SIZE, gfp);
		u32 at = rx->spilled % PAGE_SIZE;
		u32 part = min_t(u32, left, PAGE_SIZE - at);

		if (!page || sheath_rxq_copy(conn, 0, page_address(page) + at, part))
			return -ENOMEM;
		sheath_rxq_used(conn, part);
		rx->spilled += part;
		left -= part;
	}
	return 0;
}
