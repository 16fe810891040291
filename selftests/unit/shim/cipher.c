// SPDX-License-Identifier: GPL-2.0
/* Block ciphers by OpenSSL; alone and in CBC; ChaCha20; which algorithms there are. */
#include <stdlib.h>
#include <string.h>

#include <crypto/chacha.h>
#include <crypto/skcipher.h>

#include "cipher.h"
#include "shim.h"

const char *shim_alg_missing, *shim_alg_away;

static const struct block_alg {
	const char *name;
	const EVP_CIPHER *(*ecb[2])(void);
	const EVP_CIPHER *(*cbc[2])(void);
} blocks[] = {
	{ "aes", { EVP_aes_128_ecb, EVP_aes_256_ecb }, { EVP_aes_128_cbc, EVP_aes_256_cbc } },
	{ "camellia", { EVP_camellia_128_ecb, EVP_camellia_256_ecb },
	  { EVP_camellia_128_cbc, EVP_camellia_256_cbc } },
	{ "aria", { EVP_aria_128_ecb, EVP_aria_256_ecb } },
	{ "sm4", { EVP_sm4_ecb } },
	{ "des3_ede", { }, { EVP_des_ede3_cbc } },
};

struct crypto_cipher {
	const struct block_alg	*alg;
	EVP_CIPHER_CTX		*ctx;
};

struct crypto_skcipher {
	const struct block_alg	*alg;
	const EVP_CIPHER	*evp;
	u8			key[32];
};

bool crypto_has_alg(const char *name, u32 type, u32 mask)
{
	return !shim_alg_away || strcmp(name, shim_alg_away);
}

int shim_alg(const char *name)
{
	if (shim_fails())
		return -ENOMEM;
	if (shim_alg_missing && !strcmp(name, shim_alg_missing))
		return -ENOENT;
	if (shim_alg_away && !strcmp(name, shim_alg_away))
		shim_alg_away = NULL;
	return 0;
}

/* the cipher of MODE(CIPHER), or of CIPHER */
static const struct block_alg *find(const char *name, const char *mode)
{
	size_t n = strlen(mode), i, len;

	if (strncmp(name, mode, n))
		return NULL;
	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		len = strlen(blocks[i].name);
		if (!strncmp(name + n, blocks[i].name, len) && (!name[n + len] || name[n + len] == ')'))
			return &blocks[i];
	}
	return NULL;
}

struct crypto_cipher *shim_block_alloc(const char *name, const char *mode)
{
	const struct block_alg *alg = find(name, mode);
	struct crypto_cipher *tfm;
	int rc = shim_alg(name);

	if (rc || !alg)
		return ERR_PTR(rc ?: -ENOENT);
	tfm = calloc(1, sizeof(*tfm));
	tfm->alg = alg;
	tfm->ctx = EVP_CIPHER_CTX_new();
	return tfm;
}

struct crypto_cipher *crypto_alloc_cipher(const char *name, u32 type, u32 mask)
{
	return shim_block_alloc(name, "");
}

void crypto_free_cipher(struct crypto_cipher *tfm)
{
	EVP_CIPHER_CTX_free(tfm->ctx);
	free(tfm);
}

int crypto_cipher_setkey(struct crypto_cipher *tfm, const u8 *key, unsigned int len)
{
	if (shim_fails() || (len != 16 && len != 32) || !tfm->alg->ecb[len / 32])
		return -EINVAL;
	return EVP_EncryptInit_ex(tfm->ctx, tfm->alg->ecb[len / 32](), NULL, key, NULL) == 1 &&
	       EVP_CIPHER_CTX_set_padding(tfm->ctx, 0) == 1 ? 0 : -EINVAL;
}

void shim_blocks(struct crypto_cipher *tfm, u8 *dst, const u8 *src, int len)
{
	int n;

	if (EVP_EncryptUpdate(tfm->ctx, dst, &n, src, len) != 1 || n != len)
		abort();
}

void crypto_cipher_encrypt_one(struct crypto_cipher *tfm, u8 *dst, const u8 *src)
{
	shim_blocks(tfm, dst, src, 16);
}

struct crypto_skcipher *crypto_alloc_skcipher(const char *name, u32 type, u32 mask)
{
	const struct block_alg *alg = find(name, "cbc(");
	struct crypto_skcipher *tfm;
	int rc = shim_alg(name);

	if (rc || !alg)
		return ERR_PTR(rc ?: -ENOENT);
	tfm = calloc(1, sizeof(*tfm));
	tfm->alg = alg;
	return tfm;
}

void crypto_free_skcipher(struct crypto_skcipher *tfm)
{
	free(tfm);
}

int crypto_skcipher_setkey(struct crypto_skcipher *tfm, const u8 *key, unsigned int len)
{
	if (shim_fails() || !tfm->alg->cbc[len / 32])
		return -EINVAL;
	tfm->evp = tfm->alg->cbc[len / 32]();
	memcpy(tfm->key, key, len);
	return EVP_CIPHER_key_length(tfm->evp) == (int)len ? 0 : -EINVAL;
}

unsigned int crypto_skcipher_blocksize(struct crypto_skcipher *tfm)
{
	return EVP_CIPHER_block_size(tfm->evp);
}

/* the last block of ciphertext is the next IV */
static int cbc(struct skcipher_request *req, bool seal)
{
	const EVP_CIPHER *evp = req->tfm->evp;
	int len = req->cryptlen, n_block = EVP_CIPHER_block_size(evp), n;
	EVP_CIPHER_CTX *ctx;
	u8 *from, *to;

	if (shim_fails())
		return -shim_errno;
	if (len % n_block)
		return -EINVAL;
	ctx = EVP_CIPHER_CTX_new();
	from = malloc(len + 1);
	to = malloc(len + n_block);
	shim_sg_copy(req->src, 0, from, len, false);
	if (EVP_CipherInit_ex(ctx, evp, NULL, req->tfm->key, req->iv, seal) != 1 ||
	    EVP_CIPHER_CTX_set_padding(ctx, 0) != 1 ||
	    EVP_CipherUpdate(ctx, to, &n, from, len) != 1 || n != len)
		abort();
	if (len)
		memcpy(req->iv, (seal ? to : from) + len - n_block, n_block);
	shim_sg_copy(req->dst, 0, to, len, true);
	EVP_CIPHER_CTX_free(ctx);
	free(from);
	free(to);
	return 0;
}

int crypto_skcipher_encrypt(struct skcipher_request *req)
{
	return cbc(req, true);
}

int crypto_skcipher_decrypt(struct skcipher_request *req)
{
	return cbc(req, false);
}

struct skcipher_request *skcipher_request_alloc(struct crypto_skcipher *tfm, gfp_t gfp)
{
	struct skcipher_request *req = kzalloc(sizeof(*req), gfp);

	if (req)
		req->tfm = tfm;
	return req;
}

void skcipher_request_free(struct skcipher_request *req)
{
	kfree_sensitive(req);
}

/* RFC 8439 section 2.3: constants, key, counter and nonce */
void chacha_init(u32 *state, const u32 *key, const u8 *iv)
{
	memcpy(state, "expand 32-byte k", 16);
	memcpy(state + 4, key, 32);
	memcpy(state + 12, iv, 16);
}

void chacha_block_generic(u32 *state, u8 *out, int rounds)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	memset(out, 0, CHACHA_BLOCK_SIZE);
	if (EVP_EncryptInit_ex(ctx, EVP_chacha20(), NULL, (u8 *)(state + 4),
			       (u8 *)(state + 12)) != 1 ||
	    EVP_EncryptUpdate(ctx, out, &n, out, CHACHA_BLOCK_SIZE) != 1)
		abort();
	EVP_CIPHER_CTX_free(ctx);
	state[12]++;
}
