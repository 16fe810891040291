// SPDX-License-Identifier: GPL-2.0
/*
 * Whose descriptors a netlink request may name: those of its sender, if the sender meant it. A
 * program with other rights than whoever opened the netlink socket has to give an address, which
 * no program does that just writes to a descriptor it was given.
 *
 * Wants to be root.
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/tls.h>

#include "kselftest_harness.h"
#include "nl.h"
#include "sock.h"

#define NOBODY	65534

FIXTURE(deputy)
{
	struct st_nl nl;
	int fd[2];
};

FIXTURE_SETUP(deputy)
{
	ASSERT_EQ(0, st_nl_open(&self->nl));
	ASSERT_EQ(0, st_pair(AF_INET, self->fd));
	ASSERT_EQ(0, st_attach(self->fd[0], ST_SHEATH));
}

FIXTURE_TEARDOWN(deputy)
{
	st_nl_close(&self->nl);
	close(self->fd[0]);
	close(self->fd[1]);
}

static int key_set(FIXTURE_DATA(deputy) *self)
{
	struct sheath_keys keys = {
		.n_keys = 1, .key_size = sizeof(struct sheath_key),
		.key[0] = {
			.flags = SHEATH_KEY_TX, .version = TLS_1_3_VERSION,
			.cipher = TLS_CIPHER_AES_GCM_128, .key_len = 16, .iv_len = 12,
		},
	};

	return st_nl_key_set(&self->nl, self->fd[0], &keys);
}

static int session_get(FIXTURE_DATA(deputy) *self)
{
	struct st_req r;

	st_req_init(&r, self->nl.family, SHEATH_CMD_SESSION_GET, 0);
	st_req_u32(&r, SHEATH_A_SOCKFD, self->fd[0]);
	return st_nl_ask(&self->nl, &r);
}

TEST_F(deputy, same_user)
{
	EXPECT_EQ(0, session_get(self));
	EXPECT_EQ(0, key_set(self));
}

/* a daemon that opened its sockets as root, and is nobody now */
TEST_F(deputy, dropped_uid)
{
	ASSERT_EQ(0, setegid(NOBODY));
	ASSERT_EQ(0, seteuid(NOBODY));
	EXPECT_EQ(-EPERM, session_get(self));
	EXPECT_EQ(-EPERM, key_set(self));
	EXPECT_NE(NULL, strstr(self->nl.text, "address"));
	self->nl.addressed = true;
	EXPECT_EQ(0, session_get(self));
	EXPECT_EQ(0, key_set(self));
}

/* a program that runs with another group than its caller */
TEST_F(deputy, other_group)
{
	ASSERT_EQ(0, setegid(NOBODY));
	EXPECT_EQ(-EPERM, session_get(self));
	EXPECT_EQ(-EPERM, key_set(self));
}

/* the other way round: whoever has fewer capabilities than who opened it */
TEST_F(deputy, fewer_capabilities)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];

	ASSERT_EQ(0, syscall(SYS_capget, &head, caps));
	caps[0].permitted &= ~(1u << CAP_NET_RAW);
	caps[0].effective = caps[0].permitted;
	ASSERT_EQ(0, syscall(SYS_capset, &head, caps));
	EXPECT_EQ(0, session_get(self));
	EXPECT_EQ(0, key_set(self));
}

TEST_HARNESS_MAIN
