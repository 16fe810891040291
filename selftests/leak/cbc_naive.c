// SPDX-License-Identifier: GPL-2.0
/*
 * cbc_ct.c as one would write it who never heard of Lucky Thirteen: it is right, and it leaks.
 * The tests that look for leaks have to find it guilty.
 */
#include <string.h>

#include "cbc_ct.h"

const struct sheath_ct_hash sheath_ct_sha1 = {
	.block = 64, .shift = 6, .word = 4, .state = 20, .digest = 20, .len = 8,
};

const struct sheath_ct_hash sheath_ct_sha256 = {
	.block = 64, .shift = 6, .word = 4, .state = 32, .digest = 32, .len = 8,
};

const struct sheath_ct_hash sheath_ct_sha384 = {
	.block = 128, .shift = 7, .word = 8, .state = 64, .digest = 48, .len = 16,
};

u32 sheath_ct_bulk(const struct sheath_ct *ct)
{
	u32 least = ct->mac_len + SHEATH_CT_PAD_MAX;
	u32 bulk = ct->n_head + (ct->len > least ? ct->len - least : 0);

	bulk -= bulk % ct->hash->block;
	return bulk > ct->n_head ? bulk : 0;
}

void sheath_ct_unpad(struct sheath_ct *ct)
{
	u32 pad = ct->tail[ct->n_tail - 1];

	ct->good = pad + 1 + ct->mac_len <= ct->len;
	for (u32 i = 0; ct->good && i <= pad; i++)
		ct->good = ct->tail[ct->n_tail - 1 - i] == pad;
	ct->content = ct->len - ct->mac_len - 1 - (ct->good ? pad : 0);
	ct->head[ct->len_at] = ct->content >> 8;
	ct->head[ct->len_at + 1] = ct->content;
}

/* the rest of a message behind @base bytes, whatever length that has */
static void hash_rest(struct sheath_ct *ct, u8 *state, u64 base, const u8 *p, u32 len)
{
	const struct sheath_ct_hash *h = ct->hash;
	u64 bits = (base + len) * 8;

	for (; len >= h->block; len -= h->block, p += h->block)
		ct->compress(ct->arg, state, p);
	memset(ct->block, 0, sizeof(ct->block));
	memcpy(ct->block, p, len);
	ct->block[len] = 0x80;
	if (len + 1u + h->len > h->block) {
		ct->compress(ct->arg, state, ct->block);
		memset(ct->block, 0, sizeof(ct->block));
	}
	for (int j = 0; j < 8; j++, bits >>= 8)
		ct->block[h->block - 1 - j] = bits;
	ct->compress(ct->arg, state, ct->block);
	for (int i = 0; i < h->state; i += h->word) {
		for (int j = 0; j < h->word; j++)
			ct->digest[i + j] = state[i + h->word - 1 - j];
	}
}

long sheath_ct_verify(struct sheath_ct *ct)
{
	u32 bulk = sheath_ct_bulk(ct), in_head = bulk ? 0 : ct->n_head;
	u32 in_tail = ct->content - (ct->len - ct->n_tail);
	u8 rest[SHEATH_CT_HEAD_MAX + SHEATH_CT_TAIL_MAX];

	memcpy(rest, ct->head, in_head);
	memcpy(rest + in_head, ct->tail, in_tail);
	hash_rest(ct, ct->state, ct->inner_base + bulk, rest, in_head + in_tail);
	memcpy(rest, ct->digest, ct->hash->digest);
	hash_rest(ct, ct->outer_state, ct->outer_base, rest, ct->hash->digest);
	if (!ct->good || memcmp(ct->digest, ct->tail + in_tail, ct->mac_len))
		return -1;
	return ct->content;
}
