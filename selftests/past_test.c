// SPDX-License-Identifier: GPL-2.0
/* Files that end before sendfile() has what it was asked for, and pages that change meanwhile. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "matrix.h"
#include "stream.h"

#define FULL	16384
#define SOON_MS	100	/* before any timer of TCP's would push it */
#define TRIES	10

FIXTURE(past)
{
	int fd[2];
	int file;
};

FIXTURE_VARIANT(past)
{
	ST_VARIANT_FIELDS
};

ST_VARIANTS_SENDS(past)
/* in-tree TLS at both ends: the measure of these tests */
ST_VARIANT(past, 13_measure, TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_256, AF_INET6,
	   ST_IN_TREE, ST_IN_TREE)

FIXTURE_SETUP(past)
{
	ASSERT_EQ(0, st_pair_keyed(variant->family, self->fd, variant->tx, variant->rx,
				   variant->version, variant->cipher));
	self->file = memfd_create("data", 0);
	ASSERT_LE(0, self->file);
}

FIXTURE_TEARDOWN(past)
{
	close(self->fd[0]);
	close(self->fd[1]);
	close(self->file);
}

static int make(int file, size_t len)
{
	char *buf = malloc(len + 1);
	int rc;

	st_fill(buf, len, 0);
	rc = ftruncate(file, 0) || pwrite(file, buf, len, 0) != (ssize_t)len ? -1 : 0;
	free(buf);
	return rc;
}

/* @len bytes of @file, of which splice() is told that more is to come: are they there at once? */
static int come_at_once(const int fd[2], int file, size_t len)
{
	struct pollfd p = { .fd = fd[1], .events = POLLIN };
	off_t at = 0;
	int soon;

	if (sendfile(fd[0], file, &at, len + 100000) != (ssize_t)len)
		return -1;
	soon = poll(&p, 1, SOON_MS);
	return st_expect(fd[1], 0, len, len) ? -1 : soon;
}

/* splice() was told that more is to come, and nothing comes: the record must go out */
TEST_F(past, the_end_of_the_file)
{
	static const size_t sizes[] = { 1, 4095, 4096, 5000, FULL - 1, FULL, FULL + 1, 50000 };
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		int try, soon = 0;

		ASSERT_EQ(0, make(self->file, sizes[i]));
		/* a machine with much else to do may be late by itself, but not each time */
		for (try = 0; try < TRIES && !soon; try++)
			soon = come_at_once(self->fd, self->file, sizes[i]);
		ASSERT_LE(0, soon);
		/* in-tree TLS leaves it to TCP's timer */
		if (strcmp(variant->tx, ST_IN_TREE))
			EXPECT_EQ(1, soon) {
				TH_LOG("%zu bytes", sizes[i]);
			}
	}
}

/* CVE-2023-52767: nothing to send ends what is open, and makes no record of its own */
TEST_F(past, an_empty_file)
{
	long long records = st_stat("TxRecords");
	char buf[100];
	off_t at = 0;

	ASSERT_EQ(0, make(self->file, 0));
	EXPECT_EQ(0, sendfile(self->fd[0], self->file, &at, 1000));
	EXPECT_EQ(records, st_stat("TxRecords"));
	st_fill(buf, sizeof(buf), 0);
	ASSERT_EQ(100, send(self->fd[0], buf, 100, MSG_MORE));
	EXPECT_EQ(0, sendfile(self->fd[0], self->file, &at, 1000));
	ASSERT_EQ(0, st_write(self->fd[0], 100, 100, 100));
	EXPECT_EQ(0, st_expect(self->fd[1], 0, 200, 200));
}

struct changer {
	pthread_t thread;
	volatile bool stop;
	unsigned char *p;
	size_t len;
};

static void *change(void *arg)
{
	struct changer *c = arg;
	unsigned char v = 0;

	while (!c->stop)
		memset(c->p, v++ & 1 ? 'a' : 'b', c->len);
	return NULL;
}

/*
 * The cipher reads each byte once, so that what arrives verifies and is one or the other.
 * That holds for GCM, which authenticates the ciphertext.
 */
TEST_F(past, pages_that_change)
{
	struct changer c = { .len = 4 * FULL };
	unsigned char *buf = malloc(c.len);
	int i;

	ASSERT_EQ(0, make(self->file, c.len));
	c.p = mmap(NULL, c.len, PROT_READ | PROT_WRITE, MAP_SHARED, self->file, 0);
	ASSERT_NE(MAP_FAILED, c.p);
	memset(c.p, 'a', c.len);
	ASSERT_EQ(0, pthread_create(&c.thread, NULL, change, &c));
	for (i = 0; i < 30; i++) {
		off_t at = 0;
		size_t j;

		ASSERT_EQ((ssize_t)c.len, sendfile(self->fd[0], self->file, &at, c.len));
		ASSERT_EQ(0, st_recv_all(self->fd[1], buf, c.len));
		for (j = 0; j < c.len; j++)
			ASSERT_TRUE(buf[j] == 'a' || buf[j] == 'b');
	}
	c.stop = true;
	ASSERT_EQ(0, pthread_join(c.thread, NULL));
	munmap(c.p, c.len);
	free(buf);
}

TEST_HARNESS_MAIN
