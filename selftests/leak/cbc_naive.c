// SPDX-License-Identifier: GPL-2.0
/*
 * cbc_ct.c as one would write it who never heard of Lucky Thirteen: it is right, and it leaks.
 * The tests that look for leaks have to find it guilty. What handles no secret is the same.
 * With CARELESS it believes the length of the padding, too, which is undefined behaviour.
 */
#ifndef CARELESS
#define CARELESS	0
#endif

#define sheath_ct_unpad		innocent_unpad
#define sheath_ct_verify	innocent_verify
#include "../../kernel/record/cbc_ct.c"
#undef sheath_ct_unpad
#undef sheath_ct_verify

void sheath_ct_unpad(struct sheath_ct *ct)
{
	u32 pad = ct->tail[ct->n_tail - 1];

	ct->good = (CARELESS || pad + 1 + ct->mac_len <= ct->len) &&
		   (!ct->pad_block || pad < ct->pad_block);
	for (u32 i = 0; ct->good && !ct->pad_block && i <= pad; i++)
		ct->good = ct->tail[ct->n_tail - 1 - i] == pad;
	ct->content = content_max(ct) - (ct->good ? pad : 0);
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
		compress(ct, state);
		memset(ct->block, 0, sizeof(ct->block));
	}
	for (int j = 0; j < 8; j++, bits >>= 8)
		ct->block[h->block - 1 - j] = bits;
	compress(ct, state);
	put_digest(h, state, ct->digest);
}

long sheath_ct_verify(struct sheath_ct *ct)
{
	u32 bulk = sheath_ct_bulk(ct), in_head = bulk ? 0 : ct->n_head;
	u32 in_tail = ct->content - (ct->len - ct->n_tail);
	u8 rest[SHEATH_CT_HEAD_MAX + SHEATH_CT_TAIL_MAX];

	memcpy(rest, ct->head, in_head);
	memcpy(rest + in_head, ct->tail, in_tail);
	hash_rest(ct, ct->state, ct->inner_base + bulk, rest, in_head + in_tail);
	memcpy(rest, ct->outer, ct->n_outer);
	memcpy(rest + ct->n_outer, ct->digest, ct->hash->digest);
	hash_rest(ct, ct->outer_state, ct->outer_base, rest, ct->n_outer + ct->hash->digest);
	if (!ct->good || memcmp(ct->digest, ct->tail + in_tail, ct->mac_len))
		return -1;
	return ct->content;
}
