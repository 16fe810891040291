// SPDX-License-Identifier: GPL-2.0
/* Record arithmetic, built in user space under sanitizers. */
#include <stdlib.h>
#include <string.h>

#include "framing.h"
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

static void numbers(void)
{
	static const u8 wire[] = { 1, 2, 3, 4, 5, 6, 7, 0xf8 };
	u8 out[8];

	sheath_framing_put_u64(out, 0x01020304050607f8ull);
	ksft_test_result(!memcmp(out, wire, 8) &&
			 sheath_framing_get_u64(wire) == 0x01020304050607f8ull, "64-bit numbers\n");
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

#define N_MESSAGES 4

/* run the stream in pieces cut at @a and @b; the types and lengths that begin */
static bool parse(const u8 *p, size_t len, size_t a, size_t b)
{
	static const u8 types[N_MESSAGES] = { 4, 0, 24, 4 };
	static const u32 lens[N_MESSAGES] = { 9, 0, 1, 3 };
	size_t ends[] = { a, b, len }, at = 0, n = 0;
	struct sheath_handshake_parser hs = { 0 };

	for (int piece = 0; piece < 3; piece++) {
		while (at < ends[piece]) {
			bool begins;
			size_t used = sheath_framing_handshake(&hs, p + at, ends[piece] - at, &begins);

			if (!used || used > ends[piece] - at)
				return false;
			at += used;
			if (!begins)
				continue;
			if (n == N_MESSAGES || hs.head[0] != types[n] || hs.left != lens[n])
				return false;
			n++;
		}
	}
	return n == N_MESSAGES && !hs.n_head && !hs.left;
}

static void handshake(void)
{
	static const u8 stream[] = { 4, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0, 0,
				     24, 0, 0, 1, 1, 4, 0, 0, 3, 7, 8, 9 };
	bool ok = true;

	for (size_t a = 0; a <= sizeof(stream); a++) {
		for (size_t b = a; b <= sizeof(stream); b++)
			ok &= parse(stream, sizeof(stream), a, b);
	}
	ksft_test_result(ok, "handshake messages, cut anywhere twice\n");
}

int main(void)
{
	ksft_print_header();
	ksft_set_plan(6);
	header();
	numbers();
	aad12();
	nonce();
	unpad();
	handshake();
	ksft_finished();
}
