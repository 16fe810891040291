// SPDX-License-Identifier: GPL-2.0
/* Suites in-tree TLS has not: data both ways, the other end makes records in user space. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "peer.h"
#include "zip.h"

enum { ALERT = 21, HANDSHAKE = 22, DATA = 23 };

#define V3	SHEATH_SSL_3_0_VERSION
#define V10	SHEATH_TLS_1_0_VERSION
#define V11	SHEATH_TLS_1_1_VERSION
#define V12	TLS_1_2_VERSION
#define V13	TLS_1_3_VERSION
#define FULL	16384
/* room is left for what cannot be compressed, and for that twice */
#define DEFLATE_MAX	(FULL - 128)

static const uint8_t close_notify[] = { 1, 0 };

FIXTURE(suite) { struct st_peer p; };
FIXTURE_VARIANT(suite) { uint16_t version, cipher; uint8_t mac; bool etm, truncated, deflate; };

#define SUITE(name, ...) FIXTURE_VARIANT_ADD(suite, name) { __VA_ARGS__ }
#define BOTH(name, v, c, m)				\
	SUITE(name##_mte, v, SHEATH_CIPHER_##c, SHEATH_MAC_##m, false);	\
	SUITE(name##_etm, v, SHEATH_CIPHER_##c, SHEATH_MAC_##m, true)
#define OLD(name, c)					\
	BOTH(tls10_##name##_sha1, V10, c, SHA1);	\
	BOTH(tls11_##name##_sha1, V11, c, SHA1);	\
	BOTH(tls12_##name##_sha1, V12, c, SHA1)
#define SHA2(name, c)					\
	BOTH(tls12_##name##_sha256, V12, c, SHA256);	\
	BOTH(tls12_##name##_sha384, V12, c, SHA384)

OLD(aes128, AES_128_CBC);
SHA2(aes128, AES_128_CBC);
OLD(aes256, AES_256_CBC);
SHA2(aes256, AES_256_CBC);
OLD(camellia128, CAMELLIA_128_CBC);
SHA2(camellia128, CAMELLIA_128_CBC);
OLD(camellia256, CAMELLIA_256_CBC);
SHA2(camellia256, CAMELLIA_256_CBC);
OLD(des3, DES_EDE3_CBC);
SUITE(tls10_null_sha1, V10, SHEATH_CIPHER_NULL, SHEATH_MAC_SHA1);
SUITE(tls11_null_sha1, V11, SHEATH_CIPHER_NULL, SHEATH_MAC_SHA1);
SUITE(tls12_null_sha1, V12, SHEATH_CIPHER_NULL, SHEATH_MAC_SHA1);
SUITE(tls12_null_sha256, V12, SHEATH_CIPHER_NULL, SHEATH_MAC_SHA256);
SUITE(tls12_null_sha384, V12, SHEATH_CIPHER_NULL, SHEATH_MAC_SHA384);
SUITE(ssl3_aes128, V3, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1);
SUITE(ssl3_aes256, V3, SHEATH_CIPHER_AES_256_CBC, SHEATH_MAC_SHA1);
SUITE(ssl3_des3, V3, SHEATH_CIPHER_DES_EDE3_CBC, SHEATH_MAC_SHA1);
SUITE(ssl3_null, V3, SHEATH_CIPHER_NULL, SHEATH_MAC_SHA1);
SUITE(tls10_truncated, V10, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, false, true);
SUITE(tls12_truncated_mte, V12, SHEATH_CIPHER_AES_256_CBC, SHEATH_MAC_SHA256, false, true);
SUITE(tls12_truncated_etm, V12, SHEATH_CIPHER_AES_256_CBC, SHEATH_MAC_SHA384, true, true);
SUITE(tls12_truncated_null, V12, SHEATH_CIPHER_NULL, SHEATH_MAC_SHA1, false, true);
SUITE(tls12_aes256ccm, V12, SHEATH_CIPHER_AES_256_CCM);
SUITE(tls12_aes128ccm8, V12, SHEATH_CIPHER_AES_128_CCM_8);
SUITE(tls12_aes256ccm8, V12, SHEATH_CIPHER_AES_256_CCM_8);
SUITE(tls13_aes128ccm8, V13, SHEATH_CIPHER_AES_128_CCM_8);
SUITE(ssl3_deflate, V3, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, .deflate = true);
SUITE(tls10_deflate, V10, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, .deflate = true);
SUITE(tls10_deflate_null, V10, SHEATH_CIPHER_NULL, SHEATH_MAC_SHA1, .deflate = true);
SUITE(tls11_deflate_etm, V11, SHEATH_CIPHER_DES_EDE3_CBC, SHEATH_MAC_SHA1, true, .deflate = true);
SUITE(tls12_deflate_mte, V12, SHEATH_CIPHER_AES_256_CBC, SHEATH_MAC_SHA384, .deflate = true);
SUITE(tls12_deflate_aead, V12, TLS_CIPHER_AES_GCM_128, .deflate = true);
SUITE(tls12_deflate_chacha, V12, TLS_CIPHER_CHACHA20_POLY1305, .deflate = true);

static struct st_key make_key(const FIXTURE_VARIANT(suite) *v, uint64_t seq, unsigned int seed)
{
	struct st_key k = st_key_mac(v->version, v->cipher, v->mac, v->etm, seq, seed);

	k.truncated = v->truncated;
	k.zip = v->deflate ? st_zip_new(15) : NULL;
	return k;
}

FIXTURE_SETUP(suite)
{
	struct st_key to = make_key(variant, 0, 1), from = make_key(variant, 0, 2);

	ASSERT_EQ(0, st_param("legacy", "ssl3,truncated-hmac,deflate"));
	ASSERT_EQ(0, st_peer_open_keys(&self->p, &to, &from));
}

FIXTURE_TEARDOWN(suite)
{
	st_param("legacy", "\n");
	st_peer_close(&self->p);
}

/* 1/n-1 splitting: RFC 4346 appendix F.3 has the reason */
static bool splits(uint16_t version, uint16_t cipher)
{
	return version <= V10 && cipher != SHEATH_CIPHER_NULL;
}

/* what comes off the wire until @len bytes of data have; the lengths of the records */
static int take(struct st_peer *p, size_t len, uint64_t pos, int *sizes, int max)
{
	uint8_t out[ST_RECORD_MAX], type;
	int n = 0, got;

	while (len) {
		got = st_recv_record(p->raw, &p->from, &type, out);
		if (got < 0 || type != DATA || got > (int)len || !st_check(out, got, pos))
			return -1;
		if (n < max)
			sizes[n] = got;
		n++;
		len -= got;
		pos += got;
	}
	return n;
}

static const size_t sizes[] = { 1, 2, 11, 12, 15, 16, 17, 31, 32, 255, 256, 2047, 2048, 2049,
				4096, FULL - 1, FULL };

TEST_F(suite, sends)
{
	static char buf[FULL];
	bool split = splits(variant->version, variant->cipher);
	unsigned int i;
	int got[4], n;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		st_fill(buf, sizes[i], i);
		ASSERT_EQ(sizes[i], send(self->p.fd, buf, sizes[i], 0));
		n = variant->deflate && sizes[i] > DEFLATE_MAX ? 2 : 1;
		ASSERT_EQ(split && sizes[i] > 1 ? 2 * n : n, take(&self->p, sizes[i], i, got, 4));
		if (split)
			EXPECT_EQ(1, got[0]);
	}
}

TEST_F(suite, receives)
{
	static char buf[FULL];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		st_fill(buf, sizes[i], i);
		ASSERT_EQ(0, st_peer_send(&self->p, DATA, buf, sizes[i]));
		memset(buf, 0, sizeof(buf));
		ASSERT_EQ(sizes[i], recv(self->p.fd, buf, sizes[i], MSG_PEEK | MSG_WAITALL));
		ASSERT_EQ(sizes[i], recv(self->p.fd, buf, sizes[i], MSG_WAITALL));
		EXPECT_TRUE(st_check(buf, sizes[i], i));
	}
}

/* an empty record is no end, whatever is around it (OpenSSL once sent such against BEAST) */
TEST_F(suite, receives_empty)
{
	char buf[8];

	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "", 0));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "", 0));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "def", 3));
	EXPECT_EQ(6, recv(self->p.fd, buf, 6, MSG_WAITALL));
	EXPECT_EQ(0, memcmp(buf, "abcdef", 6));
}

struct taker {
	struct st_peer *p;
	size_t len;
	int records;
};

static void *run_take(void *arg)
{
	struct taker *t = arg;

	t->records = take(t->p, t->len, 0, NULL, 0);
	return NULL;
}

/* sendfile() and splice(): many records in one call, payload from the page cache */
TEST_F(suite, sends_file)
{
	enum { LEN = 5 * FULL + 777 };
	struct taker t = { .p = &self->p, .len = LEN };
	char path[] = "/tmp/suite.XXXXXX", *buf = malloc(LEN);
	int file = mkstemp(path);
	pthread_t thread;
	off_t off = 0;

	ASSERT_LE(0, file);
	unlink(path);
	st_fill(buf, LEN, 0);
	ASSERT_EQ(LEN, write(file, buf, LEN));
	ASSERT_EQ(0, pthread_create(&thread, NULL, run_take, &t));
	while (off < LEN)
		ASSERT_LT(0, sendfile(self->p.fd, file, &off, LEN - off));
	pthread_join(thread, NULL);
	EXPECT_EQ(6 * (splits(variant->version, variant->cipher) ? 2 : 1), t.records);
	free(buf);
	close(file);
}

TEST_F(suite, receives_splice)
{
	static char buf[FULL];
	size_t got = 0;
	int fd[2];

	ASSERT_EQ(0, pipe(fd));
	st_fill(buf, FULL, 7);
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, buf, FULL));
	memset(buf, 0, sizeof(buf));
	while (got < FULL) {
		ssize_t n = splice(self->p.fd, NULL, fd[1], NULL, FULL - got, 0);

		ASSERT_LT(0, n);
		ASSERT_EQ(n, read(fd[0], buf + got, n));
		got += n;
	}
	EXPECT_TRUE(st_check(buf, FULL, 7));
	close(fd[0]);
	close(fd[1]);
}

TEST_F(suite, more)
{
	bool split = splits(variant->version, variant->cipher);
	int got[4];
	char buf[6];

	st_fill(buf, 6, 0);
	ASSERT_EQ(2, send(self->p.fd, buf, 2, MSG_MORE));
	ASSERT_EQ(3, send(self->p.fd, buf + 2, 3, MSG_MORE));
	ASSERT_EQ(1, send(self->p.fd, buf + 5, 1, 0));
	EXPECT_EQ(split ? 2 : 1, take(&self->p, 6, 0, got, 4));
	EXPECT_EQ(split ? 5 : 6, got[split]);
}

/* only data is split, and both ends of the stream have their close_notify */
TEST_F(suite, close)
{
	char c;

	ASSERT_EQ(0, shutdown(self->p.fd, SHUT_WR));
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, close_notify, 2));
	EXPECT_TRUE(st_peer_ended(&self->p));
	ASSERT_EQ(0, st_peer_send(&self->p, ALERT, close_notify, 2));
	EXPECT_EQ(0, recv(self->p.fd, &c, 1, 0));
}

TEST_F(suite, numbers_go_on)
{
	struct st_key to = make_key(variant, 0x123456789, 1);
	struct st_key from = make_key(variant, 0x987654321, 2);
	char buf[4];
	int i;

	st_peer_close(&self->p);
	ASSERT_EQ(0, st_peer_open_keys(&self->p, &to, &from));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(1, send(self->p.fd, "a", 1, 0));
		EXPECT_TRUE(st_peer_expect(&self->p, DATA, "a", 1));
		ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
		EXPECT_EQ(3, recv(self->p.fd, buf, 4, 0));
	}
}

TEST_HARNESS_MAIN
