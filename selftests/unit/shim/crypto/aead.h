/* SPDX-License-Identifier: GPL-2.0 */
/* AEAD: GCM, CCM, ChaCha20-Poly1305. */
#ifndef SHIM_CRYPTO_AEAD_H
#define SHIM_CRYPTO_AEAD_H

#include <linux/crypto.h>
#include <linux/scatterlist.h>

struct crypto_aead;

struct aead_request {
	struct crypto_aead	*tfm;
	unsigned int		assoclen;
	struct scatterlist	*src;
	struct scatterlist	*dst;
	unsigned int		cryptlen;
	u8			*iv;
};

struct crypto_aead *crypto_alloc_aead(const char *name, u32 type, u32 mask);
void crypto_free_aead(struct crypto_aead *tfm);
int crypto_aead_setkey(struct crypto_aead *tfm, const u8 *key, unsigned int len);
int crypto_aead_setauthsize(struct crypto_aead *tfm, unsigned int len);
int crypto_aead_encrypt(struct aead_request *req);
int crypto_aead_decrypt(struct aead_request *req);
struct aead_request *aead_request_alloc(struct crypto_aead *tfm, gfp_t gfp);
void aead_request_free(struct aead_request *req);

#define aead_request_set_callback(req, flags, done, wait) ((void)(wait))

static inline void aead_request_set_ad(struct aead_request *req, unsigned int len)
{
	req->assoclen = len;
}

static inline void aead_request_set_crypt(struct aead_request *req, struct scatterlist *src,
					  struct scatterlist *dst, unsigned int len, u8 *iv)
{
	req->src = src;
	req->dst = dst;
	req->cryptlen = len;
	req->iv = iv;
}

#endif /* SHIM_CRYPTO_AEAD_H */
