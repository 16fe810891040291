// SPDX-License-Identifier: GPL-2.0
/* Reading with keys by SHEATH_KEY: peeking at a flood, and resets, which are no end. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "peer.h"

#define FULL	16384

/* keys by SHEATH_KEY: the end of the stream is told strictly */
FIXTURE(strict)
{
	struct st_peer p;
	int pipe[2];
	char buf[2 * FULL];
};

FIXTURE_VARIANT(strict)
{
	uint16_t version, cipher;
};

FIXTURE_VARIANT_ADD(strict, 12) { TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_128 };
FIXTURE_VARIANT_ADD(strict, 13) { TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_256 };

FIXTURE_SETUP(strict)
{
	ASSERT_EQ(0, st_peer_open(&self->p, variant->version, variant->cipher, false));
	ASSERT_EQ(0, pipe(self->pipe));
}

FIXTURE_TEARDOWN(strict)
{
	st_peer_close(&self->p);
	close(self->pipe[0]);
	close(self->pipe[1]);
}

/* the memory that peeking takes, whatever is in a record, is that of the receive buffer */
TEST_F(strict, peeking_at_a_flood)
{
	enum { RECORDS = 4000, COST = 40 };
	struct st_record r = { .type = 23, .data = "x", .len = 1 };
	uint8_t *wire = malloc(RECORDS * 64);
	socklen_t size = sizeof(int);
	int i, n, len = 0, rcvbuf = 65536;

	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, size));
	ASSERT_EQ(0, getsockopt(self->p.fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, &size));
	for (i = 0; i < RECORDS; i++) {
		n = st_seal(&self->p.to, &r, wire + len);
		ASSERT_LT(0, n);
		len += n;
	}
	ASSERT_EQ(0, st_send_all(self->p.raw, wire, len, 0));
	free(wire);
	ASSERT_NE(0, st_poll(self->p.fd, POLLIN, 5000));
	n = recv(self->p.fd, self->buf, sizeof(self->buf), MSG_PEEK);
	EXPECT_LT(0, n);
	EXPECT_GE(rcvbuf + FULL, n * COST);
	/* nor does it grow by doing it again, and again */
	for (i = 0; i < 20; i++)
		EXPECT_EQ(n, recv(self->p.fd, self->buf, sizeof(self->buf), MSG_PEEK));
	ASSERT_EQ(0, st_recv_all(self->p.fd, self->buf, RECORDS));
	for (i = 0; i < RECORDS; i++)
		ASSERT_EQ('x', self->buf[i]);
}

static int reset(struct st_peer *p)
{
	struct linger l = { .l_onoff = 1 };
	int rc = setsockopt(p->raw, SOL_SOCKET, SO_LINGER, &l, sizeof(l));

	close(p->raw);
	p->raw = -1;
	return rc;
}

static bool is_reset(ssize_t n)
{
	return n < 0 && (errno == ECONNRESET || errno == ECONNABORTED);
}

TEST_F(strict, reset_is_no_end)
{
	ASSERT_EQ(0, reset(&self->p));
	ASSERT_NE(0, POLLHUP & st_poll(self->p.fd, POLLHUP, 5000));
	EXPECT_TRUE(is_reset(recv(self->p.fd, self->buf, 10, 0)));
}

TEST_F(strict, reset_is_no_end_to_peek_at)
{
	ASSERT_EQ(0, reset(&self->p));
	ASSERT_NE(0, POLLHUP & st_poll(self->p.fd, POLLHUP, 5000));
	EXPECT_TRUE(is_reset(recv(self->p.fd, self->buf, 10, MSG_PEEK)));
}

TEST_F(strict, reset_is_no_end_to_splice)
{
	ASSERT_EQ(0, reset(&self->p));
	ASSERT_NE(0, POLLHUP & st_poll(self->p.fd, POLLHUP, 5000));
	EXPECT_TRUE(is_reset(splice(self->p.fd, NULL, self->pipe[1], NULL, 10, 0)));
}

/* TCP tells of it once, and the sender was first to ask */
TEST_F(strict, reset_is_no_end_though_a_sender_was_told)
{
	ASSERT_EQ(0, reset(&self->p));
	ASSERT_NE(0, POLLHUP & st_poll(self->p.fd, POLLHUP, 5000));
	EXPECT_EQ(-1, send(self->p.fd, "abc", 3, MSG_NOSIGNAL));
	EXPECT_TRUE(is_reset(recv(self->p.fd, self->buf, 10, 0)));
}

TEST_F(strict, reset_is_no_end_behind_data)
{
	ssize_t n;

	ASSERT_EQ(0, st_peer_send(&self->p, 23, "abc", 3));
	ASSERT_EQ(2, recv(self->p.fd, self->buf, 2, 0));
	ASSERT_EQ(0, reset(&self->p));
	ASSERT_NE(0, POLLHUP & st_poll(self->p.fd, POLLHUP, 5000));
	n = recv(self->p.fd, self->buf, 10, 0);
	if (n > 0) {
		EXPECT_EQ(1, n);
		n = recv(self->p.fd, self->buf, 10, 0);
	}
	EXPECT_TRUE(is_reset(n));
}

static void *read_to_the_end(void *arg)
{
	char buf[10];

	return (void *)(long)is_reset(recv(*(int *)arg, buf, sizeof(buf), 0));
}

TEST_F(strict, reset_is_no_end_to_who_waits)
{
	pthread_t t;
	void *ok;

	ASSERT_EQ(0, pthread_create(&t, NULL, read_to_the_end, &self->p.fd));
	/* the reader sleeps by now, or the test is weaker but still right */
	usleep(20000);
	ASSERT_EQ(0, reset(&self->p));
	ASSERT_EQ(0, pthread_join(t, &ok));
	EXPECT_NE(NULL, ok);
}

TEST_HARNESS_MAIN
