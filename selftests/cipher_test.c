// SPDX-License-Identifier: GPL-2.0
/*
 * Ciphers and MACs that fail, or that another thread does the work of: the module kcrypt has
 * them. A record that could not be opened for want of memory is opened by the next reader; a
 * record that could not be sealed is the end, and not a byte of it is on the wire. The other end
 * makes and reads records in user space.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "ksock/kcrypt.h"
#include "patience.h"
#include "peer.h"
#include "stream.h"

enum { ALERT = 21, DATA = 23 };

#define V12	TLS_1_2_VERSION
#define V13	TLS_1_3_VERSION
#define FULL	16384
#define CANARY	0xa5
#define INTERNAL_ERROR	80
#define BAD_RECORD_MAC	20

FIXTURE(cipher)
{
	struct st_peer p;
	int c;
	int pipe[2];
	uint8_t buf[4 * FULL];
	uint8_t data[4 * FULL];
};

FIXTURE_VARIANT(cipher) { uint16_t version, cipher; uint8_t mac; bool etm; };
FIXTURE_VARIANT_ADD(cipher, gcm12) { V12, TLS_CIPHER_AES_GCM_128 };
FIXTURE_VARIANT_ADD(cipher, gcm13) { V13, TLS_CIPHER_AES_GCM_256 };
FIXTURE_VARIANT_ADD(cipher, chacha13) { V13, TLS_CIPHER_CHACHA20_POLY1305 };
FIXTURE_VARIANT_ADD(cipher, mte12) { V12, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA256 };
FIXTURE_VARIANT_ADD(cipher, etm12) { V12, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, true };
/* the IV of a record is the end of the one before */
FIXTURE_VARIANT_ADD(cipher, mte10) {
	SHEATH_TLS_1_0_VERSION, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1
};
FIXTURE_VARIANT_ADD(cipher, etm10) {
	SHEATH_TLS_1_0_VERSION, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, true
};

FIXTURE_SETUP(cipher)
{
	struct st_key to = st_key_mac(variant->version, variant->cipher, variant->mac,
				      variant->etm, 0, 1);
	struct st_key from = st_key_mac(variant->version, variant->cipher, variant->mac,
					variant->etm, 0, 2);

	self->c = open(KCRYPT_PATH, O_RDWR);
	if (self->c < 0)
		SKIP(return, "no module kcrypt");
	ASSERT_EQ(0, ioctl(self->c, KCRYPT_ADD));
	ASSERT_EQ(0, st_peer_open_keys(&self->p, &to, &from));
	ASSERT_EQ(0, st_be_patient(self->p.raw, 5000));
	ASSERT_EQ(0, st_be_patient(self->p.fd, 5000));
	ASSERT_EQ(0, pipe2(self->pipe, O_NONBLOCK));
	st_fill(self->data, sizeof(self->data), 0);
}

FIXTURE_TEARDOWN(cipher)
{
	st_peer_close(&self->p);
	close(self->pipe[0]);
	close(self->pipe[1]);
	/* the last key of a socket may go a moment after it */
	EXPECT_TRUE(ST_COMES_TRUE(!ioctl(self->c, KCRYPT_DEL)));
	close(self->c);
}

static int fail(int c, enum kcrypt_op op, enum kcrypt_how how, unsigned int nth,
		unsigned int times, int err)
{
	struct kcrypt_fault f = { .op = op, .how = how, .nth = nth, .times = times, .error = err };

	return ioctl(c, KCRYPT_FAULT, &f);
}

static int hits(int c)
{
	uint32_t n;

	return ioctl(c, KCRYPT_HITS, &n) ? -1 : (int)n;
}

/* are @n bytes as they were before the call, or cleared? */
static bool shows_nothing(const uint8_t *buf, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (buf[i] && buf[i] != CANARY)
			return false;
	}
	return true;
}

/* ---------------------------------------------------------------- opening */

/* ways to read a record, @len bytes of room; bytes in @buf, or -1 */

static ssize_t by_recv(FIXTURE_DATA(cipher) *self, size_t len)
{
	return recv(self->p.fd, self->buf, len, MSG_DONTWAIT);
}

static ssize_t by_peek(FIXTURE_DATA(cipher) *self, size_t len)
{
	return recv(self->p.fd, self->buf, len, MSG_DONTWAIT | MSG_PEEK);
}

static ssize_t by_splice(FIXTURE_DATA(cipher) *self, size_t len)
{
	ssize_t n = splice(self->p.fd, NULL, self->pipe[1], NULL, len, SPLICE_F_NONBLOCK);

	return n > 0 ? read(self->pipe[0], self->buf, n) : n;
}

static const struct {
	const char *name;
	ssize_t (*fn)(FIXTURE_DATA(cipher) *self, size_t len);
	size_t room;
	bool peeks;
} readings[] = {
	/* into the reader's pages, where the suite allows for it */
	{ "direct", by_recv, 2 * FULL },
	{ "queued", by_recv, 1000 },
	{ "peek", by_peek, 2 * FULL, true },
	{ "splice", by_splice, FULL },
};

static const struct {
	enum kcrypt_op op;
	enum kcrypt_how how;
	bool macs;
} no_memory[] = {
	{ KCRYPT_DECRYPT, KCRYPT_BEFORE },
	{ KCRYPT_DECRYPT, KCRYPT_AFTER },
	{ KCRYPT_DECRYPT, KCRYPT_DEFER },
	{ KCRYPT_MAC, KCRYPT_BEFORE, true },
	{ KCRYPT_MAC, KCRYPT_AFTER, true },
};

static bool makes_sense(const FIXTURE_VARIANT(cipher) *variant, unsigned int i)
{
	/* what is behind secret padding is hashed by the bare hash, and not by an HMAC */
	return !no_memory[i].macs || variant->etm;
}

TEST_F(cipher, no_memory_to_open)
{
	unsigned int r, i, j;
	uint64_t pos = 0;
	ssize_t n;

	for (r = 0; r < ARRAY_SIZE(readings); r++) {
		for (i = 0; i < ARRAY_SIZE(no_memory); i++) {
			long long failed = st_stat("CipherFailed");

			if (!makes_sense(variant, i))
				continue;
			st_fill(self->data, FULL, pos);
			ASSERT_EQ(0, st_peer_send(&self->p, DATA, self->data, FULL));
			ASSERT_NE(0, st_poll(self->p.fd, POLLIN, 5000));
			ASSERT_EQ(0, fail(self->c, no_memory[i].op, no_memory[i].how, 1, 2, ENOMEM));
			for (j = 1; j <= 2; j++) {
				memset(self->buf, CANARY, sizeof(self->buf));
				n = readings[r].fn(self, readings[r].room);
				ASSERT_TRUE(n < 0 && errno == ENOMEM) {
					TH_LOG("%s, %u: %zd, %s", readings[r].name, i, n,
					       strerror(errno));
				}
				EXPECT_EQ((int)j, hits(self->c));
				EXPECT_TRUE(shows_nothing(self->buf, sizeof(self->buf)));
				/* it is still there, and worth coming for */
				EXPECT_NE(0, st_poll(self->p.fd, POLLIN, 0));
			}
			EXPECT_EQ(failed + 2, st_stat("CipherFailed"));
			n = readings[r].fn(self, readings[r].room);
			ASSERT_LT(0, n);
			EXPECT_TRUE(st_check(self->buf, n, pos));
			n = readings[r].peeks ? 0 : n;
			ASSERT_EQ(0, st_expect(self->p.fd, pos + n, FULL - n, FULL));
			pos += FULL;
		}
	}
	/* and the other direction never heard of it */
	ASSERT_EQ(1, send(self->p.fd, "x", 1, 0));
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, "x", 1));
}

/* what came before counts, and is told first */
TEST_F(cipher, no_memory_to_open_the_second)
{
	ssize_t n;

	ASSERT_EQ(0, st_peer_send(&self->p, DATA, self->data, 5000));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, self->data + 5000, 5000));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, self->data + 10000, 100));
	/* all of it is there */
	ASSERT_TRUE(ST_COMES_TRUE(recv(self->p.fd, self->buf, 10100, MSG_PEEK | MSG_DONTWAIT |
				       MSG_TRUNC) >= 0));
	ASSERT_EQ(5000, recv(self->p.fd, self->buf, 5000, MSG_WAITALL));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, self->data + 10100, 3000));
	ASSERT_EQ(0, st_expect(self->p.fd, 5000, 5100, FULL));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, self->data + 13100, 3000));
	ASSERT_EQ(0, fail(self->c, KCRYPT_DECRYPT, KCRYPT_AFTER, 2, 1, ENOMEM));
	n = recv(self->p.fd, self->buf, 6000, MSG_WAITALL);
	EXPECT_EQ(1, hits(self->c));
	ASSERT_EQ(3000, n);
	EXPECT_TRUE(st_check(self->buf, n, 10100));
	EXPECT_EQ(0, st_expect(self->p.fd, 13100, 3000, FULL));
}

/* any other error is no matter of trying again: the end, and nothing of the record is seen */
TEST_F(cipher, fails_to_open)
{
	uint8_t alert[2] = { 2, INTERNAL_ERROR };
	long long failed = st_stat("CipherFailed"), bad = st_stat("RxBadMac");
	int i;

	ASSERT_EQ(0, st_peer_send(&self->p, DATA, self->data, FULL));
	ASSERT_NE(0, st_poll(self->p.fd, POLLIN, 5000));
	ASSERT_EQ(0, fail(self->c, KCRYPT_DECRYPT, KCRYPT_AFTER, 1, 1, EINVAL));
	memset(self->buf, CANARY, sizeof(self->buf));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-1, recv(self->p.fd, self->buf, sizeof(self->buf), 0));
		EXPECT_EQ(EIO, errno);
		EXPECT_EQ(-1, send(self->p.fd, "x", 1, MSG_NOSIGNAL));
		EXPECT_EQ(EIO, errno);
	}
	EXPECT_TRUE(shows_nothing(self->buf, sizeof(self->buf)));
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, alert, 2));
	EXPECT_EQ(failed + 1, st_stat("CipherFailed"));
	EXPECT_EQ(bad, st_stat("RxBadMac"));
}

/* a cipher that says so late, and had written what does not verify */
TEST_F(cipher, does_not_verify_late)
{
	uint8_t alert[2] = { 2, BAD_RECORD_MAC };

	ASSERT_EQ(0, st_peer_send(&self->p, DATA, self->data, FULL));
	ASSERT_NE(0, st_poll(self->p.fd, POLLIN, 5000));
	ASSERT_EQ(0, fail(self->c, KCRYPT_DECRYPT, KCRYPT_DEFER, 1, 1, EBADMSG));
	memset(self->buf, CANARY, sizeof(self->buf));
	EXPECT_EQ(-1, recv(self->p.fd, self->buf, sizeof(self->buf), 0));
	EXPECT_EQ(EBADMSG, errno);
	EXPECT_TRUE(shows_nothing(self->buf, sizeof(self->buf)));
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, alert, 2));
}

/* ---------------------------------------------------------------- sealing */

static ssize_t send_len(FIXTURE_DATA(cipher) *self, size_t len)
{
	return send(self->p.fd, self->data, len, MSG_NOSIGNAL);
}

static ssize_t send_more(FIXTURE_DATA(cipher) *self, size_t len)
{
	ssize_t n = send(self->p.fd, self->data, len, MSG_NOSIGNAL | MSG_MORE);

	return n != (ssize_t)len ? n : send(self->p.fd, self->data, 0, MSG_NOSIGNAL);
}

static ssize_t send_file(FIXTURE_DATA(cipher) *self, size_t len)
{
	int file = memfd_create("data", MFD_CLOEXEC);
	off_t at = 0;
	ssize_t n = -1;

	if (pwrite(file, self->data, len, 0) == (ssize_t)len)
		n = sendfile(self->p.fd, file, &at, len);
	close(file);
	return n;
}

static const struct {
	const char *name;
	ssize_t (*fn)(FIXTURE_DATA(cipher) *self, size_t len);
	size_t len;
} sendings[] = {
	{ "small", send_len, 100 },
	{ "copied", send_len, 10000 },
	{ "pinned", send_len, FULL },
	{ "more", send_more, 5000 },
	{ "file", send_file, FULL },
};

/* another connection of the same keys, so that each way has its own */
static int open_anew(FIXTURE_DATA(cipher) *self, const FIXTURE_VARIANT(cipher) *variant)
{
	struct st_key to = st_key_mac(variant->version, variant->cipher, variant->mac,
				      variant->etm, 0, 1);
	struct st_key from = st_key_mac(variant->version, variant->cipher, variant->mac,
					variant->etm, 0, 2);

	st_peer_close(&self->p);
	return st_peer_open_keys(&self->p, &to, &from) || st_be_patient(self->p.raw, 5000) ? -1 : 0;
}

TEST_F(cipher, fails_to_seal)
{
	static const struct { enum kcrypt_op op; enum kcrypt_how how; int err; } how[] = {
		{ KCRYPT_ENCRYPT, KCRYPT_BEFORE, ENOMEM },
		{ KCRYPT_ENCRYPT, KCRYPT_AFTER, ENOMEM },
		{ KCRYPT_ENCRYPT, KCRYPT_DEFER, EINVAL },
		{ KCRYPT_MAC, KCRYPT_BEFORE, ENOMEM },
	};
	static uint8_t out[ST_RECORD_MAX];
	unsigned int s, i, j;
	uint8_t type;
	ssize_t n;

	for (s = 0; s < ARRAY_SIZE(sendings); s++) {
		for (i = 0; i < ARRAY_SIZE(how); i++) {
			long long failed = st_stat("CipherFailed");

			if (how[i].op == KCRYPT_MAC && !variant->mac)
				continue;
			ASSERT_EQ(0, open_anew(self, variant));
			ASSERT_EQ(1, send(self->p.fd, "b", 1, 0));
			ASSERT_EQ(0, fail(self->c, how[i].op, how[i].how, 1, 1, how[i].err));
			/* what was copied counts as taken: the next call is told */
			n = sendings[s].fn(self, sendings[s].len);
			EXPECT_TRUE(n == (ssize_t)sendings[s].len || (n < 0 && errno == EIO)) {
				TH_LOG("%s, %u: %zd", sendings[s].name, i, n);
			}
			EXPECT_EQ(1, hits(self->c));
			EXPECT_EQ(failed + 1, st_stat("CipherFailed"));
			/* the error stays: no other plaintext is sealed with that number */
			for (j = 0; j < 2; j++) {
				EXPECT_EQ(-1, send(self->p.fd, "x", 1, MSG_NOSIGNAL));
				EXPECT_EQ(EIO, errno);
				EXPECT_EQ(-1, recv(self->p.fd, out, 1, 0));
				EXPECT_EQ(EIO, errno);
			}
			EXPECT_TRUE(st_peer_expect(&self->p, DATA, "b", 1));
			close(self->p.fd);
			self->p.fd = -1;
			/* nothing behind it that were a record, in part or whole */
			EXPECT_EQ(-1, st_recv_record(self->p.raw, &self->p.from, &type, out));
			EXPECT_GE(0, recv(self->p.raw, out, 1, 0));
		}
	}
}

/* the records before the one that failed are whole; of one that is split there are two */
TEST_F(cipher, fails_to_seal_another)
{
	static uint8_t out[ST_RECORD_MAX];
	unsigned int nth, s;
	uint64_t pos;
	uint8_t type;
	int got;

	for (s = 0; s < ARRAY_SIZE(sendings); s++) {
		for (nth = 1; nth <= 6; nth++) {
			ASSERT_EQ(0, open_anew(self, variant));
			ASSERT_EQ(0, fail(self->c, KCRYPT_ENCRYPT, KCRYPT_AFTER, nth, 1, ENOMEM));
			while (!hits(self->c))
				sendings[s].fn(self, sendings[s].len);
			EXPECT_EQ(-1, send(self->p.fd, "x", 1, MSG_NOSIGNAL));
			EXPECT_EQ(EIO, errno);
			close(self->p.fd);
			self->p.fd = -1;
			pos = 0;
			while ((got = st_recv_record(self->p.raw, &self->p.from, &type, out)) > 0) {
				ASSERT_EQ(DATA, type);
				ASSERT_TRUE(st_check(out, got, pos));
				/* each call sends the same */
				pos = (pos + got) % sendings[s].len;
				EXPECT_LT(1, nth);
			}
			EXPECT_EQ(-1, got) TH_LOG("%s, cipher call %u", sendings[s].name, nth);
		}
	}
}

/* ---------------------------------------------------------------- another thread's work */

/* do the first @len bytes come, in one record, or as TLS 1.0 splits it? */
static bool arrives(FIXTURE_DATA(cipher) *self, const FIXTURE_VARIANT(cipher) *variant, size_t len)
{
	size_t first = variant->version == SHEATH_TLS_1_0_VERSION ? 1 : len;

	return st_peer_expect(&self->p, DATA, self->data, first) &&
	       (first == len || st_peer_expect(&self->p, DATA, self->data + first, len - first));
}

TEST_F(cipher, done_by_another_thread)
{
	static const size_t len[] = { 1, 100, 3000, FULL };
	enum kcrypt_how how;
	unsigned int i;

	for (how = KCRYPT_DEFER; how <= KCRYPT_BACKLOG; how++) {
		for (i = 0; i < ARRAY_SIZE(len); i++) {
			ASSERT_EQ(0, fail(self->c, KCRYPT_ENCRYPT, how, 1, 10, 0));
			ASSERT_EQ((ssize_t)len[i], send(self->p.fd, self->data, len[i], 0));
			EXPECT_LT(0, hits(self->c));
			EXPECT_TRUE(arrives(self, variant, len[i]));
			ASSERT_EQ(0, fail(self->c, KCRYPT_DECRYPT, how, 1, 10, 0));
			ASSERT_EQ(0, st_peer_send(&self->p, DATA, self->data, len[i]));
			EXPECT_EQ(0, st_expect(self->p.fd, 0, len[i], 2 * FULL));
			EXPECT_LT(0, hits(self->c));
		}
	}
}

TEST_HARNESS_MAIN
