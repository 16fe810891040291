// SPDX-License-Identifier: GPL-2.0
/*
 * TCP has no memory left, for the whole system: what is read and sent then, and what comes of
 * it when there is memory again.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "peer.h"
#include "stream.h"

#define TCP_MEM		"/proc/sys/net/ipv4/tcp_mem"
#define DATA		23
#define FULL		16384
#define RECORDS		3
#define QUEUED		300000
#define PART		100
#define TRIES		5
/* more than the kernel keeps for each CPU before it looks at the limits */
#define HOG		(4 << 20)

static int write_text(const char *text)
{
	int fd = open(TCP_MEM, O_WRONLY), rc;

	if (fd < 0)
		return -1;
	rc = write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;
	close(fd);
	return rc;
}

static int read_text(char *text, size_t size)
{
	int fd = open(TCP_MEM, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	close(fd);
	if (n <= 0)
		return -1;
	text[n] = 0;
	return 0;
}

static int set_buffer(int fd, int option, int size)
{
	return setsockopt(fd, SOL_SOCKET, option, &size, sizeof(size));
}

FIXTURE(shortage)
{
	struct st_peer p;
	int hog[2];
	char limits[128];
	uint64_t sent;
};

FIXTURE_SETUP(shortage)
{
	self->sent = 0;
	ASSERT_EQ(0, read_text(self->limits, sizeof(self->limits)));
	ASSERT_EQ(0, st_pair(AF_INET, self->hog));
	ASSERT_EQ(0, set_buffer(self->hog[0], SO_SNDBUFFORCE, 2 * HOG));
	ASSERT_EQ(0, st_peer_open(&self->p, TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_128, false));
	ASSERT_EQ(0, set_buffer(self->p.fd, SO_SNDBUFFORCE, 1 << 20));
	ASSERT_EQ(0, set_buffer(self->p.fd, SO_RCVBUFFORCE, 1 << 20));
	ASSERT_EQ(0, set_buffer(self->p.raw, SO_RCVBUF, 4096));
}

FIXTURE_TEARDOWN(shortage)
{
	EXPECT_EQ(0, write_text(self->limits));
	st_peer_close(&self->p);
	close(self->hog[0]);
	close(self->hog[1]);
}

/* all in one buffer of TCP, which is not given back before the last of them was read */
static int send_records(struct st_peer *p)
{
	static uint8_t plain[FULL], out[RECORDS * ST_RECORD_MAX];
	int i, n = 0;

	for (i = 0; i < RECORDS; i++) {
		struct st_record r = { .type = DATA, .data = plain, .len = FULL };
		int len;

		st_fill(plain, FULL, i * FULL);
		len = st_seal(&p->to, &r, out + n);
		if (len < 0)
			return -1;
		n += len;
	}
	return st_send_all(p->raw, out, n, 0);
}

/* by now, TCP's memory is used up */
static int begin(struct st_peer *p, const int hog[2])
{
	if (st_fill_socket(p->fd, 0, QUEUED, QUEUED) != QUEUED || send_records(p) ||
	    st_poll(p->fd, POLLIN, 5000) != POLLIN ||
	    st_fill_socket(hog[0], 0, HOG, 1 << 20) <= 0)
		return -1;
	return write_text("1 1 1");
}

/* records of the pattern until @len bytes of it came */
static int expect(struct st_peer *p, uint64_t len)
{
	static uint8_t out[ST_RECORD_MAX];
	uint64_t pos = 0;
	uint8_t type;

	while (pos < len) {
		int n = st_recv_record(p->raw, &p->from, &type, out);

		if (n <= 0 || type != DATA || !st_check(out, n, pos))
			return -1;
		pos += n;
	}
	return pos == len ? 0 : -1;
}

/*
 * Records are read in part while TCP's memory is used up, and what is sent then goes behind what
 * waits in a buffer of TCP that has room: it is taken, or has to wait.
 */
TEST_F(shortage, read_and_send)
{
	static char buf[PART];
	uint64_t done = 0;
	int i;

	ASSERT_EQ(0, begin(&self->p, self->hog));
	self->sent = QUEUED;
	for (i = 0; i < TRIES; i++) {
		ssize_t n = recv(self->p.fd, buf, PART, MSG_DONTWAIT);

		ASSERT_EQ(PART, n);
		EXPECT_TRUE(st_check(buf, n, done));
		done += n;
		st_fill(buf, PART, self->sent);
		n = send(self->p.fd, buf, PART, MSG_DONTWAIT | MSG_NOSIGNAL);
		ASSERT_TRUE(n == PART || (n < 0 && errno == EAGAIN)) TH_LOG("errno %d", errno);
		if (n == PART)
			self->sent += n;
	}
	ASSERT_EQ(0, write_text(self->limits));
	ASSERT_EQ(0, expect(&self->p, self->sent));
	ASSERT_EQ(0, st_expect(self->p.fd, done, RECORDS * FULL - done, FULL));
}

TEST_HARNESS_MAIN
