// SPDX-License-Identifier: GPL-2.0
/*
 * session-get of one session: what it says, by descriptor and by cookie, and what it refuses.
 *
 * Wants to be root, with sheath loaded.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sheath.h>
#include <linux/sheath_nl.h>

#include <netlink/attr.h>
#include <netlink/genl/genl.h>

#include "kselftest_harness.h"
#include "netlink_fixture.h"

TEST_F(netlink, session_get_attached)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	ASSERT_EQ(0, st_ask_session(&self->c, self->fd[0], &self->a));
	EXPECT_EQ(1, self->a.n_replies);
	EXPECT_EQ(SHEATH_CMD_SESSION_GET, self->a.cmd);
	EXPECT_EQ(st_cookie(self->fd[0]), st_attr_u64(&self->a, SHEATH_A_COOKIE));
	EXPECT_EQ(SHEATH_STATE_ATTACHED, st_attr_u32(&self->a, SHEATH_A_STATE));
	EXPECT_EQ(0, st_attr_u32(&self->a, SHEATH_A_UID));
	EXPECT_EQ(NULL, self->a.tb[SHEATH_A_VERSION]);
	EXPECT_EQ(NULL, self->a.tb[SHEATH_A_CIPHERS]);
	EXPECT_EQ(NULL, self->a.tb[SHEATH_A_EVENT]);
	EXPECT_EQ(NULL, self->a.tb[SHEATH_A_STATUS]);
	EXPECT_EQ(0, st_attr_u64(&self->a, SHEATH_A_TX_SEQ));
	EXPECT_EQ(0, st_attr_u64(&self->a, SHEATH_A_RX_SEQ));
	EXPECT_EQ(0, st_attr_u32(&self->a, SHEATH_A_TX_EPOCH));
	EXPECT_EQ(0, st_attr_u32(&self->a, SHEATH_A_RX_EPOCH));
	EXPECT_NE(NULL, self->a.tb[SHEATH_A_STATS]);

	ASSERT_EQ(0, getsockname(self->fd[0], (void *)&sin, &len));
	ASSERT_NE(NULL, self->a.tb[SHEATH_A_LADDR]);
	ASSERT_EQ(sizeof(sin), (size_t)nla_len(self->a.tb[SHEATH_A_LADDR]));
	EXPECT_EQ(0, memcmp(&sin, nla_data(self->a.tb[SHEATH_A_LADDR]), sizeof(sin)));
	ASSERT_EQ(0, getpeername(self->fd[0], (void *)&sin, &len));
	ASSERT_NE(NULL, self->a.tb[SHEATH_A_RADDR]);
	EXPECT_EQ(0, memcmp(&sin, nla_data(self->a.tb[SHEATH_A_RADDR]), sizeof(sin)));
}

TEST_F(netlink, session_get_ipv6)
{
	struct sockaddr_in6 sin6;
	socklen_t len = sizeof(sin6);
	int fd[2];

	ASSERT_EQ(0, st_pair(AF_INET6, fd));
	ASSERT_EQ(0, st_attach(fd[0], ST_SHEATH));
	ASSERT_EQ(0, st_ask_session(&self->c, fd[0], &self->a));
	ASSERT_EQ(0, getsockname(fd[0], (void *)&sin6, &len));
	ASSERT_NE(NULL, self->a.tb[SHEATH_A_LADDR]);
	ASSERT_EQ(sizeof(sin6), (size_t)nla_len(self->a.tb[SHEATH_A_LADDR]));
	EXPECT_EQ(0, memcmp(&sin6, nla_data(self->a.tb[SHEATH_A_LADDR]), sizeof(sin6)));
	ASSERT_EQ(0, getpeername(fd[0], (void *)&sin6, &len));
	EXPECT_EQ(0, memcmp(&sin6, nla_data(self->a.tb[SHEATH_A_RADDR]), sizeof(sin6)));
	st_pair_close(fd);
}

TEST_F(netlink, session_get_by_cookie)
{
	uint64_t cookie = st_cookie(self->fd[0]);

	ASSERT_EQ(0, st_ask_cookie(&self->c, cookie, &self->a));
	EXPECT_EQ(cookie, st_attr_u64(&self->a, SHEATH_A_COOKIE));
	EXPECT_EQ(-ENOENT, st_ask_cookie(&self->c, st_cookie(self->fd[1]), &self->a));
	EXPECT_NE(NULL, strstr(self->a.text, "cookie"));
	EXPECT_EQ(-ENOENT, st_ask_cookie(&self->c, 0, &self->a));
	EXPECT_EQ(-ENOENT, st_ask_cookie(&self->c, UINT64_MAX, &self->a));

	close(self->fd[0]);
	close(self->fd[1]);
	EXPECT_EQ(-ENOENT, st_ask_cookie(&self->c, cookie, &self->a));
	ASSERT_EQ(0, st_pair(AF_INET, self->fd));
}

TEST_F(netlink, session_get_shape)
{
	static const int known[] = { SHEATH_A_SOCKFD, SHEATH_A_COOKIE };
	uint8_t zero[16] = { 0 };
	unsigned int i;
	size_t len;
	int type;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		for (len = 0; len <= sizeof(zero); len++) {
			if (len == (known[i] == SHEATH_A_COOKIE ? 8 : 4))
				continue;
			st_request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
			st_request_put(&self->r, known[i], zero, len);
			EXPECT_REFUSED(&self->c, &self->r, EINVAL, "");
		}
		st_request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
		st_request_put(&self->r, known[i] | NLA_F_NESTED, zero,
			       known[i] == SHEATH_A_COOKIE ? 8 : 4);
		EXPECT_REFUSED(&self->c, &self->r, EINVAL, "NESTED");
	}
	for (type = 1; type <= SHEATH_A_MAX + 3; type++) {
		if (type == SHEATH_A_SOCKFD || type == SHEATH_A_COOKIE)
			continue;
		st_request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
		st_put_u32(&self->r, SHEATH_A_SOCKFD, self->fd[0]);
		st_put_u32(&self->r, type, 1);
		EXPECT_REFUSED(&self->c, &self->r, EINVAL, "");
	}

	st_request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "missing");
	st_put_u32(&self->r, SHEATH_A_SOCKFD, self->fd[0]);
	st_put_u32(&self->r, SHEATH_A_SOCKFD, self->fd[0]);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "attribute: given twice");
	st_request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
	st_put_u32(&self->r, SHEATH_A_SOCKFD, self->fd[0]);
	st_put_u64(&self->r, SHEATH_A_COOKIE, st_cookie(self->fd[0]));
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "cookie: given together");
	st_request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
	st_put_u32(&self->r, SHEATH_A_SOCKFD, self->fd[0]);
	self->r.nlh.nlmsg_len += 2;
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "");
	st_request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
	st_put_u32(&self->r, SHEATH_A_SOCKFD, self->fd[0]);
	((struct genlmsghdr *)NLMSG_DATA(&self->r.nlh))->reserved = 7;
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "reserved");
}

TEST_F(netlink, sockfd_of_wrong_things)
{
	int udp = socket(AF_INET, SOCK_DGRAM, 0);
	int unx = socket(AF_UNIX, SOCK_STREAM, 0);
	int null = open("/dev/null", O_RDWR);
	const struct {
		int fd;
		int err;
		const char *text;
	} wrong[] = {
		{ -1, EBADF, "not open" },
		{ INT32_MIN, EBADF, "not open" },
		{ 1000000, EBADF, "not open" },
		{ null, ENOTSOCK, "not a socket" },
		{ udp, EPROTOTYPE, "not a TCP" },
		{ unx, EPROTOTYPE, "not a TCP" },
		{ self->c.fd, EPROTOTYPE, "not a TCP" },
		{ self->fd[1], ENOPROTOOPT, "not attached" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		st_request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
		st_put_u32(&self->r, SHEATH_A_SOCKFD, wrong[i].fd);
		EXPECT_REFUSED(&self->c, &self->r, wrong[i].err, wrong[i].text);
		st_request_key_set(&self->r, &self->c, wrong[i].fd);
		st_put_key(&self->r, &self->tx);
		EXPECT_REFUSED(&self->c, &self->r, wrong[i].err, wrong[i].text);
	}
	close(udp);
	close(unx);
	close(null);
}

TEST_HARNESS_MAIN
