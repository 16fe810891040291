// SPDX-License-Identifier: GPL-2.0
/* A socket with the ULP and without a key is a TCP socket: every call goes to the base protocol. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "ksock/ksock.h"
#include "patience.h"
#include "sock.h"
#include "stream.h"

#define LEN	30000

FIXTURE(plain)
{
	int fd[2];	/* the second has no ULP */
	int pipe[2];
	char buf[LEN];
};

FIXTURE_VARIANT(plain) { int family; };
FIXTURE_VARIANT_ADD(plain, v4) { AF_INET };
FIXTURE_VARIANT_ADD(plain, v6) { AF_INET6 };

FIXTURE_SETUP(plain)
{
	ASSERT_EQ(0, st_pair(variant->family, self->fd));
	ASSERT_EQ(0, st_attach(self->fd[0], ST_SHEATH));
	ASSERT_EQ(0, pipe(self->pipe));
	ASSERT_EQ(0, st_be_patient(self->fd[0], 5000));
	ASSERT_EQ(0, st_be_patient(self->fd[1], 5000));
	st_fill(self->buf, LEN, 0);
}

FIXTURE_TEARDOWN(plain)
{
	close(self->fd[0]);
	close(self->fd[1]);
	close(self->pipe[0]);
	close(self->pipe[1]);
}

TEST_F(plain, splice_from_it)
{
	char got[LEN];
	ssize_t n;
	int sum;

	ASSERT_EQ(0, st_send_all(self->fd[1], self->buf, LEN, 0));
	for (sum = 0; sum < LEN; sum += n) {
		n = splice(self->fd[0], NULL, self->pipe[1], NULL, LEN - sum, 0);
		ASSERT_LT(0, n);
		ASSERT_EQ(n, read(self->pipe[0], got, n));
		ASSERT_TRUE(st_check(got, n, sum));
	}
	ASSERT_EQ(0, fcntl(self->fd[0], F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-1, splice(self->fd[0], NULL, self->pipe[1], NULL, LEN, 0));
	EXPECT_EQ(EAGAIN, errno);
	ASSERT_EQ(0, shutdown(self->fd[1], SHUT_WR));
	EXPECT_EQ(0, splice(self->fd[0], NULL, self->pipe[1], NULL, LEN, 0));
}

TEST_F(plain, splice_to_it)
{
	ASSERT_EQ(5000, write(self->pipe[1], self->buf, 5000));
	ASSERT_EQ(5000, splice(self->pipe[0], NULL, self->fd[0], NULL, 5000, 0));
	EXPECT_EQ(0, st_expect(self->fd[1], 0, 5000, 5000));
}

TEST_F(plain, sendfile_to_it)
{
	int file = memfd_create("data", 0);
	off_t at = 0;

	ASSERT_EQ(LEN, write(file, self->buf, LEN));
	/* more is announced than there is */
	ASSERT_EQ(LEN, sendfile(self->fd[0], file, &at, LEN + 100000));
	EXPECT_EQ(0, st_expect(self->fd[1], 0, LEN, LEN));
	close(file);
}

/* what is in the error queue, a completion of MSG_ZEROCOPY here, is no part of the stream */
static int completions(int fd)
{
	char ctrl[128];
	struct msghdr msg = { .msg_control = ctrl, .msg_controllen = sizeof(ctrl) };
	struct cmsghdr *c;
	int n = 0;

	if (!(st_poll(fd, POLLERR, 5000) & POLLERR) || recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT))
		return -1;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		const struct sock_extended_err *e = (void *)CMSG_DATA(c);

		n += e->ee_origin == SO_EE_ORIGIN_ZEROCOPY && !e->ee_errno;
	}
	return n;
}

TEST_F(plain, error_queue)
{
	struct st_key k = st_key(TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_128, 0, 1);
	int on = 1, i;

	ASSERT_EQ(0, setsockopt(self->fd[0], SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(LEN, send(self->fd[0], self->buf, LEN, MSG_ZEROCOPY));
		ASSERT_EQ(0, st_expect(self->fd[1], 0, LEN, LEN));
		/* the second is read with a receiving key there */
		if (i)
			ASSERT_EQ(0, st_set(self->fd[0], ST_SHEATH, TLS_RX, &k));
		EXPECT_EQ(1, completions(self->fd[0]));
	}
	EXPECT_EQ(-1, recv(self->fd[0], self->buf, 1, MSG_ERRQUEUE | MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
}

TEST_F(plain, options_and_bytes_unread)
{
	int n = -1, mark = 500;

	ASSERT_EQ(0, setsockopt(self->fd[0], SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof(mark)));
	ASSERT_EQ(0, st_send_all(self->fd[1], self->buf, 499, 0));
	EXPECT_EQ(0, st_poll(self->fd[0], POLLIN, 20));
	ASSERT_EQ(0, st_send_all(self->fd[1], self->buf + 499, 1, 0));
	EXPECT_EQ(POLLIN, st_poll(self->fd[0], POLLIN, 5000));
	ASSERT_EQ(0, ioctl(self->fd[0], FIONREAD, &n));
	EXPECT_EQ(500, n);
	EXPECT_EQ(0, st_expect(self->fd[0], 0, 500, 500));
}

/* a driver has the socket before its keys come */
TEST_F(plain, kernel_consumer)
{
	struct ksock_memory m = { .data = (uintptr_t)self->buf, .kind = KSOCK_COMPOUND, .order = 1 };
	struct ksock_send s = { .n = 1, .piece = { { .len = 8000 } } };
	struct ksock_read r = { .take = KSOCK_ALL, .len = LEN };
	char got[LEN];
	int c = open(KSOCK_PATH, O_RDWR), how, give;

	if (c < 0)
		SKIP(return, "no module ksock");
	ASSERT_EQ(0, ioctl(c, KSOCK_TAKE, &self->fd[0]));
	ASSERT_EQ(0, ioctl(c, KSOCK_MEMORY, &m));
	for (how = KSOCK_SENDMSG; how <= KSOCK_KVEC; how++) {
		for (give = 0; give <= (how != KSOCK_KVEC); give++) {
			s.how = how;
			s.give = give;
			ASSERT_EQ(0, ioctl(c, KSOCK_SEND, &s));
			ASSERT_EQ(8000, s.rc);
			ASSERT_EQ(0, st_expect(self->fd[1], 0, 8000, 8000));
		}
	}
	ASSERT_EQ(0, st_send_all(self->fd[1], self->buf, 3000, 0));
	ASSERT_EQ(POLLIN, st_poll(self->fd[0], POLLIN, 5000));
	r.buf = (uintptr_t)got;
	ASSERT_EQ(0, ioctl(c, KSOCK_READ, &r));
	EXPECT_EQ(3000, r.rc);
	EXPECT_TRUE(st_check(got, 3000, 0));
	close(c);
}

TEST_HARNESS_MAIN
