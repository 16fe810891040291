// SPDX-License-Identifier: GPL-2.0
/* Many connections, and processes that die in the middle of one: nothing may be left of them. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "mem.h"
#include "patience.h"
#include "sock.h"

#define BATCH	200	/* pairs open at a time */
#define AT_ONCE	400	/* with two descriptors each below the usual limit of 1024 */
#define ROUNDS	200
#define SLAB_MAX 65536	/* kB; 10000 contexts that stay would be more */
#define LIMIT	600	/* seconds, for kernels with every check on */
#define ENOUGH	60	/* seconds after which slow kernels need no more than LEAST */
#define LEAST	1000

static const struct {
	uint16_t version, cipher;
} kinds[] = {
	{ TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_128 },
	{ TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_256 },
	{ TLS_1_3_VERSION, TLS_CIPHER_CHACHA20_POLY1305 },
	{ TLS_1_2_VERSION, TLS_CIPHER_AES_CCM_128 },
};

static int count(void)
{
	const char *s = getenv("SHEATH_STRESS_N");

	return s ? atoi(s) : 10000;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* after @done connections since @start: who asks for a number gets all of it */
static bool enough(int done, double start)
{
	return !getenv("SHEATH_STRESS_N") && done >= LEAST && now() - start > ENOUGH;
}

/* TCP sockets in use, those in TIME_WAIT not counted; -1 if nobody knows */
static int tcp_inuse(void)
{
	FILE *f = fopen("/proc/net/sockstat", "r");
	char line[128];
	int n = -1;

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "TCP: inuse %d", &n);
	if (f)
		fclose(f);
	return n;
}

static int key_end(int fd, const char *ulp, const struct st_key *tx, const struct st_key *rx)
{
	if (!strcmp(ulp, ST_IN_TREE))
		return st_set(fd, ulp, TLS_TX, tx) || st_set(fd, ulp, TLS_RX, rx) ? -1 : 0;
	return st_set_sheath(fd, TLS_TX, tx) || st_set_sheath(fd, TLS_RX, rx) ? -1 : 0;
}

/* of three pairs, one has the in-tree end first, one second, and one has none */
static const char *ulp_of(int i, int end)
{
	return i / 4 % 3 == end ? ST_IN_TREE : ST_SHEATH;
}

static int n_ours(int i)
{
	return i / 4 % 3 == 2 ? 2 : 1;
}

static int key_pair(int fd[2], int i)
{
	struct st_key a = st_key(kinds[i % 4].version, kinds[i % 4].cipher, 0, 1);
	struct st_key b = st_key(kinds[i % 4].version, kinds[i % 4].cipher, 0, 2);

	if (st_pair(i & 1 ? AF_INET6 : AF_INET, fd))
		return -1;
	return key_end(fd[0], ulp_of(i, 0), &a, &b) ||
	       key_end(fd[1], ulp_of(i, 1), &b, &a) ? -1 : 0;
}

/* one record each way */
static int talk(const int fd[2])
{
	char buf[100];
	int i;

	for (i = 0; i < 2; i++) {
		st_fill(buf, sizeof(buf), i);
		if (st_send_all(fd[i], buf, sizeof(buf), 0))
			return -1;
		memset(buf, 0, sizeof(buf));
		if (st_recv_all(fd[!i], buf, sizeof(buf)) || !st_check(buf, sizeof(buf), i))
			return -1;
	}
	return 0;
}

/* closed by turns from either end, so that both the passive and the active close are met */
static void close_pair(const int fd[2], int first)
{
	close(fd[first]);
	close(fd[!first]);
}

/* the number of ends that were ours, or -1 */
static int batch(int n)
{
	int fd[BATCH][2], i, rc = 0, done, ours = 0;

	for (done = 0; done < n && !rc; done++) {
		rc = key_pair(fd[done], done);
		ours += n_ours(done);
	}
	for (i = 0; i < done && !rc; i++)
		rc = talk(fd[i]);
	for (i = 0; i < done; i++)
		close_pair(fd[i], i & 1);
	return rc ? rc : ours;
}

/* what was there before a test */
FIXTURE(rest) {
	long long tx, rx;
	int inuse;
	long free, slab;
};

FIXTURE_SETUP(rest)
{
	self->tx = st_stat("CurrTx");
	self->rx = st_stat("CurrRx");
	self->inuse = tcp_inuse();
	self->free = st_mem("MemFree");
	self->slab = st_mem("Slab");
	ASSERT_GE(self->tx, 0);
}

/*
 * TCP goes on with a socket for a while after its process has closed it or died: no event
 * tells when it is done, so this asks again, for 20 seconds and as st_patience() has it.
 */
static bool comes_to_rest(long long tx, long long rx, int inuse)
{
	int i;

	for (i = 0; i < 4; i++) {
		if (ST_COMES_TRUE(st_stat("CurrTx") == tx && st_stat("CurrRx") == rx &&
				  tcp_inuse() <= inuse))
			return true;
	}
	return false;
}

FIXTURE_TEARDOWN(rest)
{
	EXPECT_TRUE(comes_to_rest(self->tx, self->rx, self->inuse));
	EXPECT_EQ(self->tx, st_stat("CurrTx"));
	EXPECT_EQ(self->rx, st_stat("CurrRx"));
	EXPECT_GE(self->inuse, tcp_inuse());
	/* the page cache and RCU have their own ideas: only what is far too much is judged */
	EXPECT_GT(SLAB_MAX, st_mem("Slab") - self->slab);
	printf("# MemFree %+ld kB, Slab %+ld kB\n", st_mem("MemFree") - self->free,
	       st_mem("Slab") - self->slab);
}

TEST_F_TIMEOUT(rest, many, LIMIT)
{
	long long before = st_stat("Attached");
	int n = count(), i, ours, sum = 0;
	double start = now();

	for (i = 0; i < n && !enough(i, start); i += BATCH) {
		ours = batch(n - i < BATCH ? n - i : BATCH);
		ASSERT_LT(0, ours);
		sum += ours;
	}
	EXPECT_EQ(before + sum, st_stat("Attached"));
	printf("# %d connections in %.1f s\n", i < n ? i : n, now() - start);
}

/* more at a time than our caches of pages hold */
TEST_F_TIMEOUT(rest, many_at_once, LIMIT)
{
	static int fd[AT_ONCE][2];
	int n = count() < AT_ONCE ? count() : AT_ONCE, i, ours = 0;

	for (i = 0; i < n; i++) {
		ASSERT_EQ(0, key_pair(fd[i], i));
		ours += n_ours(i);
	}
	EXPECT_EQ(self->tx + ours, st_stat("CurrTx"));
	EXPECT_EQ(self->rx + ours, st_stat("CurrRx"));
	for (i = 0; i < n; i++)
		ASSERT_EQ(0, talk(fd[i]));
	for (i = 0; i < n; i++)
		close_pair(fd[i], i & 1);
}

/* what the two processes of a round do; both end by themselves when the other is gone */
enum { PEER_GONE, WRONG_BYTES, WRONG_ERROR };

static bool is_end(int fd, int err)
{
	char ulp[16] = "";
	socklen_t len = sizeof(ulp);

	if (err == EPIPE || err == ECONNRESET || err == ECONNABORTED)
		return true;
	/* a close_notify, to a reader that did not ask for the type */
	return err == EIO && !getsockopt(fd, IPPROTO_TCP, TCP_ULP, ulp, &len) &&
	       !strcmp(ulp, ST_IN_TREE);
}

static int writer(int fd, unsigned int seed)
{
	static char buf[40000];
	uint64_t pos = 0;

	for (;;) {
		size_t len = 1 + rand_r(&seed) % sizeof(buf);
		ssize_t n;

		st_fill(buf, len, pos);
		n = send(fd, buf, len, MSG_NOSIGNAL | (rand_r(&seed) % 2 ? MSG_MORE : 0));
		if (n < 0)
			return is_end(fd, errno) ? PEER_GONE : WRONG_ERROR;
		pos += n;
	}
}

static int reader(int fd, unsigned int seed)
{
	static char buf[40000];
	uint64_t pos = 0;

	for (;;) {
		ssize_t n = recv(fd, buf, 1 + rand_r(&seed) % sizeof(buf), 0);

		if (n <= 0)
			return !n || is_end(fd, errno) ? PEER_GONE : WRONG_ERROR;
		if (!st_check(buf, n, pos))
			return WRONG_BYTES;
		pos += n;
	}
}

/* a process with one end; the other end must not stay open in it */
static pid_t start(int (*fn)(int fd, unsigned int seed), const int fd[2], int mine,
		   unsigned int seed)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	/* a survivor that hangs is found out */
	alarm(60);
	close(fd[!mine]);
	_exit(fn(fd[mine], seed));
}

/* what the survivor said; -1 if it did not come to an end, less if the round was none */
static int killed(unsigned int round)
{
	unsigned int seed = round, victim = round & 1;
	struct timespec t = { 0 };
	int fd[2], status;
	pid_t pid[2];

	if (key_pair(fd, round))
		return -2;
	pid[0] = start(writer, fd, 0, seed);
	pid[1] = start(reader, fd, 1, seed + 1);
	close(fd[0]);
	close(fd[1]);
	/* the point of time is the input of this test: from before the first byte on */
	t.tv_nsec = round % 8 ? rand_r(&seed) % 10000000 : 0;
	nanosleep(&t, NULL);
	kill(pid[victim], SIGKILL);
	waitpid(pid[victim], &status, 0);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
		kill(pid[!victim], SIGKILL);
		waitpid(pid[!victim], NULL, 0);
		return -3;
	}
	waitpid(pid[!victim], &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F_TIMEOUT(rest, kill_either_end, LIMIT)
{
	unsigned int round;

	for (round = 0; round < ROUNDS; round++)
		ASSERT_EQ(PEER_GONE, killed(round)) TH_LOG("round %u", round);
}

/* both at once: nobody is left to read or to answer */
TEST_F_TIMEOUT(rest, kill_both_ends, LIMIT)
{
	unsigned int round, seed = 1;
	int fd[2], i;
	pid_t pid[2];

	for (round = 0; round < ROUNDS / 4; round++) {
		struct timespec t = { .tv_nsec = rand_r(&seed) % 5000000 };

		ASSERT_EQ(0, key_pair(fd, round));
		pid[0] = start(writer, fd, 0, round);
		pid[1] = start(reader, fd, 1, round);
		close(fd[0]);
		close(fd[1]);
		nanosleep(&t, NULL);
		for (i = 0; i < 2; i++)
			kill(pid[i], SIGKILL);
		for (i = 0; i < 2; i++)
			ASSERT_EQ(pid[i], waitpid(pid[i], NULL, 0));
	}
}

TEST_HARNESS_MAIN
