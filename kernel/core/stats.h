/* SPDX-License-Identifier: GPL-2.0 */
/* Counters of a network namespace, shown in /proc/net/sheath_stat. */
#ifndef SHEATH_STATS_H
#define SHEATH_STATS_H

#include <linux/percpu.h>
#include <linux/types.h>
#include <net/net_namespace.h>

/* X(enumerator, name in the file): the event counted */
#define SHEATH_STATS_COARSE(X)								\
	X(ATTACHED, "Attached")		/* sockets the ULP was attached to */ \
	X(CURR_TX, "CurrTx")		/* sockets with a sending key, now */ \
	X(CURR_RX, "CurrRx")		/* sockets with a receiving key, now */ \
	X(TX_KEYS, "TxKeys")		/* sending keys installed */ \
	X(RX_KEYS, "RxKeys")		/* receiving keys installed */ \
	X(KEY_REFUSED, "KeyRefused")	/* key pushes refused, any reason */ \
	X(RX_BAD_MAC, "RxBadMac")	/* tag did not verify */ \
	X(RX_BAD_VERSION, "RxBadVersion") /* header with another version */ \
	X(RX_BAD_TYPE, "RxBadType")	/* content type not allowed here */ \
	X(RX_OVERFLOW, "RxOverflow")	/* record longer than the protocol allows */ \
	X(RX_SHORT, "RxShort")		/* record too short for its cipher */ \
	X(RX_BAD_COMPRESSED, "RxBadCompressed") /* fragment that is no DEFLATE, or of more than 2^14 bytes */ \
	X(RX_EMPTY, "RxEmpty")		/* empty handshake or alert record, or all-zero inner plaintext */ \
	X(RX_FLOOD, "RxFlood")		/* too many empty records or warnings in a row, too many KeyUpdates */ \
	X(RX_BAD_ALERT, "RxBadAlert")	/* alert record that is not two bytes */ \
	X(RX_BAD_HANDSHAKE, "RxBadHandshake") /* post-handshake message not allowed */ \
	X(RX_TRUNCATED, "RxTruncated")	/* FIN without close_notify */ \
	X(RX_ALERT, "RxAlert")		/* fatal alerts received */ \
	X(RX_CLOSE_NOTIFY, "RxCloseNotify") /* close_notify received */ \
	X(RX_KEY_UPDATE, "RxKeyUpdate")	/* KeyUpdates received */ \
	X(RX_REKEY, "RxRekey")		/* receiving keys replaced */ \
	X(RX_CTRL_DROPPED, "RxCtrlDropped") /* control records consumed unseen by the application */ \
	X(TX_ALERT, "TxAlert")		/* fatal alerts sent */ \
	X(TX_CLOSE_NOTIFY, "TxCloseNotify") /* close_notify sent */ \
	X(TX_REKEY, "TxRekey")		/* sending keys replaced */ \
	X(TX_LIMIT, "TxLimit")		/* sends refused: the key reached its hard limit */ \
	X(TX_SEQ_END, "TxSeqEnd")	/* sending stopped: no sequence number left */ \
	X(CIPHER_FAILED, "CipherFailed")	/* a cipher or MAC failed for reasons of its own, no memory say */

/*
 * Likewise, for CAP_NET_ADMIN only: they go with every record, and would tell how long those of
 * others are, and when they come.
 */
#define SHEATH_STATS_FINE(X)								\
	X(TX_RECORDS, "TxRecords")	/* records sealed */ \
	X(RX_RECORDS, "RxRecords")	/* records opened */ \
	X(TX_BYTES, "TxBytes")		/* plaintext bytes sealed */ \
	X(RX_BYTES, "RxBytes")		/* plaintext bytes opened */ \
	X(RX_SPILLED, "RxSpilled")	/* partial records copied out of a full receive buffer */ \
	X(RX_COPIED, "RxCopied")	/* records copied before opening: others may write to them, or too many pieces */ \
	X(RX_MAC_BLOCKS, "RxMacBlocks")	/* blocks hashed one by one where the padding is a secret */ \
	X(RX_DIRECT, "RxDirect")	/* records opened straight into the reader's pages */ \
	X(TX_DROPPED, "TxDropped")	/* bytes taken from a sender and never given to TCP */

enum sheath_stat {
#define X(id, name) SHEATH_STAT_##id,
	SHEATH_STATS_COARSE(X)
	SHEATH_STATS_FINE(X)
#undef X
	SHEATH_STAT_MAX
};

struct sheath_mib {
	u64 v[SHEATH_STAT_MAX];
};

/**
 * sheath_stat_mib() - this namespace's counters
 * @net: network namespace
 */
struct sheath_mib __percpu *sheath_stat_mib(const struct net *net);

/**
 * sheath_stat_add() - count
 * @net: network namespace of the socket
 * @id: what happened
 * @n: how often; may be negative for the CURR counters
 *
 * Context: any.
 */
static inline void sheath_stat_add(const struct net *net, enum sheath_stat id, s64 n)
{
	this_cpu_add(sheath_stat_mib(net)->v[id], n);
}

static inline void sheath_stat_inc(const struct net *net, enum sheath_stat id)
{
	sheath_stat_add(net, id, 1);
}

int sheath_stats_init(void);
void sheath_stats_exit(void);

#endif /* SHEATH_STATS_H */
