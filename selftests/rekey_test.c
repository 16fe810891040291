// SPDX-License-Identifier: GPL-2.0
/* Changing keys: traffic secrets, KeyUpdate both ways, keys that replace others, limits. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "cmsg.h"
#include "fault.h"
#include "peer.h"
#include "secret.h"

enum { ALERT = 21, HANDSHAKE = 22, DATA = 23 };

#define V13 TLS_1_3_VERSION

static const uint8_t close_notify[] = { 1, 0 };
static const uint8_t update[] = { 24, 0, 0, 1, 0 };
static const uint8_t update_both[] = { 24, 0, 0, 1, 1 };

#define VARIANTS(fixture)							\
FIXTURE_VARIANT(fixture) { uint16_t cipher; };					\
FIXTURE_VARIANT_ADD(fixture, gcm128) { TLS_CIPHER_AES_GCM_128 };		\
FIXTURE_VARIANT_ADD(fixture, gcm256) { TLS_CIPHER_AES_GCM_256 };		\
FIXTURE_VARIANT_ADD(fixture, ccm128) { TLS_CIPHER_AES_CCM_128 };		\
FIXTURE_VARIANT_ADD(fixture, chacha) { TLS_CIPHER_CHACHA20_POLY1305 }

static struct sheath_info info(int fd)
{
	struct sheath_info i = { 0 };
	socklen_t len = sizeof(i);

	getsockopt(fd, SOL_TLS, SHEATH_INFO, &i, &len);
	return i;
}

static ssize_t get(int fd, int flags)
{
	char buf[64];

	return recv(fd, buf, sizeof(buf), flags);
}

static int rekey(int fd, uint32_t flags)
{
	return setsockopt(fd, SOL_TLS, SHEATH_REKEY, &flags, sizeof(flags));
}

/* reads a record and tells its type; 0 without one */
static ssize_t get_ctrl(int fd, uint8_t *type, void *buf, size_t len)
{
	int got;
	ssize_t n = st_recv_type(fd, buf, len, &got);

	*type = got < 0 ? 0 : got;
	return n;
}

/* everything a sender can send now; how much */
static ssize_t fill(int fd)
{
	static char buf[16384];
	ssize_t n, sent = 0;

	while ((n = send(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		sent += n;
	return sent;
}

/* as many bytes of data off the wire; 0 or -1 */
static int drop(struct st_peer *p, ssize_t len)
{
	uint8_t out[ST_RECORD_MAX], type;
	int n;

	while (len > 0) {
		n = st_recv_record(p->raw, &p->from, &type, out);
		if (n < 0 || type != DATA)
			return -1;
		len -= n;
	}
	return 0;
}

/* nothing of the socket is read any more, nothing more comes */
static void reset_by_peer(struct st_peer *p)
{
	struct linger now = { .l_onoff = 1 };

	setsockopt(p->raw, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(p->raw);
	p->raw = -1;
	st_poll(p->fd, POLLHUP, 5000);
}

/* both directions with a secret; the other end makes and reads records in user space */
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

#define EXPECT_GETS(text) do {							\
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, text, strlen(text)));		\
	EXPECT_EQ(strlen(text), get(self->p.fd, 0));				\
} while (0)

#define EXPECT_SENDS(text) do {							\
	ASSERT_EQ(strlen(text), send(self->p.fd, text, strlen(text), 0));	\
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, text, strlen(text)));	\
} while (0)

TEST_F(secret, keys_come_from_it)
{
	EXPECT_GETS("to");
	EXPECT_SENDS("from");
	EXPECT_EQ(0, info(self->p.fd).tx_epoch);
	EXPECT_EQ(0, info(self->p.fd).rx_epoch);
}

TEST_F(secret, is_never_shown)
{
	uint8_t buf[64], zero[64] = { 0 };
	struct st_key k = st_key(V13, self->cipher, 0, 1);
	socklen_t len = st_crypto_info(&k, buf);

	memset(buf, 0, sizeof(buf));
	ASSERT_EQ(0, getsockopt(self->p.fd, SOL_TLS, TLS_TX, buf, &len));
	EXPECT_EQ(0, memcmp(buf + 4, zero, len - 4));
	ASSERT_EQ(0, getsockopt(self->p.fd, SOL_TLS, TLS_RX, buf, &len));
	EXPECT_EQ(0, memcmp(buf + 4, zero, len - 4));
}

TEST_F(secret, peer_updates)
{
	long long before = st_stat("RxRekey");
	int i;

	for (i = 1; i <= 20; i++) {
		ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update, sizeof(update)));
		peer_next(self);
		EXPECT_GETS("next key");
		EXPECT_EQ(i, info(self->p.fd).rx_epoch);
		EXPECT_EQ(1, info(self->p.fd).rx_seq);
	}
	EXPECT_EQ(before + 20, st_stat("RxRekey"));
	EXPECT_EQ(0, info(self->p.fd).tx_epoch);
	EXPECT_SENDS("same key");
}

TEST_F(secret, peer_asks)
{
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update_both, sizeof(update_both)));
	peer_next(self);
	EXPECT_GETS("next");
	/* answered by the read, without data to send */
	EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update, sizeof(update)));
	socket_next(self);
	EXPECT_SENDS("next too");
	EXPECT_EQ(1, info(self->p.fd).tx_epoch);
}

/* nobody is left to answer, and the reader learns of the reset all the same */
TEST_F(secret, peer_asks_and_is_gone)
{
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update_both, sizeof(update_both)));
	peer_next(self);
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
	reset_by_peer(&self->p);
	EXPECT_EQ(3, get(self->p.fd, 0));
	EXPECT_EQ(-1, get(self->p.fd, 0));
	EXPECT_EQ(ECONNRESET, errno);
	EXPECT_EQ(0, info(self->p.fd).tx_epoch);
}

/* one answer a second by itself, and one before data for all that was asked for since */
TEST_F(secret, peer_asks_again_and_again)
{
	time_t start = time(NULL);
	uint8_t out[ST_RECORD_MAX], type;
	char buf[8];
	int i, n, answers = 0;

	st_param("limit_updates", "8");
	for (i = 0; i < 8; i++) {
		ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update_both, sizeof(update_both)));
		peer_next(self);
		ASSERT_EQ(0, st_peer_send(&self->p, DATA, "x", 1));
	}
	ASSERT_EQ(8, recv(self->p.fd, buf, 8, MSG_WAITALL));
	EXPECT_EQ(8, info(self->p.fd).rx_epoch);
	ASSERT_EQ(4, send(self->p.fd, "more", 4, 0));
	for (;;) {
		n = st_recv_record(self->p.raw, &self->p.from, &type, out);
		ASSERT_LE(0, n);
		if (type != HANDSHAKE)
			break;
		EXPECT_EQ(0, memcmp(out, update, sizeof(update)));
		answers++;
		socket_next(self);
	}
	EXPECT_EQ(4, n);
	EXPECT_LE(2, answers);
	/* a machine that took long for this may have answered more often */
	EXPECT_GE(2 + time(NULL) - start, answers);
	EXPECT_EQ(answers, info(self->p.fd).tx_epoch);
}

/* the answer comes before data although TCP had no room for it */
TEST_F(secret, peer_asks_while_full)
{
	static char buf[16384];
	uint8_t out[ST_RECORD_MAX], type;
	ssize_t n, sent = 0, got = 0;
	int updates = 0, i;

	while ((n = send(self->p.fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		sent += n;
	EXPECT_EQ(EAGAIN, errno);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update_both, sizeof(update_both)));
		peer_next(self);
	}
	EXPECT_GETS("three epochs on");
	EXPECT_EQ(3, info(self->p.fd).rx_epoch);
	while (got < sent) {
		n = st_recv_record(self->p.raw, &self->p.from, &type, out);
		ASSERT_LE(0, n);
		EXPECT_EQ(DATA, type);
		got += n;
	}
	ASSERT_EQ(4, send(self->p.fd, "more", 4, 0));
	for (;;) {
		n = st_recv_record(self->p.raw, &self->p.from, &type, out);
		ASSERT_LE(0, n);
		if (type != HANDSHAKE)
			break;
		EXPECT_EQ(sizeof(update), n);
		updates++;
		socket_next(self);
	}
	EXPECT_EQ(4, n);
	/* one answer may do for several requests */
	EXPECT_TRUE(updates >= 1 && updates <= 3);
	EXPECT_EQ(updates, info(self->p.fd).tx_epoch);
}

TEST_F(secret, we_update)
{
	int i;

	for (i = 1; i <= 20; i++) {
		ASSERT_EQ(0, rekey(self->p.fd, 0));
		EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update, sizeof(update)));
		socket_next(self);
		EXPECT_EQ(i, info(self->p.fd).tx_epoch);
		EXPECT_SENDS("next key");
	}
	ASSERT_EQ(0, rekey(self->p.fd, SHEATH_REKEY_PEER));
	EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update_both, sizeof(update_both)));
	socket_next(self);
	EXPECT_SENDS("once more");
	EXPECT_EQ(0, info(self->p.fd).rx_epoch);
}

TEST_F(secret, update_refused)
{
	uint8_t byte = 0;

	EXPECT_EQ(-1, rekey(self->p.fd, 2));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, setsockopt(self->p.fd, SOL_TLS, SHEATH_REKEY, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
	/* the module sends these; one that it does not know of would tear the directions apart */
	EXPECT_EQ(-1, st_send_type(self->p.fd, HANDSHAKE, update, sizeof(update), MSG_NOSIGNAL));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, info(self->p.fd).tx_epoch);
	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, SHEATH_CLOSE_NOTIFY, NULL, 0));
	EXPECT_EQ(-1, rekey(self->p.fd, 0));
	EXPECT_EQ(EPIPE, errno);
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, close_notify, 2));
}

/* asked for while TCP has no room: before the next data, and once */
TEST_F(secret, we_update_while_full)
{
	ssize_t sent = fill(self->p.fd);

	ASSERT_EQ(0, rekey(self->p.fd, 0));
	ASSERT_EQ(0, rekey(self->p.fd, SHEATH_REKEY_PEER));
	ASSERT_EQ(0, rekey(self->p.fd, 0));
	EXPECT_EQ(0, info(self->p.fd).tx_epoch);
	ASSERT_EQ(0, drop(&self->p, sent));
	ASSERT_EQ(4, send(self->p.fd, "more", 4, 0));
	/* who wants the peer to update, too, gets that */
	EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update_both, sizeof(update_both)));
	socket_next(self);
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, "more", 4));
	EXPECT_EQ(1, info(self->p.fd).tx_epoch);
}

TEST_F(secret, our_old_key_is_dead)
{
	struct st_key old;
	uint8_t out[ST_RECORD_MAX], type;

	ASSERT_EQ(0, rekey(self->p.fd, 0));
	EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update, sizeof(update)));
	old = self->p.from;
	ASSERT_EQ(3, send(self->p.fd, "abc", 3, 0));
	EXPECT_EQ(-2, st_recv_record(self->p.raw, &old, &type, out));
}

/* pages of a pipe in a record that is open: they are sealed where they lie */
TEST_F(secret, open_splice_goes_first)
{
	int fd[2];

	ASSERT_EQ(0, pipe(fd));
	ASSERT_EQ(6, write(fd[1], "abcdef", 6));
	ASSERT_EQ(3, splice(fd[0], NULL, self->p.fd, NULL, 3, SPLICE_F_MORE));
	ASSERT_EQ(0, rekey(self->p.fd, 0));
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, "abc", 3));
	EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update, sizeof(update)));
	socket_next(self);
	ASSERT_EQ(3, splice(fd[0], NULL, self->p.fd, NULL, 3, 0));
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, "def", 3));
	close(fd[0]);
	close(fd[1]);
}

TEST_F(secret, open_record_goes_first)
{
	ASSERT_EQ(3, send(self->p.fd, "abc", 3, MSG_MORE));
	ASSERT_EQ(0, rekey(self->p.fd, 0));
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, "abc", 3));
	EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update, sizeof(update)));
	socket_next(self);
	EXPECT_SENDS("def");
}

TEST_F(secret, parts_of_a_message)
{
	static const uint8_t ticket[] = { 4, 0, 0, 3, 1, 2, 3, 24, 0, 0, 1, 0 };
	unsigned int i;

	/* a byte a record */
	for (i = 0; i < sizeof(update); i++)
		ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update + i, 1));
	peer_next(self);
	EXPECT_GETS("split");
	/* behind another message */
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, ticket, sizeof(ticket)));
	peer_next(self);
	EXPECT_GETS("coalesced");
	EXPECT_EQ(2, info(self->p.fd).rx_epoch);
}

/* bytes of another message, that is all */
TEST_F(secret, within_another_message)
{
	static const uint8_t ticket[] = { 4, 0, 0, 7, 1, 2 };

	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, ticket, sizeof(ticket)));
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update, sizeof(update)));
	EXPECT_GETS("old key");
	EXPECT_EQ(0, info(self->p.fd).rx_epoch);
}

#define EXPECT_FATAL(msg) do {							\
	static const uint8_t fatal[] = { 2, 10 };				\
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, msg, sizeof(msg)));	\
	EXPECT_EQ(-1, get(self->p.fd, 0));					\
	EXPECT_EQ(EPROTO, errno);						\
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, fatal, 2));			\
	EXPECT_EQ(0, info(self->p.fd).rx_epoch);				\
} while (0)

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
	EXPECT_EQ(-1, get(self->p.fd, 0));
	EXPECT_EQ(EPROTO, errno);
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, fatal, 2));
}

TEST_F(secret, old_key_is_dead)
{
	struct st_key old = self->p.to;

	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update, sizeof(update)));
	old.seq = self->p.to.seq;
	ASSERT_EQ(0, st_send_record(self->p.raw, &old, DATA, "abc", 3));
	EXPECT_EQ(-1, get(self->p.fd, 0));
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
	EXPECT_EQ(-1, get(self->p.fd, 0));
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
	EXPECT_EQ(-1, get(self->p.fd, 0));
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
		EXPECT_EQ(-1, get(self->p.fd, MSG_DONTWAIT));
		EXPECT_EQ(EAGAIN, errno);
		if (i == 7)
			usleep(1300000);
	}
	EXPECT_GETS("still");
}

/* a reader that wants a lot gets the records of both keys in one call */
TEST_F(secret, one_read_over_two_keys)
{
	char buf[16];

	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "before", 6));
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update, sizeof(update)));
	peer_next(self);
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "behind", 6));
	EXPECT_EQ(12, recv(self->p.fd, buf, 12, MSG_WAITALL | MSG_PEEK));
	EXPECT_EQ(12, recv(self->p.fd, buf, 12, MSG_WAITALL));
	EXPECT_EQ(0, memcmp(buf, "beforebehind", 12));
}

TEST_F(secret, soft_limit)
{
	int i, n = 0;
	uint8_t out[ST_RECORD_MAX], type;

	st_limit("limit_soft", 10 * ST_COST(1));
	/* limits are those of the key's installation: the first one has none */
	ASSERT_EQ(0, rekey(self->p.fd, 0));
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
	EXPECT_EQ(10, info(self->p.fd).tx_epoch);
}

/* a key for each record, whichever way it is made */
TEST_F(secret, soft_limit_one)
{
	static char buf[3 * 16384];
	uint8_t out[ST_RECORD_MAX], type;
	unsigned int i;
	int n;

	st_param("limit_soft", "1");
	ASSERT_EQ(0, rekey(self->p.fd, 0));
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
	ASSERT_EQ(0, rekey(self->p.fd, 0));
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

/* the answer is sealed when there is memory for it, and before data in any case */
TEST_F(secret, answer_without_memory)
{
	bool can = st_faults_ready(), hit = can;
	unsigned int nth;
	uint8_t out[ST_RECORD_MAX], type;
	char buf[8];
	ssize_t n;

	for (nth = 1; hit && nth < ST_FAULTS_MAX; nth++) {
		ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update_both, sizeof(update_both)));
		peer_next(self);
		ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
		st_fault_begin(nth);
		n = recv(self->p.fd, buf, sizeof(buf), 0);
		hit = st_fault_end();
		if (n < 0) {
			/* writing to the buffer may fail, too */
			EXPECT_TRUE(errno == ENOMEM || errno == EFAULT);
			n = recv(self->p.fd, buf, sizeof(buf), 0);
		}
		ASSERT_EQ(3, n);
		EXPECT_EQ(1, info(self->p.fd).rx_epoch);
		ASSERT_EQ(4, send(self->p.fd, "more", 4, 0));
		ASSERT_EQ(5, st_recv_record(self->p.raw, &self->p.from, &type, out));
		EXPECT_EQ(HANDSHAKE, type);
		EXPECT_EQ(0, memcmp(out, update, 5));
		socket_next(self);
		ASSERT_TRUE(st_peer_expect(&self->p, DATA, "more", 4));
		EXPECT_EQ(1, info(self->p.fd).tx_epoch);
		/* another answer at once is for another connection */
		st_peer_close(&self->p);
		ASSERT_EQ(0, open_secret(self));
	}
	EXPECT_LT(nth, ST_FAULTS_MAX);
	if (can) {
		EXPECT_LT(5, nth);
	} else {
		ksft_print_msg("this kernel cannot make allocations fail\n");
	}
}

/* one record, or two if the first was closed before the memory was gone */
static bool expect_abcdef(struct st_peer *p)
{
	uint8_t out[ST_RECORD_MAX], type;
	int n = st_recv_record(p->raw, &p->from, &type, out);

	return n == 6 || (n == 3 && st_peer_expect(p, DATA, "def", 3));
}

/* a change that was asked for and could not be made leaves the stream as it was */
TEST_F(secret, update_without_memory)
{
	bool can = st_faults_ready(), hit = can;
	unsigned int nth, refused = 0;
	int rc;

	for (nth = 1; hit && nth < ST_FAULTS_MAX; nth++) {
		ASSERT_EQ(3, send(self->p.fd, "abc", 3, MSG_MORE));
		st_fault_begin(nth);
		rc = rekey(self->p.fd, 0);
		/* reading the arguments may fail, too */
		EXPECT_TRUE(!rc || errno == ENOMEM || errno == EFAULT);
		hit = st_fault_end();
		EXPECT_EQ(rc ? 0 : 1, info(self->p.fd).tx_epoch);
		/* a cipher that fails within a record ends the session */
		if (info(self->p.fd).state == SHEATH_STATE_UP) {
			refused += !!rc;
			ASSERT_EQ(3, send(self->p.fd, "def", 3, 0));
			if (rc) {
				EXPECT_TRUE(expect_abcdef(&self->p));
			} else {
				EXPECT_TRUE(st_peer_expect(&self->p, DATA, "abc", 3));
				EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update, 5));
				socket_next(self);
				EXPECT_TRUE(st_peer_expect(&self->p, DATA, "def", 3));
			}
		}
		st_peer_close(&self->p);
		ASSERT_EQ(0, open_secret(self));
	}
	EXPECT_LT(nth, ST_FAULTS_MAX);
	if (can) {
		EXPECT_LT(5, refused);
	}
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
	ASSERT_EQ(0, rekey(self->p.fd, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, drain, &d));
	while (off < (off_t)d.bytes)
		ASSERT_LT(0, sendfile(self->p.fd, file, &off, d.bytes - off));
	pthread_join(thread, NULL);
	EXPECT_FALSE(d.wrong);
	/* 256 records, the first update is the one asked for */
	EXPECT_EQ(1 + (256 - 1) / 16, d.updates);
	EXPECT_EQ(d.updates, info(self->p.fd).tx_epoch);
	free(buf);
	close(file);
}

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
		EXPECT_EQ(1, get_ctrl(self->p.fd, &type, buf, sizeof(buf)));
		EXPECT_EQ(HANDSHAKE, type);
		EXPECT_EQ(update_both[i], buf[0]);
	}
	EXPECT_EQ(4, get(self->p.fd, 0));
	EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update, sizeof(update)));
	socket_next(self);
	EXPECT_SENDS("answered");
	EXPECT_EQ(1, info(self->p.fd).rx_epoch);
}

TEST_F(secret, app_looks_on_bad)
{
	static const uint32_t app = SHEATH_CTRL_APP;
	static const uint8_t msg[] = { 24, 0, 0, 1, 0, 4, 0, 0, 1, 0 };

	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, SHEATH_CTRL, &app, sizeof(app)));
	EXPECT_FATAL(msg);
}

static int set_secret_seq(int fd, uint16_t cipher, const struct st_secret *s, uint64_t seq)
{
	struct sheath_key in = {
		.flags = SHEATH_KEY_TX, .version = V13, .cipher = cipher, .rec_seq = seq,
		.hash = s->hash, .secret_len = s->len,
	};

	memcpy(in.secret, s->data, s->len);
	return setsockopt(fd, SOL_TLS, SHEATH_KEY, &in, sizeof(in));
}

/* some directions have a secret, some have none */
FIXTURE(mixed) {
	struct st_peer p;
	struct st_secret s;
	uint16_t cipher;
};
VARIANTS(mixed);

FIXTURE_SETUP(mixed)
{
	int fd[2];

	self->cipher = variant->cipher;
	self->s = st_secret(variant->cipher, 1);
	ASSERT_EQ(0, st_pair(AF_INET, fd));
	self->p.fd = fd[0];
	self->p.raw = fd[1];
	ASSERT_EQ(0, st_attach(fd[0], ST_SHEATH));
}

FIXTURE_TEARDOWN(mixed)
{
	st_peer_close(&self->p);
}

TEST_F(mixed, no_key)
{
	EXPECT_EQ(-1, rekey(self->p.fd, 0));
	EXPECT_EQ(ENOTCONN, errno);
	ASSERT_EQ(0, st_set_secret(self->p.fd, TLS_RX, self->cipher, &self->s));
	EXPECT_EQ(-1, rekey(self->p.fd, 0));
	EXPECT_EQ(ENOTCONN, errno);
}

/* reading pauses, and what was asked for is answered all the same */
TEST_F(mixed, secret_for_sending)
{
	self->p.from = st_secret_key(&self->s, self->cipher);
	self->p.to = st_key(V13, self->cipher, 0, 1);
	ASSERT_EQ(0, st_set_secret(self->p.fd, TLS_TX, self->cipher, &self->s));
	ASSERT_EQ(0, st_set_sheath(self->p.fd, TLS_RX, &self->p.to));
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update_both, sizeof(update_both)));
	EXPECT_EQ(-1, get(self->p.fd, 0));
	EXPECT_EQ(EKEYEXPIRED, errno);
	ASSERT_EQ(3, send(self->p.fd, "abc", 3, 0));
	EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update, sizeof(update)));
	st_secret_next(&self->s);
	self->p.from = st_secret_key(&self->s, self->cipher);
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, "abc", 3));
	EXPECT_EQ(1, info(self->p.fd).tx_epoch);
	EXPECT_EQ(SHEATH_STATE_RX_PAUSED, info(self->p.fd).state);
}

/* the last number of a key is for the KeyUpdate */
TEST_F(mixed, numbers_end)
{
	ASSERT_EQ(0, set_secret_seq(self->p.fd, self->cipher, &self->s, ~0ull - 1));
	self->p.from = st_secret_key(&self->s, self->cipher);
	self->p.from.seq = ~0ull - 1;
	ASSERT_EQ(3, send(self->p.fd, "abc", 3, 0));
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, "abc", 3));
	ASSERT_EQ(3, send(self->p.fd, "def", 3, 0));
	EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update, sizeof(update)));
	st_secret_next(&self->s);
	self->p.from = st_secret_key(&self->s, self->cipher);
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, "def", 3));
}

/* keys without a secret */
FIXTURE(keys) {
	struct st_peer p;
	struct st_key next_to, next_from;
};
VARIANTS(keys);

FIXTURE_SETUP(keys)
{
	ASSERT_EQ(0, st_peer_open(&self->p, V13, variant->cipher, false));
	self->next_to = st_key(V13, variant->cipher, 0, 3);
	self->next_from = st_key(V13, variant->cipher, 0, 4);
}

FIXTURE_TEARDOWN(keys)
{
	st_param("limit_soft", "0");
	st_param("limit_hard", "0");
	st_peer_close(&self->p);
}

static int set_epoch(int fd, int dir, const struct st_key *k, uint32_t epoch)
{
	struct sheath_key in = {
		.flags = dir == TLS_TX ? SHEATH_KEY_TX : SHEATH_KEY_RX,
		.version = k->version, .cipher = k->cipher, .epoch = epoch, .rec_seq = k->seq,
		.key_len = k->key_len, .iv_len = k->iv_len,
	};

	memcpy(in.key, k->key, k->key_len);
	memcpy(in.iv, k->iv, k->iv_len);
	return setsockopt(fd, SOL_TLS, SHEATH_KEY, &in, sizeof(in));
}

/* what is known to the module alone cannot have been told to the peer by others */
TEST_F(secret, next_key_without_update)
{
	struct st_key next = st_key(V13, variant->cipher, 0, 3);

	EXPECT_EQ(-1, set_epoch(self->p.fd, TLS_TX, &next, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, info(self->p.fd).tx_epoch);
	EXPECT_SENDS("same key");
}

/* a KeyUpdate of the application's, and the key it speaks of */
static int next_tx(FIXTURE_DATA(keys) *self, const struct st_key *k, uint32_t epoch)
{
	if (st_send_type(self->p.fd, HANDSHAKE, update, sizeof(update), MSG_NOSIGNAL) != sizeof(update) ||
	    !st_peer_expect(&self->p, HANDSHAKE, update, sizeof(update)) ||
	    set_epoch(self->p.fd, TLS_TX, k, epoch))
		return -1;
	self->p.from = *k;
	return 0;
}

static void *give_key(void *arg)
{
	FIXTURE_DATA(keys) *self = arg;

	usleep(300000);
	set_epoch(self->p.fd, TLS_RX, &self->next_to, 1);
	return NULL;
}

TEST_F(keys, reading_pauses)
{
	pthread_t thread;
	int i;

	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update, sizeof(update)));
	self->p.to = self->next_to;
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "behind", 6));
	EXPECT_EQ(3, get(self->p.fd, 0));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-1, get(self->p.fd, i ? MSG_DONTWAIT : 0));
		EXPECT_EQ(EKEYEXPIRED, errno);
	}
	EXPECT_EQ(SHEATH_STATE_RX_PAUSED, info(self->p.fd).state);
	EXPECT_EQ(0, st_poll(self->p.fd, POLLIN, 50));
	/* our direction goes on */
	EXPECT_SENDS("still");
	ASSERT_EQ(0, pthread_create(&thread, NULL, give_key, self));
	EXPECT_EQ(POLLIN, st_poll(self->p.fd, POLLIN, 5000));
	pthread_join(thread, NULL);
	EXPECT_EQ(6, get(self->p.fd, 0));
	EXPECT_EQ(SHEATH_STATE_UP, info(self->p.fd).state);
	EXPECT_EQ(1, info(self->p.fd).rx_epoch);
}

TEST_F(keys, epochs)
{
	struct st_key other = st_key(V13, variant->cipher == TLS_CIPHER_AES_GCM_256 ?
				     TLS_CIPHER_AES_GCM_128 : TLS_CIPHER_AES_GCM_256, 0, 3);
	struct st_key old = st_key(TLS_1_2_VERSION, variant->cipher, 0, 3);
	struct st_key same = st_key(V13, variant->cipher, 0, 2);

	EXPECT_EQ(-1, set_epoch(self->p.fd, TLS_TX, &self->next_from, 0));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(-1, set_epoch(self->p.fd, TLS_TX, &self->next_from, 2));
	EXPECT_EQ(ERANGE, errno);
	EXPECT_EQ(-1, set_epoch(self->p.fd, TLS_TX, &other, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, set_epoch(self->p.fd, TLS_TX, &old, 1));
	EXPECT_EQ(EINVAL, errno);
	/* the peer was told nothing */
	EXPECT_EQ(-1, set_epoch(self->p.fd, TLS_TX, &self->next_from, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, rekey(self->p.fd, 0));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_SENDS("old key");
	ASSERT_EQ(5, st_send_type(self->p.fd, HANDSHAKE, update, sizeof(update), MSG_NOSIGNAL));
	EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update, sizeof(update)));
	EXPECT_EQ(-1, set_epoch(self->p.fd, TLS_TX, &same, 1));
	EXPECT_EQ(EKEYREJECTED, errno);
	/* an IV that differs does not make its nonces differ */
	same.iv[11] ^= 1;
	EXPECT_EQ(-1, set_epoch(self->p.fd, TLS_TX, &same, 1));
	EXPECT_EQ(EKEYREJECTED, errno);
	same.iv[11] ^= 1;
	ASSERT_EQ(0, set_epoch(self->p.fd, TLS_TX, &self->next_from, 1));
	self->p.from = self->next_from;
	EXPECT_SENDS("next key");
	EXPECT_EQ(-1, set_epoch(self->p.fd, TLS_TX, &same, 1));
	EXPECT_EQ(ERANGE, errno);
	EXPECT_EQ(1, info(self->p.fd).tx_epoch);
	EXPECT_EQ(0, info(self->p.fd).rx_epoch);
}

/* the application sends KeyUpdate itself, and what came before it goes out before it */
TEST_F(keys, record_by_record)
{
	ASSERT_EQ(3, send(self->p.fd, "abc", 3, MSG_MORE));
	ASSERT_EQ(5, st_send_type(self->p.fd, HANDSHAKE, update, sizeof(update), MSG_NOSIGNAL));
	/* nothing may follow it but records under the next key */
	EXPECT_EQ(-1, send(self->p.fd, "old", 3, MSG_MORE));
	EXPECT_EQ(EKEYEXPIRED, errno);
	EXPECT_EQ(-1, st_send_type(self->p.fd, HANDSHAKE, update, sizeof(update), MSG_NOSIGNAL));
	EXPECT_EQ(EKEYEXPIRED, errno);
	ASSERT_EQ(0, set_epoch(self->p.fd, TLS_TX, &self->next_from, 1));
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, "abc", 3));
	EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update, sizeof(update)));
	self->p.from = self->next_from;
	EXPECT_SENDS("next");
}

TEST_F(keys, hard_limit)
{
	long long before = st_stat("TxLimit");
	static char full[16384 + 1];
	int i;

	memset(full, 'x', 16384);
	st_limit("limit_soft", 5 * ST_COST(16384));
	st_limit("limit_hard", 8 * ST_COST(16384));
	ASSERT_EQ(0, next_tx(self, &self->next_from, 1));
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(8 - i, info(self->p.fd).tx_records_left);
		EXPECT_SENDS(full);
	}
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-1, send(self->p.fd, "bad", 3, MSG_NOSIGNAL));
		EXPECT_EQ(EKEYEXPIRED, errno);
	}
	EXPECT_EQ(0, info(self->p.fd).tx_records_left);
	EXPECT_EQ(before + 2, st_stat("TxLimit"));
	/* another key goes on, and the stream can be ended */
	st_param("limit_hard", "1");
	self->next_to = st_key(V13, variant->cipher, 0, 5);
	ASSERT_EQ(0, next_tx(self, &self->next_to, 2));
	EXPECT_SENDS("again");
	EXPECT_EQ(-1, send(self->p.fd, "bad", 3, MSG_NOSIGNAL));
	ASSERT_EQ(0, shutdown(self->p.fd, SHUT_WR));
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, close_notify, 2));
	EXPECT_TRUE(st_peer_ended(&self->p));
}

/* a key that is good for a few full records is good for many small ones */
TEST_F(keys, hard_limit_counts_blocks)
{
	const int n = 8 * ST_COST(16384) / ST_COST(4);
	int i;

	st_limit("limit_hard", 8 * ST_COST(16384));
	ASSERT_EQ(0, next_tx(self, &self->next_from, 1));
	for (i = 0; i <= n; i++)
		EXPECT_SENDS("good");
	EXPECT_EQ(-1, send(self->p.fd, "bad", 3, MSG_NOSIGNAL));
	EXPECT_EQ(EKEYEXPIRED, errno);
}

/* an application that sees to KeyUpdate, or the end, by itself can do so at the limit */
TEST_F(keys, hard_limit_is_for_data)
{
	static const uint32_t app = SHEATH_CTRL_APP;

	st_param("limit_hard", "1");
	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, SHEATH_CTRL, &app, sizeof(app)));
	ASSERT_EQ(0, next_tx(self, &self->next_from, 1));
	EXPECT_SENDS("one");
	EXPECT_EQ(-1, send(self->p.fd, "two", 3, MSG_NOSIGNAL));
	EXPECT_EQ(EKEYEXPIRED, errno);
	EXPECT_EQ(sizeof(update), st_send_type(self->p.fd, HANDSHAKE, update, sizeof(update), MSG_NOSIGNAL));
	EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update, sizeof(update)));
	ASSERT_EQ(0, set_epoch(self->p.fd, TLS_TX, &self->next_to, 2));
	self->p.from = self->next_to;
	EXPECT_SENDS("three");
	EXPECT_EQ(2, st_send_type(self->p.fd, ALERT, close_notify, 2, MSG_NOSIGNAL));
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, close_notify, 2));
}

/* nobody is told of readable bytes that cannot be read; a key for the future is no way out */
TEST_F(keys, paused_keys)
{
	struct st_key same = self->p.to;

	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update, sizeof(update)));
	self->p.to = self->next_to;
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "behind", 6));
	EXPECT_EQ(-1, get(self->p.fd, 0));
	EXPECT_EQ(EKEYEXPIRED, errno);
	EXPECT_EQ(-1, set_epoch(self->p.fd, TLS_RX, &self->next_to, 0));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(-1, set_epoch(self->p.fd, TLS_RX, &self->next_to, 2));
	EXPECT_EQ(ERANGE, errno);
	EXPECT_EQ(SHEATH_STATE_RX_PAUSED, info(self->p.fd).state);
	/* a change of the other direction does not end the pause */
	ASSERT_EQ(0, next_tx(self, &self->next_from, 1));
	EXPECT_EQ(SHEATH_STATE_RX_PAUSED, info(self->p.fd).state);
	EXPECT_EQ(0, st_poll(self->p.fd, POLLIN, 20));
	/* the wrong key fails the session, as any record that does not open */
	ASSERT_EQ(0, set_epoch(self->p.fd, TLS_RX, &same, 1));
	EXPECT_EQ(-1, get(self->p.fd, 0));
	EXPECT_EQ(EBADMSG, errno);
}

/* they are few, so a key at its limit is not good for ever */
TEST_F(keys, hard_limit_has_a_reserve)
{
	static const uint8_t ticket[] = { 4, 0, 0, 1, 0 };
	ssize_t rc;
	int i;

	st_param("limit_hard", "1");
	ASSERT_EQ(0, next_tx(self, &self->next_from, 1));
	EXPECT_SENDS("one");
	for (i = 0; i < 100; i++) {
		rc = st_send_type(self->p.fd, HANDSHAKE, ticket, sizeof(ticket), MSG_NOSIGNAL);
		if (rc < 0)
			break;
		EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, ticket, sizeof(ticket)));
	}
	EXPECT_EQ(-1, rc);
	EXPECT_EQ(EKEYEXPIRED, errno);
	EXPECT_EQ(16, i);
}

/* the connection is over for TCP, and what came before its end is still to be read */
TEST_F(keys, next_key_after_the_end)
{
	struct st_key old = self->p.to;
	int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update, sizeof(update)));
		self->p.to = self->next_to;
		ASSERT_EQ(0, st_peer_send(&self->p, DATA, "behind", 6));
		if (i) {
			reset_by_peer(&self->p);
		} else {
			ASSERT_EQ(0, shutdown(self->p.fd, SHUT_WR));
			EXPECT_TRUE(st_peer_expect(&self->p, ALERT, close_notify, 2));
			EXPECT_TRUE(st_peer_ended(&self->p));
			ASSERT_EQ(0, shutdown(self->p.raw, SHUT_WR));
		}
		EXPECT_EQ(-1, get(self->p.fd, 0));
		EXPECT_EQ(EKEYEXPIRED, errno);
		/* there is nothing to send any more */
		EXPECT_EQ(-1, set_epoch(self->p.fd, TLS_TX, &self->next_from, 1));
		EXPECT_EQ(ENOTCONN, errno);
		ASSERT_EQ(0, set_epoch(self->p.fd, TLS_RX, &self->next_to, 1));
		EXPECT_EQ(6, get(self->p.fd, 0));
		EXPECT_EQ(-1, get(self->p.fd, 0));
		EXPECT_EQ(i ? ECONNRESET : ECONNABORTED, errno);
		st_peer_close(&self->p);
		ASSERT_EQ(0, st_peer_open(&self->p, V13, variant->cipher, false));
		ASSERT_EQ(0, memcmp(old.key, self->p.to.key, sizeof(old.key)));
	}
}

TEST_F(keys, hard_limit_keeps_the_rest)
{
	static char buf[5 * 16384];

	st_limit("limit_hard", 2 * ST_COST(16384));
	ASSERT_EQ(0, next_tx(self, &self->next_from, 1));
	/* what was not sealed is still the caller's */
	EXPECT_EQ(2 * 16384, send(self->p.fd, buf, sizeof(buf), 0));
	EXPECT_EQ(-1, send(self->p.fd, buf, sizeof(buf), 0));
	EXPECT_EQ(EKEYEXPIRED, errno);
}

TEST_F(keys, payload_limit)
{
	uint16_t bad[] = { 0, 62, 16385 }, v = 63;
	socklen_t len = sizeof(v);
	char buf[200] = { 0 };
	uint8_t out[ST_RECORD_MAX], type;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-1, setsockopt(self->p.fd, SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, &bad[i], 2));
		EXPECT_EQ(EINVAL, errno);
	}
	ASSERT_EQ(1, send(self->p.fd, "x", 1, MSG_MORE));
	EXPECT_EQ(-1, setsockopt(self->p.fd, SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, &v, 2));
	EXPECT_EQ(EBUSY, errno);
	ASSERT_EQ(1, send(self->p.fd, "y", 1, 0));
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, "xy", 2));
	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, &v, 2));
	v = 0;
	ASSERT_EQ(0, getsockopt(self->p.fd, SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, &v, &len));
	EXPECT_EQ(63, v);
	ASSERT_EQ(200, send(self->p.fd, buf, 200, 0));
	EXPECT_EQ(-1, setsockopt(self->p.fd, SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, buf, 4));
	EXPECT_EQ(EINVAL, errno);
	for (i = 0; i < 200; i += 63)
		EXPECT_EQ(i + 63 > 200 ? 200 - i : 63,
			  st_recv_record(self->p.raw, &self->p.from, &type, out));
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
	EXPECT_EQ(sizeof(two), get_ctrl(self->p.fd, &type, buf, sizeof(buf)));
	EXPECT_EQ(HANDSHAKE, type);
	EXPECT_EQ(-1, get(self->p.fd, 0));
	EXPECT_EQ(EKEYEXPIRED, errno);
	ASSERT_EQ(0, st_set(self->p.fd, ST_SHEATH, TLS_RX, &next));
	EXPECT_EQ(4, get(self->p.fd, 0));
}

/* one message in two records, another that only looks like a KeyUpdate in its second part */
TEST_F(app, in_parts)
{
	static const uint8_t ticket[] = { 4, 0, 0, 6, 9, 24, 0, 0, 1, 0 };
	struct st_key next = st_key(V13, variant->cipher, 0, 3);
	uint8_t buf[32], type;

	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, ticket, 5));
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, ticket + 5, 5));
	EXPECT_EQ(5, get_ctrl(self->p.fd, &type, buf, sizeof(buf)));
	EXPECT_EQ(5, get_ctrl(self->p.fd, &type, buf, sizeof(buf)));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "same", 4));
	EXPECT_EQ(4, get(self->p.fd, 0));
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update, 3));
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update + 3, 2));
	self->p.to = next;
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "next", 4));
	EXPECT_EQ(3, get_ctrl(self->p.fd, &type, buf, sizeof(buf)));
	EXPECT_EQ(2, get_ctrl(self->p.fd, &type, buf, sizeof(buf)));
	EXPECT_EQ(-1, get(self->p.fd, 0));
	EXPECT_EQ(EKEYEXPIRED, errno);
	ASSERT_EQ(0, st_set(self->p.fd, ST_SHEATH, TLS_RX, &next));
	EXPECT_EQ(4, get(self->p.fd, 0));
}

/* a message that never ends is the application's to judge, and no reason to miss the next */
TEST_F(app, half_a_message)
{
	static const uint8_t half[] = { 4, 0, 0, 9 };
	uint8_t buf[32], type;

	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, half, sizeof(half)));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update, sizeof(update)));
	EXPECT_EQ(4, get_ctrl(self->p.fd, &type, buf, sizeof(buf)));
	EXPECT_EQ(3, get(self->p.fd, 0));
	EXPECT_EQ(5, get_ctrl(self->p.fd, &type, buf, sizeof(buf)));
	EXPECT_EQ(-1, get(self->p.fd, 0));
	EXPECT_EQ(EKEYEXPIRED, errno);
}

/* in-tree TLS has no limits; one that was set by the administrator holds */
TEST_F(app, limits)
{
	struct st_key next = st_key(V13, variant->cipher, 0, 4);
	int i;

	EXPECT_EQ(UINT64_MAX, info(self->p.fd).tx_records_left);
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
	EXPECT_EQ(-1, rekey(self->p.fd, 0));
	EXPECT_EQ(EOPNOTSUPP, errno);
	/* their KeyUpdate, our answer */
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update_both, sizeof(update_both)));
	self->p.to = rx;
	EXPECT_EQ(5, get_ctrl(self->p.fd, &type, buf, sizeof(buf)));
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
	EXPECT_EQ(1, info(self->p.fd).tx_epoch);
	EXPECT_EQ(1, info(self->p.fd).rx_epoch);
}

/* TLS 1.2 has keys for good */
TEST(tls12_keeps_its_keys)
{
	struct st_key next = st_key(TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_128, 0, 3);
	struct st_secret s = st_secret(TLS_CIPHER_AES_GCM_128, 1);
	struct st_peer p;

	ASSERT_EQ(0, st_peer_open(&p, TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_128, false));
	EXPECT_EQ(-1, set_epoch(p.fd, TLS_TX, &next, 1));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(-1, rekey(p.fd, 0));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(-1, st_set_secret(p.fd, TLS_TX, TLS_CIPHER_AES_GCM_128, &s));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(-1, st_set(p.fd, ST_SHEATH, TLS_RX, &next));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(2, send(p.fd, "ab", 2, 0));
	EXPECT_TRUE(st_peer_expect(&p, DATA, "ab", 2));
	st_peer_close(&p);
}

/* RFC 8448 section 3: application traffic secrets, keys and IVs of a real handshake */
TEST(published_vector)
{
	static const uint8_t secret[] = {
		0xa1, 0x1a, 0xf9, 0xf0, 0x55, 0x31, 0xf8, 0x56, 0xad, 0x47, 0x11, 0x6b, 0x45, 0xa9,
		0x50, 0x32, 0x82, 0x04, 0xb4, 0xf4, 0x4b, 0xfb, 0x6b, 0x3a, 0x4b, 0x4f, 0x1f, 0x3f,
		0xcb, 0x63, 0x16, 0x43,
	};
	static const uint8_t key[] = { 0x9f, 0x02, 0x28, 0x3b, 0x6c, 0x9c, 0x07, 0xef, 0xc2, 0x6b,
				       0xb9, 0xf2, 0xac, 0x92, 0xe3, 0x56 };
	static const uint8_t iv[] = { 0xcf, 0x78, 0x2b, 0x88, 0xdd, 0x83, 0x54, 0x9a, 0xad, 0xf1,
				      0xe9, 0x84 };
	struct st_secret s = { .hash = SHEATH_HASH_SHA256, .len = 32 };
	struct st_peer p = { };
	int fd[2];

	memcpy(s.data, secret, 32);
	p.from = st_secret_key(&s, TLS_CIPHER_AES_GCM_128);
	ASSERT_EQ(0, memcmp(p.from.key, key, sizeof(key)));
	ASSERT_EQ(0, memcmp(p.from.iv, iv, sizeof(iv)));
	ASSERT_EQ(0, st_pair(AF_INET, fd));
	p.fd = fd[0];
	p.raw = fd[1];
	ASSERT_EQ(0, st_attach(p.fd, ST_SHEATH));
	ASSERT_EQ(0, st_set_secret(p.fd, TLS_TX, TLS_CIPHER_AES_GCM_128, &s));
	ASSERT_EQ(2, send(p.fd, "ab", 2, 0));
	EXPECT_TRUE(st_peer_expect(&p, DATA, "ab", 2));
	st_peer_close(&p);
}

TEST_HARNESS_MAIN
