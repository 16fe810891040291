// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The one place that knows which ciphers can be handed over. A line here is all it takes
 * to allow one more: priority strings, key extraction and key-set follow the table.
 */
#include "cipher.h"

#include <linux/tls.h>

static const struct sheath_cipher ciphers[] = {
	{ GNUTLS_CIPHER_AES_128_GCM,		TLS_CIPHER_AES_GCM_128,		16, 4 },
	{ GNUTLS_CIPHER_AES_256_GCM,		TLS_CIPHER_AES_GCM_256,		32, 4 },
	{ GNUTLS_CIPHER_AES_128_CCM,		TLS_CIPHER_AES_CCM_128,		16, 4 },
	{ GNUTLS_CIPHER_CHACHA20_POLY1305,	TLS_CIPHER_CHACHA20_POLY1305,	32, 12 },
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
