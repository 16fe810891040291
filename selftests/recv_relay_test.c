// SPDX-License-Identifier: GPL-2.0
/* Reading of records off the wire that come in pieces, wherever they are cut. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "matrix.h"
#include "stream.h"

#define FULL	16384

FIXTURE(relay)
{
	struct st_relay r;
	uint8_t *wire;
	char *buf;
};

FIXTURE_VARIANT(relay)
{
	ST_VARIANT_FIELDS
};

ST_VARIANTS_RECEIVES(relay)

FIXTURE_SETUP(relay)
{
	ASSERT_EQ(0, st_relay_open(&self->r, variant->tx, variant->rx, variant->version,
				   variant->cipher, 0));
	self->wire = malloc(64 * ST_RECORD_MAX);
	self->buf = malloc(64 * FULL);
}

FIXTURE_TEARDOWN(relay)
{
	st_relay_close(&self->r);
	free(self->wire);
	free(self->buf);
}

TEST_F(relay, byte_by_byte)
{
	int len = st_relay_make(&self->r, 0, 300, self->wire), i;

	ASSERT_LT(300, len);
	for (i = 0; i < len - 1; i++) {
		ASSERT_EQ(1, send(self->r.feed, self->wire + i, 1, 0));
		ASSERT_EQ(-1, recv(self->r.rx, self->buf, 300, MSG_DONTWAIT));
		ASSERT_EQ(EAGAIN, errno);
	}
	ASSERT_EQ(1, send(self->r.feed, self->wire + i, 1, 0));
	EXPECT_EQ(0, st_expect(self->r.rx, 0, 300, 300));
}

TEST_F(relay, byte_by_byte_blocking)
{
	int len = st_relay_make(&self->r, 0, 5000, self->wire), i;
	struct st_job r;

	ASSERT_LT(5000, len);
	ASSERT_EQ(0, st_job_start(&r, st_expect, self->r.rx, 0, 5000, 5000));
	for (i = 0; i < len; i++)
		ASSERT_EQ(1, send(self->r.feed, self->wire + i, 1, 0));
	EXPECT_EQ(0, st_job_end(&r));
}

TEST_F(relay, split_anywhere)
{
	int i, len = 0;

	for (i = 1; i == 1 || i < len; i++) {
		len = st_relay_make(&self->r, i, 40, self->wire);
		ASSERT_LT(40, len);
		ASSERT_EQ(i, send(self->r.feed, self->wire, i, 0));
		ASSERT_EQ(-1, recv(self->r.rx, self->buf, 40, MSG_DONTWAIT));
		ASSERT_EQ(EAGAIN, errno);
		ASSERT_EQ(len - i, send(self->r.feed, self->wire + i, len - i, 0));
		ASSERT_EQ(0, st_expect(self->r.rx, i, 40, 40));
	}
}

TEST_F(relay, many_in_one_segment)
{
	int i, len = 0, n;

	for (i = 0; i < 50; i++) {
		n = st_relay_make(&self->r, 10 * i, 10, self->wire + len);
		ASSERT_LT(10, n);
		len += n;
	}
	/* and the first bytes of one that goes on in the next segment */
	n = st_relay_make(&self->r, 500, 10, self->wire + len);
	ASSERT_LT(10, n);
	ASSERT_EQ(len + 7, send(self->r.feed, self->wire, len + 7, 0));
	/* one call takes all that is complete, without waiting for more */
	EXPECT_NE(0, st_poll(self->r.rx, POLLIN, 5000));
	EXPECT_EQ(500, recv(self->r.rx, self->buf, 1000, 0));
	EXPECT_TRUE(st_check(self->buf, 500, 0));
	ASSERT_EQ(n - 7, send(self->r.feed, self->wire + len + 7, n - 7, 0));
	EXPECT_EQ(0, st_expect(self->r.rx, 500, 10, 10));
}

TEST_F(relay, odd_segments)
{
	const size_t total = 10 * FULL + 1234;
	int len = st_relay_make(&self->r, 0, total, self->wire), i, part;
	struct st_job r;

	/* no cut falls on the border of a record, and none at the same place of one */
	ASSERT_LT((int)total, len);
	ASSERT_EQ(0, st_job_start(&r, st_expect, self->r.rx, 0, total, 9973));
	for (i = 0; i < len; i += part) {
		part = len - i < 1449 ? len - i : 1449;
		ASSERT_EQ(0, st_send_all(self->r.feed, self->wire + i, part, 0));
	}
	EXPECT_EQ(0, st_job_end(&r));
}

TEST_HARNESS_MAIN
