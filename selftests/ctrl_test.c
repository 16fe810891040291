// SPDX-License-Identifier: GPL-2.0
/* Records that are not application data, and how a connection ends: they are the module's. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "ctrl.h"
#include "peer.h"

/* control records are the module's */
FIXTURE(kernel) { struct st_peer p; };
VARIANTS_12_13(kernel);

FIXTURE_SETUP(kernel)
{
	ASSERT_EQ(0, st_peer_open(&self->p, variant->version, variant->cipher, false));
}

FIXTURE_TEARDOWN(kernel)
{
	st_peer_close(&self->p);
}

TEST_F(kernel, close_notify_is_eof)
{
	long long before = st_stat("RxCloseNotify");

	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
	ASSERT_EQ(0, st_peer_send(&self->p, ALERT, close_notify, 2));
	EXPECT_EQ(3, st_get(self->p.fd, 0));
	EXPECT_EQ(0, st_get(self->p.fd, 0));
	EXPECT_EQ(0, st_get(self->p.fd, 0));
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
	EXPECT_EQ(3, st_get(self->p.fd, 0));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-1, st_get(self->p.fd, 0));
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
	EXPECT_EQ(3, st_get(self->p.fd, 0));
	ASSERT_EQ(0, st_peer_send(&self->p, ALERT, other, 2));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "def", 3));
	/* RFC 8446 section 6: in 1.3 the level says nothing, this one is an error */
	if (variant->version == V12) {
		EXPECT_EQ(3, st_get(self->p.fd, 0));
	} else {
		EXPECT_EQ(-1, st_get(self->p.fd, 0));
		EXPECT_EQ(EPROTO, errno);
	}
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
		len = st_ticket(buf, 200);
		ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, buf, cut));
		ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, buf + cut, len - cut));
	}
	/* two in one record */
	len = st_ticket(buf, 100);
	len += st_ticket(buf + len, 300);
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, buf, len));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
	EXPECT_EQ(3, st_get(self->p.fd, 0));
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
		len = st_ticket(buf, 1 + 300 * i);
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
		struct st_record t = { .type = HANDSHAKE, .data = buf, .len = st_ticket(buf, 77) };
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
	st_ticket(buf, sizeof(buf) - 4);
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
	EXPECT_EQ(3, st_get(self->p.fd, 0));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-1, st_get(self->p.fd, 0));
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
	EXPECT_EQ(3, st_get(self->p.fd, 0));
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
	EXPECT_EQ(4, st_get(self->p.fd, 0));
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
	EXPECT_EQ(3, st_get(self->p.fd, 0));
	EXPECT_EQ(-1, st_get(self->p.fd, 0));
	EXPECT_EQ(ECONNABORTED, errno);
	EXPECT_EQ(0, st_get(self->p.fd, 0));
	EXPECT_EQ(before + 1, st_stat("RxTruncated"));
}

TEST_F(kernel, fin_is_told_to_waitall_later)
{
	char buf[8];

	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
	ASSERT_EQ(0, shutdown(self->p.raw, SHUT_WR));
	EXPECT_EQ(3, recv(self->p.fd, buf, sizeof(buf), MSG_WAITALL));
	EXPECT_EQ(-1, st_get(self->p.fd, 0));
	EXPECT_EQ(ECONNABORTED, errno);
}

TEST_F(kernel, fin_lenient)
{
	uint32_t lenient = SHEATH_EOF_LENIENT;

	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, SHEATH_EOF, &lenient, sizeof(lenient)));
	ASSERT_EQ(0, shutdown(self->p.raw, SHUT_WR));
	EXPECT_EQ(0, st_get(self->p.fd, 0));
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
		EXPECT_EQ(-1, st_get(self->p.fd, 0));
		EXPECT_EQ(ECONNABORTED, errno);
		EXPECT_EQ(0, st_get(self->p.fd, 0));
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
	EXPECT_EQ(-1, st_get(self->p.raw, 0));
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
	EXPECT_EQ(3, st_get(self->p.fd, 0));
	EXPECT_EQ(0, st_get(self->p.fd, 0));
	EXPECT_EQ(0, st_get(self->p.fd, 0));
}

/* a ticket of one byte in each record: its parts are not more than one message */
TEST_F(kernel, ticket_byte_by_byte)
{
	long long before = st_stat("RxCtrlDropped");
	uint8_t buf[256];
	size_t len, i;

	if (variant->version == V12)
		return;
	len = st_ticket(buf, 100);
	for (i = 0; i < len; i++)
		ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, buf + i, 1));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
	EXPECT_EQ(3, st_get(self->p.fd, 0));
	EXPECT_EQ(before + 1, st_stat("RxCtrlDropped"));
}

/* nothing is there yet for a reader: poll() may not say so */
TEST_F(kernel, control_records_are_no_input)
{
	uint8_t buf[256];
	struct timeval soon = { .tv_usec = 20000 };

	if (variant->version == V12)
		return;
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, buf, st_ticket(buf, 200)));
	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)));
	EXPECT_EQ(-1, st_get(self->p.fd, 0));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_FALSE(st_poll(self->p.fd, POLLIN, 0));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
	EXPECT_TRUE(st_poll(self->p.fd, POLLIN, 5000));
	EXPECT_EQ(3, st_get(self->p.fd, 0));
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
	EXPECT_EQ(3, st_get(self->p.fd, 0));
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, refusal, 2));
	EXPECT_EQ(0, st_poll(self->p.raw, POLLIN, 20));
}

/* TCP resets a connection that is closed with unread bytes; control records are not such */
TEST_F(kernel, unread_control_records_do_not_reset)
{
	uint8_t buf[256];

	if (variant->version == V13)
		ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, buf, st_ticket(buf, 200)));
	ASSERT_EQ(0, st_peer_send(&self->p, ALERT, close_notify, 2));
	ASSERT_TRUE(st_poll(self->p.fd, POLLIN, 5000));
	ASSERT_EQ(3, send(self->p.fd, "abc", 3, 0));
	close(self->p.fd);
	self->p.fd = -1;
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, "abc", 3));
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, close_notify, 2));
	EXPECT_TRUE(st_peer_ended(&self->p));
}

TEST_HARNESS_MAIN
