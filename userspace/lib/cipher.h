/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ciphers that GnuTLS and the kernel module have in common. */
#ifndef SHEATH_CIPHER_H
#define SHEATH_CIPHER_H

#include <stdbool.h>
#include <stdint.h>
#include <gnutls/gnutls.h>

/**
 * struct sheath_cipher - how a cipher is handed over
 * @gnutls: number GnuTLS has for it
 * @kernel: TLS_CIPHER_* of <linux/tls.h> or SHEATH_CIPHER_* of <linux/sheath.h>
 * @key_len: bytes of the key
 * @iv12_len: bytes of the IV derived for TLS 1.2: the salt alone where each record carries
 *	eight bytes of nonce. In TLS 1.3 all have SHEATH_IV13_LEN.
 * @has_mac: no AEAD; a MAC goes with it
 * @block_len: bytes of a block of CBC, else 0
 */
struct sheath_cipher {
	gnutls_cipher_algorithm_t gnutls;
	uint32_t	kernel;
	uint8_t		key_len;
	uint8_t		iv12_len;
	bool		has_mac;
	uint8_t		block_len;
};

#define SHEATH_IV13_LEN	12

const struct sheath_cipher *sheath_cipher_find(gnutls_cipher_algorithm_t gnutls);
uint32_t sheath_cipher_mac(gnutls_mac_algorithm_t gnutls);

#endif /* SHEATH_CIPHER_H */
