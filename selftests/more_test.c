// SPDX-License-Identifier: GPL-2.0
/*
 * A record that MSG_MORE left open goes out when plain TCP would send what it holds back: at
 * TCP_NODELAY, when TCP_CORK is taken off, and after a while by itself.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/sockios.h>

#include "kselftest_harness.h"
#include "matrix.h"
#include "patience.h"

/* a machine may stand still while a record is to be seen open */
#define TRIES	20

FIXTURE(more)
{
	int fd[2];
	char buf[64];
};

FIXTURE_VARIANT(more)
{
	ST_VARIANT_FIELDS
};

ST_VARIANTS_SENDS(more)

FIXTURE_SETUP(more)
{
	ASSERT_EQ(0, st_pair_keyed(variant->family, self->fd, variant->tx, variant->rx,
				   variant->version, variant->cipher));
	ASSERT_EQ(0, st_be_patient(self->fd[1], 5000));
}

FIXTURE_TEARDOWN(more)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

static int set(int fd, int opt, int value)
{
	return setsockopt(fd, SOL_TCP, opt, &value, sizeof(value));
}

static long long records(void)
{
	return st_stat("TxRecords");
}

/*
 * Leave a record open, set the option, and look whether there is a record that was not there
 * before: 1, 0, or -1 if it went out too early every time.
 */
static int sealed_by(int fd[2], int opt, int value)
{
	char buf[8];
	int i;

	for (i = 0; i < TRIES; i++) {
		long long before, open, after;

		if (opt == TCP_CORK && set(fd[0], TCP_CORK, !value))
			return -1;
		before = records();
		if (send(fd[0], "some", 4, MSG_MORE) != 4)
			return -1;
		open = records();
		if (set(fd[0], opt, value))
			return -1;
		after = records();
		if (send(fd[0], "", 0, 0) || recv(fd[1], buf, 4, MSG_WAITALL) != 4)
			return -1;
		set(fd[0], TCP_CORK, 0);
		/* an open record that a timer sealed tells nothing of what must not seal it */
		if (open == before && (value == (opt == TCP_NODELAY) || after == before))
			return after != before;
	}
	return -1;
}

TEST_F(more, nodelay)
{
	EXPECT_EQ(1, sealed_by(self->fd, TCP_NODELAY, 1));
}

TEST_F(more, nodelay_off)
{
	EXPECT_EQ(0, sealed_by(self->fd, TCP_NODELAY, 0));
}

TEST_F(more, cork_off)
{
	EXPECT_EQ(1, sealed_by(self->fd, TCP_CORK, 0));
}

TEST_F(more, cork_on)
{
	EXPECT_EQ(0, sealed_by(self->fd, TCP_CORK, 1));
}

TEST_F(more, by_itself)
{
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(4, send(self->fd[0], "some", 4, MSG_MORE));
		ASSERT_EQ(4, recv(self->fd[1], self->buf, sizeof(self->buf), 0));
		EXPECT_EQ(0, memcmp(self->buf, "some", 4));
	}
	/* under a cork as well */
	ASSERT_EQ(0, set(self->fd[0], TCP_CORK, 1));
	ASSERT_EQ(4, send(self->fd[0], "cork", 4, MSG_MORE));
	ASSERT_EQ(4, recv(self->fd[1], self->buf, sizeof(self->buf), 0));
	EXPECT_EQ(0, memcmp(self->buf, "cork", 4));
}

TEST_F(more, splice_that_promises)
{
	int p[2];

	ASSERT_EQ(0, pipe(p));
	ASSERT_EQ(4, write(p[1], "pipe", 4));
	ASSERT_EQ(4, splice(p[0], NULL, self->fd[0], NULL, 4, SPLICE_F_MORE));
	EXPECT_EQ(4, recv(self->fd[1], self->buf, sizeof(self->buf), 0));
	close(p[0]);
	close(p[1]);
}

/* more that comes in time goes into the same record, however often */
TEST_F(more, keeps_growing)
{
	long long before;
	int i, j, n;

	for (j = 0; j < TRIES; j++) {
		before = records();
		for (i = 0; i < 10; i++) {
			ASSERT_EQ(1, send(self->fd[0], "x", 1, MSG_MORE));
			usleep(30000);
		}
		ASSERT_EQ(1, send(self->fd[0], "y", 1, 0));
		n = records() - before;
		ASSERT_EQ(11, recv(self->fd[1], self->buf, 11, MSG_WAITALL));
		if (n == 1)
			break;
	}
	EXPECT_EQ(1, n);
}

/* the queue is not empty while a record waits, and is when all has arrived */
TEST_F(more, outq)
{
	int n = 0;

	ASSERT_EQ(4, send(self->fd[0], "some", 4, MSG_MORE));
	ASSERT_EQ(0, ioctl(self->fd[0], SIOCOUTQ, &n));
	EXPECT_LT(0, n);
	ASSERT_EQ(4, recv(self->fd[1], self->buf, sizeof(self->buf), 0));
	EXPECT_TRUE(ST_COMES_TRUE(!ioctl(self->fd[0], SIOCOUTQ, &n) && !n));
	ASSERT_EQ(0, ioctl(self->fd[0], SIOCOUTQNSD, &n));
	EXPECT_EQ(0, n);
}

/* the timer meets a close(), before, within and after it */
TEST_F(more, closed_meanwhile)
{
	int i, fd[2];

	for (i = 0; i < 12; i++) {
		ASSERT_EQ(0, st_pair_keyed(variant->family, fd, variant->tx, variant->rx,
					   variant->version, variant->cipher));
		ASSERT_EQ(0, st_be_patient(fd[1], 5000));
		ASSERT_EQ(4, send(fd[0], "last", 4, MSG_MORE));
		usleep(190000 + 2000 * i);
		close(fd[0]);
		EXPECT_EQ(4, recv(fd[1], self->buf, sizeof(self->buf), 0));
		close(fd[1]);
	}
}

TEST_HARNESS_MAIN
