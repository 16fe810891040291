// SPDX-License-Identifier: GPL-2.0
/* What MSG_PEEK and TCP_INQ make of many records, and of one that is none. */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kselftest_harness.h"
#include "peer.h"

#define DATA	23
#define FEW	2000
#define MANY	16000
#define BUFFER	(16 << 20)
#define TIMES	10
#define SMALL	100

FIXTURE(peek)
{
	struct st_peer p;
};

FIXTURE_SETUP(peek)
{
	int size = BUFFER;

	ASSERT_EQ(0, st_peer_open(&self->p, TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_128, false));
	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)));
	ASSERT_EQ(0, setsockopt(self->p.raw, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)));
}

FIXTURE_TEARDOWN(peek)
{
	st_peer_close(&self->p);
}

/* @n records of one byte, in one piece */
static int send_bytes(struct st_peer *p, int n)
{
	struct st_record r = { .type = DATA, .data = "x", .len = 1 };
	uint8_t *out = malloc(n * 64 + ST_RECORD_MAX);
	size_t len = 0;
	int rc = 0;

	while (!rc && n--) {
		int one = st_seal(&p->to, &r, out + len);

		rc = one < 0 ? -1 : 0;
		len += one;
	}
	rc = rc ? rc : st_send_all(p->raw, out, len, 0);
	free(out);
	return rc;
}

/* processor time in ms that peeks at @n bytes take, all of which are there */
static double peek_ms(int fd, size_t n)
{
	static char buf[MANY];
	struct timespec from, to;
	int i;

	if (recv(fd, buf, n, MSG_PEEK | MSG_WAITALL) != (ssize_t)n)
		return -1;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
	for (i = 0; i < TIMES; i++) {
		if (recv(fd, buf, n, MSG_PEEK | MSG_DONTWAIT) != (ssize_t)n)
			return -1;
	}
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
	return (to.tv_sec - from.tv_sec) * 1e3 + (to.tv_nsec - from.tv_nsec) / 1e6;
}

/* eight times the records take eight times as long, and not 64 times: the lock is held meanwhile */
TEST_F(peek, many_records)
{
	double few, many;

	ASSERT_EQ(0, send_bytes(&self->p, MANY));
	few = peek_ms(self->p.fd, FEW);
	many = peek_ms(self->p.fd, MANY);
	ASSERT_LE(0, few);
	ASSERT_LE(0, many);
	/* clocks may be coarse */
	if (few < 10)
		few = 10;
	EXPECT_GT(24 * few, many) TH_LOG("%d in %.1f ms, %d in %.1f ms", FEW, few, MANY, many);
}

/* what a reader is told to make room for is no more than came, whatever comes behind it */
TEST_F(peek, inq_before_a_bad_header)
{
	static const uint8_t bad[] = { DATA, 3, 3, 0xff, 0xff };
	char plain[SMALL] = "", buf[SMALL], ctl[64];
	int on = 1, i;

	ASSERT_EQ(0, setsockopt(self->p.fd, IPPROTO_TCP, TCP_INQ, &on, sizeof(on)));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, st_send_record(self->p.raw, &self->p.to, DATA, plain, SMALL));
	ASSERT_EQ(0, st_send_all(self->p.raw, bad, sizeof(bad), 0));
	for (i = 3; i > 0; i--) {
		struct iovec iov = { buf, SMALL };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl,
				      .msg_controllen = sizeof(ctl) };
		struct cmsghdr *c;
		int inq = -1;

		ASSERT_EQ(SMALL, recvmsg(self->p.fd, &msg, 0));
		for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
			if (c->cmsg_level == IPPROTO_TCP && c->cmsg_type == TCP_CM_INQ)
				memcpy(&inq, CMSG_DATA(c), sizeof(inq));
		}
		EXPECT_LE(1, inq);
		/* padding may turn out to be content */
		EXPECT_GE(i * (SMALL + 1), inq);
	}
}

TEST_HARNESS_MAIN
