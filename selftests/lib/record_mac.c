// SPDX-License-Identifier: GPL-2.0
/* Records with cipher and MAC, in user space with OpenSSL; naive on purpose. */
#include "record.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#define SHA_MAX	48

static const EVP_CIPHER *evp(const struct st_key *k)
{
	switch (k->cipher) {
	case SHEATH_CIPHER_AES_128_CBC:
		return EVP_aes_128_cbc();
	case SHEATH_CIPHER_AES_256_CBC:
		return EVP_aes_256_cbc();
	case SHEATH_CIPHER_CAMELLIA_128_CBC:
		return EVP_camellia_128_cbc();
	case SHEATH_CIPHER_CAMELLIA_256_CBC:
		return EVP_camellia_256_cbc();
	case SHEATH_CIPHER_DES_EDE3_CBC:
		return EVP_des_ede3_cbc();
	default:
		return NULL;
	}
}

static size_t block(const struct st_key *k)
{
	return evp(k) ? EVP_CIPHER_block_size(evp(k)) : 0;
}

static size_t explicit_len(const struct st_key *k)
{
	return k->version <= SHEATH_TLS_1_0_VERSION ? 0 : block(k);
}

/* bytes of MAC in a record */
static size_t mac_len(const struct st_key *k)
{
	return k->truncated ? 10 : k->mac_len;
}

/* RFC 6101 section 5.2.3.1, with SHA-1 */
static void mac_ssl3(const struct st_key *k, const uint8_t *head, const uint8_t *p, size_t len,
		     uint8_t *out)
{
	uint8_t pad[40], a[11] = { [8] = head[0], len >> 8, len };
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	for (int i = 0; i < 8; i++)
		a[i] = k->seq >> (56 - 8 * i);
	memset(pad, 0x36, sizeof(pad));
	EVP_DigestInit(c, EVP_sha1());
	EVP_DigestUpdate(c, k->mac_key, 20);
	EVP_DigestUpdate(c, pad, sizeof(pad));
	EVP_DigestUpdate(c, a, sizeof(a));
	EVP_DigestUpdate(c, p, len);
	EVP_DigestFinal_ex(c, out, NULL);
	memset(pad, 0x5c, sizeof(pad));
	EVP_DigestInit(c, EVP_sha1());
	EVP_DigestUpdate(c, k->mac_key, 20);
	EVP_DigestUpdate(c, pad, sizeof(pad));
	EVP_DigestUpdate(c, out, 20);
	EVP_DigestFinal_ex(c, out, NULL);
	EVP_MD_CTX_free(c);
}

static void mac(const struct st_key *k, const uint8_t *head, const uint8_t *p, size_t len,
		uint8_t *out)
{
	static const EVP_MD *(*const md[])(void) = { NULL, EVP_sha1, EVP_sha256, EVP_sha384 };
	uint8_t a[13 + ST_RECORD_MAX];
	unsigned int n;

	if (k->version == SHEATH_SSL_3_0_VERSION) {
		mac_ssl3(k, head, p, len, out);
		return;
	}
	for (int i = 0; i < 8; i++)
		a[i] = k->seq >> (56 - 8 * i);
	memcpy(a + 8, head, 3);
	a[11] = len >> 8;
	a[12] = len;
	memcpy(a + 13, p, len);
	HMAC(md[k->mac](), k->mac_key, k->mac_len, a, 13 + len, out, &n);
}

static bool crypt(struct st_key *k, bool seal, const uint8_t *iv, uint8_t *p, size_t len)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t last[16];
	int out;
	bool ok;

	if (!seal)
		memcpy(last, p + len - block(k), block(k));
	ok = EVP_CipherInit_ex(c, evp(k), NULL, k->key, iv, seal) == 1 &&
	     EVP_CIPHER_CTX_set_padding(c, 0) == 1 &&
	     EVP_CipherUpdate(c, p, &out, p, len) == 1;
	EVP_CIPHER_CTX_free(c);
	if (k->version <= SHEATH_TLS_1_0_VERSION)
		memcpy(k->iv, seal ? p + len - block(k) : last, block(k));
	return ok;
}

static size_t pad(const struct st_key *k, const struct st_record *r, uint8_t *p, size_t len)
{
	size_t n = block(k) - len % block(k) + r->blocks * block(k);

	memset(p, k->version == SHEATH_SSL_3_0_VERSION ? 0xa5 : n - 1, n);
	p[n - 1] = n - 1;
	if (r->bad_pad)
		p[n - r->bad_pad] ^= 0x01;
	return n;
}

int st_mac_seal(struct st_key *k, const struct st_record *r, uint8_t *out)
{
	size_t ex = explicit_len(k), len = r->len;
	uint8_t *p = out + 5 + ex, iv[16];
	bool ok = true;

	out[0] = r->type;
	out[1] = k->version >> 8;
	out[2] = k->version;
	memcpy(iv, k->iv, sizeof(iv));
	if (ex) {
		RAND_bytes(iv, ex);
		memcpy(out + 5, iv, ex);
	}
	memcpy(p, r->data ? r->data : "", len);
	if (!k->etm) {
		mac(k, out, p, len, p + len);
		if (r->bad_mac)
			p[len + r->bad_mac - 1] ^= 0x80;
		len += mac_len(k);
	}
	if (evp(k)) {
		len += pad(k, r, p + len, len);
		ok = crypt(k, true, iv, p, len);
	}
	len += ex;
	if (k->etm) {
		mac(k, out, out + 5, len, out + 5 + len);
		if (r->bad_mac)
			out[5 + len + r->bad_mac - 1] ^= 0x80;
		len += mac_len(k);
	}
	out[0] = r->outer_type ? r->outer_type : r->type;
	out[1] = (r->version ? r->version : k->version) >> 8;
	out[2] = r->version ? r->version : k->version;
	out[3] = len >> 8;
	out[4] = len;
	k->seq++;
	if (r->flip)
		out[5 + r->flip - 1] ^= 0x10;
	return ok ? (int)(5 + len) : -1;
}

static int unpad(const struct st_key *k, const uint8_t *p, size_t len)
{
	size_t n = p[len - 1] + 1;

	if (n > len)
		return -1;
	if (k->version == SHEATH_SSL_3_0_VERSION)
		return n > block(k) ? -1 : (int)(len - n);
	for (size_t i = 1; i <= n; i++) {
		if (p[len - i] != n - 1)
			return -1;
	}
	return len - n;
}

int st_mac_open(struct st_key *k, const uint8_t *head, uint8_t *body, size_t len, uint8_t *out)
{
	size_t ex = explicit_len(k);
	uint8_t want[SHA_MAX], iv[16];
	long n = len;

	if (len < ex + mac_len(k))
		return -2;
	if (k->etm) {
		n -= mac_len(k);
		mac(k, head, body, n, want);
		if (memcmp(want, body + n, mac_len(k)))
			return -2;
	}
	memcpy(iv, ex ? body : k->iv, block(k));
	body += ex;
	n -= ex;
	if (evp(k)) {
		if (!n || n % block(k) || !crypt(k, false, iv, body, n))
			return -2;
		n = unpad(k, body, n);
	}
	if (!k->etm) {
		n -= mac_len(k);
		if (n < 0)
			return -2;
		mac(k, head, body, n, want);
		if (memcmp(want, body + n, mac_len(k)))
			return -2;
	}
	if (n < 0)
		return -2;
	k->seq++;
	memcpy(out, body, n);
	return n;
}
