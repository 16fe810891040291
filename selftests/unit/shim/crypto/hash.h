/* SPDX-License-Identifier: GPL-2.0 */
/* Hashes and HMAC. */
#ifndef SHIM_CRYPTO_HASH_H
#define SHIM_CRYPTO_HASH_H

#include <linux/crypto.h>
#include <linux/string.h>

struct crypto_shash;

/* room for the largest state */
struct shash_desc {
	struct crypto_shash	*tfm;
	u64			state[32];
};

#define SHASH_DESC_ON_STACK(name, tfm) struct shash_desc name##_memory, *name = &name##_memory

struct crypto_shash *crypto_alloc_shash(const char *name, u32 type, u32 mask);
void crypto_free_shash(struct crypto_shash *tfm);
int crypto_shash_setkey(struct crypto_shash *tfm, const u8 *key, unsigned int len);
unsigned int crypto_shash_statesize(struct crypto_shash *tfm);
int crypto_shash_init(struct shash_desc *desc);
int crypto_shash_update(struct shash_desc *desc, const void *data, unsigned int len);
int crypto_shash_final(struct shash_desc *desc, u8 *out);
int crypto_shash_finup(struct shash_desc *desc, const u8 *data, unsigned int len, u8 *out);
int crypto_shash_export(struct shash_desc *desc, void *out);
int crypto_shash_import(struct shash_desc *desc, const void *in);
int crypto_shash_tfm_digest(struct crypto_shash *tfm, const u8 *data, unsigned int len, u8 *out);

#define shash_desc_zero(desc) explicit_bzero(desc, sizeof(*(desc)))

#endif /* SHIM_CRYPTO_HASH_H */
