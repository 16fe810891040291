// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps of all sessions: complete and in order while sessions come and go, filtered, refused.
 *
 * Wants to be root, with sheath loaded.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sheath.h>
#include <linux/sheath_nl.h>

#include <netlink/attr.h>
#include <netlink/genl/genl.h>

#include "kselftest_harness.h"
#include "child.h"
#include "netlink_fixture.h"

#define N_PAIRS		150
#define DUMP_PART	8192

struct crowd {
	int		fd[N_PAIRS][2];		/* the first stay, the rest comes and goes */
	uint64_t	cookie[2 * N_PAIRS];
	unsigned int	seen[2 * N_PAIRS];
	uint64_t	last;
	unsigned int	n_parts;
	unsigned int	n_sessions;
	unsigned int	n_disorder;
	unsigned int	next_gone;
};

#define N_STAY		(N_PAIRS * 2 / 3)

static void crowd_see(struct crowd *w, struct nlmsghdr *nlh)
{
	struct nlattr *tb[SHEATH_A_MAX + 1];
	uint64_t cookie;
	unsigned int i;

	if (nla_parse(tb, SHEATH_A_MAX,
		      (struct nlattr *)((uint8_t *)NLMSG_DATA(nlh) + GENL_HDRLEN),
		      nlh->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN), NULL) || !tb[SHEATH_A_COOKIE])
		return;
	cookie = nla_get_u64(tb[SHEATH_A_COOKIE]);
	w->n_sessions++;
	if (cookie <= w->last)
		w->n_disorder++;
	w->last = cookie;
	for (i = 0; i < 2 * N_STAY; i++) {
		if (w->cookie[i] == cookie)
			w->seen[i]++;
	}
}

/*
 * Cookies are handed out to CPUs in batches: they grow on each CPU, but a socket made on
 * another may well get one in the middle of those there are.
 */
static void crowd_cpu(unsigned int n)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(n % sysconf(_SC_NPROCESSORS_ONLN), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		abort();
}

#define N_CHURN		3

static void crowd_churn(struct crowd *w)
{
	unsigned int i;

	for (i = 0; i < N_CHURN; i++) {
		int *fd = w->fd[N_STAY + w->next_gone++ % (N_PAIRS - N_STAY)];

		st_pair_close(fd);
		if (st_pair(AF_INET, fd) || st_attach(fd[0], ST_SHEATH) ||
		    st_attach(fd[1], ST_SHEATH))
			abort();
	}
}

/* Returns 0, or the negative errno of the dump. */
static int dump(struct st_client *c, struct st_request *r, struct crowd *w, bool churn)
{
	static uint8_t buf[DUMP_PART];
	struct nlmsghdr *nlh;
	int left, err;

	memset(w->seen, 0, sizeof(w->seen));
	w->last = w->n_parts = w->n_sessions = w->n_disorder = 0;
	r->nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	r->nlh.nlmsg_seq = ++c->seq;
	if (send(c->fd, r, r->nlh.nlmsg_len, 0) < 0)
		return -ECOMM;
	for (;;) {
		left = recv(c->fd, buf, sizeof(buf), MSG_TRUNC);
		if (left <= 0 || left > (int)sizeof(buf))
			return -ECOMM;
		w->n_parts++;
		for (nlh = (void *)buf; NLMSG_OK(nlh, left); nlh = NLMSG_NEXT(nlh, left)) {
			if (nlh->nlmsg_type == NLMSG_DONE) {
				memcpy(&err, NLMSG_DATA(nlh), sizeof(err));
				return err;
			}
			if (nlh->nlmsg_type == NLMSG_ERROR)
				return ((struct nlmsgerr *)NLMSG_DATA(nlh))->error;
			if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
				return -EINTR;
			crowd_see(w, nlh);
		}
		if (churn)
			crowd_churn(w);
	}
}

static int dump_tests(void *arg __attribute__((unused)))
{
	const struct rlimit many = { 4096, 4096 };
	struct crowd *w = calloc(1, sizeof(*w));
	unsigned int i, round;
	struct st_client c;
	struct st_request r;
	struct st_answer a;
	struct st_key_attrs tx;

	ST_MUST(!unshare(CLONE_NEWNET) && !st_loopback_up());
	ST_MUST(!setrlimit(RLIMIT_NOFILE, &many));
	ST_MUST(!st_client_open(&c));
	/* the size of the parts follows the largest buffer ever used, which is libnl's */
	c.fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	ST_MUST(c.fd >= 0);

	st_request_init(&r, &c, SHEATH_CMD_SESSION_GET);
	ST_MUST(dump(&c, &r, w, false) == 0 && w->n_sessions == 0);

	crowd_cpu(0);
	for (i = 0; i < N_PAIRS; i++) {
		ST_MUST(!st_pair(AF_INET, w->fd[i]));
		ST_MUST(!st_attach(w->fd[i][0], ST_SHEATH) && !st_attach(w->fd[i][1], ST_SHEATH));
		w->cookie[2 * i] = st_cookie(w->fd[i][0]);
		w->cookie[2 * i + 1] = st_cookie(w->fd[i][1]);
	}

	ST_MUST(dump(&c, &r, w, false) == 0);
	ST_MUST(w->n_sessions == 2 * N_PAIRS && w->n_parts > 3 && !w->n_disorder);

	for (round = 0; round < 6; round++) {
		crowd_cpu(round / 3);
		ST_MUST(dump(&c, &r, w, true) == 0);
		ST_MUST(w->n_parts > 3 && !w->n_disorder);
		/* what comes meanwhile does not keep it from ending */
		ST_MUST(w->n_sessions <= 2 * N_PAIRS + (round < 3 ? 0 : 2 * N_CHURN * w->n_parts));
		for (i = 0; i < 2 * N_STAY; i++)
			ST_MUST(w->seen[i] == 1);
	}

	/* filters */
	st_key_attrs_init(&tx, SHEATH_KEY_TX);
	ST_MUST(st_ask_keys(&c, w->fd[3][0], &tx, NULL, &a) == 0);
	ST_MUST(!fchown(w->fd[4][0], 1234, -1) && !fchown(w->fd[5][1], 1234, -1));
	st_request_init(&r, &c, SHEATH_CMD_SESSION_GET);
	st_put_u32(&r, SHEATH_A_STATE, SHEATH_STATE_UP);
	ST_MUST(dump(&c, &r, w, false) == 0);
	ST_MUST(w->n_sessions == 1 && w->seen[6] == 1);
	st_request_init(&r, &c, SHEATH_CMD_SESSION_GET);
	st_put_u32(&r, SHEATH_A_UID, 1234);
	ST_MUST(dump(&c, &r, w, false) == 0);
	ST_MUST(w->n_sessions == 2 && w->seen[8] == 1 && w->seen[11] == 1);
	st_put_u32(&r, SHEATH_A_STATE, SHEATH_STATE_UP);
	ST_MUST(dump(&c, &r, w, false) == 0 && w->n_sessions == 0);

	/* a dump nobody reads to the end */
	st_request_init(&r, &c, SHEATH_CMD_SESSION_GET);
	r.nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	ST_MUST(send(c.fd, &r, r.nlh.nlmsg_len, 0) > 0);
	close(c.fd);
	st_client_close(&c);

	for (i = 0; i < N_PAIRS; i++)
		st_pair_close(w->fd[i]);
	free(w);
	return 0;
}

TEST_F(netlink, dump)
{
	EXPECT_EQ(0, st_in_child(dump_tests, NULL));
}

/* Sessions with keys come and go as fast as they can while others look at them. */
static int busy(void *arg __attribute__((unused)))
{
	unsigned int i, n = 0;
	struct st_client c;
	struct st_answer a;
	struct st_key_attrs tx, rx;
	int fd[8][2];

	ST_MUST(!st_client_open(&c));
	st_key_attrs_init(&tx, SHEATH_KEY_TX);
	st_key_attrs_init(&rx, SHEATH_KEY_RX);
	for (i = 0; i < ARRAY_SIZE(fd); i++)
		fd[i][0] = fd[i][1] = -1;
	for (; n < 400; n++) {
		i = n % ARRAY_SIZE(fd);
		st_pair_close(fd[i]);
		ST_MUST(!st_pair(AF_INET, fd[i]) && !st_attach(fd[i][0], ST_SHEATH));
		ST_MUST(st_ask_keys(&c, fd[i][0], &tx, &rx, &a) == 0);
		ST_MUST(send(fd[i][0], "x", 1, 0) == 1);
	}
	return 0;
}

static int curious(void *arg)
{
	int *stop = arg;
	struct crowd *w = calloc(1, sizeof(*w));
	struct st_client c;
	struct st_request r;
	struct st_answer a;
	char byte;

	ST_MUST(!st_client_open(&c));
	while (recv(*stop, &byte, 1, MSG_DONTWAIT) < 0) {
		st_request_init(&r, &c, SHEATH_CMD_SESSION_GET);
		ST_MUST(dump(&c, &r, w, false) == 0 && !w->n_disorder);
		if (!w->last)
			continue;
		/* the last one may be gone by now */
		st_ask_cookie(&c, w->last, &a);
		ST_MUST(a.err == 0 || a.err == -ENOENT || a.err == -ENOPROTOOPT);
	}
	free(w);
	return 0;
}

TEST_F(netlink, dump_while_sessions_come_and_go)
{
	pid_t pid[2];
	int status, stop[2];
	unsigned int i;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, stop));
	fflush(NULL);
	for (i = 0; i < ARRAY_SIZE(pid); i++) {
		pid[i] = fork();
		if (!pid[i]) {
			close(stop[0]);
			_exit(curious(&stop[1]));
		}
	}
	close(stop[1]);
	EXPECT_EQ(0, st_in_child(busy, NULL));
	close(stop[0]);
	for (i = 0; i < ARRAY_SIZE(pid); i++) {
		ASSERT_EQ(pid[i], waitpid(pid[i], &status, 0));
		EXPECT_EQ(0, status);
	}
}

static int ask_dump(struct st_client *c, struct st_request *r, struct st_answer *a)
{
	r->nlh.nlmsg_flags |= NLM_F_DUMP;
	return st_client_ask(c, r, a);
}

TEST_F(netlink, dump_shape)
{
	uint8_t zero[16] = { 0 };
	size_t len;
	int type;

#define EXPECT_DUMP_REFUSED(want)						\
	do {									\
		EXPECT_EQ(-(want), ask_dump(&self->c, &self->r, &self->a));	\
		if (st_dump_refusal_has_text()) {				\
			EXPECT_NE(0, strlen(self->a.text));			\
		}								\
	} while (0)

	for (type = 1; type <= SHEATH_A_MAX + 3; type++) {
		if (type == SHEATH_A_STATE || type == SHEATH_A_UID)
			continue;
		st_request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
		st_put_u32(&self->r, type, 1);
		EXPECT_DUMP_REFUSED(EINVAL);
	}
	for (len = 0; len <= sizeof(zero); len++) {
		if (len == 4)
			continue;
		st_request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
		st_request_put(&self->r, SHEATH_A_STATE, zero, len);
		EXPECT_DUMP_REFUSED(EINVAL);
		st_request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
		st_request_put(&self->r, SHEATH_A_UID, zero, len);
		EXPECT_DUMP_REFUSED(EINVAL);
	}
	st_request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
	st_put_u32(&self->r, SHEATH_A_STATE, SHEATH_STATE_CLOSED + 1);
	EXPECT_DUMP_REFUSED(ERANGE);
	st_request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
	st_put_u32(&self->r, SHEATH_A_UID, UINT32_MAX);
	EXPECT_DUMP_REFUSED(EINVAL);
	st_request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
	st_put_u32(&self->r, SHEATH_A_UID, 0);
	st_put_u32(&self->r, SHEATH_A_UID, 0);
	EXPECT_DUMP_REFUSED(EINVAL);
	st_request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
	((struct genlmsghdr *)NLMSG_DATA(&self->r.nlh))->reserved = 1;
	EXPECT_DUMP_REFUSED(EINVAL);
#undef EXPECT_DUMP_REFUSED

	/* other commands have no dump */
	st_request_init(&self->r, &self->c, SHEATH_CMD_FAMILY_GET);
	EXPECT_EQ(-EOPNOTSUPP, ask_dump(&self->c, &self->r, &self->a));
}

TEST_HARNESS_MAIN
