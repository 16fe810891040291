// SPDX-License-Identifier: GPL-2.0
/*
 * key-set: what is refused, with what, and that nothing comes of it; what is taken, and told.
 *
 * Wants to be root, with sheath loaded.
 */
#define _GNU_SOURCE
#include <errno.h>

#include <linux/sheath.h>
#include <linux/sheath_nl.h>
#include <linux/tls.h>

#include <netlink/attr.h>
#include <netlink/genl/genl.h>

#include "kselftest_harness.h"
#include "netlink_fixture.h"
#include "stream.h"

TEST_F(netlink, key_set_attributes)
{
	static const int known[] = {
		SHEATH_A_SOCKFD, SHEATH_A_ROLE, SHEATH_A_SUITE, SHEATH_A_GROUP, SHEATH_A_TX_LIMIT,
	};
	static const struct {
		int type;
		uint32_t value;
	} out_of_range[] = {
		{ SHEATH_A_ROLE, 0 }, { SHEATH_A_ROLE, 3 },
		{ SHEATH_A_SUITE, 65536 }, { SHEATH_A_GROUP, 65536 },
		{ SHEATH_A_TX_LIMIT, 0 }, { SHEATH_A_TX_LIMIT, 62 }, { SHEATH_A_TX_LIMIT, 16385 },
		{ SHEATH_A_TX_LIMIT, UINT32_MAX },
	};
	long long refused = st_stat("KeyRefused");
	uint8_t two[16] = { 2 };
	unsigned int i, n = 0;
	size_t len;
	int type;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		for (len = 0; len <= sizeof(two); len++) {
			if (len == 4)
				continue;
			st_request_init(&self->r, &self->c, SHEATH_CMD_KEY_SET);
			st_put_key(&self->r, &self->tx);
			st_request_put(&self->r, known[i], two, len);
			EXPECT_REFUSED(&self->c, &self->r, EINVAL, "length");
			n++;
		}
		st_request_init(&self->r, &self->c, SHEATH_CMD_KEY_SET);
		st_put_key(&self->r, &self->tx);
		st_request_put(&self->r, known[i] | NLA_F_NESTED, two, 4);
		EXPECT_REFUSED(&self->c, &self->r, EINVAL, "NESTED");
		st_request_init(&self->r, &self->c, SHEATH_CMD_KEY_SET);
		st_put_key(&self->r, &self->tx);
		st_put_u32(&self->r, known[i], 64);
		st_put_u32(&self->r, known[i], 64);
		EXPECT_REFUSED(&self->c, &self->r, known[i] == SHEATH_A_ROLE ? ERANGE : EINVAL, "");
		n += 2;
	}
	for (i = 0; i < ARRAY_SIZE(out_of_range); i++) {
		st_request_key_set(&self->r, &self->c, self->fd[0]);
		st_put_key(&self->r, &self->tx);
		st_put_u32(&self->r, out_of_range[i].type, out_of_range[i].value);
		EXPECT_REFUSED(&self->c, &self->r, ERANGE, "range");
		n++;
	}
	for (type = 1; type <= SHEATH_A_MAX + 3; type++) {
		for (i = 0; i < ARRAY_SIZE(known) && known[i] != type; i++)
			;
		if (i < ARRAY_SIZE(known) || type == SHEATH_A_KEY)
			continue;
		st_request_key_set(&self->r, &self->c, self->fd[0]);
		st_put_key(&self->r, &self->tx);
		st_put_u32(&self->r, type, 1);
		EXPECT_REFUSED(&self->c, &self->r, EINVAL, "");
		n++;
	}

	st_request_key_set(&self->r, &self->c, self->fd[0]);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "key: missing");
	st_request_init(&self->r, &self->c, SHEATH_CMD_KEY_SET);
	st_put_key(&self->r, &self->tx);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "sockfd");
	st_request_init(&self->r, &self->c, SHEATH_CMD_KEY_SET);
	st_put_u64(&self->r, SHEATH_A_COOKIE, st_cookie(self->fd[0]));
	st_put_key(&self->r, &self->tx);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "");
	st_request_key_set(&self->r, &self->c, self->fd[0]);
	st_put_key(&self->r, &self->tx);
	((struct genlmsghdr *)NLMSG_DATA(&self->r.nlh))->reserved = 1;
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "reserved");
	st_request_key_set(&self->r, &self->c, self->fd[0]);
	st_put_key(&self->r, &self->tx);
	self->r.nlh.nlmsg_flags |= NLM_F_CREATE;
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "flags");
	n += 5;

	EXPECT_EQ(refused + n, st_stat("KeyRefused"));
	ASSERT_EQ(0, st_ask_session(&self->c, self->fd[0], &self->a));
	EXPECT_EQ(SHEATH_STATE_ATTACHED, st_attr_u32(&self->a, SHEATH_A_STATE));
}

/* The length a key attribute has; 0: any up to its maximum. */
static size_t key_attr_len(int type)
{
	switch (type) {
	case SHEATH_A_KEY_REC_SEQ:
		return 8;
	case SHEATH_A_KEY_SECRET:
	case SHEATH_A_KEY_CIPHER_KEY:
	case SHEATH_A_KEY_IV:
	case SHEATH_A_KEY_MAC_KEY:
	case SHEATH_A_KEY_HISTORY:
		return 0;
	}
	return 4;
}

TEST_F(netlink, key_nest_lengths)
{
	static const struct {
		int type;
		size_t max;
	} binary[] = {
		{ SHEATH_A_KEY_SECRET, 48 }, { SHEATH_A_KEY_CIPHER_KEY, 32 },
		{ SHEATH_A_KEY_IV, 16 }, { SHEATH_A_KEY_MAC_KEY, 48 }, { SHEATH_A_KEY_HISTORY, 64 },
	};
	uint8_t zero[80] = { 0 };
	struct nlattr *nest;
	unsigned int i;
	size_t len;
	int type;

	for (type = SHEATH_A_KEY_FLAGS; type <= SHEATH_A_KEY_MAX; type++) {
		if (!key_attr_len(type) || type == SHEATH_A_KEY_PAD)
			continue;
		for (len = 0; len <= 12; len++) {
			if (len == key_attr_len(type))
				continue;
			self->tx.without = 1u << type;
			st_request_key_set(&self->r, &self->c, self->fd[0]);
			nest = st_put_key(&self->r, &self->tx);
			st_request_put(&self->r, type, zero, len);
			st_nest_end(&self->r, nest);
			EXPECT_REFUSED(&self->c, &self->r, EINVAL, "length");
		}
	}
	for (i = 0; i < ARRAY_SIZE(binary); i++) {
		self->tx.without = 1u << binary[i].type;
		st_request_key_set(&self->r, &self->c, self->fd[0]);
		nest = st_put_key(&self->r, &self->tx);
		st_request_put(&self->r, binary[i].type, zero, binary[i].max + 1);
		st_nest_end(&self->r, nest);
		EXPECT_REFUSED(&self->c, &self->r, ERANGE, "");
	}
}

TEST_F(netlink, key_nest_missing)
{
	static const struct {
		int type;
		const char *name;
	} needed[] = {
		{ SHEATH_A_KEY_FLAGS, "flags" }, { SHEATH_A_KEY_VERSION, "version" },
		{ SHEATH_A_KEY_CIPHER, "cipher" }, { SHEATH_A_KEY_REC_SEQ, "rec-seq" },
		{ SHEATH_A_KEY_CIPHER_KEY, "cipher-key" }, { SHEATH_A_KEY_IV, "iv" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(needed); i++) {
		self->tx.without = 1u << needed[i].type;
		st_request_key_set(&self->r, &self->c, self->fd[0]);
		st_put_key(&self->r, &self->tx);
		EXPECT_REFUSED(&self->c, &self->r, EINVAL, needed[i].name);
	}
}

TEST_F(netlink, key_nest_unknown)
{
	static const char one[8] = { 1 };
	struct nlattr *nest;
	int type;

	for (type = 0; type <= SHEATH_A_KEY_MAX + 3; type++) {
		if (type && type != SHEATH_A_KEY_PAD && type <= SHEATH_A_KEY_MAX)
			continue;
		st_request_key_set(&self->r, &self->c, self->fd[0]);
		nest = st_put_key(&self->r, &self->tx);
		st_put_u32(&self->r, type, 1);
		st_nest_end(&self->r, nest);
		EXPECT_REFUSED(&self->c, &self->r, EINVAL, "");
	}
	/* twice, and of the wrong kind */
	for (type = SHEATH_A_KEY_FLAGS; type <= SHEATH_A_KEY_IV; type++) {
		if (type == SHEATH_A_KEY_PAD || type == SHEATH_A_KEY_SECRET ||
		    type == SHEATH_A_KEY_HASH || type == SHEATH_A_KEY_EPOCH)
			continue;
		st_request_key_set(&self->r, &self->c, self->fd[0]);
		nest = st_put_key(&self->r, &self->tx);
		st_request_put(&self->r, type, one, key_attr_len(type) ?: 8);
		st_nest_end(&self->r, nest);
		EXPECT_REFUSED(&self->c, &self->r, EINVAL, "attribute: given twice");
		self->tx.without = 1u << type;
		st_request_key_set(&self->r, &self->c, self->fd[0]);
		nest = st_put_key(&self->r, &self->tx);
		st_request_put(&self->r, type | NLA_F_NESTED, one, key_attr_len(type) ?: 8);
		st_nest_end(&self->r, nest);
		EXPECT_REFUSED(&self->c, &self->r, EINVAL, "NESTED");
		self->tx.without = 0;
	}
}

TEST_F(netlink, key_nest_form)
{
	struct nlattr *nest;

	/* without the flag that says it is one */
	st_request_key_set(&self->r, &self->c, self->fd[0]);
	nest = st_put_key(&self->r, &self->tx);
	nest->nla_type = SHEATH_A_KEY;
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "NESTED");
	/* empty */
	st_request_key_set(&self->r, &self->c, self->fd[0]);
	st_nest_start(&self->r, SHEATH_A_KEY);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "");
	/* bytes behind the last attribute */
	st_request_key_set(&self->r, &self->c, self->fd[0]);
	nest = st_put_key(&self->r, &self->tx);
	st_request_put(&self->r, 0, "", 0);
	nest->nla_len += 3;
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "");
	/* longer than the message */
	st_request_key_set(&self->r, &self->c, self->fd[0]);
	nest = st_put_key(&self->r, &self->tx);
	nest->nla_len += 64;
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "");
	/* a good nest and a bad one, in both orders */
	st_request_key_set(&self->r, &self->c, self->fd[0]);
	st_put_key(&self->r, &self->tx);
	self->rx.without = 1u << SHEATH_A_KEY_IV;
	st_put_key(&self->r, &self->rx);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "iv: missing");
	st_request_key_set(&self->r, &self->c, self->fd[0]);
	st_put_key(&self->r, &self->rx);
	st_put_key(&self->r, &self->tx);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "iv: missing");
	self->rx.without = 0;
	/* too many */
	st_request_key_set(&self->r, &self->c, self->fd[0]);
	st_put_key(&self->r, &self->rx);
	st_put_key(&self->r, &self->rx);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "same direction");
	st_request_key_set(&self->r, &self->c, self->fd[0]);
	st_put_key(&self->r, &self->rx);
	st_put_key(&self->r, &self->tx);
	st_put_key(&self->r, &self->rx);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "more than two");

	ASSERT_EQ(0, st_ask_session(&self->c, self->fd[0], &self->a));
	EXPECT_EQ(SHEATH_STATE_ATTACHED, st_attr_u32(&self->a, SHEATH_A_STATE));
}

TEST_F(netlink, key_values)
{
	static const uint8_t long_secret[48];
	static const struct st_key_suite no_such_cipher = { "none", 999, 16 };
	static const struct st_key_suite short_key = { "short", TLS_CIPHER_AES_GCM_128, 15 };
	static const struct st_key_suite long_key = { "long", TLS_CIPHER_AES_GCM_128, 32 };
	static const struct st_key_suite no_key = { "empty", TLS_CIPHER_AES_GCM_128, 0 };
	struct st_key_attrs k;
	struct nlattr *nest;
	uint32_t flags;

#define TRY(change, err, text)							\
	do {									\
		k = self->tx;							\
		change;								\
		st_request_key_set(&self->r, &self->c, self->fd[0]);		\
		st_put_key(&self->r, &k);					\
		EXPECT_REFUSED(&self->c, &self->r, err, text);			\
	} while (0)

	for (flags = 0; flags <= 32; flags++) {
		if (flags == SHEATH_KEY_RX || flags == SHEATH_KEY_TX)
			continue;
		TRY(k.flags = flags, EINVAL, "");
	}
	TRY(k.version = 0x0305, EOPNOTSUPP, "version");
	TRY(k.version = 0x02ff, EOPNOTSUPP, "version");
	TRY(k.version = 0x0302, EINVAL, "version");
	TRY(k.version = 0, EOPNOTSUPP, "version");
	TRY(k.version = 0x10304, EOPNOTSUPP, "version");
	TRY(k.suite = &no_such_cipher, EOPNOTSUPP, "cipher");
	TRY(k.suite = &short_key, EINVAL, "key");
	TRY(k.suite = &long_key, EINVAL, "key");
	TRY(k.suite = &no_key, EINVAL, "key");
	TRY(k.iv_len = 0, EINVAL, "iv: ");
	TRY(k.iv_len = 4, EINVAL, "iv: ");
	TRY(k.iv_len = 11, EINVAL, "iv: ");
#undef TRY

	st_request_key_set(&self->r, &self->c, self->fd[0]);
	nest = st_put_key(&self->r, &self->tx);
	st_put_u32(&self->r, SHEATH_A_KEY_EPOCH, 1);
	st_nest_end(&self->r, nest);
	EXPECT_REFUSED(&self->c, &self->r, ERANGE, "epoch");

	/* a secret beside what comes from it, in a version without, of a wrong length, alone */
	st_request_key_set(&self->r, &self->c, self->fd[0]);
	nest = st_put_key(&self->r, &self->tx);
	st_request_put(&self->r, SHEATH_A_KEY_SECRET, self->tx.key, 32);
	st_put_u32(&self->r, SHEATH_A_KEY_HASH, SHEATH_HASH_SHA256);
	st_nest_end(&self->r, nest);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "secret: given together");
	self->tx.without = 1u << SHEATH_A_KEY_CIPHER_KEY | 1u << SHEATH_A_KEY_IV;
	self->tx.version = TLS_1_2_VERSION;
	st_request_key_set(&self->r, &self->c, self->fd[0]);
	nest = st_put_key(&self->r, &self->tx);
	st_request_put(&self->r, SHEATH_A_KEY_SECRET, self->tx.key, 32);
	st_put_u32(&self->r, SHEATH_A_KEY_HASH, SHEATH_HASH_SHA256);
	st_nest_end(&self->r, nest);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "no traffic secrets");
	self->tx.version = TLS_1_3_VERSION;
	st_request_key_set(&self->r, &self->c, self->fd[0]);
	nest = st_put_key(&self->r, &self->tx);
	st_request_put(&self->r, SHEATH_A_KEY_SECRET, self->tx.key, 32);
	st_put_u32(&self->r, SHEATH_A_KEY_HASH, SHEATH_HASH_SHA384);
	st_nest_end(&self->r, nest);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "secret: wrong length");
	st_request_key_set(&self->r, &self->c, self->fd[0]);
	nest = st_put_key(&self->r, &self->tx);
	st_request_put(&self->r, SHEATH_A_KEY_SECRET, long_secret, sizeof(long_secret));
	st_put_u32(&self->r, SHEATH_A_KEY_HASH, SHEATH_HASH_SHA384);
	st_nest_end(&self->r, nest);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "another hash");
	st_request_key_set(&self->r, &self->c, self->fd[0]);
	nest = st_put_key(&self->r, &self->tx);
	st_request_put(&self->r, SHEATH_A_KEY_SECRET, self->tx.key, 32);
	st_nest_end(&self->r, nest);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "hash: missing");
	st_request_key_set(&self->r, &self->c, self->fd[0]);
	nest = st_put_key(&self->r, &self->tx);
	st_put_u32(&self->r, SHEATH_A_KEY_HASH, SHEATH_HASH_SHA256);
	st_nest_end(&self->r, nest);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "secret: missing");
	self->tx.without = 0;

	/* what this module does not have */
	st_request_key_set(&self->r, &self->c, self->fd[0]);
	nest = st_put_key(&self->r, &self->tx);
	st_put_u32(&self->r, SHEATH_A_KEY_MAC, 1);
	st_request_put(&self->r, SHEATH_A_KEY_MAC_KEY, self->rx.key, 20);
	st_nest_end(&self->r, nest);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "AEAD");
	st_request_key_set(&self->r, &self->c, self->fd[0]);
	nest = st_put_key(&self->r, &self->tx);
	st_put_u32(&self->r, SHEATH_A_KEY_COMPRESSION, SHEATH_COMPRESSION_DEFLATE);
	st_nest_end(&self->r, nest);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "compression");
	st_request_key_set(&self->r, &self->c, self->fd[0]);
	nest = st_put_key(&self->r, &self->tx);
	st_put_u32(&self->r, SHEATH_A_KEY_COMPRESSION, SHEATH_COMPRESSION_DEFLATE + 1);
	st_nest_end(&self->r, nest);
	EXPECT_REFUSED(&self->c, &self->r, ERANGE, "out of range");

	/* two directions that do not fit together: none of them is installed */
	self->rx.version = TLS_1_2_VERSION;
	st_request_key_set(&self->r, &self->c, self->fd[0]);
	st_put_key(&self->r, &self->tx);
	st_put_key(&self->r, &self->rx);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "other direction");
	ASSERT_EQ(0, st_ask_session(&self->c, self->fd[0], &self->a));
	EXPECT_EQ(SHEATH_STATE_ATTACHED, st_attr_u32(&self->a, SHEATH_A_STATE));
	EXPECT_TRUE(st_passes(self->fd[0], self->fd[1], 100));
}

TEST_F(netlink, compression)
{
	/* RFC 1950: window of 32 KB, default level; then a stored block without a byte in it */
	static const uint8_t history[] = { 0x78, 0x9c, 0x00, 0x00, 0x00, 0xff, 0xff };
	struct nlattr *nest;
	int allowed;

	self->tx.version = TLS_1_2_VERSION;
	for (allowed = 0; allowed < 2; allowed++) {
		ASSERT_EQ(0, st_param("legacy", allowed ? "deflate" : "\n"));
		st_request_key_set(&self->r, &self->c, self->fd[0]);
		nest = st_put_key(&self->r, &self->tx);
		st_put_u32(&self->r, SHEATH_A_KEY_COMPRESSION, SHEATH_COMPRESSION_DEFLATE);
		st_request_put(&self->r, SHEATH_A_KEY_HISTORY, history, sizeof(history));
		st_nest_end(&self->r, nest);
		if (!allowed) {
			EXPECT_REFUSED(&self->c, &self->r, EACCES, "deflate");
			continue;
		}
		EXPECT_EQ(0, st_client_ask(&self->c, &self->r, &self->a));
	}
	st_param("legacy", "\n");
}

TEST_F(netlink, key_set_replies)
{
	ASSERT_EQ(0, st_ask_keys(&self->c, self->fd[0], &self->tx, NULL, &self->a));
	EXPECT_EQ(1, self->a.n_replies);
	EXPECT_EQ(SHEATH_CMD_KEY_SET, self->a.cmd);
	EXPECT_EQ(st_cookie(self->fd[0]), st_attr_u64(&self->a, SHEATH_A_COOKIE));
	EXPECT_EQ(0, st_attr_u32(&self->a, SHEATH_A_TX_EPOCH));
	EXPECT_EQ(0, st_attr_u32(&self->a, SHEATH_A_RX_EPOCH));
	EXPECT_FALSE(st_answer_leaks(&self->a));

	/* one key for each direction, the second one by itself */
	st_request_key_set(&self->r, &self->c, self->fd[0]);
	st_put_key(&self->r, &self->tx);
	EXPECT_REFUSED(&self->c, &self->r, EBUSY, "has a key");
	self->rx.suite = &st_key_suites[1];
	st_request_key_set(&self->r, &self->c, self->fd[0]);
	st_put_key(&self->r, &self->rx);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "other direction");
	self->rx.suite = &st_key_suites[0];
	EXPECT_EQ(0, st_ask_keys(&self->c, self->fd[0], &self->rx, NULL, &self->a));
}

TEST_F(netlink, key_set_results)
{
	st_request_key_set(&self->r, &self->c, self->fd[0]);
	st_put_u32(&self->r, SHEATH_A_ROLE, SHEATH_ROLE_SERVER);
	st_put_u32(&self->r, SHEATH_A_SUITE, 0x1301);
	st_put_u32(&self->r, SHEATH_A_GROUP, 29);
	st_put_key(&self->r, &self->tx);
	st_put_key(&self->r, &self->rx);
	ASSERT_EQ(0, st_client_ask(&self->c, &self->r, &self->a));
	ASSERT_EQ(0, st_ask_session(&self->c, self->fd[0], &self->a));
	EXPECT_EQ(SHEATH_STATE_UP, st_attr_u32(&self->a, SHEATH_A_STATE));
	EXPECT_EQ(SHEATH_ROLE_SERVER, st_attr_u32(&self->a, SHEATH_A_ROLE));
	EXPECT_EQ(0x1301, st_attr_u32(&self->a, SHEATH_A_SUITE));
	EXPECT_EQ(29, st_attr_u32(&self->a, SHEATH_A_GROUP));
	EXPECT_EQ(TLS_1_3_VERSION, st_attr_u32(&self->a, SHEATH_A_VERSION));
	EXPECT_EQ(TLS_CIPHER_AES_GCM_128, st_attr_u32(&self->a, SHEATH_A_CIPHERS));
	EXPECT_FALSE(st_answer_leaks(&self->a));
}

/* RFC 8449 section 4: the least limit is 64, and TLS 1.3 counts the content type */
TEST_F(netlink, key_set_least_tx_limit)
{
	uint8_t head[5], data[64] = { 0 };

	self->tx.version = TLS_1_2_VERSION;
	st_request_key_set(&self->r, &self->c, self->fd[0]);
	st_put_u32(&self->r, SHEATH_A_TX_LIMIT, 63);
	st_put_key(&self->r, &self->tx);
	EXPECT_REFUSED(&self->c, &self->r, ERANGE, "tx-limit");
	self->tx.version = TLS_1_3_VERSION;
	st_request_key_set(&self->r, &self->c, self->fd[0]);
	st_put_u32(&self->r, SHEATH_A_TX_LIMIT, 63);
	st_put_key(&self->r, &self->tx);
	ASSERT_EQ(0, st_client_ask(&self->c, &self->r, &self->a));
	ASSERT_EQ(0, st_send_all(self->fd[0], data, sizeof(data), 0));
	ASSERT_EQ(0, st_recv_all(self->fd[1], head, sizeof(head)));
	EXPECT_EQ(63 + 1 + 16, head[3] << 8 | head[4]);
}

/* Our records are not longer than the peer said. */
TEST_F(netlink, key_set_tx_limit)
{
	uint8_t head[5], body[16384], data[3000] = { 0 };
	unsigned int len, sum = 0;

	st_request_key_set(&self->r, &self->c, self->fd[0]);
	st_put_u32(&self->r, SHEATH_A_TX_LIMIT, 512);
	st_put_key(&self->r, &self->tx);
	ASSERT_EQ(0, st_client_ask(&self->c, &self->r, &self->a));
	ASSERT_EQ(0, st_send_all(self->fd[0], data, sizeof(data), 0));
	while (sum < sizeof(data)) {
		ASSERT_EQ(0, st_recv_all(self->fd[1], head, sizeof(head)));
		len = head[3] << 8 | head[4];
		EXPECT_EQ(23, head[0]);
		EXPECT_LE(len, 512 + 1 + 16);
		ASSERT_EQ(0, st_recv_all(self->fd[1], body, len));
		sum += len - 1 - 16;
	}
	EXPECT_EQ(sizeof(data), sum);
}

TEST_HARNESS_MAIN
