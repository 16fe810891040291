// SPDX-License-Identifier: GPL-2.0
/* Record arithmetic: headers, additional data, nonces, padding, handshake message boundaries. */
#include "record/framing.h"

/**
 * sheath_framing_put_header() - write a record header
 * @p: 5 bytes
 * @h: what to write
 *
 * RFC 5246 section 6.2.1, RFC 8446 section 5.1.
 */
void sheath_framing_put_header(u8 *p, const struct sheath_header *h)
{
	p[0] = h->type;
	p[1] = h->version >> 8;
	p[2] = h->version & 0xff;
	p[3] = h->len >> 8;
	p[4] = h->len & 0xff;
}

/**
 * sheath_framing_get_header() - read a record header; nothing is judged
 * @p: 5 bytes
 * @h: result
 */
void sheath_framing_get_header(const u8 *p, struct sheath_header *h)
{
	h->type = p[0];
	h->version = (u16)(p[1] << 8 | p[2]);
	h->len = (u16)(p[3] << 8 | p[4]);
}

/**
 * sheath_framing_put_u16() - write a length
 * @p: 2 bytes
 * @v: value, sent big-endian
 */
void sheath_framing_put_u16(u8 *p, u16 v)
{
	p[0] = v >> 8;
	p[1] = v & 0xff;
}

/**
 * sheath_framing_put_u64() - write a sequence number or an explicit nonce
 * @p: 8 bytes
 * @v: value, sent big-endian
 */
void sheath_framing_put_u64(u8 *p, u64 v)
{
	int i;

	for (i = 7; i >= 0; i--, v >>= 8)
		p[i] = v & 0xff;
}

/**
 * sheath_framing_get_u64() - inverse of sheath_framing_put_u64()
 * @p: 8 bytes
 *
 * Return: the value.
 */
u64 sheath_framing_get_u64(const u8 *p)
{
	u64 v = 0;
	int i;

	for (i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

/**
 * sheath_framing_aad12() - additional data of TLS 1.2: seq_num + type + version + length
 * @aad: 13 bytes
 * @seq: sequence number of the record
 * @h: its header, but with the length of the plaintext
 *
 * RFC 5246 section 6.2.3.3.
 */
void sheath_framing_aad12(u8 *aad, u64 seq, const struct sheath_header *h)
{
	sheath_framing_put_u64(aad, seq);
	sheath_framing_put_header(aad + 8, h);
}

/**
 * sheath_framing_nonce_xor() - per-record nonce from a static IV
 * @nonce: 12 bytes, result
 * @iv: 12 bytes
 * @seq: sequence number, padded to the left with zeros to the length of the IV
 *
 * RFC 8446 section 5.3; RFC 7905 section 2 has the same for TLS 1.2.
 */
void sheath_framing_nonce_xor(u8 *nonce, const u8 *iv, u64 seq)
{
	int i;

	for (i = SHEATH_NONCE_LEN - 1; i >= 0; i--) {
		nonce[i] = iv[i] ^ (seq & 0xff);
		seq >>= 8;
	}
}

/**
 * sheath_framing_unpad() - find the inner content type behind the zeros of the padding
 * @p: TLSInnerPlaintext: content | type | zeros
 * @len: bytes of it
 *
 * The record is authenticated already, so the time this takes tells nobody anything.
 * RFC 8446 section 5.4.
 *
 * Return: the position of the type byte, which is the length of the content; -1 if all
 * bytes are zero or there is none.
 */
long sheath_framing_unpad(const u8 *p, size_t len)
{
	while (len) {
		if (p[--len])
			return (long)len;
	}
	return -1;
}

/**
 * sheath_framing_handshake() - step through a stream of handshake messages
 * @hs: state; all zero before the first message
 * @p: next bytes of the stream
 * @len: how many, at least 1
 * @begins: set to whether the four header bytes of a message were completed by this step
 *
 * Messages may be split over records and several may share one (RFC 8446 section 5.1). A
 * step ends when a header is complete, or a message is, or the bytes are used up. After a
 * step that set @begins, @hs->head[0] is the msg_type and @hs->left its length.
 *
 * Return: bytes used, 1 to @len.
 */
size_t sheath_framing_handshake(struct sheath_handshake_parser *hs, const u8 *p, size_t len,
				bool *begins)
{
	size_t n = 0;

	*begins = false;
	if (hs->n_head < 4) {
		while (n < len && hs->n_head < 4)
			hs->head[hs->n_head++] = p[n++];
		if (hs->n_head < 4)
			return n;
		*begins = true;
		hs->left = (u32)hs->head[1] << 16 | (u32)hs->head[2] << 8 | hs->head[3];
		if (!hs->left)
			hs->n_head = 0;
		return n;
	}
	n = len < hs->left ? len : hs->left;
	hs->left -= (u32)n;
	if (!hs->left)
		hs->n_head = 0;
	return n;
}
