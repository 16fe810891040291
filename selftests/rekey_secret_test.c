// SPDX-License-Identifier: GPL-2.0
/* Secrets: KeyUpdate both ways, asked for and answered, and the keys that come of it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "cmsg.h"
#include "secret_fixture.h"
#include "update.h"

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

TEST_F(secret, keys_come_from_it)
{
	EXPECT_GETS("to");
	EXPECT_SENDS("from");
	EXPECT_EQ(0, st_info(self->p.fd).tx_epoch);
	EXPECT_EQ(0, st_info(self->p.fd).rx_epoch);
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
		EXPECT_EQ(i, st_info(self->p.fd).rx_epoch);
		EXPECT_EQ(1, st_info(self->p.fd).rx_seq);
	}
	EXPECT_EQ(before + 20, st_stat("RxRekey"));
	EXPECT_EQ(0, st_info(self->p.fd).tx_epoch);
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
	EXPECT_EQ(1, st_info(self->p.fd).tx_epoch);
}

/* nobody is left to answer, and the reader learns of the reset all the same */
TEST_F(secret, peer_asks_and_is_gone)
{
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update_both, sizeof(update_both)));
	peer_next(self);
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
	st_peer_reset(&self->p);
	EXPECT_EQ(3, st_get(self->p.fd, 0));
	EXPECT_EQ(-1, st_get(self->p.fd, 0));
	EXPECT_EQ(ECONNRESET, errno);
	EXPECT_EQ(0, st_info(self->p.fd).tx_epoch);
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
	EXPECT_EQ(8, st_info(self->p.fd).rx_epoch);
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
	EXPECT_EQ(answers, st_info(self->p.fd).tx_epoch);
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
	EXPECT_EQ(3, st_info(self->p.fd).rx_epoch);
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
	EXPECT_EQ(updates, st_info(self->p.fd).tx_epoch);
}

TEST_F(secret, we_update)
{
	int i;

	for (i = 1; i <= 20; i++) {
		ASSERT_EQ(0, st_rekey(self->p.fd, 0));
		EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update, sizeof(update)));
		socket_next(self);
		EXPECT_EQ(i, st_info(self->p.fd).tx_epoch);
		EXPECT_SENDS("next key");
	}
	ASSERT_EQ(0, st_rekey(self->p.fd, SHEATH_REKEY_PEER));
	EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update_both, sizeof(update_both)));
	socket_next(self);
	EXPECT_SENDS("once more");
	EXPECT_EQ(0, st_info(self->p.fd).rx_epoch);
}

TEST_F(secret, update_refused)
{
	uint8_t byte = 0;

	EXPECT_EQ(-1, st_rekey(self->p.fd, 2));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, setsockopt(self->p.fd, SOL_TLS, SHEATH_REKEY, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
	/* the module sends these; one that it does not know of would tear the directions apart */
	EXPECT_EQ(-1, st_send_type(self->p.fd, HANDSHAKE, update, sizeof(update), MSG_NOSIGNAL));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, st_info(self->p.fd).tx_epoch);
	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, SHEATH_CLOSE_NOTIFY, NULL, 0));
	EXPECT_EQ(-1, st_rekey(self->p.fd, 0));
	EXPECT_EQ(EPIPE, errno);
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, close_notify, 2));
}

/* asked for while TCP has no room: before the next data, and once */
TEST_F(secret, we_update_while_full)
{
	ssize_t sent = fill(self->p.fd);

	ASSERT_EQ(0, st_rekey(self->p.fd, 0));
	ASSERT_EQ(0, st_rekey(self->p.fd, SHEATH_REKEY_PEER));
	ASSERT_EQ(0, st_rekey(self->p.fd, 0));
	EXPECT_EQ(0, st_info(self->p.fd).tx_epoch);
	ASSERT_EQ(0, drop(&self->p, sent));
	ASSERT_EQ(4, send(self->p.fd, "more", 4, 0));
	/* who wants the peer to update, too, gets that */
	EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update_both, sizeof(update_both)));
	socket_next(self);
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, "more", 4));
	EXPECT_EQ(1, st_info(self->p.fd).tx_epoch);
}

TEST_F(secret, our_old_key_is_dead)
{
	struct st_key old;
	uint8_t out[ST_RECORD_MAX], type;

	ASSERT_EQ(0, st_rekey(self->p.fd, 0));
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
	ASSERT_EQ(0, st_rekey(self->p.fd, 0));
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
	ASSERT_EQ(0, st_rekey(self->p.fd, 0));
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
	EXPECT_EQ(2, st_info(self->p.fd).rx_epoch);
}

/* bytes of another message, that is all */
TEST_F(secret, within_another_message)
{
	static const uint8_t ticket[] = { 4, 0, 0, 7, 1, 2 };

	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, ticket, sizeof(ticket)));
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update, sizeof(update)));
	EXPECT_GETS("old key");
	EXPECT_EQ(0, st_info(self->p.fd).rx_epoch);
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
