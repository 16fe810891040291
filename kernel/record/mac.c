// SPDX-License-Identifier: GPL-2.0
/*
 * MAC of records: HMAC (RFC 5246 section 6.2.3.1), or what SSL 3.0 has (RFC 6101 section 5.2.3.1).
 *
 * The check of a MAC behind secret padding needs the compression function by itself: the
 * crypto API has none, but it lets a state be exported and imported, and a hash that is given
 * exactly one block compresses it. What is exported begins with the words of the state; that
 * this is so is found out when a key is set up.
 */
#include "record/mac.h"

#include <crypto/hash.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tls.h>

#include <linux/sheath.h>

#include "record/direction.h"
#include "record/key.h"

static const struct sheath_mac_alg algs[] = {
	{ .mac = SHEATH_MAC_SHA1, .hmac = "hmac(sha1)", .hash = "sha1", .len = 20,
	  .since = SHEATH_SSL_3_0_VERSION, .ct = &sheath_ct_sha1 },
	{ .mac = SHEATH_MAC_SHA256, .hmac = "hmac(sha256)", .hash = "sha256", .len = 32,
	  .since = TLS_1_2_VERSION, .ct = &sheath_ct_sha256 },
	{ .mac = SHEATH_MAC_SHA384, .hmac = "hmac(sha384)", .hash = "sha384", .len = 48,
	  .since = TLS_1_2_VERSION, .ct = &sheath_ct_sha384 },
};

/**
 * sheath_mac_find() - look a MAC up
 * @mac: enum sheath_mac
 *
 * Return: its row, or NULL.
 */
const struct sheath_mac_alg *sheath_mac_find(u32 mac)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(algs); i++) {
		if (algs[i].mac == mac)
			return &algs[i];
	}
	return NULL;
}

/* one block; synchronous hashes that are given whole blocks have no reason to fail */
static void compress(void *arg, u8 *state, const u8 *block)
{
	struct sheath_hmac *mac = arg;
	SHASH_DESC_ON_STACK(desc, mac->hash);
	int rc;

	desc->tfm = mac->hash;
	memcpy(mac->fresh, state, mac->alg->ct->state);
	rc = crypto_shash_import(desc, mac->fresh) ?:
	     crypto_shash_update(desc, block, mac->alg->ct->block) ?:
	     crypto_shash_export(desc, mac->fresh);
	memcpy(state, mac->fresh, mac->alg->ct->state);
	WARN_ON_ONCE(rc);
	shash_desc_zero(desc);
}

/* @state after whole blocks of the message, the first of which begin in @aad */
static int hash_bulk(struct sheath_hmac *mac, const u8 *aad, unsigned int n_aad,
		     const struct sheath_sgl *l, u32 len, u8 *state)
{
	SHASH_DESC_ON_STACK(desc, mac->hash);
	unsigned int i;
	int rc;

	desc->tfm = mac->hash;
	memcpy(mac->fresh, state, mac->alg->ct->state);
	rc = crypto_shash_import(desc, mac->fresh) ?: crypto_shash_update(desc, aad, n_aad);
	for (i = 1; i < l->n && len && !rc; i++) {
		u32 part = min(len, l->sg[i].length);

		rc = crypto_shash_update(desc, sg_virt((struct scatterlist *)&l->sg[i]), part);
		len -= part;
	}
	rc = rc ?: crypto_shash_export(desc, mac->fresh);
	memcpy(state, mac->fresh, mac->alg->ct->state);
	shash_desc_zero(desc);
	return rc;
}

/* an exported state with no part of a block in it; its words are replaced for each use */
static int make_fresh(struct sheath_hmac *mac)
{
	SHASH_DESC_ON_STACK(desc, mac->hash);
	u8 zero[SHEATH_CT_BLOCK_MAX] = { };
	int rc;

	desc->tfm = mac->hash;
	rc = crypto_shash_init(desc) ?:
	     crypto_shash_export(desc, mac->fresh);
	if (rc)
		return rc;
	/* the initial state, for whoever begins from it */
	memcpy(mac->inner, mac->fresh, mac->alg->ct->state);
	memcpy(mac->outer, mac->fresh, mac->alg->ct->state);
	rc = crypto_shash_update(desc, zero, mac->alg->ct->block) ?:
	     crypto_shash_export(desc, mac->fresh);
	shash_desc_zero(desc);
	return rc;
}

static void key_states(struct sheath_hmac *mac, const u8 *key)
{
	u8 block[SHEATH_CT_BLOCK_MAX];
	unsigned int i;

	memset(block, 0x36, sizeof(block));
	for (i = 0; i < mac->alg->len; i++)
		block[i] ^= key[i];
	compress(mac, mac->inner, block);
	for (i = 0; i < sizeof(block); i++)
		block[i] ^= 0x36 ^ 0x5c;
	compress(mac, mac->outer, block);
	memzero_explicit(block, sizeof(block));
}

static void ct_begin(struct sheath_hmac *mac, const u8 *aad, u32 len, u32 n_block)
{
	struct sheath_ct *ct = &mac->ct;
	u32 prefix = mac->ssl3 ? mac->alg->len + SHEATH_SSL3_PAD_LEN : 0;
	u32 n_aad = mac->ssl3 ? SHEATH_SSL3_AAD_LEN : SHEATH_AAD12_LEN;

	ct->hash = mac->alg->ct;
	ct->compress = compress;
	ct->arg = mac;
	ct->pad_block = mac->ssl3 ? n_block : 0;
	ct->mac_len = mac->len;
	ct->len = len;
	memcpy(ct->head, mac->prefix[0], prefix);
	memcpy(ct->head + prefix, aad, n_aad);
	ct->n_head = prefix + n_aad;
	ct->len_at = ct->n_head - 2;
	memcpy(ct->outer, mac->prefix[1], prefix);
	ct->n_outer = prefix;
	ct->inner_base = mac->ssl3 ? 0 : mac->alg->ct->block;
	ct->outer_base = ct->inner_base;
	memcpy(ct->state, mac->inner, sizeof(ct->state));
	memcpy(ct->outer_state, mac->outer, sizeof(ct->outer_state));
}

static int mac_begin(struct sheath_hmac *mac, struct shash_desc *desc)
{
	desc->tfm = mac->ssl3 ? mac->hash : mac->hmac;
	if (!mac->ssl3)
		return crypto_shash_init(desc);
	return crypto_shash_init(desc) ?:
	       crypto_shash_update(desc, mac->prefix[0], mac->alg->len + SHEATH_SSL3_PAD_LEN);
}

static int mac_end(struct sheath_hmac *mac, struct shash_desc *desc, u8 *digest)
{
	u8 whole[SHEATH_CT_MAC_MAX];
	int rc = crypto_shash_final(desc, whole);

	if (mac->ssl3)
		rc = rc ?: crypto_shash_init(desc) ?:
		     crypto_shash_update(desc, mac->prefix[1],
					 mac->alg->len + SHEATH_SSL3_PAD_LEN) ?:
		     crypto_shash_finup(desc, whole, mac->alg->len, whole);
	memcpy(digest, whole, mac->len);
	memzero_explicit(whole, sizeof(whole));
	return rc;
}

/* does this implementation export its state as assumed? The MAC itself is the judge */
static int try_out(struct sheath_hmac *mac)
{
	static const u8 aad[SHEATH_AAD12_LEN];
	SHASH_DESC_ON_STACK(desc, mac->ssl3 ? mac->hash : mac->hmac);
	struct sheath_ct *ct = &mac->ct;
	int rc;

	ct_begin(mac, aad, mac->len + 1, 1);
	rc = mac_begin(mac, desc) ?:
	     crypto_shash_update(desc, aad, mac->ssl3 ? SHEATH_SSL3_AAD_LEN : sizeof(aad)) ?:
	     mac_end(mac, desc, ct->tail);
	shash_desc_zero(desc);
	if (rc)
		return rc;
	ct->n_tail = ct->len;
	ct->tail[ct->len - 1] = 0;
	sheath_ct_unpad(ct);
	return sheath_ct_verify(ct) ? -ENOENT : 0;
}

static int alloc_hash(struct sheath_hmac *mac)
{
	int rc;

	mac->hash = crypto_alloc_shash(mac->alg->hash, 0, 0);
	if (IS_ERR(mac->hash)) {
		rc = PTR_ERR(mac->hash);
		mac->hash = NULL;
		return rc;
	}
	if (crypto_shash_statesize(mac->hash) < mac->alg->ct->state)
		return -ENOENT;
	mac->fresh = kzalloc(crypto_shash_statesize(mac->hash), GFP_KERNEL);
	return mac->fresh ? make_fresh(mac) : -ENOMEM;
}

static int alloc_hmac(struct sheath_hmac *mac, const u8 *key)
{
	int rc;

	mac->hmac = crypto_alloc_shash(mac->alg->hmac, 0, 0);
	if (IS_ERR(mac->hmac)) {
		rc = PTR_ERR(mac->hmac);
		mac->hmac = NULL;
		return rc;
	}
	return crypto_shash_setkey(mac->hmac, key, mac->alg->len);
}

static void set_prefixes(struct sheath_hmac *mac, const u8 *key)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		memcpy(mac->prefix[i], key, mac->alg->len);
		memset(mac->prefix[i] + mac->alg->len, i ? 0x5c : 0x36, SHEATH_SSL3_PAD_LEN);
	}
}

static int set_up(struct sheath_hmac *mac, const u8 *key, bool secret_padding)
{
	int rc = secret_padding || mac->ssl3 ? alloc_hash(mac) : 0;

	if (mac->ssl3)
		set_prefixes(mac, key);
	else
		rc = rc ?: alloc_hmac(mac, key);
	if (rc || !secret_padding)
		return rc;
	if (!mac->ssl3)
		key_states(mac, key);
	return try_out(mac);
}

/**
 * sheath_mac_alloc() - key a MAC
 * @alg: how
 * @key: key, @key->mac_key has @alg->len bytes
 * @ssl3: the version is SSL 3.0; SHA-1 only
 * @secret_padding: sheath_mac_verify_ct() is going to be called
 *
 * Context: process, may sleep and load modules.
 *
 * Return: MAC, or an error pointer: %-ENOENT if this kernel has no such hash.
 */
struct sheath_hmac *sheath_mac_alloc(const struct sheath_mac_alg *alg,
				     const struct sheath_key_params *key, bool ssl3,
				     bool secret_padding)
{
	struct sheath_hmac *mac = kzalloc(sizeof(*mac), GFP_KERNEL_ACCOUNT);
	int rc;

	if (!mac)
		return ERR_PTR(-ENOMEM);
	mac->alg = alg;
	mac->len = key->truncated ? SHEATH_TRUNCATED_LEN : alg->len;
	mac->ssl3 = ssl3;
	rc = set_up(mac, key->mac_key, secret_padding);
	if (!rc)
		return mac;
	sheath_mac_free(mac);
	return ERR_PTR(rc);
}

/**
 * sheath_mac_free() - forget the key
 * @mac: MAC or NULL
 *
 * Context: process.
 */
void sheath_mac_free(struct sheath_hmac *mac)
{
	if (!mac)
		return;
	if (mac->fresh)
		kfree_sensitive(mac->fresh);
	if (mac->hash)
		crypto_free_shash(mac->hash);
	if (mac->hmac)
		crypto_free_shash(mac->hmac);
	kfree_sensitive(mac);
}

/**
 * sheath_mac_list() - MAC of a list
 * @mac: MAC
 * @l: additional data, then what else is authenticated
 * @len: bytes of @l behind the additional data that are
 * @digest: result, @mac->len bytes
 *
 * Context: whoever owns the direction.
 *
 * Return: 0, or a negative errno of the crypto API.
 */
int sheath_mac_list(struct sheath_hmac *mac, const struct sheath_sgl *l, u32 len, u8 *digest)
{
	SHASH_DESC_ON_STACK(desc, mac->ssl3 ? mac->hash : mac->hmac);
	unsigned int i;
	int rc = mac_begin(mac, desc);

	for (i = 0; i < l->n && !rc; i++) {
		u32 part = i ? min(len, l->sg[i].length) : l->sg[i].length;

		rc = crypto_shash_update(desc, sg_virt((struct scatterlist *)&l->sg[i]), part);
		len -= i ? part : 0;
	}
	rc = rc ?: mac_end(mac, desc, digest);
	shash_desc_zero(desc);
	return rc;
}

/**
 * sheath_mac_verify_ct() - check padding and MAC of a decrypted MAC-then-encrypt record
 * @mac: MAC, allocated for this
 * @aad: as of RFC 5246 section 6.2.3.1 or RFC 6101 section 5.2.3.1; the length in it is filled in
 *	here
 * @l: additional data, then plaintext: content, MAC, padding, padding_length
 * @len: bytes of plaintext, more than the MAC has
 * @n_block: bytes of a block of the cipher
 *
 * Time, memory accesses and compressions depend on @len only; the latter are in
 * @mac->ct.n_compress.
 *
 * Context: whoever owns the direction.
 *
 * Return: bytes of content, %-EBADMSG, or a negative errno of the crypto API.
 */
long sheath_mac_verify_ct(struct sheath_hmac *mac, const u8 *aad, const struct sheath_sgl *l,
			  u32 len, u32 n_block)
{
	struct sheath_ct *ct = &mac->ct;
	u32 bulk, skip;
	long content;
	int rc = 0;

	ct_begin(mac, aad, len, n_block);
	bulk = sheath_ct_bulk(ct);
	skip = bulk ? bulk - ct->n_head : 0;
	ct->n_tail = len - skip;
	sheath_sgl_copy(l, skip, ct->tail, ct->n_tail);
	sheath_ct_unpad(ct);
	if (bulk)
		rc = hash_bulk(mac, ct->head, ct->n_head, l, skip, ct->state);
	content = rc ?: sheath_ct_verify(ct);
	if (!rc && content < 0)
		content = -EBADMSG;
	memzero_explicit(ct->tail, sizeof(ct->tail));
	memzero_explicit(ct->state, sizeof(ct->state));
	memzero_explicit(ct->outer_state, sizeof(ct->outer_state));
	memzero_explicit(ct->digest, sizeof(ct->digest));
	memzero_explicit(ct->head, sizeof(ct->head));
	memzero_explicit(ct->outer, sizeof(ct->outer));
	return content;
}

/**
 * sheath_mac_unpad() - check the padding of a record whose MAC, over ciphertext, is good
 * @mac: MAC
 * @l: additional data, then plaintext: content, padding, padding_length
 * @len: bytes of plaintext, at least one
 *
 * The peer itself made this padding, so how long it takes tells nobody anything.
 *
 * Context: whoever owns the direction.
 *
 * Return: bytes of content, or %-EBADMSG.
 */
long sheath_mac_unpad(struct sheath_hmac *mac, const struct sheath_sgl *l, u32 len)
{
	struct sheath_ct *ct = &mac->ct;

	ct->pad_block = 0;
	ct->mac_len = 0;
	ct->len_at = 0;
	ct->len = len;
	ct->n_tail = min_t(u32, len, SHEATH_CT_PAD_MAX);
	sheath_sgl_copy(l, len - ct->n_tail, ct->tail, ct->n_tail);
	sheath_ct_unpad(ct);
	memzero_explicit(ct->tail, sizeof(ct->tail));
	return ct->good ? (long)ct->content : -EBADMSG;
}
