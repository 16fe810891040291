// SPDX-License-Identifier: GPL-2.0
/*
 * Long reads: what one call has used up goes back to TCP while it goes on, so that the sender
 * goes on as well. In-tree TLS is the measure.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "stream.h"

#define RCVBUF	400000		/* the kernel doubles it */
#define SNDBUF	(8 << 20)
#define TOTAL	(8 << 20)
#define TRIES	8

FIXTURE(flow)
{
	int fd[2];
	int pipe[2];
	char *buf;
	long long sent;
};

FIXTURE_VARIANT(flow)
{
	uint16_t version, cipher;
	const char *tx, *rx;
};

#define VARIANT(name, v, c, t, r) \
FIXTURE_VARIANT_ADD(flow, name) { .version = v, .cipher = c, .tx = t, .rx = r }

VARIANT(tls12, TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_128, ST_IN_TREE, ST_SHEATH);
VARIANT(tls13, TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_128, ST_IN_TREE, ST_SHEATH);
VARIANT(tls13_chacha, TLS_1_3_VERSION, TLS_CIPHER_CHACHA20_POLY1305, ST_IN_TREE, ST_SHEATH);
VARIANT(in_tree_measure, TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_128, ST_IN_TREE, ST_IN_TREE);

/* more waits at the sender than the receive buffer holds */
FIXTURE_SETUP(flow)
{
	int snd = SNDBUF, rcv = RCVBUF;

	ASSERT_EQ(0, st_pair_keyed(AF_INET, self->fd, variant->tx, variant->rx, variant->version,
				   variant->cipher));
	ASSERT_EQ(0, setsockopt(self->fd[0], SOL_SOCKET, SO_SNDBUFFORCE, &snd, sizeof(snd)));
	ASSERT_EQ(0, setsockopt(self->fd[1], SOL_SOCKET, SO_RCVBUFFORCE, &rcv, sizeof(rcv)));
	ASSERT_EQ(0, pipe(self->pipe));
	self->buf = malloc(TOTAL);
	ASSERT_NE(NULL, self->buf);
	self->sent = st_fill_socket(self->fd[0], 0, TOTAL, 16384);
	ASSERT_LT(6 * RCVBUF, self->sent);
}

FIXTURE_TEARDOWN(flow)
{
	close(self->fd[0]);
	close(self->fd[1]);
	close(self->pipe[0]);
	close(self->pipe[1]);
	free(self->buf);
}

/*
 * What opens the window in the middle of a call are packets that a busy machine may leave to a
 * thread; then the call ends early. One call in a few has to see it.
 */
TEST_F(flow, one_read)
{
	ssize_t n, most = 0;
	int i;

	for (i = 0; i < TRIES && most <= 4 * RCVBUF; i++) {
		if (i)
			self->sent = st_fill_socket(self->fd[0], 0, TOTAL, 16384);
		n = recv(self->fd[1], self->buf, TOTAL, MSG_DONTWAIT);
		ASSERT_TRUE(n > 0 && st_check(self->buf, n, 0));
		ASSERT_EQ(0, st_expect(self->fd[1], n, self->sent - n, 100000));
		most = n > most ? n : most;
	}
	/* twice what the buffer had at the most when the call began */
	EXPECT_LT(4 * RCVBUF, most);
}

TEST_F(flow, one_splice)
{
	int size = fcntl(self->pipe[1], F_SETPIPE_SZ, 1 << 20);
	ssize_t n, got, m;

	ASSERT_EQ(1 << 20, size);
	n = splice(self->fd[1], NULL, self->pipe[1], NULL, 1 << 20, SPLICE_F_NONBLOCK);
	ASSERT_LT(0, n);
	for (got = 0; got < n; got += m) {
		m = read(self->pipe[0], self->buf + got, n - got);
		ASSERT_LT(0, m);
	}
	EXPECT_TRUE(st_check(self->buf, n, 0));
	EXPECT_EQ(0, st_expect(self->fd[1], n, self->sent - n, 1 << 20));
}

/* zero window probes sent, in this guest */
static long long probes(void)
{
	char names[8192], values[8192], *n, *v, *sn, *sv;
	FILE *f = fopen("/proc/net/netstat", "r");
	long long found = -1;

	while (f && found < 0 && fgets(names, sizeof(names), f) && fgets(values, sizeof(values), f)) {
		n = strtok_r(names, " ", &sn);
		v = strtok_r(values, " ", &sv);
		for (; n && v; n = strtok_r(NULL, " ", &sn), v = strtok_r(NULL, " ", &sv)) {
			if (!strcmp(n, "TCPWinProbe"))
				found = atoll(v);
		}
	}
	if (f)
		fclose(f);
	return found;
}

static void look_by_count(int fd, char *buf)
{
	int n;

	ioctl(fd, FIONREAD, &n);
}

static void look_by_peek(int fd, char *buf)
{
	recv(fd, buf, TOTAL, MSG_PEEK | MSG_DONTWAIT);
}

/* what was opened early leaves memory that the sender is told of without having to ask */
static void no_probe(struct __test_metadata *_metadata, FIXTURE_DATA(flow) *self,
		     void (*look)(int fd, char *buf), size_t size)
{
	long long before = probes(), pos;

	ASSERT_LE(0, before);
	for (pos = 0; pos < self->sent;) {
		ssize_t n;

		look(self->fd[1], self->buf);
		n = recv(self->fd[1], self->buf, size, 0);
		ASSERT_LT(0, n);
		ASSERT_TRUE(st_check(self->buf, n, pos));
		pos += n;
	}
	EXPECT_GE(before + 3, probes());
}

TEST_F(flow, counted_before_each_read)
{
	no_probe(_metadata, self, look_by_count, 10000);
}

TEST_F(flow, counted_before_each_long_read)
{
	no_probe(_metadata, self, look_by_count, 500000);
}

TEST_F(flow, peeked_before_each_read)
{
	no_probe(_metadata, self, look_by_peek, 100000);
}

TEST_HARNESS_MAIN
