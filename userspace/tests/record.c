// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Records by OpenSSL's ciphers, from the keys that would be pushed: RFC 5246 and RFC 5288
 * for TLS 1.2, RFC 8446 for TLS 1.3, written down once more on their own, so that an error
 * of the library does not meet its like.
 */
#include "record.h"
#include "../../selftests/lib/record.h"

#include <string.h>
#include <unistd.h>
#include <openssl/evp.h>

#include "tap.h"

#define TAG	16

static const EVP_CIPHER *cipher_of(const struct sheath_key *key)
{
	switch (key->cipher) {
	case TLS_CIPHER_AES_GCM_128:
		return EVP_aes_128_gcm();
	case TLS_CIPHER_AES_GCM_256:
		return EVP_aes_256_gcm();
	case TLS_CIPHER_AES_CCM_128:
		return EVP_aes_128_ccm();
	case TLS_CIPHER_CHACHA20_POLY1305:
		return EVP_chacha20_poly1305();
	}
	tap_bail("cipher %u", key->cipher);
}

static void put64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = v >> (56 - 8 * i);
}

/* GCM and CCM of TLS 1.2 carry eight bytes of the nonce in the record. */
static bool has_explicit(const struct sheath_key *key)
{
	return key->version == TLS_1_2_VERSION && key->cipher != TLS_CIPHER_CHACHA20_POLY1305;
}

static void nonce_of(const struct sheath_key *key, const uint8_t *explicit, uint8_t nonce[12])
{
	uint8_t seq[8];

	if (has_explicit(key)) {
		memcpy(nonce, key->iv, 4);
		memcpy(nonce + 4, explicit, 8);
		return;
	}
	memcpy(nonce, key->iv, 12);
	put64(seq, key->rec_seq);
	for (int i = 0; i < 8; i++)
		nonce[4 + i] ^= seq[i];
}

/* TLS 1.2: sequence number, type, version, length of the plaintext. 1.3: the header. */
static size_t aad_of(const struct sheath_key *key, const uint8_t *header, size_t plain_len,
		     uint8_t *aad)
{
	if (key->version == TLS_1_3_VERSION) {
		memcpy(aad, header, 5);
		return 5;
	}
	put64(aad, key->rec_seq);
	memcpy(aad + 8, header, 3);
	aad[11] = plain_len >> 8;
	aad[12] = plain_len;
	return 13;
}

/* One AEAD operation; the tag is at @tag. Returns false if it does not verify. */
static bool aead(const struct sheath_key *key, bool seal, const uint8_t *nonce,
		 const uint8_t *aad, size_t aad_len, const uint8_t *in, size_t len, uint8_t *out,
		 uint8_t *tag)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	bool ccm = key->cipher == TLS_CIPHER_AES_CCM_128;
	int n, good;

	good = EVP_CipherInit_ex(ctx, cipher_of(key), NULL, NULL, NULL, seal) &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, 12, NULL);
	if (good && (ccm || !seal))
		good = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, seal ? NULL : tag);
	good = good && EVP_CipherInit_ex(ctx, NULL, NULL, key->key, nonce, seal);
	if (good && ccm)
		good = EVP_CipherUpdate(ctx, NULL, &n, NULL, len);
	good = good && EVP_CipherUpdate(ctx, NULL, &n, aad, aad_len) &&
	       EVP_CipherUpdate(ctx, out, &n, in, len);
	/* CCM has said all with its only update. */
	if (good && (!ccm || seal))
		good = EVP_CipherFinal_ex(ctx, out + len, &n);
	if (good && seal)
		good = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, tag);
	EVP_CIPHER_CTX_free(ctx);
	return good;
}

/**
 * record_read() - read one record
 * @fd: blocking socket
 * @record: RECORD_LEN_MAX bytes
 *
 * Return: its bytes with the header, -1 at the end.
 */
ssize_t record_read(int fd, uint8_t *record)
{
	size_t have = 0, want = 5;
	ssize_t n;

	while (have < want) {
		n = read(fd, record + have, want - have);
		if (n <= 0)
			return -1;
		have += n;
		if (have == 5)
			want += record[3] << 8 | record[4];
	}
	return have;
}

static struct st_key mac_key(const struct sheath_key *key)
{
	struct st_key k = {
		.version = key->version, .cipher = key->cipher, .key_len = key->key_len,
		.iv_len = key->iv_len, .seq = key->rec_seq, .mac = key->mac,
		.etm = key->flags & SHEATH_KEY_ENCRYPT_THEN_MAC, .mac_len = key->mac_key_len,
	};

	memcpy(k.key, key->key, sizeof(k.key));
	memcpy(k.iv, key->iv, sizeof(k.iv));
	memcpy(k.mac_key, key->mac_key, sizeof(k.mac_key));
	return k;
}

/* the next record has another number, and in TLS 1.0 another IV */
static void go_on(struct sheath_key *key, const struct st_key *k)
{
	key->rec_seq = k->seq;
	memcpy(key->iv, k->iv, sizeof(key->iv));
}

static ssize_t mac_open(struct sheath_key *key, const uint8_t *record, size_t len, uint8_t *plain,
			uint8_t *type)
{
	struct st_key k = mac_key(key);
	uint8_t body[RECORD_LEN_MAX];
	int n;

	memcpy(body, record + 5, len - 5);
	n = st_mac_open(&k, record, body, len - 5, plain);
	go_on(key, &k);
	*type = record[0];
	return n < 0 ? -1 : n;
}

static size_t mac_seal(struct sheath_key *key, uint8_t type, const void *plain, size_t len,
		       uint8_t *record)
{
	struct st_record r = { .type = type, .data = plain, .len = len };
	struct st_key k = mac_key(key);
	int n = st_mac_seal(&k, &r, record);

	if (n < 0)
		tap_bail("cannot seal a record");
	go_on(key, &k);
	return n;
}

/**
 * record_open() - decrypt a record
 * @key: key of the direction; the sequence number is counted up
 * @record: record with its header
 * @len: its bytes
 * @plain: set to the payload, RECORD_LEN_MAX bytes
 * @type: set to the content type
 *
 * Return: bytes of the payload, -1 if it does not verify.
 */
ssize_t record_open(struct sheath_key *key, const uint8_t *record, size_t len, uint8_t *plain,
		    uint8_t *type)
{
	size_t explicit = has_explicit(key) ? 8 : 0, plain_len, aad_len;
	const uint8_t *body = record + 5 + explicit;
	uint8_t nonce[12], aad[13], tag[TAG];

	if (key->mac)
		return mac_open(key, record, len, plain, type);
	if (len < 5 + explicit + TAG)
		return -1;
	plain_len = len - 5 - explicit - TAG;
	memcpy(tag, body + plain_len, TAG);
	nonce_of(key, record + 5, nonce);
	aad_len = aad_of(key, record, plain_len, aad);
	if (!aead(key, false, nonce, aad, aad_len, body, plain_len, plain, tag))
		return -1;
	key->rec_seq++;
	*type = record[0];
	if (key->version == TLS_1_3_VERSION) {
		while (plain_len && !plain[plain_len - 1])
			plain_len--;
		if (!plain_len)
			return -1;
		*type = plain[--plain_len];
	}
	return plain_len;
}

/**
 * record_seal() - encrypt a record
 * @key: key of the direction; the sequence number is counted up
 * @type: content type
 * @plain: payload
 * @len: its bytes
 * @record: set to the record, RECORD_LEN_MAX bytes
 *
 * Return: bytes of the record.
 */
size_t record_seal(struct sheath_key *key, uint8_t type, const void *plain, size_t len,
		   uint8_t *record)
{
	bool tls13 = key->version == TLS_1_3_VERSION;
	size_t explicit = has_explicit(key) ? 8 : 0, inner = len + tls13, aad_len;
	uint8_t text[RECORD_LEN_MAX], nonce[12], aad[13];

	if (key->mac)
		return mac_seal(key, type, plain, len, record);
	memcpy(text, plain, len);
	text[len] = type;
	record[0] = tls13 ? 23 : type;
	record[1] = record[2] = 3;
	record[3] = (explicit + inner + TAG) >> 8;
	record[4] = explicit + inner + TAG;
	if (explicit)
		put64(record + 5, key->rec_seq);
	nonce_of(key, record + 5, nonce);
	aad_len = aad_of(key, record, inner, aad);
	if (!aead(key, true, nonce, aad, aad_len, text, inner, record + 5 + explicit,
		  record + 5 + explicit + inner))
		tap_bail("cannot seal a record");
	key->rec_seq++;
	return 5 + explicit + inner + TAG;
}
