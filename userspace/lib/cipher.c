// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The one place that knows which ciphers can be handed over. A line here is all it takes
 * to allow one more: priority strings, key extraction and key-set follow the table.
 */
#include "cipher.h"

#include <linux/sheath.h>

#define AEAD(g, k, len, iv)							\
	{ .gnutls = GNUTLS_CIPHER_##g, .kernel = k, .key_len = len, .iv12_len = iv }
#define MAC(g, k, len, block)							\
	{ .gnutls = GNUTLS_CIPHER_##g, .kernel = k, .key_len = len, .has_mac = true,	\
	  .block_len = block }

static const struct sheath_cipher ciphers[] = {
	AEAD(AES_128_GCM,		TLS_CIPHER_AES_GCM_128,		16, 4),
	AEAD(AES_256_GCM,		TLS_CIPHER_AES_GCM_256,		32, 4),
	AEAD(AES_128_CCM,		TLS_CIPHER_AES_CCM_128,		16, 4),
	AEAD(CHACHA20_POLY1305,	TLS_CIPHER_CHACHA20_POLY1305,	32, 12),
	AEAD(AES_256_CCM,		SHEATH_CIPHER_AES_256_CCM,	32, 4),
	AEAD(AES_128_CCM_8,		SHEATH_CIPHER_AES_128_CCM_8,	16, 4),
	AEAD(AES_256_CCM_8,		SHEATH_CIPHER_AES_256_CCM_8,	32, 4),
	AEAD(CAMELLIA_128_GCM,	SHEATH_CIPHER_CAMELLIA_128_GCM,	16, 4),
	AEAD(CAMELLIA_256_GCM,	SHEATH_CIPHER_CAMELLIA_256_GCM,	32, 4),
	MAC(AES_128_CBC,		SHEATH_CIPHER_AES_128_CBC,	16, 16),
	MAC(AES_256_CBC,		SHEATH_CIPHER_AES_256_CBC,	32, 16),
	MAC(CAMELLIA_128_CBC,	SHEATH_CIPHER_CAMELLIA_128_CBC,	16, 16),
	MAC(CAMELLIA_256_CBC,	SHEATH_CIPHER_CAMELLIA_256_CBC,	32, 16),
	MAC(3DES_CBC,		SHEATH_CIPHER_DES_EDE3_CBC,	24, 8),
	MAC(NULL,			SHEATH_CIPHER_NULL,		0, 0),
};

static const struct {
	gnutls_mac_algorithm_t gnutls;
	uint32_t kernel;
} macs[] = {
	{ GNUTLS_MAC_SHA1,	SHEATH_MAC_SHA1 },
	{ GNUTLS_MAC_SHA256,	SHEATH_MAC_SHA256 },
	{ GNUTLS_MAC_SHA384,	SHEATH_MAC_SHA384 },
};

/**
 * sheath_cipher_find() - look a cipher up
 * @gnutls: number GnuTLS has for it
 *
 * Return: its line of the table, NULL if the module does not speak it.
 */
const struct sheath_cipher *sheath_cipher_find(gnutls_cipher_algorithm_t gnutls)
{
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++)
		if (ciphers[i].gnutls == gnutls)
			return &ciphers[i];
	return NULL;
}

/**
 * sheath_cipher_mac() - look a MAC up
 * @gnutls: number GnuTLS has for it
 *
 * Return: enum sheath_mac, 0 if the module does not speak it.
 */
uint32_t sheath_cipher_mac(gnutls_mac_algorithm_t gnutls)
{
	for (size_t i = 0; i < sizeof(macs) / sizeof(macs[0]); i++)
		if (macs[i].gnutls == gnutls)
			return macs[i].kernel;
	return 0;
}
