// SPDX-License-Identifier: GPL-2.0
/* Records that are not application data, and how a connection ends. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
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
	EXPECT_EQ(0, st_poll(self->p.raw, POLLIN, 50));
	close(self->p.fd);
	self->p.fd = -1;
	EXPECT_TRUE(st_peer_ended(&self->p));
	EXPECT_EQ(before + 1, st_stat("TxCloseNotify"));
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

TEST_F(kernel, fin_in_mid_record)
{
	struct st_record r = { .type = DATA, .data = "abcdef", .len = 6 };
	uint32_t lenient = SHEATH_EOF_LENIENT;
	uint8_t out[ST_RECORD_MAX];
	int n = st_seal(&self->p.to, &r, out);

	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, SHEATH_EOF, &lenient, sizeof(lenient)));
	ASSERT_EQ(0, st_send_all(self->p.raw, out, n - 1, 0));
	ASSERT_EQ(0, shutdown(self->p.raw, SHUT_WR));
	EXPECT_EQ(-1, get(self->p.fd));
	EXPECT_EQ(ECONNABORTED, errno);
	EXPECT_EQ(0, get(self->p.fd));
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

static ssize_t send_type(int fd, uint8_t type, const void *data, size_t len, int flags)
{
	char ctl[CMSG_SPACE(1)] = { 0 };
	struct iovec iov = { (void *)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl,
			      .msg_controllen = sizeof(ctl) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_TLS;
	c->cmsg_type = TLS_SET_RECORD_TYPE;
	c->cmsg_len = CMSG_LEN(1);
	*CMSG_DATA(c) = type;
	return sendmsg(fd, &msg, flags);
}

static ssize_t recv_type(int fd, void *data, size_t len, int *type)
{
	char ctl[CMSG_SPACE(1)];
	struct iovec iov = { data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl,
			      .msg_controllen = sizeof(ctl) };
	ssize_t n = recvmsg(fd, &msg, 0);
	struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&msg);

	*type = c && c->cmsg_level == SOL_TLS && c->cmsg_type == TLS_GET_RECORD_TYPE ?
		*CMSG_DATA(c) : -1;
	return n;
}

TEST_F(app, types_are_sent)
{
	ASSERT_EQ(3, send(self->p.fd, "abc", 3, MSG_MORE));
	ASSERT_EQ(5, send_type(self->p.fd, HANDSHAKE, "hello", 5, 0));
	ASSERT_EQ(2, send_type(self->p.fd, 100, "xy", 2, 0));
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, "abc", 3));
	EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, "hello", 5));
	EXPECT_TRUE(st_peer_expect(&self->p, 100, "xy", 2));
	EXPECT_EQ(-1, send_type(self->p.fd, HANDSHAKE, "hello", 5, MSG_MORE));
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
	EXPECT_EQ(6, recv_type(self->p.fd, buf, sizeof(buf), &type));
	EXPECT_EQ(DATA, type);
	EXPECT_EQ(5, recv_type(self->p.fd, buf, sizeof(buf), &type));
	EXPECT_EQ(HANDSHAKE, type);
	EXPECT_EQ(0, memcmp(buf, "12345", 5));
	/* no room for the type: the record stays */
	EXPECT_EQ(-1, get(self->p.fd));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(1, recv_type(self->p.fd, buf, 1, &type));
	EXPECT_EQ(HANDSHAKE, type);
	EXPECT_EQ(2, recv_type(self->p.fd, buf, sizeof(buf), &type));
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
	EXPECT_EQ(2, recv_type(self->p.fd, buf, sizeof(buf), &type));
	EXPECT_EQ(ALERT, type);
	EXPECT_EQ(0, memcmp(buf, fatal, 2));
	/* it says goodbye itself, and the module does not do it again */
	EXPECT_EQ(2, send_type(self->p.fd, ALERT, close_notify, 2, 0));
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

TEST_HARNESS_MAIN
