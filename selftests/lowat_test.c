// SPDX-License-Identifier: GPL-2.0
/*
 * TCP_NOTSENT_LOWAT: a sender that wants TCP to hold little is told often that there is room,
 * and the stream goes about as fast as plain TCP's with the same mark.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "patience.h"
#include "stream.h"

#define TOTAL	(2 << 20)
#define CHUNK	65536

/* a stream that only timers let go on takes a hundred times what plain TCP does */
#define FACTOR	8
#define GRACE	1500

FIXTURE(lowat)
{
	int file;
	char *buf;
};

FIXTURE_VARIANT(lowat)
{
	int mark;
	uint16_t version;
	ssize_t (*send)(int fd, int file, const char *buf, size_t pos);
};

static ssize_t by_file(int fd, int file, const char *buf, size_t pos)
{
	off_t at = pos;

	return sendfile(fd, file, &at, CHUNK);
}

static ssize_t by_more(int fd, int file, const char *buf, size_t pos)
{
	size_t left = TOTAL - pos;

	return send(fd, buf + pos, left < CHUNK ? left : CHUNK,
		    MSG_NOSIGNAL | (left <= CHUNK ? 0 : MSG_MORE));
}

FIXTURE_VARIANT_ADD(lowat, 1_file) { 1, TLS_1_3_VERSION, by_file };
FIXTURE_VARIANT_ADD(lowat, 4096_file) { 4096, TLS_1_2_VERSION, by_file };
FIXTURE_VARIANT_ADD(lowat, 1_more) { 1, TLS_1_2_VERSION, by_more };
FIXTURE_VARIANT_ADD(lowat, 4096_more) { 4096, TLS_1_3_VERSION, by_more };

FIXTURE_SETUP(lowat)
{
	self->buf = malloc(TOTAL);
	ASSERT_NE(NULL, self->buf);
	st_fill(self->buf, TOTAL, 0);
	self->file = memfd_create("data", 0);
	ASSERT_EQ(TOTAL, write(self->file, self->buf, TOTAL));
}

FIXTURE_TEARDOWN(lowat)
{
	close(self->file);
	free(self->buf);
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* reads the whole, with pauses in which TCP fills up */
static int read_slowly(int fd, uint64_t pos, uint64_t len, size_t chunk)
{
	for (; len; pos += chunk, len -= chunk, usleep(500)) {
		int rc = st_expect(fd, pos, chunk, chunk);

		if (rc)
			return rc;
	}
	return 0;
}

/* all of it, waiting with poll() whenever there is no room; 0 or -1 */
static int send_whole(FIXTURE_DATA(lowat) *self, const FIXTURE_VARIANT(lowat) *variant, int fd)
{
	size_t pos = 0;

	while (pos < TOTAL) {
		ssize_t n = variant->send(fd, self->file, self->buf, pos);

		if (n > 0)
			pos += n;
		else if (!n || errno != EAGAIN || !st_poll(fd, POLLOUT, 20000))
			return -1;
	}
	return 0;
}

/* milliseconds the stream takes, or -1 */
static long stream_time(FIXTURE_DATA(lowat) *self, const FIXTURE_VARIANT(lowat) *variant,
			const char *tx, const char *rx)
{
	struct st_job job;
	int fd[2], sent, got;
	long start;

	if (st_pair_keyed(AF_INET, fd, tx, rx, variant->version, TLS_CIPHER_AES_GCM_128) ||
	    setsockopt(fd[0], IPPROTO_TCP, TCP_NOTSENT_LOWAT, &variant->mark, sizeof(int)) ||
	    fcntl(fd[0], F_SETFL, O_NONBLOCK))
		return -1;
	start = now_ms();
	if (st_job_start(&job, read_slowly, fd[1], 0, TOTAL, 32768))
		return -1;
	sent = send_whole(self, variant, fd[0]);
	shutdown(fd[0], SHUT_WR);
	got = st_job_end(&job);
	start = now_ms() - start;
	close(fd[0]);
	close(fd[1]);
	return sent || got ? -1 : start;
}

TEST_F_TIMEOUT(lowat, as_fast_as_tcp, 120)
{
	long tcp = stream_time(self, variant, "", "");
	long our = stream_time(self, variant, ST_SHEATH, ST_IN_TREE);

	TH_LOG("plain TCP %ld ms, with records %ld ms", tcp, our);
	ASSERT_LT(0, tcp);
	ASSERT_LT(0, our);
	EXPECT_GT(FACTOR * tcp + st_patience(GRACE), our);
}

TEST_HARNESS_MAIN
