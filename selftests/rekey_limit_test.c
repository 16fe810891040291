// SPDX-License-Identifier: GPL-2.0
/* Limits of keys that come from a secret: the module changes them by itself. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "secret_fixture.h"
#include "update.h"

TEST_F(secret, soft_limit)
{
	int i, n = 0;
	uint8_t out[ST_RECORD_MAX], type;

	st_limit("limit_soft", 10 * ST_COST(1));
	/* limits are those of the key's installation: the first one has none */
	ASSERT_EQ(0, st_rekey(self->p.fd, 0));
	EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update, sizeof(update)));
	socket_next(self);
	for (i = 0; i < 95; i++) {
		ASSERT_EQ(1, send(self->p.fd, "x", 1, 0));
		ASSERT_LE(0, st_recv_record(self->p.raw, &self->p.from, &type, out));
		if (type == HANDSHAKE) {
			EXPECT_EQ(10 * ++n, i);
			socket_next(self);
			ASSERT_EQ(1, st_recv_record(self->p.raw, &self->p.from, &type, out));
		}
		EXPECT_EQ(DATA, type);
	}
	EXPECT_EQ(9, n);
	EXPECT_EQ(10, st_info(self->p.fd).tx_epoch);
}

/* a key for each record, whichever way it is made */
TEST_F(secret, soft_limit_one)
{
	static char buf[3 * 16384];
	uint8_t out[ST_RECORD_MAX], type;
	unsigned int i;
	int n;

	st_param("limit_soft", "1");
	ASSERT_EQ(0, st_rekey(self->p.fd, 0));
	EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update, sizeof(update)));
	socket_next(self);
	st_fill(buf, sizeof(buf), 0);
	ASSERT_EQ(sizeof(buf), send(self->p.fd, buf, sizeof(buf), 0));
	for (i = 0; i < 3; i++) {
		if (i) {
			EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update, sizeof(update)));
			socket_next(self);
		}
		n = st_recv_record(self->p.raw, &self->p.from, &type, out);
		ASSERT_EQ(16384, n);
		EXPECT_EQ(DATA, type);
		EXPECT_TRUE(st_check(out, n, i * 16384));
	}
	/* the end is no reason for another key */
	ASSERT_EQ(0, shutdown(self->p.fd, SHUT_WR));
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, close_notify, 2));
	EXPECT_TRUE(st_peer_ended(&self->p));
}

/* with a secret the hard limit is never met */
TEST_F(secret, hard_limit)
{
	uint8_t out[ST_RECORD_MAX], type;
	int i, n = 0;

	st_limit("limit_soft", 100 * ST_COST(1));
	st_limit("limit_hard", 3 * ST_COST(1));
	ASSERT_EQ(0, st_rekey(self->p.fd, 0));
	EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update, sizeof(update)));
	socket_next(self);
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(1, send(self->p.fd, "x", 1, 0));
		ASSERT_LE(0, st_recv_record(self->p.raw, &self->p.from, &type, out));
		if (type == HANDSHAKE) {
			n++;
			socket_next(self);
			EXPECT_TRUE(st_peer_expect(&self->p, DATA, "x", 1));
		}
	}
	EXPECT_EQ(3, n);
}

struct drain {
	FIXTURE_DATA(secret) *self;
	uint64_t bytes;
	int updates;
	bool wrong;
};

/* everything up to @d->bytes, whatever keys it is sealed with */
static void *drain(void *arg)
{
	struct drain *d = arg;
	uint8_t out[ST_RECORD_MAX], type;
	uint64_t pos = 0;
	int n;

	while (pos < d->bytes) {
		n = st_recv_record(d->self->p.raw, &d->self->p.from, &type, out);
		if (n < 0 || (type == HANDSHAKE && (n != sizeof(update) || memcmp(out, update, n))))
			break;
		if (type == HANDSHAKE) {
			d->updates++;
			socket_next(d->self);
			continue;
		}
		if (!st_check(out, n, pos))
			break;
		pos += n;
	}
	d->wrong = pos != d->bytes;
	return NULL;
}

TEST_F(secret, soft_limit_within_sendfile)
{
	struct drain d = { .self = self, .bytes = 4 << 20 };
	char path[] = "/tmp/rekey.XXXXXX", *buf = malloc(d.bytes);
	int file = mkstemp(path);
	pthread_t thread;
	off_t off = 0;

	ASSERT_LE(0, file);
	unlink(path);
	st_fill(buf, d.bytes, 0);
	ASSERT_EQ(d.bytes, write(file, buf, d.bytes));
	st_limit("limit_soft", 16 * ST_COST(16384));
	ASSERT_EQ(0, st_rekey(self->p.fd, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, drain, &d));
	while (off < (off_t)d.bytes)
		ASSERT_LT(0, sendfile(self->p.fd, file, &off, d.bytes - off));
	pthread_join(thread, NULL);
	EXPECT_FALSE(d.wrong);
	/* 256 records, the first update is the one asked for */
	EXPECT_EQ(1 + (256 - 1) / 16, d.updates);
	EXPECT_EQ(d.updates, st_info(self->p.fd).tx_epoch);
	free(buf);
	close(file);
}

TEST_HARNESS_MAIN
