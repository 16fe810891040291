// SPDX-License-Identifier: GPL-2.0
/*
 * Padding and MAC of MAC-then-encrypt records, in time that does not depend on either.
 *
 * A receiver that takes longer for one padding than for another, be it by one compression of
 * the hash, tells what the plaintext is (Vaudenay; Lucky Thirteen). Here everything that
 * depends on the padding is worked out for all the paddings there could be, and the right one
 * is selected by masks: no branch and no index depends on a secret.
 *
 *	head | content ............... | MAC | padding | padding_length
 *	     '--- hashed in bulk ---'------------ tail ----------------'
 *
 * A mask is all ones for true and zero for false.
 */
#include "record/cbc_ct.h"

#ifdef __KERNEL__
#include <linux/compiler.h>
#include <linux/string.h>
#else
#include <string.h>
#endif

/* as the kernel has it */
#ifndef OPTIMIZER_HIDE_VAR
#define OPTIMIZER_HIDE_VAR(v)	({ __asm__ ("" : "=r" (v) : "0" (v)); })
#endif

const struct sheath_ct_hash sheath_ct_sha1 = {
	.block = 64, .shift = 6, .word = 4, .state = 20, .digest = 20, .len = 8,
};

const struct sheath_ct_hash sheath_ct_sha256 = {
	.block = 64, .shift = 6, .word = 4, .state = 32, .digest = 32, .len = 8,
};

const struct sheath_ct_hash sheath_ct_sha384 = {
	.block = 128, .shift = 7, .word = 8, .state = 64, .digest = 48, .len = 16,
};

/* hide from the compiler that the value is a mask, or it may make a branch of it */
static u32 mask_of_msb(u32 v)
{
	u32 m = 0 - (v >> 31);

	OPTIMIZER_HIDE_VAR(m);
	return m;
}

/*
 * Both values are below 2^31. The origin of @a is hidden as well, or the compiler rewrites loop
 * counters relative to a secret, which leak checkers report even where nothing leaks.
 */
static u32 mask_lt(u32 a, u32 b)
{
	OPTIMIZER_HIDE_VAR(a);
	return mask_of_msb(a - b);
}

static u32 mask_ge(u32 a, u32 b)
{
	return ~mask_lt(a, b);
}

static u32 mask_eq(u32 a, u32 b)
{
	u32 x = a ^ b;

	OPTIMIZER_HIDE_VAR(x);
	return ~mask_of_msb(x | (0 - x));
}

static u32 floor_sub(u32 a, u32 b)
{
	return a > b ? a - b : 0;
}

/* the content has at least, and at most, so many bytes, whatever the padding */
static u32 content_min(const struct sheath_ct *ct)
{
	return floor_sub(ct->len, ct->mac_len + (ct->pad_block ? ct->pad_block : SHEATH_CT_PAD_MAX));
}

static u32 content_max(const struct sheath_ct *ct)
{
	return ct->len - ct->mac_len - 1;
}

/**
 * sheath_ct_bulk() - how much is hashed whatever the padding is
 * @ct: @hash, @pad_block, @mac_len, @len and @n_head are set; @len is more than @mac_len
 *
 * The caller has the hash go over so many bytes of head and content, in whole blocks, and
 * leaves its state in @ct->state. What follows of the plaintext, from the start if there is
 * nothing to hash in bulk, goes to @ct->tail.
 *
 * Return: bytes, a multiple of the block, more than @n_head unless it is 0.
 */
u32 sheath_ct_bulk(const struct sheath_ct *ct)
{
	u32 bulk = (ct->n_head + content_min(ct)) & ~(ct->hash->block - 1u);

	return bulk > ct->n_head ? bulk : 0;
}

/**
 * sheath_ct_unpad() - judge the padding, work out where the content ends
 * @ct: @tail is filled
 *
 * Sets @content, @good, and the length in @head. Bad padding is taken for none, so that the
 * MAC is worked out all the same (RFC 5246 section 6.2.3.2).
 */
void sheath_ct_unpad(struct sheath_ct *ct)
{
	const u8 *last = ct->tail + ct->n_tail - 1;
	u32 pad = *last, bad = 0, i;
	u32 n = ct->n_tail < SHEATH_CT_PAD_MAX ? ct->n_tail : SHEATH_CT_PAD_MAX;
	u32 good = mask_ge(ct->len, ct->mac_len + 1 + pad);

	if (ct->pad_block) {
		good &= mask_lt(pad, ct->pad_block);
	} else {
		for (i = 0; i < n; i++)
			bad |= (last[-(long)i] ^ pad) & mask_ge(pad, i);
		good &= mask_eq(bad, 0);
	}
	ct->good = good;
	ct->content = content_max(ct) - (pad & good);
	ct->head[ct->len_at] = (u8)(ct->content >> 8);
	ct->head[ct->len_at + 1] = (u8)ct->content;
}

static void compress(struct sheath_ct *ct, u8 *state)
{
	ct->compress(ct->arg, state, ct->block);
	ct->n_compress++;
}

/* words of the machine to bytes, the first byte being the highest */
static void put_digest(const struct sheath_ct_hash *h, const u8 *state, u8 *digest)
{
	u32 i, j;

	for (i = 0; i < h->state; i += h->word) {
		u64 v = 0;

		if (h->word == 8) {
			memcpy(&v, state + i, 8);
		} else {
			u32 w;

			memcpy(&w, state + i, 4);
			v = w;
		}
		for (j = h->word; j > 0; j--, v >>= 8)
			digest[i + j - 1] = (u8)v;
	}
}

/* byte @pos of head and content, or what happens to be there; @pos is public */
static u32 message_byte(const struct sheath_ct *ct, u32 pos, u32 tail_pos)
{
	if (pos < ct->n_head && tail_pos <= ct->n_head)
		return ct->head[pos];
	return pos - tail_pos < ct->n_tail ? ct->tail[pos - tail_pos] : 0;
}

/*
 * Block @i: message, 0x80, zeros, and the length if it is the last one. Return: a mask that
 * tells whether it is.
 */
static u32 make_block(struct sheath_ct *ct, u32 i, u32 tail_pos)
{
	const struct sheath_ct_hash *h = ct->hash;
	u32 end = ct->n_head + ct->content, j;
	u32 is_last = mask_eq(i, (end + h->len) >> h->shift);
	u64 bits = (u64)(ct->inner_base + end) * 8;

	for (j = 0; j < h->block; j++) {
		u32 pos = i * h->block + j, byte;

		byte = message_byte(ct, pos, tail_pos) & mask_lt(pos, end);
		byte |= 0x80 & mask_eq(pos, end);
		ct->block[j] = (u8)byte;
	}
	for (j = 0; j < 8; j++, bits >>= 8)
		ct->block[h->block - 1 - j] |= (u8)bits & (u8)is_last;
	return is_last;
}

/* the inner hash over all the blocks there could be; the state after the last is kept */
static void inner_hash(struct sheath_ct *ct)
{
	const struct sheath_ct_hash *h = ct->hash;
	u32 bulk = sheath_ct_bulk(ct);
	u32 i, n = (ct->n_head + content_max(ct) + h->len) / h->block + 1, j;
	/* where in the message the tail begins */
	u32 tail_pos = bulk ? bulk : ct->n_head;
	u8 *kept = ct->digest;

	memset(kept, 0, h->state);
	for (i = bulk / h->block; i < n; i++) {
		u32 is_last = make_block(ct, i, tail_pos);

		compress(ct, ct->state);
		for (j = 0; j < h->state; j++)
			kept[j] |= ct->state[j] & (u8)is_last;
	}
	memcpy(ct->state, kept, h->state);
	put_digest(h, ct->state, ct->digest);
}

/* everything about this is public but the bytes */
static void outer_hash(struct sheath_ct *ct)
{
	const struct sheath_ct_hash *h = ct->hash;
	u32 end = ct->n_outer + h->digest, i, j;
	u64 bits = (u64)(ct->outer_base + end) * 8;

	for (i = 0; i <= (end + h->len) / h->block; i++) {
		memset(ct->block, 0, h->block);
		for (j = 0; j < h->block; j++) {
			u32 pos = i * h->block + j;

			if (pos < ct->n_outer)
				ct->block[j] = ct->outer[pos];
			else if (pos < end)
				ct->block[j] = ct->digest[pos - ct->n_outer];
			else if (pos == end)
				ct->block[j] = 0x80;
		}
		if (i == (end + h->len) / h->block) {
			for (j = 0; j < 8; j++, bits >>= 8)
				ct->block[h->block - 1 - j] |= (u8)bits;
		}
		compress(ct, ct->outer_state);
	}
	put_digest(h, ct->outer_state, ct->digest);
}

/*
 * The MAC of the record, which begins at a secret place: all of the tail it could be in goes
 * round and round through a buffer of its size, and that is turned back by a secret amount.
 */
static void find_mac(struct sheath_ct *ct)
{
	u32 n = ct->mac_len, first = ct->len - ct->n_tail, from = content_min(ct);
	u32 i, j = 0, turn = 0;

	memset(ct->rotated, 0, n);
	memset(ct->found, 0, n);
	for (i = from; i < ct->len; i++) {
		u32 inside = mask_ge(i, ct->content) & mask_lt(i, ct->content + n);

		turn |= j & mask_eq(i, ct->content);
		ct->rotated[j] |= ct->tail[i - first] & (u8)inside;
		j = j + 1 < n ? j + 1 : 0;
	}
	for (i = 0; i < n; i++) {
		u32 at = i + turn;

		at -= n & mask_ge(at, n);
		for (j = 0; j < n; j++)
			ct->found[i] |= ct->rotated[j] & (u8)mask_eq(j, at);
	}
}

/**
 * sheath_ct_verify() - is this a record, and how long is its content?
 * @ct: after sheath_ct_unpad(), with the state after the bulk in @state
 *
 * Return: bytes of content, or -1. That it is -1 is no secret; why, and how long the content
 * would have been, stay one.
 */
long sheath_ct_verify(struct sheath_ct *ct)
{
	u32 bad = 0, good, i;

	ct->n_compress = 0;
	inner_hash(ct);
	outer_hash(ct);
	find_mac(ct);
	for (i = 0; i < ct->mac_len; i++)
		bad |= ct->digest[i] ^ ct->found[i];
	good = ct->good & mask_eq(bad, 0);
	return (long)(int)((ct->content & good) | ~good);
}
