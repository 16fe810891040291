// SPDX-License-Identifier: GPL-2.0
/* Keys without a secret, or with one for one direction: pauses, epochs, limits. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "cmsg.h"
#include "secret_fixture.h"
#include "update.h"

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
	EXPECT_EQ(-1, st_rekey(self->p.fd, 0));
	EXPECT_EQ(ENOTCONN, errno);
	ASSERT_EQ(0, st_set_secret(self->p.fd, TLS_RX, self->cipher, &self->s));
	EXPECT_EQ(-1, st_rekey(self->p.fd, 0));
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
	EXPECT_EQ(-1, st_get(self->p.fd, 0));
	EXPECT_EQ(EKEYEXPIRED, errno);
	ASSERT_EQ(3, send(self->p.fd, "abc", 3, 0));
	EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update, sizeof(update)));
	st_secret_next(&self->s);
	self->p.from = st_secret_key(&self->s, self->cipher);
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, "abc", 3));
	EXPECT_EQ(1, st_info(self->p.fd).tx_epoch);
	EXPECT_EQ(SHEATH_STATE_RX_PAUSED, st_info(self->p.fd).state);
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

/* what is known to the module alone cannot have been told to the peer by others */
TEST_F(secret, next_key_without_update)
{
	struct st_key next = st_key(V13, variant->cipher, 0, 3);

	EXPECT_EQ(-1, st_set_epoch(self->p.fd, TLS_TX, &next, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, st_info(self->p.fd).tx_epoch);
	EXPECT_SENDS("same key");
}

/* a KeyUpdate of the application's, and the key it speaks of */
static int next_tx(FIXTURE_DATA(keys) *self, const struct st_key *k, uint32_t epoch)
{
	if (st_send_type(self->p.fd, HANDSHAKE, update, sizeof(update), MSG_NOSIGNAL) != sizeof(update) ||
	    !st_peer_expect(&self->p, HANDSHAKE, update, sizeof(update)) ||
	    st_set_epoch(self->p.fd, TLS_TX, k, epoch))
		return -1;
	self->p.from = *k;
	return 0;
}

static void *give_key(void *arg)
{
	FIXTURE_DATA(keys) *self = arg;

	usleep(300000);
	st_set_epoch(self->p.fd, TLS_RX, &self->next_to, 1);
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
	EXPECT_EQ(3, st_get(self->p.fd, 0));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-1, st_get(self->p.fd, i ? MSG_DONTWAIT : 0));
		EXPECT_EQ(EKEYEXPIRED, errno);
	}
	EXPECT_EQ(SHEATH_STATE_RX_PAUSED, st_info(self->p.fd).state);
	EXPECT_EQ(0, st_poll(self->p.fd, POLLIN, 50));
	/* our direction goes on */
	EXPECT_SENDS("still");
	ASSERT_EQ(0, pthread_create(&thread, NULL, give_key, self));
	EXPECT_EQ(POLLIN, st_poll(self->p.fd, POLLIN, 5000));
	pthread_join(thread, NULL);
	EXPECT_EQ(6, st_get(self->p.fd, 0));
	EXPECT_EQ(SHEATH_STATE_UP, st_info(self->p.fd).state);
	EXPECT_EQ(1, st_info(self->p.fd).rx_epoch);
}

TEST_F(keys, epochs)
{
	struct st_key other = st_key(V13, variant->cipher == TLS_CIPHER_AES_GCM_256 ?
				     TLS_CIPHER_AES_GCM_128 : TLS_CIPHER_AES_GCM_256, 0, 3);
	struct st_key old = st_key(TLS_1_2_VERSION, variant->cipher, 0, 3);
	struct st_key same = st_key(V13, variant->cipher, 0, 2);

	EXPECT_EQ(-1, st_set_epoch(self->p.fd, TLS_TX, &self->next_from, 0));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(-1, st_set_epoch(self->p.fd, TLS_TX, &self->next_from, 2));
	EXPECT_EQ(ERANGE, errno);
	EXPECT_EQ(-1, st_set_epoch(self->p.fd, TLS_TX, &other, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, st_set_epoch(self->p.fd, TLS_TX, &old, 1));
	EXPECT_EQ(EINVAL, errno);
	/* the peer was told nothing */
	EXPECT_EQ(-1, st_set_epoch(self->p.fd, TLS_TX, &self->next_from, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, st_rekey(self->p.fd, 0));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_SENDS("old key");
	ASSERT_EQ(5, st_send_type(self->p.fd, HANDSHAKE, update, sizeof(update), MSG_NOSIGNAL));
	EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update, sizeof(update)));
	EXPECT_EQ(-1, st_set_epoch(self->p.fd, TLS_TX, &same, 1));
	EXPECT_EQ(EKEYREJECTED, errno);
	/* an IV that differs does not make its nonces differ */
	same.iv[11] ^= 1;
	EXPECT_EQ(-1, st_set_epoch(self->p.fd, TLS_TX, &same, 1));
	EXPECT_EQ(EKEYREJECTED, errno);
	same.iv[11] ^= 1;
	ASSERT_EQ(0, st_set_epoch(self->p.fd, TLS_TX, &self->next_from, 1));
	self->p.from = self->next_from;
	EXPECT_SENDS("next key");
	EXPECT_EQ(-1, st_set_epoch(self->p.fd, TLS_TX, &same, 1));
	EXPECT_EQ(ERANGE, errno);
	EXPECT_EQ(1, st_info(self->p.fd).tx_epoch);
	EXPECT_EQ(0, st_info(self->p.fd).rx_epoch);
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
	ASSERT_EQ(0, st_set_epoch(self->p.fd, TLS_TX, &self->next_from, 1));
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
		EXPECT_EQ(8 - i, st_info(self->p.fd).tx_records_left);
		EXPECT_SENDS(full);
	}
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-1, send(self->p.fd, "bad", 3, MSG_NOSIGNAL));
		EXPECT_EQ(EKEYEXPIRED, errno);
	}
	EXPECT_EQ(0, st_info(self->p.fd).tx_records_left);
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
	ASSERT_EQ(0, st_set_epoch(self->p.fd, TLS_TX, &self->next_to, 2));
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
	EXPECT_EQ(-1, st_get(self->p.fd, 0));
	EXPECT_EQ(EKEYEXPIRED, errno);
	EXPECT_EQ(-1, st_set_epoch(self->p.fd, TLS_RX, &self->next_to, 0));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(-1, st_set_epoch(self->p.fd, TLS_RX, &self->next_to, 2));
	EXPECT_EQ(ERANGE, errno);
	EXPECT_EQ(SHEATH_STATE_RX_PAUSED, st_info(self->p.fd).state);
	/* a change of the other direction does not end the pause */
	ASSERT_EQ(0, next_tx(self, &self->next_from, 1));
	EXPECT_EQ(SHEATH_STATE_RX_PAUSED, st_info(self->p.fd).state);
	EXPECT_EQ(0, st_poll(self->p.fd, POLLIN, 20));
	/* the wrong key fails the session, as any record that does not open */
	ASSERT_EQ(0, st_set_epoch(self->p.fd, TLS_RX, &same, 1));
	EXPECT_EQ(-1, st_get(self->p.fd, 0));
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
			st_peer_reset(&self->p);
		} else {
			ASSERT_EQ(0, shutdown(self->p.fd, SHUT_WR));
			EXPECT_TRUE(st_peer_expect(&self->p, ALERT, close_notify, 2));
			EXPECT_TRUE(st_peer_ended(&self->p));
			ASSERT_EQ(0, shutdown(self->p.raw, SHUT_WR));
		}
		EXPECT_EQ(-1, st_get(self->p.fd, 0));
		EXPECT_EQ(EKEYEXPIRED, errno);
		/* there is nothing to send any more */
		EXPECT_EQ(-1, st_set_epoch(self->p.fd, TLS_TX, &self->next_from, 1));
		EXPECT_EQ(ENOTCONN, errno);
		ASSERT_EQ(0, st_set_epoch(self->p.fd, TLS_RX, &self->next_to, 1));
		EXPECT_EQ(6, st_get(self->p.fd, 0));
		EXPECT_EQ(-1, st_get(self->p.fd, 0));
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

/* TLS 1.2 has keys for good */
TEST(tls12_keeps_its_keys)
{
	struct st_key next = st_key(TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_128, 0, 3);
	struct st_secret s = st_secret(TLS_CIPHER_AES_GCM_128, 1);
	struct st_peer p;

	ASSERT_EQ(0, st_peer_open(&p, TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_128, false));
	EXPECT_EQ(-1, st_set_epoch(p.fd, TLS_TX, &next, 1));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(-1, st_rekey(p.fd, 0));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(-1, st_set_secret(p.fd, TLS_TX, TLS_CIPHER_AES_GCM_128, &s));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(-1, st_set(p.fd, ST_SHEATH, TLS_RX, &next));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(2, send(p.fd, "ab", 2, 0));
	EXPECT_TRUE(st_peer_expect(&p, DATA, "ab", 2));
	st_peer_close(&p);
}

TEST_HARNESS_MAIN
