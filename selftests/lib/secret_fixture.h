/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A session of TLS 1.3 with a secret for both directions; the other end makes and reads records
 * in user space.
 */
#ifndef SELFTEST_SECRET_FIXTURE_H
#define SELFTEST_SECRET_FIXTURE_H

#include <errno.h>

#include "kselftest_harness.h"
#include "peer.h"
#include "secret.h"
#include "update.h"

FIXTURE(secret) {
	struct st_peer p;
	struct st_secret to, from;
	uint16_t cipher;
};
VARIANTS(secret);

static int open_secret(FIXTURE_DATA(secret) *self)
{
	int fd[2];

	self->to = st_secret(self->cipher, 1);
	self->from = st_secret(self->cipher, 2);
	if (st_pair(AF_INET, fd))
		return -1;
	self->p.fd = fd[0];
	self->p.raw = fd[1];
	self->p.to = st_secret_key(&self->to, self->cipher);
	self->p.from = st_secret_key(&self->from, self->cipher);
	return st_attach(fd[0], ST_SHEATH) ||
	       st_set_secret(fd[0], TLS_RX, self->cipher, &self->to) ||
	       st_set_secret(fd[0], TLS_TX, self->cipher, &self->from) ? -1 : 0;
}

FIXTURE_SETUP(secret)
{
	self->cipher = variant->cipher;
	st_param("limit_updates", "1000000");
	ASSERT_EQ(0, open_secret(self));
}

FIXTURE_TEARDOWN(secret)
{
	st_param("limit_updates", "8");
	st_param("limit_soft", "0");
	st_param("limit_hard", "0");
	st_peer_close(&self->p);
}

/* the peer sends with its next key from here on */
static void peer_next(FIXTURE_DATA(secret) *self)
{
	st_secret_next(&self->to);
	self->p.to = st_secret_key(&self->to, self->cipher);
}

/* a KeyUpdate came from the socket */
static void socket_next(FIXTURE_DATA(secret) *self)
{
	st_secret_next(&self->from);
	self->p.from = st_secret_key(&self->from, self->cipher);
}

/* @msg ends the session */
#define EXPECT_FATAL(msg) do {							\
	static const uint8_t fatal[] = { 2, 10 };				\
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, msg, sizeof(msg)));	\
	EXPECT_EQ(-1, st_get(self->p.fd, 0));					\
	EXPECT_EQ(EPROTO, errno);						\
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, fatal, 2));			\
	EXPECT_EQ(0, st_info(self->p.fd).rx_epoch);				\
} while (0)

#endif /* SELFTEST_SECRET_FIXTURE_H */
