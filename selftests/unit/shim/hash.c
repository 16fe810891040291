// SPDX-License-Identifier: GPL-2.0
/* Hashes whose state begins with its words, as the kernel's; by OpenSSL, HMAC by RFC 2104. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include <crypto/hash.h>

#include "cipher.h"
#include "shim.h"

enum shim_state shim_state;

union state {
	SHA_CTX		sha1;
	SHA256_CTX	sha256;
	SHA512_CTX	sha384;
};

_Static_assert(sizeof(union state) <= sizeof(((struct shash_desc *)0)->state), "room");

/* of one type each, so that they can be in a table */
#define HASH(name)									\
static int init_##name(void *state)							\
{											\
	return name##_Init(state);							\
}											\
											\
static int update_##name(void *state, const void *p, size_t n)				\
{											\
	return name##_Update(state, p, n);						\
}											\
											\
static int final_##name(u8 *out, void *state)						\
{											\
	return name##_Final(out, state);						\
}

HASH(SHA1)
HASH(SHA256)
HASH(SHA384)

static const struct hash_alg {
	const char *name;
	unsigned int block, digest, size, words;
	int (*init)(void *state);
	int (*update)(void *state, const void *p, size_t n);
	int (*final)(u8 *out, void *state);
} hashes[] = {
	{ "sha1", 64, 20, sizeof(SHA_CTX), 20, init_SHA1, update_SHA1, final_SHA1 },
	{ "sha256", 64, 32, sizeof(SHA256_CTX), 32, init_SHA256, update_SHA256, final_SHA256 },
	{ "sha384", 128, 48, sizeof(SHA512_CTX), 64, init_SHA384, update_SHA384, final_SHA384 },
};

/* @start: states after the key and ipad, and opad; all the same without a key */
struct crypto_shash {
	const struct hash_alg	*alg;
	bool			hmac;
	union state		start[2];
};

struct crypto_shash *crypto_alloc_shash(const char *name, u32 type, u32 mask)
{
	bool hmac = !strncmp(name, "hmac(", 5);
	struct crypto_shash *tfm;
	int rc = shim_alg(name);
	size_t i, n;

	for (i = 0; !rc && i < ARRAY_SIZE(hashes); i++) {
		n = strlen(hashes[i].name);
		if (strncmp(name + (hmac ? 5 : 0), hashes[i].name, n))
			continue;
		tfm = calloc(1, sizeof(*tfm));
		tfm->alg = &hashes[i];
		tfm->hmac = hmac;
		tfm->alg->init(&tfm->start[0]);
		tfm->start[1] = tfm->start[0];
		return tfm;
	}
	return ERR_PTR(rc ?: -ENOENT);
}

void crypto_free_shash(struct crypto_shash *tfm)
{
	free(tfm);
}

int crypto_shash_setkey(struct crypto_shash *tfm, const u8 *key, unsigned int len)
{
	u8 block[128];

	if (shim_fails() || !tfm->hmac || len > tfm->alg->block)
		return -EINVAL;
	for (int pad = 0; pad < 2; pad++) {
		memset(block, pad ? 0x5c : 0x36, sizeof(block));
		for (unsigned int i = 0; i < len; i++)
			block[i] ^= key[i];
		tfm->alg->init(&tfm->start[pad]);
		tfm->alg->update(&tfm->start[pad], block, tfm->alg->block);
	}
	return 0;
}

unsigned int crypto_shash_statesize(struct crypto_shash *tfm)
{
	return shim_state == SHIM_STATE_SHORT ? 8 : tfm->alg->size;
}

int crypto_shash_init(struct shash_desc *desc)
{
	if (shim_fails())
		return -shim_errno;
	memcpy(desc->state, &desc->tfm->start[0], sizeof(union state));
	return 0;
}

int crypto_shash_update(struct shash_desc *desc, const void *data, unsigned int len)
{
	if (shim_fails())
		return -shim_errno;
	return desc->tfm->alg->update(desc->state, data, len) == 1 ? 0 : -EINVAL;
}

int crypto_shash_final(struct shash_desc *desc, u8 *out)
{
	const struct hash_alg *alg = desc->tfm->alg;
	union state outer = desc->tfm->start[1];

	if (shim_fails())
		return -shim_errno;
	alg->final(out, desc->state);
	if (desc->tfm->hmac) {
		alg->update(&outer, out, alg->digest);
		alg->final(out, &outer);
	}
	return 0;
}

int crypto_shash_finup(struct shash_desc *desc, const u8 *data, unsigned int len, u8 *out)
{
	return crypto_shash_update(desc, data, len) ?: crypto_shash_final(desc, out);
}

/* the words change places with what is behind them if they are not to be first */
static void turn(const struct hash_alg *alg, u8 *to, const u8 *from, unsigned int n)
{
	memcpy(to, from + n, alg->size - n);
	memcpy(to + alg->size - n, from, n);
}

int crypto_shash_export(struct shash_desc *desc, void *out)
{
	const struct hash_alg *alg = desc->tfm->alg;

	if (shim_fails())
		return -shim_errno;
	turn(alg, out, (u8 *)desc->state, shim_state == SHIM_STATE_WORDS_LAST ? alg->words : 0);
	return 0;
}

int crypto_shash_import(struct shash_desc *desc, const void *in)
{
	const struct hash_alg *alg = desc->tfm->alg;

	if (shim_fails())
		return -shim_errno;
	turn(alg, (u8 *)desc->state, in,
	     shim_state == SHIM_STATE_WORDS_LAST ? alg->size - alg->words : 0);
	return 0;
}

int crypto_shash_tfm_digest(struct crypto_shash *tfm, const u8 *data, unsigned int len, u8 *out)
{
	struct shash_desc desc = { .tfm = tfm };

	return crypto_shash_init(&desc) ?: crypto_shash_finup(&desc, data, len, out);
}
