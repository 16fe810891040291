// SPDX-License-Identifier: GPL-2.0
/*
 * Changes of keys by key-set: KeyUpdate with it, both directions or none, limits, no memory.
 *
 * Wants to be root, with sheath loaded.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sheath.h>
#include <linux/sheath_nl.h>
#include <linux/tls.h>

#include "kselftest_harness.h"
#include "fault.h"
#include "record.h"
#include "rekey_fixture.h"

TEST_F(rekey, key_with_update)
{
	ASSERT_EQ(0, push_keys(self));
	ASSERT_EQ(3, send(self->p.fd, "abc", 3, MSG_MORE));
	st_key_attrs_are(&self->tx, &self->next_from, 1);
	self->tx.flags |= SHEATH_KEY_SEND_KEY_UPDATE | SHEATH_KEY_REQUEST_PEER;
	ASSERT_EQ(0, st_ask_keys(&self->c, self->p.fd, &self->tx, NULL, &self->a));
	EXPECT_EQ(1, st_attr_u32(&self->a, SHEATH_A_TX_EPOCH));
	EXPECT_TRUE(st_peer_expect(&self->p, TLS_DATA, "abc", 3));
	EXPECT_TRUE(st_peer_expect(&self->p, TLS_HANDSHAKE, key_update_both, 5));
	self->p.from = self->next_from;
	EXPECT_TRUE(sends(&self->p, "next"));
}

TEST_F(rekey, key_with_update_refused)
{
	/* under which key? */
	self->tx.flags = SHEATH_KEY_TX | SHEATH_KEY_SEND_KEY_UPDATE;
	st_request_key_set(&self->r, &self->c, self->p.fd);
	st_put_key(&self->r, &self->tx);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "KeyUpdate");
	self->tx.flags = SHEATH_KEY_TX;
	ASSERT_EQ(0, push_keys(self));

	st_key_attrs_are(&self->rx, &self->next_to, 1);
	self->rx.flags = SHEATH_KEY_RX | SHEATH_KEY_SEND_KEY_UPDATE;
	st_request_key_set(&self->r, &self->c, self->p.fd);
	st_put_key(&self->r, &self->rx);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "KeyUpdate");
	st_key_attrs_are(&self->tx, &self->next_from, 1);
	self->tx.flags = SHEATH_KEY_TX | SHEATH_KEY_REQUEST_PEER;
	st_request_key_set(&self->r, &self->c, self->p.fd);
	st_put_key(&self->r, &self->tx);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "request-peer");
	EXPECT_TRUE(sends(&self->p, "first key"));

	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, SHEATH_CLOSE_NOTIFY, NULL, 0));
	self->tx.flags = SHEATH_KEY_TX | SHEATH_KEY_SEND_KEY_UPDATE;
	st_request_key_set(&self->r, &self->c, self->p.fd);
	st_put_key(&self->r, &self->tx);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "KeyUpdate");
}

/* the peer sends with its next key from here on, and nothing can be read */
static bool pauses(FIXTURE_DATA(rekey) *self)
{
	char byte;

	if (st_peer_send(&self->p, TLS_HANDSHAKE, key_update, 5) ||
	    recv(self->p.fd, &byte, 1, 0) != -1 || errno != EKEYEXPIRED)
		return false;
	self->p.to = self->next_to;
	return true;
}

/* one key of two is wrong, whichever: both directions are as they were */
TEST_F(rekey, both_or_none)
{
	struct st_key_attrs tx, rx, *order[2];
	unsigned int i, first;
	char byte;

	ASSERT_EQ(0, push_keys(self));
	ASSERT_TRUE(pauses(self));
	for (i = 0; i < 4; i++) {
		static const int want[] = { -ERANGE, -ERANGE, -EKEYREJECTED, -EBUSY };

		tx = self->tx;
		rx = self->rx;
		if (i != 2)
			st_key_attrs_are(&tx, &self->next_from, i == 1 ? 2 : 1);
		tx.epoch = i == 1 ? 2 : 1;
		tx.flags |= SHEATH_KEY_SEND_KEY_UPDATE;
		st_key_attrs_are(&rx, &self->next_to, i == 0 ? 3 : i == 3 ? 0 : 1);
		for (first = 0; first < 2; first++) {
			order[first] = &tx;
			order[!first] = &rx;
			EXPECT_EQ(want[i], st_ask_keys(&self->c, self->p.fd, order[0], order[1],
						       &self->a)) {
				TH_LOG("case %u: %d %s", i, self->a.err, self->a.text);
			}
			EXPECT_NE(0, strlen(self->a.text));
			EXPECT_FALSE(st_answer_leaks(&self->a));
			EXPECT_TRUE(sends(&self->p, "old"));
			EXPECT_EQ(-1, recv(self->p.fd, &byte, 1, 0));
			EXPECT_EQ(EKEYEXPIRED, errno);
		}
	}
	ASSERT_EQ(0, st_ask_session(&self->c, self->p.fd, &self->a));
	EXPECT_EQ(0, st_attr_u32(&self->a, SHEATH_A_TX_EPOCH));
	EXPECT_EQ(0, st_attr_u32(&self->a, SHEATH_A_RX_EPOCH));

	st_key_attrs_are(&self->tx, &self->next_from, 1);
	self->tx.flags |= SHEATH_KEY_SEND_KEY_UPDATE;
	st_key_attrs_are(&self->rx, &self->next_to, 1);
	ASSERT_EQ(0, st_ask_keys(&self->c, self->p.fd, &self->tx, &self->rx, &self->a));
	EXPECT_EQ(1, st_attr_u32(&self->a, SHEATH_A_TX_EPOCH));
	EXPECT_EQ(1, st_attr_u32(&self->a, SHEATH_A_RX_EPOCH));
	EXPECT_TRUE(st_peer_expect(&self->p, TLS_HANDSHAKE, key_update, 5));
	self->p.from = self->next_from;
	EXPECT_TRUE(sends(&self->p, "next"));
	EXPECT_TRUE(gets(&self->p, "next"));
}

/* keys that follow one another while TCP takes nothing: some go, and no byte is lost */
TEST_F(rekey, while_full)
{
	static uint8_t data[1 << 20];
	uint8_t out[ST_RECORD_MAX], type;
	int small = 4096, n, epoch = 0;
	size_t sent = 0, got = 0;
	ssize_t part;

	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)));
	ASSERT_EQ(0, push_keys(self));
	st_fill(data, sizeof(data), 0);
	while (sent < sizeof(data)) {
		part = send(self->p.fd, data + sent, sizeof(data) - sent, MSG_DONTWAIT);
		if (part < 0)
			break;
		sent += part;
	}
	ASSERT_LT(sent, sizeof(data));
	self->tx.flags |= SHEATH_KEY_SEND_KEY_UPDATE;
	for (n = 0; n < 2000; n++) {
		struct st_key k = st_key(TLS_1_3_VERSION, GCM, 0, 100 + epoch);

		st_key_attrs_are(&self->tx, &k, epoch + 1);
		if (st_ask_keys(&self->c, self->p.fd, &self->tx, NULL, &self->a))
			break;
		epoch++;
	}
	EXPECT_EQ(-EAGAIN, self->a.err);
	EXPECT_NE(0, strlen(self->a.text));
	EXPECT_LT(0, epoch);
	for (n = 0; n < epoch || got < sent;) {
		int len = st_recv_record(self->p.raw, &self->p.from, &type, out);

		ASSERT_LE(0, len);
		if (type == TLS_HANDSHAKE) {
			self->p.from = st_key(TLS_1_3_VERSION, GCM, 0, 100 + n++);
			continue;
		}
		ASSERT_TRUE(st_check(out, len, got));
		got += len;
	}
	EXPECT_EQ(sent, got);
	EXPECT_TRUE(sends(&self->p, "more"));
}

/* what the peer takes and what the application wants: the smaller one, whoever comes last */
TEST_F(rekey, two_limits)
{
	uint16_t max = 16384, min = 64;
	socklen_t len = sizeof(max);
	uint8_t buf[2000] = { 0 }, out[ST_RECORD_MAX], type;

	self->p.from = st_key(TLS_1_3_VERSION, GCM, 0, 2);
	self->p.to = st_key(TLS_1_3_VERSION, GCM, 0, 1);
	st_key_attrs_are(&self->tx, &self->p.from, 0);
	st_key_attrs_are(&self->rx, &self->p.to, 0);
	/* it comes with the other key */
	st_request_key_set(&self->r, &self->c, self->p.fd);
	st_put_u32(&self->r, SHEATH_A_TX_LIMIT, 512);
	st_put_key(&self->r, &self->rx);
	ASSERT_EQ(0, st_client_ask(&self->c, &self->r, &self->a));
	ASSERT_EQ(0, st_ask_keys(&self->c, self->p.fd, &self->tx, NULL, &self->a));
	ASSERT_EQ(600, send(self->p.fd, buf, 600, 0));
	EXPECT_EQ(512, st_recv_record(self->p.raw, &self->p.from, &type, out));
	EXPECT_EQ(88, st_recv_record(self->p.raw, &self->p.from, &type, out));
	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, &max, sizeof(max)));
	ASSERT_EQ(0, getsockopt(self->p.fd, SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, &max, &len));
	EXPECT_EQ(512, max);
	ASSERT_EQ(600, send(self->p.fd, buf, 600, 0));
	EXPECT_EQ(512, st_recv_record(self->p.raw, &self->p.from, &type, out));
	EXPECT_EQ(88, st_recv_record(self->p.raw, &self->p.from, &type, out));
	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, &min, sizeof(min)));
	ASSERT_EQ(100, send(self->p.fd, buf, 100, 0));
	EXPECT_EQ(64, st_recv_record(self->p.raw, &self->p.from, &type, out));
	EXPECT_EQ(36, st_recv_record(self->p.raw, &self->p.from, &type, out));
	/* and a later, larger one of the peer does not replace it */
	ASSERT_TRUE(pauses(self));
	st_key_attrs_are(&self->rx, &self->next_to, 1);
	st_request_key_set(&self->r, &self->c, self->p.fd);
	st_put_u32(&self->r, SHEATH_A_TX_LIMIT, 1024);
	st_put_key(&self->r, &self->rx);
	ASSERT_EQ(0, st_client_ask(&self->c, &self->r, &self->a));
	ASSERT_EQ(100, send(self->p.fd, buf, 100, 0));
	EXPECT_EQ(64, st_recv_record(self->p.raw, &self->p.from, &type, out));
	EXPECT_EQ(36, st_recv_record(self->p.raw, &self->p.from, &type, out));
}

/* the limit falls below what an open record refers to already */
TEST_F(rekey, limit_below_open_record)
{
	static uint8_t data[61000];
	uint8_t out[ST_RECORD_MAX], type;
	size_t got = 0;
	int fd[2], n;

	ASSERT_EQ(0, push_keys(self));
	st_fill(data, sizeof(data), 0);
	ASSERT_EQ(0, pipe(fd));
	ASSERT_LT(0, fcntl(fd[1], F_SETPIPE_SZ, 1 << 18));
	/* pages that do not end where a record does */
	ASSERT_EQ(3001, write(fd[1], data, 3001));
	ASSERT_EQ(3001, splice(fd[0], NULL, self->p.fd, NULL, 3001, SPLICE_F_MORE));
	ASSERT_EQ(sizeof(data) - 3001, write(fd[1], data + 3001, sizeof(data) - 3001));
	ASSERT_TRUE(pauses(self));
	st_key_attrs_are(&self->rx, &self->next_to, 1);
	st_request_key_set(&self->r, &self->c, self->p.fd);
	st_put_u32(&self->r, SHEATH_A_TX_LIMIT, 64);
	st_put_key(&self->r, &self->rx);
	ASSERT_EQ(0, st_client_ask(&self->c, &self->r, &self->a));
	ASSERT_EQ(sizeof(data) - 3001, splice(fd[0], NULL, self->p.fd, NULL, sizeof(data) - 3001,
					      0));
	while (got < sizeof(data)) {
		n = st_recv_record(self->p.raw, &self->p.from, &type, out);
		ASSERT_LE(0, n);
		EXPECT_LE(n, got ? 64 : 16384);
		ASSERT_TRUE(st_check(out, n, got));
		got += n;
	}
	close(fd[0]);
	close(fd[1]);
}

/* what the answer says is what the peer sees */
TEST_F(rekey, without_memory)
{
	bool can = st_faults_ready(), hit = can;
	unsigned int nth, refused = 0;
	int err;

	for (nth = 1; hit && nth < ST_FAULTS_MAX; nth++) {
		ASSERT_EQ(0, push_keys(self));
		st_key_attrs_are(&self->tx, &self->next_from, 1);
		st_key_attrs_are(&self->rx, &self->next_to, 1);
		self->tx.flags |= SHEATH_KEY_SEND_KEY_UPDATE;
		st_request_key_set(&self->r, &self->c, self->p.fd);
		st_put_key(&self->r, &self->tx);
		st_put_key(&self->r, &self->rx);
		self->tx.flags &= ~SHEATH_KEY_SEND_KEY_UPDATE;
		hit = st_ask_with_fault(&self->c, &self->r, &self->a, nth) && can;
		err = self->a.err;
		EXPECT_FALSE(st_answer_leaks(&self->a));
		ASSERT_EQ(0, st_ask_session(&self->c, self->p.fd, &self->a));
		/* a cipher that fails within a record ends the session */
		if (st_attr_u32(&self->a, SHEATH_A_STATE) == SHEATH_STATE_UP) {
			uint32_t epoch = st_attr_u32(&self->a, SHEATH_A_TX_EPOCH);

			EXPECT_EQ(epoch, st_attr_u32(&self->a, SHEATH_A_RX_EPOCH));
			if (err != -ECOMM) {
				EXPECT_EQ(!err, epoch);
				refused += !!err;
			}
			/* TCP may have had no memory for the KeyUpdate: it goes with the data then */
			ASSERT_EQ(1, send(self->p.fd, "x", 1, 0));
			if (epoch) {
				EXPECT_TRUE(st_peer_expect(&self->p, TLS_HANDSHAKE, key_update, 5));
				self->p.from = self->next_from;
				self->p.to = self->next_to;
			}
			EXPECT_TRUE(st_peer_expect(&self->p, TLS_DATA, "x", 1));
			EXPECT_TRUE(gets(&self->p, "x"));
		}
		st_peer_close(&self->p);
		ASSERT_EQ(0, open_attached(&self->p));
	}
	EXPECT_LT(nth, ST_FAULTS_MAX);
	if (can) {
		EXPECT_LT(5, refused);
	}
}

TEST_HARNESS_MAIN
