// SPDX-License-Identifier: GPL-2.0
/*
 * Records opened by the engine, of every suite. Input is a record as it came, or plaintext of CBC
 * that ends in any padding, or says how OpenSSL makes a record, and what is wrong with it.
 * Where there is a MAC, a naive reader that is not ours has to come to the same result.
 */
#include <openssl/evp.h>

#include "fuzz.h"

enum mode { RAW, PLAIN, MADE };

static u8 wire[ST_RECORD_MAX], opened[ENGINE_MAX], content[ST_RECORD_MAX];
static unsigned int n_suites;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	engine_load();
	while (sheath_suite_nth(n_suites))
		n_suites++;
	return 0;
}

/* a suite, a version it has, a MAC; of those without a judge the record is raw */
static bool choose(struct input *in, struct st_key *k)
{
	static const u16 versions[] = { SHEATH_SSL_3_0_VERSION, SHEATH_TLS_1_0_VERSION,
					SHEATH_TLS_1_1_VERSION, TLS_1_2_VERSION, TLS_1_3_VERSION };
	u16 cipher = sheath_suite_nth(take(in) % n_suites), version = versions[take(in) % 5];
	const struct sheath_suite *suite = sheath_suite_find(cipher);
	u8 how = take(in);

	if (version < suite->first || version > suite->last)
		return false;
	if (suite->tag_len) {
		*k = st_key(version, cipher, how, 1);
		return true;
	}
	*k = st_key_mac(version, cipher, version < TLS_1_2_VERSION ? 1 : 1 + how % 3,
			how & 4 && suite->protect_etm && version != SHEATH_SSL_3_0_VERSION, 7, 1);
	k->truncated = how & 8 && version != SHEATH_SSL_3_0_VERSION;
	return true;
}

static size_t put_header(const struct st_key *k, u8 type, size_t len)
{
	wire[0] = k->version == TLS_1_3_VERSION ? 23 : type;
	wire[1] = 3;
	wire[2] = k->version == TLS_1_3_VERSION ? 3 : k->version;
	wire[3] = len >> 8;
	wire[4] = len;
	return SHEATH_HEADER_LEN + len;
}

static size_t raw(const struct st_key *k, struct input *in)
{
	u8 type = take(in);
	size_t len;
	const u8 *p = take_bytes(in, sizeof(wire) - SHEATH_HEADER_LEN, &len);

	memcpy(wire + SHEATH_HEADER_LEN, p, len);
	return put_header(k, type, len);
}

/* the cipher alone; 0 if there is nothing to encrypt */
static size_t plain_cbc(const struct st_key *k, struct input *in)
{
	bool des = k->cipher == SHEATH_CIPHER_DES_EDE3_CBC;
	const EVP_CIPHER *evp = des ? EVP_des_ede3_cbc() : EVP_aes_128_cbc();
	size_t block = des ? 8 : 16, iv = k->version > SHEATH_TLS_1_0_VERSION ? block : 0, len;
	const u8 *p = take_bytes(in, 16384, &len);
	EVP_CIPHER_CTX *c;
	int n;

	if ((!des && k->cipher != SHEATH_CIPHER_AES_128_CBC) || !(len -= len % block))
		return 0;
	memset(wire + SHEATH_HEADER_LEN, 0x21, iv);
	c = EVP_CIPHER_CTX_new();
	must(EVP_EncryptInit_ex(c, evp, NULL, k->key, iv ? wire + SHEATH_HEADER_LEN : k->iv) == 1 &&
	     EVP_CIPHER_CTX_set_padding(c, 0) == 1 &&
	     EVP_EncryptUpdate(c, wire + SHEATH_HEADER_LEN + iv, &n, p, len) == 1);
	EVP_CIPHER_CTX_free(c);
	return put_header(k, 23, iv + len);
}

/* bytes of padding, its length included */
static size_t n_pad(const struct st_key *k, const struct st_record *r)
{
	size_t block = sheath_suite_find(k->cipher)->block_len;
	size_t mac = k->etm ? 0 : k->truncated ? 10 : k->mac_len;

	return block - (r->len + mac) % block + r->blocks * block;
}

static size_t made(const struct st_key *k, struct input *in)
{
	struct st_record r = { .type = take(in), .pad = take(in), .blocks = take(in) % 16 };
	struct st_key copy = *k;
	u8 bad = take(in), at = take(in);
	long n;

	r.data = take_bytes(in, SHEATH_PLAIN_MAX, &r.len);
	r.blocks = k->version == SHEATH_SSL_3_0_VERSION ? 0 : r.blocks % 15;
	/* any byte of the padding; in SSL 3.0 its length, the rest does not count */
	if (bad == 1 && sheath_suite_find(k->cipher)->block_len)
		r.bad_pad = k->version == SHEATH_SSL_3_0_VERSION ? 1 : 1 + at % n_pad(k, &r);
	r.bad_mac = bad == 2 ? 1 + at % 10 : 0;
	n = st_seal(&copy, &r, wire);
	must(n > 0);
	if (bad == 3)
		wire[at % n] ^= 1 << (at % 8);
	return put_header(k, wire[0], n - SHEATH_HEADER_LEN);
}

int LLVMFuzzerTestOneInput(const u8 *p, size_t n)
{
	struct input in = { p, n };
	struct st_key k, copy;
	struct engine e;
	u8 mode = take(&in) % 3, piece = take(&in), type = 0;
	long got, want;
	size_t len;

	if (!choose(&in, &k))
		return 0;
	len = mode == RAW ? raw(&k, &in) : mode == PLAIN ? plain_cbc(&k, &in) : made(&k, &in);
	if (!len)
		return 0;
	must(!engine_key(&e, &k, SHEATH_KEY_RX));
	e.piece = piece;
	got = engine_open(&e, wire, len, &type, opened);
	must(got <= SHEATH_PLAIN_MAX);
	must(got >= 0 || got == -EBADMSG || got == -EMSGSIZE || got == -ENODATA ||
	     got == -EINVAL || got == -EPROTO);
	/* what was not refused by its header is opened, and uses up one number */
	must(e.dir.seq == k.seq + 1 || (e.dir.seq == k.seq && got < 0));
	if (k.mac && e.dir.seq != k.seq) {
		u8 head[SHEATH_HEADER_LEN];

		memcpy(head, wire, sizeof(head));
		copy = k;
		want = st_mac_open(&copy, head, wire + SHEATH_HEADER_LEN, len - SHEATH_HEADER_LEN,
				   content);
		must(got == -EMSGSIZE ? want > SHEATH_PLAIN_MAX : (got < 0) == (want < 0));
		must(got < 0 || (got == want && !memcmp(opened, content, got)));
	}
	engine_exit(&e);
	return 0;
}
