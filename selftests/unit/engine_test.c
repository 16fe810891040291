// SPDX-License-Identifier: GPL-2.0
/* The record engine against records that OpenSSL made, and the other way round: every suite. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"
#include "kselftest.h"
#include "record/key.h"
#include "secret.h"
#include "zip.h"

static const u32 lengths[] = {
	0, 1, 2, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 127, 128, 129, 200, 255, 256, 257,
	300, 511, 512, 513, 1000, 4095, 4096, 4097, 8191, 16383, 16384,
};

static u8 plain[SHEATH_PLAIN_MAX], sealed[ENGINE_MAX], opened[ENGINE_MAX];
static int wire[2];

/* how many of the lengths: all of them for a suite's first version only */
static unsigned int some(bool all, unsigned int i)
{
	return all || i % 4 == 1 || i + 1 == ARRAY_SIZE(lengths) || !i;
}

static bool has_judge(const struct st_key *k)
{
	switch (k->cipher) {
	case SHEATH_CIPHER_CAMELLIA_128_GCM:
	case SHEATH_CIPHER_CAMELLIA_256_GCM:
	case TLS_CIPHER_SM4_GCM:
	case TLS_CIPHER_SM4_CCM:
		return false;
	default:
		return true;
	}
}

static void complain(const struct st_key *k, const char *what, u32 len, long n)
{
	ksft_print_msg("version %04x cipher %u mac %u etm %d truncated %d: %s of %u bytes: %ld\n",
		       k->version, k->cipher, k->mac, k->etm, k->truncated, what, len, n);
}

/* what the engine sealed, one record or two, by OpenSSL */
static bool judge_opens(struct st_key *k, long n, u8 type, u32 len)
{
	u32 got = 0;
	u8 t;

	if (n < 0 || write(wire[0], sealed, n) != n)
		return false;
	while (n > 0) {
		int r = st_recv_record(wire[1], k, &t, opened + got);

		if (r < 0 || t != type)
			return false;
		got += r;
		n -= SHEATH_HEADER_LEN + (sealed[3] << 8 | sealed[4]);
		memmove(sealed, sealed + SHEATH_HEADER_LEN + (sealed[3] << 8 | sealed[4]),
			n > 0 ? n : 0);
	}
	return got == len && !memcmp(opened, plain, len);
}

static bool seals(const struct st_key *key, bool all)
{
	struct st_key k = *key;
	struct engine e;
	bool ok = !engine_key(&e, key, SHEATH_KEY_TX);

	for (unsigned int i = 0; ok && i < ARRAY_SIZE(lengths); i++) {
		u8 type = i % 3 ? SHEATH_CT_DATA : SHEATH_CT_HANDSHAKE;
		long n;

		if (!some(all, i) || lengths[i] > sheath_record_payload_max(&e.dir))
			continue;
		e.piece = i % 2 ? 0 : 1 + lengths[i] / 3;
		n = engine_seal(&e, type, plain, lengths[i], sealed);
		ok = judge_opens(&k, n, type, lengths[i]) && e.dir.seq == k.seq;
		if (!ok)
			complain(key, "sealing", lengths[i], n);
	}
	engine_exit(&e);
	return ok;
}

static bool opens(const struct st_key *key, bool all)
{
	struct st_key k = *key;
	struct engine e;
	bool ok = !engine_key(&e, key, SHEATH_KEY_RX);

	for (unsigned int i = 0; ok && i < ARRAY_SIZE(lengths); i++) {
		u8 type = i % 3 ? SHEATH_CT_DATA : SHEATH_CT_HANDSHAKE, t = 0;
		struct st_record r = { .type = type, .data = plain, .len = lengths[i] };
		long n;

		if (!some(all, i))
			continue;
		r.pad = r.len < 16000 ? i % 5 * 60 : 0;
		r.blocks = k.version > SHEATH_SSL_3_0_VERSION ? i % 15 : 0;
		e.piece = i % 2 ? 0 : 1 + lengths[i] / 3;
		n = st_seal(&k, &r, sealed);
		n = n < 0 ? n : engine_open(&e, sealed, n, &t, opened);
		ok = n == (long)r.len && t == type && !memcmp(opened, plain, n) &&
		     e.dir.seq == k.seq;
		if (!ok)
			complain(key, "opening", lengths[i], n);
	}
	engine_exit(&e);
	return ok;
}

/* both ends are the engine, for want of another; the cipher itself has a vector below */
static bool agrees(const struct st_key *key)
{
	struct engine tx, rx;
	bool ok = !engine_key(&tx, key, SHEATH_KEY_TX) && !engine_key(&rx, key, SHEATH_KEY_RX);
	u8 type;

	for (unsigned int i = 0; ok && i < ARRAY_SIZE(lengths); i++) {
		long n = engine_seal(&tx, SHEATH_CT_DATA, plain, lengths[i], sealed);

		ok = n > 0 && engine_open(&rx, sealed, n, &type, opened) == lengths[i] &&
		     !memcmp(opened, plain, lengths[i]) && type == SHEATH_CT_DATA;
	}
	engine_exit(&tx);
	engine_exit(&rx);
	return ok;
}

static bool both(const struct st_key *k, bool all)
{
	return has_judge(k) ? seals(k, all) && opens(k, all) : agrees(k);
}

/* MACs of the version, each in every order and length that goes */
static bool with_macs(u16 version, u16 cipher, const struct sheath_suite *suite)
{
	bool ok = true;

	for (u8 mac = SHEATH_MAC_SHA1; mac <= SHEATH_MAC_SHA384; mac++) {
		if (version < TLS_1_2_VERSION && mac > SHEATH_MAC_SHA1)
			break;
		for (int how = 0; how < 4; how++) {
			bool etm = how & 1, truncated = how & 2;
			struct st_key k = st_key_mac(version, cipher, mac, etm, how, mac + how);

			k.truncated = truncated;
			if ((etm && !suite->protect_etm) ||
			    (how && version == SHEATH_SSL_3_0_VERSION))
				continue;
			ok &= both(&k, mac == SHEATH_MAC_SHA1 && how < 2);
		}
	}
	return ok;
}

static void suites(void)
{
	static const u16 versions[] = { SHEATH_SSL_3_0_VERSION, SHEATH_TLS_1_0_VERSION,
					SHEATH_TLS_1_1_VERSION, TLS_1_2_VERSION, TLS_1_3_VERSION };
	u16 cipher;

	for (unsigned int i = 0; (cipher = sheath_suite_nth(i)); i++) {
		const struct sheath_suite *suite = sheath_suite_find(cipher);
		bool ok = true;

		for (unsigned int v = 0; v < ARRAY_SIZE(versions); v++) {
			struct st_key k = st_key(versions[v], cipher, 1ull << (5 * v), v);

			if (versions[v] < suite->first || versions[v] > suite->last)
				continue;
			ok &= suite->tag_len ? both(&k, true) :
					       with_macs(versions[v], cipher, suite);
		}
		ksft_test_result(ok, "suite %u, %s, key of %u bytes, every length\n", cipher,
				 suite->alg ?: "no cipher", suite->key_len);
	}
}

/* the salt alone: the explicit nonce begins with the sequence number */
static void salt_only(void)
{
	struct st_key k = st_key(TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_128, 7, 1);
	struct engine e;
	long n;
	bool ok;

	k.iv_len = 4;
	ok = !engine_key(&e, &k, SHEATH_KEY_TX);
	n = ok ? engine_seal(&e, SHEATH_CT_DATA, plain, 100, sealed) : -1;
	ok = ok && sheath_framing_get_u64(sealed + 5) == 7 &&
	     judge_opens(&k, n, SHEATH_CT_DATA, 100);
	n = engine_seal(&e, SHEATH_CT_DATA, plain, 100, sealed);
	ok = ok && sheath_framing_get_u64(sealed + 5) == 8 &&
	     judge_opens(&k, n, SHEATH_CT_DATA, 100);
	engine_exit(&e);
	ksft_test_result(ok, "explicit nonces that begin with the sequence number\n");
}

/* every byte of the key stream, and of records that are not the next */
static void inner_type(void)
{
	static const u16 ciphers[] = { TLS_CIPHER_AES_GCM_128, TLS_CIPHER_AES_GCM_256,
				       TLS_CIPHER_AES_CCM_128, SHEATH_CIPHER_AES_128_CCM_8,
				       TLS_CIPHER_CHACHA20_POLY1305, TLS_CIPHER_ARIA_GCM_128 };
	bool ok = true;

	for (unsigned int c = 0; c < ARRAY_SIZE(ciphers); c++) {
		struct st_key k = st_key(TLS_1_3_VERSION, ciphers[c], 3, c);
		struct engine e;

		ok &= !engine_key(&e, &k, SHEATH_KEY_RX);
		for (u32 ahead = 0; ahead < 3; ahead++) {
			struct st_record r = { .type = 23, .data = plain, .len = sizeof(plain) };
			long n = st_seal(&k, &r, sealed);

			ok &= n > 0;
			sheath_record_look_ahead(&e.dir, ahead);
			for (u32 pos = 0; pos < r.len; pos += pos < 200 ? 1 : 97)
				ok &= sheath_record_inner_type(&e.dir, pos, sealed[5 + pos]) ==
				      plain[pos];
			ok &= sheath_record_inner_type(&e.dir, r.len, sealed[5 + r.len]) == 23;
		}
		engine_exit(&e);
	}
	ksft_test_result(ok, "bytes that are decrypted before their record is, ahead of it too\n");
}

/* a fragment can refer to all that went before, in this direction */
static void deflate_stream(u16 version, bool etm)
{
	static const u32 sizes[] = { 0, 1, 0, 0, 17, 300, 5000, 1, 16000, 16256, 2, 0, 40 };
	struct st_key to = st_key_mac(version, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, etm, 0, 1);
	struct st_key from = to;
	struct engine tx, rx;
	bool ok;
	u8 type;

	to.zip = st_zip_new(15);
	from.zip = st_zip_new(15);
	ok = !engine_key(&tx, &to, SHEATH_KEY_TX) && !engine_key(&rx, &from, SHEATH_KEY_RX);
	for (unsigned int i = 0; ok && i < ARRAY_SIZE(sizes); i++) {
		struct st_record r = { .type = 23, .data = plain, .len = sizes[i] };
		long n = engine_seal(&tx, 23, plain, sizes[i], sealed);

		ok = judge_opens(&to, n, 23, sizes[i]);
		n = ok ? st_seal(&from, &r, sealed) : -1;
		rx.piece = i % 2 ? 11 : 0;
		ok = ok && n > 0 && engine_open(&rx, sealed, n, &type, opened) == sizes[i] &&
		     !memcmp(opened, plain, sizes[i]);
		if (!ok)
			complain(&to, "DEFLATE", sizes[i], n);
		ok &= sheath_record_content(&rx.dir, n) == SHEATH_PLAIN_MAX;
	}
	engine_exit(&tx);
	engine_exit(&rx);
	st_zip_free(to.zip);
	st_zip_free(from.zip);
	ksft_test_result(ok, "DEFLATE, version %04x%s\n", version, etm ? ", encrypt-then-MAC" : "");
}

/* AEADs that OpenSSL 3.0 has not: RFC 8998 appendix A.1 and A.2 */
static bool vector(const char *name, const char *key, const u8 *iv, const char *want)
{
	static const char aad_hex[] = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
	struct crypto_aead *tfm = crypto_alloc_aead(name, 0, 0);
	struct aead_request *req = aead_request_alloc(tfm, 0);
	struct scatterlist sg[1];
	u8 raw[20 + 64 + 16], k[16], nonce[16], got[161];
	char *p = (char *)got;

	for (int i = 0; i < 16; i++)
		sscanf(key + 2 * i, "%2hhx", &k[i]);
	for (int i = 0; i < 20; i++)
		sscanf(aad_hex + 2 * i, "%2hhx", &raw[i]);
	for (int i = 0; i < 64; i++)
		raw[20 + i] = "\xaa\xbb\xcc\xdd\xee\xff\xee\xaa"[i / 8];
	memcpy(nonce, iv, 13);
	sg_init_table(sg, 1);
	sg_set_page(sg, virt_to_page(raw), sizeof(raw), offset_in_page(raw));
	aead_request_set_ad(req, 20);
	aead_request_set_crypt(req, sg, sg, 64, nonce);
	if (crypto_aead_setkey(tfm, k, 16) || crypto_aead_setauthsize(tfm, 16) ||
	    crypto_aead_encrypt(req))
		return false;
	for (int i = 20; i < 100; i++)
		p += sprintf(p, "%02x", raw[i]);
	aead_request_free(req);
	crypto_free_aead(tfm);
	return !strcmp((char *)got, want);
}

static void vectors(void)
{
	static const char key[] = "0123456789abcdeffedcba9876543210";
	static const u8 iv[] = "\0\0\x12\x34\x56\x78\0\0\0\0\xab\xcd";
	static const u8 ccm_iv[] = "\x02\0\0\x12\x34\x56\x78\0\0\0\0\xab\xcd";

	ksft_test_result(vector("gcm(sm4)", key, iv,
		"17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
		"d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
		"83de3541e4c2b58177e065a9bf7b62ec"), "SM4-GCM of RFC 8998\n");
	ksft_test_result(vector("ccm(sm4)", key, ccm_iv,
		"48af93501fa62adbcd414cce6034d895dda1bf8f132f042098661572e7483094"
		"fd12e518ce062c98acee28d95df4416bed31a2f04476c18bb40c84a74b97dc5b"
		"16842d4fa186f56ab33256971fa110f4"), "SM4-CCM of RFC 8998\n");
}

static bool key_of_secret(u16 cipher)
{
	struct st_secret s = st_secret(cipher, cipher);
	struct sheath_secret ours = { .hash = s.hash }, next;
	bool ok = sheath_secret_len(s.hash) == s.len;

	memcpy(ours.data, s.data, s.len);
	for (int i = 0; i < 3; i++) {
		struct st_key k = st_secret_key(&s, cipher);
		struct sheath_key_params p = { 0 };

		ok &= !sheath_secret_keys(&ours, sheath_suite_find(cipher), &p) &&
		      p.key_len == k.key_len && !memcmp(p.key, k.key, k.key_len) &&
		      p.iv_len == k.iv_len && !memcmp(p.iv, k.iv, k.iv_len);
		ok &= !sheath_secret_next(&ours, &next);
		ours = next;
		st_secret_next(&s);
		ok &= ours.hash == s.hash && !memcmp(ours.data, s.data, s.len);
	}
	return ok;
}

static void secrets(void)
{
	ksft_test_result(key_of_secret(TLS_CIPHER_AES_GCM_128) &&
			 key_of_secret(TLS_CIPHER_AES_GCM_256) &&
			 key_of_secret(TLS_CIPHER_CHACHA20_POLY1305) &&
			 !sheath_secret_len(99) && !sheath_secret_hmac(99),
			 "keys of traffic secrets, and those of the next ones\n");
}

int main(void)
{
	unsigned int n = 0;

	ksft_print_header();
	st_fill(plain, sizeof(plain), 0);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, wire))
		ksft_exit_fail_msg("socketpair\n");
	while (sheath_suite_nth(n))
		n++;
	ksft_set_plan(n + 9);
	engine_load();
	suites();
	salt_only();
	inner_type();
	deflate_stream(SHEATH_SSL_3_0_VERSION, false);
	deflate_stream(SHEATH_TLS_1_0_VERSION, false);
	deflate_stream(TLS_1_2_VERSION, false);
	deflate_stream(TLS_1_2_VERSION, true);
	vectors();
	secrets();
	engine_unload();
	ksft_finished();
}
