/* SPDX-License-Identifier: GPL-2.0 */
/* Record arithmetic on plain bytes: no kernel call here, the same file builds in user space. */
#ifndef SHEATH_FRAMING_H
#define SHEATH_FRAMING_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
#endif

/* RFC 5246 section 6.2.1, RFC 8446 section 5.1 */
#define SHEATH_HEADER_LEN	5
#define SHEATH_PLAIN_MAX	16384
#define SHEATH_NONCE_LEN	12
#define SHEATH_EXPLICIT_LEN	8
/* sequence number, type, version, length: RFC 5246 section 6.2.3.3 */
#define SHEATH_AAD12_LEN	13

enum sheath_content_type {
	SHEATH_CT_CHANGE_CIPHER_SPEC = 20,
	SHEATH_CT_ALERT = 21,
	SHEATH_CT_HANDSHAKE = 22,
	SHEATH_CT_DATA = 23,
};

/* RFC 8446 section 6 */
enum sheath_alert {
	SHEATH_ALERT_CLOSE_NOTIFY = 0,
	SHEATH_ALERT_UNEXPECTED_MESSAGE = 10,
	SHEATH_ALERT_BAD_RECORD_MAC = 20,
	SHEATH_ALERT_RECORD_OVERFLOW = 22,
	SHEATH_ALERT_DECOMPRESSION_FAILURE = 30,
	SHEATH_ALERT_DECODE_ERROR = 50,
	SHEATH_ALERT_PROTOCOL_VERSION = 70,
	SHEATH_ALERT_INTERNAL_ERROR = 80,
	SHEATH_ALERT_USER_CANCELED = 90,
	SHEATH_ALERT_NO_RENEGOTIATION = 100,
};

enum sheath_alert_level {
	SHEATH_ALERT_WARNING = 1,
	SHEATH_ALERT_FATAL = 2,
};

#define SHEATH_ALERT_LEN	2

/* msg_type and uint24 length of a handshake message: RFC 8446 section 4 */
#define SHEATH_MSG_HEAD_LEN		4
#define SHEATH_MSG_NEW_SESSION_TICKET	4

/**
 * struct sheath_header - a record header in host order
 * @type: content type
 * @version: legacy_record_version
 * @len: bytes that follow the header
 */
struct sheath_header {
	u8	type;
	u16	version;
	u16	len;
};

/**
 * struct sheath_handshake_parser - where a stream of handshake messages stands
 * @head: the header of the message being received, msg_type and uint24 length
 * @n_head: bytes of @head so far, 0 between two messages
 * @left: bytes of the body still to come, once @n_head is 4
 */
struct sheath_handshake_parser {
	u8	head[4];
	u8	n_head;
	u32	left;
};

void sheath_framing_put_header(u8 *p, const struct sheath_header *h);
void sheath_framing_get_header(const u8 *p, struct sheath_header *h);
void sheath_framing_aad12(u8 *aad, u64 seq, const struct sheath_header *h);
void sheath_framing_put_u16(u8 *p, u16 v);
void sheath_framing_put_u64(u8 *p, u64 v);
u64 sheath_framing_get_u64(const u8 *p);
void sheath_framing_nonce_xor(u8 *nonce, const u8 *iv, u64 seq);
long sheath_framing_unpad(const u8 *p, size_t len);
size_t sheath_framing_handshake(struct sheath_handshake_parser *hs, const u8 *p, size_t len,
				bool *begins);

#endif /* SHEATH_FRAMING_H */
