// SPDX-License-Identifier: GPL-2.0
/* Record arithmetic, built in user space under sanitizers. */
#include <stdlib.h>
#include <string.h>

#include "record/framing.h"
#include "kselftest.h"

static void header(void)
{
	static const u8 wire[] = { 23, 3, 3, 0x40, 0x11 };
	struct sheath_header h;
	u8 out[SHEATH_HEADER_LEN];

	sheath_framing_get_header(wire, &h);
	sheath_framing_put_header(out, &h);
	ksft_test_result(h.type == 23 && h.version == 0x0303 && h.len == 16401 &&
			 !memcmp(wire, out, sizeof(wire)), "header\n");
}

/* nothing is judged here, so every value has to come back */
static void header_round_trip(void)
{
	static const u16 versions[] = { 0, 0x0301, 0x0303, 0x0304, 0xff00, 0xffff };
	bool ok = true;

	for (u32 len = 0; len <= 0xffff; len++) {
		struct sheath_header in = { .type = len ^ len >> 8, .len = len,
					    .version = versions[len % 6] }, h;
		u8 *wire = malloc(SHEATH_HEADER_LEN);

		sheath_framing_put_header(wire, &in);
		sheath_framing_get_header(wire, &h);
		ok &= h.type == in.type && h.version == in.version && h.len == len;
		free(wire);
	}
	ksft_test_result(ok, "header of every length, back again\n");
}

static void numbers(void)
{
	static const u8 wire[] = { 1, 2, 3, 4, 5, 6, 7, 0xf8 };
	u8 out[8];

	sheath_framing_put_u64(out, 0x01020304050607f8ull);
	ksft_test_result(!memcmp(out, wire, 8) &&
			 sheath_framing_get_u64(wire) == 0x01020304050607f8ull, "64-bit numbers\n");
}

static void number_bits(void)
{
	u8 out[8];
	bool ok = true;

	for (int bit = 0; bit < 64; bit++) {
		sheath_framing_put_u64(out, 1ull << bit);
		for (int i = 0; i < 8; i++)
			ok &= out[i] == (i == 7 - bit / 8 ? 1 << bit % 8 : 0);
		ok &= sheath_framing_get_u64(out) == 1ull << bit;
	}
	ksft_test_result(ok, "every bit of a 64-bit number\n");
}

static void aad12(void)
{
	/* RFC 5246 section 6.2.3.3: seq_num + type + version + length */
	static const u8 want[] = { 0, 0, 0, 1, 0, 0, 0, 2, 22, 3, 3, 0x12, 0x34 };
	struct sheath_header h = { .type = 22, .version = 0x0303, .len = 0x1234 };
	u8 aad[SHEATH_AAD12_LEN];

	sheath_framing_aad12(aad, 0x100000002ull, &h);
	ksft_test_result(!memcmp(aad, want, sizeof(want)), "additional data of TLS 1.2\n");
}

static void nonce(void)
{
	/* the IV of RFC 8448 section 3, server application traffic; number 1 changes the last bit */
	static const u8 iv[] = { 0xcf, 0x78, 0x2b, 0x88, 0xdd, 0x83, 0x54, 0x9a, 0xad, 0xf1, 0xe9, 0x84 };
	static const u8 one[] = { 0xcf, 0x78, 0x2b, 0x88, 0xdd, 0x83, 0x54, 0x9a, 0xad, 0xf1, 0xe9, 0x85 };
	u8 out[SHEATH_NONCE_LEN];
	bool ok;

	sheath_framing_nonce_xor(out, iv, 0);
	ok = !memcmp(out, iv, sizeof(iv));
	sheath_framing_nonce_xor(out, iv, 1);
	ok &= !memcmp(out, one, sizeof(one));
	/* the 64 bits of the number meet the last 8 bytes and leave the first 4 alone */
	sheath_framing_nonce_xor(out, iv, ~0ull);
	for (int i = 0; i < SHEATH_NONCE_LEN; i++)
		ok &= out[i] == (u8)(i < 4 ? iv[i] : ~iv[i]);
	ksft_test_result(ok, "nonces from a static IV\n");
}

/* RFC 8446 section 5.3 to the letter: a number of 96 bits, padded to the left with zeros */
static void nonce_arithmetic(void)
{
	u8 iv[SHEATH_NONCE_LEN], out[SHEATH_NONCE_LEN];
	unsigned __int128 want;
	u64 seq = 1;
	bool ok = true;

	srandom(1);
	for (int round = 0; round < 1000; round++) {
		seq = seq * 6364136223846793005ull + 1442695040888963407ull;
		want = 0;
		for (int i = 0; i < SHEATH_NONCE_LEN; i++) {
			iv[i] = random();
			want = want << 8 | iv[i];
		}
		want ^= seq;
		sheath_framing_nonce_xor(out, iv, seq);
		for (int i = SHEATH_NONCE_LEN - 1; i >= 0; i--, want >>= 8)
			ok &= out[i] == (u8)want;
	}
	ksft_test_result(ok, "nonces as 96-bit numbers\n");
}

/* every position of the type in every length, in memory that ends where the record does */
static void unpad(void)
{
	bool ok = sheath_framing_unpad(NULL, 0) == -1;

	for (size_t len = 1; len < 70; len++) {
		u8 *p = calloc(1, len);

		ok &= sheath_framing_unpad(p, len) == -1;
		for (size_t pos = 0; pos < len; pos++) {
			p[pos] = 23;
			ok &= sheath_framing_unpad(p, len) == (long)pos;
			/* what stands before the type does not matter, zero or not */
		}
		free(p);
	}
	ksft_test_result(ok, "padding\n");
}

/* zeros are content too when they stand before the type */
static void unpad_zeros_before(void)
{
	bool ok = true;

	for (size_t pos = 0; pos < 70; pos++) {
		for (int type = 1; type < 256; type += 127) {
			u8 *p = calloc(1, 70);

			p[pos] = type;
			ok &= sheath_framing_unpad(p, 70) == (long)pos;
			free(p);
		}
	}
	ksft_test_result(ok, "content of zeros\n");
}

#define N_MESSAGES 6

/* empty messages alone, in a row and at the end */
static const u8 stream[] = { 4, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0, 0, 5, 0, 0, 0,
			     24, 0, 0, 1, 1, 4, 0, 0, 3, 7, 8, 9, 20, 0, 0, 0 };

/* @n: messages that began so far; is @p what the stream goes on with? */
static bool step_through(struct sheath_handshake_parser *hs, const u8 *p, size_t len, size_t *n)
{
	static const u8 types[N_MESSAGES] = { 4, 0, 5, 24, 4, 20 };
	static const u32 lens[N_MESSAGES] = { 9, 0, 0, 1, 3, 0 };
	size_t at = 0;

	while (at < len) {
		bool begins;
		size_t used = sheath_framing_handshake(hs, p + at, len - at, &begins);

		if (!used || used > len - at)
			return false;
		at += used;
		if (!begins)
			continue;
		if (*n == N_MESSAGES || hs->head[0] != types[*n] || hs->left != lens[*n])
			return false;
		(*n)++;
	}
	return true;
}

/* each piece in memory of its own, so that a look past its end is noticed */
static bool parse(const size_t *ends, size_t n_ends)
{
	struct sheath_handshake_parser hs = { 0 };
	size_t at = 0, n = 0;
	bool ok = true;

	for (size_t i = 0; i < n_ends; at = ends[i++]) {
		u8 *p = malloc(ends[i] - at);

		memcpy(p, stream + at, ends[i] - at);
		ok &= step_through(&hs, p, ends[i] - at, &n);
		free(p);
	}
	return ok && n == N_MESSAGES && !hs.n_head && !hs.left;
}

static void handshake(void)
{
	bool ok = true;

	for (size_t a = 0; a <= sizeof(stream); a++) {
		for (size_t b = a; b <= sizeof(stream); b++)
			ok &= parse((size_t []){ a, b, sizeof(stream) }, 3);
	}
	ksft_test_result(ok, "handshake messages, cut anywhere twice\n");
}

static void handshake_sizes(void)
{
	size_t ends[sizeof(stream)];
	bool ok = true;

	for (size_t size = 1; size <= sizeof(stream); size++) {
		size_t n = 0;

		for (size_t at = size; at < sizeof(stream); at += size)
			ends[n++] = at;
		ends[n++] = sizeof(stream);
		ok &= parse(ends, n);
	}
	ksft_test_result(ok, "handshake messages in pieces of every size\n");
}

/* lengths have 24 bits, and the body is not looked at */
static void handshake_long(void)
{
	static const u8 head[] = { 11, 0xff, 0xff, 0xff };
	struct sheath_handshake_parser hs = { 0 };
	u8 body[4096] = { 0 };
	u32 left = 0xffffff;
	bool begins, ok;

	ok = sheath_framing_handshake(&hs, head, 4, &begins) == 4 && begins && hs.left == left;
	while (ok && left) {
		u32 n = left < sizeof(body) ? left : sizeof(body);

		ok = sheath_framing_handshake(&hs, body, sizeof(body), &begins) == n && !begins;
		left -= n;
		ok &= hs.left == left;
	}
	ksft_test_result(ok && !hs.n_head, "the longest handshake message\n");
}

int main(void)
{
	ksft_print_header();
	ksft_set_plan(12);
	header();
	header_round_trip();
	numbers();
	number_bits();
	aad12();
	nonce();
	nonce_arithmetic();
	unpad();
	unpad_zeros_before();
	handshake();
	handshake_sizes();
	handshake_long();
	ksft_finished();
}
