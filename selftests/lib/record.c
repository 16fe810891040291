// SPDX-License-Identifier: GPL-2.0
/* Records made and read in user space with OpenSSL: an implementation that is not ours. */
#include "record.h"
#include "zip.h"

#include <openssl/evp.h>
#include <string.h>

static size_t tag_len(const struct st_key *k)
{
	return k->cipher == SHEATH_CIPHER_AES_128_CCM_8 || k->cipher == SHEATH_CIPHER_AES_256_CCM_8 ?
	       8 : 16;
}

static const EVP_CIPHER *evp(const struct st_key *k)
{
	switch (k->cipher) {
	case TLS_CIPHER_AES_GCM_128:
		return EVP_aes_128_gcm();
	case TLS_CIPHER_AES_GCM_256:
		return EVP_aes_256_gcm();
	case TLS_CIPHER_AES_CCM_128:
	case SHEATH_CIPHER_AES_128_CCM_8:
		return EVP_aes_128_ccm();
	case SHEATH_CIPHER_AES_256_CCM:
	case SHEATH_CIPHER_AES_256_CCM_8:
		return EVP_aes_256_ccm();
	case TLS_CIPHER_ARIA_GCM_128:
		return EVP_aria_128_gcm();
	case TLS_CIPHER_ARIA_GCM_256:
		return EVP_aria_256_gcm();
	default:
		return EVP_chacha20_poly1305();
	}
}

static bool is13(const struct st_key *k)
{
	return k->version == 0x0304;
}

/* bytes of nonce in the record: RFC 5288 and RFC 6655, not RFC 7905 nor TLS 1.3 */
static size_t explicit_len(const struct st_key *k)
{
	return !is13(k) && k->cipher != TLS_CIPHER_CHACHA20_POLY1305 ? 8 : 0;
}

static void put64(uint8_t *p, uint64_t v)
{
	for (int i = 7; i >= 0; i--, v >>= 8)
		p[i] = v;
}

static void nonce(const struct st_key *k, const uint8_t *explicit, uint8_t *n)
{
	memcpy(n, k->iv, 12);
	if (explicit_len(k)) {
		memcpy(n + 4, explicit, 8);
		return;
	}
	for (int i = 0; i < 8; i++)
		n[4 + i] ^= k->seq >> (56 - 8 * i);
}

static size_t aad(const struct st_key *k, const uint8_t *head, size_t plain, uint8_t *a)
{
	if (is13(k)) {
		memcpy(a, head, 5);
		return 5;
	}
	put64(a, k->seq);
	memcpy(a + 8, head, 3);
	a[11] = plain >> 8;
	a[12] = plain;
	return 13;
}

/* CCM wants the lengths before anything else, the others do not mind */
static bool run_aead(const struct st_key *k, bool seal, const uint8_t *n, const uint8_t *a,
		  size_t alen, uint8_t *data, size_t len, uint8_t *tag)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	bool ccm = EVP_CIPHER_mode(evp(k)) == EVP_CIPH_CCM_MODE, ok;
	uint8_t none[16];
	int out;

	ok = EVP_CipherInit_ex(c, evp(k), NULL, NULL, NULL, seal) == 1 &&
	     EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, 12, NULL) == 1;
	if (ok && (!seal || ccm))
		ok = EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, tag_len(k), seal ? NULL : tag) == 1;
	ok = ok && EVP_CipherInit_ex(c, NULL, NULL, k->key, n, seal) == 1;
	if (ok && ccm)
		ok = EVP_CipherUpdate(c, NULL, &out, NULL, len) == 1;
	ok = ok && EVP_CipherUpdate(c, NULL, &out, a, alen) == 1;
	if (ok && (len || ccm))
		ok = EVP_CipherUpdate(c, len ? data : none, &out, len ? data : none, len) == 1;
	if (ok && !ccm)
		ok = EVP_CipherFinal_ex(c, none, &out) == 1;
	if (ok && seal)
		ok = EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, tag_len(k), tag) == 1;
	EVP_CIPHER_CTX_free(c);
	return ok;
}

static int seal_compressed(struct st_key *k, const struct st_record *r, uint8_t *out)
{
	uint8_t fragment[ST_RECORD_MAX];
	struct st_record c = *r;
	int n = st_zip_deflate(k->zip, r->data, r->len, fragment, 16384 + 1024);

	if (n < 0)
		return -1;
	c.data = fragment;
	c.len = n;
	c.raw = true;
	return st_seal(k, &c, out);
}

int st_seal(struct st_key *k, const struct st_record *r, uint8_t *out)
{
	size_t tag = tag_len(k), ex = explicit_len(k), inner = r->len, alen;
	uint8_t n[12], a[13], *p = out + 5 + ex;

	if (k->zip && !r->raw)
		return seal_compressed(k, r, out);
	if (k->mac)
		return st_mac_seal(k, r, out);
	memcpy(p, r->data ? r->data : "", r->len);
	if (is13(k)) {
		if (!r->no_type)
			p[inner++] = r->type;
		memset(p + inner, 0, r->pad);
		inner += r->pad;
	}
	out[0] = r->outer_type ? r->outer_type : is13(k) ? 23 : r->type;
	out[1] = (r->version ? r->version : 0x0303) >> 8;
	out[2] = r->version ? r->version : 0x03;
	out[3] = (ex + inner + tag) >> 8;
	out[4] = ex + inner + tag;
	if (ex)
		put64(out + 5, k->seq ^ 0x5a5a5a5a5a5a5a5aull);
	nonce(k, out + 5, n);
	alen = aad(k, out, inner, a);
	if (!run_aead(k, true, n, a, alen, p, inner, p + inner))
		return -1;
	k->seq++;
	if (r->flip)
		out[5 + r->flip - 1] ^= 0x10;
	return 5 + ex + inner + tag;
}

int st_send_record(int fd, struct st_key *k, uint8_t type, const void *data, size_t len)
{
	struct st_record r = { .type = type, .data = data, .len = len };
	uint8_t out[ST_RECORD_MAX];
	int n = st_seal(k, &r, out);

	return n < 0 ? -1 : st_send_all(fd, out, n, 0);
}

static int recv_protected(int fd, struct st_key *k, uint8_t *type, uint8_t *out)
{
	uint8_t head[5], body[ST_RECORD_MAX], n[12], a[13];
	size_t tag = tag_len(k), ex = explicit_len(k), len, alen;

	if (st_recv_all(fd, head, sizeof(head)))
		return -1;
	len = head[3] << 8 | head[4];
	if (len > sizeof(body) || st_recv_all(fd, body, len))
		return -1;
	*type = head[0];
	if (k->mac)
		return st_mac_open(k, head, body, len, out);
	if (len < ex + tag)
		return -1;
	len -= ex + tag;
	nonce(k, body, n);
	alen = aad(k, head, len, a);
	if (!run_aead(k, false, n, a, alen, body + ex, len, body + ex + len))
		return -2;
	k->seq++;
	while (is13(k) && len && !(*type = body[--len]))
		;
	memcpy(out, body + ex, len);
	return len;
}

int st_recv_record(int fd, struct st_key *k, uint8_t *type, uint8_t *out)
{
	uint8_t fragment[ST_RECORD_MAX];
	int n;

	if (!k->zip)
		return recv_protected(fd, k, type, out);
	n = recv_protected(fd, k, type, fragment);
	if (n < 0)
		return n;
	n = st_zip_inflate(k->zip, fragment, n, out, 16384);
	return n < 0 ? -2 : n;
}
