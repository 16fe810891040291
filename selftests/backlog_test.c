// SPDX-License-Identifier: GPL-2.0
/*
 * Memory behind a peer that does not read: for each byte that was sent, at most half as much
 * again as in-tree kernel TLS holds for records of the same length in the same guest.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <linux/tls.h>

#include "kselftest_harness.h"
#include "mem.h"
#include "sock.h"

#ifndef TLS_TX_MAX_PAYLOAD_LEN
#define TLS_TX_MAX_PAYLOAD_LEN 5
#endif

/* the more pairs, the less the noise matters */
#define PAIRS		2
#define PAIRS_STRESS	8
#define LEN_MAX		(1 << 20)
/* what else comes and goes in a guest meanwhile, kB for all pairs */
#define NOISE		800

enum way { SEND, SENDFILE, SPLICE };

static const char *const names[] = { "send", "sendfile", "splice" };

struct held {
	double sent;	/* bytes of payload */
	double kb;	/* memory that is not available any more */
};

/* as many pieces of @len as the socket takes */
static long long fill(int fd, enum way way, int file, size_t len)
{
	static char buf[LEN_MAX];
	long long sent = 0;
	int p[2] = { -1, -1 };

	if (way == SPLICE && (pipe2(p, O_NONBLOCK) || fcntl(p[1], F_SETPIPE_SZ, LEN_MAX) < 0))
		return -1;
	for (;;) {
		off_t off = 0;
		ssize_t n, in = len;

		if (way == SEND) {
			n = send(fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		} else if (way == SENDFILE) {
			n = sendfile(fd, file, &off, len);
		} else {
			in = splice(file, &off, p[1], NULL, len, SPLICE_F_NONBLOCK);
			n = in <= 0 ? -1 : splice(p[0], NULL, fd, NULL, in, SPLICE_F_NONBLOCK);
		}
		if (n <= 0)
			break;
		sent += n;
		if (n < in)
			break;
	}
	close(p[0]);
	close(p[1]);
	return sent;
}

static int open_pair(int fd[2], const char *ulp, unsigned int limit)
{
	struct st_key k = st_key(TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_128, 0, 1);
	uint16_t max = limit;

	if (st_pair(AF_INET, fd) || st_set(fd[0], ulp, TLS_TX, &k))
		return -1;
	if (limit && setsockopt(fd[0], SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, &max, sizeof(max)))
		return -1;
	return fcntl(fd[0], F_SETFL, O_NONBLOCK);
}

static int measure(struct held *h, const char *ulp, unsigned int limit, enum way way, size_t len)
{
	int fd[PAIRS_STRESS][2], file = memfd_create("data", 0), i, rc = 0;
	int pairs = getenv("SHEATH_STRESS") ? PAIRS_STRESS : PAIRS;
	long before;

	/* the file's pages are not the connection's */
	if (file < 0 || ftruncate(file, LEN_MAX) || posix_fallocate(file, 0, LEN_MAX))
		return -1;
	*h = (struct held){ };
	for (i = 0; i < pairs; i++)
		rc |= open_pair(fd[i], ulp, limit);
	before = st_mem_free();
	for (i = 0; i < pairs && !rc; i++) {
		long long sent = fill(fd[i][0], way, file, len);

		rc = sent > 0 ? 0 : -1;
		h->sent += sent;
	}
	h->kb = before - st_mem_free();
	for (i = 0; i < pairs; i++) {
		close(fd[i][0]);
		close(fd[i][1]);
	}
	close(file);
	return rc;
}

/* @limit 0: records as long as the protocol allows */
static int compare(unsigned int limit, enum way way, size_t len)
{
	struct held ours, in_tree;
	size_t same = limit && limit < len ? limit : len;
	double per, most;

	if (measure(&ours, ST_SHEATH, limit, way, len) ||
	    measure(&in_tree, ST_IN_TREE, 0, way, same)) {
		printf("# %s of %zu, limit %u: cannot send\n", names[way], len, limit);
		return 1;
	}
	per = (ours.kb - NOISE) * 1024 / ours.sent;
	most = 1.5 * (in_tree.kb + NOISE) * 1024 / in_tree.sent;
	printf("# %s of %zu, limit %u: %.0f bytes, %.0f kB; in-tree %.0f bytes, %.0f kB%s\n",
	       names[way], len, limit, ours.sent, ours.kb, in_tree.sent, in_tree.kb,
	       per > most ? " BAD" : "");
	return per > most;
}

FIXTURE(backlog)
{
};

FIXTURE_VARIANT(backlog)
{
	enum way way;
};

FIXTURE_VARIANT_ADD(backlog, send)
{
	.way = SEND,
};

FIXTURE_VARIANT_ADD(backlog, sendfile)
{
	.way = SENDFILE,
};

FIXTURE_VARIANT_ADD(backlog, splice)
{
	.way = SPLICE,
};

FIXTURE_SETUP(backlog)
{
	struct held warm;

	/* rings of buffers are filled once and stay */
	ASSERT_EQ(0, measure(&warm, ST_SHEATH, 0, variant->way, 16384));
}

FIXTURE_TEARDOWN(backlog)
{
}

TEST_F_TIMEOUT(backlog, lengths, 600)
{
	static const size_t few[] = { 64, 2048, 2049, 4096, 5000, 8193, 12289, 16385, 100000, LEN_MAX };
	static const size_t more[] = { 1, 63, 1000, 1500, 3000, 4097, 6000, 8192, 10000, 12288, 13000,
				       16383, 16384, 18000, 20000, 32769, 65536, 70001 };
	unsigned int i, bad = 0;

	for (i = 0; i < sizeof(few) / sizeof(*few); i++)
		bad += compare(0, variant->way, few[i]);
	for (i = 0; getenv("SHEATH_STRESS") && i < sizeof(more) / sizeof(*more); i++)
		bad += compare(0, variant->way, more[i]);
	EXPECT_EQ(0, bad);
}

TEST_F_TIMEOUT(backlog, limits, 600)
{
	static const unsigned int few[] = { 64, 1000, 4097 };
	static const unsigned int more[] = { 65, 100, 512, 2047, 2049, 3000, 8193, 12289, 16383 };
	static const size_t len[] = { 100, 16384, 100000 };
	unsigned int i, j, bad = 0;

	for (j = 0; j < sizeof(len) / sizeof(*len); j++) {
		for (i = 0; i < sizeof(few) / sizeof(*few); i++)
			bad += compare(few[i], variant->way, len[j]);
		for (i = 0; getenv("SHEATH_STRESS") && i < sizeof(more) / sizeof(*more); i++)
			bad += compare(more[i], variant->way, len[j]);
	}
	EXPECT_EQ(0, bad);
}

TEST_HARNESS_MAIN
