// SPDX-License-Identifier: GPL-2.0
/*
 * Who may ask for what: users, and namespaces of users and networks.
 *
 * Wants to be root, in a user namespace that may have children, with sheath loaded.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sheath.h>
#include <linux/sheath_nl.h>

#include "kselftest_harness.h"
#include "child.h"
#include "netlink_fixture.h"

static int unprivileged(void *arg)
{
	uint64_t others = *(uint64_t *)arg;
	struct st_client c;
	struct st_answer a;
	struct st_request r;
	struct st_key_attrs tx;
	int fd[2];

	ST_MUST(!st_set_user(ST_NOBODY));
	ST_MUST(!st_client_open(&c));
	ST_MUST(!st_pair(AF_INET, fd));
	ST_MUST(!st_attach(fd[0], ST_SHEATH));
	st_key_attrs_init(&tx, SHEATH_KEY_TX);

	/* what is one's own */
	st_request_init(&r, &c, SHEATH_CMD_FAMILY_GET);
	ST_MUST(st_client_ask(&c, &r, &a) == 0);
	ST_MUST(st_ask_session(&c, fd[0], &a) == 0);
	ST_MUST(st_attr_u32(&a, SHEATH_A_UID) == ST_NOBODY);
	ST_MUST(st_ask_keys(&c, fd[0], &tx, NULL, &a) == 0);

	/* what is not */
	ST_MUST(st_ask_cookie(&c, others, &a) == -EPERM);
	ST_MUST(strstr(a.text, "CAP_NET_ADMIN"));
	ST_MUST(st_ask_cookie(&c, st_cookie(fd[0]), &a) == -EPERM);
	ST_MUST(st_ask_cookie(&c, 1, &a) == -EPERM);
	st_request_init(&r, &c, SHEATH_CMD_SESSION_GET);
	r.nlh.nlmsg_flags |= NLM_F_DUMP;
	ST_MUST(st_client_ask(&c, &r, &a) == -EPERM);
	errno = 0;
	ST_MUST(st_client_join(&c) && errno == EPERM);
	return 0;
}

TEST_F(netlink, unprivileged_user)
{
	uint64_t cookie = st_cookie(self->fd[0]);

	EXPECT_EQ(0, st_in_child(unprivileged, &cookie));
}

static int unprivileged_dump(void *arg __attribute__((unused)))
{
	struct st_client c;
	struct st_answer a;
	struct st_request r;

	ST_MUST(!st_set_user(ST_NOBODY));
	ST_MUST(!st_client_open(&c));
	st_request_init(&r, &c, SHEATH_CMD_SESSION_GET);
	r.nlh.nlmsg_flags |= NLM_F_DUMP;
	ST_MUST(st_client_ask(&c, &r, &a) == -EPERM);
	ST_MUST(!st_dump_refusal_has_text() || strstr(a.text, "CAP_NET_ADMIN"));
	return 0;
}

TEST_F(netlink, unprivileged_user_cannot_dump)
{
	EXPECT_EQ(0, st_in_child(unprivileged_dump, NULL));
}

/* Somebody else's netlink socket does not look up our descriptors, nor ours theirs. */
struct deputy {
	struct st_client	*c;
	int			fd;
};

static int deputy_unprivileged(void *arg)
{
	struct deputy *d = arg;
	struct st_answer a;
	struct st_key_attrs tx;

	/* opened by root, used by nobody */
	ST_MUST(!st_set_user(ST_NOBODY));
	st_key_attrs_init(&tx, SHEATH_KEY_TX);
	ST_MUST(st_ask_keys(d->c, d->fd, &tx, NULL, &a) == -EPERM);
	ST_MUST(strstr(a.text, "another user") && !st_answer_leaks(&a));
	ST_MUST(st_ask_session(d->c, d->fd, &a) == -EPERM);
	ST_MUST(strstr(a.text, "another user"));
	return 0;
}

TEST_F(netlink, confused_deputy)
{
	struct deputy d = { &self->c, self->fd[0] };
	struct st_client c;

	EXPECT_EQ(0, st_in_child(deputy_unprivileged, &d));

	/* opened by nobody, used by root */
	ASSERT_EQ(0, seteuid(ST_NOBODY));
	ASSERT_EQ(0, st_client_open(&c));
	ASSERT_EQ(0, seteuid(0));
	EXPECT_EQ(-EPERM, st_ask_keys(&c, self->fd[0], &self->tx, NULL, &self->a));
	EXPECT_NE(NULL, strstr(self->a.text, "another user"));
	EXPECT_FALSE(st_answer_leaks(&self->a));
	EXPECT_EQ(-EPERM, st_ask_session(&c, self->fd[0], &self->a));
	st_client_close(&c);

	ASSERT_EQ(0, st_ask_session(&self->c, self->fd[0], &self->a));
	EXPECT_EQ(SHEATH_STATE_ATTACHED, st_attr_u32(&self->a, SHEATH_A_STATE));
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	ssize_t n = write(fd, text, strlen(text));

	close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

/* A new user namespace in which we are root again. */
static int enter_userns(int more)
{
	if (unshare(CLONE_NEWUSER | more))
		return -1;
	return write_file("/proc/self/setgroups", "deny") ||
	       write_file("/proc/self/uid_map", "0 0 1") ||
	       write_file("/proc/self/gid_map", "0 0 1");
}

static int in_userns(void *arg)
{
	struct deputy *d = arg;
	struct st_client c;
	struct st_answer a;
	struct st_request r;
	struct st_key_attrs tx;

	ST_MUST(!enter_userns(0));
	st_key_attrs_init(&tx, SHEATH_KEY_TX);
	/* the same uid of another user namespace is another user */
	ST_MUST(st_ask_keys(d->c, d->fd, &tx, NULL, &a) == -EPERM);
	ST_MUST(strstr(a.text, "another user"));

	/* root here, but the network namespace belongs to the parent */
	ST_MUST(!st_client_open(&c));
	ST_MUST(st_ask_cookie(&c, st_cookie(d->fd), &a) == -EPERM);
	st_request_init(&r, &c, SHEATH_CMD_SESSION_GET);
	r.nlh.nlmsg_flags |= NLM_F_DUMP;
	ST_MUST(st_client_ask(&c, &r, &a) == -EPERM);
	errno = 0;
	ST_MUST(st_client_join(&c) && errno == EPERM);
	/* possession of the descriptor is enough for a key */
	ST_MUST(st_ask_session(&c, d->fd, &a) == 0);
	ST_MUST(st_ask_keys(&c, d->fd, &tx, NULL, &a) == 0);
	return 0;
}

TEST_F(netlink, user_namespace)
{
	struct deputy d = { &self->c, self->fd[0] };

	EXPECT_EQ(0, st_in_child(in_userns, &d));
}

static int in_netns(void *arg)
{
	struct deputy *d = arg;
	uint64_t outside = st_cookie(d->fd);
	struct st_client c;
	struct st_answer a;
	struct st_request r;
	struct st_key_attrs tx;
	int fd[2];

	ST_MUST(!enter_userns(CLONE_NEWNET) && !st_loopback_up());
	st_key_attrs_init(&tx, SHEATH_KEY_TX);
	ST_MUST(!st_client_open(&c));
	st_request_init(&r, &c, SHEATH_CMD_FAMILY_GET);
	ST_MUST(st_client_ask(&c, &r, &a) == 0);

	/* the socket outside, by descriptor and by cookie */
	ST_MUST(st_ask_keys(&c, d->fd, &tx, NULL, &a) == -EXDEV);
	ST_MUST(strstr(a.text, "network namespace") && !st_answer_leaks(&a));
	ST_MUST(st_ask_session(&c, d->fd, &a) == -EXDEV);
	ST_MUST(st_ask_cookie(&c, outside, &a) == -ENOENT);

	/* one's own, with the privileges one has here */
	ST_MUST(!st_pair(AF_INET, fd) && !st_attach(fd[0], ST_SHEATH));
	ST_MUST(st_ask_keys(&c, fd[0], &tx, NULL, &a) == 0);
	ST_MUST(st_ask_cookie(&c, st_cookie(fd[0]), &a) == 0);
	ST_MUST(st_attr_u32(&a, SHEATH_A_UID) == 0);
	ST_MUST(!st_client_join(&c));
	ST_MUST(st_stat("Attached") == 1 && st_stat("TxKeys") == 1);
	/* the one for the socket outside was asked for here */
	ST_MUST(st_stat("KeyRefused") == 1);
	return 0;
}

TEST_F(netlink, network_namespace)
{
	struct deputy d = { &self->c, self->fd[0] };

	EXPECT_EQ(0, st_in_child(in_netns, &d));
}

TEST_HARNESS_MAIN
