// SPDX-License-Identifier: GPL-2.0
/* Files and pipes into sheath, and sheath into pipes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "matrix.h"
#include "stream.h"

#define FULL	16384
#define MIB	(1024 * 1024)
#define HUGE	(64ll * MIB)

static bool is_sheath(const char *ulp)
{
	return !strcmp(ulp, ST_SHEATH);
}

/* a file in memory with the pattern from 0 */
static int make_file(long long size)
{
	int fd = memfd_create("data", 0);
	char *p;

	if (fd < 0 || ftruncate(fd, size))
		return -1;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -1;
	st_fill(p, size, 0);
	munmap(p, size);
	return fd;
}

/* st_job: all of @len from @pos of the file @file_of_job */
static int file_of_job;

static int send_file(int fd, uint64_t pos, uint64_t len, size_t chunk)
{
	off_t at = pos;

	while (len) {
		ssize_t n = sendfile(fd, file_of_job, &at, len < chunk ? len : chunk);

		if (n <= 0)
			return n ? errno : EPIPE;
		len -= n;
	}
	return 0;
}

/* all of @len bytes from a pipe or socket into a pipe or socket */
static int move_all(int from, int to, uint64_t len, unsigned int flags)
{
	while (len) {
		ssize_t n = splice(from, NULL, to, NULL, len, flags);

		if (n <= 0)
			return n ? errno : EPIPE;
		len -= n;
	}
	return 0;
}

/* st_expect() for what is no socket */
static int expect_pipe(int fd, uint64_t pos, uint64_t len, size_t chunk)
{
	char *buf = malloc(chunk);
	int rc = 0;

	while (!rc && len) {
		ssize_t n = read(fd, buf, len < chunk ? len : chunk);

		if (n <= 0)
			rc = n ? errno : EPIPE;
		else if (!st_check(buf, n, pos))
			rc = EILSEQ;
		pos += n;
		len -= n;
	}
	free(buf);
	return rc;
}

static int send_control(int fd, uint8_t type, const void *buf, size_t len)
{
	union {
		struct cmsghdr h;
		char buf[CMSG_SPACE(1)];
	} control = { };
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = len };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	control.h.cmsg_level = SOL_TLS;
	control.h.cmsg_type = TLS_SET_RECORD_TYPE;
	control.h.cmsg_len = CMSG_LEN(1);
	*CMSG_DATA(&control.h) = type;
	return sendmsg(fd, &msg, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -1;
}

/* the type of the record read, or -1 */
static int recv_control(int fd, void *buf, size_t len, ssize_t *got)
{
	union {
		struct cmsghdr h;
		char buf[CMSG_SPACE(1)];
	} control = { };
	struct iovec iov = { .iov_base = buf, .iov_len = len };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	*got = recvmsg(fd, &msg, 0);
	if (*got < 0 || !CMSG_FIRSTHDR(&msg) || control.h.cmsg_level != SOL_TLS ||
	    control.h.cmsg_type != TLS_GET_RECORD_TYPE)
		return -1;
	return *CMSG_DATA(&control.h);
}

FIXTURE(splice)
{
	int fd[2];
	int pipe[2];
	int file;
};

FIXTURE_VARIANT(splice)
{
	ST_VARIANT_FIELDS
};

ST_VARIANTS(splice)

FIXTURE_SETUP(splice)
{
	ASSERT_EQ(0, st_pair_keyed(variant->family, self->fd, variant->tx, variant->rx,
				   variant->version, variant->cipher));
	ASSERT_EQ(0, pipe(self->pipe));
	self->file = make_file(2 * MIB);
	ASSERT_LE(0, self->file);
	file_of_job = self->file;
}

FIXTURE_TEARDOWN(splice)
{
	close(self->fd[0]);
	close(self->fd[1]);
	close(self->pipe[0]);
	close(self->pipe[1]);
	close(self->file);
}

TEST_F(splice, sendfile)
{
	static const size_t sizes[] = {
		1, 4095, 4096, 4097, 16383, 16384, 16385, 65536, MIB,
	};
	static const size_t offsets[] = { 0, 4096, 1, 4095, 12345 };
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (j = 0; j < ARRAY_SIZE(offsets); j++) {
			long long bytes = st_stat("TxBytes");
			size_t len = sizes[i];
			struct st_job w;

			ASSERT_EQ(0, st_job_start(&w, send_file, self->fd[0], offsets[j], len,
						  len));
			ASSERT_EQ(0, st_expect(self->fd[1], offsets[j], len, len));
			ASSERT_EQ(0, st_job_end(&w));
			if (is_sheath(variant->tx))
				EXPECT_EQ(bytes + (long long)len, st_stat("TxBytes"));
		}
	}
}

/* odd lengths and places, one pipe buffer each */
static ssize_t vmsplice_odd(int pipe, char *buf, int n, uint64_t pos)
{
	ssize_t sum = 0;
	int i;

	for (i = 0; i < n; i++) {
		struct iovec iov = {
			.iov_base = buf + 4096 * i + i * 7 % 50,
			.iov_len = 1 + i * 331 % 4000,
		};

		st_fill(iov.iov_base, iov.iov_len, pos + sum);
		if (vmsplice(pipe, &iov, 1, 0) != (ssize_t)iov.iov_len)
			return -1;
		sum += iov.iov_len;
	}
	return sum;
}

TEST_F(splice, pipe_entries)
{
	static const int entries[] = { 1, 15, 16, 17, 18, 33 };
	char *buf = aligned_alloc(4096, 64 * 4096);
	uint64_t pos = 0;
	size_t i;

	ASSERT_LE(64 * 4096, fcntl(self->pipe[0], F_SETPIPE_SZ, 64 * 4096));
	for (i = 0; i < ARRAY_SIZE(entries); i++) {
		ssize_t len = vmsplice_odd(self->pipe[1], buf, entries[i], pos);

		ASSERT_LT(0, len);
		ASSERT_EQ(0, move_all(self->pipe[0], self->fd[0], len, 0));
		/* the pages are ours to change only once they are read on the other side */
		ASSERT_EQ(0, st_expect(self->fd[1], pos, len, len));
		pos += len;
	}
	free(buf);
}

TEST_F(splice, more_then_end)
{
	char buf[8192];
	struct iovec iov = { .iov_base = buf, .iov_len = sizeof(buf) };

	/* SPLICE_F_MORE leaves a record of referred pages open, which a write ends */
	st_fill(buf, sizeof(buf), 0);
	ASSERT_EQ(8192, vmsplice(self->pipe[1], &iov, 1, 0));
	ASSERT_EQ(0, move_all(self->pipe[0], self->fd[0], 5000, SPLICE_F_MORE));
	ASSERT_EQ(0, move_all(self->pipe[0], self->fd[0], 3192, SPLICE_F_MORE));
	ASSERT_EQ(0, st_write(self->fd[0], 8192, 100, 100));
	EXPECT_EQ(0, st_expect(self->fd[1], 0, 8292, 8292));
}

TEST_F(splice, tee)
{
	char buf[9000];
	int other[2];

	ASSERT_EQ(0, pipe(other));
	st_fill(buf, sizeof(buf), 0);
	ASSERT_EQ(9000, write(self->pipe[1], buf, sizeof(buf)));
	ASSERT_EQ(9000, tee(self->pipe[0], other[1], 9000, 0));
	/* both copies share their pages */
	ASSERT_EQ(0, move_all(self->pipe[0], self->fd[0], 9000, 0));
	ASSERT_EQ(0, move_all(other[0], self->fd[0], 9000, 0));
	EXPECT_EQ(0, st_expect(self->fd[1], 0, 9000, 9000));
	EXPECT_EQ(0, st_expect(self->fd[1], 0, 9000, 1000));
	close(other[0]);
	close(other[1]);
}

TEST_F(splice, header_then_file)
{
	static const size_t sizes[] = { 1, 4096, 20000, 300000 };
	char header[200];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct st_job w;

		st_fill(header, sizeof(header), 77);
		ASSERT_EQ(200, send(self->fd[0], header, sizeof(header), MSG_MORE));
		ASSERT_EQ(0, st_job_start(&w, send_file, self->fd[0], 10, sizes[i], sizes[i]));
		ASSERT_EQ(0, st_expect(self->fd[1], 77, 200, 200));
		ASSERT_EQ(0, st_expect(self->fd[1], 10, sizes[i], 10000));
		ASSERT_EQ(0, st_job_end(&w));
	}
}

TEST_F(splice, out_small_pipe)
{
	const uint64_t len = 200001;
	struct st_job w, r;

	ASSERT_EQ(4096, fcntl(self->pipe[0], F_SETPIPE_SZ, 4096));
	ASSERT_EQ(0, st_job_start(&w, st_write, self->fd[0], 0, len, 30000));
	ASSERT_EQ(0, st_job_start(&r, expect_pipe, self->pipe[0], 0, len, 777));
	EXPECT_EQ(0, move_all(self->fd[1], self->pipe[1], len, 0));
	EXPECT_EQ(0, st_job_end(&r));
	EXPECT_EQ(0, st_job_end(&w));
}

TEST_F(splice, out_full_pipe)
{
	uint64_t got = 0, pos = 0;
	ssize_t n;

	/* a pipe that takes nothing must lose nothing, nor what it took in part */
	ASSERT_EQ(8192, fcntl(self->pipe[0], F_SETPIPE_SZ, 8192));
	ASSERT_EQ(0, st_write(self->fd[0], 0, 40000, 15000));
	while (got < 40000) {
		n = splice(self->fd[1], NULL, self->pipe[1], NULL, 40000, SPLICE_F_NONBLOCK);
		if (n > 0) {
			got += n;
			continue;
		}
		/* full, or the record is not here yet */
		ASSERT_EQ(EAGAIN, errno);
		if (got > pos) {
			ASSERT_EQ(0, expect_pipe(self->pipe[0], pos, got - pos, 1000));
			pos = got;
		} else {
			ASSERT_NE(0, st_poll(self->fd[1], POLLIN, 5000));
		}
	}
	EXPECT_EQ(40000u, got);
	EXPECT_EQ(0, expect_pipe(self->pipe[0], pos, got - pos, 1000));
}

TEST_F(splice, out_mixed_with_recv)
{
	/* splice takes part of a record, recv the rest */
	ASSERT_EQ(0, st_write(self->fd[0], 0, 10000, 10000));
	ASSERT_EQ(0, move_all(self->fd[1], self->pipe[1], 3001, 0));
	EXPECT_EQ(0, st_expect(self->fd[1], 3001, 2000, 2000));
	ASSERT_EQ(0, move_all(self->fd[1], self->pipe[1], 4999, 0));
	EXPECT_EQ(0, expect_pipe(self->pipe[0], 0, 3001, 3001));
	EXPECT_EQ(0, expect_pipe(self->pipe[0], 5001, 4999, 4999));
}

TEST_F(splice, out_small_records_stay)
{
	/* what lies in a pipe must not change when the next record is opened */
	ASSERT_EQ(0, st_write(self->fd[0], 0, 100, 100));
	ASSERT_EQ(0, move_all(self->fd[1], self->pipe[1], 100, 0));
	ASSERT_EQ(0, st_write(self->fd[0], 100, 100, 100));
	ASSERT_EQ(0, move_all(self->fd[1], self->pipe[1], 100, 0));
	ASSERT_EQ(0, st_write(self->fd[0], 200, 100, 100));
	EXPECT_EQ(0, st_expect(self->fd[1], 200, 100, 100));
	EXPECT_EQ(0, expect_pipe(self->pipe[0], 0, 200, 200));
}

TEST_F(splice, control_in_front)
{
	const uint8_t message[5] = { 4, 0, 0, 1, 0 };
	uint8_t buf[16];
	ssize_t got;

	ASSERT_EQ(0, st_write(self->fd[0], 0, 10, 10));
	/* a handshake message: neither end interprets it, keys were set by TLS_RX */
	ASSERT_EQ(0, send_control(self->fd[0], 22, message, sizeof(message)));
	ASSERT_EQ(0, st_write(self->fd[0], 10, 10, 10));
	ASSERT_EQ(0, move_all(self->fd[1], self->pipe[1], 10, 0));
	ASSERT_EQ(-1, splice(self->fd[1], NULL, self->pipe[1], NULL, 10, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, splice(self->fd[1], NULL, self->pipe[1], NULL, 10, 0));
	EXPECT_EQ(22, recv_control(self->fd[1], buf, sizeof(buf), &got));
	EXPECT_EQ((ssize_t)sizeof(message), got);
	EXPECT_EQ(0, memcmp(buf, message, sizeof(message)));
	ASSERT_EQ(0, move_all(self->fd[1], self->pipe[1], 10, 0));
	EXPECT_EQ(0, expect_pipe(self->pipe[0], 0, 20, 20));
}

/* once for all versions and ciphers */

TEST(file_of_64_mb)
{
	int fd[2], file = make_file(HUGE);
	struct st_job w;

	ASSERT_LE(0, file);
	file_of_job = file;
	ASSERT_EQ(0, st_pair_keyed(AF_INET, fd, ST_SHEATH, ST_IN_TREE, TLS_1_3_VERSION,
				   TLS_CIPHER_AES_GCM_128));
	ASSERT_EQ(0, st_job_start(&w, send_file, fd[0], 0, HUGE, HUGE));
	EXPECT_EQ(0, st_expect(fd[1], 0, HUGE, 256 * 1024));
	EXPECT_EQ(0, st_job_end(&w));
	close(fd[0]);
	close(fd[1]);
	close(file);
}

TEST(sendfile_without_waiting)
{
	int fd[2], file = make_file(2 * MIB);
	struct st_job r;
	off_t at = 0;
	ssize_t n;

	/* what a full socket did not take is not counted, and what it took arrives */
	ASSERT_LE(0, file);
	ASSERT_EQ(0, st_pair_keyed(AF_INET, fd, ST_SHEATH, ST_IN_TREE, TLS_1_2_VERSION,
				   TLS_CIPHER_AES_GCM_256));
	ASSERT_EQ(0, fcntl(fd[0], F_SETFL, O_NONBLOCK));
	n = 65536;
	ASSERT_EQ(0, setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &(int){ n }, sizeof(int)));
	do {
		n = sendfile(fd[0], file, &at, 2 * MIB - at);
	} while (n > 0);
	ASSERT_EQ(EAGAIN, errno);
	ASSERT_LT(0, at);
	ASSERT_EQ(0, st_job_start(&r, st_expect, fd[1], 0, 2 * MIB, 5000));
	while (at < 2 * MIB) {
		ASSERT_NE(0, st_poll(fd[0], POLLOUT, 5000));
		n = sendfile(fd[0], file, &at, 2 * MIB - at);
		if (n < 0)
			ASSERT_EQ(EAGAIN, errno);
	}
	EXPECT_EQ(0, st_job_end(&r));
	close(fd[0]);
	close(fd[1]);
	close(file);
}

TEST(through_two_connections)
{
	const uint64_t len = 500003;
	struct st_job w, r;
	int a[2], b[2], p[2];
	uint64_t left = len;

	ASSERT_EQ(0, st_pair_keyed(AF_INET, a, ST_IN_TREE, ST_SHEATH, TLS_1_2_VERSION,
				   TLS_CIPHER_AES_GCM_128));
	ASSERT_EQ(0, st_pair_keyed(AF_INET6, b, ST_SHEATH, ST_IN_TREE, TLS_1_3_VERSION,
				   TLS_CIPHER_CHACHA20_POLY1305));
	ASSERT_EQ(0, pipe(p));
	ASSERT_EQ(0, st_job_start(&w, st_write, a[0], 0, len, 20011));
	ASSERT_EQ(0, st_job_start(&r, st_expect, b[1], 0, len, 7001));
	while (left) {
		ssize_t n = splice(a[1], NULL, p[1], NULL, left, 0);

		ASSERT_LT(0, n);
		ASSERT_EQ(0, move_all(p[0], b[0], n, SPLICE_F_MORE));
		left -= n;
	}
	/* ends what SPLICE_F_MORE left open */
	ASSERT_EQ(0, send(b[0], "", 0, 0));
	EXPECT_EQ(0, st_job_end(&r));
	EXPECT_EQ(0, st_job_end(&w));
}

TEST_HARNESS_MAIN
