// SPDX-License-Identifier: GPL-2.0
/* What Frama-C's Eva starts from: records of some lengths, any byte in them, any hash. */
#include "__fc_builtin.h"

#include "cbc_ct.h"

/* what the hash leaves there */
static void compress(void *arg, u8 *state, const u8 *block)
{
	const struct sheath_ct_hash *h = arg;

	Frama_C_make_unknown((char *)state, h->state);
}

static void check(const struct sheath_ct_hash *h, u32 len, u32 pad_block)
{
	struct sheath_ct ct = { .hash = h, .compress = compress, .arg = (void *)h };
	u32 bulk;

	ct.pad_block = pad_block;
	ct.mac_len = h->digest;
	ct.len = len;
	ct.n_head = 13;
	ct.len_at = 11;
	ct.inner_base = h->block;
	ct.outer_base = h->block;
	bulk = sheath_ct_bulk(&ct);
	ct.n_tail = len - (bulk ? bulk - ct.n_head : 0);
	/*@ assert fits: ct.n_tail <= SHEATH_CT_TAIL_MAX; */
	Frama_C_make_unknown((char *)ct.tail, ct.n_tail);
	Frama_C_make_unknown((char *)ct.state, h->state);
	Frama_C_make_unknown((char *)ct.outer_state, h->state);
	sheath_ct_unpad(&ct);
	sheath_ct_verify(&ct);
}

int main(void)
{
	static const u32 lens[] = { 0, 1, 50, 51, 115, 256, 320, 16384 };
	u32 i;

	for (i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		check(&sheath_ct_sha1, lens[i] + 21, 0);
		check(&sheath_ct_sha256, lens[i] + 33, 0);
		check(&sheath_ct_sha384, lens[i] + 49, 0);
	}
	return 0;
}
