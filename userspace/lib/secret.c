// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Traffic secrets of TLS 1.3 beside the keys that come from them.
 *
 * GnuTLS tells secrets by a callback and keys by another call. A secret goes to the kernel
 * only if it makes the very key and IV that GnuTLS uses; if not, the keys go alone, and the
 * kernel cannot change them by itself.
 */
#include "secret.h"

#include <string.h>
#include <gnutls/crypto.h>

#define LABEL_PREFIX	"tls13 "

/* HKDF-Expand-Label with an empty context: RFC 8446 section 7.1 */
static int expand_label(gnutls_mac_algorithm_t mac, const gnutls_datum_t *secret,
			const char *label, uint8_t *out, size_t len)
{
	size_t label_len = strlen(LABEL_PREFIX) + strlen(label);
	uint8_t info[32] = { 0, (uint8_t)len, (uint8_t)label_len };
	gnutls_datum_t datum = { info, (unsigned int)(3 + label_len + 1) };

	memcpy(info + 3, LABEL_PREFIX, strlen(LABEL_PREFIX));
	memcpy(info + 3 + strlen(LABEL_PREFIX), label, strlen(label));
	return gnutls_hkdf_expand(mac, secret, &datum, out, len);
}

static int makes_key(const struct sheath_key *key, gnutls_mac_algorithm_t mac,
		     const gnutls_datum_t *secret)
{
	uint8_t k[SHEATH_KEY_MAX], iv[SHEATH_IV_MAX];
	int same;

	same = !expand_label(mac, secret, "key", k, key->key_len) &&
	       !expand_label(mac, secret, "iv", iv, key->iv_len) &&
	       !memcmp(k, key->key, key->key_len) && !memcmp(iv, key->iv, key->iv_len);
	explicit_bzero(k, sizeof(k));
	explicit_bzero(iv, sizeof(iv));
	return same;
}

/**
 * sheath_secret_add() - put a secret beside its key
 * @key: key of TLS 1.3, with the IV; the secret is added unless it does not belong to it
 * @secret: application traffic secret
 * @len: bytes of it; 0 if there is none
 *
 * Return: 1 if it was added, 0 if not.
 */
int sheath_secret_add(struct sheath_key *key, const uint8_t *secret, size_t len)
{
	gnutls_mac_algorithm_t mac = len == 48 ? GNUTLS_MAC_SHA384 : GNUTLS_MAC_SHA256;
	gnutls_datum_t datum = { (unsigned char *)secret, (unsigned int)len };

	if (key->version != TLS_1_3_VERSION || (len != 32 && len != 48) ||
	    !makes_key(key, mac, &datum))
		return 0;
	key->hash = len == 48 ? SHEATH_HASH_SHA384 : SHEATH_HASH_SHA256;
	key->secret_len = (uint32_t)len;
	memcpy(key->secret, secret, len);
	return 1;
}
