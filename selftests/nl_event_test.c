// SPDX-License-Identifier: GPL-2.0
/*
 * Events of a session: up, down, alerts; who hears them.
 *
 * Wants to be root, with sheath and the in-tree tls module loaded.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sheath.h>
#include <linux/sheath_nl.h>
#include <linux/tls.h>

#include "kselftest_harness.h"
#include "child.h"
#include "cmsg.h"
#include "netlink_fixture.h"

static int deaf_in_netns(void *arg)
{
	struct st_client c;
	struct st_answer a;
	int *pipes = arg;
	char byte;

	ST_MUST(!unshare(CLONE_NEWNET));
	ST_MUST(!st_client_open(&c) && !st_client_join(&c));
	ST_MUST(write(pipes[1], "", 1) == 1);
	ST_MUST(read(pipes[2], &byte, 1) == 1);
	ST_MUST(!st_next_event(&c, &a));
	return 0;
}

TEST_F(netlink, event_up)
{
	struct st_client ear;
	int pipes[4];
	int status;
	char byte;
	pid_t pid;

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(0, pipe(pipes + 2));
	fflush(NULL);
	pid = fork();
	if (!pid)
		_exit(deaf_in_netns(pipes));
	close(pipes[1]);
	ASSERT_EQ(1, read(pipes[0], &byte, 1));

	ASSERT_EQ(0, st_client_open(&ear));
	ASSERT_EQ(0, st_client_join(&ear));
	ASSERT_EQ(0, st_ask_keys(&self->c, self->fd[0], &self->tx, &self->rx, &self->a));
	ASSERT_TRUE(st_next_event(&ear, &self->a));
	EXPECT_EQ(SHEATH_CMD_SESSION_NTF, self->a.cmd);
	EXPECT_EQ(SHEATH_EVENT_UP, st_attr_u32(&self->a, SHEATH_A_EVENT));
	EXPECT_EQ(SHEATH_STATE_UP, st_attr_u32(&self->a, SHEATH_A_STATE));
	EXPECT_EQ(st_cookie(self->fd[0]), st_attr_u64(&self->a, SHEATH_A_COOKIE));
	EXPECT_EQ(TLS_1_3_VERSION, st_attr_u32(&self->a, SHEATH_A_VERSION));
	EXPECT_NE(NULL, self->a.tb[SHEATH_A_LADDR]);
	EXPECT_FALSE(st_answer_leaks(&self->a));
	EXPECT_FALSE(st_next_event(&ear, &self->a));

	/* what is refused is no event */
	EXPECT_EQ(-EBUSY, st_ask_keys(&self->c, self->fd[0], &self->tx, NULL, &self->a));
	EXPECT_FALSE(st_next_event(&ear, &self->a));
	st_client_close(&ear);

	ASSERT_EQ(1, write(pipes[3], "", 1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(netlink, event_down)
{
	uint64_t cookie = st_cookie(self->fd[0]);
	struct st_client ear;

	ASSERT_EQ(0, st_ask_keys(&self->c, self->fd[0], &self->tx, &self->rx, &self->a));
	ASSERT_EQ(0, st_client_open(&ear));
	ASSERT_EQ(0, st_client_join(&ear));
	close(self->fd[0]);
	ASSERT_TRUE(st_next_event(&ear, &self->a));
	EXPECT_EQ(SHEATH_EVENT_DOWN, st_attr_u32(&self->a, SHEATH_A_EVENT));
	EXPECT_EQ(SHEATH_STATE_CLOSED, st_attr_u32(&self->a, SHEATH_A_STATE));
	EXPECT_EQ(cookie, st_attr_u64(&self->a, SHEATH_A_COOKIE));
	EXPECT_FALSE(st_answer_leaks(&self->a));
	EXPECT_FALSE(st_next_event(&ear, &self->a));
	st_client_close(&ear);
	/* for the teardown */
	self->fd[0] = dup(self->fd[1]);
}

TEST_F(netlink, event_alert)
{
	static const uint8_t alert[] = { 2, 40 };
	struct st_client ear;
	char byte;

	ASSERT_EQ(0, st_attach(self->fd[1], ST_IN_TREE));
	ASSERT_EQ(0, st_key_attrs_peer(self->fd[1], TLS_TX, &self->rx));
	ASSERT_EQ(0, st_key_attrs_peer(self->fd[1], TLS_RX, &self->tx));
	ASSERT_EQ(0, st_ask_keys(&self->c, self->fd[0], &self->tx, &self->rx, &self->a));
	ASSERT_EQ(0, st_client_open(&ear));
	ASSERT_EQ(0, st_client_join(&ear));

	/* a fatal handshake_failure */
	ASSERT_EQ(2, st_send_type(self->fd[1], 21, alert, sizeof(alert), 0));
	EXPECT_EQ(-1, recv(self->fd[0], &byte, 1, 0));
	EXPECT_EQ(EPROTO, errno);
	ASSERT_TRUE(st_next_event(&ear, &self->a));
	EXPECT_EQ(SHEATH_EVENT_FAILED, st_attr_u32(&self->a, SHEATH_A_EVENT));
	EXPECT_EQ(EPROTO, st_attr_u32(&self->a, SHEATH_A_STATUS));
	EXPECT_EQ(40, st_attr_u32(&self->a, SHEATH_A_ALERT));
	ASSERT_TRUE(st_next_event(&ear, &self->a));
	EXPECT_EQ(SHEATH_EVENT_ALERT_RX, st_attr_u32(&self->a, SHEATH_A_EVENT));
	EXPECT_EQ(40, st_attr_u32(&self->a, SHEATH_A_ALERT));
	EXPECT_EQ(st_cookie(self->fd[0]), st_attr_u64(&self->a, SHEATH_A_COOKIE));
	EXPECT_FALSE(st_answer_leaks(&self->a));

	ASSERT_EQ(0, st_ask_session(&self->c, self->fd[0], &self->a));
	EXPECT_EQ(SHEATH_STATE_FAILED, st_attr_u32(&self->a, SHEATH_A_STATE));
	EXPECT_EQ(40, st_attr_u32(&self->a, SHEATH_A_ALERT));
	st_client_close(&ear);
}

TEST_HARNESS_MAIN
