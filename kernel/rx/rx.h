/* SPDX-License-Identifier: GPL-2.0 */
/* The receiving pipeline: find records in the receive queue, open them, deliver. */
#ifndef SHEATH_RX_H
#define SHEATH_RX_H

#include <linux/list.h>
#include <linux/socket.h>
#include <linux/uio.h>

#include "alert.h"
#include "core/conn.h"
#include "record/cbc_ct.h"
#include "record/direction.h"

struct pipe_inode_info;

/* records at least this large are opened into the reader's pages, smaller ones copied */
#define SHEATH_RX_DIRECT_MIN	2048
/* header, explicit nonce, 2^14 bytes, inner type, tag: the pages a whole record fits in */
#define SHEATH_RX_SPILL_PAGES	DIV_ROUND_UP(SHEATH_PLAIN_MAX + 2048 + SHEATH_HEADER_LEN, PAGE_SIZE)
/* consecutive empty records allowed before the session is ended */
#define SHEATH_RX_EMPTY_MAX	64
/* session tickets looked past before a reader is woken up to read them */
#define SHEATH_RX_TICKETS_MAX	16
/* warning alerts and dropped messages allowed without data between them */
#define SHEATH_RX_WARNING_MAX	16
/* bytes a long read uses up before it gives them back to TCP, so that the peer goes on sending */
#define SHEATH_RX_RELEASE	(128 * 1024)

/**
 * struct sheath_rec - an opened record that was not delivered in full
 * @list: in struct sheath_rx, in order of arrival
 * @page: single page, or compound page of 2^14 bytes, with the content of this record and of
 *	others
 * @at: where in it the content begins
 * @len: bytes of content
 * @off: bytes of content already delivered
 * @type: content type
 * @large: @page is of the large ones
 *
 * Kept small: a peer may send many records of few bytes.
 */
struct sheath_rec {
	struct list_head	list;
	struct page		*page;
	u16			at;
	u16			len;
	u16			off;
	u8			type;
	bool			large;
};

static inline u8 *sheath_rec_data(const struct sheath_rec *rec)
{
	return page_address(rec->page) + rec->at;
}

/**
 * struct sheath_rx_pack - the page that the next content goes to
 * @page: page, or NULL
 * @used: bytes of it that are taken
 */
struct sheath_rx_pack {
	struct page	*page;
	u32		used;
};

/**
 * struct sheath_rx - receiving pipeline of one connection
 * @dir: keys and sequence number
 * @rcu: for freeing: readers without the lock look at @dir.seq
 * @recs: opened records
 * @recs_bytes: bytes of content in them, not yet delivered
 * @recs_mem: bytes of memory they take
 * @counted: bytes of @recs_mem that count against the receive buffer
 * @charged: bytes of @counted and @spill_mem that the socket is charged for
 * @gone: bytes that were read out of @recs
 * @own: one record, so that it costs no allocation
 * @own_used: @own is in use
 * @small: page for contents of up to a page
 * @large: buffer for longer contents
 * @parsed: bytes behind copied_seq that are used up but not yet given back to TCP
 * @lowered: how much sk_rcvlowat is below the application's mark, see lower_mark()
 * @hurried: sleeping readers that need fewer bytes than the mark
 * @cursor: socket buffer the last look-up ended in; NULL whenever the lock was released
 * @head: header of the record in front, valid if @rec_len is not 0
 * @rec_len: length of the record in front, header included; 0: not known yet
 * @head_err: error of the header, negative errno; found in softirq, reported by a reader
 * @head_told: @head_err was reported to a reader
 * @spill: start of the record in front, where the receive buffer cannot hold all of it
 * @spilled: bytes in @spill
 * @spill_mem: bytes of memory they take
 * @over: opened bytes that do not fit the page: inner type, MAC and padding, or the growth by
 *	compression
 * @ready: a reader would get something
 * @eof: close_notify was received
 * @fin_told: a truncation was reported
 * @paused: the peer changed its key, and there is no secret to follow it with
 * @rekey_due: the peer changed its key, and the receiving key did not follow yet
 * @hs: handshake messages, when the module reads them
 * @scan_seq: where in the stream of TCP the last count of content ended, if @scanned
 * @scan_sum: content of the records from the one in front to there
 * @scan_bad: a bad header follows at @scan_seq
 * @scanned: @scan_seq, @scan_sum and @scan_bad are valid
 * @ahead: bytes of whole session tickets, counted from the record in front
 * @n_ahead: session tickets in @ahead
 * @n_empty: empty records in a row
 * @n_warning: warning alerts in a row
 * @n_update: KeyUpdates since @update_since; data between them does not reset it
 * @update_since: time of the first KeyUpdate counted, jiffies
 * @src: scatterlist of the record in work
 * @dst: likewise
 *
 * Owned by lock_sock(), by sk_data_ready() while no process owns the socket. @ready is
 * read by poll() without a lock.
 */
struct sheath_rx {
	struct sheath_dir	dir;
	struct rcu_head		rcu;

	struct list_head	recs;
	u32			recs_bytes;
	u32			recs_mem;
	u32			counted;
	u32			charged;
	u64			gone;
	struct sheath_rec	own;
	bool			own_used;
	struct sheath_rx_pack	small;
	struct sheath_rx_pack	large;

	u32			parsed;
	u32			lowered;
	unsigned int		hurried;
	struct sk_buff		*cursor;
	struct sheath_header	head;
	u32			rec_len;
	int			head_err;
	bool			head_told;
	struct page		*spill[SHEATH_RX_SPILL_PAGES];
	u32			spilled;
	u32			spill_mem;
	u8			over[SHEATH_COMPRESSED_GROWTH + SHEATH_CT_MAC_MAX +
				     SHEATH_CT_PAD_MAX];

	bool			ready;
	bool			eof;
	bool			fin_told;
	bool			paused;
	bool			rekey_due;
	struct sheath_handshake_parser hs;
	u32			scan_seq;
	u32			scan_sum;
	bool			scan_bad;
	bool			scanned;
	u32			ahead;
	unsigned int		n_ahead;
	unsigned int		n_empty;
	unsigned int		n_warning;
	unsigned int		n_update;
	unsigned long		update_since;

	struct sheath_sgl	src;
	struct sheath_sgl	dst;
};

struct sheath_rx *sheath_rx_alloc(void);
void sheath_rx_free(struct sheath_rx *rx);
u64 sheath_rx_seq(const struct sheath_conn *conn);

/* rx/splice.c */
ssize_t sheath_rx_splice(struct sheath_conn *conn, struct pipe_inode_info *pipe, size_t len,
			 bool nonblock);
int sheath_rx_read_sock(struct sheath_conn *conn, read_descriptor_t *desc,
			sk_read_actor_t actor);

/* rx/recv.c */
int sheath_rx_recvmsg(struct sheath_conn *conn, struct msghdr *msg, size_t len, int flags);
void sheath_rx_busy_poll(struct sheath_conn *conn, bool nonblock);
bool sheath_rx_drain(struct sheath_conn *conn);
u32 sheath_rx_inq(struct sheath_conn *conn);

/* rx/ready.c */
void sheath_rx_data_ready(struct sheath_conn *conn);
int sheath_rx_make_room(struct sheath_conn *conn, gfp_t gfp);
void sheath_rx_update(struct sheath_conn *conn);
void sheath_rx_recheck(struct sheath_conn *conn);
bool sheath_rx_is_data(struct sheath_conn *conn);
int sheath_rx_hint(struct sheath_conn *conn);
int sheath_rx_set_rcvlowat(struct sheath_conn *conn, int (*base)(struct sock *sk, int val),
			   int val);

/* rx/next.c: the walk all readers share; lock_sock() held */

/**
 * struct sheath_rx_want - what a reader can take
 * @direct: iterator whose pages a record may be opened into, NULL if there is none
 * @room: bytes left in it
 * @got: set to the bytes a record put there, 0 if it was queued
 */
struct sheath_rx_want {
	struct iov_iter	*direct;
	size_t		room;
	size_t		got;
};

int sheath_rx_next(struct sheath_conn *conn, struct sheath_rx_want *want);
int sheath_rx_take(struct sheath_conn *conn, struct sheath_rx_want *want, bool tell,
		   size_t need, long *timeo);
int sheath_rx_wait_record(struct sheath_conn *conn, bool tell, long *timeo);
struct sheath_rec *sheath_rx_first(struct sheath_rx *rx);
void sheath_rx_rec_used(struct sheath_rx *rx, struct sheath_rec *rec, u32 n);

/**
 * sheath_rx_mark() - SO_RCVLOWAT as the application set it, and TCP capped it
 * @conn: connection with a receiving key
 *
 * Context: lock_sock() held, or sk_data_ready().
 */
static inline u32 sheath_rx_mark(const struct sheath_conn *conn)
{
	return conn->sk->sk_rcvlowat + conn->rx->lowered;
}

/* rx/queue.c: bytes of TCP's receive queue; lock_sock() held, or sk_data_ready() */
u32 sheath_rxq_avail(const struct sheath_conn *conn);
int sheath_rxq_copy(struct sheath_conn *conn, u32 off, void *to, u32 len);
int sheath_rxq_map(struct sheath_conn *conn, u32 off, u32 len, struct sheath_sgl *sgl);
void sheath_rxq_used(struct sheath_conn *conn, u32 len);
void sheath_rxq_release(struct sheath_conn *conn);
void sheath_rxq_release_all(struct sheath_conn *conn);
u32 sheath_rxq_front(const struct sheath_conn *conn);
int sheath_rxq_spill(struct sheath_conn *conn, gfp_t gfp);
bool sheath_rxq_crowded(const struct sock *sk);
bool sheath_rxq_full(const struct sock *sk);

/* rx/mem.c: memory that is charged to the socket */
bool sheath_rx_may_queue(const struct sheath_conn *conn);
struct sheath_rec *sheath_rx_rec_alloc(struct sheath_conn *conn, u32 len);
void sheath_rx_rec_add(struct sheath_rx *rx, struct sheath_rec *rec, u32 len);
void sheath_rx_rec_swap(struct sheath_rx *rx, struct sheath_rec *rec, struct page **page);
void sheath_rx_rec_free(struct sheath_rx *rx, struct sheath_rec *rec);
bool sheath_rx_mem_settle(struct sheath_conn *conn);
struct page *sheath_rx_spill_page(struct sheath_conn *conn, unsigned int i, gfp_t gfp);
void sheath_rx_spill_free(struct sheath_conn *conn);
void sheath_rx_mem_free(struct sheath_conn *conn);

/* rx/open.c: one record; lock_sock() held, may sleep */
int sheath_rx_head(struct sheath_conn *conn);
int sheath_rx_open(struct sheath_conn *conn, struct sheath_rx_want *want);

/* rx/ctrl.c: records that are not application data; lock_sock() held, may sleep */
int sheath_rx_ctrl(struct sheath_conn *conn, struct sheath_rec *rec);
int sheath_rx_ctrl_app(struct sheath_conn *conn, const struct sheath_rec *rec);
bool sheath_rx_ctrl_app_data(struct sheath_conn *conn);

#endif /* SHEATH_RX_H */
