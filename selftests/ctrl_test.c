// SPDX-License-Identifier: GPL-2.0
/* Records that are not application data, and how a connection ends. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "cmsg.h"
#include "peer.h"

enum { ALERT = 21, HANDSHAKE = 22, DATA = 23 };

static const uint8_t close_notify[] = { 1, 0 };

#define V12 TLS_1_2_VERSION
#define V13 TLS_1_3_VERSION

/* what both fixtures below run over */
#define VARIANTS(fixture)							\
FIXTURE_VARIANT(fixture) { uint16_t version, cipher; };			\
FIXTURE_VARIANT_ADD(fixture, tls12_gcm) { V12, TLS_CIPHER_AES_GCM_128 };	\
FIXTURE_VARIANT_ADD(fixture, tls12_ccm) { V12, TLS_CIPHER_AES_CCM_128 };	\
FIXTURE_VARIANT_ADD(fixture, tls13_gcm) { V13, TLS_CIPHER_AES_GCM_256 };	\
FIXTURE_VARIANT_ADD(fixture, tls13_ccm) { V13, TLS_CIPHER_AES_CCM_128 };	\
FIXTURE_VARIANT_ADD(fixture, tls13_chacha) { V13, TLS_CIPHER_CHACHA20_POLY1305 }

/* control records are the module's */
FIXTURE(kernel) { struct st_peer p; };
VARIANTS(kernel);

FIXTURE_SETUP(kernel)
{
	ASSERT_EQ(0, st_peer_open(&self->p, variant->version, variant->cipher, false));
}

FIXTURE_TEARDOWN(kernel)
{
	st_peer_close(&self->p);
}

static ssize_t get(int fd)
{
	char buf[64];

	return recv(fd, buf, sizeof(buf), 0);
}

TEST_F(kernel, close_notify_is_eof)
{
	long long before = st_stat("RxCloseNotify");

	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
	ASSERT_EQ(0, st_peer_send(&self->p, ALERT, close_notify, 2));
	EXPECT_EQ(3, get(self->p.fd));
	EXPECT_EQ(0, get(self->p.fd));
	EXPECT_EQ(0, get(self->p.fd));
	EXPECT_TRUE(st_poll(self->p.fd, POLLIN, 0) & POLLIN);
	EXPECT_EQ(before + 1, st_stat("RxCloseNotify"));
	/* the other direction is still open: RFC 8446 section 6.1 */
	EXPECT_EQ(2, send(self->p.fd, "xy", 2, 0));
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, "xy", 2));
}

TEST_F(kernel, fatal_alert)
{
	static const uint8_t fatal[] = { 2, 40 };
	long long before = st_stat("RxAlert");
	int i;

	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
	ASSERT_EQ(0, st_peer_send(&self->p, ALERT, fatal, 2));
	EXPECT_EQ(3, get(self->p.fd));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-1, get(self->p.fd));
		EXPECT_EQ(EPROTO, errno);
	}
	EXPECT_EQ(-1, send(self->p.fd, "x", 1, MSG_NOSIGNAL));
	EXPECT_TRUE(st_poll(self->p.fd, POLLIN, 0) & POLLERR);
	EXPECT_EQ(before + 1, st_stat("RxAlert"));
	/* nothing is sent in answer */
	close(self->p.fd);
	self->p.fd = -1;
	EXPECT_TRUE(st_peer_ended(&self->p));
}

TEST_F(kernel, warnings)
{
	static const uint8_t canceled[] = { 1, 90 }, other[] = { 1, 41 };

	ASSERT_EQ(0, st_peer_send(&self->p, ALERT, canceled, 2));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
	EXPECT_EQ(3, get(self->p.fd));
	ASSERT_EQ(0, st_peer_send(&self->p, ALERT, other, 2));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "def", 3));
	/* RFC 8446 section 6: in 1.3 the level says nothing, this one is an error */
	if (variant->version == V12) {
		EXPECT_EQ(3, get(self->p.fd));
	} else {
		EXPECT_EQ(-1, get(self->p.fd));
		EXPECT_EQ(EPROTO, errno);
	}
}

static size_t ticket(uint8_t *p, size_t body)
{
	p[0] = 4;
	p[1] = 0;
	p[2] = body >> 8;
	p[3] = body;
	memset(p + 4, 24, body);
	return 4 + body;
}

TEST_F(kernel, tickets)
{
	long long before = st_stat("RxCtrlDropped");
	uint8_t buf[1024];
	size_t len, cut;

	if (variant->version == V12)
		return;
	/* cut in two at every place of the header and behind it */
	for (cut = 1; cut < 8; cut++) {
		len = ticket(buf, 200);
		ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, buf, cut));
		ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, buf + cut, len - cut));
	}
	/* two in one record */
	len = ticket(buf, 100);
	len += ticket(buf + len, 300);
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, buf, len));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
	EXPECT_EQ(3, get(self->p.fd));
	EXPECT_EQ(before + 9, st_stat("RxCtrlDropped"));
}

/* who polls, and reads then, must not have to wait for what was only a ticket */
static void no_wake_up(struct __test_metadata *_metadata, struct st_peer *p)
{
	static const uint8_t update[] = { 24, 0, 0, 1, 0 };
	uint8_t buf[1024];
	size_t len;
	int i;

	for (i = 0; i < 3; i++) {
		len = ticket(buf, 1 + 300 * i);
		ASSERT_EQ(0, st_peer_send(p, HANDSHAKE, buf, len));
		EXPECT_EQ(0, st_poll(p->fd, POLLIN, 30));
	}
	/* half a record behind them changes nothing */
	ASSERT_EQ(1, send(p->raw, "\27", 1, 0));
	EXPECT_EQ(0, st_poll(p->fd, POLLIN, 30));
	ASSERT_EQ(4, send(p->raw, "\3\3\0\24", 4, 0));
	EXPECT_EQ(0, st_poll(p->fd, POLLIN, 30));
	EXPECT_EQ(-1, recv(p->fd, buf, 8, MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
	st_peer_close(p);
	ASSERT_EQ(0, st_peer_open(p, p->to.version, p->to.cipher, false));
	/* data behind a ticket, in one segment or in two */
	for (i = 0; i < 2; i++) {
		struct st_record t = { .type = HANDSHAKE, .data = buf, .len = ticket(buf, 77) };
		struct st_record d = { .type = DATA, .data = "abc", .len = 3 };
		uint8_t out[2048];
		int n = st_seal(&p->to, &t, out), m = st_seal(&p->to, &d, out + n);

		ASSERT_EQ(0, st_send_all(p->raw, out, i ? n : n + m, 0));
		if (i) {
			EXPECT_EQ(0, st_poll(p->fd, POLLIN, 30));
			ASSERT_EQ(0, st_send_all(p->raw, out + n, m, 0));
		}
		EXPECT_EQ(POLLIN, st_poll(p->fd, POLLIN, 5000));
		EXPECT_EQ(3, recv(p->fd, buf, 8, MSG_DONTWAIT));
	}
	/* any other message may be the end of the key, so what is behind it has to be read */
	ASSERT_EQ(0, st_peer_send(p, HANDSHAKE, update, sizeof(update)));
	EXPECT_EQ(POLLIN, st_poll(p->fd, POLLIN, 5000));
}

TEST_F(kernel, tickets_wake_nobody)
{
	if (variant->version != V12)
		no_wake_up(_metadata, &self->p);
}

TEST(tickets_wake_nobody)
{
	static const uint16_t ciphers[] = { TLS_CIPHER_AES_GCM_256, TLS_CIPHER_AES_CCM_128,
					    TLS_CIPHER_CHACHA20_POLY1305 };
	struct st_peer p;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ciphers); i++) {
		ASSERT_EQ(0, st_peer_open(&p, V13, ciphers[i], false));
		no_wake_up(_metadata, &p);
		st_peer_close(&p);
	}
}

/* more of them than a receive buffer holds: the window opens again all the same */
TEST(tickets_fill_the_window)
{
	static uint8_t buf[12004];
	int size = 20000, i;
	struct st_peer p;

	ASSERT_EQ(0, st_peer_open(&p, V13, TLS_CIPHER_AES_GCM_128, false));
	ASSERT_EQ(0, setsockopt(p.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)));
	ticket(buf, sizeof(buf) - 4);
	for (i = 0; i < 5; i++) {
		struct st_record t = { .type = HANDSHAKE, .data = buf, .len = sizeof(buf) };
		static uint8_t out[ST_RECORD_MAX];
		int n = st_seal(&p.to, &t, out);
		ssize_t sent = send(p.raw, out, n, MSG_DONTWAIT);

		/* the window is closed: a reader has to be told */
		if (sent < n)
			break;
	}
	ASSERT_EQ(0, st_poll(p.raw, POLLHUP, 300));
	ASSERT_NE(0, st_poll(p.fd, POLLIN, 5000));
	st_peer_close(&p);
}

TEST_F(kernel, key_update)
{
	static const uint8_t update[] = { 24, 0, 0, 1, 0 };
	long long before = st_stat("RxKeyUpdate");
	int i;

	if (variant->version == V12)
		return;
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update, sizeof(update)));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "under the old key", 17));
	EXPECT_EQ(3, get(self->p.fd));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-1, get(self->p.fd));
		EXPECT_EQ(EKEYEXPIRED, errno);
	}
	EXPECT_EQ(before + 1, st_stat("RxKeyUpdate"));
	/* ours is as good as before */
	EXPECT_EQ(2, send(self->p.fd, "xy", 2, 0));
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, "xy", 2));
}

TEST_F(kernel, renegotiation_is_refused)
{
	static const uint8_t hello_request[] = { 0, 0, 0, 0 }, refusal[] = { 1, 100 };

	if (variant->version != V12)
		return;
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, hello_request, 4));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
	EXPECT_EQ(3, get(self->p.fd));
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, refusal, 2));
}

/* its close_notify finds nobody, and is answered by a reset before the FIN goes out */
TEST_F(kernel, shutdown_when_the_peer_is_gone)
{
	char c;

	ASSERT_EQ(0, st_peer_send(&self->p, ALERT, close_notify, 2));
	close(self->p.raw);
	self->p.raw = -1;
	EXPECT_EQ(0, shutdown(self->p.fd, SHUT_WR));
	EXPECT_EQ(0, recv(self->p.fd, &c, 1, 0));
}

TEST_F(kernel, shutdown_ends_in_order)
{
	ASSERT_EQ(3, send(self->p.fd, "abc", 3, MSG_MORE));
	ASSERT_EQ(0, shutdown(self->p.fd, SHUT_WR));
	EXPECT_EQ(-1, send(self->p.fd, "x", 1, MSG_NOSIGNAL));
	EXPECT_EQ(EPIPE, errno);
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, "abc", 3));
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, close_notify, 2));
	EXPECT_TRUE(st_peer_ended(&self->p));
	/* half closed: what the peer still sends arrives */
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "late", 4));
	EXPECT_EQ(4, get(self->p.fd));
}

TEST_F(kernel, close_ends_in_order)
{
	ASSERT_EQ(3, send(self->p.fd, "abc", 3, MSG_MORE));
	close(self->p.fd);
	self->p.fd = -1;
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, "abc", 3));
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, close_notify, 2));
	EXPECT_TRUE(st_peer_ended(&self->p));
}

TEST_F(kernel, close_notify_option)
{
	long long before = st_stat("TxCloseNotify");

	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, SHEATH_CLOSE_NOTIFY, NULL, 0));
	EXPECT_EQ(-1, send(self->p.fd, "x", 1, MSG_NOSIGNAL));
	EXPECT_EQ(EPIPE, errno);
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, close_notify, 2));
	/* no FIN with it, and no second alert later */
	EXPECT_EQ(-1, setsockopt(self->p.fd, SOL_TLS, SHEATH_CLOSE_NOTIFY, NULL, 0));
	EXPECT_EQ(EPIPE, errno);
	EXPECT_EQ(0, st_poll(self->p.raw, POLLIN, 50));
	close(self->p.fd);
	self->p.fd = -1;
	EXPECT_TRUE(st_peer_ended(&self->p));
	EXPECT_EQ(before + 1, st_stat("TxCloseNotify"));
}

/* no number is left for it: who asks is told */
TEST(close_notify_that_cannot_be)
{
	struct st_key k[2];
	struct st_peer p;

	k[0] = st_key(V12, TLS_CIPHER_AES_GCM_128, 0, 1);
	k[1] = st_key(V12, TLS_CIPHER_AES_GCM_128, ~0ull, 2);
	ASSERT_EQ(0, st_peer_open_keys(&p, &k[0], &k[1]));
	ASSERT_EQ(3, send(p.fd, "abc", 3, 0));
	EXPECT_TRUE(st_peer_expect(&p, DATA, "abc", 3));
	EXPECT_EQ(-1, setsockopt(p.fd, SOL_TLS, SHEATH_CLOSE_NOTIFY, NULL, 0));
	EXPECT_EQ(EKEYEXPIRED, errno);
	st_peer_close(&p);
}

TEST_F(kernel, fin_alone_is_an_error_once)
{
	long long before = st_stat("RxTruncated");

	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
	ASSERT_EQ(0, shutdown(self->p.raw, SHUT_WR));
	EXPECT_EQ(3, get(self->p.fd));
	EXPECT_EQ(-1, get(self->p.fd));
	EXPECT_EQ(ECONNABORTED, errno);
	EXPECT_EQ(0, get(self->p.fd));
	EXPECT_EQ(before + 1, st_stat("RxTruncated"));
}

TEST_F(kernel, fin_is_told_to_waitall_later)
{
	char buf[8];

	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
	ASSERT_EQ(0, shutdown(self->p.raw, SHUT_WR));
	EXPECT_EQ(3, recv(self->p.fd, buf, sizeof(buf), MSG_WAITALL));
	EXPECT_EQ(-1, get(self->p.fd));
	EXPECT_EQ(ECONNABORTED, errno);
}

TEST_F(kernel, fin_lenient)
{
	uint32_t lenient = SHEATH_EOF_LENIENT;

	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, SHEATH_EOF, &lenient, sizeof(lenient)));
	ASSERT_EQ(0, shutdown(self->p.raw, SHUT_WR));
	EXPECT_EQ(0, get(self->p.fd));
}

/* cut off in the header, behind it and before the last byte, in both modes */
TEST_F(kernel, fin_in_mid_record)
{
	struct st_record r = { .type = DATA, .data = "abcdef", .len = 6 };
	uint8_t out[ST_RECORD_MAX];
	uint32_t mode;
	int n, i;

	for (i = 0; i < 6; i++) {
		n = st_seal(&self->p.to, &r, out);
		n = i % 3 == 0 ? 1 : i % 3 == 1 ? 5 : n - 1;
		mode = i / 3 ? SHEATH_EOF_LENIENT : SHEATH_EOF_STRICT;
		ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, SHEATH_EOF, &mode, sizeof(mode)));
		ASSERT_EQ(0, st_send_all(self->p.raw, out, n, 0));
		ASSERT_EQ(0, shutdown(self->p.raw, SHUT_WR));
		EXPECT_EQ(-1, get(self->p.fd));
		EXPECT_EQ(ECONNABORTED, errno);
		EXPECT_EQ(0, get(self->p.fd));
		st_peer_close(&self->p);
		ASSERT_EQ(0, st_peer_open(&self->p, variant->version, variant->cipher, false));
	}
}

TEST_F(kernel, linger_zero_resets)
{
	struct linger l = { .l_onoff = 1 };

	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	close(self->p.fd);
	self->p.fd = -1;
	EXPECT_EQ(-1, get(self->p.raw));
	EXPECT_EQ(ECONNRESET, errno);
}

/* each of the three would send one; and nothing that was written stays behind */
TEST_F(kernel, goodbye_is_said_once)
{
	long long before = st_stat("TxCloseNotify");

	ASSERT_EQ(3, send(self->p.fd, "abc", 3, MSG_MORE));
	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, SHEATH_CLOSE_NOTIFY, NULL, 0));
	EXPECT_EQ(-1, setsockopt(self->p.fd, SOL_TLS, SHEATH_CLOSE_NOTIFY, NULL, 0));
	EXPECT_EQ(EPIPE, errno);
	ASSERT_EQ(0, shutdown(self->p.fd, SHUT_WR));
	close(self->p.fd);
	self->p.fd = -1;
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, "abc", 3));
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, close_notify, 2));
	EXPECT_TRUE(st_peer_ended(&self->p));
	EXPECT_EQ(before + 1, st_stat("TxCloseNotify"));
}

/* what the socket has taken, as much as it takes without waiting; the last record is open */
static long long stuff(int fd)
{
	static uint8_t buf[10000];
	long long pos = 0;
	ssize_t n;

	do {
		st_fill(buf, sizeof(buf), pos);
		n = send(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_MORE);
		if (n > 0)
			pos += n;
	} while (n > 0);
	return pos;
}

/* the bytes before the first record that is not data; -1 if they are not the right ones */
static long long unstuff(struct st_peer *p, uint8_t *type, uint8_t *last)
{
	static uint8_t out[ST_RECORD_MAX];
	long long pos = 0;
	int n;

	for (;;) {
		n = st_recv_record(p->raw, &p->from, type, out);
		if (n < 0)
			return -1;
		if (*type != DATA) {
			memcpy(last, out, n < 2 ? n : 2);
			return pos;
		}
		if (!st_check(out, n, pos))
			return -1;
		pos += n;
	}
}

TEST_F(kernel, goodbye_comes_after_all_data)
{
	uint8_t type, last[2] = { 0 };
	long long len = stuff(self->p.fd);

	ASSERT_LT(100000, len);
	close(self->p.fd);
	self->p.fd = -1;
	EXPECT_EQ(len, unstuff(&self->p, &type, last));
	EXPECT_EQ(ALERT, type);
	EXPECT_EQ(0, memcmp(last, close_notify, 2));
	EXPECT_TRUE(st_peer_ended(&self->p));
}

/* RFC 8446 section 6.1 */
TEST_F(kernel, data_after_close_notify_is_ignored)
{
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
	ASSERT_EQ(0, st_peer_send(&self->p, ALERT, close_notify, 2));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "def", 3));
	EXPECT_EQ(3, get(self->p.fd));
	EXPECT_EQ(0, get(self->p.fd));
	EXPECT_EQ(0, get(self->p.fd));
}

/* a ticket of one byte in each record: its parts are not more than one message */
TEST_F(kernel, ticket_byte_by_byte)
{
	long long before = st_stat("RxCtrlDropped");
	uint8_t buf[256];
	size_t len, i;

	if (variant->version == V12)
		return;
	len = ticket(buf, 100);
	for (i = 0; i < len; i++)
		ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, buf + i, 1));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
	EXPECT_EQ(3, get(self->p.fd));
	EXPECT_EQ(before + 1, st_stat("RxCtrlDropped"));
}

/* nothing is there yet for a reader: poll() may not say so */
TEST_F(kernel, control_records_are_no_input)
{
	uint8_t buf[256];
	struct timeval soon = { .tv_usec = 20000 };

	if (variant->version == V12)
		return;
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, buf, ticket(buf, 200)));
	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)));
	EXPECT_EQ(-1, get(self->p.fd));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_FALSE(st_poll(self->p.fd, POLLIN, 0));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
	EXPECT_TRUE(st_poll(self->p.fd, POLLIN, 5000));
	EXPECT_EQ(3, get(self->p.fd));
}

TEST_F(kernel, client_hello_is_refused)
{
	static const uint8_t hello[] = { 1, 0, 0, 3, 9, 9, 9 }, refusal[] = { 1, 100 };

	if (variant->version != V12)
		return;
	/* its body in a record of its own */
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, hello, 4));
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, hello + 4, 3));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
	EXPECT_EQ(3, get(self->p.fd));
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, refusal, 2));
	EXPECT_EQ(0, st_poll(self->p.raw, POLLIN, 20));
}

/* TCP resets a connection that is closed with unread bytes; control records are not such */
TEST_F(kernel, unread_control_records_do_not_reset)
{
	uint8_t buf[256];

	if (variant->version == V13)
		ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, buf, ticket(buf, 200)));
	ASSERT_EQ(0, st_peer_send(&self->p, ALERT, close_notify, 2));
	ASSERT_TRUE(st_poll(self->p.fd, POLLIN, 5000));
	ASSERT_EQ(3, send(self->p.fd, "abc", 3, 0));
	close(self->p.fd);
	self->p.fd = -1;
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, "abc", 3));
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, close_notify, 2));
	EXPECT_TRUE(st_peer_ended(&self->p));
}

/* control records are the application's */
FIXTURE(app) { struct st_peer p; };
VARIANTS(app);

FIXTURE_SETUP(app)
{
	ASSERT_EQ(0, st_peer_open(&self->p, variant->version, variant->cipher, true));
}

FIXTURE_TEARDOWN(app)
{
	st_peer_close(&self->p);
}

TEST_F(app, types_are_sent)
{
	ASSERT_EQ(3, send(self->p.fd, "abc", 3, MSG_MORE));
	ASSERT_EQ(5, st_send_type(self->p.fd, HANDSHAKE, "hello", 5, 0));
	ASSERT_EQ(2, st_send_type(self->p.fd, 100, "xy", 2, 0));
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, "abc", 3));
	EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, "hello", 5));
	EXPECT_TRUE(st_peer_expect(&self->p, 100, "xy", 2));
	EXPECT_EQ(-1, st_send_type(self->p.fd, HANDSHAKE, "hello", 5, MSG_MORE));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(app, types_are_not_mixed)
{
	char buf[64];
	int type;

	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "def", 3));
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, "12345", 5));
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, "678", 3));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "ghi", 3));
	/* all of it is there before the first look */
	ASSERT_EQ(0, shutdown(self->p.raw, SHUT_WR));
	ASSERT_TRUE(st_poll(self->p.fd, POLLRDHUP, 5000));
	EXPECT_EQ(6, st_recv_type(self->p.fd, buf, sizeof(buf), &type));
	EXPECT_EQ(DATA, type);
	EXPECT_EQ(5, st_recv_type(self->p.fd, buf, sizeof(buf), &type));
	EXPECT_EQ(HANDSHAKE, type);
	EXPECT_EQ(0, memcmp(buf, "12345", 5));
	/* no room for the type: the record stays */
	EXPECT_EQ(-1, get(self->p.fd));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(1, st_recv_type(self->p.fd, buf, 1, &type));
	EXPECT_EQ(HANDSHAKE, type);
	EXPECT_EQ(2, st_recv_type(self->p.fd, buf, sizeof(buf), &type));
	EXPECT_EQ(0, memcmp(buf, "78", 2));
	EXPECT_EQ(3, get(self->p.fd));
	EXPECT_EQ(0, get(self->p.fd));
}

TEST_F(app, alerts_are_the_applications)
{
	static const uint8_t fatal[] = { 2, 40 };
	uint8_t buf[8];
	int type;

	ASSERT_EQ(0, st_peer_send(&self->p, ALERT, fatal, 2));
	EXPECT_EQ(2, st_recv_type(self->p.fd, buf, sizeof(buf), &type));
	EXPECT_EQ(ALERT, type);
	EXPECT_EQ(0, memcmp(buf, fatal, 2));
	/* it says goodbye itself, and the module does not do it again */
	EXPECT_EQ(2, st_send_type(self->p.fd, ALERT, close_notify, 2, 0));
	EXPECT_EQ(-1, send(self->p.fd, "x", 1, MSG_NOSIGNAL));
	EXPECT_EQ(EPIPE, errno);
	close(self->p.fd);
	self->p.fd = -1;
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, close_notify, 2));
	EXPECT_TRUE(st_peer_ended(&self->p));
}

TEST_F(app, close_adds_no_alert)
{
	ASSERT_EQ(3, send(self->p.fd, "abc", 3, MSG_MORE));
	close(self->p.fd);
	self->p.fd = -1;
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, "abc", 3));
	EXPECT_TRUE(st_peer_ended(&self->p));
}

/* a buffer that does not hold the control message is as good as none */
TEST_F(app, too_little_room_for_the_type)
{
	char ctl[CMSG_SPACE(1)], buf[8];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl,
			      .msg_controllen = sizeof(struct cmsghdr) };
	int type;

	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, "12345", 5));
	EXPECT_EQ(-1, recvmsg(self->p.fd, &msg, 0));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(5, st_recv_type(self->p.fd, buf, sizeof(buf), &type));
	EXPECT_EQ(HANDSHAKE, type);
	EXPECT_EQ(0, memcmp(buf, "12345", 5));
}

/* the in-tree implementation at the other end, or at both as the measure of these tests */
FIXTURE(tree) { int fd[2]; };
FIXTURE_VARIANT(tree) { uint16_t version, cipher; const char *ulp[2]; };
FIXTURE_VARIANT_ADD(tree, tls12) { V12, TLS_CIPHER_AES_GCM_128, { ST_SHEATH, ST_IN_TREE } };
FIXTURE_VARIANT_ADD(tree, tls12_back) { V12, TLS_CIPHER_AES_GCM_128, { ST_IN_TREE, ST_SHEATH } };
FIXTURE_VARIANT_ADD(tree, tls13) { V13, TLS_CIPHER_AES_GCM_256, { ST_SHEATH, ST_IN_TREE } };
FIXTURE_VARIANT_ADD(tree, tls13_back) { V13, TLS_CIPHER_AES_GCM_256, { ST_IN_TREE, ST_SHEATH } };
FIXTURE_VARIANT_ADD(tree, tls13_measure) {
	V13, TLS_CIPHER_AES_GCM_256, { ST_IN_TREE, ST_IN_TREE }
};

FIXTURE_SETUP(tree)
{
	ASSERT_EQ(0, st_pair_keyed(AF_INET6, self->fd, variant->ulp[0], variant->ulp[1],
				   variant->version, variant->cipher));
}

FIXTURE_TEARDOWN(tree)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(tree, types)
{
	static const int types[] = { DATA, HANDSHAKE, ALERT, 24, 100, 255 };
	char buf[64];
	int type, i;

	for (i = 0; i < 6; i++) {
		ASSERT_EQ(2, st_send_type(self->fd[0], types[i], "xy", 2, 0));
		EXPECT_EQ(2, st_recv_type(self->fd[1], buf, sizeof(buf), &type));
		EXPECT_EQ(types[i], type);
		EXPECT_EQ(0, memcmp(buf, "xy", 2));
	}
}

TEST_F(tree, no_room_then_room)
{
	char buf[64];
	int type;

	ASSERT_EQ(3, send(self->fd[0], "abc", 3, MSG_MORE));
	ASSERT_EQ(5, st_send_type(self->fd[0], HANDSHAKE, "12345", 5, 0));
	ASSERT_EQ(3, send(self->fd[0], "def", 3, 0));
	EXPECT_EQ(3, st_recv_type(self->fd[1], buf, sizeof(buf), &type));
	EXPECT_EQ(DATA, type);
	EXPECT_EQ(-1, get(self->fd[1]));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(5, st_recv_type(self->fd[1], buf, sizeof(buf), &type));
	EXPECT_EQ(HANDSHAKE, type);
	EXPECT_EQ(0, memcmp(buf, "12345", 5));
	EXPECT_EQ(3, get(self->fd[1]));
}

/* session tickets, kept on request */
static int keep(int fd, uint32_t n)
{
	return setsockopt(fd, SOL_TLS, SHEATH_TICKET, &n, sizeof(n));
}

/* takes the oldest; its length, or -1 */
static int take(int fd, void *buf, socklen_t len)
{
	return getsockopt(fd, SOL_TLS, SHEATH_TICKET, buf, &len) ? -1 : (int)len;
}

FIXTURE(tickets) { struct st_peer p; };

FIXTURE_SETUP(tickets)
{
	ASSERT_EQ(0, st_peer_open(&self->p, V13, TLS_CIPHER_AES_GCM_128, false));
}

FIXTURE_TEARDOWN(tickets)
{
	st_peer_close(&self->p);
}

/* what was sent before it was seen to */
#define EXPECT_SEEN() do {							\
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));			\
	EXPECT_EQ(3, get(self->p.fd));						\
} while (0)

TEST_F(tickets, kept_in_order)
{
	static const uint8_t one[] = { 4, 0, 0, 3, 1, 2, 3 };
	static const uint8_t two[] = { 4, 0, 0, 2, 4, 5, 4, 0, 0, 1, 6 };
	uint8_t buf[32];
	unsigned int i;

	EXPECT_EQ(-1, take(self->p.fd, buf, sizeof(buf)));
	EXPECT_EQ(ENODATA, errno);
	ASSERT_EQ(0, keep(self->p.fd, 3));
	EXPECT_EQ(-1, take(self->p.fd, buf, sizeof(buf)));
	EXPECT_EQ(ENODATA, errno);
	/* split over records, and two in one */
	for (i = 0; i < sizeof(one); i++)
		ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, one + i, 1));
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, two, sizeof(two)));
	EXPECT_SEEN();
	EXPECT_EQ(sizeof(one), take(self->p.fd, buf, sizeof(buf)));
	EXPECT_EQ(0, memcmp(buf, one, sizeof(one)));
	EXPECT_EQ(6, take(self->p.fd, buf, 6));
	EXPECT_EQ(0, memcmp(buf, two, 6));
	EXPECT_EQ(5, take(self->p.fd, buf, sizeof(buf)));
	EXPECT_EQ(0, memcmp(buf, two + 6, 5));
	EXPECT_EQ(-1, take(self->p.fd, buf, sizeof(buf)));
	EXPECT_EQ(ENODATA, errno);
}

TEST_F(tickets, too_many)
{
	long long before = st_stat("RxCtrlDropped");
	uint8_t msg[] = { 4, 0, 0, 1, 0 }, buf[32];
	int i;

	EXPECT_EQ(-1, keep(self->p.fd, SHEATH_TICKET_MAX + 1));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(0, keep(self->p.fd, 2));
	for (i = 0; i < 4; i++) {
		msg[4] = i;
		ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, msg, sizeof(msg)));
	}
	EXPECT_SEEN();
	EXPECT_EQ(before + 2, st_stat("RxCtrlDropped"));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(sizeof(msg), take(self->p.fd, buf, sizeof(buf)));
		EXPECT_EQ(i, buf[4]);
	}
	EXPECT_EQ(-1, take(self->p.fd, buf, sizeof(buf)));
}

TEST_F(tickets, lengths)
{
	long long before = st_stat("RxCtrlDropped");
	static uint8_t big[65536 + 1], buf[65536];
	socklen_t len = 7;
	unsigned int i;

	ASSERT_EQ(0, keep(self->p.fd, 16));
	/* 64 KiB in all: one that fills them, the next has no room */
	big[0] = 4;
	big[2] = 0xff, big[3] = 0xfc;
	for (i = 0; i < 65536; i += 16384)
		ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, big + i, 16384));
	big[2] = 0, big[3] = 4;
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, big, 8));
	EXPECT_SEEN();
	EXPECT_EQ(before + 1, st_stat("RxCtrlDropped"));
	EXPECT_EQ(-1, getsockopt(self->p.fd, SOL_TLS, SHEATH_TICKET, buf, &len));
	EXPECT_EQ(ERANGE, errno);
	EXPECT_EQ(65536, len);
	EXPECT_EQ(65536, take(self->p.fd, buf, sizeof(buf)));
	/* there is room again */
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, big, 8));
	EXPECT_SEEN();
	EXPECT_EQ(8, take(self->p.fd, buf, sizeof(buf)));
}

static void set_mode(struct __test_metadata *_metadata, int fd, uint32_t mode)
{
	ASSERT_EQ(0, setsockopt(fd, SOL_TLS, SHEATH_CTRL, &mode, sizeof(mode)));
}

/* nobody has to read data to get at them, and what is read afterwards is all there */
TEST_F(tickets, behind_unread_data)
{
	static const uint8_t one[] = { 4, 0, 0, 3, 1, 2, 3 };
	uint8_t buf[32];
	int i;

	ASSERT_EQ(0, keep(self->p.fd, 16));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
		ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, one, sizeof(one)));
	}
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "def", 3));
	ASSERT_EQ(0, shutdown(self->p.raw, SHUT_WR));
	ASSERT_TRUE(st_poll(self->p.fd, POLLRDHUP, 5000));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(sizeof(one), take(self->p.fd, buf, sizeof(buf)));
	EXPECT_EQ(-1, take(self->p.fd, buf, sizeof(buf)));
	EXPECT_EQ(ENODATA, errno);
	EXPECT_EQ(9, recv(self->p.fd, buf, sizeof(buf), 0));
	EXPECT_EQ(0, memcmp(buf, "abcabcdef", 9));
}

TEST_F(tickets, no_more_are_wanted)
{
	static const uint8_t one[] = { 4, 0, 0, 3, 1, 2, 3 };
	uint8_t buf[32];

	ASSERT_EQ(0, keep(self->p.fd, 2));
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, one, sizeof(one)));
	EXPECT_SEEN();
	ASSERT_EQ(0, keep(self->p.fd, 0));
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, one, sizeof(one)));
	EXPECT_SEEN();
	EXPECT_EQ(sizeof(one), take(self->p.fd, buf, sizeof(buf)));
	EXPECT_EQ(-1, take(self->p.fd, buf, sizeof(buf)));
}

TEST_F(tickets, the_applications_are_not_kept)
{
	static const uint8_t one[] = { 4, 0, 0, 3, 1, 2, 3 };
	uint8_t buf[32];
	int type;

	ASSERT_EQ(0, keep(self->p.fd, 2));
	set_mode(_metadata, self->p.fd, SHEATH_CTRL_APP);
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, one, sizeof(one)));
	EXPECT_EQ(sizeof(one), st_recv_type(self->p.fd, buf, sizeof(buf), &type));
	EXPECT_EQ(HANDSHAKE, type);
	EXPECT_EQ(-1, take(self->p.fd, buf, sizeof(buf)));
	EXPECT_EQ(ENODATA, errno);
}

/*
 * The application reads the rest of a message the module had begun to keep, and leaves it the
 * next one: more than the first had room for. With data, the rest never comes.
 */
static void change_readers(struct __test_metadata *_metadata, struct st_peer *p, int type,
			   size_t rest)
{
	uint8_t msg[1024], buf[1024];
	int got;

	ticket(msg, 100);
	ASSERT_EQ(0, keep(p->fd, 1));
	ASSERT_EQ(0, st_peer_send(p, HANDSHAKE, msg, 14));
	EXPECT_EQ(-1, recv(p->fd, buf, 1, MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
	set_mode(_metadata, p->fd, SHEATH_CTRL_APP);
	ASSERT_EQ(0, st_peer_send(p, type, msg + 14, rest));
	EXPECT_EQ(rest, st_recv_type(p->fd, buf, sizeof(buf), &got));
	EXPECT_EQ(type, got);
	set_mode(_metadata, p->fd, SHEATH_CTRL_KERNEL);
	ticket(msg, 900);
	msg[903] = 7;
	ASSERT_EQ(0, st_peer_send(p, HANDSHAKE, msg, 904));
	EXPECT_EQ(-1, recv(p->fd, buf, 1, MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(904, take(p->fd, buf, sizeof(buf)));
	EXPECT_EQ(0, memcmp(buf, msg, 904));
	EXPECT_EQ(-1, take(p->fd, buf, sizeof(buf)));
}

TEST_F(tickets, the_application_reads_the_rest)
{
	change_readers(_metadata, &self->p, HANDSHAKE, 90);
}

TEST_F(tickets, the_application_reads_data_instead)
{
	change_readers(_metadata, &self->p, DATA, 30);
}

/* the rest of a message whose beginning the application has read is no ticket */
TEST_F(tickets, the_application_reads_the_beginning)
{
	uint8_t msg[256], buf[256];
	int type;

	ticket(msg, 100);
	ASSERT_EQ(0, keep(self->p.fd, 2));
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, msg, 2));
	EXPECT_EQ(-1, recv(self->p.fd, buf, 1, MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
	set_mode(_metadata, self->p.fd, SHEATH_CTRL_APP);
	/* 24 is no KeyUpdate here */
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, msg + 2, 50));
	EXPECT_EQ(50, st_recv_type(self->p.fd, buf, sizeof(buf), &type));
	set_mode(_metadata, self->p.fd, SHEATH_CTRL_KERNEL);
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, msg + 52, 52));
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, msg, 104));
	EXPECT_SEEN();
	EXPECT_EQ(104, take(self->p.fd, buf, sizeof(buf)));
	EXPECT_EQ(0, memcmp(buf, msg, 104));
	EXPECT_EQ(-1, take(self->p.fd, buf, sizeof(buf)));
}

/* in-tree TLS makes the records */
TEST(tickets_of_in_tree_tls)
{
	struct st_key k = st_key(V13, TLS_CIPHER_AES_GCM_128, 0, 1);
	uint8_t msg[512], buf[512];
	size_t len, i;
	int fd[2];

	ASSERT_EQ(0, st_pair(AF_INET, fd));
	ASSERT_EQ(0, st_set(fd[0], ST_IN_TREE, TLS_TX, &k));
	ASSERT_EQ(0, st_set_sheath(fd[1], TLS_RX, &k));
	ASSERT_EQ(0, keep(fd[1], 3));
	len = ticket(msg, 200);
	for (i = 0; i < len; i += 17)
		ASSERT_LT(0, st_send_type(fd[0], HANDSHAKE, msg + i, len - i < 17 ? len - i : 17, 0));
	len += ticket(msg + len, 150);
	ASSERT_EQ(len, st_send_type(fd[0], HANDSHAKE, msg, len, 0));
	ASSERT_EQ(3, send(fd[0], "abc", 3, 0));
	EXPECT_EQ(3, get(fd[1]));
	EXPECT_EQ(204, take(fd[1], buf, sizeof(buf)));
	EXPECT_EQ(0, memcmp(buf, msg, 204));
	EXPECT_EQ(204, take(fd[1], buf, sizeof(buf)));
	EXPECT_EQ(0, memcmp(buf, msg, 204));
	EXPECT_EQ(154, take(fd[1], buf, sizeof(buf)));
	EXPECT_EQ(0, memcmp(buf, msg + 204, 154));
	EXPECT_EQ(-1, take(fd[1], buf, sizeof(buf)));
	EXPECT_EQ(ENODATA, errno);
	close(fd[0]);
	close(fd[1]);
}

/* one that is not complete, and some nobody fetched, go with the socket */
TEST_F(tickets, left_behind)
{
	static const uint8_t one[] = { 4, 0, 0, 3, 1, 2, 3, 4, 0, 0, 9, 1 };

	ASSERT_EQ(0, keep(self->p.fd, 16));
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, one, sizeof(one)));
	EXPECT_EQ(-1, recv(self->p.fd, (char[1]){ 0 }, 1, MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
}

TEST_HARNESS_MAIN
