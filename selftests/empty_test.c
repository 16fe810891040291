// SPDX-License-Identifier: GPL-2.0
/* Records without content, which every way of reading has to step over. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "cmsg.h"
#include "record.h"

enum { ALERT = 21, HANDSHAKE = 22, DATA = 23 };

#define V12	TLS_1_2_VERSION
#define V13	TLS_1_3_VERSION

/* keys are set by TLS_RX, as both ULPs take them; in-tree TLS is the measure of these tests */
FIXTURE(empty)
{
	int fd;
	int raw;
	struct st_key k;
	int pipe[2];
	char buf[20000];
};

FIXTURE_VARIANT(empty)
{
	uint16_t version, cipher;
	const char *ulp;
	size_t pad;
};

#define VARIANT(name, v, c, u, p) \
FIXTURE_VARIANT_ADD(empty, name) { .version = v, .cipher = c, .ulp = u, .pad = p }

VARIANT(tls12_gcm, V12, TLS_CIPHER_AES_GCM_128, ST_SHEATH, 0);
VARIANT(tls12_ccm, V12, TLS_CIPHER_AES_CCM_128, ST_SHEATH, 0);
VARIANT(tls12_chacha, V12, TLS_CIPHER_CHACHA20_POLY1305, ST_SHEATH, 0);
VARIANT(tls13_gcm, V13, TLS_CIPHER_AES_GCM_256, ST_SHEATH, 0);
VARIANT(tls13_ccm, V13, TLS_CIPHER_AES_CCM_128, ST_SHEATH, 0);
VARIANT(tls13_chacha, V13, TLS_CIPHER_CHACHA20_POLY1305, ST_SHEATH, 0);
/* RFC 8446 section 5.4: nothing but padding, as much as a record takes */
VARIANT(tls13_gcm_padded, V13, TLS_CIPHER_AES_GCM_128, ST_SHEATH, 100);
VARIANT(tls13_gcm_full, V13, TLS_CIPHER_AES_GCM_128, ST_SHEATH, 16384);
VARIANT(tls13_chacha_full, V13, TLS_CIPHER_CHACHA20_POLY1305, ST_SHEATH, 16384);
VARIANT(tls12_measure, V12, TLS_CIPHER_AES_GCM_128, ST_IN_TREE, 0);
VARIANT(tls13_measure, V13, TLS_CIPHER_AES_GCM_128, ST_IN_TREE, 0);

FIXTURE_SETUP(empty)
{
	int fd[2];

	self->k = st_key(variant->version, variant->cipher, 0, 1);
	ASSERT_EQ(0, st_pair(AF_INET6, fd));
	self->fd = fd[0];
	self->raw = fd[1];
	ASSERT_EQ(0, st_set(self->fd, variant->ulp, TLS_RX, &self->k));
	ASSERT_EQ(0, pipe(self->pipe));
}

FIXTURE_TEARDOWN(empty)
{
	close(self->fd);
	close(self->raw);
	close(self->pipe[0]);
	close(self->pipe[1]);
}

static int put(FIXTURE_DATA(empty) *self, uint8_t type, const char *data)
{
	return st_send_record(self->raw, &self->k, type, data, strlen(data));
}

static int put_empty(FIXTURE_DATA(empty) *self, uint8_t type, size_t pad)
{
	struct st_record r = { .type = type, .pad = pad };
	static uint8_t out[ST_RECORD_MAX];
	int n = st_seal(&self->k, &r, out);

	return n < 0 ? -1 : st_send_all(self->raw, out, n, 0);
}

#define PUT_EMPTY() ASSERT_EQ(0, put_empty(self, DATA, variant->pad))
#define PUT(text) ASSERT_EQ(0, put(self, DATA, text))

/* all that was sent is there, so that no test depends on what came when */
static bool arrived(FIXTURE_DATA(empty) *self)
{
	return !shutdown(self->raw, SHUT_WR) && st_poll(self->fd, POLLRDHUP, 5000);
}

static bool reads(int fd, const char *text, int flags)
{
	char buf[64];
	ssize_t n = recv(fd, buf, sizeof(buf), flags);

	return n == (ssize_t)strlen(text) && !memcmp(buf, text, n);
}

TEST_F(empty, around_data)
{
	PUT_EMPTY();
	PUT("abc");
	PUT_EMPTY();
	PUT_EMPTY();
	PUT("def");
	PUT_EMPTY();
	ASSERT_EQ(6, recv(self->fd, self->buf, 6, MSG_WAITALL));
	EXPECT_EQ(0, memcmp(self->buf, "abcdef", 6));
}

/* 0 would be taken for the end of the stream */
TEST_F(empty, alone)
{
	PUT_EMPTY();
	EXPECT_EQ(-1, recv(self->fd, self->buf, sizeof(self->buf), MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
	PUT_EMPTY();
	EXPECT_EQ(-1, recv(self->fd, self->buf, sizeof(self->buf), MSG_DONTWAIT | MSG_PEEK));
	EXPECT_EQ(EAGAIN, errno);
	PUT("abc");
	EXPECT_TRUE(reads(self->fd, "abc", 0));
}

TEST_F(empty, peek)
{
	PUT_EMPTY();
	PUT("abc");
	PUT_EMPTY();
	PUT("def");
	ASSERT_TRUE(arrived(self));
	EXPECT_TRUE(reads(self->fd, "abcdef", MSG_PEEK));
	EXPECT_TRUE(reads(self->fd, "abcdef", MSG_PEEK));
	EXPECT_TRUE(reads(self->fd, "abcdef", 0));
}

static void *read_later(void *arg)
{
	return (void *)(long)reads(*(int *)arg, "abc", 0);
}

/* a reader that sleeps is woken for nothing, and sleeps on */
TEST_F(empty, blocking)
{
	pthread_t t;
	void *ok;

	ASSERT_EQ(0, pthread_create(&t, NULL, read_later, &self->fd));
	PUT_EMPTY();
	PUT_EMPTY();
	PUT("abc");
	ASSERT_EQ(0, pthread_join(t, &ok));
	EXPECT_NE(NULL, ok);
}

TEST_F(empty, into_a_pipe)
{
	char buf[8];

	/* where in-tree TLS says 0 */
	if (strcmp(variant->ulp, ST_SHEATH))
		return;
	PUT_EMPTY();
	EXPECT_EQ(-1, splice(self->fd, NULL, self->pipe[1], NULL, 100, SPLICE_F_NONBLOCK));
	EXPECT_EQ(EAGAIN, errno);
	PUT_EMPTY();
	PUT("abc");
	EXPECT_EQ(3, splice(self->fd, NULL, self->pipe[1], NULL, 100, 0));
	PUT_EMPTY();
	PUT("def");
	EXPECT_EQ(3, splice(self->fd, NULL, self->pipe[1], NULL, 3, 0));
	EXPECT_EQ(6, read(self->pipe[0], buf, sizeof(buf)));
	EXPECT_EQ(0, memcmp(buf, "abcdef", 6));
}

/* CVE-2025-39682: an empty record must not hide that the next one is of another type */
TEST_F(empty, before_another_type)
{
	char buf[64];
	int type;

	PUT("abc");
	PUT_EMPTY();
	ASSERT_EQ(0, put(self, HANDSHAKE, "12345"));
	PUT_EMPTY();
	PUT("def");
	ASSERT_TRUE(arrived(self));
	EXPECT_TRUE(reads(self->fd, "abc", 0));
	EXPECT_EQ(-1, recv(self->fd, buf, sizeof(buf), 0));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(5, st_recv_type(self->fd, buf, sizeof(buf), &type));
	EXPECT_EQ(HANDSHAKE, type);
	EXPECT_EQ(0, memcmp(buf, "12345", 5));
	EXPECT_TRUE(reads(self->fd, "def", 0));
}

TEST_F(empty, before_another_type_after_a_peek)
{
	char buf[64];
	int type;

	PUT("abc");
	PUT_EMPTY();
	ASSERT_EQ(0, put(self, HANDSHAKE, "12345"));
	ASSERT_TRUE(arrived(self));
	EXPECT_TRUE(reads(self->fd, "abc", MSG_PEEK));
	EXPECT_TRUE(reads(self->fd, "abc", 0));
	EXPECT_EQ(-1, splice(self->fd, NULL, self->pipe[1], NULL, 100, 0));
	EXPECT_EQ(5, st_recv_type(self->fd, buf, sizeof(buf), &type));
	EXPECT_EQ(HANDSHAKE, type);
}

TEST_F(empty, before_the_end)
{
	PUT("abc");
	PUT_EMPTY();
	ASSERT_TRUE(arrived(self));
	EXPECT_TRUE(reads(self->fd, "abc", 0));
	EXPECT_EQ(0, recv(self->fd, self->buf, sizeof(self->buf), 0));
}

TEST_F(empty, before_a_bad_record)
{
	struct st_record r = { .type = DATA, .data = "bad", .len = 3, .flip = 9 };
	uint8_t out[ST_RECORD_MAX];
	int n;

	PUT("abc");
	PUT_EMPTY();
	n = st_seal(&self->k, &r, out);
	ASSERT_EQ(0, st_send_all(self->raw, out, n, 0));
	PUT_EMPTY();
	ASSERT_TRUE(arrived(self));
	EXPECT_TRUE(reads(self->fd, "abc", 0));
	EXPECT_EQ(-1, recv(self->fd, self->buf, sizeof(self->buf), 0));
	EXPECT_EQ(EBADMSG, errno);
}

/* many buffers, none of which an empty record uses up */
TEST_F(empty, many_buffers)
{
	struct iovec iov[3] = { { self->buf, 2 }, { self->buf + 10, 0 }, { self->buf + 20, 4 } };

	PUT_EMPTY();
	PUT("ab");
	PUT_EMPTY();
	PUT("cdef");
	ASSERT_TRUE(arrived(self));
	EXPECT_EQ(6, readv(self->fd, iov, 3));
	EXPECT_EQ(0, memcmp(self->buf, "ab", 2));
	EXPECT_EQ(0, memcmp(self->buf + 20, "cdef", 4));
}

/* the mark counts content, of which there is none */
TEST_F(empty, low_water_mark)
{
	int mark = 4;

	ASSERT_EQ(0, setsockopt(self->fd, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof(mark)));
	PUT("abc");
	PUT_EMPTY();
	PUT_EMPTY();
	PUT("d");
	EXPECT_NE(0, st_poll(self->fd, POLLIN, 5000));
	EXPECT_TRUE(reads(self->fd, "abcd", 0));
}

/* the application's to judge, as it would be with in-tree TLS: 0 bytes, but with a type */
TEST_F(empty, handshake)
{
	char buf[64];
	int type;

	PUT("abc");
	ASSERT_EQ(0, put_empty(self, HANDSHAKE, variant->pad));
	PUT("def");
	ASSERT_TRUE(arrived(self));
	EXPECT_TRUE(reads(self->fd, "abc", 0));
	EXPECT_EQ(-1, recv(self->fd, buf, sizeof(buf), 0));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(0, st_recv_type(self->fd, buf, sizeof(buf), &type));
	EXPECT_EQ(HANDSHAKE, type);
	EXPECT_TRUE(reads(self->fd, "def", 0));
}

TEST_HARNESS_MAIN
