// SPDX-License-Identifier: GPL-2.0
/*
 * Memory behind what was received and not read, for records of every size, looked at in ways
 * that open them. The measure is in-tree TLS in the same guest with the same bytes, and that
 * the socket is charged for what it holds.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "mem.h"
#include "stream.h"

#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif

#define CONNS	16
#define RCVBUF	400000		/* the kernel doubles it */
#define BYTES	(128 * 1024)	/* a connection, or */
#define RECORDS	1000
#define KB_EACH	16		/* a connection, for which none is to blame */
#define PIPES	8		/* filled one after the other from one connection */

struct conns {
	int fd[CONNS][2];
	int pipe[CONNS][PIPES][2];
	char *buf;
};

static int begin(struct conns *c, const char *tx, const char *rx, uint16_t version)
{
	int i, rcv = RCVBUF;

	memset(c, -1, sizeof(*c));
	c->buf = calloc(1, 1 << 20);
	for (i = 0; i < CONNS; i++) {
		if (st_pair_keyed(AF_INET, c->fd[i], tx, rx, version, TLS_CIPHER_AES_GCM_128) ||
		    setsockopt(c->fd[i][1], SOL_SOCKET, SO_RCVBUFFORCE, &rcv, sizeof(rcv)))
			return -1;
	}
	return c->buf ? 0 : -1;
}

static void end(struct conns *c)
{
	int i, j;

	for (i = 0; i < CONNS; i++) {
		close(c->fd[i][0]);
		close(c->fd[i][1]);
		for (j = 0; j < PIPES; j++) {
			close(c->pipe[i][j][0]);
			close(c->pipe[i][j][1]);
		}
	}
	free(c->buf);
}

static int by_peek(struct conns *c, int i)
{
	return recv(c->fd[i][1], c->buf, 1 << 20, MSG_PEEK | MSG_DONTWAIT) > 0 ? 0 : -1;
}

static int by_count(struct conns *c, int i)
{
	int n;

	return ioctl(c->fd[i][1], FIONREAD, &n) || !n ? -1 : 0;
}

static int by_splice(struct conns *c, int i)
{
	int j;

	for (j = 0; j < PIPES; j++) {
		if (!st_poll(c->fd[i][1], POLLIN, 0))
			return j ? 0 : -1;
		if (pipe(c->pipe[i][j]))
			return -1;
		if (splice(c->fd[i][1], NULL, c->pipe[i][j][1], NULL, 1 << 20,
			   SPLICE_F_NONBLOCK) <= 0)
			return -1;
	}
	return 0;
}

/* nothing was looked at: as it came */
static int by_nothing(struct conns *c, int i)
{
	return 0;
}

/* bytes charged to the receiving socket */
static long charged(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len))
		return -1;
	return info[SK_MEMINFO_RMEM_ALLOC];
}

/**
 * struct held - what one way to look at records of one size costs
 * @kb: memory of all connections
 * @charged: what was charged for it, bytes of a connection
 */
struct held {
	long kb;
	long charged;
};

static int look(struct conns *c, size_t size, int (*way)(struct conns *c, int i), struct held *h)
{
	size_t n = BYTES / size, r;
	long before = st_mem_free();
	int i;

	if (n > RECORDS)
		n = RECORDS;
	for (i = 0; i < CONNS; i++) {
		for (r = 0; r < n; r++) {
			if (send(c->fd[i][0], c->buf, size, 0) != (ssize_t)size)
				return -1;
		}
	}
	for (i = 0; i < CONNS; i++) {
		if (!st_poll(c->fd[i][1], POLLIN, 5000) || way(c, i))
			return -1;
	}
	h->kb = before - st_mem_free();
	h->charged = charged(c->fd[0][1]);
	return 0;
}

static int measure(const char *ulp, uint16_t version, size_t size,
		   int (*way)(struct conns *c, int i), struct held *h)
{
	struct conns *c = malloc(sizeof(*c));
	int rc = !c || begin(c, *ulp ? ST_IN_TREE : "", ulp, version) || look(c, size, way, h);

	if (c)
		end(c);
	free(c);
	return rc;
}

FIXTURE(held) { };
FIXTURE_VARIANT(held)
{
	int (*way)(struct conns *c, int i);
	uint16_t version;
};
FIXTURE_SETUP(held) { }
FIXTURE_TEARDOWN(held) { }

#define VARIANT(name, w, v) FIXTURE_VARIANT_ADD(held, name) { .way = w, .version = v }

VARIANT(peek_12, by_peek, TLS_1_2_VERSION);
VARIANT(peek_13, by_peek, TLS_1_3_VERSION);
VARIANT(count_13, by_count, TLS_1_3_VERSION);
VARIANT(splice_13, by_splice, TLS_1_3_VERSION);
VARIANT(nothing_13, by_nothing, TLS_1_3_VERSION);

TEST_F(held, memory)
{
	static const size_t sizes[] = { 1, 64, 1000, 4096, 16384 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct held plain, in_tree, ours;

		ASSERT_EQ(0, measure("", variant->version, sizes[i], variant->way, &plain));
		ASSERT_EQ(0, measure(ST_SHEATH, variant->version, sizes[i], variant->way, &ours));
		ASSERT_EQ(0, measure(ST_IN_TREE, variant->version, sizes[i], variant->way,
				     &in_tree));
		TH_LOG("%5zu bytes: TCP %ld kB, in-tree TLS %ld kB, sheath %ld kB; charged %ld, %ld, %ld",
		       sizes[i], plain.kb, in_tree.kb, ours.kb, plain.charged, in_tree.charged,
		       ours.charged);
		EXPECT_LE(ours.kb, in_tree.kb * 3 / 2 + KB_EACH * CONNS);
		/* pipes hold what left the socket */
		if (variant->way != by_splice)
			EXPECT_LE(ours.kb - KB_EACH * CONNS,
				  ours.charged * CONNS * 3 / 2 / 1024);
	}
}

TEST_HARNESS_MAIN
