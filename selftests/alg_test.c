// SPDX-License-Identifier: GPL-2.0
/*
 * A cipher that goes comes again, whoever is killed while it does.
 *
 * Any user may load a faster implementation of a cipher by AF_ALG, and with it the modes of the
 * slower one go. They are made again for the next key; here that caller dies meanwhile.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/if_alg.h>

#include "kselftest_harness.h"
#include "patience.h"
#include "sock.h"

#define NOBODY		65534
#define PATIENCE_MS	30000
#define NAP_MS		50

FIXTURE(alg)
{
};

FIXTURE_VARIANT(alg)
{
	const char *base;	/* an skcipher that the cipher's mode is made of */
	uint16_t cipher;
};

FIXTURE_VARIANT_ADD(alg, chacha20) { "chacha20", TLS_CIPHER_CHACHA20_POLY1305 };
FIXTURE_VARIANT_ADD(alg, camellia) { "ctr(camellia)", SHEATH_CIPHER_CAMELLIA_128_GCM };

/* the best driver of an skcipher */
static bool driver_of(const char *base, char *out, size_t size)
{
	char line[128], name[64] = "", driver[64] = "", type[32] = "";
	FILE *f = fopen("/proc/crypto", "r");
	int prio = 0, best = -1;

	while (f && fgets(line, sizeof(line), f)) {
		sscanf(line, "name : %63s", name);
		sscanf(line, "driver : %63s", driver);
		sscanf(line, "priority : %d", &prio);
		if (sscanf(line, "type : %31s", type) != 1 || strcmp(name, base) ||
		    strcmp(type, "skcipher") || prio <= best)
			continue;
		best = prio;
		snprintf(out, size, "%s", driver);
	}
	if (f)
		fclose(f);
	return best >= 0;
}

static int bind_alg(const char *name)
{
	struct sockaddr_alg sa = { .salg_family = AF_ALG, .salg_type = "skcipher" };
	int fd = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), rc;

	snprintf((char *)sa.salg_name, sizeof(sa.salg_name), "%.63s", name);
	rc = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&sa, sizeof(sa));
	close(fd);
	return rc;
}

/* keys for a fresh socket: 0 or an errno */
static int use(uint16_t cipher)
{
	struct st_key k = st_key(TLS_1_2_VERSION, cipher, 0, 1);
	int fd[2], rc;

	if (st_pair(AF_INET, fd))
		return errno;
	rc = st_set_sheath(fd[0], TLS_TX, &k) ? errno : 0;
	close(fd[0]);
	close(fd[1]);
	return rc;
}

/* the crypto API, or modprobe for it, is what it sleeps in */
static void kill_in_sleep(pid_t pid)
{
	char path[64], text[300], *state;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	do {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
		text[n > 0 ? n : 0] = 0;
		state = strrchr(text, ')');
		if (!state || state[2] == 'Z')
			break;
	} while (state[2] != 'D');
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static bool comes_back(uint16_t cipher)
{
	int left = st_patience(PATIENCE_MS) / NAP_MS, rc;

	while ((rc = use(cipher)) == EAGAIN && left-- > 0)
		usleep(NAP_MS * 1000);
	return !rc;
}

FIXTURE_SETUP(alg)
{
	ASSERT_EQ(0, use(variant->cipher));
}

FIXTURE_TEARDOWN(alg)
{
}

TEST_F(alg, caller_is_killed)
{
	char driver[48], name[64];
	pid_t pid;

	ASSERT_TRUE(driver_of(variant->base, driver, sizeof(driver)));
	snprintf(name, sizeof(name), "cryptd(%s)", driver);
	ASSERT_EQ(0, setgid(NOBODY));
	ASSERT_EQ(0, setuid(NOBODY));
	ASSERT_EQ(0, bind_alg(name))
		TH_LOG("%s: %s", name, strerror(errno));
	pid = fork();
	if (!pid) {
		use(variant->cipher);
		_exit(0);
	}
	kill_in_sleep(pid);
	EXPECT_TRUE(comes_back(variant->cipher));
}

TEST_HARNESS_MAIN
