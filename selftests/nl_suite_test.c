// SPDX-License-Identifier: GPL-2.0
/*
 * Keys that came by netlink protect the connection: in-tree TLS is at the other end.
 *
 * Wants to be root, with sheath and the in-tree tls module loaded.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <linux/sheath.h>
#include <linux/sheath_nl.h>
#include <linux/tls.h>

#include <netlink/attr.h>
#include <netlink/genl/genl.h>

#include "kselftest_harness.h"
#include "key_attrs.h"
#include "stream.h"

FIXTURE(suite)
{
	struct st_client c;
	struct st_answer a;
	struct st_request r;
	int fd[2];
	struct st_key_attrs tx, rx;
};

FIXTURE_VARIANT(suite)
{
	uint16_t version;
	unsigned int suite;
	uint8_t iv_len;
};

FIXTURE_VARIANT_ADD(suite, tls13_aes128gcm) { TLS_1_3_VERSION, 0, 12 };
FIXTURE_VARIANT_ADD(suite, tls13_aes256gcm) { TLS_1_3_VERSION, 1, 12 };
FIXTURE_VARIANT_ADD(suite, tls13_aes128ccm) { TLS_1_3_VERSION, 2, 12 };
FIXTURE_VARIANT_ADD(suite, tls13_chacha) { TLS_1_3_VERSION, 3, 12 };
FIXTURE_VARIANT_ADD(suite, tls12_aes128gcm) { TLS_1_2_VERSION, 0, 12 };
FIXTURE_VARIANT_ADD(suite, tls12_aes128gcm_salt) { TLS_1_2_VERSION, 0, 4 };
FIXTURE_VARIANT_ADD(suite, tls12_aes256gcm) { TLS_1_2_VERSION, 1, 12 };
FIXTURE_VARIANT_ADD(suite, tls12_aes256gcm_salt) { TLS_1_2_VERSION, 1, 4 };
FIXTURE_VARIANT_ADD(suite, tls12_aes128ccm) { TLS_1_2_VERSION, 2, 12 };
FIXTURE_VARIANT_ADD(suite, tls12_chacha) { TLS_1_2_VERSION, 3, 12 };

FIXTURE_SETUP(suite)
{
	ASSERT_EQ(0, st_client_open(&self->c));
	ASSERT_EQ(0, st_pair(AF_INET, self->fd));
	ASSERT_EQ(0, st_attach(self->fd[0], ST_SHEATH));
	st_key_attrs_init(&self->tx, SHEATH_KEY_TX);
	st_key_attrs_init(&self->rx, SHEATH_KEY_RX);
	self->tx.version = self->rx.version = variant->version;
	self->tx.suite = self->rx.suite = &st_key_suites[variant->suite];
	self->tx.iv_len = self->rx.iv_len = variant->iv_len;
	self->tx.seq = 0x1122334455667788;
	self->rx.seq = 5;
	ASSERT_EQ(0, st_attach(self->fd[1], ST_IN_TREE));
	ASSERT_EQ(0, st_key_attrs_peer(self->fd[1], TLS_RX, &self->tx));
	ASSERT_EQ(0, st_key_attrs_peer(self->fd[1], TLS_TX, &self->rx));
}

FIXTURE_TEARDOWN(suite)
{
	st_pair_close(self->fd);
	st_client_close(&self->c);
}

TEST_F(suite, data_passes)
{
	struct nlattr *st[SHEATH_A_STATS_MAX + 1];

	ASSERT_EQ(0, st_ask_keys(&self->c, self->fd[0], &self->rx, &self->tx, &self->a)) {
		TH_LOG("%s", self->a.text);
	}
	EXPECT_FALSE(st_answer_leaks(&self->a));
	EXPECT_TRUE(st_passes(self->fd[0], self->fd[1], 1));
	EXPECT_TRUE(st_passes(self->fd[1], self->fd[0], 1));
	EXPECT_TRUE(st_passes(self->fd[0], self->fd[1], 20000));
	EXPECT_TRUE(st_passes(self->fd[1], self->fd[0], 20000));

	ASSERT_EQ(0, st_ask_session(&self->c, self->fd[0], &self->a));
	EXPECT_EQ(variant->version, st_attr_u32(&self->a, SHEATH_A_VERSION));
	EXPECT_EQ(self->tx.suite->cipher, st_attr_u32(&self->a, SHEATH_A_CIPHERS));
	EXPECT_EQ(self->tx.seq + 3, st_attr_u64(&self->a, SHEATH_A_TX_SEQ));
	EXPECT_EQ(self->rx.seq + 3, st_attr_u64(&self->a, SHEATH_A_RX_SEQ));
	ASSERT_NE(NULL, self->a.tb[SHEATH_A_STATS]);
	ASSERT_EQ(0, nla_parse_nested(st, SHEATH_A_STATS_MAX, self->a.tb[SHEATH_A_STATS], NULL));
	EXPECT_EQ(3, nla_get_u64(st[SHEATH_A_STATS_TX_RECORDS]));
	EXPECT_EQ(20001, nla_get_u64(st[SHEATH_A_STATS_TX_BYTES]));
	EXPECT_EQ(3, nla_get_u64(st[SHEATH_A_STATS_RX_RECORDS]));
	EXPECT_EQ(20001, nla_get_u64(st[SHEATH_A_STATS_RX_BYTES]));
	EXPECT_EQ(0, nla_get_u32(st[SHEATH_A_STATS_RX_AUTH_FAIL]));
	EXPECT_EQ(0, nla_get_u32(st[SHEATH_A_STATS_TX_REKEYS]));
	EXPECT_EQ(0, nla_get_u32(st[SHEATH_A_STATS_RX_REKEYS]));
	EXPECT_EQ(0, nla_get_u32(st[SHEATH_A_STATS_CTRL_DROPPED]));
	EXPECT_FALSE(st_answer_leaks(&self->a));
}

/* One direction at a time, and the other one stays plain TCP until then. */
TEST_F(suite, one_direction_after_the_other)
{
	ASSERT_EQ(0, st_ask_keys(&self->c, self->fd[0], &self->tx, NULL, &self->a));
	EXPECT_TRUE(st_passes(self->fd[0], self->fd[1], 20000));
	ASSERT_EQ(0, st_ask_keys(&self->c, self->fd[0], &self->rx, NULL, &self->a));
	EXPECT_TRUE(st_passes(self->fd[1], self->fd[0], 20000));
	EXPECT_TRUE(st_passes(self->fd[0], self->fd[1], 20000));
}

/* A record with a wrong key is the end of the session, and the session says so. */
TEST_F(suite, wrong_key)
{
	struct nlattr *st[SHEATH_A_STATS_MAX + 1];
	char byte;

	self->rx.key[0] ^= 1;
	ASSERT_EQ(0, st_ask_keys(&self->c, self->fd[0], &self->tx, &self->rx, &self->a));
	ASSERT_EQ(100, send(self->fd[1], self->a.raw, 100, 0));
	EXPECT_EQ(-1, recv(self->fd[0], &byte, 1, 0));
	EXPECT_EQ(EBADMSG, errno);
	ASSERT_EQ(0, st_ask_session(&self->c, self->fd[0], &self->a));
	EXPECT_EQ(SHEATH_STATE_FAILED, st_attr_u32(&self->a, SHEATH_A_STATE));
	EXPECT_EQ(EBADMSG, st_attr_u32(&self->a, SHEATH_A_STATUS));
	ASSERT_EQ(0, nla_parse_nested(st, SHEATH_A_STATS_MAX, self->a.tb[SHEATH_A_STATS], NULL));
	EXPECT_EQ(1, nla_get_u32(st[SHEATH_A_STATS_RX_AUTH_FAIL]));
}

TEST_HARNESS_MAIN
