// SPDX-License-Identifier: GPL-2.0
/* KeyUpdate that is none: bad messages, old keys, floods. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "secret_fixture.h"
#include "update.h"

TEST_F(secret, bad_value)
{
	static const uint8_t msg[] = { 24, 0, 0, 1, 2 };

	EXPECT_FATAL(msg);
}

TEST_F(secret, bad_length)
{
	static const uint8_t msg[] = { 24, 0, 0, 2, 0, 0 };

	EXPECT_FATAL(msg);
}

TEST_F(secret, not_at_the_end)
{
	static const uint8_t msg[] = { 24, 0, 0, 1, 0, 4, 0, 0, 1, 0 };

	EXPECT_FATAL(msg);
}

TEST_F(secret, twice_in_a_record)
{
	static const uint8_t msg[] = { 24, 0, 0, 1, 0, 24, 0, 0, 1, 0 };

	EXPECT_FATAL(msg);
}

TEST_F(secret, empty)
{
	static const uint8_t msg[] = { 24, 0, 0, 0 };

	EXPECT_FATAL(msg);
}

TEST_F(secret, data_within)
{
	static const uint8_t fatal[] = { 2, 10 };

	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update, 4));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
	EXPECT_EQ(-1, st_get(self->p.fd, 0));
	EXPECT_EQ(EPROTO, errno);
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, fatal, 2));
}

TEST_F(secret, old_key_is_dead)
{
	struct st_key old = self->p.to;

	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update, sizeof(update)));
	old.seq = self->p.to.seq;
	ASSERT_EQ(0, st_send_record(self->p.raw, &old, DATA, "abc", 3));
	EXPECT_EQ(-1, st_get(self->p.fd, 0));
	EXPECT_EQ(EBADMSG, errno);
}

TEST_F(secret, flood)
{
	static const uint8_t fatal[] = { 2, 10 };
	int i;

	st_param("limit_updates", "8");
	for (i = 0; i < 9; i++) {
		ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update, sizeof(update)));
		peer_next(self);
	}
	EXPECT_EQ(-1, st_get(self->p.fd, 0));
	EXPECT_EQ(EPROTO, errno);
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, fatal, 2));
}

/* data between them makes them no better */
TEST_F(secret, flood_with_data)
{
	static const uint8_t fatal[] = { 2, 10 };
	char buf[100];
	int i, n;

	st_param("limit_updates", "8");
	for (i = 0; i < (int)sizeof(buf); i++) {
		ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update, sizeof(update)));
		peer_next(self);
		ASSERT_EQ(0, st_peer_send(&self->p, DATA, "x", 1));
	}
	/* as many of them as this in time would take 12 seconds */
	n = recv(self->p.fd, buf, sizeof(buf), MSG_WAITALL);
	EXPECT_LE(8, n);
	EXPECT_GT((int)sizeof(buf), n);
	EXPECT_EQ(-1, st_get(self->p.fd, 0));
	EXPECT_EQ(EPROTO, errno);
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, fatal, 2));
}

/* eight a second may go on for ever */
TEST_F(secret, no_flood_in_time)
{
	int i;

	st_param("limit_updates", "8");
	for (i = 0; i < 12; i++) {
		ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update, sizeof(update)));
		peer_next(self);
		EXPECT_EQ(-1, st_get(self->p.fd, MSG_DONTWAIT));
		EXPECT_EQ(EAGAIN, errno);
		if (i == 7)
			usleep(1300000);
	}
	EXPECT_GETS("still");
}

TEST_HARNESS_MAIN
