// SPDX-License-Identifier: GPL-2.0
/* The application reads, sends and answers KeyUpdate, and the module follows. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "cmsg.h"
#include "secret_fixture.h"
#include "update.h"

/* SHEATH_CTRL_APP: the application reads the messages, the module follows */
TEST_F(secret, app_looks_on)
{
	static const uint32_t app = SHEATH_CTRL_APP;
	uint8_t buf[16], type;
	unsigned int i;

	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, SHEATH_CTRL, &app, sizeof(app)));
	for (i = 0; i < sizeof(update_both); i++)
		ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update_both + i, 1));
	peer_next(self);
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "next", 4));
	for (i = 0; i < sizeof(update_both); i++) {
		EXPECT_EQ(1, st_get_ctrl(self->p.fd, &type, buf, sizeof(buf)));
		EXPECT_EQ(HANDSHAKE, type);
		EXPECT_EQ(update_both[i], buf[0]);
	}
	EXPECT_EQ(4, st_get(self->p.fd, 0));
	EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update, sizeof(update)));
	socket_next(self);
	EXPECT_SENDS("answered");
	EXPECT_EQ(1, st_info(self->p.fd).rx_epoch);
}

TEST_F(secret, app_looks_on_bad)
{
	static const uint32_t app = SHEATH_CTRL_APP;
	static const uint8_t msg[] = { 24, 0, 0, 1, 0, 4, 0, 0, 1, 0 };

	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, SHEATH_CTRL, &app, sizeof(app)));
	EXPECT_FATAL(msg);
}

/* keyed as in-tree TLS is: the application sends, reads and answers KeyUpdate */
FIXTURE(app) { struct st_peer p; };
VARIANTS(app);

FIXTURE_SETUP(app)
{
	ASSERT_EQ(0, st_peer_open(&self->p, V13, variant->cipher, true));
}

FIXTURE_TEARDOWN(app)
{
	st_param("limit_soft", "0");
	st_param("limit_hard", "0");
	st_peer_close(&self->p);
}

/* a KeyUpdate counts wherever in the record it begins */
TEST_F(app, coalesced)
{
	static const uint8_t two[] = { 4, 0, 0, 1, 9, 24, 0, 0, 1, 0 };
	struct st_key next = st_key(V13, variant->cipher, 0, 3);
	uint8_t buf[32], type;

	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, two, sizeof(two)));
	self->p.to = next;
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "next", 4));
	EXPECT_EQ(sizeof(two), st_get_ctrl(self->p.fd, &type, buf, sizeof(buf)));
	EXPECT_EQ(HANDSHAKE, type);
	EXPECT_EQ(-1, st_get(self->p.fd, 0));
	EXPECT_EQ(EKEYEXPIRED, errno);
	ASSERT_EQ(0, st_set(self->p.fd, ST_SHEATH, TLS_RX, &next));
	EXPECT_EQ(4, st_get(self->p.fd, 0));
}

/* one message in two records, another that only looks like a KeyUpdate in its second part */
TEST_F(app, in_parts)
{
	static const uint8_t ticket[] = { 4, 0, 0, 6, 9, 24, 0, 0, 1, 0 };
	struct st_key next = st_key(V13, variant->cipher, 0, 3);
	uint8_t buf[32], type;

	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, ticket, 5));
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, ticket + 5, 5));
	EXPECT_EQ(5, st_get_ctrl(self->p.fd, &type, buf, sizeof(buf)));
	EXPECT_EQ(5, st_get_ctrl(self->p.fd, &type, buf, sizeof(buf)));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "same", 4));
	EXPECT_EQ(4, st_get(self->p.fd, 0));
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update, 3));
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update + 3, 2));
	self->p.to = next;
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "next", 4));
	EXPECT_EQ(3, st_get_ctrl(self->p.fd, &type, buf, sizeof(buf)));
	EXPECT_EQ(2, st_get_ctrl(self->p.fd, &type, buf, sizeof(buf)));
	EXPECT_EQ(-1, st_get(self->p.fd, 0));
	EXPECT_EQ(EKEYEXPIRED, errno);
	ASSERT_EQ(0, st_set(self->p.fd, ST_SHEATH, TLS_RX, &next));
	EXPECT_EQ(4, st_get(self->p.fd, 0));
}

/* a message that never ends is the application's to judge, and no reason to miss the next */
TEST_F(app, half_a_message)
{
	static const uint8_t half[] = { 4, 0, 0, 9 };
	uint8_t buf[32], type;

	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, half, sizeof(half)));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update, sizeof(update)));
	EXPECT_EQ(4, st_get_ctrl(self->p.fd, &type, buf, sizeof(buf)));
	EXPECT_EQ(3, st_get(self->p.fd, 0));
	EXPECT_EQ(5, st_get_ctrl(self->p.fd, &type, buf, sizeof(buf)));
	EXPECT_EQ(-1, st_get(self->p.fd, 0));
	EXPECT_EQ(EKEYEXPIRED, errno);
}

/* in-tree TLS has no limits; one that was set by the administrator holds */
TEST_F(app, limits)
{
	struct st_key next = st_key(V13, variant->cipher, 0, 4);
	int i;

	EXPECT_EQ(UINT64_MAX, st_info(self->p.fd).tx_records_left);
	st_limit("limit_soft", 2 * ST_COST(4));
	ASSERT_EQ(0, st_set(self->p.fd, ST_SHEATH, TLS_TX, &next));
	self->p.from = next;
	for (i = 0; i < 5; i++)
		EXPECT_SENDS("good");
	next = st_key(V13, variant->cipher, 0, 5);
	st_limit("limit_hard", 3 * ST_COST(4));
	ASSERT_EQ(0, st_set(self->p.fd, ST_SHEATH, TLS_TX, &next));
	self->p.from = next;
	for (i = 0; i < 3; i++)
		EXPECT_SENDS("good");
	EXPECT_EQ(-1, send(self->p.fd, "bad", 3, MSG_NOSIGNAL));
	EXPECT_EQ(EKEYEXPIRED, errno);
}

/* TLS_TX and TLS_RX a second time, as later in-tree TLS has it */
TEST_F(app, second_keys)
{
	struct st_key tx = st_key(V13, variant->cipher, 0, 4), rx = st_key(V13, variant->cipher, 0, 3);
	struct st_key old = st_key(TLS_1_2_VERSION, variant->cipher, 0, 4);
	struct st_key other = st_key(V13, variant->cipher == TLS_CIPHER_AES_GCM_256 ?
				     TLS_CIPHER_AES_GCM_128 : TLS_CIPHER_AES_GCM_256, 0, 4);
	uint8_t buf[64], want[64], type;
	socklen_t len;

	EXPECT_EQ(-1, st_set(self->p.fd, ST_SHEATH, TLS_TX, &old));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, st_set(self->p.fd, ST_SHEATH, TLS_TX, &other));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, st_rekey(self->p.fd, 0));
	EXPECT_EQ(EOPNOTSUPP, errno);
	/* their KeyUpdate, our answer */
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update_both, sizeof(update_both)));
	self->p.to = rx;
	EXPECT_EQ(5, st_get_ctrl(self->p.fd, &type, buf, sizeof(buf)));
	EXPECT_EQ(0, memcmp(buf, update_both, 5));
	ASSERT_EQ(0, st_set(self->p.fd, ST_SHEATH, TLS_RX, &rx));
	EXPECT_EQ(5, st_send_type(self->p.fd, HANDSHAKE, update, sizeof(update), MSG_NOSIGNAL));
	EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update, sizeof(update)));
	ASSERT_EQ(0, st_set(self->p.fd, ST_SHEATH, TLS_TX, &tx));
	self->p.from = tx;
	len = st_crypto_info(&tx, want);
	ASSERT_EQ(0, getsockopt(self->p.fd, SOL_TLS, TLS_TX, buf, &len));
	EXPECT_EQ(0, memcmp(buf, want, len));
	len = st_crypto_info(&rx, want);
	ASSERT_EQ(0, getsockopt(self->p.fd, SOL_TLS, TLS_RX, buf, &len));
	EXPECT_EQ(0, memcmp(buf, want, len));
	EXPECT_SENDS("tx");
	EXPECT_GETS("rx");
	EXPECT_EQ(1, st_info(self->p.fd).tx_epoch);
	EXPECT_EQ(1, st_info(self->p.fd).rx_epoch);
}

TEST_HARNESS_MAIN
