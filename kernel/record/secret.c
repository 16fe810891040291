// SPDX-License-Identifier: GPL-2.0
/*
 * Traffic secrets of TLS 1.3. Everything asked of a secret is at most one hash long, so
 * HKDF-Expand (RFC 5869 section 2.3) is its first block: HMAC(secret, info | 1).
 *
 * The transform lives as long as a derivation: a key is changed after millions of records,
 * and no copy of a secret lies about between.
 */
#include "record/secret.h"

#include <crypto/hash.h>
#include <linux/err.h>
#include <linux/string.h>

#include "record/framing.h"
#include "record/key.h"
#include "record/suite.h"

/* length, the label with its prefix and its length, an empty context, the block's number */
#define INFO_MAX	(2 + 1 + 32 + 1 + 1)
#define LABEL_PREFIX	"tls13 "

static const struct {
	const char	*hmac;
	unsigned int	len;
} hashes[] = {
	[SHEATH_HASH_SHA256] = { "hmac(sha256)", 32 },
	[SHEATH_HASH_SHA384] = { "hmac(sha384)", 48 },
};

/**
 * sheath_secret_len() - how long a secret is
 * @hash: enum sheath_hash as given by user space
 *
 * Return: bytes, 0 for a hash that does not exist.
 */
unsigned int sheath_secret_len(u32 hash)
{
	return hash < ARRAY_SIZE(hashes) ? hashes[hash].len : 0;
}

/**
 * sheath_secret_hmac() - what derives from a secret
 * @hash: enum sheath_hash
 *
 * Return: name of the HMAC in the crypto API, NULL for a hash that does not exist.
 */
const char *sheath_secret_hmac(u32 hash)
{
	return hash < ARRAY_SIZE(hashes) ? hashes[hash].hmac : NULL;
}

static struct crypto_shash *hmac_alloc(const struct sheath_secret *secret)
{
	struct crypto_shash *hmac = crypto_alloc_shash(hashes[secret->hash].hmac, 0, 0);
	int rc;

	if (IS_ERR(hmac))
		return hmac;
	rc = crypto_shash_setkey(hmac, secret->data, hashes[secret->hash].len);
	if (!rc)
		return hmac;
	crypto_free_shash(hmac);
	return ERR_PTR(rc);
}

/* RFC 8446 section 7.1, with the empty context */
static int expand_label(struct crypto_shash *hmac, const char *label, u8 *out, unsigned int len)
{
	u8 info[INFO_MAX], block[SHEATH_SECRET_MAX];
	unsigned int n = 0, label_len = strlen(LABEL_PREFIX) + strlen(label);
	int rc;

	info[n++] = 0;
	info[n++] = len;
	info[n++] = label_len;
	memcpy(info + n, LABEL_PREFIX, strlen(LABEL_PREFIX));
	memcpy(info + n + strlen(LABEL_PREFIX), label, strlen(label));
	n += label_len;
	info[n++] = 0;
	info[n++] = 1;
	rc = crypto_shash_tfm_digest(hmac, info, n, block);
	if (!rc)
		memcpy(out, block, len);
	memzero_explicit(block, sizeof(block));
	return rc;
}

/**
 * sheath_secret_keys() - the key and the IV a secret stands for
 * @secret: secret
 * @suite: suite
 * @key: its key and iv are filled in; the caller wipes it
 *
 * RFC 8446 section 7.3.
 *
 * Context: process, may sleep and load modules.
 *
 * Return: 0, or a negative errno of the crypto API.
 */
int sheath_secret_keys(const struct sheath_secret *secret, const struct sheath_suite *suite,
		       struct sheath_key_params *key)
{
	struct crypto_shash *hmac = hmac_alloc(secret);
	int rc;

	if (IS_ERR(hmac))
		return PTR_ERR(hmac);
	key->key_len = suite->key_len;
	key->iv_len = SHEATH_NONCE_LEN;
	rc = expand_label(hmac, "key", key->key, key->key_len) ?:
	     expand_label(hmac, "iv", key->iv, key->iv_len);
	crypto_free_shash(hmac);
	return rc;
}

/**
 * sheath_secret_next() - the secret after a KeyUpdate
 * @secret: secret in use
 * @next: result; the caller wipes it
 *
 * RFC 8446 section 7.2.
 *
 * Context: process, may sleep and load modules.
 *
 * Return: 0, or a negative errno of the crypto API.
 */
int sheath_secret_next(const struct sheath_secret *secret, struct sheath_secret *next)
{
	struct crypto_shash *hmac = hmac_alloc(secret);
	int rc;

	if (IS_ERR(hmac))
		return PTR_ERR(hmac);
	next->hash = secret->hash;
	rc = expand_label(hmac, "traffic upd", next->data, hashes[secret->hash].len);
	crypto_free_shash(hmac);
	return rc;
}
