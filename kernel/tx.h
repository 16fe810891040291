/* SPDX-License-Identifier: GPL-2.0 */
/* The sending pipeline: gather, seal, push. */
#ifndef SHEATH_TX_H
#define SHEATH_TX_H

#include <linux/bvec.h>
#include <linux/socket.h>

#include "conn.h"
#include "record.h"
#include "rekey.h"

/* records sealed before they are given to TCP in one call */
#define SHEATH_TX_BATCH		8
/* a batch, each record with a KeyUpdate of its own before it or split in two, and one open */
#define SHEATH_TX_PEND		(5 * SHEATH_TX_BATCH + 4)
/* pieces a change of keys may add to what is pending: the open record and the KeyUpdate */
#define SHEATH_TX_PEND_REKEY	4
/* payloads up to this size are built in one piece and copied by TCP */
#define SHEATH_TX_SMALL		2048
/* until TCP is asked again when it was out of memory */
#define SHEATH_TX_RETRY		(HZ / 20)
/* pieces of page cache a record may consist of */
#define SHEATH_TX_REFS		24

enum sheath_tx_open {
	SHEATH_TX_NONE,		/* no record is open */
	SHEATH_TX_COPIED,	/* its payload is in @page */
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
 * @open_cap: bytes @page has room for, at most @limit
 * @page: payload of a copied record, ciphertext of a referred one; page aligned
 * @ref: payload of a referred record
 * @n_ref: entries of @ref in use
 * @n_held: entries of @ref we hold a reference to; the rest belong to the running call
 * @pend: sealed bytes TCP did not take yet, each with a page reference
 * @pend_head: first entry in use
 * @n_pend: entries in use
 * @n_sealed: records in @pend, counted since it was last empty
 * @pend_copy: all of @pend is small records, and TCP had better copy them
 * @pushing: inside tcp_sendmsg_locked(), which may call sk_write_space()
 * @corked: TCP may hold back a short segment because more was announced
 * @closed: the last alert was sealed, nothing may follow
 * @due: what has to precede the next record
 * @answered: a KeyUpdate of the peer was answered without waiting for data
 * @answered_at: when that was, jiffies
 * @owed: the peer asked for another sending key, and there is no secret to make it of
 * @told: the application sent a KeyUpdate: nothing may follow it with this key
 * @used: blocks sealed with this key, as sheath_record_cost() counts them
 * @limit_soft: value of @used at which the key should be replaced
 * @limit_hard: value of @used at which nothing is sealed with it
 * @limit_set: @limit_hard is what the administrator set
 * @n_reserve: control records sealed beyond @limit_hard
 * @soft_told: somebody was told of @limit_soft
 * @hard_told: likewise @limit_hard
 * @small: page that small records are built in, NULL until the first
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
	u32			open_cap;
	struct page		*page;
	struct bio_vec		ref[SHEATH_TX_REFS];
	unsigned int		n_ref;
	unsigned int		n_held;

	struct bio_vec		pend[SHEATH_TX_PEND];
	unsigned int		pend_head;
	unsigned int		n_pend;
	unsigned int		n_sealed;
	bool			pend_copy;
	bool			pushing;
	bool			corked;
	bool			closed;

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
	struct page		*seam;
	unsigned int		seam_off;
	struct sheath_sgl	src;
	struct sheath_sgl	dst;
};

/* bytes of payload a record may have: what the application wants, and what the peer takes */
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
int sheath_tx_alert(struct sheath_conn *conn, u8 level, u8 desc);
int sheath_tx_finish(struct sheath_conn *conn, u8 level, u8 desc);
void sheath_tx_flush_open(struct sheath_conn *conn);

/* tx_seal.c: records out of payload; lock_sock() held, may sleep */
int sheath_tx_open_begin(struct sheath_conn *conn, enum sheath_tx_open kind, u8 type);
int sheath_tx_seal_open(struct sheath_conn *conn);
int sheath_tx_seal_small(struct sheath_conn *conn, u8 type, struct iov_iter *from, u32 len);
void sheath_tx_open_drop(struct sheath_tx *tx);
bool sheath_tx_seq_left(struct sheath_conn *conn);

/* tx_gather.c: payload out of what the caller sends; lock_sock() held, may sleep */
int sheath_tx_gather(struct sheath_conn *conn, struct msghdr *msg, u8 type, bool more,
		     unsigned int max_records);

/* tx_push.c: sealed bytes into TCP; lock_sock() held, or softirq on a socket nobody owns */
int sheath_tx_push(struct sheath_conn *conn, bool more);
void sheath_tx_pend_add(struct sheath_tx *tx, struct page *page, unsigned int off,
			unsigned int len);
void sheath_tx_pend_drop(struct sheath_tx *tx);
u32 sheath_tx_pend_bytes(const struct sheath_tx *tx);
void sheath_tx_uncork(struct sheath_conn *conn);
void sheath_tx_lift_sndbuf(struct sheath_conn *conn);
void sheath_tx_write_space(struct sheath_conn *conn);
void sheath_tx_retry_init(struct sheath_conn *conn);
void sheath_tx_retry_stop(struct sheath_conn *conn);

#endif /* SHEATH_TX_H */
