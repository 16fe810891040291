/* SPDX-License-Identifier: GPL-2.0 */
/* Ciphers without a tag: CBC. */
#ifndef SHIM_CRYPTO_SKCIPHER_H
#define SHIM_CRYPTO_SKCIPHER_H

#include <linux/crypto.h>
#include <linux/scatterlist.h>

struct crypto_skcipher;

struct skcipher_request {
	struct crypto_skcipher	*tfm;
	struct scatterlist	*src;
	struct scatterlist	*dst;
	unsigned int		cryptlen;
	u8			*iv;
};

struct crypto_skcipher *crypto_alloc_skcipher(const char *name, u32 type, u32 mask);
void crypto_free_skcipher(struct crypto_skcipher *tfm);
int crypto_skcipher_setkey(struct crypto_skcipher *tfm, const u8 *key, unsigned int len);
unsigned int crypto_skcipher_blocksize(struct crypto_skcipher *tfm);
int crypto_skcipher_encrypt(struct skcipher_request *req);
int crypto_skcipher_decrypt(struct skcipher_request *req);
struct skcipher_request *skcipher_request_alloc(struct crypto_skcipher *tfm, gfp_t gfp);
void skcipher_request_free(struct skcipher_request *req);

#define skcipher_request_set_callback(req, flags, done, wait) ((void)(wait))

static inline void skcipher_request_set_crypt(struct skcipher_request *req,
					      struct scatterlist *src, struct scatterlist *dst,
					      unsigned int len, u8 *iv)
{
	req->src = src;
	req->dst = dst;
	req->cryptlen = len;
	req->iv = iv;
}

#endif /* SHIM_CRYPTO_SKCIPHER_H */
