// SPDX-License-Identifier: GPL-2.0
/* The tables of suites and versions; a new suite is one more row in suites[]. */
#include "record/suite.h"

#include <crypto/chacha.h>
#include <crypto/internal/cipher.h>
#include <linux/crypto.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/stddef.h>
#include <linux/tls.h>

#include <linux/sheath.h>

#include "record/compat.h"
#include "record/direction.h"
#include "record/framing.h"

#define AES_BLOCK	16

/* RFC 8446 section 5.5: 2^24.5 full-size records, or as many blocks in smaller ones */
#define GCM_SOFT	(1u << 23)
#define GCM_HARD	23726566u
/* RFC 8446 has none for CCM; RFC 9147 section 4.5.3 derives 2^23 for the same cipher */
#define CCM_SOFT	(1u << 22)
#define CCM_HARD	(1u << 23)
/* NIST SP 800-67 revision 2, section 3.4: blocks of three-key TDEA */
#define TDEA_SOFT	(1u << 19)
#define TDEA_HARD	(1u << 20)

/* NIST SP 800-38D section 7.1: counter block 1 masks the tag, the text starts at 2 */
static u8 keystream_gcm(struct sheath_dir *dir, u32 pos)
{
	u32 ctr = pos / AES_BLOCK + 2;
	u8 block[AES_BLOCK];
	u8 byte;

	memcpy(block, dir->nonce, SHEATH_NONCE_LEN);
	block[12] = ctr >> 24;
	block[13] = ctr >> 16 & 0xff;
	block[14] = ctr >> 8 & 0xff;
	block[15] = ctr & 0xff;
	crypto_cipher_encrypt_one(dir->block, block, block);
	byte = block[pos % AES_BLOCK];
	memzero_explicit(block, sizeof(block));
	return byte;
}

/* RFC 3610 section 2.3 with a 3-byte counter: block 0 masks the tag, the text starts at 1 */
static u8 keystream_ccm(struct sheath_dir *dir, u32 pos)
{
	u32 ctr = pos / AES_BLOCK + 1;
	u8 block[AES_BLOCK];
	u8 byte;

	memcpy(block, dir->nonce, 1 + SHEATH_NONCE_LEN);
	block[13] = ctr >> 16 & 0xff;
	block[14] = ctr >> 8 & 0xff;
	block[15] = ctr & 0xff;
	crypto_cipher_encrypt_one(dir->block, block, block);
	byte = block[pos % AES_BLOCK];
	memzero_explicit(block, sizeof(block));
	return byte;
}

/* RFC 8439 section 2.8: block 0 keys the authenticator, the text starts at 1 */
static u8 keystream_chacha20(struct sheath_dir *dir, u32 pos)
{
	struct chacha_state state;
	u8 block[CHACHA_BLOCK_SIZE];
	u8 iv[CHACHA_IV_SIZE] = { pos / CHACHA_BLOCK_SIZE + 1, (pos / CHACHA_BLOCK_SIZE + 1) >> 8 };
	u8 byte;

	memcpy(iv + 4, dir->nonce, SHEATH_NONCE_LEN);
	chacha_init(sheath_compat_chacha(&state), dir->stream_key, iv);
	chacha_block_generic(sheath_compat_chacha(&state), block, 20);
	byte = block[pos % CHACHA_BLOCK_SIZE];
	memzero_explicit(&state, sizeof(state));
	memzero_explicit(block, sizeof(block));
	return byte;
}

#define AEAD(since, until)						\
	.first = since, .last = until, .protect = &sheath_protect_aead

#define CBC								\
	.first = SHEATH_SSL_3_0_VERSION, .last = TLS_1_2_VERSION,		\
	.protect = &sheath_protect_mte, .protect_etm = &sheath_protect_etm

#define CRYPTO_INFO(type)						\
	.info_len = sizeof(struct type),				\
	.info_iv = offsetof(struct type, iv),				\
	.info_key = offsetof(struct type, key),				\
	.info_salt = offsetof(struct type, salt),			\
	.info_seq = offsetof(struct type, rec_seq)

static const struct sheath_suite suites[] = {
	{	/* RFC 5288, RFC 8446 */
		.cipher = TLS_CIPHER_AES_GCM_128, .alg = "gcm(aes)", .block_alg = "aes",
		AEAD(TLS_1_2_VERSION, TLS_1_3_VERSION), .hash = SHEATH_HASH_SHA256,
		.key_len = 16, .tag_len = 16, .salt_len = 4, .explicit_len = 8,
		.limit_soft = GCM_SOFT, .limit_hard = GCM_HARD,
		.keystream = keystream_gcm,
		CRYPTO_INFO(tls12_crypto_info_aes_gcm_128),
	},
	{
		.cipher = TLS_CIPHER_AES_GCM_256, .alg = "gcm(aes)", .block_alg = "aes",
		AEAD(TLS_1_2_VERSION, TLS_1_3_VERSION), .hash = SHEATH_HASH_SHA384,
		.key_len = 32, .tag_len = 16, .salt_len = 4, .explicit_len = 8,
		.limit_soft = GCM_SOFT, .limit_hard = GCM_HARD,
		.keystream = keystream_gcm,
		CRYPTO_INFO(tls12_crypto_info_aes_gcm_256),
	},
	{	/* RFC 6655, RFC 8446 */
		.cipher = TLS_CIPHER_AES_CCM_128, .alg = "ccm(aes)", .block_alg = "aes",
		AEAD(TLS_1_2_VERSION, TLS_1_3_VERSION), .hash = SHEATH_HASH_SHA256,
		.key_len = 16, .tag_len = 16, .salt_len = 4, .explicit_len = 8, .iv_prefix = 2,
		.limit_soft = CCM_SOFT, .limit_hard = CCM_HARD,
		.keystream = keystream_ccm,
		CRYPTO_INFO(tls12_crypto_info_aes_ccm_128),
	},
	{	/* RFC 7905, RFC 8446 */
		.cipher = TLS_CIPHER_CHACHA20_POLY1305, .alg = "rfc7539(chacha20,poly1305)",
		AEAD(TLS_1_2_VERSION, TLS_1_3_VERSION), .hash = SHEATH_HASH_SHA256,
		.key_len = 32, .tag_len = 16,
		.keystream = keystream_chacha20,
		CRYPTO_INFO(tls12_crypto_info_chacha20_poly1305),
	},
	{	/* RFC 8998; its limits are those of the same modes of AES */
		.cipher = TLS_CIPHER_SM4_GCM, .alg = "gcm(sm4)", .block_alg = "sm4",
		AEAD(TLS_1_2_VERSION, TLS_1_3_VERSION),
		.key_len = 16, .tag_len = 16, .salt_len = 4, .explicit_len = 8,
		.limit_soft = GCM_SOFT, .limit_hard = GCM_HARD,
		.keystream = keystream_gcm,
		CRYPTO_INFO(tls12_crypto_info_sm4_gcm),
	},
	{
		.cipher = TLS_CIPHER_SM4_CCM, .alg = "ccm(sm4)", .block_alg = "sm4",
		AEAD(TLS_1_2_VERSION, TLS_1_3_VERSION),
		.key_len = 16, .tag_len = 16, .salt_len = 4, .explicit_len = 8, .iv_prefix = 2,
		.limit_soft = CCM_SOFT, .limit_hard = CCM_HARD,
		.keystream = keystream_ccm,
		CRYPTO_INFO(tls12_crypto_info_sm4_ccm),
	},
	{	/* RFC 6209 */
		.cipher = TLS_CIPHER_ARIA_GCM_128, .alg = "gcm(aria)", .block_alg = "aria",
		AEAD(TLS_1_2_VERSION, TLS_1_3_VERSION),
		.key_len = 16, .tag_len = 16, .salt_len = 4, .explicit_len = 8,
		.limit_soft = GCM_SOFT, .limit_hard = GCM_HARD,
		.keystream = keystream_gcm,
		CRYPTO_INFO(tls12_crypto_info_aria_gcm_128),
	},
	{
		.cipher = TLS_CIPHER_ARIA_GCM_256, .alg = "gcm(aria)", .block_alg = "aria",
		AEAD(TLS_1_2_VERSION, TLS_1_3_VERSION),
		.key_len = 32, .tag_len = 16, .salt_len = 4, .explicit_len = 8,
		.limit_soft = GCM_SOFT, .limit_hard = GCM_HARD,
		.keystream = keystream_gcm,
		CRYPTO_INFO(tls12_crypto_info_aria_gcm_256),
	},
	{	/* RFC 6655, RFC 7251 */
		.cipher = SHEATH_CIPHER_AES_256_CCM, .alg = "ccm(aes)", .block_alg = "aes",
		AEAD(TLS_1_2_VERSION, TLS_1_2_VERSION),
		.key_len = 32, .tag_len = 16, .salt_len = 4, .explicit_len = 8, .iv_prefix = 2,
		.keystream = keystream_ccm,
	},
	{	/* RFC 6655, RFC 8446 */
		.cipher = SHEATH_CIPHER_AES_128_CCM_8, .alg = "ccm(aes)", .block_alg = "aes",
		AEAD(TLS_1_2_VERSION, TLS_1_3_VERSION), .hash = SHEATH_HASH_SHA256,
		.key_len = 16, .tag_len = 8, .salt_len = 4, .explicit_len = 8, .iv_prefix = 2,
		.limit_soft = CCM_SOFT, .limit_hard = CCM_HARD,
		.keystream = keystream_ccm,
	},
	{
		.cipher = SHEATH_CIPHER_AES_256_CCM_8, .alg = "ccm(aes)", .block_alg = "aes",
		AEAD(TLS_1_2_VERSION, TLS_1_2_VERSION),
		.key_len = 32, .tag_len = 8, .salt_len = 4, .explicit_len = 8, .iv_prefix = 2,
		.keystream = keystream_ccm,
	},
	{	/* RFC 6367 */
		.cipher = SHEATH_CIPHER_CAMELLIA_128_GCM, .alg = "gcm(camellia)",
		.block_alg = "camellia",
		AEAD(TLS_1_2_VERSION, TLS_1_2_VERSION),
		.key_len = 16, .tag_len = 16, .salt_len = 4, .explicit_len = 8,
		.keystream = keystream_gcm,
	},
	{
		.cipher = SHEATH_CIPHER_CAMELLIA_256_GCM, .alg = "gcm(camellia)",
		.block_alg = "camellia",
		AEAD(TLS_1_2_VERSION, TLS_1_2_VERSION),
		.key_len = 32, .tag_len = 16, .salt_len = 4, .explicit_len = 8,
		.keystream = keystream_gcm,
	},
	{	/* RFC 3268, RFC 5246 */
		.cipher = SHEATH_CIPHER_AES_128_CBC, .alg = "cbc(aes)",
		CBC, .key_len = 16, .block_len = 16,
	},
	{
		.cipher = SHEATH_CIPHER_AES_256_CBC, .alg = "cbc(aes)",
		CBC, .key_len = 32, .block_len = 16,
	},
	{	/* RFC 5932 */
		.cipher = SHEATH_CIPHER_CAMELLIA_128_CBC, .alg = "cbc(camellia)",
		CBC, .key_len = 16, .block_len = 16,
	},
	{
		.cipher = SHEATH_CIPHER_CAMELLIA_256_CBC, .alg = "cbc(camellia)",
		CBC, .key_len = 32, .block_len = 16,
	},
	{	/* RFC 5246; birthdays of 64-bit blocks come early */
		.cipher = SHEATH_CIPHER_DES_EDE3_CBC, .alg = "cbc(des3_ede)",
		CBC, .key_len = 24, .block_len = 8,
		.limit_soft = TDEA_SOFT, .limit_hard = TDEA_HARD, .limits_blocks = true,
	},
	{	/* RFC 5246: integrity only */
		.cipher = SHEATH_CIPHER_NULL,
		.first = SHEATH_SSL_3_0_VERSION, .last = TLS_1_2_VERSION,
		.protect = &sheath_protect_null,
	},
};

static unsigned int aad_tls12(struct sheath_dir *dir, const struct sheath_header *h)
{
	struct sheath_header plain = *h;

	plain.len -= dir->prepend - SHEATH_HEADER_LEN + dir->append;
	sheath_framing_aad12(dir->aad, dir->seq, &plain);
	return SHEATH_AAD12_LEN;
}

/* RFC 8446 section 5.2: the header as it is on the wire */
static unsigned int aad_tls13(struct sheath_dir *dir, const struct sheath_header *h)
{
	sheath_framing_put_header(dir->aad, h);
	return SHEATH_HEADER_LEN;
}

/* RFC 8449 section 4: a limit of 64, in TLS 1.3 with the content type */
static const struct sheath_version versions[] = {
	{ .version = SHEATH_SSL_3_0_VERSION, .wire_version = SHEATH_SSL_3_0_VERSION,
	  .chains_iv = true, .ssl3 = true, .has_compression = true, .payload_min = 64 },
	{ .version = SHEATH_TLS_1_0_VERSION, .wire_version = SHEATH_TLS_1_0_VERSION,
	  .chains_iv = true, .has_compression = true, .payload_min = 64 },
	{ .version = SHEATH_TLS_1_1_VERSION, .wire_version = SHEATH_TLS_1_1_VERSION,
	  .has_compression = true, .payload_min = 64 },
	{ .version = TLS_1_2_VERSION, .wire_version = TLS_1_2_VERSION, .has_explicit = true,
	  .has_compression = true, .payload_min = 64, .aad = aad_tls12 },
	/* RFC 8446 section 5.1: the header says what it said before */
	{ .version = TLS_1_3_VERSION, .wire_version = TLS_1_2_VERSION, .has_inner_type = true,
	  .has_key_update = true, .payload_min = 63, .aad = aad_tls13 },
};

/**
 * sheath_suite_find() - look a cipher up
 * @cipher: TLS_CIPHER_* or SHEATH_CIPHER_*
 *
 * Return: its row, or NULL.
 */
const struct sheath_suite *sheath_suite_find(u32 cipher)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(suites); i++) {
		if (suites[i].cipher == cipher)
			return &suites[i];
	}
	return NULL;
}

/**
 * sheath_version_find() - look a protocol version up
 * @version: ProtocolVersion
 *
 * Return: its row, or NULL.
 */
const struct sheath_version *sheath_version_find(u32 version)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		if (versions[i].version == version)
			return &versions[i];
	}
	return NULL;
}

/**
 * sheath_suite_nth() - walk the table
 * @i: 0 and up
 *
 * Return: a TLS_CIPHER_*, or 0 behind the last.
 */
u16 sheath_suite_nth(unsigned int i)
{
	return i < ARRAY_SIZE(suites) ? suites[i].cipher : 0;
}

SHEATH_COMPAT_IMPORT_NS(CRYPTO_INTERNAL);
