// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is a traffic secret handed over with the key it makes, and with no other?
 */
#include <string.h>

#include "secret.h"
#include "tap.h"

/* RFC 8448 section 3: server_application_traffic_secret_0 and what derives from it */
static const uint8_t secret[32] = {
	0xa1, 0x1a, 0xf9, 0xf0, 0x55, 0x31, 0xf8, 0x56, 0xad, 0x47, 0x11, 0x6b, 0x45, 0xa9, 0x50,
	0x32, 0x82, 0x04, 0xb4, 0xf4, 0x4b, 0xfb, 0x6b, 0x3a, 0x4b, 0x4f, 0x1f, 0x3f, 0xcb, 0x63,
	0x16, 0x43,
};

static struct sheath_key example(void)
{
	return (struct sheath_key){
		.flags = SHEATH_KEY_RX, .version = TLS_1_3_VERSION,
		.cipher = TLS_CIPHER_AES_GCM_128, .key_len = 16, .iv_len = 12,
		.key = {
			0x9f, 0x02, 0x28, 0x3b, 0x6c, 0x9c, 0x07, 0xef, 0xc2, 0x6b, 0xb9, 0xf2,
			0xac, 0x92, 0xe3, 0x56,
		},
		.iv = {
			0xcf, 0x78, 0x2b, 0x88, 0xdd, 0x83, 0x54, 0x9a, 0xad, 0xf1, 0xe9, 0x84,
		},
	};
}

/* Refused, and nothing of the secret is left in the key? */
static bool refused(struct sheath_key key, const uint8_t *s, size_t len)
{
	static const uint8_t none[SHEATH_SECRET_MAX];

	return !sheath_secret_add(&key, s, len) && !key.secret_len && !key.hash &&
	       !memcmp(key.secret, none, sizeof(none));
}

int main(void)
{
	struct sheath_key key = example();
	uint8_t other[48] = { 0 };

	tap(sheath_secret_add(&key, secret, sizeof(secret)) && key.hash == SHEATH_HASH_SHA256 &&
	    key.secret_len == sizeof(secret) && !memcmp(key.secret, secret, sizeof(secret)),
	    "the secret of RFC 8448");
	for (size_t i = 0; i < 2; i++) {
		memcpy(other, secret, sizeof(secret));
		other[31 * i] ^= 1;
		tap(refused(example(), other, sizeof(secret)), "another secret: byte %zu", 31 * i);
	}
	key = example();
	key.key[15] ^= 0x80;
	tap(refused(key, secret, sizeof(secret)), "another key");
	key = example();
	key.iv[0] ^= 1;
	tap(refused(key, secret, sizeof(secret)), "another IV");
	key = example();
	key.version = TLS_1_2_VERSION;
	tap(refused(key, secret, sizeof(secret)), "TLS 1.2");
	memcpy(other, secret, sizeof(secret));
	tap(refused(example(), other, 48), "another hash");
	tap(refused(example(), secret, 31) && refused(example(), secret, 0), "a length of no hash");
	return tap_end();
}
