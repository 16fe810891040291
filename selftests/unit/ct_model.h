/* SPDX-License-Identifier: GPL-2.0 */
/* The check of MAC-then-encrypt records as the module does it, on plain memory. */
#ifndef UNIT_CT_MODEL_H
#define UNIT_CT_MODEL_H

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <string.h>

#include "cbc_ct.h"

#define AAD_LEN		13
#define PLAIN_MAX	(16384 + SHEATH_CT_MAC_MAX + SHEATH_CT_PAD_MAX)

struct ct_alg {
	const char *name;
	const struct sheath_ct_hash *hash;
	const EVP_MD *(*md)(void);
};

static const struct ct_alg ct_algs[] = {
	{ "SHA-1", &sheath_ct_sha1, EVP_sha1 },
	{ "SHA-256", &sheath_ct_sha256, EVP_sha256 },
	{ "SHA-384", &sheath_ct_sha384, EVP_sha384 },
};

/* OpenSSL's compression functions, whose states are words of the machine, too */
static void ct_compress(void *arg, u8 *state, const u8 *block)
{
	const struct ct_alg *alg = arg;
	SHA512_CTX c512;
	SHA256_CTX c256;
	SHA_CTX c1;

	if (alg->hash == &sheath_ct_sha1) {
		memcpy(&c1, state, 20);
		SHA1_Transform(&c1, block);
		memcpy(state, &c1, 20);
	} else if (alg->hash == &sheath_ct_sha256) {
		memcpy(c256.h, state, 32);
		SHA256_Transform(&c256, block);
		memcpy(state, c256.h, 32);
	} else {
		memcpy(c512.h, state, 64);
		SHA512_Transform(&c512, block);
		memcpy(state, c512.h, 64);
	}
}

static void ct_initial(const struct ct_alg *alg, u8 *state)
{
	SHA512_CTX c512;
	SHA256_CTX c256;
	SHA_CTX c1;

	SHA1_Init(&c1);
	SHA256_Init(&c256);
	SHA384_Init(&c512);
	memcpy(state, alg->hash == &sheath_ct_sha1 ? (void *)&c1 :
		      alg->hash == &sheath_ct_sha256 ? (void *)c256.h : (void *)c512.h,
	       alg->hash->state);
}

static void ct_pad_state(const struct ct_alg *alg, const u8 *key, u8 pad, u8 *state)
{
	u8 block[SHEATH_CT_BLOCK_MAX];

	memset(block, pad, sizeof(block));
	for (int i = 0; i < alg->hash->digest; i++)
		block[i] ^= key[i];
	ct_initial(alg, state);
	ct_compress((void *)alg, state, block);
}

/* everything but the plaintext, which may be filled in later */
static void ct_model_begin(struct sheath_ct *ct, const struct ct_alg *alg, const u8 *key,
			   const u8 *aad, u32 len)
{
	memset(ct, 0, sizeof(*ct));
	ct->hash = alg->hash;
	ct->compress = ct_compress;
	ct->arg = (void *)alg;
	ct->mac_len = alg->hash->digest;
	ct->len = len;
	memcpy(ct->head, aad, AAD_LEN);
	ct->n_head = AAD_LEN;
	ct->len_at = AAD_LEN - 2;
	ct->inner_base = alg->hash->block;
	ct->outer_base = alg->hash->block;
	ct_pad_state(alg, key, 0x36, ct->state);
	ct_pad_state(alg, key, 0x5c, ct->outer_state);
}

/* bytes of content or -1; @plain has @ct->len bytes */
static long ct_model_check(struct sheath_ct *ct, const u8 *plain)
{
	u32 bulk = sheath_ct_bulk(ct), skip = bulk ? bulk - ct->n_head : 0;
	u8 block[SHEATH_CT_BLOCK_MAX];

	ct->n_tail = ct->len - skip;
	memcpy(ct->tail, plain + skip, ct->n_tail);
	sheath_ct_unpad(ct);
	for (u32 i = 0; i < bulk; i += ct->hash->block) {
		u32 in_head = i ? 0 : ct->n_head;

		memcpy(block, ct->head, in_head);
		memcpy(block + in_head, plain + i + in_head - ct->n_head,
		       ct->hash->block - in_head);
		ct_compress(ct->arg, ct->state, block);
	}
	return sheath_ct_verify(ct);
}

/* content, MAC and padding of @pad bytes and its length; the length of it all */
static u32 ct_model_make(const struct ct_alg *alg, const u8 *key, const u8 *aad, u8 *plain,
			 u32 content, u32 pad)
{
	u8 in[AAD_LEN + PLAIN_MAX];
	unsigned int n;

	memcpy(in, aad, AAD_LEN - 2);
	in[AAD_LEN - 2] = content >> 8;
	in[AAD_LEN - 1] = content;
	memcpy(in + AAD_LEN, plain, content);
	HMAC(alg->md(), key, alg->hash->digest, in, AAD_LEN + content, plain + content, &n);
	memset(plain + content + n, pad, pad + 1);
	return content + n + pad + 1;
}

#endif /* UNIT_CT_MODEL_H */
