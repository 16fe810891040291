// SPDX-License-Identifier: GPL-2.0
/* Many connections, and ends that are killed: afterwards everything is as it was before. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "sock.h"

/* connections in all, and open at one time; SHEATH_STRESS_N sets the former */
#define N_ALL	10000
#define N_OPEN	250
#define ROUNDS	100

/* "TCP: inuse" of /proc/net/sockstat: sockets of this namespace that are not in TIME_WAIT */
static long inuse(void)
{
	FILE *f = fopen("/proc/net/sockstat", "r");
	char line[128];
	long v = -1;

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "TCP: inuse %ld", &v);
	if (f)
		fclose(f);
	return v;
}

static long slab_kb(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	long v = -1;

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "Slab: %ld", &v);
	if (f)
		fclose(f);
	return v;
}

struct before {
	long inuse;
	long slab;
	long long tx, rx;
};

static struct before look(void)
{
	return (struct before){ inuse(), slab_kb(), st_stat("CurrTx"), st_stat("CurrRx") };
}

/* sockets that were closed or whose owner died go away in their own time */
static bool as_before(const struct before *b)
{
	struct timespec nap = { .tv_nsec = 100000000 };

	for (int i = 0; i < 300; i++) {
		if (inuse() <= b->inuse && st_stat("CurrTx") == b->tx && st_stat("CurrRx") == b->rx)
			return true;
		nanosleep(&nap, NULL);
	}
	return false;
}

/* one end in-tree on every second connection */
static int open_one(int i, int fd[2])
{
	static const uint16_t ciphers[] = { TLS_CIPHER_AES_GCM_128, TLS_CIPHER_AES_GCM_256,
					    TLS_CIPHER_AES_CCM_128, TLS_CIPHER_CHACHA20_POLY1305 };

	return st_pair_keyed(i & 1 ? AF_INET : AF_INET6, fd, ST_SHEATH,
			     i & 2 ? ST_SHEATH : ST_IN_TREE,
			     i & 4 ? TLS_1_2_VERSION : TLS_1_3_VERSION, ciphers[i / 8 % 4]);
}

static int talk(const int fd[2])
{
	char buf[16];

	return st_send_all(fd[0], "there", 5, 0) || st_recv_all(fd[1], buf, 5) ||
	       memcmp(buf, "there", 5) || st_send_all(fd[1], "and back", 8, 0) ||
	       st_recv_all(fd[0], buf, 8) || memcmp(buf, "and back", 8) ? -1 : 0;
}

FIXTURE(stress) { struct before b; };

FIXTURE_SETUP(stress)
{
	self->b = look();
}

FIXTURE_TEARDOWN(stress)
{
}

TEST_F_TIMEOUT(stress, connections, 600)
{
	const char *env = getenv("SHEATH_STRESS_N");
	int n = env ? atoi(env) : N_ALL, fd[N_OPEN][2], i, j;

	for (i = 0; i < n; i += N_OPEN) {
		for (j = 0; j < N_OPEN; j++) {
			ASSERT_EQ(0, open_one(i + j, fd[j])) TH_LOG("%d: %m", i + j);
			ASSERT_EQ(0, talk(fd[j])) TH_LOG("%d: %m", i + j);
		}
		for (j = 0; j < N_OPEN; j++) {
			close(fd[j][j & 1]);
			close(fd[j][!(j & 1)]);
		}
	}
	EXPECT_TRUE(as_before(&self->b)) TH_LOG("sockets %ld, were %ld", inuse(), self->b.inuse);
	TH_LOG("%d connections, slab %+ld KiB", i, slab_kb() - self->b.slab);
	EXPECT_LT(slab_kb() - self->b.slab, 65536);
}

/* move data until something ends it */
static void move(int fd, bool sends)
{
	static char buf[40000];

	for (;;) {
		ssize_t n = sends ? send(fd, buf, 1 + rand() % sizeof(buf), MSG_NOSIGNAL) :
				    recv(fd, buf, 1 + rand() % sizeof(buf), 0);

		if (n <= 0)
			break;
	}
}

static pid_t child(const int fd[2], int end, bool sends, int seed)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	srand(seed);
	close(fd[!end]);
	move(fd[end], sends);
	_exit(0);
}

TEST_F_TIMEOUT(stress, killed_ends, 300)
{
	struct timespec nap = { 0 };
	int fd[2], i, victim;
	pid_t pid[2];

	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, open_one(i, fd));
		pid[0] = child(fd, 0, !(i & 16), i);
		pid[1] = child(fd, 1, i & 16, i);
		close(fd[0]);
		close(fd[1]);
		nap.tv_nsec = rand() % 5000000;
		nanosleep(&nap, NULL);
		victim = rand() & 1;
		kill(pid[victim], SIGKILL);
		waitpid(pid[victim], NULL, 0);
		/* the other end finds out by itself */
		ASSERT_EQ(pid[!victim], waitpid(pid[!victim], NULL, 0));
	}
	EXPECT_TRUE(as_before(&self->b)) TH_LOG("sockets %ld, were %ld", inuse(), self->b.inuse);
}

TEST_HARNESS_MAIN
