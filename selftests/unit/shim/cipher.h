/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the shim share. */
#ifndef SHIM_CIPHER_H
#define SHIM_CIPHER_H

#include <openssl/evp.h>

#include <crypto/internal/cipher.h>

/* may @name be had? 0 or a negative errno */
int shim_alg(const char *name);
/* the cipher of @name, which is @mode and a cipher */
struct crypto_cipher *shim_block_alloc(const char *name, const char *mode);
/* @len bytes of whole blocks, each by itself */
void shim_blocks(struct crypto_cipher *tfm, u8 *dst, const u8 *src, int len);

#endif /* SHIM_CIPHER_H */
