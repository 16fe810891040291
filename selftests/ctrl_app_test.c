// SPDX-License-Identifier: GPL-2.0
/* Records that are not application data: they are the application's, by control messages. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "cmsg.h"
#include "ctrl.h"
#include "peer.h"

/* control records are the application's */
FIXTURE(app) { struct st_peer p; };
VARIANTS_12_13(app);

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
	EXPECT_EQ(-1, st_get(self->p.fd, 0));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(1, st_recv_type(self->p.fd, buf, 1, &type));
	EXPECT_EQ(HANDSHAKE, type);
	EXPECT_EQ(2, st_recv_type(self->p.fd, buf, sizeof(buf), &type));
	EXPECT_EQ(0, memcmp(buf, "78", 2));
	EXPECT_EQ(3, st_get(self->p.fd, 0));
	EXPECT_EQ(0, st_get(self->p.fd, 0));
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
	EXPECT_EQ(-1, st_get(self->fd[1], 0));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(5, st_recv_type(self->fd[1], buf, sizeof(buf), &type));
	EXPECT_EQ(HANDSHAKE, type);
	EXPECT_EQ(0, memcmp(buf, "12345", 5));
	EXPECT_EQ(3, st_get(self->fd[1], 0));
}

TEST_HARNESS_MAIN
