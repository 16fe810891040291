/* SPDX-License-Identifier: GPL-2.0 */
/* The sending pipeline: gather, seal, push. */
#ifndef SHEATH_TX_H
#define SHEATH_TX_H

#include <linux/bvec.h>
#include <linux/socket.h>

#include "core/conn.h"
#include "record/direction.h"
#include "record/pool.h"
#include "tx/rekey.h"

/* bytes sealed before they are given to TCP in one call */
#define SHEATH_TX_BATCH		(8 * SHEATH_PLAIN_MAX)
/*
 * pieces that one record may add to the pending ones: a KeyUpdate (1) before it, and the record
 * split in two of 3 pieces each
 */
#define SHEATH_TX_PEND_RECORD	7
/* pieces that may have to follow a record: the open record, a KeyUpdate and an alert */
#define SHEATH_TX_PEND_END	8
#define SHEATH_TX_PEND		64
/* changes of keys among the pending records: KeyUpdates are small, and must not pile up */
#define SHEATH_TX_CHANGES	8
/* payloads up to this size are built in one piece and copied by TCP */
#define SHEATH_TX_SMALL		2048
/* time an open record waits for the bytes MSG_MORE announced, as TCP holds back a short segment */
#define SHEATH_TX_OPEN_MAX	(HZ / 5)
/* time after which a push is tried again when TCP was out of memory */
#define SHEATH_TX_RETRY		(HZ / 20)
/* pieces of page cache a record may consist of */
#define SHEATH_TX_REFS		24

enum sheath_tx_open {
	SHEATH_TX_NONE,		/* no record is open */
	SHEATH_TX_COPIED,	/* its payload is in @buf[] */
	SHEATH_TX_REFERRED,	/* its payload is in @ref[] */
};

/**
 * struct sheath_tx - sending pipeline of one connection
 * @dir: keys and sequence number
 * @rcu: for freeing: readers without the lock look at @dir.seq
 * @limit: bytes of payload a record may have
 * @open: kind of the open record, the one that still grows
 * @open_type: its content type
 * @open_len: bytes in it
 * @open_since: jiffies when bytes came last
 * @open_cap: bytes @buf has room for, at most @limit
 * @buf: payload of a copied record, ciphertext of a referred one; each piece with a reference
 * @n_buf: entries of @buf in use
 * @whole: @buf is one buffer of the pool, more than a short payload needs
 * @ref: payload of a referred record
 * @n_ref: entries of @ref in use
 * @n_held: entries of @ref we hold a reference to; the rest belong to the running call
 * @pend: sealed bytes TCP did not take yet, each with a page reference
 * @pend_head: first entry in use
 * @n_pend: index behind the last entry in use
 * @pend_bytes: bytes in @pend
 * @n_changes: changes of keys in @pend, counted since it was last empty
 * @charged: bytes the socket is charged for that TCP did not take yet
 * @pend_copy: @pend holds small records only: TCP copies them instead of taking page references
 * @pushing: inside tcp_sendmsg_locked(), which may call sk_write_space()
 * @has_room: TCP reported room for @pend while a process owned the socket
 * @corked: TCP may hold back a short segment because more was announced
 * @closed: the last alert was sealed, nothing may follow
 * @lost: bytes that send() reported as taken, or the last alert, cannot be sent any more
 * @due: KeyUpdate that has to precede the next record
 * @answered: a KeyUpdate of the peer was answered without waiting for data
 * @answered_at: time of that answer, jiffies
 * @owed: the peer asked for another sending key, and there is no secret to derive it from
 * @told: the application sent a KeyUpdate: no record may follow it under this key
 * @used: blocks sealed with this key, as sheath_record_cost() counts them
 * @limit_soft: value of @used at which the key should be replaced
 * @limit_hard: value of @used at which nothing is sealed with it
 * @limit_set: @limit_hard is what the administrator set
 * @n_reserve: control records sealed beyond @limit_hard
 * @soft_told: the event of @limit_soft was sent
 * @hard_told: the event of @limit_hard was sent
 * @small: page that small records are built in, NULL until the first
 * @small_off: first free byte of @small
 * @seam: page that headers, inner types and tags of large records are in
 * @seam_off: first free byte of @seam
 * @src: scatterlist of the record in work
 * @dst: likewise
 *
 * Owned by lock_sock(). What is in @pend survives EAGAIN and signals: a sequence number
 * is used for one plaintext only, and its ciphertext is kept until TCP has it.
 */
struct sheath_tx {
	struct sheath_dir	dir;
	struct rcu_head		rcu;
	u32			limit;

	enum sheath_tx_open	open;
	u8			open_type;
	u32			open_len;
	unsigned long		open_since;
	u32			open_cap;
	struct bio_vec		buf[SHEATH_POOL_PIECES];
	unsigned int		n_buf;
	bool			whole;
	struct bio_vec		ref[SHEATH_TX_REFS];
	unsigned int		n_ref;
	unsigned int		n_held;

	struct bio_vec		pend[SHEATH_TX_PEND];
	unsigned int		pend_head;
	unsigned int		n_pend;
	u32			pend_bytes;
	unsigned int		n_changes;
	u32			charged;
	bool			pend_copy;
	bool			pushing;
	bool			has_room;
	bool			corked;
	bool			closed;
	bool			lost;

	enum sheath_rekey_tx	due;
	bool			answered;
	unsigned long		answered_at;
	bool			owed;
	bool			told;
	u64			used;
	u64			limit_soft;
	u64			limit_hard;
	bool			limit_set;
	unsigned int		n_reserve;
	bool			soft_told;
	bool			hard_told;

	struct page		*small;
	unsigned int		small_off;
	struct page		*seam;
	unsigned int		seam_off;
	struct sheath_sgl	src;
	struct sheath_sgl	dst;
};

/* bytes of payload a record may have: the smaller limit of the application and of the peer */
static inline u32 sheath_tx_payload_max(const struct sheath_conn *conn)
{
	return min_t(u32, conn->payload_max ?: SHEATH_PLAIN_MAX, conn->peer_max ?: SHEATH_PLAIN_MAX);
}

static inline void sheath_tx_set_limit(const struct sheath_conn *conn, struct sheath_tx *tx)
{
	tx->limit = min(sheath_tx_payload_max(conn), sheath_record_payload_max(&tx->dir));
}

struct sheath_tx *sheath_tx_alloc(void);
void sheath_tx_free(struct sheath_tx *tx);
u64 sheath_tx_seq(const struct sheath_conn *conn);

int sheath_tx_sendmsg(struct sheath_conn *conn, struct msghdr *msg, size_t size);

/* tx/end.c: alerts, and the end of the direction; lock_sock() held, may sleep */
int sheath_tx_flush_open(struct sheath_conn *conn);
void sheath_tx_open_left(struct sheath_conn *conn);
void sheath_tx_open_timer_init(struct sheath_conn *conn);
void sheath_tx_open_timer_stop(struct sheath_conn *conn);
int sheath_tx_alert(struct sheath_conn *conn, u8 level, u8 desc);
int sheath_tx_finish(struct sheath_conn *conn, u8 level, u8 desc);
int sheath_tx_close_notify(struct sheath_conn *conn);
bool sheath_tx_end(struct sheath_conn *conn);

/* tx/open.c: the open record and its memory; lock_sock() held, may sleep */
int sheath_tx_open_begin(struct sheath_conn *conn, enum sheath_tx_open kind, u8 type, u32 len);
void sheath_tx_open_end(struct sheath_tx *tx);
void sheath_tx_open_drop(struct sheath_tx *tx);
void sheath_tx_open_lost(struct sheath_conn *conn);
size_t sheath_tx_buf_fill(struct sheath_tx *tx, size_t len, struct iov_iter *from);
unsigned int sheath_tx_buf_part(const struct sheath_tx *tx, u32 off, u32 len,
				struct bio_vec bv[SHEATH_POOL_PIECES]);
void sheath_tx_buf_shrink(struct sheath_conn *conn, u32 len);
void sheath_tx_buf_wipe(struct sheath_tx *tx, u32 off, u32 len);

/* tx/seal.c: records out of payload; lock_sock() held, may sleep */
int sheath_tx_seal_open(struct sheath_conn *conn);
int sheath_tx_seal_small(struct sheath_conn *conn, u8 type, struct iov_iter *from, u32 len);
bool sheath_tx_seq_left(struct sheath_conn *conn);

/* tx/gather.c: payload out of what the caller sends; lock_sock() held, may sleep */
int sheath_tx_gather(struct sheath_conn *conn, struct msghdr *msg, u8 type, bool more,
		     u32 max);

/* tx/push.c: sealed bytes into TCP; lock_sock() held, or softirq on a socket nobody owns */
int sheath_tx_push(struct sheath_conn *conn, bool more);
int sheath_tx_push_all(struct sheath_conn *conn);
u32 sheath_tx_room(const struct sock *sk);
void sheath_tx_charge(struct sheath_conn *conn);
void sheath_tx_pend_add(struct sheath_tx *tx, struct page *page, unsigned int off,
			unsigned int len);
void sheath_tx_pend_drop(struct sheath_tx *tx);
void sheath_tx_uncork(struct sheath_conn *conn);
void sheath_tx_write_space(struct sock *sk);
void sheath_tx_release(struct sheath_conn *conn);
void sheath_tx_retry_init(struct sheath_conn *conn);
void sheath_tx_retry_stop(struct sheath_conn *conn);

#endif /* SHEATH_TX_H */
