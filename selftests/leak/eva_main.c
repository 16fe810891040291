// SPDX-License-Identifier: GPL-2.0
/* What Frama-C's Eva starts from: records of some lengths, any byte in them, any hash. */
#include "__fc_builtin.h"

#include "record/cbc_ct.h"

/* what the hash leaves there */
static void compress(void *arg, u8 *state, const u8 *block)
{
	const struct sheath_ct_hash *h = arg;

	Frama_C_make_unknown((char *)state, h->state);
}

static void check(struct sheath_ct *ct, u32 len)
{
	const struct sheath_ct_hash *h = ct->hash;
	u32 bulk;

	ct->compress = compress;
	ct->arg = (void *)h;
	ct->len = len + ct->mac_len + 1;
	ct->len_at = ct->n_head - 2;
	bulk = sheath_ct_bulk(ct);
	ct->n_tail = ct->len - (bulk ? bulk - ct->n_head : 0);
	/*@ assert fits: ct->n_tail <= SHEATH_CT_TAIL_MAX; */
	Frama_C_make_unknown((char *)ct->tail, ct->n_tail);
	Frama_C_make_unknown((char *)ct->state, h->state);
	Frama_C_make_unknown((char *)ct->outer_state, h->state);
	sheath_ct_unpad(ct);
	sheath_ct_verify(ct);
}

/* HMAC, whole or truncated, and padding of TLS */
static void check_tls(const struct sheath_ct_hash *h, u32 len, u32 mac_len)
{
	struct sheath_ct ct = { .hash = h, .mac_len = mac_len, .n_head = 13,
				.inner_base = h->block, .outer_base = h->block };

	check(&ct, len);
}

/* what SSL 3.0 has: key and pad are hashed as any other bytes */
static void check_ssl3(u32 len, u32 block)
{
	struct sheath_ct ct = { .hash = &sheath_ct_sha1, .mac_len = 20, .pad_block = block,
				.n_head = 71, .n_outer = 60 };

	check(&ct, len);
}

int main(void)
{
	static const u32 lens[] = { 0, 1, 50, 51, 115, 256, 320, 16384 };
	u32 i;

	for (i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		check_tls(&sheath_ct_sha1, lens[i], 20);
		check_tls(&sheath_ct_sha256, lens[i], 32);
		check_tls(&sheath_ct_sha384, lens[i], 48);
	}
	for (i = 0; i < sizeof(lens) / sizeof(*lens); i += 3) {
		check_tls(&sheath_ct_sha1, lens[i], 10);
		check_tls(&sheath_ct_sha384, lens[i], 10);
		check_ssl3(lens[i], 8);
		check_ssl3(lens[i], 16);
	}
	return 0;
}
