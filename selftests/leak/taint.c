// SPDX-License-Identifier: GPL-2.0
/*
 * The check of MAC-then-encrypt records, for valgrind: what was decrypted is marked undefined,
 * so that memcheck reports every branch and every index that depends on it. The exit status
 * is that of valgrind's --error-exitcode.
 */
#include <stdio.h>
#include <valgrind/memcheck.h>

#include "ct_model.h"

static const u8 aad[AAD_LEN] = { 0, 0, 0, 0, 0, 0, 0, 9, 23, 3, 3 };
static u8 key[64], plain[PLAIN_MAX];

static void check(const struct ct_alg *alg, u32 content, u32 pad, bool spoil)
{
	static struct sheath_ct ct;
	u32 len = ct_model_make(alg, key, aad, plain, content, pad);
	long got;

	if (spoil)
		plain[content] ^= 1;
	ct_model_begin(&ct, alg, key, aad, len);
	VALGRIND_MAKE_MEM_UNDEFINED(plain, len);
	VALGRIND_MAKE_MEM_UNDEFINED(ct.state, sizeof(ct.state));
	VALGRIND_MAKE_MEM_UNDEFINED(ct.outer_state, sizeof(ct.outer_state));
	got = ct_model_check(&ct, plain);
	/* the verdict is told to everybody; so is, if it is good, the length */
	VALGRIND_MAKE_MEM_DEFINED(&got, sizeof(got));
	VALGRIND_MAKE_MEM_DEFINED(plain, sizeof(plain));
	if (got != (spoil ? -1 : (long)content))
		printf("%s: content %u, padding %u: %ld\n", alg->name, content, pad, got);
}

int main(void)
{
	static const u32 contents[] = { 0, 1, 42, 43, 51, 115, 300, 700, 16384 };

	if (!RUNNING_ON_VALGRIND) {
		puts("this is for valgrind");
		return 2;
	}
	for (u32 a = 0; a < N_CT_ALGS; a++) {
		for (u32 c = 0; c < sizeof(contents) / 4; c++) {
			check(&ct_algs[a], contents[c], 0, false);
			check(&ct_algs[a], contents[c], 15, true);
			if (!ct_algs[a].block)
				check(&ct_algs[a], contents[c], 255, false);
		}
	}
	return 0;
}
