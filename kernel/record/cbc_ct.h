/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Padding and MAC of MAC-then-encrypt records, in time that does not depend on either: no
 * kernel call here, the same file builds in user space.
 */
#ifndef SHEATH_CBC_CT_H
#define SHEATH_CBC_CT_H

#include "record/framing.h"

/* the largest of SHA-1, SHA-256 and SHA-384 */
#define SHEATH_CT_BLOCK_MAX	128
#define SHEATH_CT_STATE_MAX	64
#define SHEATH_CT_MAC_MAX	48
/* bytes hashed before the content: SSL 3.0 has 60 of key and pad, and 11 more */
#define SHEATH_CT_HEAD_MAX	71
/* padding and its length: RFC 5246 section 6.2.3.2 */
#define SHEATH_CT_PAD_MAX	256
/* what may be content, MAC or padding, and the start of the block it begins in */
#define SHEATH_CT_TAIL_MAX	(SHEATH_CT_PAD_MAX + SHEATH_CT_MAC_MAX + SHEATH_CT_BLOCK_MAX)

/**
 * struct sheath_ct_hash - a Merkle-Damgard hash function by its compression function
 * @block: bytes of a block, a power of two
 * @shift: its logarithm: time of a division may depend on what is divided
 * @word: bytes of a word of the state, 4 or 8
 * @state: bytes of the state
 * @digest: bytes of the digest, the first of the state as big-endian words
 * @len: bytes of the length in the last block
 */
struct sheath_ct_hash {
	u8	block;
	u8	shift;
	u8	word;
	u8	state;
	u8	digest;
	u8	len;
};

extern const struct sheath_ct_hash sheath_ct_sha1;
extern const struct sheath_ct_hash sheath_ct_sha256;
extern const struct sheath_ct_hash sheath_ct_sha384;

/**
 * struct sheath_ct - one record on its way through the check
 * @hash: hash function
 * @compress: its compression function; @state holds words in the order of the machine
 * @arg: for @compress
 * @pad_block: 0: padding bytes all say how many they are, up to 255 (TLS); else the block
 *	size that padding does not exceed, and what it consists of is not looked at (SSL 3.0:
 *	whatever is done here, such a record can be forged byte by byte, RFC 7568)
 * @mac_len: bytes of MAC in the record, fewer than of digest for a truncated one
 * @len: bytes of plaintext: content, MAC, padding, padding_length
 * @head: what is hashed before the content
 * @n_head: bytes of @head
 * @len_at: where in @head the two bytes of the content's length are
 * @inner_base: bytes that went into @state before @head
 * @outer: what is hashed before the inner digest
 * @n_outer: bytes of @outer
 * @outer_base: bytes that went into @outer_state before @outer
 * @state: state of the inner hash; see sheath_ct_bulk()
 * @outer_state: state of the outer hash
 * @tail: the end of the plaintext; see sheath_ct_bulk()
 * @n_tail: bytes of @tail
 * @n_compress: blocks compressed by sheath_ct_verify()
 * @content: secret until verified: bytes of content
 * @good: secret until verified: all ones if the padding is right
 * @block: block being made
 * @digest: the MAC that should be there
 * @found: the MAC that is there
 * @rotated: the same, before it is known where it begins
 *
 * All but @content, @good and what they lead to is public. The caller wipes it.
 */
struct sheath_ct {
	const struct sheath_ct_hash *hash;
	void	(*compress)(void *arg, u8 *state, const u8 *block);
	void	*arg;
	u32	pad_block;
	u32	mac_len;
	u32	len;
	u8	head[SHEATH_CT_HEAD_MAX];
	u32	n_head;
	u32	len_at;
	u32	inner_base;
	u8	outer[SHEATH_CT_HEAD_MAX];
	u32	n_outer;
	u32	outer_base;
	u8	state[SHEATH_CT_STATE_MAX];
	u8	outer_state[SHEATH_CT_STATE_MAX];
	u8	tail[SHEATH_CT_TAIL_MAX];
	u32	n_tail;
	u32	n_compress;

	u32	content;
	u32	good;
	u8	block[SHEATH_CT_BLOCK_MAX];
	u8	digest[SHEATH_CT_STATE_MAX];
	u8	found[SHEATH_CT_MAC_MAX];
	u8	rotated[SHEATH_CT_MAC_MAX];
};

u32 sheath_ct_bulk(const struct sheath_ct *ct);
void sheath_ct_unpad(struct sheath_ct *ct);
long sheath_ct_verify(struct sheath_ct *ct);

#endif /* SHEATH_CBC_CT_H */
