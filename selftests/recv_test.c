// SPDX-License-Identifier: GPL-2.0
/* Reading: flags, record borders, small buffers, bad memory. sheath receives throughout. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "matrix.h"
#include "patience.h"
#include "peer.h"
#include "stream.h"

#define FULL	16384

static int set_int(int fd, int opt, int v)
{
	return setsockopt(fd, SOL_SOCKET, opt, &v, sizeof(v));
}

static long ms_since(const struct timespec *from)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - from->tv_sec) * 1000 + (now.tv_nsec - from->tv_nsec) / 1000000;
}

FIXTURE(recv)
{
	int fd[2];
	char *buf;
};

FIXTURE_VARIANT(recv)
{
	ST_VARIANT_FIELDS
};

ST_VARIANTS_RECEIVES(recv)

FIXTURE_SETUP(recv)
{
	ASSERT_EQ(0, st_pair_keyed(variant->family, self->fd, variant->tx, variant->rx,
				   variant->version, variant->cipher));
	self->buf = calloc(1, 1 << 20);
}

FIXTURE_TEARDOWN(recv)
{
	close(self->fd[0]);
	close(self->fd[1]);
	free(self->buf);
}

TEST_F(recv, peek)
{
	/* three records: within the first, all of it, across */
	static const int sizes[] = { 1, 99, 100, 101, 300 };
	size_t i;

	ASSERT_EQ(0, st_write(self->fd[0], 0, 300, 100));
	/* all three are there when the last one is */
	ASSERT_EQ(300, recv(self->fd[1], self->buf, 300, MSG_PEEK | MSG_WAITALL));
	EXPECT_TRUE(st_check(self->buf, 300, 0));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		memset(self->buf, 0, 300);
		EXPECT_EQ(sizes[i], recv(self->fd[1], self->buf, sizes[i], MSG_PEEK));
		EXPECT_TRUE(st_check(self->buf, sizes[i], 0));
	}
	EXPECT_EQ(300, recv(self->fd[1], self->buf, 1000, MSG_PEEK));
	EXPECT_EQ(0, st_expect(self->fd[1], 0, 150, 150));
	EXPECT_EQ(150, recv(self->fd[1], self->buf, 1000, MSG_PEEK));
	EXPECT_TRUE(st_check(self->buf, 150, 150));
	EXPECT_EQ(0, st_expect(self->fd[1], 150, 150, 40));
	EXPECT_EQ(-1, recv(self->fd[1], self->buf, 1, MSG_PEEK | MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
}

TEST_F(recv, peek_large)
{
	ASSERT_EQ(0, st_write(self->fd[0], 0, 3 * FULL, 3 * FULL));
	ASSERT_EQ(3 * FULL, recv(self->fd[1], self->buf, 3 * FULL, MSG_PEEK | MSG_WAITALL));
	EXPECT_TRUE(st_check(self->buf, 3 * FULL, 0));
	EXPECT_EQ(0, st_expect(self->fd[1], 0, 3 * FULL, 10000));
}

TEST_F(recv, waitall)
{
	struct st_job w;

	ASSERT_EQ(0, st_job_start(&w, st_write, self->fd[0], 0, 200000, 999));
	EXPECT_EQ(200000, recv(self->fd[1], self->buf, 200000, MSG_WAITALL));
	EXPECT_TRUE(st_check(self->buf, 200000, 0));
	EXPECT_EQ(0, st_job_end(&w));
	/* at the end of the stream it gets what there is */
	ASSERT_EQ(0, st_write(self->fd[0], 0, 500, 500));
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	EXPECT_EQ(500, recv(self->fd[1], self->buf, 1000, MSG_WAITALL));
	EXPECT_EQ(0, st_expect_eof(self->fd[1]));
}

TEST_F(recv, trunc)
{
	/* bytes are dropped, not copied */
	ASSERT_EQ(0, st_write(self->fd[0], 0, 5000, 5000));
	EXPECT_EQ(3000, recv(self->fd[1], self->buf, 3000, MSG_TRUNC | MSG_WAITALL));
	EXPECT_EQ(0, self->buf[1]);
	EXPECT_EQ(0, st_expect(self->fd[1], 3000, 2000, 2000));
	ASSERT_EQ(0, st_write(self->fd[0], 0, 100, 100));
	EXPECT_EQ(100, recv(self->fd[1], NULL, 100, MSG_TRUNC | MSG_WAITALL));
}

static void *write_later(void *arg)
{
	int fd = *(int *)arg;

	/* the reader sleeps by now, or the test is weaker but still right */
	usleep(20000);
	return (void *)(long)st_write(fd, 1000, 1000, 1000);
}

TEST_F(recv, lowat)
{
	pthread_t t;

	/* a reader that sleeps with nothing in its hands; TCP forgets others, and so does sheath */
	ASSERT_EQ(0, set_int(self->fd[1], SO_RCVLOWAT, 1000));
	ASSERT_EQ(0, pthread_create(&t, NULL, write_later, &self->fd[0]));
	EXPECT_EQ(1000, recv(self->fd[1], self->buf, 4000, 0));
	EXPECT_TRUE(st_check(self->buf, 1000, 1000));
	ASSERT_EQ(0, pthread_join(t, NULL));

	ASSERT_EQ(0, set_int(self->fd[1], SO_RCVLOWAT, 1500));
	ASSERT_EQ(0, st_write(self->fd[0], 0, 1000, 1000));
	EXPECT_EQ(0, st_poll(self->fd[1], POLLIN, 50));
	ASSERT_EQ(0, pthread_create(&t, NULL, write_later, &self->fd[0]));
	EXPECT_EQ(POLLIN, st_poll(self->fd[1], POLLIN, 5000));
	ASSERT_EQ(0, pthread_join(t, NULL));
	/* more than the mark is there: it is all given */
	EXPECT_EQ(2000, recv(self->fd[1], self->buf, 4000, MSG_PEEK));
	/* content counts, not what it is wrapped in */
	ASSERT_EQ(0, st_expect(self->fd[1], 0, 501, 501));
	EXPECT_EQ(0, st_poll(self->fd[1], POLLIN, 50));
	ASSERT_EQ(0, set_int(self->fd[1], SO_RCVLOWAT, 1));
	EXPECT_EQ(0, st_expect(self->fd[1], 501, 1499, 1499));
}

static int get_lowat(int fd)
{
	socklen_t len = sizeof(int);
	int v = -1;

	getsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &v, &len);
	return v;
}

/* an unread rest, which TCP knows nothing of, and one record more: together above the mark */
TEST_F(recv, lowat_rest)
{
	pthread_t t;
	int late;

	for (late = 0; late <= 1; late++) {
		ASSERT_EQ(0, set_int(self->fd[1], SO_RCVLOWAT, late ? 1 : 1500));
		ASSERT_EQ(0, st_write(self->fd[0], 0, 1000, 1000));
		ASSERT_EQ(1, recv(self->fd[1], self->buf, 1, 0));
		ASSERT_EQ(0, set_int(self->fd[1], SO_RCVLOWAT, 1500));
		EXPECT_EQ(0, st_poll(self->fd[1], POLLIN, 50));
		if (!late)
			EXPECT_EQ(1500, get_lowat(self->fd[1]));
		ASSERT_EQ(0, pthread_create(&t, NULL, write_later, &self->fd[0]));
		EXPECT_EQ(POLLIN, st_poll(self->fd[1], POLLIN, 5000));
		ASSERT_EQ(0, pthread_join(t, NULL));
		EXPECT_EQ(1999, recv(self->fd[1], self->buf, 4000, MSG_DONTWAIT));
		EXPECT_TRUE(st_check(self->buf, 1999, 1));
		EXPECT_EQ(1500, get_lowat(self->fd[1]));
	}
}

TEST_F(recv, lowat_rest_blocking)
{
	struct timespec begin;
	pthread_t t;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	ASSERT_EQ(0, st_be_patient(self->fd[1], 5000));
	ASSERT_EQ(0, set_int(self->fd[1], SO_RCVLOWAT, 1500));
	ASSERT_EQ(0, st_write(self->fd[0], 0, 1000, 1000));
	ASSERT_EQ(1, recv(self->fd[1], self->buf, 1, 0));
	ASSERT_EQ(0, pthread_create(&t, NULL, write_later, &self->fd[0]));
	EXPECT_EQ(1999, recv(self->fd[1], self->buf, 4000, 0));
	EXPECT_TRUE(st_check(self->buf, 1999, 1));
	ASSERT_EQ(0, pthread_join(t, NULL));
	/* peeking leaves what it saw, and waits for the mark all the same */
	ASSERT_EQ(0, st_write(self->fd[0], 0, 1000, 1000));
	ASSERT_EQ(0, pthread_create(&t, NULL, write_later, &self->fd[0]));
	EXPECT_EQ(2000, recv(self->fd[1], self->buf, 4000, MSG_PEEK));
	ASSERT_EQ(0, pthread_join(t, NULL));
	EXPECT_EQ(2000, recv(self->fd[1], self->buf, 2000, 0));
	/* who asks for less than the mark does not wait for it */
	ASSERT_EQ(0, pthread_create(&t, NULL, write_later, &self->fd[0]));
	EXPECT_EQ(100, recv(self->fd[1], self->buf, 100, 0));
	ASSERT_EQ(0, pthread_join(t, NULL));
	/* a reader that nobody woke up looks again when its time is over */
	EXPECT_GT(st_patience(4000), ms_since(&begin));
	EXPECT_EQ(1500, get_lowat(self->fd[1]));
	EXPECT_EQ(0, st_expect(self->fd[1], 1100, 900, 900));
}

/* poll() against a model: small records come, some of the bytes are read, in any order */
TEST_F(recv, lowat_model)
{
	const int mark = 300, rounds = 2000;
	uint64_t in = 0, out = 0;
	int i;

	srand(1);
	ASSERT_EQ(0, set_int(self->fd[1], SO_RCVLOWAT, mark));
	for (i = 0; i < rounds; i++) {
		int n = rand() % 4 ? rand() % 40 + 1 : rand() % 500 + 1;
		bool enough;
		ssize_t got;

		if (rand() % 3) {
			ASSERT_EQ(0, st_write(self->fd[0], in, n, n));
			in += n;
		} else if (in > out) {
			got = recv(self->fd[1], self->buf, n, MSG_DONTWAIT);
			ASSERT_LT(0, got);
			ASSERT_TRUE(st_check(self->buf, got, out));
			out += got;
		}
		enough = in - out >= (uint64_t)mark;
		ASSERT_EQ(enough ? POLLIN : 0, st_poll(self->fd[1], POLLIN, enough ? 5000 : 0));
	}
	/* with a rest unread TCP's mark may be lower */
	while (in > out) {
		ssize_t got = recv(self->fd[1], self->buf, in - out, 0);

		ASSERT_LT(0, got);
		out += got;
	}
	EXPECT_EQ(mark, get_lowat(self->fd[1]));
}

static int inq(int fd)
{
	int n = -1;

	ioctl(fd, FIONREAD, &n);
	return n;
}

static bool inq_becomes(int fd, int want)
{
	return ST_COMES_TRUE(inq(fd) == want);
}

TEST_F(recv, fionread)
{
	int n = -1;

	EXPECT_EQ(0, inq(self->fd[1]));
	ASSERT_EQ(0, st_write(self->fd[0], 0, 300, 100));
	EXPECT_TRUE(inq_becomes(self->fd[1], 300));
	ASSERT_EQ(0, st_expect(self->fd[1], 0, 50, 50));
	EXPECT_EQ(250, inq(self->fd[1]));
	ASSERT_EQ(0, st_write(self->fd[0], 300, 2 * FULL, FULL));
	EXPECT_TRUE(inq_becomes(self->fd[1], 250 + 2 * FULL));
	EXPECT_EQ(250 + 2 * FULL, recv(self->fd[1], self->buf, 4 * FULL, MSG_DONTWAIT));
	EXPECT_TRUE(st_check(self->buf, 250 + 2 * FULL, 50));
	EXPECT_EQ(0, inq(self->fd[1]));
	/* that of the other direction is TCP's */
	EXPECT_EQ(0, ioctl(self->fd[1], SIOCOUTQ, &n));
	EXPECT_EQ(0, n);
}

TEST_F(recv, fionread_partial)
{
	struct st_relay r;
	int n;

	ASSERT_EQ(0, st_relay_open(&r, variant->tx, variant->rx, variant->version,
				   variant->cipher, 0));
	n = st_relay_make(&r, 0, 1000, self->buf);
	ASSERT_LT(1000, n);
	ASSERT_EQ(0, st_send_all(r.feed, self->buf, n - 1, 0));
	usleep(20000);
	EXPECT_EQ(0, inq(r.rx));
	ASSERT_EQ(0, st_send_all(r.feed, self->buf + n - 1, 1, 0));
	EXPECT_TRUE(inq_becomes(r.rx, 1000));
	EXPECT_EQ(0, st_expect(r.rx, 0, 1000, 1000));
	st_relay_close(&r);
}

/* what a read would not give is not counted: padding, and what is not data */
TEST_F(recv, fionread_exact)
{
	struct st_record rec = { .type = 23, .data = "abc", .len = 3, .pad = 500 };
	uint8_t wire[ST_RECORD_MAX];
	struct st_peer p;
	int n;

	ASSERT_EQ(0, st_peer_open(&p, variant->version, variant->cipher, true));
	if (variant->version == TLS_1_2_VERSION)
		rec.pad = 0;
	n = st_seal(&p.to, &rec, wire);
	ASSERT_LT(0, n);
	ASSERT_EQ(0, st_send_all(p.raw, wire, n, 0));
	ASSERT_EQ(0, st_peer_send(&p, 21, "\1\144", 2));
	ASSERT_EQ(0, st_peer_send(&p, 23, "defgh", 5));
	EXPECT_TRUE(inq_becomes(p.fd, 3));
	EXPECT_EQ(3, recv(p.fd, self->buf, 100, 0));
	EXPECT_EQ(0, inq(p.fd));
	st_peer_close(&p);
}

/* pages the sender of a record can still write to are copied before a cipher sees them */
TEST_F(recv, shared_pages)
{
	long long copied;
	struct st_relay r;
	off_t at = 0;
	int n, file = memfd_create("wire", 0);

	ASSERT_EQ(0, st_relay_open(&r, variant->tx, variant->rx, variant->version,
				   variant->cipher, 0));
	n = st_relay_make(&r, 0, 2 * FULL, self->buf);
	ASSERT_LT(2 * FULL, n);
	copied = st_stat("RxCopied");
	ASSERT_EQ(n / 2, write(file, self->buf, n / 2));
	ASSERT_EQ(n / 2, sendfile(r.feed, file, &at, n / 2));
	EXPECT_EQ(0, st_expect(r.rx, 0, FULL, FULL));
	EXPECT_EQ(copied + 1, st_stat("RxCopied"));
	ASSERT_EQ(0, st_send_all(r.feed, self->buf + n / 2, n - n / 2, 0));
	EXPECT_EQ(0, st_expect(r.rx, FULL, FULL, FULL));
	EXPECT_EQ(copied + 1, st_stat("RxCopied"));
	close(file);
	st_relay_close(&r);
}

struct forker {
	volatile bool stop;
	volatile char *page;
	size_t at[2];
};

/* make children, and write to the pages at both ends of what is read into */
static void *fork_on(void *arg)
{
	struct forker *f = arg;

	while (!f->stop) {
		int i, status;
		pid_t pid = fork();

		if (!pid)
			_exit(0);
		for (i = 0; i < 2000; i++) {
			f->page[f->at[0]]++;
			f->page[f->at[1]]++;
		}
		waitpid(pid, &status, 0);
	}
	return NULL;
}

/* a page somebody writes to after a fork becomes a copy: not while a record is opened into it */
TEST_F(recv, fork_while_reading)
{
	const int rounds = 300;
	struct forker f = { .at = { 0, 5 * 4096 - 1 } };
	char *to;
	pthread_t t;
	struct st_job w;
	int i, bad = 0;

	f.page = to = mmap(NULL, 5 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)to);
	to += 2048;
	ASSERT_EQ(0, st_job_start(&w, st_write, self->fd[0], 0, rounds * FULL, FULL));
	ASSERT_EQ(0, pthread_create(&t, NULL, fork_on, &f));
	for (i = 0; i < rounds; i++) {
		if (recv(self->fd[1], to, FULL, MSG_WAITALL) != FULL)
			break;
		bad += !st_check(to, FULL, (uint64_t)i * FULL);
	}
	f.stop = true;
	EXPECT_EQ(rounds, i);
	EXPECT_EQ(0, bad);
	ASSERT_EQ(0, pthread_join(t, NULL));
	EXPECT_EQ(0, st_job_end(&w));
	munmap((void *)f.page, 5 * 4096);
}

TEST_F(recv, time_out)
{
	struct timeval tv = { .tv_usec = 50000 };
	struct timespec begin;

	ASSERT_EQ(0, setsockopt(self->fd[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	clock_gettime(CLOCK_MONOTONIC, &begin);
	EXPECT_EQ(-1, recv(self->fd[1], self->buf, 10, 0));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_LE(40, ms_since(&begin));
	/* what came before it counts */
	ASSERT_EQ(0, st_write(self->fd[0], 0, 10, 10));
	ASSERT_EQ(POLLIN, st_poll(self->fd[1], POLLIN, 5000));
	EXPECT_EQ(10, recv(self->fd[1], self->buf, 20, MSG_WAITALL));
	EXPECT_TRUE(st_check(self->buf, 10, 0));
}

TEST_F(recv, around_a_record)
{
	static const size_t sizes[] = { 1, 16, 100, 2047, 2048, 2049, 4096, 5000, FULL };
	long long direct = st_stat("RxDirect");
	size_t i;
	int d;

	/* a buffer with exactly the record, one less, one more; starting at any byte */
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (d = -1; d <= 1; d++) {
			size_t len = sizes[i], want = len + d ? len + d : 1;
			char *to = self->buf + 1 + i * 7;
			ssize_t n;

			ASSERT_EQ(0, st_write(self->fd[0], 9, len, len));
			to[want] = 0x5a;
			n = recv(self->fd[1], to, want, 0);
			ASSERT_EQ((ssize_t)(want < len ? want : len), n);
			EXPECT_TRUE(st_check(to, n, 9));
			EXPECT_EQ(0x5a, to[want]);
			if (want < len)
				ASSERT_EQ(0, st_expect(self->fd[1], 9 + want, len - want, len));
			EXPECT_EQ(0, st_poll(self->fd[1], POLLIN, 0));
		}
	}
	EXPECT_LT(direct, st_stat("RxDirect"));
}

TEST_F(recv, three_iovecs)
{
	static const size_t cuts[][3] = {
		{ 1, 1, 16382 }, { 5000, 5000, 6384 }, { 4096, 4096, 8192 },
		{ 16382, 1, 1 }, { 100, 16384, 200 }, { 0, 16384, 0 },
	};
	size_t i;
	int j;

	for (i = 0; i < ARRAY_SIZE(cuts); i++) {
		struct iovec iov[3];
		uint64_t pos = i;
		ssize_t left;

		for (j = 0; j < 3; j++) {
			iov[j].iov_base = self->buf + 20001 * j;
			iov[j].iov_len = cuts[i][j];
		}
		ASSERT_EQ(0, st_write(self->fd[0], pos, FULL, FULL));
		left = readv(self->fd[1], iov, 3);
		ASSERT_EQ(FULL, left);
		for (j = 0; j < 3 && left; j++) {
			ssize_t part = left < (ssize_t)cuts[i][j] ? left : (ssize_t)cuts[i][j];

			EXPECT_TRUE(st_check(iov[j].iov_base, part, pos));
			pos += part;
			left -= part;
		}
	}
}

TEST_F(recv, direct_large)
{
	long long direct = st_stat("RxDirect"), records = st_stat("RxRecords");

	ASSERT_EQ(0, st_write(self->fd[0], 0, 3 * FULL, 3 * FULL));
	EXPECT_EQ(3 * FULL, recv(self->fd[1], self->buf, 3 * FULL, MSG_WAITALL));
	EXPECT_TRUE(st_check(self->buf, 3 * FULL, 0));
	EXPECT_EQ(records + 3, st_stat("RxRecords"));
	EXPECT_EQ(direct + 3, st_stat("RxDirect"));
}

static int expect_by_poll(int fd, uint64_t pos, uint64_t len, size_t chunk)
{
	char *buf = malloc(chunk);
	uint64_t end = pos + len;
	int rc = 0;

	while (!rc && pos < end) {
		ssize_t n;

		if (!st_poll(fd, POLLIN, 5000)) {
			rc = ETIMEDOUT;
			break;
		}
		n = recv(fd, buf, chunk, MSG_DONTWAIT);
		if (n <= 0)
			rc = n ? errno : EPIPE;
		else if (!st_check(buf, n, pos))
			rc = EILSEQ;
		pos += n;
	}
	free(buf);
	return rc;
}

/*
 * A pair whose reader had little room from the first byte on: a window that was offered
 * once stays open, whatever SO_RCVBUF says later.
 */
static int tiny_pair(int fd[2], const char *tx, const char *rx, uint16_t version,
		     uint16_t cipher)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct st_key k = st_key(version, cipher, 0, 4);
	socklen_t len = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM, 0);

	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (set_int(l, SO_RCVBUF, 2500) || bind(l, (struct sockaddr *)&a, len) || listen(l, 1) ||
	    getsockname(l, (struct sockaddr *)&a, &len) ||
	    connect(fd[0], (struct sockaddr *)&a, len))
		return -1;
	fd[1] = accept(l, NULL, NULL);
	close(l);
	return st_set(fd[0], tx, TLS_TX, &k) || st_set(fd[1], rx, TLS_RX, &k) ? -1 : 0;
}

/* less than a record fits: waiting for all of it would be for ever */
static void tiny(struct __test_metadata *_metadata, int fd[2],
		 int (*expect)(int fd, uint64_t pos, uint64_t len, size_t chunk))
{
	long long spilled = st_stat("RxSpilled");
	struct st_job w;

	ASSERT_EQ(0, st_job_start(&w, st_write, fd[0], 0, 3 * FULL, FULL));
	EXPECT_EQ(0, expect(fd[1], 0, 3 * FULL, FULL));
	EXPECT_EQ(0, st_job_end(&w));
	EXPECT_LT(spilled, st_stat("RxSpilled"));
	close(fd[0]);
	close(fd[1]);
}

TEST_F(recv, tiny_buffer)
{
	int fd[2];

	ASSERT_EQ(0, tiny_pair(fd, variant->tx, variant->rx, variant->version, variant->cipher));
	tiny(_metadata, fd, st_expect);
}

TEST_F(recv, tiny_buffer_poll)
{
	int fd[2];

	ASSERT_EQ(0, tiny_pair(fd, variant->tx, variant->rx, variant->version, variant->cipher));
	tiny(_metadata, fd, expect_by_poll);
}

/* the rest of a record that was spilled is less than the mark, and has to wake up all the same */
TEST_F(recv, tiny_buffer_lowat)
{
	int fd[2];

	ASSERT_EQ(0, tiny_pair(fd, variant->tx, variant->rx, variant->version, variant->cipher));
	ASSERT_EQ(0, set_int(fd[1], SO_RCVLOWAT, 1000));
	tiny(_metadata, fd, expect_by_poll);
}

struct reader {
	pthread_t thread;
	int fd;
	int rc;
	uint64_t got;
	uint64_t sum;
};

static void *read_all(void *arg)
{
	struct reader *r = arg;
	uint8_t buf[3000];
	ssize_t n, i;

	while ((n = recv(r->fd, buf, sizeof(buf), 0)) > 0) {
		r->got += n;
		for (i = 0; i < n; i++)
			r->sum += buf[i];
	}
	r->rc = n ? errno : 0;
	return NULL;
}

TEST_F(recv, several_readers)
{
	const size_t len = 500000;
	struct reader r[3] = { };
	uint64_t got = 0, sum = 0;
	size_t i;

	for (i = 0; i < 3; i++) {
		r[i].fd = self->fd[1];
		ASSERT_EQ(0, pthread_create(&r[i].thread, NULL, read_all, &r[i]));
	}
	ASSERT_EQ(0, st_write(self->fd[0], 0, len, 7000));
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, pthread_join(r[i].thread, NULL));
		EXPECT_EQ(0, r[i].rc);
		got += r[i].got;
		sum += r[i].sum;
	}
	EXPECT_EQ(len, got);
	st_fill(self->buf, len, 0);
	for (i = 0; i < len; i++)
		sum -= (uint8_t)self->buf[i];
	EXPECT_EQ(0u, sum);
}

TEST_F(recv, bad_memory)
{
	static const size_t records[] = { 100, 3000, FULL };
	size_t page = sysconf(_SC_PAGESIZE), i, good;
	char *p = mmap(NULL, 16 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* the second half is not there: read nothing or less, and nothing is lost */
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mprotect(p + 8 * page, 8 * page, PROT_NONE));
	for (i = 0; i < ARRAY_SIZE(records); i++) {
		for (good = 0; good < records[i]; good += 1 + records[i] / 5) {
			size_t len = records[i];
			ssize_t n;

			ASSERT_EQ(0, st_write(self->fd[0], good, len, len));
			n = recv(self->fd[1], p + 8 * page - good, len, 0);
			if (n < 0) {
				EXPECT_EQ(EFAULT, errno);
				n = 0;
			}
			ASSERT_GE((ssize_t)good, n);
			EXPECT_TRUE(st_check(p + 8 * page - good, n, good));
			ASSERT_EQ(0, st_expect(self->fd[1], good + n, len - n, len));
		}
	}
	munmap(p, 16 * page);
}

TEST_F(recv, bad_memory_after_a_record)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, 16 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ssize_t n;

	/* the first of two records has room: it is delivered, the second one kept */
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, mprotect(p + 8 * page, 8 * page, PROT_NONE));
	ASSERT_EQ(0, st_write(self->fd[0], 0, 6000, 3000));
	n = recv(self->fd[1], p + 8 * page - 4000, 6000, MSG_WAITALL);
	EXPECT_EQ(3000, n);
	EXPECT_TRUE(st_check(p + 8 * page - 4000, 3000, 0));
	EXPECT_EQ(0, st_expect(self->fd[1], 3000, 3000, 3000));
	munmap(p, 16 * page);
}

TEST_HARNESS_MAIN
