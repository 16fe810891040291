/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Socket options of the sheath ULP.
 *
 * Attach with setsockopt(fd, IPPROTO_TCP, TCP_ULP, "sheath", 6) on an ESTABLISHED
 * socket. All options live at level SOL_TLS; those of <linux/tls.h> (TLS_TX, TLS_RX,
 * TLS_TX_ZEROCOPY_RO, TLS_RX_EXPECT_NO_PAD) keep their structures and meaning, those
 * below have numbers the in-tree TLS module does not use.
 */
#ifndef _UAPI_LINUX_SHEATH_H
#define _UAPI_LINUX_SHEATH_H

#include <linux/types.h>
#include <linux/tls.h>

#define SHEATH_ULP_NAME		"sheath"

#ifndef SOL_TLS
#define SOL_TLS			282
#endif

/* Numbers 0x100 and 0x106 are kept for handshakes and certificates. */
#define SHEATH_INFO		0x101	/* get: struct sheath_info */
#define SHEATH_KEY		0x104	/* set: struct sheath_key, for one direction */
#define SHEATH_REKEY		0x105	/* set: __u32, SHEATH_REKEY_*; KeyUpdate, needs a secret */
#define SHEATH_EOF		0x108	/* get/set: __u32, SHEATH_EOF_* */
#define SHEATH_CTRL		0x109	/* get/set: __u32, SHEATH_CTRL_* */
#define SHEATH_CLOSE_NOTIFY	0x10a	/* set: no value; 0: close_notify follows all that was sent */
#define SHEATH_TICKET		0x10b	/* set: __u32, 0 to SHEATH_TICKET_MAX; get: a message */
#define SHEATH_KEYS		0x10c	/* set: struct sheath_keys: all of a handshake at once */

/*
 * SHEATH_CLOSE_NOTIFY ends the sending direction whatever it returns: later writes get EPIPE.
 * EPIPE: it has ended before. EKEYEXPIRED: the key is used up, so the end cannot be vouched for,
 * nor a record that was open. ENOMEM and others: likewise, for want of that.
 */

/* get/set: __u16, most bytes of payload in a record sent; in later <linux/tls.h> */
#ifndef TLS_TX_MAX_PAYLOAD_LEN
#define TLS_TX_MAX_PAYLOAD_LEN	5
#endif

/* SHEATH_REKEY: the peer is asked to change its key as well */
#define SHEATH_REKEY_PEER	(1u << 0)

/*
 * SHEATH_TICKET: how many NewSessionTicket messages (RFC 8446 section 4.6.1) are kept, at
 * first none; with SHEATH_CTRL_KERNEL only. Reading the option takes the oldest, the whole
 * message with its header of four bytes. ENODATA: there is none. ERANGE: the buffer is too
 * short, its length was replaced by the one needed.
 */
#define SHEATH_TICKET_MAX	16

/* What a FIN without a close_notify before it means to the reader. */
#define SHEATH_EOF_STRICT	0	/* ECONNABORTED once, then end of file */
#define SHEATH_EOF_LENIENT	1	/* end of file, if it comes between two records */

/*
 * Who deals with records that are not application data.
 * KERNEL: the module reads alerts and handshake messages itself (close_notify is end
 *	of file) and sends close_notify on shutdown(SHUT_WR) and close().
 * APP: they are handed to recvmsg() with a TLS_GET_RECORD_TYPE control message, EIO
 *	when it brought no room for one; the application sends its own alerts.
 * Keys set by TLS_TX or TLS_RX select APP and SHEATH_EOF_LENIENT, as in-tree TLS has
 * it; keys set by SHEATH_KEY or over netlink leave KERNEL and SHEATH_EOF_STRICT. An
 * option set before the keys wins.
 */
#define SHEATH_CTRL_KERNEL	0
#define SHEATH_CTRL_APP		1

/* struct sheath_info, field state */
enum sheath_state {
	SHEATH_STATE_ATTACHED,		/* no key yet: plain TCP */
	SHEATH_STATE_UP,		/* at least one direction is protected */
	SHEATH_STATE_RX_PAUSED,		/* the peer changed its key, ours is missing */
	SHEATH_STATE_FAILED,		/* fatal alert or bad record; errors are sticky */
	SHEATH_STATE_CLOSED,
};

enum sheath_role {
	SHEATH_ROLE_CLIENT = 1,
	SHEATH_ROLE_SERVER,
};

/* struct sheath_info, field flags */
#define SHEATH_INFO_TX		(1u << 0)	/* sending is protected */
#define SHEATH_INFO_RX		(1u << 1)	/* receiving is protected */
#define SHEATH_INFO_TX_CLOSED	(1u << 2)	/* close_notify or a fatal alert was sent */
#define SHEATH_INFO_RX_CLOSED	(1u << 3)	/* close_notify was received */
/* the peer asked for another sending key, and the module has no secret to make it of */
#define SHEATH_INFO_UPDATE_DUE	(1u << 4)

/**
 * struct sheath_info - state of a session, never a secret
 * @state: enum sheath_state
 * @role: enum sheath_role, 0 if nobody said
 * @flags: SHEATH_INFO_*
 * @version: protocol version, 0x0301 to 0x0304; 0 without a key
 * @suite: IANA cipher suite, 0 if nobody said
 * @group: IANA named group of the key exchange, 0 if nobody said
 * @cipher: TLS_CIPHER_* or SHEATH_CIPHER_* of the record protection
 * @last_alert: level << 8 | description of the last alert received or sent, 0: none
 * @tx_epoch: number of sending keys that were replaced
 * @rx_epoch: number of receiving keys that were replaced
 * @tx_seq: sequence number of the next record sent
 * @rx_seq: sequence number of the next record received
 * @tx_records_left: records, full ones, that may still be sent with this key
 *
 * Later versions append to it: as many bytes are filled in as the caller has room for and the
 * kernel knows, and the length of the option tells how many.
 */
struct sheath_info {
	__u32	state;
	__u32	role;
	__u32	flags;
	__u32	version;
	__u32	suite;
	__u32	group;
	__u32	cipher;
	__u32	last_alert;
	__u32	tx_epoch;
	__u32	rx_epoch;
	__u64	tx_seq;
	__u64	rx_seq;
	__u64	tx_records_left;
};

/* struct sheath_key, field flags: exactly one of the first two */
#define SHEATH_KEY_RX			(1u << 0)
#define SHEATH_KEY_TX			(1u << 1)
/* TX, TLS 1.3: send a KeyUpdate under the key that is replaced; in it, ask the peer for one */
#define SHEATH_KEY_SEND_KEY_UPDATE	(1u << 2)
#define SHEATH_KEY_REQUEST_PEER		(1u << 3)
#define SHEATH_KEY_ENCRYPT_THEN_MAC	(1u << 4)	/* RFC 7366; CBC suites only */
/* RFC 6066 section 7: 10 bytes of MAC; EACCES without module parameter legacy=truncated-hmac */
#define SHEATH_KEY_TRUNCATED_HMAC	(1u << 5)

#define SHEATH_KEY_MAX		32
#define SHEATH_IV_MAX		16
#define SHEATH_SECRET_MAX	48
#define SHEATH_MAC_KEY_MAX	48
#define SHEATH_HISTORY_MAX	64

/*
 * versions that <linux/tls.h> has no name for: RFC 6101, RFC 2246, RFC 4346. SSL 3.0 gets
 * EACCES unless the module parameter legacy has ssl3 in it: it cannot be made safe.
 */
#define SHEATH_SSL_3_0_VERSION	0x0300
#define SHEATH_TLS_1_0_VERSION	0x0301
#define SHEATH_TLS_1_1_VERSION	0x0302

/* ciphers that <linux/tls.h> has no number for; TLS_TX and TLS_RX do not take them */
#define SHEATH_CIPHER_AES_128_CBC	256
#define SHEATH_CIPHER_AES_256_CBC	257
#define SHEATH_CIPHER_CAMELLIA_128_CBC	258
#define SHEATH_CIPHER_CAMELLIA_256_CBC	259
#define SHEATH_CIPHER_DES_EDE3_CBC	260
#define SHEATH_CIPHER_NULL		261	/* integrity only */
#define SHEATH_CIPHER_AES_256_CCM	262
#define SHEATH_CIPHER_AES_128_CCM_8	263
#define SHEATH_CIPHER_AES_256_CCM_8	264
#define SHEATH_CIPHER_CAMELLIA_128_GCM	265
#define SHEATH_CIPHER_CAMELLIA_256_GCM	266

/* MAC of the CBC suites and of SHEATH_CIPHER_NULL; the MAC key is as long as the MAC */
enum sheath_mac {
	SHEATH_MAC_SHA1 = 1,
	SHEATH_MAC_SHA256,		/* TLS 1.2 */
	SHEATH_MAC_SHA384,		/* TLS 1.2 */
};

/*
 * compression method of fragments, up to TLS 1.2: RFC 3749. DEFLATE gets EACCES unless the
 * module parameter legacy has deflate in it: it gives away what it compresses.
 */
enum sheath_compression {
	SHEATH_COMPRESSION_NULL,
	SHEATH_COMPRESSION_DEFLATE,
};

/* hash function of the key schedule */
enum sheath_hash {
	SHEATH_HASH_SHA256 = 1,
	SHEATH_HASH_SHA384,
};

/**
 * struct sheath_key - key material of one direction
 * @flags: SHEATH_KEY_RX or SHEATH_KEY_TX, and other SHEATH_KEY_* of the suite
 * @version: 0x0300 to 0x0304
 * @cipher: TLS_CIPHER_* or SHEATH_CIPHER_*
 * @epoch: 0 for the first key of a direction, then (TLS 1.3 only) one more than the last
 * @rec_seq: sequence number of the next record
 * @key_len: bytes of @key, as the cipher has it; 0 with a secret
 * @iv_len: bytes of @iv: 12, or 4 (the salt of RFC 5288 and RFC 6655) for the GCM and
 *	CCM suites of TLS 1.2, whose explicit nonce then starts at @rec_seq. With 12
 *	bytes the last 8 are the first explicit nonce. For CBC suites of SSL 3.0 and
 *	TLS 1.0 the last block of ciphertext in this direction, a block long; 0 for those
 *	of later versions, whose records bring their own, and for SHEATH_CIPHER_NULL.
 * @key: cipher key
 * @iv: see @iv_len
 * @hash: enum sheath_hash, 0 without a secret
 * @secret_len: bytes of @secret, as the hash has it; 0 without a secret
 * @secret: application traffic secret (RFC 8446 section 7.1) instead of key and IV: the
 *	module derives them and all that follow, and runs KeyUpdate itself
 * @mac: enum sheath_mac, 0 for AEAD
 * @mac_key_len: bytes of @mac_key, as the whole MAC has it; 0 for AEAD
 * @mac_key: MAC key
 * @compression: enum sheath_compression
 * @history_len: bytes of @history, 0 without compression
 * @history: the fragment of Finished in this direction as it was compressed, which began the
 *	stream of zlib (RFC 3749 section 2), before it was protected
 *
 * A shorter structure is taken as if filled with zeros; one that is longer than the
 * kernel knows gets E2BIG unless the rest is zero.
 */
struct sheath_key {
	__u32	flags;
	__u32	version;
	__u32	cipher;
	__u32	epoch;
	__u64	rec_seq;
	__u32	key_len;
	__u32	iv_len;
	__u8	key[SHEATH_KEY_MAX];
	__u8	iv[SHEATH_IV_MAX];
	__u32	hash;
	__u32	secret_len;
	__u8	secret[SHEATH_SECRET_MAX];
	__u32	mac;
	__u32	mac_key_len;
	__u8	mac_key[SHEATH_MAC_KEY_MAX];
	__u32	compression;
	__u32	history_len;
	__u8	history[SHEATH_HISTORY_MAX];
};

/**
 * struct sheath_keys - what a handshake leaves behind: both keys or one, and what is known
 * @n_keys: entries of @key in use, 1 or 2
 * @key_size: bytes of each entry: sizeof(struct sheath_key)
 * @role: enum sheath_role, 0 if it is not known
 * @suite: IANA cipher suite, 0 if it is not known
 * @group: IANA named group of the key exchange, 0 if it is not known
 * @tx_limit: bytes of payload the peer takes in a record (RFC 8449, RFC 6066), 64 to 2^14, in
 *	TLS 1.3 from 63; 0: 2^14
 * @reserved: 0
 * @key: at most one for each direction
 *
 * Either all of it is done or nothing. The option has a length of @n_keys entries and not
 * more; an entry is taken like the structure of SHEATH_KEY. Errors of SHEATH_KEY, of this
 * option and of key-set over netlink are the same.
 */
struct sheath_keys {
	__u32	n_keys;
	__u32	key_size;
	__u32	role;
	__u32	suite;
	__u32	group;
	__u32	tx_limit;
	__u32	reserved[2];
	struct sheath_key key[2];
};

#endif /* _UAPI_LINUX_SHEATH_H */
