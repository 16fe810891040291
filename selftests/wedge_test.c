// SPDX-License-Identifier: GPL-2.0
/*
 * The owner of a socket keeps its lock for as long as they like: by a send() from a page that
 * does not come. Every netlink request about that socket is answered all the same, and so is
 * everybody else's, because generic netlink as a whole waits for a handler that sleeps.
 *
 * Wants to be root, for userfaultfd.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/tls.h>

#include "kselftest_harness.h"
#include "nl.h"
#include "patience.h"
#include "secret.h"
#include "sock.h"
#include "wedge.h"

#ifndef SO_COOKIE
#define SO_COOKIE	57
#endif

#define CIPHER	TLS_CIPHER_AES_GCM_128

static long send_page(int fd, void *page)
{
	return send(fd, page, ST_WEDGE_PAGE, MSG_NOSIGNAL);
}

/* requests */

enum what {
	GET_SOCKFD,
	GET_COOKIE,
	KEY_SET,
	REKEY_SOCKFD,
	REKEY_COOKIE,
	DUMP,
	FAMILY,
	OTHERS,
	N_WHAT,
};

static const char *const names[] = {
	[GET_SOCKFD] = "session-get by sockfd", [GET_COOKIE] = "session-get by cookie",
	[KEY_SET] = "key-set", [REKEY_SOCKFD] = "rekey by sockfd",
	[REKEY_COOKIE] = "rekey by cookie", [DUMP] = "dump of the sessions",
	[FAMILY] = "family-get", [OTHERS] = "a request to another family",
};

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len);
	return cookie;
}

static void fill_key(struct sheath_key *k, uint32_t flags, unsigned int seed)
{
	struct st_secret s = st_secret(CIPHER, seed);

	*k = (struct sheath_key){
		.flags = flags, .version = TLS_1_3_VERSION, .cipher = CIPHER,
		.hash = s.hash, .secret_len = s.len,
	};
	memcpy(k->secret, s.data, s.len);
}

static struct sheath_keys both_keys(void)
{
	struct sheath_keys keys = { .n_keys = 2, .key_size = sizeof(struct sheath_key) };

	fill_key(&keys.key[0], SHEATH_KEY_TX, 1);
	fill_key(&keys.key[1], SHEATH_KEY_RX, 2);
	return keys;
}

static int ask_about(struct st_nl *nl, enum what what, int fd)
{
	struct sheath_keys keys = both_keys();
	struct st_req r;
	int rc;

	switch (what) {
	case KEY_SET:
		return st_nl_key_set(nl, fd, &keys);
	case FAMILY:
		st_req_init(&r, nl->family, SHEATH_CMD_FAMILY_GET, 0);
		return st_nl_ask(nl, &r);
	case DUMP:
		st_req_init(&r, nl->family, SHEATH_CMD_SESSION_GET, NLM_F_DUMP);
		return st_nl_ask(nl, &r);
	case OTHERS:
		rc = st_nl_family(nl, "nlctrl");
		return rc == GENL_ID_CTRL ? 0 : rc;
	case REKEY_SOCKFD:
	case REKEY_COOKIE:
		st_req_init(&r, nl->family, SHEATH_CMD_REKEY, 0);
		st_req_u32(&r, SHEATH_A_REKEY_FLAGS, SHEATH_KEY_TX);
		break;
	default:
		st_req_init(&r, nl->family, SHEATH_CMD_SESSION_GET, 0);
	}
	if (what == GET_COOKIE || what == REKEY_COOKIE)
		st_req_u64(&r, SHEATH_A_COOKIE, cookie_of(fd));
	else
		st_req_u32(&r, SHEATH_A_SOCKFD, fd);
	return st_nl_ask(nl, &r);
}

static int child_answer(enum what what, int fd)
{
	struct st_nl nl;

	if (st_nl_open(&nl))
		return ST_NL_NO_ANSWER;
	return ask_about(&nl, what, fd);
}

/*
 * Another process asks, because one whose handler sleeps cannot be killed: its errno, negative,
 * 0, or ST_NL_NO_ANSWER.
 */
static int ask(enum what what, int fd)
{
	int p[2], rc = ST_NL_NO_ANSWER;
	struct pollfd pfd;
	pid_t pid;

	if (pipe(p))
		return ST_NL_NO_ANSWER;
	pid = fork();
	if (!pid) {
		rc = child_answer(what, fd);
		_exit(write(p[1], &rc, sizeof(rc)) != sizeof(rc));
	}
	close(p[1]);
	pfd = (struct pollfd){ .fd = p[0], .events = POLLIN };
	if (poll(&pfd, 1, st_patience(5000)) != 1 || read(p[0], &rc, sizeof(rc)) != sizeof(rc))
		rc = ST_NL_NO_ANSWER;
	close(p[0]);
	if (rc == ST_NL_NO_ANSWER)
		kill(pid, SIGKILL);
	else
		waitpid(pid, NULL, 0);
	return rc;
}

FIXTURE(wedge)
{
	int fd[2];
	struct st_wedge w;
};

/* what a socket is before somebody sits on it, and what the requests come to meanwhile */
FIXTURE_VARIANT(wedge)
{
	bool attached;
	bool keyed;
	int during[N_WHAT];
	int after[N_WHAT];
};

/* no session has its cookie */
FIXTURE_VARIANT_ADD(wedge, plain)
{
	.during = { [GET_SOCKFD] = -ENOPROTOOPT, [GET_COOKIE] = -ENOENT, [KEY_SET] = -EAGAIN,
		    [REKEY_SOCKFD] = -EBUSY, [REKEY_COOKIE] = -ENOENT },
	.after = { [GET_SOCKFD] = -ENOPROTOOPT, [GET_COOKIE] = -ENOENT, [KEY_SET] = -ENOPROTOOPT,
		   [REKEY_SOCKFD] = -ENOPROTOOPT, [REKEY_COOKIE] = -ENOENT },
};

FIXTURE_VARIANT_ADD(wedge, attached)
{
	.attached = true,
	.during = { [KEY_SET] = -EAGAIN, [REKEY_SOCKFD] = -EBUSY, [REKEY_COOKIE] = -EBUSY },
};

FIXTURE_VARIANT_ADD(wedge, keyed)
{
	.attached = true,
	.keyed = true,
	.during = { [KEY_SET] = -EAGAIN, [REKEY_SOCKFD] = -EBUSY, [REKEY_COOKIE] = -EBUSY },
	.after = { [KEY_SET] = -EBUSY },
};

FIXTURE_SETUP(wedge)
{
	struct sheath_keys keys = both_keys();

	memset(&self->w, 0, sizeof(self->w));
	ASSERT_EQ(0, st_pair(AF_INET, self->fd));
	if (variant->attached)
		ASSERT_EQ(0, st_attach(self->fd[0], ST_SHEATH));
	if (variant->keyed) {
		ASSERT_EQ(0, setsockopt(self->fd[0], SOL_TLS, SHEATH_KEY, &keys.key[0],
					sizeof(keys.key[0])));
		ASSERT_EQ(0, setsockopt(self->fd[0], SOL_TLS, SHEATH_KEY, &keys.key[1],
					sizeof(keys.key[1])));
	}
	ASSERT_EQ(0, st_wedge_begin(&self->w, self->fd[0], send_page));
}

FIXTURE_TEARDOWN(wedge)
{
	if (self->w.stuck)
		st_wedge_end(&self->w);
	close(self->fd[0]);
	close(self->fd[1]);
	/* whoever was asked in vain */
	while (waitpid(-1, NULL, 0) > 0)
		;
}

/* answered while the socket is owned, and everybody else is, too */
TEST_F(wedge, answered)
{
	unsigned int what;
	int rc;

	for (what = 0; what < N_WHAT; what++) {
		rc = ask(what, self->fd[0]);
		EXPECT_EQ(variant->during[what], rc)
			TH_LOG("%s: %s", names[what],
			       rc == ST_NL_NO_ANSWER ? "no answer" : strerror(-rc));
		EXPECT_EQ(0, ask(OTHERS, self->fd[0]));
	}
}

/* what could not be done then can be done afterwards */
TEST_F(wedge, later)
{
	unsigned int what;
	int rc;

	EXPECT_EQ(variant->during[KEY_SET], ask(KEY_SET, self->fd[0]));
	EXPECT_EQ(variant->during[REKEY_SOCKFD], ask(REKEY_SOCKFD, self->fd[0]));
	EXPECT_EQ(ST_WEDGE_PAGE, st_wedge_end(&self->w));
	/* keys first: they are what rekey needs */
	rc = ask(KEY_SET, self->fd[0]);
	EXPECT_EQ(variant->after[KEY_SET], rc);
	for (what = 0; what < N_WHAT; what++) {
		if (what == KEY_SET)
			continue;
		rc = ask(what, self->fd[0]);
		EXPECT_EQ(variant->after[what], rc)
			TH_LOG("%s: %s", names[what], strerror(-rc));
	}
}

TEST_HARNESS_MAIN
