// SPDX-License-Identifier: GPL-2.0
/*
 * The command rekey: whose session, who may, and the events that tell of changes of keys.
 *
 * Wants to be root, with sheath loaded.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/sheath.h>
#include <linux/sheath_nl.h>
#include <linux/tls.h>

#include <netlink/attr.h>

#include "kselftest_harness.h"
#include "child.h"
#include "rekey_fixture.h"

static bool shows_secret(const struct st_answer *a, const struct st_secret *s)
{
	size_t off;

	for (off = 0; off + 8 <= s->len; off++) {
		if (memmem(a->raw, a->len, s->data + off, 8))
			return true;
	}
	return false;
}

static int ask_rekey(struct st_client *c, int fd, uint32_t flags, struct st_answer *a)
{
	struct st_request r;

	st_request_init(&r, c, SHEATH_CMD_REKEY);
	st_put_u32(&r, SHEATH_A_SOCKFD, fd);
	st_put_u32(&r, SHEATH_A_REKEY_FLAGS, flags);
	return st_client_ask(c, &r, a);
}

static int ask_rekey_cookie(struct st_client *c, uint64_t cookie, struct st_answer *a)
{
	struct st_request r;

	st_request_init(&r, c, SHEATH_CMD_REKEY);
	st_put_u64(&r, SHEATH_A_COOKIE, cookie);
	st_put_u32(&r, SHEATH_A_REKEY_FLAGS, SHEATH_KEY_TX);
	return st_client_ask(c, &r, a);
}

TEST_F(rekey, secrets)
{
	struct st_key_attrs k = self->tx;
	unsigned int len;

	k.secret = self->from;
	for (len = 1; len <= SHEATH_SECRET_MAX + 1; len++) {
		if (len == 32)
			continue;
		st_request_key_set(&self->r, &self->c, self->p.fd);
		k.secret.len = len <= SHEATH_SECRET_MAX ? len : SHEATH_SECRET_MAX;
		st_put_key(&self->r, &k);
		EXPECT_REFUSED(&self->c, &self->r, EINVAL, "secret");
	}
	k.secret = self->from;
	k.version = TLS_1_2_VERSION;
	st_request_key_set(&self->r, &self->c, self->p.fd);
	st_put_key(&self->r, &k);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "traffic secrets");

	ASSERT_EQ(0, push_secrets(self));
	EXPECT_FALSE(shows_secret(&self->a, &self->from));
	EXPECT_TRUE(sends(&self->p, "from"));
	EXPECT_TRUE(gets(&self->p, "to"));
	/* refused, and echoed without it */
	EXPECT_EQ(-EBUSY, st_ask_keys(&self->c, self->p.fd, &self->tx, &self->rx, &self->a));
	EXPECT_FALSE(shows_secret(&self->a, &self->from));
	EXPECT_FALSE(shows_secret(&self->a, &self->to));
	ASSERT_EQ(0, st_ask_session(&self->c, self->p.fd, &self->a));
	EXPECT_FALSE(shows_secret(&self->a, &self->from));
}

TEST_F(rekey, by_sockfd_and_cookie)
{
	struct nlattr *stats[SHEATH_A_STATS_MAX + 1];
	uint64_t cookie = st_cookie(self->p.fd);

	ASSERT_EQ(0, push_secrets(self));
	ASSERT_EQ(0, ask_rekey(&self->c, self->p.fd, SHEATH_KEY_TX, &self->a));
	EXPECT_EQ(1, self->a.n_replies);
	EXPECT_EQ(SHEATH_CMD_REKEY, self->a.cmd);
	EXPECT_EQ(cookie, st_attr_u64(&self->a, SHEATH_A_COOKIE));
	EXPECT_EQ(1, st_attr_u32(&self->a, SHEATH_A_TX_EPOCH));
	EXPECT_EQ(0, st_attr_u32(&self->a, SHEATH_A_RX_EPOCH));
	EXPECT_TRUE(st_peer_expect(&self->p, TLS_HANDSHAKE, key_update, 5));
	socket_next(self);
	ASSERT_EQ(0, ask_rekey(&self->c, self->p.fd, SHEATH_KEY_TX | SHEATH_KEY_REQUEST_PEER,
			       &self->a));
	EXPECT_TRUE(st_peer_expect(&self->p, TLS_HANDSHAKE, key_update_both, 5));
	socket_next(self);
	ASSERT_EQ(0, ask_rekey_cookie(&self->c, cookie, &self->a));
	EXPECT_EQ(3, st_attr_u32(&self->a, SHEATH_A_TX_EPOCH));
	EXPECT_TRUE(st_peer_expect(&self->p, TLS_HANDSHAKE, key_update, 5));
	socket_next(self);
	EXPECT_TRUE(sends(&self->p, "third"));
	ASSERT_EQ(0, st_peer_send(&self->p, TLS_HANDSHAKE, key_update, 5));
	peer_next(self);
	EXPECT_TRUE(gets(&self->p, "first"));

	ASSERT_EQ(0, st_ask_session(&self->c, self->p.fd, &self->a));
	EXPECT_EQ(3, st_attr_u32(&self->a, SHEATH_A_TX_EPOCH));
	EXPECT_EQ(1, st_attr_u32(&self->a, SHEATH_A_RX_EPOCH));
	EXPECT_EQ(1, st_attr_u64(&self->a, SHEATH_A_TX_SEQ));
	EXPECT_EQ(1, st_attr_u64(&self->a, SHEATH_A_RX_SEQ));
	ASSERT_EQ(0, nla_parse_nested(stats, SHEATH_A_STATS_MAX, self->a.tb[SHEATH_A_STATS], NULL));
	EXPECT_EQ(3, nla_get_u32(stats[SHEATH_A_STATS_TX_REKEYS]));
	EXPECT_EQ(1, nla_get_u32(stats[SHEATH_A_STATS_RX_REKEYS]));
	/* a KeyUpdate is a record like others */
	EXPECT_EQ(4, nla_get_u64(stats[SHEATH_A_STATS_TX_RECORDS]));
}

TEST_F(rekey, shape)
{
	static const uint32_t bad[] = {
		0, SHEATH_KEY_RX, SHEATH_KEY_TX | SHEATH_KEY_RX, SHEATH_KEY_REQUEST_PEER,
		SHEATH_KEY_TX | SHEATH_KEY_SEND_KEY_UPDATE, SHEATH_KEY_TX | 1u << 4,
		SHEATH_KEY_TX | 1u << 31,
	};
	struct st_secret before;
	unsigned int i;
	int fd[2];

	EXPECT_EQ(-ENOTCONN, ask_rekey(&self->c, self->p.fd, SHEATH_KEY_TX, &self->a));
	EXPECT_NE(NULL, strstr(self->a.text, "no sending key"));
	ASSERT_EQ(0, push_secrets(self));
	before = self->from;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, ask_rekey(&self->c, self->p.fd, bad[i], &self->a)) {
			TH_LOG("flags %#x: %d", bad[i], self->a.err);
		}
		EXPECT_NE(0, strlen(self->a.text));
	}
	st_request_init(&self->r, &self->c, SHEATH_CMD_REKEY);
	st_put_u32(&self->r, SHEATH_A_SOCKFD, self->p.fd);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "rekey-flags: missing");
	st_request_init(&self->r, &self->c, SHEATH_CMD_REKEY);
	st_put_u32(&self->r, SHEATH_A_REKEY_FLAGS, SHEATH_KEY_TX);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "sockfd: missing");
	st_put_u32(&self->r, SHEATH_A_SOCKFD, self->p.fd);
	st_put_u64(&self->r, SHEATH_A_COOKIE, st_cookie(self->p.fd));
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "cookie: given together");
	st_request_init(&self->r, &self->c, SHEATH_CMD_REKEY);
	st_put_u32(&self->r, SHEATH_A_SOCKFD, self->p.fd);
	st_put_u32(&self->r, SHEATH_A_REKEY_FLAGS, SHEATH_KEY_TX);
	st_put_u32(&self->r, SHEATH_A_REKEY_FLAGS, SHEATH_KEY_TX);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "attribute: given twice");
	EXPECT_EQ(-ENOENT, ask_rekey_cookie(&self->c, 1ull << 60, &self->a));
	EXPECT_EQ(-EBADF, ask_rekey(&self->c, -1, SHEATH_KEY_TX, &self->a));
	ASSERT_EQ(0, st_pair(AF_INET, fd));
	EXPECT_EQ(-ENOPROTOOPT, ask_rekey(&self->c, fd[0], SHEATH_KEY_TX, &self->a));
	st_pair_close(fd);

	/* nothing of that did anything */
	EXPECT_EQ(0, memcmp(&before, &self->from, sizeof(before)));
	EXPECT_TRUE(sends(&self->p, "first key"));
	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, SHEATH_CLOSE_NOTIFY, NULL, 0));
	EXPECT_EQ(-EPIPE, ask_rekey(&self->c, self->p.fd, SHEATH_KEY_TX, &self->a));
	EXPECT_NE(0, strlen(self->a.text));
}

TEST_F(rekey, needs_a_secret)
{
	ASSERT_EQ(0, push_keys(self));
	EXPECT_EQ(-EOPNOTSUPP, ask_rekey(&self->c, self->p.fd, SHEATH_KEY_TX, &self->a));
	EXPECT_NE(NULL, strstr(self->a.text, "secret"));
	EXPECT_TRUE(sends(&self->p, "same"));
}

struct whose {
	int		fd;
	uint64_t	cookie;
};

static int rekey_as_nobody(void *arg)
{
	struct whose *w = arg;
	struct st_client c;
	struct st_answer a;

	ST_MUST(!st_set_user(ST_NOBODY));
	ST_MUST(!st_client_open(&c));
	ST_MUST(ask_rekey_cookie(&c, w->cookie, &a) == -EPERM);
	ST_MUST(strstr(a.text, "CAP_NET_ADMIN"));
	/* who has the socket may */
	ST_MUST(ask_rekey(&c, w->fd, SHEATH_KEY_TX, &a) == 0);
	return 0;
}

TEST_F(rekey, unprivileged)
{
	struct whose w = { self->p.fd, st_cookie(self->p.fd) };

	ASSERT_EQ(0, push_secrets(self));
	EXPECT_EQ(0, st_in_child(rekey_as_nobody, &w));
	EXPECT_TRUE(st_peer_expect(&self->p, TLS_HANDSHAKE, key_update, 5));
	socket_next(self);
	EXPECT_TRUE(sends(&self->p, "by its holder"));
}

#define EXPECT_EVENT(e) do {							\
	ASSERT_TRUE(st_next_event(&self->ear, &self->a));			\
	EXPECT_EQ(e, st_attr_u32(&self->a, SHEATH_A_EVENT));			\
	EXPECT_EQ(st_cookie(self->p.fd), st_attr_u64(&self->a, SHEATH_A_COOKIE)); \
	EXPECT_FALSE(st_answer_leaks(&self->a));				\
} while (0)

TEST_F(rekey, events)
{
	ASSERT_EQ(0, push_secrets(self));
	ASSERT_EQ(0, st_client_join(&self->ear));
	ASSERT_EQ(0, ask_rekey(&self->c, self->p.fd, SHEATH_KEY_TX, &self->a));
	EXPECT_EVENT(SHEATH_EVENT_REKEY_TX);
	EXPECT_EQ(1, st_attr_u32(&self->a, SHEATH_A_TX_EPOCH));
	EXPECT_FALSE(shows_secret(&self->a, &self->from));
	ASSERT_EQ(0, st_peer_send(&self->p, TLS_HANDSHAKE, key_update, 5));
	peer_next(self);
	EXPECT_TRUE(gets(&self->p, "next"));
	EXPECT_EVENT(SHEATH_EVENT_REKEY_RX);
	EXPECT_EQ(SHEATH_STATE_UP, st_attr_u32(&self->a, SHEATH_A_STATE));
	EXPECT_EQ(1, st_attr_u32(&self->a, SHEATH_A_RX_EPOCH));
	EXPECT_FALSE(st_next_event(&self->ear, &self->a));
}

TEST_F(rekey, events_of_pause)
{
	char byte;

	ASSERT_EQ(0, push_keys(self));
	ASSERT_EQ(0, st_client_join(&self->ear));
	ASSERT_EQ(0, st_peer_send(&self->p, TLS_HANDSHAKE, key_update, 5));
	EXPECT_EQ(-1, recv(self->p.fd, &byte, 1, 0));
	EXPECT_EQ(EKEYEXPIRED, errno);
	EXPECT_EVENT(SHEATH_EVENT_REKEY_RX);
	EXPECT_EQ(SHEATH_STATE_RX_PAUSED, st_attr_u32(&self->a, SHEATH_A_STATE));
	EXPECT_EQ(0, st_attr_u32(&self->a, SHEATH_A_RX_EPOCH));
	st_key_attrs_are(&self->rx, &self->next_to, 1);
	ASSERT_EQ(0, st_ask_keys(&self->c, self->p.fd, &self->rx, NULL, &self->a));
	EXPECT_EQ(1, st_attr_u32(&self->a, SHEATH_A_RX_EPOCH));
	EXPECT_EVENT(SHEATH_EVENT_REKEY_RX);
	EXPECT_EQ(SHEATH_STATE_UP, st_attr_u32(&self->a, SHEATH_A_STATE));
	EXPECT_FALSE(st_next_event(&self->ear, &self->a));
	self->p.to = self->next_to;
	EXPECT_TRUE(gets(&self->p, "goes on"));
}

/* each once, however often it is tried */
TEST_F(rekey, events_of_limits)
{
	unsigned int i;

	st_limit("limit_soft", 3 * ST_COST(1));
	st_limit("limit_hard", 5 * ST_COST(1));
	ASSERT_EQ(0, push_keys(self));
	ASSERT_EQ(0, st_client_join(&self->ear));
	for (i = 0; i < 3; i++)
		EXPECT_TRUE(sends(&self->p, "x"));
	EXPECT_FALSE(st_next_event(&self->ear, &self->a));
	for (i = 0; i < 2; i++)
		EXPECT_TRUE(sends(&self->p, "x"));
	EXPECT_EVENT(SHEATH_EVENT_LIMIT_SOFT);
	EXPECT_FALSE(st_next_event(&self->ear, &self->a));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-1, send(self->p.fd, "x", 1, 0));
		EXPECT_EQ(EKEYEXPIRED, errno);
	}
	EXPECT_EVENT(SHEATH_EVENT_LIMIT_HARD);
	EXPECT_FALSE(st_next_event(&self->ear, &self->a));
	/* with another key all of it begins anew */
	st_key_attrs_are(&self->tx, &self->next_from, 1);
	self->tx.flags |= SHEATH_KEY_SEND_KEY_UPDATE;
	ASSERT_EQ(0, st_ask_keys(&self->c, self->p.fd, &self->tx, NULL, &self->a));
	EXPECT_TRUE(st_peer_expect(&self->p, TLS_HANDSHAKE, key_update, 5));
	self->p.from = self->next_from;
	EXPECT_EVENT(SHEATH_EVENT_REKEY_TX);
	for (i = 0; i < 4; i++)
		EXPECT_TRUE(sends(&self->p, "x"));
	EXPECT_EVENT(SHEATH_EVENT_LIMIT_SOFT);
}

TEST_HARNESS_MAIN
