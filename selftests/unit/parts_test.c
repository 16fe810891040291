// SPDX-License-Identifier: GPL-2.0
/* What is around the record engine: pages, lists, the algorithms there are, the judge of keys. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/jiffies.h>

#include "ctl/keys.h"
#include "core/legacy_param.h"
#include "engine.h"
#include "kselftest.h"
#include "record/pool.h"
#include "zip.h"

/* in a process of its own: what is found out about algorithms stays so */
static bool apart(bool (*fn)(void))
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (!pid)
		exit(fn() ? 0 : 1);
	return waitpid(pid, &status, 0) == pid && status == 0;
}

/* an allocation that fails is not an algorithm that is missing */
static long alg_fails_at;
static bool alg_no_memory(void)
{
	shim_fail_after = alg_fails_at;
	return sheath_alg_init() == -ENOMEM;
}

static bool alg_memory(void)
{
	for (alg_fails_at = 0; apart(alg_no_memory); alg_fails_at++)
		;
	/* as many as there are */
	shim_fail_after = alg_fails_at;
	return alg_fails_at > 10 && !sheath_alg_init() && !shim_fail_after;
}

static bool alg_killed(void)
{
	shim_killed = true;
	return sheath_alg_init() == -EINTR;
}

static bool alg_missing(void)
{
	shim_alg_missing = "aes";
	if (sheath_alg_init())
		return false;
	shim_alg_missing = NULL;
	/* no mode of it was asked for */
	return !sheath_alg_exists("aes") && !sheath_alg_exists("gcm(aes)") &&
	       !sheath_alg_exists("no such thing") && sheath_alg_exists("gcm(sm4)") &&
	       sheath_alg_exists("cbc(aes)") && sheath_alg_exists(NULL) &&
	       sheath_alg_ready("aes", SHEATH_ALG_LOAD) == -ENOENT &&
	       !sheath_alg_ready(NULL, SHEATH_ALG_LOAD);
}

static bool alg_away(void)
{
	if (sheath_alg_init())
		return false;
	shim_alg_away = "gcm(aes)";
	if (sheath_alg_ready("gcm(aes)", SHEATH_ALG_LOAD) || shim_alg_away)
		return false;
	shim_alg_away = "gcm(aes)";
	if (sheath_alg_ready("gcm(aes)", SHEATH_ALG_DEFER) != -EAGAIN || !shim_work() ||
	    shim_alg_away || sheath_alg_ready("gcm(aes)", SHEATH_ALG_DEFER))
		return false;
	/* no memory now, and there after all, once the pause is over */
	shim_alg_away = "gcm(aes)";
	shim_fail_after = 0;
	if (sheath_alg_ready("gcm(aes)", SHEATH_ALG_LOAD) != -EAGAIN ||
	    sheath_alg_ready("gcm(aes)", SHEATH_ALG_LOAD) != -EAGAIN || shim_work())
		return false;
	jiffies += 10 * HZ;
	if (sheath_alg_ready("gcm(aes)", SHEATH_ALG_LOAD))
		return false;
	/* gone, but not for good */
	shim_alg_away = "gcm(aes)";
	shim_alg_missing = "gcm(aes)";
	if (sheath_alg_ready("gcm(aes)", SHEATH_ALG_LOAD) != -EAGAIN ||
	    !sheath_alg_exists("gcm(aes)"))
		return false;
	shim_alg_missing = NULL;
	jiffies += 10 * HZ;
	if (sheath_alg_ready("gcm(aes)", SHEATH_ALG_DEFER) != -EAGAIN || !shim_work() ||
	    sheath_alg_ready("gcm(aes)", SHEATH_ALG_DEFER))
		return false;
	/* who is killed waits for nothing, and takes nothing away */
	shim_alg_away = "gcm(aes)";
	shim_killed = true;
	if (sheath_alg_ready("gcm(aes)", SHEATH_ALG_LOAD) != -EINTR)
		return false;
	shim_killed = false;
	if (!sheath_alg_exists("gcm(aes)") || sheath_alg_ready("gcm(aes)", SHEATH_ALG_LOAD))
		return false;
	/* nothing is done for it behind sheath_alg_exit() */
	shim_alg_away = "gcm(camellia)";
	sheath_alg_ready("gcm(camellia)", SHEATH_ALG_DEFER);
	sheath_alg_exit();
	return !shim_work();
}

static void algs(void)
{
	ksft_test_result(apart(alg_memory), "algorithms, no memory to find out\n");
	ksft_test_result(apart(alg_killed), "algorithms, killed while finding out\n");
	ksft_test_result(apart(alg_missing), "algorithms that are missing\n");
	ksft_test_result(apart(alg_away), "algorithms that go\n");
}

static void pool_ring(void)
{
	struct page *page[70];
	bool ok = true;

	for (int i = 0; i < 70; i++) {
		page[i] = sheath_pool_get(GFP_KERNEL);
		ok &= page[i] && page_ref_count(page[i]) >= 1;
		memset(page_address(page[i]), i, SHEATH_PLAIN_MAX);
		for (int j = 0; j < i; j++)
			ok &= page[i] != page[j];
	}
	/* the first of them left the ring, which has 64; its last user frees it */
	ok &= page_ref_count(page[0]) == 1 && page_ref_count(page[69]) == 2 && shim_pages == 70;
	for (int i = 0; i < 70; i++)
		put_page(page[i]);
	ok &= shim_pages == 64;
	/* what is in the ring is used again, from its start */
	page[0] = sheath_pool_get(GFP_KERNEL);
	page[1] = sheath_pool_get(GFP_KERNEL);
	ok &= page[0] != page[1] && shim_pages == 64;
	put_page(page[0]);
	page[2] = sheath_pool_get(GFP_KERNEL);
	ok &= page[2] == page[0] && shim_pages == 64;
	put_page(page[1]);
	put_page(page[2]);
	ksft_test_result(ok, "a ring of pages\n");
}

/* pages of the reserves do not stay */
static void pool_reserves(void)
{
	struct page *page, *held[64];
	bool ok;

	for (int i = 0; i < 64; i++)
		held[i] = sheath_pool_get(GFP_KERNEL);
	shim_pfmemalloc = true;
	page = sheath_pool_get(GFP_KERNEL);
	shim_pfmemalloc = false;
	ok = page && page_ref_count(page) == 1;
	put_page(page);
	shim_fail_after = 0;
	ok &= !sheath_pool_get(GFP_KERNEL);
	for (int i = 0; i < 64; i++)
		put_page(held[i]);
	ksft_test_result(ok, "pages of the reserves, and no pages\n");
}

/* payloads lie one behind the other and do not overlap */
static void pool_shared(void)
{
	static const u32 lens[] = { 1, 100, 5000, 12288, 64, 3000, 12288, 9000, 700, 12000, 1 };
	struct bio_vec bv[ARRAY_SIZE(lens)][2];
	int n[ARRAY_SIZE(lens)];
	unsigned int i;
	bool ok = true;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		u32 sum = 0;

		n[i] = sheath_pool_share(GFP_KERNEL, lens[i], bv[i]);
		ok &= n[i] == 1 || n[i] == 2;
		for (int j = 0; j < n[i]; j++) {
			sum += bv[i][j].bv_len;
			ok &= bv[i][j].bv_offset % 64 == 0 &&
			      bv[i][j].bv_offset + bv[i][j].bv_len <= SHEATH_PLAIN_MAX;
			memset((u8 *)page_address(bv[i][j].bv_page) + bv[i][j].bv_offset, i,
			       bv[i][j].bv_len);
		}
		ok &= sum == lens[i];
	}
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		for (int j = 0; j < n[i]; j++) {
			u8 *p = (u8 *)page_address(bv[i][j].bv_page) + bv[i][j].bv_offset;

			for (u32 k = 0; k < bv[i][j].bv_len; k++)
				ok &= p[k] == i;
			put_page(bv[i][j].bv_page);
		}
	}
	ksft_test_result(ok, "payloads that share a page\n");
}

/* half of a payload is none, and what was got is given back */
static void pool_shared_fails(void)
{
	struct page *held[70];
	struct bio_vec bv[2];
	unsigned int pages = 0;
	bool ok;
	int n;

	for (int i = 0; i < 70; i++)
		held[i] = sheath_pool_get(GFP_KERNEL);
	/* a buffer with 4096 bytes left, then one without */
	for (n = sheath_pool_share(GFP_KERNEL, 12288, bv); n >= 0;
	     n = sheath_pool_share(GFP_KERNEL, 5000, bv)) {
		while (n > 0)
			put_page(bv[--n].bv_page);
		pages = shim_pages;
		shim_fail_after = 0;
	}
	ok = n == -ENOMEM && shim_pages == pages;
	shim_fail_after = -1;
	for (int i = 0; i < 70; i++)
		put_page(held[i]);
	ksft_test_result(ok, "payloads that share a page, and no pages\n");
}

static bool pool_unload(void)
{
	shim_fail_after = 0;
	if (sheath_pool_init() != -ENOMEM || sheath_pool_init())
		return false;
	put_page(sheath_pool_get(GFP_KERNEL));
	sheath_pool_exit();
	return true;
}

static void lists(void)
{
	static struct sheath_sgl l;
	u8 in[SHEATH_SGL_MAX], out[SHEATH_SGL_MAX];
	bool ok = true;

	sheath_sgl_init(&l);
	for (int round = 0; round < 2; round++) {
		for (u8 i = 0; i < SHEATH_SGL_MAX; i++) {
			in[i] = i;
			ok &= sheath_sgl_add_buf(&l, &in[i], 1) && sheath_sgl_add_buf(&l, &in[i], 0);
		}
		ok &= !sheath_sgl_add_buf(&l, in, 1) && sheath_sgl_add_buf(&l, in, 0);
		sheath_sgl_end(&l);
		/* the first entry does not count */
		sheath_sgl_copy(&l, 2, out, 40);
		ok &= !memcmp(out, in + 3, 40);
		sheath_sgl_reset(&l);
	}
	ksft_test_result(ok, "lists\n");
}

/* a key that is good, and what is changed in it; 0 where it stays good */
struct wrong {
	int want;
	const char *what;
	struct st_key (*key)(void);
	void (*change)(struct sheath_key_params *p);
};

static struct st_key gcm13(void)
{
	return st_key(TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_128, 0, 1);
}

static struct st_key gcm12(void)
{
	return st_key(TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_128, 0, 1);
}

static struct st_key cbc12(void)
{
	return st_key_mac(TLS_1_2_VERSION, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA256, false, 0, 1);
}

static struct st_key cbc10(void)
{
	return st_key_mac(SHEATH_TLS_1_0_VERSION, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, false,
			  0, 1);
}

static struct st_key ssl3(void)
{
	return st_key_mac(SHEATH_SSL_3_0_VERSION, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, false,
			  0, 1);
}

static struct st_key null12(void)
{
	return st_key_mac(TLS_1_2_VERSION, SHEATH_CIPHER_NULL, SHEATH_MAC_SHA1, false, 0, 1);
}

static void to_secret(struct sheath_key_params *p)
{
	p->key_len = 0;
	p->iv_len = 0;
	p->secret.hash = SHEATH_HASH_SHA256;
	p->secret_len = 32;
}

static void deflated(struct sheath_key_params *p)
{
	p->compression = SHEATH_COMPRESSION_DEFLATE;
	p->history_len = 20;
}

#define CHANGE(name, ...) static void name(struct sheath_key_params *p) { __VA_ARGS__; }
CHANGE(none, (void)p)
CHANGE(version, p->version = 0x0305)
CHANGE(cipher, p->cipher = 12345)
CHANGE(older, p->version = SHEATH_TLS_1_1_VERSION)
CHANGE(newer, p->version = TLS_1_3_VERSION)
CHANGE(mac, p->mac = SHEATH_MAC_SHA1)
CHANGE(mac_len, p->mac_key_len = 20)
CHANGE(mac_none, p->mac = 0)
CHANGE(mac_long, p->mac_key_len = 64)
CHANGE(mac_33, p->mac_key_len = 33)
CHANGE(mac_old, p->mac = SHEATH_MAC_SHA256; p->mac_key_len = 32)
CHANGE(etm, p->etm = true)
CHANGE(truncated, p->truncated = true)
CHANGE(key_len, p->key_len = 15)
CHANGE(key_long, p->key_len = 33)
CHANGE(iv_len, p->iv_len = 11)
CHANGE(iv_none, p->iv_len = 0)
CHANGE(iv_salt, p->iv_len = 4)
CHANGE(iv_block, p->iv_len = 16)
CHANGE(iv_long, p->iv_len = 17)
CHANGE(hash, to_secret(p); p->secret.hash = SHEATH_HASH_SHA384; p->secret_len = 48)
CHANGE(hash_bad, to_secret(p); p->secret.hash = 9)
CHANGE(secret_len, to_secret(p); p->secret_len = 31)
CHANGE(secret_none, to_secret(p); p->secret_len = 0)
CHANGE(secret_long, to_secret(p); p->secret_len = 49)
CHANGE(secret_key, to_secret(p); p->key_len = 16)
CHANGE(history, p->history_len = 5)
CHANGE(history_none, deflated(p); p->history_len = 0)
CHANGE(history_long, deflated(p); p->history_len = 65)
CHANGE(compression, p->compression = 64)

static const struct wrong wrongs[] = {
	{ 0, "TLS 1.3", gcm13, none }, { 0, "TLS 1.2", gcm12, none }, { 0, "CBC", cbc12, none },
	{ 0, "TLS 1.0", cbc10, none }, { 0, "SSL 3.0", ssl3, none }, { 0, "no cipher", null12, none },
	{ 0, "a salt", gcm12, iv_salt }, { 0, "a secret", gcm13, to_secret },
	{ 0, "encrypt-then-MAC", cbc12, etm }, { 0, "MAC of 80 bits", cbc12, truncated },
	{ 0, "DEFLATE", cbc12, deflated }, { 0, "GCM and DEFLATE", gcm12, deflated },
	{ -EOPNOTSUPP, "no such version", gcm13, version },
	{ -EOPNOTSUPP, "no such cipher", gcm13, cipher },
	{ -EINVAL, "version too old", gcm12, older }, { -EINVAL, "version too new", cbc12, newer },
	{ -EINVAL, "MAC beside an AEAD", gcm12, mac },
	{ -EINVAL, "MAC key beside an AEAD", gcm12, mac_len },
	{ -EINVAL, "truncated AEAD", gcm12, truncated }, { -EINVAL, "AEAD, EtM", gcm12, etm },
	{ -EINVAL, "no MAC", cbc12, mac_none }, { -ERANGE, "MAC key too long", cbc12, mac_long },
	{ -EINVAL, "MAC key of another length", cbc12, mac_33 },
	{ -EINVAL, "MAC too new", cbc10, mac_old },
	{ -EINVAL, "SSL 3.0, EtM", ssl3, etm }, { -EINVAL, "SSL 3.0, MAC of 80 bits", ssl3, truncated },
	{ -EINVAL, "no cipher, EtM", null12, etm },
	{ -EINVAL, "key too short", gcm13, key_len }, { -ERANGE, "key too long", gcm13, key_long },
	{ -EINVAL, "IV too short", gcm13, iv_len }, { -EINVAL, "no IV", gcm13, iv_none },
	{ -EINVAL, "a salt in TLS 1.3", gcm13, iv_salt }, { -ERANGE, "IV too long", gcm13, iv_long },
	{ -EINVAL, "IV in TLS 1.2, CBC", cbc12, iv_block },
	{ -EINVAL, "no IV in TLS 1.0", cbc10, iv_none },
	{ -EINVAL, "another hash", gcm13, hash }, { -ERANGE, "no such hash", gcm13, hash_bad },
	{ -EINVAL, "secret too short", gcm13, secret_len },
	{ -EINVAL, "no secret", gcm13, secret_none },
	{ -ERANGE, "secret too long", gcm13, secret_long },
	{ -EINVAL, "secret and key", gcm13, secret_key },
	{ -EINVAL, "secret in TLS 1.2", gcm12, to_secret },
	{ -EINVAL, "history alone", cbc12, history },
	{ -EINVAL, "no history", cbc12, history_none },
	{ -ERANGE, "history too long", cbc12, history_long },
	{ -ERANGE, "another compression", cbc12, compression },
	{ -EINVAL, "DEFLATE in TLS 1.3", gcm13, deflated },
};

/* a reason is "attribute: what is wrong", as tools print it */
static bool is_reason(const char *msg)
{
	size_t len = msg ? strspn(msg, "abcdefghijklmnopqrstuvwxyz-, ") : 0;

	return len && !strncmp(msg + len, ": ", 2) && msg[len + 2];
}

/* refused, with a reason; or good, without one */
static bool judged(const struct sheath_key_set *set, int want)
{
	struct netlink_ext_ack extack = { };
	int rc = sheath_keys_judge(set, SHEATH_ALG_DEFER, &extack);

	if (rc == want && !extack.msg == !want && (!want || is_reason(extack.msg)) &&
	    sheath_keys_judge(set, SHEATH_ALG_DEFER, NULL) == want)
		return true;
	ksft_print_msg("%d, not %d: %s\n", rc, want, extack.msg ?: "no reason");
	return false;
}

static struct sheath_key_set set_of(const struct wrong *w)
{
	struct st_key k = w->key();
	struct sheath_key_set set = { .n_keys = 1, .key[0] = engine_params(&k, SHEATH_KEY_TX) };

	w->change(&set.key[0]);
	return set;
}

static void judge_keys(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(wrongs); i++) {
		struct sheath_key_set set = set_of(&wrongs[i]);

		ksft_test_result(judged(&set, wrongs[i].want), "key: %s\n", wrongs[i].what);
	}
}

/* what is unsafe is off */
static void judge_legacy(void)
{
	static const struct wrong w[] = { { 0, "", ssl3, none }, { 0, "", cbc12, truncated },
					  { 0, "", cbc12, deflated } };
	bool ok = true;

	for (int i = 0; i < SHEATH_LEGACY_MAX; i++) {
		struct sheath_key_set set = set_of(&w[i]);

		engine_legacy = ~(1u << i);
		ok &= judged(&set, -EACCES);
		engine_legacy = 1u << i;
		ok &= judged(&set, 0);
	}
	engine_legacy = ~0u;
	ksft_test_result(ok, "what is unsafe is off unless it is asked for\n");
}

static void judge_sets(void)
{
	static const struct wrong good = { 0, "", gcm13, none };
	struct sheath_key_set one = set_of(&good), two, set = { };
	bool ok = judged(&set, -EINVAL);

	two = one;
	two.n_keys = 2;
	two.key[1] = two.key[0];
	ok &= judged(&two, -EINVAL);
	two.key[1].flags = SHEATH_KEY_RX;
	ok &= judged(&two, 0);
	set = two;
	set.key[1].version = TLS_1_2_VERSION;
	ok &= judged(&set, -EINVAL);
	set = two;
	set.key[1].cipher = TLS_CIPHER_AES_CCM_128;
	ok &= judged(&set, -EINVAL);
	set = two;
	set.key[1].key_len = 1;
	ok &= judged(&set, -EINVAL);
	for (u32 limit = 1; limit < 20000; limit += limit < 70 ? 1 : 3263) {
		one.tx_limit = limit;
		ok &= judged(&one, limit < 63 || limit > 16384 ? -ERANGE : 0);
	}
	one.tx_limit = 16384;
	ok &= judged(&one, 0);
	one.peer.role = 3;
	ok &= judged(&one, -ERANGE);
	one.peer.role = 2;
	one.peer.suite = 0x10000;
	ok &= judged(&one, -ERANGE);
	one.peer.suite = 0;
	one.peer.group = 0x10000;
	ok &= judged(&one, -ERANGE);
	ksft_test_result(ok, "keys of both directions, and what else is told\n");
}

static void judge_algs(void)
{
	static const struct wrong good = { 0, "", gcm13, none };
	struct sheath_key_set set = set_of(&good);
	bool ok;

	shim_alg_away = "gcm(aes)";
	ok = judged(&set, -EAGAIN) && shim_work() && judged(&set, 0);
	shim_alg_away = "gcm(aes)";
	ok &= !sheath_keys_judge(&set, SHEATH_ALG_LOAD, NULL);
	shim_alg_away = "gcm(aes)";
	shim_alg_missing = "gcm(aes)";
	ok &= sheath_keys_judge(&set, SHEATH_ALG_LOAD, NULL) == -EAGAIN && judged(&set, -EAGAIN);
	shim_alg_missing = NULL;
	jiffies += 10 * HZ;
	shim_killed = true;
	ok &= sheath_keys_judge(&set, SHEATH_ALG_LOAD, NULL) == -EINTR;
	shim_killed = false;
	ok &= !sheath_keys_judge(&set, SHEATH_ALG_LOAD, NULL);
	ksft_test_result(ok, "keys for ciphers that go\n");
}

static bool flags(u32 in, int want, u32 update)
{
	struct sheath_key_params p = { };
	struct netlink_ext_ack extack = { };
	int rc = sheath_key_flags(&p, in, &extack);

	return rc == want && !extack.msg == !want && (!want || is_reason(extack.msg)) &&
	       (rc || (p.update == update && p.etm == !!(in & SHEATH_KEY_ENCRYPT_THEN_MAC) &&
		       p.truncated == !!(in & SHEATH_KEY_TRUNCATED_HMAC)));
}

static void judge_flags(void)
{
	ksft_test_result(flags(SHEATH_KEY_TX, 0, 0) && flags(SHEATH_KEY_RX, 0, 0) &&
			 flags(SHEATH_KEY_TX | SHEATH_KEY_SEND_KEY_UPDATE, 0, 1) &&
			 flags(SHEATH_KEY_TX | SHEATH_KEY_SEND_KEY_UPDATE |
			       SHEATH_KEY_REQUEST_PEER, 0, 2) &&
			 flags(SHEATH_KEY_TX | SHEATH_KEY_ENCRYPT_THEN_MAC, 0, 0) &&
			 flags(SHEATH_KEY_TX | SHEATH_KEY_TRUNCATED_HMAC, 0, 0) &&
			 flags(SHEATH_KEY_TX | SHEATH_KEY_REQUEST_PEER, -EINVAL, 0) &&
			 flags(SHEATH_KEY_TX | SHEATH_KEY_RX, -EINVAL, 0) &&
			 flags(0, -EINVAL, 0) && flags(SHEATH_KEY_TX | 1u << 31, -EINVAL, 0),
			 "flags of a key\n");
}

int main(void)
{
	ksft_print_header();
	ksft_set_plan(4 + 1 + 4 + 1 + ARRAY_SIZE(wrongs) + 4 + 1);
	algs();
	ksft_test_result(apart(pool_unload), "a pool that is made and goes\n");
	engine_load();
	pool_ring();
	pool_reserves();
	pool_shared();
	pool_shared_fails();
	lists();
	judge_keys();
	judge_legacy();
	judge_sets();
	judge_flags();
	judge_algs();
	engine_unload();
	ksft_test_result(!shim_pages, "no page is left\n");
	ksft_finished();
}
