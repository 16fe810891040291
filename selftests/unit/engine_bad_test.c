// SPDX-License-Identifier: GPL-2.0
/* The record engine and what is wrong: damage, lengths, padding, ends of keys, calls that fail. */
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "kselftest.h"
#include "record/key.h"
#include "zip.h"

#define SSL3	SHEATH_SSL_3_0_VERSION
#define TLS10	SHEATH_TLS_1_0_VERSION
#define TLS11	SHEATH_TLS_1_1_VERSION
#define TLS12	TLS_1_2_VERSION
#define TLS13	TLS_1_3_VERSION

/* one of each way to protect a record */
static const struct way {
	u16 version, cipher;
	u8 mac;
	bool etm, truncated, zip;
	const char *name;
} ways[] = {
	{ TLS13, TLS_CIPHER_AES_GCM_128, .name = "TLS 1.3 GCM" },
	{ TLS12, TLS_CIPHER_AES_GCM_256, .name = "TLS 1.2 GCM" },
	{ TLS13, TLS_CIPHER_AES_CCM_128, .name = "TLS 1.3 CCM" },
	{ TLS12, SHEATH_CIPHER_AES_128_CCM_8, .name = "TLS 1.2 CCM_8" },
	{ TLS13, TLS_CIPHER_CHACHA20_POLY1305, .name = "TLS 1.3 ChaCha20-Poly1305" },
	{ TLS12, TLS_CIPHER_CHACHA20_POLY1305, .name = "TLS 1.2 ChaCha20-Poly1305" },
	{ TLS12, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA256, .name = "TLS 1.2 CBC SHA-256" },
	{ TLS12, SHEATH_CIPHER_AES_256_CBC, SHEATH_MAC_SHA384, .name = "TLS 1.2 CBC SHA-384" },
	{ TLS12, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, .etm = true, .name = "TLS 1.2 CBC EtM" },
	{ TLS11, SHEATH_CIPHER_DES_EDE3_CBC, SHEATH_MAC_SHA1, .truncated = true,
	  .name = "TLS 1.1 3DES, MAC of 80 bits" },
	{ TLS10, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, .name = "TLS 1.0 CBC" },
	{ TLS10, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, .etm = true, .name = "TLS 1.0 CBC EtM" },
	{ SSL3, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, .name = "SSL 3.0 CBC" },
	{ SSL3, SHEATH_CIPHER_NULL, SHEATH_MAC_SHA1, .name = "SSL 3.0 MAC alone" },
	{ TLS12, SHEATH_CIPHER_NULL, SHEATH_MAC_SHA256, .name = "TLS 1.2 MAC alone" },
	{ TLS12, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, .zip = true, .name = "TLS 1.2 DEFLATE" },
};

static u8 plain[SHEATH_PLAIN_MAX + 64], sealed[ENGINE_MAX], opened[ENGINE_MAX];

static struct st_key key_of(const struct way *w)
{
	struct st_key k = st_key_mac(w->version, w->cipher, w->mac, w->etm, 5, 3);

	k.truncated = w->truncated;
	k.zip = w->zip ? st_zip_new(15) : NULL;
	return k;
}

/* what the engine makes of a record, with a key of its own */
static long judge(const struct st_key *k, const u8 *record, size_t n)
{
	struct engine e;
	u8 type;
	long got = engine_key(&e, k, SHEATH_KEY_RX) ? -ENOKEY :
		   engine_open(&e, record, n, &type, opened);

	/* the number is used up by what was looked into */
	if (e.dir.seq != k->seq && e.dir.seq != k->seq + 1)
		got = -ERANGE;
	engine_exit(&e);
	return got;
}

/* a record as OpenSSL makes it under @k, whose number stays */
static long make(const struct st_key *k, struct st_record r, u8 *out)
{
	struct st_key copy = *k;

	r.type = r.type ?: SHEATH_CT_DATA;
	r.data = plain;
	/* deflated ones would go on with the stream */
	copy.zip = NULL;
	return st_seal(&copy, &r, out);
}

static bool damage(const struct way *w)
{
	static const u32 lengths[] = { 0, 1, 16, 100, 400 };
	struct st_key k = key_of(w);
	bool ok = true;

	for (unsigned int i = 0; ok && i < ARRAY_SIZE(lengths); i++) {
		struct st_record r = { .len = lengths[i] };
		long n = make(&k, r, sealed), got = 0;

		for (long at = 0; ok && at < n; at++) {
			u8 bit = 1 << (at % 8);

			if (at == 3 || at == 4)
				continue;
			sealed[at] ^= bit;
			got = judge(&k, sealed, n);
			sealed[at] ^= bit;
			ok = w->version == TLS13 && !at ? got == -EPROTO :
			     w->version != TLS13 && (at == 1 || at == 2) ? got == -EINVAL :
			     got == -EBADMSG;
			if (!ok)
				ksft_print_msg("%u bytes, byte %ld: %ld\n", lengths[i], at, got);
		}
	}
	st_zip_free(k.zip);
	return ok;
}

/* less of a record is none, whatever its header says */
static bool cut_off(const struct way *w)
{
	struct st_key k = key_of(w);
	struct st_record r = { .len = 300 };
	long n = make(&k, r, sealed);
	bool ok = n > 0;

	for (long len = n - 1; ok && len >= SHEATH_HEADER_LEN; len--) {
		sealed[3] = (len - SHEATH_HEADER_LEN) >> 8;
		sealed[4] = len - SHEATH_HEADER_LEN;
		ok = judge(&k, sealed, len) == -EBADMSG;
	}
	st_zip_free(k.zip);
	return ok;
}

/* the borders of what a header may say: computed from the RFCs, not from the engine */
static bool lengths(const struct way *w)
{
	struct st_key k = key_of(w);
	const struct sheath_suite *suite = sheath_suite_find(w->cipher);
	u32 mac = w->truncated ? 10 : k.mac_len, block = suite->block_len, tag = suite->tag_len;
	u32 iv = w->version > TLS10 ? block : 0, content = SHEATH_PLAIN_MAX + (w->zip ? 1024 : 0);
	u32 min, max, pad = w->version == SSL3 ? block : 256;
	struct sheath_header h = { .type = 23, .version = w->version == TLS13 ? TLS12 : w->version };
	struct engine e;
	bool ok = !engine_key(&e, &k, SHEATH_KEY_RX);

	if (tag) {
		u32 explicit = w->version == TLS12 && suite->explicit_len ? 8 : 0;

		min = explicit + tag + (w->version == TLS13);
		max = min + SHEATH_PLAIN_MAX;
	} else if (!block) {
		min = mac;
		max = content + mac;
	} else if (w->etm) {
		min = iv + block + mac;
		max = iv + content + pad + mac;
	} else {
		/* whole blocks that have room for a MAC and a length of padding */
		min = iv + (mac + 1 + block - 1) / block * block;
		max = iv + content + mac + pad;
	}
	for (u32 len = 0; len <= 0xffff; len++) {
		bool whole = !block || (len - iv - (w->etm ? mac : 0)) % block == 0;
		int want = len > max ? -EMSGSIZE : len < min || !whole ? -EBADMSG : 0;

		h.len = len;
		if (sheath_record_check(&e.dir, &h) != want) {
			ksft_print_msg("length %u: not %d\n", len, want);
			ok = false;
			break;
		}
	}
	engine_exit(&e);
	st_zip_free(k.zip);
	return ok;
}

/* more than 2^14 bytes in a record that verifies */
static bool too_much(const struct way *w)
{
	struct st_key k = key_of(w);
	struct st_record r = { .len = SHEATH_PLAIN_MAX + (w->zip ? 1024 : 0) + 1 };
	static u8 big[SHEATH_PLAIN_MAX + 2048];
	long n;

	r.type = SHEATH_CT_DATA;
	r.data = big;
	r.raw = true;
	struct st_key copy = k;
	copy.zip = NULL;
	n = st_seal(&copy, &r, sealed);
	n = judge(&k, sealed, n);
	st_zip_free(k.zip);
	return n == -EMSGSIZE;
}

/* the number is used up, the keys are still good, and nothing is left in the end */
static bool failing_init(const struct way *w, u32 flags)
{
	static const struct sheath_dir zero;
	struct st_key k = key_of(w);
	struct sheath_key_params p = engine_params(&k, flags);
	struct engine e;
	unsigned int pages = shim_pages;
	int rc = -1;
	bool ok = true;

	for (long n = 0; ok && rc; n++) {
		shim_fail_after = n;
		rc = engine_key_params(&e, &p);
		ok = rc <= 0 && (rc ? !memcmp(&e.dir, &zero, sizeof(zero)) : shim_fail_after >= 0);
		if (!ok)
			ksft_print_msg("call %ld: %d\n", n, rc);
	}
	shim_fail_after = -1;
	engine_exit(&e);
	st_zip_free(k.zip);
	/* the pool may keep some */
	return ok && shim_pages <= pages + 2;
}

static bool failing_seal(const struct way *w)
{
	bool ok = true;
	long rc = -1;

	for (long n = 0; ok && rc < 0; n++) {
		struct st_key k = key_of(w);
		struct engine e;

		ok = !engine_key(&e, &k, SHEATH_KEY_TX);
		shim_fail_after = n;
		rc = engine_seal(&e, SHEATH_CT_DATA, plain, 300, sealed);
		/* a record that is compressed has not begun when that fails */
		ok = ok && (rc < 0 ? e.dir.seq - k.seq <= 2 : shim_fail_after >= 0);
		if (!k.zip && rc < 0)
			ok &= e.dir.seq == k.seq + e.seals + 1;
		shim_fail_after = -1;
		engine_exit(&e);
		st_zip_free(k.zip);
	}
	return ok;
}

/* for want of memory a record is not opened, and is when it comes again; for all else it is bad */
static bool after_failure(struct engine *e, const struct st_key *k, long rc, long len)
{
	u8 type;

	if (rc != -ENOMEM)
		return e->dir.seq == k->seq + 1;
	return e->dir.seq == k->seq && engine_open(e, sealed, len, &type, opened) == 300 &&
	       !memcmp(opened, plain, 300) && e->dir.seq == k->seq + 1;
}

/*
 * No call that fails goes unnoticed, but for the hash of a block that the check of secret padding
 * goes over for the sake of time: that is warned of, and the record is good.
 */
static bool failing_open(const struct way *w)
{
	bool ok = true, failed = true;

	for (long n = 0; ok && failed; n++) {
		struct st_key k = key_of(w), copy = k;
		struct st_record r = { .type = SHEATH_CT_DATA, .data = plain, .len = 300 };
		long len = st_seal(&copy, &r, sealed), rc;
		unsigned int warned = shim_warnings;
		struct engine e;
		u8 type;

		ok = !engine_key(&e, &k, SHEATH_KEY_RX);
		shim_fail_after = n;
		rc = engine_open(&e, sealed, len, &type, opened);
		failed = shim_fail_after < 0;
		shim_fail_after = -1;
		ok = ok && (rc < 0 ? failed : rc == 300 && !memcmp(opened, plain, 300) &&
				     (!failed || shim_warnings > warned)) &&
		     after_failure(&e, &k, rc, len);
		if (!ok)
			ksft_print_msg("call %ld: %ld\n", n, rc);
		engine_exit(&e);
		st_zip_free(k.zip);
	}
	return ok;
}

static bool failing_memory(const struct way *w)
{
	bool ok;

	shim_errno = ENOMEM;
	ok = failing_open(w) && failing_seal(w);
	shim_errno = EIO;
	return ok;
}

/* a hash that fails where the padding is a secret is warned of, nothing else is */
static bool failing(const struct way *w)
{
	unsigned int before = shim_warnings;
	bool ok = failing_init(w, SHEATH_KEY_TX) && failing_init(w, SHEATH_KEY_RX) &&
		  failing_seal(w) && failing_open(w) && failing_memory(w);

	return ok && (shim_warnings == before ||
		      (w->mac && !w->etm && w->cipher != SHEATH_CIPHER_NULL));
}

static void every_way(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(ways); i++) {
		const struct way *w = &ways[i];

		ksft_test_result(damage(w), "%s: every byte damaged\n", w->name);
		ksft_test_result(cut_off(w), "%s: records cut off\n", w->name);
		ksft_test_result(lengths(w), "%s: every length of a header\n", w->name);
		ksft_test_result(too_much(w), "%s: a byte too many\n", w->name);
		ksft_test_result(failing(w), "%s: every call that may fail does\n", w->name);
	}
}

/* all of the padding counts, and what the check costs tells nothing of it */
static void padding(u16 version, u16 cipher, bool etm)
{
	struct st_key k = st_key_mac(version, cipher, SHEATH_MAC_SHA1, etm, 0, 1);
	u32 block = sheath_suite_find(cipher)->block_len, content = 45, first;
	bool ok = true;

	for (unsigned int blocks = 0; ok && blocks < (version == SSL3 ? 1 : 256 / block); blocks++) {
		struct st_record r = { .len = content, .blocks = blocks };
		u32 n_pad = block - (content + (etm ? 0 : 20)) % block + blocks * block;

		ok = n_pad > 256 || judge(&k, sealed, make(&k, r, sealed)) == content;
		for (r.bad_pad = 1; ok && n_pad <= 256 && r.bad_pad <= n_pad; r.bad_pad++) {
			long want = version == SSL3 && r.bad_pad > 1 ? (long)content : -EBADMSG;

			ok = judge(&k, sealed, make(&k, r, sealed)) == want;
		}
		r.bad_pad = 0;
		for (r.bad_mac = 1; ok && n_pad <= 256 && r.bad_mac <= 20; r.bad_mac++)
			ok = judge(&k, sealed, make(&k, r, sealed)) == -EBADMSG;
	}
	/* as long as each other, as different as can be */
	first = 0;
	for (unsigned int i = 0; ok && !etm && version != SSL3 && i < 240 / block; i++) {
		struct st_record r = { .len = content + i * block, .blocks = 240 / block - 1 - i,
				       .bad_mac = i % 3, .bad_pad = i % 5 };
		struct engine e;
		u8 type;

		ok = !engine_key(&e, &k, SHEATH_KEY_RX);
		r.type = 23;
		r.data = plain;
		engine_open(&e, sealed, make(&k, r, sealed), &type, opened);
		first = first ?: sheath_record_mac_blocks(&e.dir);
		ok &= first && sheath_record_mac_blocks(&e.dir) == first;
		engine_exit(&e);
	}
	ksft_test_result(ok, "padding, version %04x, blocks of %u%s\n", version, block,
			 etm ? ", encrypt-then-MAC" : "");
}

static void padding13(void)
{
	struct st_key k = st_key(TLS13, TLS_CIPHER_AES_GCM_128, 0, 1);
	struct st_record none = { .no_type = true }, r = { .len = 1 };
	bool ok = true;

	for (none.pad = 1; ok && none.pad < 300; none.pad++)
		ok = judge(&k, sealed, make(&k, none, sealed)) == -ENODATA;
	for (r.len = 0; ok && r.len < 20; r.len++) {
		for (r.pad = 0; ok && r.pad < 70; r.pad++)
			ok = judge(&k, sealed, make(&k, r, sealed)) == (long)r.len;
	}
	r.len = 0;
	r.pad = SHEATH_PLAIN_MAX;
	ok = ok && judge(&k, sealed, make(&k, r, sealed)) == 0;
	ksft_test_result(ok, "padding of TLS 1.3, and nothing but padding\n");
}

/* the last number is used once */
static bool ends(u16 version, u16 cipher, u8 mac, u32 flags, u64 last)
{
	struct st_key k = st_key_mac(version, cipher, mac, false, last - 1, 1);
	struct engine e;
	u8 type;
	bool ok = !engine_key(&e, &k, flags);

	for (int i = 0; ok && i < 2; i++) {
		struct st_record r = { .type = 21, .data = plain, .len = 2 };

		ok = !e.dir.seq_end;
		if (flags == SHEATH_KEY_TX)
			ok &= engine_seal(&e, 21, plain, 2, sealed) > 0;
		else
			ok &= engine_open(&e, sealed, st_seal(&k, &r, sealed), &type, opened) == 2;
	}
	ok &= e.dir.seq_end && (e.dir.seq == last + 1 || last == U64_MAX) && e.dir.seq >= last;
	engine_exit(&e);
	return ok;
}

static bool none_left(u16 version, u64 seq)
{
	struct st_key k = st_key_mac(version, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, false, seq, 1);
	struct engine e;
	bool none = engine_key(&e, &k, SHEATH_KEY_TX) || e.dir.seq_end;

	engine_exit(&e);
	return none;
}

static void sequence(void)
{
	/* a direction that splits has none left at the very last */
	ksft_test_result(none_left(TLS10, U64_MAX) && !none_left(TLS10, U64_MAX - 1) &&
			 !none_left(TLS11, U64_MAX), "a key that comes with the last number\n");
	ksft_test_result(ends(TLS13, TLS_CIPHER_AES_GCM_128, 0, SHEATH_KEY_TX, U64_MAX) &&
			 ends(TLS13, TLS_CIPHER_AES_GCM_128, 0, SHEATH_KEY_RX, U64_MAX) &&
			 ends(TLS12, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, SHEATH_KEY_TX,
			      U64_MAX) &&
			 ends(TLS10, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, SHEATH_KEY_TX,
			      U64_MAX - 1) &&
			 ends(TLS10, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, SHEATH_KEY_RX,
			      U64_MAX), "the last sequence number\n");
}

/* 2^20 blocks, and what a peer with the same limit may have sent */
static void blocks_end(void)
{
	struct st_key k = st_key_mac(TLS12, SHEATH_CIPHER_DES_EDE3_CBC, SHEATH_MAC_SHA1, false, 0, 1);
	struct engine e;
	bool ok = !engine_key(&e, &k, SHEATH_KEY_TX);

	while (ok && !e.dir.seq_end && e.dir.seq < 1000)
		ok = engine_seal(&e, SHEATH_CT_DATA, plain, SHEATH_PLAIN_MAX, sealed) > 0;
	ok &= e.dir.blocks >= (1 << 20) && e.dir.blocks < (1 << 20) + 8192;
	engine_exit(&e);
	ksft_test_result(ok, "the last block of 3DES\n");
}

static void moves(void)
{
	struct st_key k = st_key(TLS13, TLS_CIPHER_AES_GCM_128, 0, 1);
	static const struct sheath_dir zero;
	struct engine a, b;
	bool ok = !engine_key(&a, &k, SHEATH_KEY_TX) && !engine_key(&b, &k, SHEATH_KEY_TX);

	sheath_dir_move(&a.dir, &b.dir);
	ok = ok && !memcmp(&b.dir, &zero, sizeof(zero)) &&
	     judge(&k, sealed, engine_seal(&a, SHEATH_CT_DATA, plain, 9, sealed)) == 9;
	engine_exit(&a);
	engine_exit(&b);
	ksft_test_result(ok, "a direction that moves\n");
}

static void cost(void)
{
	struct st_key k[] = { st_key(TLS13, TLS_CIPHER_AES_GCM_128, 0, 1),
			      st_key(TLS12, TLS_CIPHER_AES_GCM_128, 0, 1),
			      st_key_mac(TLS12, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, false, 0, 1) };
	static const u32 want[][3] = { { 3, 4, 1027 }, { 2, 3, 1026 }, { 2, 3, 1026 } };
	struct engine e;
	bool ok = true;

	for (unsigned int i = 0; i < ARRAY_SIZE(k); i++) {
		ok &= !engine_key(&e, &k[i], SHEATH_KEY_TX) &&
		      sheath_record_cost(&e.dir, 0) == want[i][0] &&
		      sheath_record_cost(&e.dir, 16) == want[i][1] &&
		      sheath_record_cost(&e.dir, SHEATH_PLAIN_MAX) == want[i][2] &&
		      (i == 2 || !sheath_record_mac_blocks(&e.dir));
		engine_exit(&e);
	}
	ksft_test_result(ok, "how much of a limit records use up\n");
}

/* hashes that export something else; algorithms that are not there */
static void other_kernels(void)
{
	static const struct { const char *name; unsigned int way; } without[] = {
		{ "gcm(aes)", 0 }, { "aes", 0 }, { "rfc7539(chacha20,poly1305)", 4 },
		{ "cbc(aes)", 7 }, { "sha384", 7 }, { "hmac(sha384)", 7 }, { "sha1", 12 },
	};
	struct sheath_key_params p;
	struct st_key k = key_of(&ways[7]);
	struct engine e;
	bool ok = true;

	p = engine_params(&k, SHEATH_KEY_RX);
	for (shim_state = SHIM_STATE_WORDS_LAST; shim_state <= SHIM_STATE_SHORT; shim_state++)
		ok &= engine_key_params(&e, &p) == -ENOENT;
	shim_state = SHIM_STATE_WORDS_FIRST;
	ksft_test_result(ok, "hashes whose exported state is another\n");

	for (unsigned int i = 0; i < ARRAY_SIZE(without); i++) {
		k = key_of(&ways[without[i].way]);
		p = engine_params(&k, SHEATH_KEY_RX);
		shim_alg_missing = without[i].name;
		ok &= engine_key_params(&e, &p) == -ENOENT;
	}
	shim_alg_missing = NULL;
	ksft_test_result(ok, "algorithms that are missing\n");
}

/* what begins no stream, and one whose window is not ours */
static void histories(void)
{
	struct st_key k = key_of(&ways[15]);
	struct sheath_key_params p = engine_params(&k, SHEATH_KEY_RX), q;
	struct engine e;
	bool ok = true;

	for (unsigned int i = 0; i < 4; i++) {
		q = p;
		if (i == 2)
			q.history_len = 2;
		else if (i == 3)
			q.history[5] ^= 0xff, q.history[3] ^= 0x55;
		else
			q.history[i] ^= i ? 0x20 : 1;
		ok &= engine_key_params(&e, &q) == -EILSEQ;
	}
	st_zip_free(k.zip);
	for (int bits = 9; bits <= 15; bits++) {
		k.zip = st_zip_new(bits);
		p = engine_params(&k, SHEATH_KEY_TX);
		ok &= engine_key_params(&e, &p) == (bits < 15 ? -EOPNOTSUPP : 0);
		engine_exit(&e);
		ok &= !engine_key(&e, &k, SHEATH_KEY_RX);
		engine_exit(&e);
		st_zip_free(k.zip);
	}
	ksft_test_result(ok, "histories of DEFLATE\n");
}

/* one fragment behind Finished, made by zlib with @flush */
static long fragment(u32 len, int flush, bool spoil)
{
	struct st_key k = key_of(&ways[15]), copy = k;
	static u8 from[70000], to[SHEATH_PLAIN_MAX];
	struct st_record r = { .type = 23, .data = to };
	z_stream *z = &k.zip->def;
	struct engine e;
	long n = -ENOKEY;
	u8 type;

	z->next_in = from;
	z->avail_in = len;
	z->next_out = to;
	z->avail_out = sizeof(to);
	deflate(z, flush);
	r.len = sizeof(to) - z->avail_out;
	if (spoil)
		to[0] |= 6;
	copy.zip = NULL;
	if (!engine_key(&e, &k, SHEATH_KEY_RX)) {
		n = st_seal(&copy, &r, sealed);
		e.piece = 7;
		n = engine_open(&e, sealed, n, &type, opened);
		engine_exit(&e);
	}
	st_zip_free(k.zip);
	return n;
}

static void fragments(void)
{
	ksft_test_result(fragment(SHEATH_PLAIN_MAX, Z_SYNC_FLUSH, false) == SHEATH_PLAIN_MAX &&
			 fragment(SHEATH_PLAIN_MAX + 1, Z_SYNC_FLUSH, false) == -EILSEQ &&
			 fragment(70000, Z_SYNC_FLUSH, false) == -EILSEQ &&
			 fragment(100, Z_FINISH, false) == -EILSEQ &&
			 fragment(100, Z_SYNC_FLUSH, true) == -EILSEQ,
			 "fragments that become too much, or end the stream, or are no DEFLATE\n");
}

/* no key of a secret that could not be derived */
static void secrets(void)
{
	struct sheath_secret s = { .hash = SHEATH_HASH_SHA384 }, next;
	const struct sheath_suite *suite = sheath_suite_find(TLS_CIPHER_AES_GCM_256);
	struct sheath_key_params p;
	bool ok = true, failed = true;

	for (long n = 0; failed; n++) {
		int rc;

		shim_fail_after = n;
		rc = sheath_secret_keys(&s, suite, &p);
		failed = shim_fail_after < 0;
		ok &= failed ? rc < 0 : !rc;
	}
	failed = true;
	for (long n = 0; failed; n++) {
		int rc;

		shim_fail_after = n;
		rc = sheath_secret_next(&s, &next);
		failed = shim_fail_after < 0;
		ok &= failed ? rc < 0 : !rc;
	}
	shim_fail_after = -1;
	ksft_test_result(ok, "secrets: every call that may fail does\n");
}

int main(void)
{
	ksft_print_header();
	ksft_set_plan(5 * ARRAY_SIZE(ways) + 18);
	st_fill(plain, sizeof(plain), 0);
	engine_load();
	every_way();
	padding(TLS12, SHEATH_CIPHER_AES_128_CBC, false);
	padding(TLS10, SHEATH_CIPHER_DES_EDE3_CBC, false);
	padding(SSL3, SHEATH_CIPHER_AES_128_CBC, false);
	padding(SSL3, SHEATH_CIPHER_DES_EDE3_CBC, false);
	padding(TLS12, SHEATH_CIPHER_AES_128_CBC, true);
	padding(TLS11, SHEATH_CIPHER_DES_EDE3_CBC, true);
	padding13();
	sequence();
	blocks_end();
	moves();
	cost();
	other_kernels();
	histories();
	fragments();
	secrets();
	engine_unload();
	ksft_test_result_pass("unloaded\n");
	ksft_finished();
}
