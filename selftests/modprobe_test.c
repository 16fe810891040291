// SPDX-License-Identifier: GPL-2.0
/*
 * Nobody's request has the kernel run modprobe: which ciphers there are was found out when the
 * module was loaded.
 *
 * Wants to be root: a program that counts takes the place of modprobe meanwhile.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/tls.h>

#include "kselftest_harness.h"
#include "nl.h"
#include "sock.h"

#define PATH	"/proc/sys/kernel/modprobe"
#define ROUNDS	3

static int read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	close(fd);
	if (n < 0)
		return -1;
	buf[n] = 0;
	buf[strcspn(buf, "\n")] = 0;
	return 0;
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700);
	int rc = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;

	close(fd);
	return rc;
}

FIXTURE(modprobe)
{
	char was[256];
	char dir[64];
	char script[128];
	char log[128];
	struct st_nl nl;
};

static long calls(struct __test_metadata *_metadata, FIXTURE_DATA(modprobe) *self)
{
	struct stat st;

	/* a byte for each */
	return stat(self->log, &st) ? 0 : st.st_size;
}

FIXTURE_SETUP(modprobe)
{
	char text[256];

	strcpy(self->dir, "/tmp/modprobe.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	snprintf(self->script, sizeof(self->script), "%s/modprobe", self->dir);
	snprintf(self->log, sizeof(self->log), "%s/log", self->dir);
	snprintf(text, sizeof(text), "#!/bin/sh\nprintf x >>%s\nexit 1\n", self->log);
	ASSERT_EQ(0, write_file(self->script, text));
	ASSERT_EQ(0, read_file(PATH, self->was, sizeof(self->was)));
	ASSERT_EQ(0, write_file(PATH, self->script));
	ASSERT_EQ(0, st_nl_open(&self->nl));
}

FIXTURE_TEARDOWN(modprobe)
{
	st_nl_close(&self->nl);
	write_file(PATH, self->was);
	unlink(self->script);
	unlink(self->log);
	rmdir(self->dir);
}

/* every row of the table of suites, in whatever order */
static const uint16_t ciphers[] = {
	TLS_CIPHER_AES_GCM_128, TLS_CIPHER_AES_GCM_256, TLS_CIPHER_AES_CCM_128,
	TLS_CIPHER_CHACHA20_POLY1305, TLS_CIPHER_SM4_GCM, TLS_CIPHER_SM4_CCM,
	TLS_CIPHER_ARIA_GCM_128, TLS_CIPHER_ARIA_GCM_256, SHEATH_CIPHER_AES_256_CCM,
	SHEATH_CIPHER_AES_128_CCM_8, SHEATH_CIPHER_CAMELLIA_128_GCM,
};

static struct sheath_keys keys_of(uint16_t cipher)
{
	struct sheath_keys keys = { .n_keys = 1, .key_size = sizeof(struct sheath_key) };
	unsigned int len;

	switch (cipher) {
	case TLS_CIPHER_AES_GCM_256:
	case TLS_CIPHER_CHACHA20_POLY1305:
	case TLS_CIPHER_ARIA_GCM_256:
	case SHEATH_CIPHER_AES_256_CCM:
		len = 32;
		break;
	default:
		len = 16;
	}
	keys.key[0] = (struct sheath_key){
		.flags = SHEATH_KEY_TX, .version = TLS_1_2_VERSION, .cipher = cipher,
		.key_len = len, .iv_len = 12, .key = { 1, 2, 3, cipher, cipher >> 8 },
	};
	return keys;
}

/* the script does what it is for: a family that is not there is looked for */
TEST_F(modprobe, counts)
{
	EXPECT_EQ(-ENOENT, st_nl_family(&self->nl, "no-such-family"));
	EXPECT_NE(0, calls(_metadata, self));
}

TEST_F(modprobe, family_get)
{
	struct st_req r;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		st_req_init(&r, self->nl.family, SHEATH_CMD_FAMILY_GET, 0);
		EXPECT_EQ(0, st_nl_ask(&self->nl, &r));
	}
	EXPECT_EQ(0, calls(_metadata, self));
}

/* a cipher that is there is installed, one that is not is refused, by both doors alike */
TEST_F(modprobe, keys)
{
	unsigned int i, n;
	int fd[2], rc;

	for (i = 0; i < sizeof(ciphers) / sizeof(*ciphers); i++) {
		struct sheath_keys keys = keys_of(ciphers[i]);

		for (n = 0; n < ROUNDS; n++) {
			ASSERT_EQ(0, st_pair(AF_INET, fd));
			ASSERT_EQ(0, st_attach(fd[0], ST_SHEATH));
			ASSERT_EQ(0, st_attach(fd[1], ST_SHEATH));
			rc = st_nl_key_set(&self->nl, fd[0], &keys);
			EXPECT_TRUE(!rc || rc == -EOPNOTSUPP)
				TH_LOG("cipher %u: %s", ciphers[i], self->nl.text);
			EXPECT_EQ(rc, setsockopt(fd[1], SOL_TLS, SHEATH_KEY, &keys.key[0],
						 sizeof(keys.key[0])) ? -errno : 0);
			close(fd[0]);
			close(fd[1]);
		}
	}
	EXPECT_EQ(0, calls(_metadata, self));
}

TEST_HARNESS_MAIN
