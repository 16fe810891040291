/* SPDX-License-Identifier: GPL-2.0 */
/* The check of MAC-then-encrypt records as the module does it, on plain memory. */
#ifndef UNIT_CT_MODEL_H
#define UNIT_CT_MODEL_H

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <string.h>

#include "record/cbc_ct.h"

#define AAD_LEN		13
#define PLAIN_MAX	(16384 + SHEATH_CT_MAC_MAX + SHEATH_CT_PAD_MAX)

/* bytes of what SSL 3.0 pads a key of SHA-1 with, and of what it authenticates: RFC 6101 */
#define SSL3_PAD_LEN	40
#define SSL3_AAD_LEN	11

/**
 * struct ct_alg - a MAC
 * @name: for people
 * @hash: its hash
 * @md: the same as OpenSSL has it
 * @mac_len: bytes of it in a record
 * @block: not 0: MAC and padding of SSL 3.0, with a cipher of such blocks
 */
struct ct_alg {
	const char *name;
	const struct sheath_ct_hash *hash;
	const EVP_MD *(*md)(void);
	u32 mac_len;
	u32 block;
};

static const struct ct_alg ct_algs[] = {
	{ "SHA-1", &sheath_ct_sha1, EVP_sha1, 20 },
	{ "SHA-256", &sheath_ct_sha256, EVP_sha256, 32 },
	{ "SHA-384", &sheath_ct_sha384, EVP_sha384, 48 },
	{ "SHA-1 of 10 bytes", &sheath_ct_sha1, EVP_sha1, 10 },
	{ "SHA-384 of 10 bytes", &sheath_ct_sha384, EVP_sha384, 10 },
	{ "SSL 3.0, AES", &sheath_ct_sha1, EVP_sha1, 20, 16 },
	{ "SSL 3.0, 3DES", &sheath_ct_sha1, EVP_sha1, 20, 8 },
};

#define N_CT_ALGS	(sizeof(ct_algs) / sizeof(*ct_algs))

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

/* key and padding are hashed as whatever is behind them is; the version is not */
static void ct_begin_ssl3(struct sheath_ct *ct, const struct ct_alg *alg, const u8 *key,
			  const u8 *aad)
{
	ct->pad_block = alg->block;
	memcpy(ct->head, key, 20);
	memset(ct->head + 20, 0x36, SSL3_PAD_LEN);
	memcpy(ct->head + 20 + SSL3_PAD_LEN, aad, SSL3_AAD_LEN - 2);
	ct->n_head = 20 + SSL3_PAD_LEN + SSL3_AAD_LEN;
	ct->len_at = ct->n_head - 2;
	memcpy(ct->outer, key, 20);
	memset(ct->outer + 20, 0x5c, SSL3_PAD_LEN);
	ct->n_outer = 20 + SSL3_PAD_LEN;
	ct_initial(alg, ct->state);
	ct_initial(alg, ct->outer_state);
}

/* everything but the plaintext, which may be filled in later */
static void ct_model_begin(struct sheath_ct *ct, const struct ct_alg *alg, const u8 *key,
			   const u8 *aad, u32 len)
{
	memset(ct, 0, sizeof(*ct));
	ct->hash = alg->hash;
	ct->compress = ct_compress;
	ct->arg = (void *)alg;
	ct->mac_len = alg->mac_len;
	ct->len = len;
	if (alg->block) {
		ct_begin_ssl3(ct, alg, key, aad);
		return;
	}
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
	static u8 message[SHEATH_CT_HEAD_MAX + PLAIN_MAX];

	ct->n_tail = ct->len - skip;
	memcpy(ct->tail, plain + skip, ct->n_tail);
	sheath_ct_unpad(ct);
	memcpy(message, ct->head, ct->n_head);
	memcpy(message + ct->n_head, plain, skip);
	for (u32 i = 0; i < bulk; i += ct->hash->block)
		ct_compress(ct->arg, ct->state, message + i);
	return sheath_ct_verify(ct);
}

/* RFC 6101 section 5.2.3.1 */
static void ct_mac_ssl3(const u8 *key, const u8 *aad, const u8 *content, u32 len, u8 *out)
{
	u8 in[20 + SSL3_PAD_LEN + SSL3_AAD_LEN + PLAIN_MAX], *p = in + 20 + SSL3_PAD_LEN;

	memcpy(in, key, 20);
	memset(in + 20, 0x36, SSL3_PAD_LEN);
	memcpy(p, aad, SSL3_AAD_LEN - 2);
	p[SSL3_AAD_LEN - 2] = len >> 8;
	p[SSL3_AAD_LEN - 1] = len;
	memcpy(p + SSL3_AAD_LEN, content, len);
	SHA1(in, 20 + SSL3_PAD_LEN + SSL3_AAD_LEN + len, p);
	memset(in + 20, 0x5c, SSL3_PAD_LEN);
	SHA1(in, 20 + SSL3_PAD_LEN + 20, out);
}

/* the whole MAC, of which a record may have a part */
static void ct_mac(const struct ct_alg *alg, const u8 *key, const u8 *aad, const u8 *content,
		   u32 len, u8 *out)
{
	u8 in[AAD_LEN + PLAIN_MAX];
	unsigned int n;

	if (alg->block) {
		ct_mac_ssl3(key, aad, content, len, out);
		return;
	}
	memcpy(in, aad, AAD_LEN - 2);
	in[AAD_LEN - 2] = len >> 8;
	in[AAD_LEN - 1] = len;
	memcpy(in + AAD_LEN, content, len);
	HMAC(alg->md(), key, alg->hash->digest, in, AAD_LEN + len, out, &n);
}

/* content, MAC and padding of @pad bytes and its length; the length of it all */
static u32 ct_model_make(const struct ct_alg *alg, const u8 *key, const u8 *aad, u8 *plain,
			 u32 content, u32 pad)
{
	u8 mac[EVP_MAX_MD_SIZE];

	ct_mac(alg, key, aad, plain, content, mac);
	memcpy(plain + content, mac, alg->mac_len);
	memset(plain + content + alg->mac_len, pad, pad + 1);
	return content + alg->mac_len + pad + 1;
}

#endif /* UNIT_CT_MODEL_H */
