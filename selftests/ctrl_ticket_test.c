// SPDX-License-Identifier: GPL-2.0
/* Session tickets, kept on request, and what becomes of parts of them. */
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
	EXPECT_EQ(3, st_get(self->p.fd, 0));				\
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

	st_ticket(msg, 100);
	ASSERT_EQ(0, keep(p->fd, 1));
	ASSERT_EQ(0, st_peer_send(p, HANDSHAKE, msg, 14));
	EXPECT_EQ(-1, recv(p->fd, buf, 1, MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
	set_mode(_metadata, p->fd, SHEATH_CTRL_APP);
	ASSERT_EQ(0, st_peer_send(p, type, msg + 14, rest));
	EXPECT_EQ(rest, st_recv_type(p->fd, buf, sizeof(buf), &got));
	EXPECT_EQ(type, got);
	set_mode(_metadata, p->fd, SHEATH_CTRL_KERNEL);
	st_ticket(msg, 900);
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

	st_ticket(msg, 100);
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
	len = st_ticket(msg, 200);
	for (i = 0; i < len; i += 17)
		ASSERT_LT(0, st_send_type(fd[0], HANDSHAKE, msg + i, len - i < 17 ? len - i : 17, 0));
	len += st_ticket(msg + len, 150);
	ASSERT_EQ(len, st_send_type(fd[0], HANDSHAKE, msg, len, 0));
	ASSERT_EQ(3, send(fd[0], "abc", 3, 0));
	EXPECT_EQ(3, st_get(fd[1], 0));
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
