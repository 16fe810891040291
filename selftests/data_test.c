// SPDX-License-Identifier: GPL-2.0
/* Data through sheath to in-tree TLS and back: sizes, flags, full buffers, last numbers. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "matrix.h"
#include "patience.h"
#include "stream.h"

#define FULL		16384
#define MIB		(1024 * 1024)
#define LAST_SEQ	UINT64_MAX

struct counts {
	long long tx_records, tx_bytes, rx_records, rx_bytes;
};

static struct counts count(void)
{
	return (struct counts){
		.tx_records = st_stat("TxRecords"),
		.tx_bytes = st_stat("TxBytes"),
		.rx_records = st_stat("RxRecords"),
		.rx_bytes = st_stat("RxBytes"),
	};
}

static bool is_sheath(const char *ulp)
{
	return !strcmp(ulp, ST_SHEATH);
}

static int set_int(int fd, int opt, int v)
{
	return setsockopt(fd, SOL_SOCKET, opt, &v, sizeof(v));
}

/* room for a few records only from fd[0] to fd[1]; with less, all waits for delayed ACKs */
static int narrow(const int fd[2])
{
	return set_int(fd[0], SO_SNDBUF, 20000) || set_int(fd[1], SO_RCVBUF, 40000);
}

/* each end of the matrix with one key of that first number */
static int pair_from(int fd[2], const char *tx, const char *rx, uint16_t version,
		     uint16_t cipher, uint64_t seq)
{
	struct st_key k = st_key(version, cipher, seq, 3);

	if (st_pair(AF_INET, fd))
		return -1;
	return st_set(fd[0], tx, TLS_TX, &k) || st_set(fd[1], rx, TLS_RX, &k) ? -1 : 0;
}

FIXTURE(data)
{
	int fd[2];
};

FIXTURE_VARIANT(data)
{
	ST_VARIANT_FIELDS
};

ST_VARIANTS(data)

FIXTURE_SETUP(data)
{
	ASSERT_EQ(0, st_pair_keyed(variant->family, self->fd, variant->tx, variant->rx,
				   variant->version, variant->cipher));
}

FIXTURE_TEARDOWN(data)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(data, sizes)
{
	static const size_t sizes[] = {
		1, 2, 15, 16, 17, 255, 256, 2047, 2048, 2049, 4095, 4096, 4097, 16383, 16384,
		16385, 32767, 32768, 32769, 65535, 65536, 65537, MIB,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct counts before = count(), after;
		long long len = sizes[i], records = (len + FULL - 1) / FULL;
		struct st_job w;

		ASSERT_EQ(0, st_job_start(&w, st_write, self->fd[0], i, len, len));
		ASSERT_EQ(0, st_expect(self->fd[1], i, len, len));
		ASSERT_EQ(0, st_job_end(&w));
		after = count();
		if (is_sheath(variant->tx)) {
			EXPECT_EQ(records, after.tx_records - before.tx_records);
			EXPECT_EQ(len, after.tx_bytes - before.tx_bytes);
		} else {
			EXPECT_EQ(records, after.rx_records - before.rx_records);
			EXPECT_EQ(len, after.rx_bytes - before.rx_bytes);
		}
	}
}

TEST_F(data, both_directions)
{
	struct st_job w[2], r[2];
	int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, st_job_start(&w[i], st_write, self->fd[i], i, 200000, 5000));
		ASSERT_EQ(0, st_job_start(&r[i], st_expect, self->fd[!i], i, 200000, 3000));
	}
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, st_job_end(&w[i]));
		EXPECT_EQ(0, st_job_end(&r[i]));
	}
}

TEST_F(data, first_number)
{
	static const uint64_t seqs[] = { 0, 1, UINT32_MAX, LAST_SEQ - 1 };
	size_t i;
	int fd[2], n;

	for (i = 0; i < ARRAY_SIZE(seqs); i++) {
		ASSERT_EQ(0, pair_from(fd, variant->tx, variant->rx, variant->version,
				       variant->cipher, seqs[i]));
		/* in-tree TLS ends the connection along with the last number */
		for (n = seqs[i] == LAST_SEQ - 1 ? 1 : 3; n; n--) {
			ASSERT_EQ(0, st_write(fd[0], n, 100, 100));
			ASSERT_EQ(0, st_expect(fd[1], n, 100, 100));
		}
		close(fd[0]);
		close(fd[1]);
	}
}

static size_t cut(struct iovec *iov, size_t n, char *buf, size_t step)
{
	size_t i, off = 0;

	/* lengths 0 to 2 * step - 2, in no order */
	for (i = 0; i < n; i++) {
		iov[i].iov_base = buf + off;
		iov[i].iov_len = i * 37 % (2 * step - 1);
		off += iov[i].iov_len;
	}
	return off;
}

TEST_F(data, many_iovecs)
{
	ssize_t room = 200 * IOV_MAX, got = 0, len;
	char *out = malloc(room), *in = malloc(room);
	struct iovec iov[IOV_MAX];

	st_fill(out, room, 0);
	len = cut(iov, IOV_MAX, out, 20);
	ASSERT_GT(room, len);
	ASSERT_EQ(len, writev(self->fd[0], iov, IOV_MAX));
	while (got < len) {
		ssize_t n;

		cut(iov, IOV_MAX, in + got, 13);
		n = readv(self->fd[1], iov, IOV_MAX);
		ASSERT_LT(0, n);
		got += n;
	}
	ASSERT_EQ(len, got);
	EXPECT_TRUE(st_check(in, len, 0));
	free(in);
	free(out);
}

/* room in fd[0] or bytes in fd[1], within reason */
static bool either(const int fd[2])
{
	struct pollfd p[2] = {
		{ .fd = fd[0], .events = POLLOUT },
		{ .fd = fd[1], .events = POLLIN },
	};

	return poll(p, 2, st_patience(5000)) > 0;
}

TEST_F(data, eagain_goes_on)
{
	const uint64_t total = 150000;
	uint64_t sent = 0, got = 0;
	int refused = 0;
	char buf[20000], in[3000];

	/* less than a record fits */
	ASSERT_EQ(0, set_int(self->fd[0], SO_SNDBUF, 1));
	while (got < total) {
		size_t want = 1 + sent * 7919 % sizeof(buf);
		ssize_t n = 0;

		if (want > total - sent)
			want = total - sent;
		st_fill(buf, want, sent);
		if (want)
			n = send(self->fd[0], buf, want, MSG_DONTWAIT);
		if (n > 0) {
			sent += n;
			continue;
		}
		if (n < 0) {
			ASSERT_EQ(EAGAIN, errno);
			refused++;
		}
		ASSERT_EQ(true, either(self->fd));
		n = recv(self->fd[1], in, sizeof(in), MSG_DONTWAIT);
		if (n < 0) {
			ASSERT_EQ(EAGAIN, errno);
			continue;
		}
		ASSERT_LT(0, n);
		ASSERT_TRUE(st_check(in, n, got));
		got += n;
	}
	EXPECT_EQ(sent, got);
	EXPECT_LT(3, refused);
}

TEST_F(data, rest_is_pushed)
{
	long long sent;

	/* no call on the sender after the one that left ciphertext behind */
	ASSERT_EQ(0, narrow(self->fd));
	sent = st_fill_socket(self->fd[0], 0, MIB, 12345);
	ASSERT_LT(0, sent);
	ASSERT_GT(MIB, sent);
	EXPECT_EQ(0, st_expect(self->fd[1], 0, sent, 777));
	EXPECT_EQ(0, st_poll(self->fd[1], POLLIN, 20));
}

TEST_F(data, slow_reader)
{
	struct st_job w;

	ASSERT_EQ(0, narrow(self->fd));
	ASSERT_EQ(0, st_job_start(&w, st_write, self->fd[0], 5, 200000, 70001));
	EXPECT_EQ(0, st_expect(self->fd[1], 5, 200000, 777));
	EXPECT_EQ(0, st_job_end(&w));
}

/* sheath sends, in-tree TLS receives: what the flags of send() do */

FIXTURE(send)
{
	int fd[2];
	long long records;
};

FIXTURE_VARIANT(send)
{
	ST_VARIANT_FIELDS
};

ST_VARIANTS_SENDS(send)

FIXTURE_SETUP(send)
{
	ASSERT_EQ(0, st_pair_keyed(variant->family, self->fd, variant->tx, variant->rx,
				   variant->version, variant->cipher));
	self->records = st_stat("TxRecords");
}

FIXTURE_TEARDOWN(send)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(send, more_joins)
{
	char buf[300];
	int i;

	st_fill(buf, sizeof(buf), 0);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(100, send(self->fd[0], buf + 100 * i, 100, MSG_MORE));
	EXPECT_EQ(self->records, st_stat("TxRecords"));
	ASSERT_EQ(100, send(self->fd[0], buf + 200, 100, 0));
	EXPECT_EQ(self->records + 1, st_stat("TxRecords"));
	EXPECT_EQ(0, st_expect(self->fd[1], 0, 300, 300));
}

TEST_F(send, more_fills_records)
{
	size_t i;
	char c;

	for (i = 0; i < FULL + 100; i += 164) {
		char buf[164];

		st_fill(buf, sizeof(buf), i);
		ASSERT_EQ((ssize_t)sizeof(buf), send(self->fd[0], buf, sizeof(buf), MSG_MORE));
	}
	EXPECT_EQ(self->records + 1, st_stat("TxRecords"));
	/* a write of nothing ends it */
	ASSERT_EQ(0, send(self->fd[0], &c, 0, 0));
	EXPECT_EQ(self->records + 2, st_stat("TxRecords"));
	EXPECT_EQ(0, st_expect(self->fd[1], 0, i, FULL));
}

TEST_F(send, nothing)
{
	char c = 0;

	EXPECT_EQ(0, send(self->fd[0], &c, 0, 0));
	EXPECT_EQ(0, send(self->fd[0], &c, 0, MSG_MORE));
	EXPECT_EQ(0, send(self->fd[0], NULL, 0, 0));
	EXPECT_EQ(self->records, st_stat("TxRecords"));
	EXPECT_EQ(0, st_write(self->fd[0], 0, 10, 10));
	EXPECT_EQ(0, st_expect(self->fd[1], 0, 10, 10));
}

TEST_F(send, eor)
{
	char buf[200];

	st_fill(buf, sizeof(buf), 0);
	ASSERT_EQ(50, send(self->fd[0], buf, 50, MSG_EOR));
	ASSERT_EQ(50, send(self->fd[0], buf + 50, 50, MSG_MORE));
	ASSERT_EQ(50, send(self->fd[0], buf + 100, 50, MSG_EOR));
	ASSERT_EQ(50, send(self->fd[0], buf + 150, 50, MSG_EOR));
	EXPECT_EQ(self->records + 3, st_stat("TxRecords"));
	EXPECT_EQ(0, st_expect(self->fd[1], 0, 200, 200));
}

TEST_F(send, bad_flags)
{
	char buf[10];

	st_fill(buf, sizeof(buf), 0);
	EXPECT_EQ(-1, send(self->fd[0], buf, 10, MSG_MORE | MSG_EOR));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, send(self->fd[0], buf, 10, MSG_OOB));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(self->records, st_stat("TxRecords"));
	EXPECT_EQ(0, st_write(self->fd[0], 0, 10, 10));
	EXPECT_EQ(0, st_expect(self->fd[1], 0, 10, 10));
}

static void nothing_to_do(int sig)
{
	(void)sig;
}

/* a signal every 5 ms, calls are not restarted */
static int tick(bool on)
{
	struct sigaction sa = { .sa_handler = nothing_to_do };
	struct itimerval it = { };

	if (on) {
		it.it_interval.tv_usec = 5000;
		it.it_value.tv_usec = 5000;
	}
	return sigaction(SIGALRM, &sa, NULL) || setitimer(ITIMER_REAL, &it, NULL);
}

TEST_F(send, interrupted)
{
	ssize_t sent, total = MIB;
	unsigned int interrupts = 0;
	char *buf = malloc(total);
	struct st_job r;
	ssize_t n;

	st_fill(buf, total, 0);
	ASSERT_EQ(0, narrow(self->fd));
	ASSERT_EQ(0, tick(true));
	/* nobody reads: only a signal ends these */
	n = send(self->fd[0], buf, total, 0);
	ASSERT_LT(0, n);
	ASSERT_GT(total, n);
	sent = n;
	while (interrupts < 5) {
		n = send(self->fd[0], buf + sent, total - sent, 0);
		if (n < 0) {
			ASSERT_EQ(EINTR, errno);
			interrupts++;
		} else {
			sent += n;
		}
	}
	ASSERT_GT(total, sent);
	ASSERT_EQ(0, tick(false));
	ASSERT_EQ(0, st_job_start(&r, st_expect, self->fd[1], 0, total, 5000));
	EXPECT_EQ(0, st_send_all(self->fd[0], buf + sent, total - sent, 0));
	EXPECT_EQ(0, st_job_end(&r));
	free(buf);
}

TEST_F(send, time_out)
{
	struct timeval tv = { .tv_usec = 50000 };
	struct timespec a, b;
	char buf[4000];
	long long sent;
	ssize_t n;
	long ms;

	ASSERT_EQ(0, narrow(self->fd));
	sent = st_fill_socket(self->fd[0], 0, MIB, sizeof(buf));
	ASSERT_LT(0, sent);
	ASSERT_EQ(0, setsockopt(self->fd[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	/* what is on its way may still make room: until a call takes nothing */
	do {
		st_fill(buf, sizeof(buf), sent);
		clock_gettime(CLOCK_MONOTONIC, &a);
		n = send(self->fd[0], buf, sizeof(buf), 0);
		sent += n > 0 ? n : 0;
	} while (n > 0);
	EXPECT_EQ(EAGAIN, errno);
	clock_gettime(CLOCK_MONOTONIC, &b);
	ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
	EXPECT_LE(40, ms);
	EXPECT_EQ(0, st_expect(self->fd[1], 0, sent, 1000));
	EXPECT_EQ(0, st_write(self->fd[0], sent, 4000, 4000));
	EXPECT_EQ(0, st_expect(self->fd[1], sent, 4000, 4000));
}

#define WRITERS		4u
#define MESSAGES	300

struct message {
	uint32_t writer, n;
	uint8_t fill[56];
};

struct writer {
	pthread_t thread;
	int fd;
	uint32_t id;
	int rc;
};

static void *write_messages(void *arg)
{
	struct writer *w = arg;
	struct message m = { .writer = w->id };

	memset(m.fill, w->id, sizeof(m.fill));
	for (m.n = 0; m.n < MESSAGES && !w->rc; m.n++)
		w->rc = send(w->fd, &m, sizeof(m), 0) != sizeof(m);
	return NULL;
}

TEST_F(send, several_writers)
{
	struct writer w[WRITERS] = { };
	uint32_t next[WRITERS] = { };
	struct message m;
	unsigned int i, j;

	ASSERT_EQ(0, narrow(self->fd));
	for (i = 0; i < WRITERS; i++) {
		w[i].fd = self->fd[0];
		w[i].id = i;
		ASSERT_EQ(0, pthread_create(&w[i].thread, NULL, write_messages, &w[i]));
	}
	for (i = 0; i < WRITERS * MESSAGES; i++) {
		/* one write is one record, so one read gives one message, whole */
		ASSERT_EQ((ssize_t)sizeof(m), recv(self->fd[1], &m, sizeof(m), MSG_WAITALL));
		ASSERT_GT(WRITERS, m.writer);
		ASSERT_EQ(next[m.writer]++, m.n);
		for (j = 0; j < sizeof(m.fill); j++)
			ASSERT_EQ(m.writer, m.fill[j]);
	}
	for (i = 0; i < WRITERS; i++) {
		ASSERT_EQ(0, pthread_join(w[i].thread, NULL));
		EXPECT_EQ(0, w[i].rc);
	}
	EXPECT_EQ(self->records + WRITERS * MESSAGES, st_stat("TxRecords"));
}

TEST_F(send, several_long_writers)
{
	struct st_job w[2];
	uint64_t got = 0;
	char buf[4096];

	/* whose bytes come when is open; that all come is not */
	ASSERT_EQ(0, narrow(self->fd));
	ASSERT_EQ(0, st_job_start(&w[0], st_write, self->fd[0], 0, 300000, 50000));
	ASSERT_EQ(0, st_job_start(&w[1], st_write, self->fd[0], 0, 300000, 3000));
	while (got < 600000) {
		ssize_t n = recv(self->fd[1], buf, sizeof(buf), 0);

		ASSERT_LT(0, n);
		got += n;
	}
	EXPECT_EQ(600000u, got);
	EXPECT_EQ(0, st_job_end(&w[0]));
	EXPECT_EQ(0, st_job_end(&w[1]));
}

TEST_F(send, close_with_full_buffer)
{
	long long sent, dropped = st_stat("TxDropped");

	ASSERT_EQ(0, narrow(self->fd));
	sent = st_fill_socket(self->fd[0], 0, MIB, 10000);
	ASSERT_LT(0, sent);
	close(self->fd[0]);
	self->fd[0] = -1;
	EXPECT_EQ(0, st_expect(self->fd[1], 0, sent, 3333));
	EXPECT_EQ(0, st_expect_eof(self->fd[1]));
	EXPECT_EQ(dropped, st_stat("TxDropped"));
}

TEST_F(send, close_with_open_record)
{
	char buf[100];

	st_fill(buf, sizeof(buf), 0);
	ASSERT_EQ(100, send(self->fd[0], buf, 100, MSG_MORE));
	close(self->fd[0]);
	self->fd[0] = -1;
	EXPECT_EQ(0, st_expect(self->fd[1], 0, 100, 100));
	EXPECT_EQ(0, st_expect_eof(self->fd[1]));
}

TEST_F(send, unreadable_memory)
{
	static const ssize_t good[] = { 0, 1, 100, 4096, 20480 };
	size_t page = sysconf(_SC_PAGESIZE), room = 8 * page, i;
	uint64_t pos = 0;
	char *p = mmap(NULL, 2 * room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, munmap(p + room, room));
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		char *from = p + room - good[i];
		ssize_t n;

		st_fill(from, good[i], pos);
		n = send(self->fd[0], from, good[i] + 8192, 0);
		if (n < 0) {
			ASSERT_EQ(EFAULT, errno);
		} else {
			ASSERT_GE(good[i], n);
			/* TCP may not hold it back for a next call */
			EXPECT_NE(0, st_poll(self->fd[1], POLLIN, 100));
			ASSERT_EQ(0, st_expect(self->fd[1], pos, n, good[i]));
			pos += n;
		}
	}
	EXPECT_EQ(0, st_write(self->fd[0], pos, 100, 100));
	EXPECT_EQ(0, st_expect(self->fd[1], pos, 100, 100));
}

TEST_F(send, last_number)
{
	static const size_t sizes[] = { 1, 3000, FULL, 20000 };
	long long ended = st_stat("TxSeqEnd");
	char *buf = malloc(3 * FULL);
	int fd[2], i;

	st_fill(buf, 3 * FULL, 0);
	ASSERT_EQ(0, pair_from(fd, ST_SHEATH, ST_SHEATH, variant->version, variant->cipher,
			       LAST_SEQ - 1));
	/* two of three records have a number */
	ASSERT_EQ(2 * FULL, send(fd[0], buf, 3 * FULL, 0));
	EXPECT_EQ(0, st_expect(fd[1], 0, 2 * FULL, 2 * FULL));
	for (i = 0; i < (int)ARRAY_SIZE(sizes); i++) {
		EXPECT_EQ(-1, send(fd[0], buf, sizes[i], 0)) {
			TH_LOG("%zu bytes", sizes[i]);
		}
		EXPECT_EQ(EKEYEXPIRED, errno);
	}
	EXPECT_LE(ended + (int)ARRAY_SIZE(sizes), st_stat("TxSeqEnd"));
	EXPECT_EQ(self->records + 2, st_stat("TxRecords"));
	/* nothing may leave without protection, and the end is told in order */
	close(fd[0]);
	EXPECT_EQ(0, st_expect_eof(fd[1]));
	close(fd[1]);
	free(buf);
}

TEST_F(send, last_number_in_tree)
{
	int fd[2];

	ASSERT_EQ(0, pair_from(fd, ST_SHEATH, ST_IN_TREE, variant->version, variant->cipher,
			       LAST_SEQ));
	ASSERT_EQ(0, st_write(fd[0], 0, 1000, 1000));
	EXPECT_EQ(0, st_expect(fd[1], 0, 1000, 1000));
	close(fd[0]);
	close(fd[1]);
}

TEST_F(send, last_number_received)
{
	static uint8_t wire[2][ST_RECORD_MAX];
	struct st_relay r;
	int len, i;
	char c;

	ASSERT_EQ(0, st_relay_open(&r, ST_SHEATH, ST_SHEATH, variant->version, variant->cipher,
				   LAST_SEQ - 1));
	for (i = 0; i < 2; i++) {
		len = st_relay_make(&r, 100 * i, 100, wire[i]);
		ASSERT_LT(0, len);
		ASSERT_EQ(0, st_send_all(r.feed, wire[i], len, 0));
		EXPECT_EQ(0, st_expect(r.rx, 100 * i, 100, 100));
	}
	/* one more, and be it number 0 or the last one again, is not looked into */
	ASSERT_EQ(0, st_send_all(r.feed, wire[1], len, 0));
	EXPECT_EQ(-1, recv(r.rx, &c, 1, 0));
	EXPECT_EQ(EKEYEXPIRED, errno);
	st_relay_close(&r);
}

TEST_HARNESS_MAIN
