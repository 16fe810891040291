// SPDX-License-Identifier: GPL-2.0
/* Traffic secrets of TLS 1.3, derived in user space with OpenSSL's HMAC. */
#include "secret.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

/* HKDF-Expand-Label with an empty context, at most one block */
static void expand(const struct st_secret *s, const char *label, uint8_t *out, unsigned int len)
{
	uint8_t info[64], block[EVP_MAX_MD_SIZE];
	size_t n = strlen(label) + 6;

	info[0] = 0;
	info[1] = len;
	info[2] = n;
	memcpy(info + 3, "tls13 ", 6);
	memcpy(info + 9, label, n - 6);
	info[3 + n] = 0;
	info[4 + n] = 1;
	if (!HMAC(s->hash == SHEATH_HASH_SHA384 ? EVP_sha384() : EVP_sha256(), s->data, s->len,
		  info, 5 + n, block, NULL))
		abort();
	memcpy(out, block, len);
}

struct st_secret st_secret(uint16_t cipher, unsigned int seed)
{
	struct st_secret s = {
		.hash = cipher == TLS_CIPHER_AES_GCM_256 ? SHEATH_HASH_SHA384 : SHEATH_HASH_SHA256,
		.len = cipher == TLS_CIPHER_AES_GCM_256 ? 48 : 32,
	};

	for (unsigned int i = 0; i < s.len; i++)
		s.data[i] = seed * 29 + i * 7 + 1;
	return s;
}

struct st_key st_secret_key(const struct st_secret *s, uint16_t cipher)
{
	struct st_key k = st_key(TLS_1_3_VERSION, cipher, 0, 0);

	expand(s, "key", k.key, k.key_len);
	expand(s, "iv", k.iv, k.iv_len);
	return k;
}

void st_secret_next(struct st_secret *s)
{
	struct st_secret next = *s;

	expand(s, "traffic upd", next.data, s->len);
	*s = next;
}

int st_set_secret(int fd, int dir, uint16_t cipher, const struct st_secret *s)
{
	struct sheath_key in = {
		.flags = dir == TLS_TX ? SHEATH_KEY_TX : SHEATH_KEY_RX,
		.version = TLS_1_3_VERSION, .cipher = cipher,
		.hash = s->hash, .secret_len = s->len,
	};

	memcpy(in.secret, s->data, s->len);
	return setsockopt(fd, SOL_TLS, SHEATH_KEY, &in, sizeof(in));
}
