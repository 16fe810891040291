// SPDX-License-Identifier: GPL-2.0
/*
 * AEAD. GCM (NIST SP 800-38D) and CCM (RFC 3610) are written out here over any block cipher:
 * the judge of the tests is OpenSSL, whose modes have another author, and which lacks some.
 */
#include <stdlib.h>
#include <string.h>

#include <crypto/aead.h>

#include "cipher.h"
#include "shim.h"

struct crypto_aead {
	struct crypto_cipher	*block;		/* NULL: ChaCha20-Poly1305 */
	bool			ccm;
	unsigned int		tag_len;
	u8			key[32];
};

/* one record on its way: additional data, text, tag */
struct text {
	bool	seal;
	u8	*aad, *p, *iv;
	u32	aad_len, len;
	u8	tag[16];
};

struct crypto_aead *crypto_alloc_aead(const char *name, u32 type, u32 mask)
{
	bool chacha = !strcmp(name, "rfc7539(chacha20,poly1305)");
	bool ccm = !strncmp(name, "ccm(", 4);
	struct crypto_cipher *block = chacha ? NULL : shim_block_alloc(name, ccm ? "ccm(" : "gcm(");
	struct crypto_aead *tfm;
	int rc = chacha ? shim_alg(name) : 0;

	if (rc || IS_ERR(block))
		return ERR_PTR(rc ?: PTR_ERR(block));
	tfm = calloc(1, sizeof(*tfm));
	tfm->block = block;
	tfm->ccm = ccm;
	return tfm;
}

void crypto_free_aead(struct crypto_aead *tfm)
{
	if (tfm->block)
		crypto_free_cipher(tfm->block);
	free(tfm);
}

int crypto_aead_setkey(struct crypto_aead *tfm, const u8 *key, unsigned int len)
{
	if (tfm->block)
		return crypto_cipher_setkey(tfm->block, key, len);
	memcpy(tfm->key, key, sizeof(tfm->key));
	return shim_fails() || len != sizeof(tfm->key) ? -EINVAL : 0;
}

int crypto_aead_setauthsize(struct crypto_aead *tfm, unsigned int len)
{
	tfm->tag_len = len;
	return shim_fails() || len > 16 ? -EINVAL : 0;
}

struct aead_request *aead_request_alloc(struct crypto_aead *tfm, gfp_t gfp)
{
	struct aead_request *req = kzalloc(sizeof(*req), gfp);

	if (req)
		req->tfm = tfm;
	return req;
}

void aead_request_free(struct aead_request *req)
{
	kfree_sensitive(req);
}

static void xor(u8 *to, const u8 *from, u32 n)
{
	while (n--)
		*to++ ^= *from++;
}

/* the last @n bytes of a block as a number */
static void put_be(u8 *block, unsigned int n, u64 v)
{
	for (unsigned int i = 0; i < n; i++, v >>= 8)
		block[15 - i] = v;
}

/* text by the key stream that begins with number @ctr, in the last @n bytes of @first */
static void counter_mode(struct crypto_cipher *block, const u8 *first, unsigned int n, u32 ctr,
			 u8 *p, u32 len)
{
	u32 room = (len + 15) / 16 * 16;
	u8 *stream = malloc(room + 1);

	for (u32 i = 0; i < room; i += 16) {
		memcpy(stream + i, first, 16);
		put_be(stream + i, n, ctr++);
	}
	if (len)
		shim_blocks(block, stream, stream, room);
	xor(p, stream, len);
	free(stream);
}

static u64 get_be64(const u8 *p)
{
	u64 v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

/* @y = (@y + block) * @h in the field of GCM */
static void ghash_block(u64 y[2], const u64 h[2], const u8 *block)
{
	u64 z[2] = { 0, 0 }, v[2] = { h[0], h[1] };

	y[0] ^= get_be64(block);
	y[1] ^= get_be64(block + 8);
	for (int i = 0; i < 128; i++) {
		u64 take = 0 - (y[i / 64] >> (63 - i % 64) & 1), low = 0 - (v[1] & 1);

		z[0] ^= v[0] & take;
		z[1] ^= v[1] & take;
		v[1] = v[1] >> 1 | v[0] << 63;
		v[0] = v[0] >> 1 ^ (low & 0xe1ull << 56);
	}
	memcpy(y, z, sizeof(z));
}

static void ghash(u64 y[2], const u64 h[2], const u8 *p, u32 len)
{
	u8 block[16];

	for (; len; p += 16) {
		u32 part = len < 16 ? len : 16;

		memset(block, 0, 16);
		memcpy(block, p, part);
		ghash_block(y, h, block);
		len -= part;
	}
}

static void gcm_tag(struct crypto_cipher *block, struct text *t)
{
	u8 b[16] = { 0 };
	u64 y[2] = { 0, 0 }, h[2];

	shim_blocks(block, b, b, 16);
	h[0] = get_be64(b);
	h[1] = get_be64(b + 8);
	ghash(y, h, t->aad, t->aad_len);
	ghash(y, h, t->p, t->len);
	put_be(b, 8, t->len * 8ull);
	for (int i = 0; i < 8; i++)
		b[i] = t->aad_len * 8ull >> (56 - 8 * i);
	ghash_block(y, h, b);
	for (int i = 0; i < 16; i++)
		b[i] = y[i / 8] >> (56 - 8 * (i % 8));
	memcpy(t->tag, t->iv, 12);
	put_be(t->tag, 4, 1);
	shim_blocks(block, t->tag, t->tag, 16);
	xor(t->tag, b, 16);
}

static void gcm(struct crypto_cipher *block, struct text *t)
{
	u8 first[16] = { 0 };

	memcpy(first, t->iv, 12);
	if (!t->seal)
		gcm_tag(block, t);
	counter_mode(block, first, 4, 2, t->p, t->len);
	if (t->seal)
		gcm_tag(block, t);
}

/* CBC-MAC of bytes of which @skip bytes of a block went before */
static void cbc_mac(struct crypto_cipher *block, u8 *y, u32 skip, const u8 *p, u32 len)
{
	while (len) {
		u32 part = len < 16 - skip ? len : 16 - skip;

		xor(y + skip, p, part);
		shim_blocks(block, y, y, 16);
		p += part;
		len -= part;
		skip = 0;
	}
}

static void ccm_tag(struct crypto_cipher *block, unsigned int tag_len, struct text *t)
{
	u8 y[16] = { 0 };

	memcpy(y, t->iv, 13);
	y[0] |= 0x40 | (tag_len - 2) / 2 << 3;
	put_be(y, 3, t->len);
	shim_blocks(block, y, y, 16);
	y[0] ^= t->aad_len >> 8;
	y[1] ^= t->aad_len;
	cbc_mac(block, y, 2, t->aad, t->aad_len);
	cbc_mac(block, y, 0, t->p, t->len);
	memcpy(t->tag, y, 16);
}

static void ccm(struct crypto_cipher *block, unsigned int tag_len, struct text *t)
{
	u8 first[16] = { 0 };

	memcpy(first, t->iv, 13);
	if (t->seal)
		ccm_tag(block, tag_len, t);
	counter_mode(block, first, 3, 1, t->p, t->len);
	if (!t->seal)
		ccm_tag(block, tag_len, t);
	counter_mode(block, first, 3, 0, t->tag, 16);
}

/* OpenSSL tells whether a tag is right, not what it should be: seal what was opened */
static void chacha_poly(const u8 *key, struct text *t)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	u8 *sealed = malloc(t->len + 1), iv[16] = { 1 };
	int n;

	if (!t->seal) {
		memcpy(iv + 4, t->iv, 12);
		EVP_EncryptInit_ex(c, EVP_chacha20(), NULL, key, iv);
		EVP_EncryptUpdate(c, t->p, &n, t->p, t->len);
	}
	if (EVP_EncryptInit_ex(c, EVP_chacha20_poly1305(), NULL, key, t->iv) != 1 ||
	    EVP_EncryptUpdate(c, NULL, &n, t->aad, t->aad_len) != 1 ||
	    (t->len && EVP_EncryptUpdate(c, sealed, &n, t->p, t->len) != 1) ||
	    EVP_EncryptFinal_ex(c, sealed + t->len, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16, t->tag) != 1)
		abort();
	if (t->seal)
		memcpy(t->p, sealed, t->len);
	free(sealed);
	EVP_CIPHER_CTX_free(c);
}

/* as the kernel's: plaintext is written whether or not the tag is right */
static int crypt(struct aead_request *req, bool seal)
{
	struct crypto_aead *tfm = req->tfm;
	u32 tag_len = tfm->tag_len, tag_in = seal ? 0 : tag_len;
	struct text t = { .seal = seal, .aad_len = req->assoclen, .iv = req->iv };
	u8 got[16];
	int rc = 0;

	if (shim_fails())
		return -shim_errno;
	if (req->cryptlen < tag_in)
		return -EINVAL;
	t.len = req->cryptlen - tag_in;
	t.aad = malloc(t.aad_len + t.len + 1);
	t.p = t.aad + t.aad_len;
	shim_sg_copy(req->src, 0, t.aad, t.aad_len + t.len, false);
	shim_sg_copy(req->src, t.aad_len + t.len, got, tag_in, false);
	if (!tfm->block)
		chacha_poly(tfm->key, &t);
	else if (tfm->ccm)
		ccm(tfm->block, tag_len, &t);
	else
		gcm(tfm->block, &t);
	shim_sg_copy(req->dst, t.aad_len, t.p, t.len, true);
	if (seal)
		shim_sg_copy(req->dst, t.aad_len + t.len, t.tag, tag_len, true);
	else if (memcmp(got, t.tag, tag_len))
		rc = -EBADMSG;
	free(t.aad);
	return rc;
}

int crypto_aead_encrypt(struct aead_request *req)
{
	return crypt(req, true);
}

int crypto_aead_decrypt(struct aead_request *req)
{
	return crypt(req, false);
}
