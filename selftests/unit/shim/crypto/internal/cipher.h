/* SPDX-License-Identifier: GPL-2.0 */
/* Bare block ciphers. */
#ifndef SHIM_CRYPTO_INTERNAL_CIPHER_H
#define SHIM_CRYPTO_INTERNAL_CIPHER_H

#include <linux/crypto.h>
#include <linux/unaligned.h>

struct crypto_cipher;

struct crypto_cipher *crypto_alloc_cipher(const char *name, u32 type, u32 mask);
void crypto_free_cipher(struct crypto_cipher *tfm);
int crypto_cipher_setkey(struct crypto_cipher *tfm, const u8 *key, unsigned int len);
void crypto_cipher_encrypt_one(struct crypto_cipher *tfm, u8 *dst, const u8 *src);

#endif /* SHIM_CRYPTO_INTERNAL_CIPHER_H */
