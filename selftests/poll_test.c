// SPDX-License-Identifier: GPL-2.0
/* poll() and epoll: true exactly when a call would do something. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "matrix.h"
#include "patience.h"
#include "stream.h"

#define FULL		16384
#define NOTHING_MS	30	/* how long nothing has to happen */
#define PATIENCE_MS	5000

#define IN	(POLLIN | POLLRDNORM)
#define OUT	(POLLOUT | POLLWRNORM)

/* an epoll instance that watches one socket */
static int watch(int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events };
	int ep = epoll_create1(0);

	return ep < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) ? -1 : ep;
}

static uint32_t wait_for(int ep, int ms)
{
	struct epoll_event ev;

	return epoll_wait(ep, &ev, 1, st_patience(ms)) > 0 ? ev.events : 0;
}

/* sheath is looked at: fd[1] behind in-tree TLS, or r.rx behind a relay */
FIXTURE(poll)
{
	int fd[2];
	struct st_relay r;
	uint8_t wire[3 * ST_RECORD_MAX];
	char buf[4 * FULL];
};

FIXTURE_VARIANT(poll)
{
	ST_VARIANT_FIELDS
};

ST_VARIANTS_RECEIVES(poll)

FIXTURE_SETUP(poll)
{
	ASSERT_EQ(0, st_pair_keyed(variant->family, self->fd, variant->tx, variant->rx,
				   variant->version, variant->cipher));
	ASSERT_EQ(0, st_relay_open(&self->r, variant->tx, variant->rx, variant->version,
				   variant->cipher, 0));
}

FIXTURE_TEARDOWN(poll)
{
	st_relay_close(&self->r);
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(poll, level)
{
	int ep = watch(self->fd[1], EPOLLIN);
	int i;

	ASSERT_LE(0, ep);
	EXPECT_EQ(OUT, st_poll(self->fd[1], IN | OUT, 0));
	EXPECT_EQ(0u, wait_for(ep, 0));
	ASSERT_EQ(0, st_write(self->fd[0], 0, 1000, 1000));
	EXPECT_EQ(EPOLLIN, wait_for(ep, PATIENCE_MS));
	/* it stays so for what is left of a record, be it one byte */
	for (i = 0; i < 1000; i += 333) {
		EXPECT_EQ(IN | OUT, st_poll(self->fd[1], IN | OUT, 0));
		EXPECT_EQ(EPOLLIN, wait_for(ep, 0));
		ASSERT_EQ(0, st_expect(self->fd[1], i, i < 999 ? 333 : 1, 333));
	}
	EXPECT_EQ(OUT, st_poll(self->fd[1], IN | OUT, 0));
	EXPECT_EQ(0u, wait_for(ep, 0));
	close(ep);
}

TEST_F(poll, edge)
{
	int ep = watch(self->r.rx, EPOLLIN | EPOLLET);
	int len = st_relay_make(&self->r, 0, 200, self->wire);
	int half = len / 2, i;

	ASSERT_LE(0, ep);
	ASSERT_LT(200, len);
	EXPECT_EQ(0u, wait_for(ep, 0));
	/* one edge for a record, none for half of one */
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, st_send_all(self->r.feed, self->wire, half, 0));
		EXPECT_EQ(0u, wait_for(ep, NOTHING_MS));
		ASSERT_EQ(0, st_send_all(self->r.feed, self->wire + half, len - half, 0));
		EXPECT_EQ(EPOLLIN, wait_for(ep, PATIENCE_MS));
		EXPECT_EQ(0u, wait_for(ep, NOTHING_MS));
		EXPECT_EQ(0, st_expect(self->r.rx, 200 * i, 200, 200));
		len = st_relay_make(&self->r, 200 * (i + 1), 200, self->wire);
	}
	/* and one for each, be the one before it read or not */
	for (; i < 6; i++) {
		ASSERT_EQ(0, st_send_all(self->r.feed, self->wire, len, 0));
		EXPECT_EQ(EPOLLIN, wait_for(ep, PATIENCE_MS));
		len = st_relay_make(&self->r, 200 * (i + 1), 200, self->wire);
	}
	EXPECT_EQ(0, st_expect(self->r.rx, 600, 600, 600));
	close(ep);
}

TEST_F(poll, partial_record)
{
	int len = st_relay_make(&self->r, 0, 100, self->wire), i;

	ASSERT_LT(100, len);
	for (i = 0; i < len - 1; i++) {
		ASSERT_EQ(1, send(self->r.feed, self->wire + i, 1, 0));
		ASSERT_EQ(0, st_poll(self->r.rx, IN, 0));
	}
	EXPECT_EQ(0, st_poll(self->r.rx, IN, NOTHING_MS));
	ASSERT_EQ(1, send(self->r.feed, self->wire + i, 1, 0));
	EXPECT_EQ(IN, st_poll(self->r.rx, IN, PATIENCE_MS));
	EXPECT_EQ(0, st_expect(self->r.rx, 0, 100, 100));
	EXPECT_EQ(0, st_poll(self->r.rx, IN, 0));
}

TEST_F(poll, whole_then_partial)
{
	int first = st_relay_make(&self->r, 0, 100, self->wire);
	int second = st_relay_make(&self->r, 100, 100, self->wire + first);

	/* true for the first, which read takes, then false although bytes are there */
	ASSERT_EQ(0, st_send_all(self->r.feed, self->wire, first + 10, 0));
	EXPECT_EQ(IN, st_poll(self->r.rx, IN, PATIENCE_MS));
	EXPECT_EQ(100, recv(self->r.rx, self->buf, 1000, 0));
	EXPECT_EQ(0, st_poll(self->r.rx, IN, NOTHING_MS));
	ASSERT_EQ(0, st_send_all(self->r.feed, self->wire + first + 10, second - 10, 0));
	EXPECT_EQ(IN, st_poll(self->r.rx, IN, PATIENCE_MS));
	EXPECT_EQ(0, st_expect(self->r.rx, 100, 100, 100));
}

TEST_F(poll, leftover_after_peek)
{
	ASSERT_EQ(0, st_write(self->fd[0], 0, 3 * FULL, FULL));
	EXPECT_EQ(IN, st_poll(self->fd[1], IN, PATIENCE_MS));
	ASSERT_EQ(3 * FULL, recv(self->fd[1], self->buf, 3 * FULL, MSG_PEEK | MSG_WAITALL));
	EXPECT_EQ(IN, st_poll(self->fd[1], IN, 0));
	ASSERT_EQ(0, st_expect(self->fd[1], 0, 2 * FULL + 1, FULL));
	EXPECT_EQ(IN, st_poll(self->fd[1], IN, 0));
	ASSERT_EQ(0, st_expect(self->fd[1], 2 * FULL + 1, FULL - 1, FULL));
	EXPECT_EQ(0, st_poll(self->fd[1], IN, 0));
}

TEST_F(poll, before_the_key)
{
	struct st_key k = st_key(variant->version, variant->cipher, 0, 1);
	int len = st_relay_make(&self->r, 0, 100, self->wire);
	int fd[2], ep;

	/* records wait in the queue when the key comes; nothing else arrives to tell of them */
	ASSERT_EQ(0, st_pair(AF_INET, fd));
	ASSERT_EQ(0, st_attach(fd[1], ST_SHEATH));
	ASSERT_EQ(0, st_send_all(fd[0], self->wire, len, 0));
	/* plain TCP so far, which has bytes */
	ASSERT_EQ(IN, st_poll(fd[1], IN, PATIENCE_MS));
	ASSERT_EQ(0, st_set(fd[1], ST_SHEATH, TLS_RX, &k));
	ep = watch(fd[1], EPOLLIN);
	ASSERT_LE(0, ep);
	EXPECT_EQ(IN, st_poll(fd[1], IN, 0));
	EXPECT_EQ(EPOLLIN, wait_for(ep, 0));
	EXPECT_EQ(0, st_expect(fd[1], 0, 100, 100));
	EXPECT_EQ(0u, wait_for(ep, 0));
	close(ep);
	close(fd[0]);
	close(fd[1]);
}

TEST_F(poll, partial_before_the_key)
{
	struct st_key k = st_key(variant->version, variant->cipher, 0, 1);
	int len = st_relay_make(&self->r, 0, 100, self->wire);
	int fd[2];

	ASSERT_EQ(0, st_pair(AF_INET, fd));
	ASSERT_EQ(0, st_attach(fd[1], ST_SHEATH));
	ASSERT_EQ(0, st_send_all(fd[0], self->wire, len - 1, 0));
	ASSERT_EQ(IN, st_poll(fd[1], IN, PATIENCE_MS));
	ASSERT_EQ(0, st_set(fd[1], ST_SHEATH, TLS_RX, &k));
	EXPECT_EQ(0, st_poll(fd[1], IN, 0));
	ASSERT_EQ(0, st_send_all(fd[0], self->wire + len - 1, 1, 0));
	EXPECT_EQ(IN, st_poll(fd[1], IN, PATIENCE_MS));
	EXPECT_EQ(0, st_expect(fd[1], 0, 100, 100));
	close(fd[0]);
	close(fd[1]);
}

/* until the sender has no room and nothing moves on the way */
static long long fill_up(int fd, int ep)
{
	long long sent = 0, n;

	do {
		n = st_fill_socket(fd, sent, 1 << 24, 10000);
		if (n < 0)
			return -1;
		sent += n;
	} while (wait_for(ep, NOTHING_MS));
	return sent;
}

static void pollout(struct __test_metadata *_metadata, int from, int to, uint32_t edge)
{
	int ep = watch(from, EPOLLOUT | edge);
	long long sent;
	struct st_job r;

	ASSERT_LE(0, ep);
	ASSERT_EQ(0, setsockopt(from, SOL_SOCKET, SO_SNDBUF, &(int){ 20000 }, sizeof(int)));
	sent = fill_up(from, ep);
	ASSERT_LT(0, sent);
	EXPECT_EQ(0, st_poll(from, OUT, 0));
	ASSERT_EQ(0, st_job_start(&r, st_expect, to, 0, sent, 1000));
	EXPECT_EQ(EPOLLOUT, wait_for(ep, PATIENCE_MS));
	EXPECT_EQ(0, st_job_end(&r));
	EXPECT_EQ(OUT, st_poll(from, OUT, PATIENCE_MS));
	ASSERT_EQ(0, st_write(from, sent, 100, 100));
	EXPECT_EQ(0, st_expect(to, sent, 100, 100));
	close(ep);
}

TEST_F(poll, out_level)
{
	/* fd[1] is the sheath end */
	pollout(_metadata, self->fd[1], self->fd[0], 0);
}

TEST_F(poll, out_edge)
{
	pollout(_metadata, self->fd[1], self->fd[0], EPOLLET);
}

TEST_F(poll, fin)
{
	int ep = watch(self->fd[1], EPOLLIN | EPOLLRDHUP);

	ASSERT_LE(0, ep);
	ASSERT_EQ(0, st_write(self->fd[0], 0, 10, 10));
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	ASSERT_NE(0, st_poll(self->fd[1], POLLRDHUP, PATIENCE_MS));
	EXPECT_EQ(EPOLLIN | EPOLLRDHUP, wait_for(ep, 0));
	EXPECT_EQ(0, st_expect(self->fd[1], 0, 10, 10));
	/* the end of the stream is something to read, for as long as anyone asks */
	EXPECT_EQ(EPOLLIN | EPOLLRDHUP, wait_for(ep, 0));
	EXPECT_EQ(0, st_expect_eof(self->fd[1]));
	EXPECT_EQ(EPOLLIN | EPOLLRDHUP, wait_for(ep, 0));
	EXPECT_EQ(0, st_expect_eof(self->fd[1]));
	close(ep);
}

TEST_F(poll, fin_alone)
{
	int ep = watch(self->fd[1], EPOLLIN | EPOLLRDHUP | EPOLLET);

	ASSERT_LE(0, ep);
	EXPECT_EQ(0u, wait_for(ep, 0));
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	EXPECT_EQ(EPOLLIN | EPOLLRDHUP, wait_for(ep, PATIENCE_MS));
	EXPECT_EQ(0, st_expect_eof(self->fd[1]));
	close(ep);
}

TEST_F(poll, fin_in_a_record)
{
	int len = st_relay_make(&self->r, 0, 100, self->wire);
	char c;

	ASSERT_LT(100, len);
	ASSERT_EQ(0, st_send_all(self->r.feed, self->wire, len - 1, 0));
	EXPECT_EQ(0, st_poll(self->r.rx, IN, NOTHING_MS));
	ASSERT_EQ(0, shutdown(self->r.feed, SHUT_WR));
	EXPECT_EQ(POLLIN | POLLRDHUP, st_poll(self->r.rx, POLLIN | POLLRDHUP, PATIENCE_MS));
	/* a torn record is never a clean end, however lenient */
	EXPECT_EQ(-1, recv(self->r.rx, &c, 1, 0));
	EXPECT_EQ(ECONNABORTED, errno);
	EXPECT_EQ(0, st_expect_eof(self->r.rx));
}

TEST_F(poll, bad_record)
{
	long long bad = st_stat("RxBadMac");
	int len = st_relay_make(&self->r, 0, 100, self->wire);
	int i;

	ASSERT_LT(100, len);
	self->wire[len - 1] ^= 1;
	ASSERT_EQ(0, st_send_all(self->r.feed, self->wire, len, 0));
	EXPECT_EQ(IN, st_poll(self->r.rx, IN, PATIENCE_MS));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-1, recv(self->r.rx, self->buf, 100, 0));
		EXPECT_EQ(EBADMSG, errno);
		/* no call would wait, and all of them fail */
		EXPECT_EQ(POLLERR | IN | OUT, st_poll(self->r.rx, IN | OUT, 0));
	}
	EXPECT_EQ(bad + 1, st_stat("RxBadMac"));
}

TEST_F(poll, bad_header)
{
	int ep = watch(self->r.rx, EPOLLIN | EPOLLET);
	int len = st_relay_make(&self->r, 0, 100, self->wire);

	/* known to be bad from its header: the reader is told without the rest of it */
	ASSERT_LE(0, ep);
	ASSERT_LT(100, len);
	self->wire[3] = 0x7f;
	ASSERT_EQ(0, st_send_all(self->r.feed, self->wire, 5, 0));
	EXPECT_NE(0u, EPOLLIN & wait_for(ep, PATIENCE_MS));
	EXPECT_EQ(-1, recv(self->r.rx, self->buf, 100, MSG_DONTWAIT));
	EXPECT_EQ(EMSGSIZE, errno);
	EXPECT_EQ(POLLERR | IN | OUT, st_poll(self->r.rx, IN | OUT, 0));
	close(ep);
}

TEST_HARNESS_MAIN
