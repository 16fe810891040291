// SPDX-License-Identifier: GPL-2.0
/* Padding and MAC in constant time: is the result right? Against OpenSSL and a naive reading. */
#include <stdlib.h>

#include "ct_model.h"
#include "kselftest.h"

static const u8 aad[AAD_LEN] = { 0, 0, 0, 0, 1, 2, 3, 4, 23, 3, 3 };
static u8 key[64], plain[PLAIN_MAX + 64];

static void fill(void)
{
	for (u32 i = 0; i < sizeof(key); i++)
		key[i] = 7 * i + 1;
	for (u32 i = 0; i < sizeof(plain); i++)
		plain[i] = 31 * i + (i >> 8);
}

/* RFC 5246 section 6.2.3.2 and RFC 6101 section 5.2.3.2 as one would write them down */
static long naive(const struct ct_alg *alg, const u8 *p, u32 len)
{
	u32 mac_len = alg->mac_len, pad = p[len - 1], content;
	u8 mac[EVP_MAX_MD_SIZE];

	if (mac_len + pad + 1 > len || (alg->block && pad >= alg->block))
		return -1;
	for (u32 i = 0; i <= pad && !alg->block; i++) {
		if (p[len - 1 - i] != pad)
			return -1;
	}
	content = len - mac_len - pad - 1;
	ct_mac(alg, key, aad, p, content, mac);
	return memcmp(mac, p + content, mac_len) ? -1 : (long)content;
}

/* both readings of a plaintext, in memory that ends with it */
static bool agree(const struct ct_alg *alg, const u8 *p, u32 len, long want, u32 *n_compress)
{
	static struct sheath_ct ct;
	u8 *exact = malloc(len);
	bool ok;

	memcpy(exact, p, len);
	ct_model_begin(&ct, alg, key, aad, len);
	ok = ct_model_check(&ct, exact) == want && naive(alg, exact, len) == want;
	if (*n_compress && *n_compress != ct.n_compress)
		ok = false;
	*n_compress = ct.n_compress;
	free(exact);
	return ok;
}

/* lengths of plaintext around every border there is, 20 to 1000 and the largest */
static u32 next_len(u32 len)
{
	if (len < 600)
		return len + 1;
	return len < 700 ? len + 5 : len < 16381 ? 16381 : len + 89;
}

/* every padding of every length, and as many compressions for each */
static void paddings(const struct ct_alg *alg)
{
	u32 mac_len = alg->mac_len, n_pads = alg->block ? alg->block : 256;
	bool ok = true;

	fill();
	for (u32 len = mac_len + 1; len <= 16384 + mac_len + n_pads;
	     len = next_len(len)) {
		u32 n_compress = 0;

		for (u32 pad = 0; pad < n_pads && mac_len + pad + 1 <= len; pad++) {
			u32 content = len - mac_len - pad - 1;

			if (content > 16384)
				continue;
			ct_model_make(alg, key, aad, plain, content, pad);
			ok &= agree(alg, plain, len, content, &n_compress);
		}
		/* nor does it depend on whether the padding is any */
		memset(plain, 0x55, len);
		ok &= agree(alg, plain, len, -1, &n_compress);
	}
	ksft_test_result(ok, "%s: every padding\n", alg->name);
}

/* every byte of MAC and padding, wrong in every bit of it and in all */
static void corruptions(const struct ct_alg *alg)
{
	static const u32 pads[] = { 0, 1, 2, 15, 16, 100, 254, 255 };
	static const u32 contents[] = { 0, 1, 50, 51, 64, 200, 400 };
	bool ok = true;

	for (u32 c = 0; c < sizeof(contents) / 4; c++) {
		for (u32 p = 0; p < sizeof(pads) / 4; p++) {
			u32 n_compress = 0, len, i, bit, mac_end = contents[c] + alg->mac_len;

			if (alg->block && pads[p] >= alg->block)
				continue;
			fill();
			len = ct_model_make(alg, key, aad, plain, contents[c], pads[p]);
			for (i = contents[c]; i < len; i++) {
				for (bit = 1; bit <= 256; bit <<= 1) {
					u8 change = bit == 256 ? 0xff : bit;

					plain[i] ^= change;
					/*
					 * a shorter padding may be one, the MAC is in its place no
					 * more; what is in the padding of SSL 3.0 is nobody's concern
					 */
					ok &= agree(alg, plain, len,
						    alg->block && i >= mac_end && i < len - 1 ?
						    (long)contents[c] : -1, &n_compress);
					plain[i] ^= change;
				}
			}
			ok &= agree(alg, plain, len, contents[c], &n_compress);
		}
	}
	ksft_test_result(ok, "%s: every wrong byte of MAC and padding\n", alg->name);
}

/* a wrong byte of the content, or of what else is authenticated */
static void contents(const struct ct_alg *alg)
{
	u32 n_compress = 0, len, i;
	bool ok = true;

	fill();
	len = ct_model_make(alg, key, aad, plain, 700, 3);
	for (i = 0; i < 700; i++) {
		plain[i] ^= 1;
		ok &= agree(alg, plain, len, -1, &n_compress);
		plain[i] ^= 1;
	}
	for (i = 0; i < AAD_LEN - 2 - (alg->block ? 2 : 0); i++) {
		struct sheath_ct ct;
		u8 other[AAD_LEN];

		memcpy(other, aad, AAD_LEN);
		other[i] ^= 1;
		ct_model_begin(&ct, alg, key, other, len);
		ok &= ct_model_check(&ct, plain) == -1;
	}
	ksft_test_result(ok, "%s: every wrong byte of the content\n", alg->name);
}

int main(void)
{
	ksft_print_header();
	ksft_set_plan(3 * N_CT_ALGS);
	for (u32 i = 0; i < N_CT_ALGS; i++) {
		paddings(&ct_algs[i]);
		corruptions(&ct_algs[i]);
		contents(&ct_algs[i]);
	}
	ksft_finished();
}
