// SPDX-License-Identifier: GPL-2.0
/* Tracepoints: each tells what happened, once, with the numbers a peer in user space counts. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "secret.h"
#include "stream.h"

enum { ALERT = 21, DATA = 23 };

#define TRACEFS		"/tmp/trace_test"
#define EVENTS		TRACEFS "/events/sheath/enable"
#define CIPHER		TLS_CIPHER_AES_GCM_128

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);
	int rc = fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : 0;

	if (fd >= 0)
		close(fd);
	return rc;
}

FIXTURE(trace)
{
	int fd[2];
	struct st_secret secret[2];
	unsigned long long cookie[2];
	char text[1 << 16];
};

FIXTURE_SETUP(trace)
{
	socklen_t len = sizeof(self->cookie[0]);
	int i;

	mkdir(TRACEFS, 0700);
	ASSERT_EQ(0, mount("tracefs", TRACEFS, "tracefs", 0, NULL));
	ASSERT_EQ(0, write_file(TRACEFS "/trace", ""));
	ASSERT_EQ(0, write_file(EVENTS, "1"));
	ASSERT_EQ(0, st_pair(AF_INET, self->fd));
	for (i = 0; i < 2; i++) {
		self->secret[i] = st_secret(CIPHER, 7 + i);
		ASSERT_EQ(0, getsockopt(self->fd[i], SOL_SOCKET, SO_COOKIE, &self->cookie[i], &len));
	}
	/* fd[0] sends to fd[1], which is sheath, too: both halves of the trace are there */
	ASSERT_EQ(0, st_attach(self->fd[0], ST_SHEATH));
	ASSERT_EQ(0, st_attach(self->fd[1], ST_SHEATH));
	ASSERT_EQ(0, st_set_secret(self->fd[0], TLS_TX, CIPHER, &self->secret[0]));
	ASSERT_EQ(0, st_set_secret(self->fd[1], TLS_RX, CIPHER, &self->secret[0]));
}

FIXTURE_TEARDOWN(trace)
{
	close(self->fd[0]);
	close(self->fd[1]);
	write_file(EVENTS, "0");
	umount2(TRACEFS, MNT_DETACH);
	rmdir(TRACEFS);
}

/* how many lines of the trace have this text */
static int count(FIXTURE_DATA(trace) *self, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static int count(FIXTURE_DATA(trace) *self, const char *fmt, ...)
{
	int fd = open(TRACEFS "/trace", O_RDONLY), n = 0;
	size_t got = 0;
	ssize_t part;
	char want[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(want, sizeof(want), fmt, ap);
	va_end(ap);
	while (fd >= 0 && (part = read(fd, self->text + got, sizeof(self->text) - 1 - got)) > 0)
		got += part;
	close(fd);
	self->text[got] = 0;
	for (const char *p = self->text; (p = strstr(p, want)); p += strlen(want))
		n++;
	return n;
}

TEST_F(trace, keys)
{
	unsigned int i;

	for (i = 0; i < 2; i++)
		EXPECT_EQ(1, count(self, "sheath_key: cookie=%llu %s epoch=0 version=0x0304 cipher=%u seq=0\n",
				   self->cookie[i], i ? "rx" : "tx", CIPHER));
	EXPECT_EQ(2, count(self, "sheath_event: cookie="));
}

TEST_F(trace, records)
{
	static const unsigned int len[] = { 1, 100, 16384 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(len); i++) {
		ASSERT_EQ(0, st_write(self->fd[0], 0, len[i], len[i]));
		ASSERT_EQ(0, st_expect(self->fd[1], 0, len[i], len[i]));
		EXPECT_EQ(1, count(self, "sheath_record_sealed: cookie=%llu epoch=0 seq=%u type=23 len=%u verdict=0\n",
				   self->cookie[0], i, len[i]));
		/* header, content, type, tag */
		EXPECT_EQ(1, count(self, "sheath_record_opened: cookie=%llu epoch=0 seq=%u type=23 len=%u verdict=0\n",
				   self->cookie[1], i, 5 + len[i] + 1 + 16));
	}
	EXPECT_EQ(3, count(self, "sheath_record_sealed"));
	EXPECT_EQ(3, count(self, "sheath_record_opened"));
}

TEST_F(trace, rekey)
{
	int both = 0;

	ASSERT_EQ(0, setsockopt(self->fd[0], SOL_TLS, SHEATH_REKEY, &both, sizeof(both)));
	ASSERT_EQ(0, st_write(self->fd[0], 0, 10, 10));
	ASSERT_EQ(0, st_expect(self->fd[1], 0, 10, 10));
	EXPECT_EQ(1, count(self, "sheath_key: cookie=%llu tx epoch=1 version=0x0304 cipher=%u seq=0\n",
			   self->cookie[0], CIPHER));
	EXPECT_EQ(1, count(self, "sheath_key: cookie=%llu rx epoch=1 version=0x0304 cipher=%u seq=0\n",
			   self->cookie[1], CIPHER));
	EXPECT_EQ(1, count(self, "sheath_record_opened: cookie=%llu epoch=1 seq=0 type=23 len=32 verdict=0\n",
			   self->cookie[1]));
}

TEST_F(trace, alerts)
{
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	EXPECT_EQ(0, st_expect_eof(self->fd[1]));
	EXPECT_EQ(1, count(self, "sheath_alert: cookie=%llu tx level=1 description=0\n", self->cookie[0]));
	EXPECT_EQ(1, count(self, "sheath_alert: cookie=%llu rx level=1 description=0\n", self->cookie[1]));
}

TEST_F(trace, bad_record)
{
	struct st_key k = st_key(TLS_1_3_VERSION, CIPHER, 0, 99);
	int fd[2];
	socklen_t len = sizeof(self->cookie[0]);
	char c;

	/* the keys of the two ends differ */
	ASSERT_EQ(0, st_pair(AF_INET, fd));
	ASSERT_EQ(0, getsockopt(fd[1], SOL_SOCKET, SO_COOKIE, &self->cookie[1], &len));
	ASSERT_EQ(0, st_set_sheath(fd[0], TLS_TX, &k));
	k.key[0] ^= 1;
	ASSERT_EQ(0, st_set_sheath(fd[1], TLS_RX, &k));
	ASSERT_EQ(1, send(fd[0], "x", 1, 0));
	EXPECT_EQ(-1, recv(fd[1], &c, 1, 0));
	EXPECT_EQ(EBADMSG, errno);
	EXPECT_EQ(1, count(self, "sheath_record_opened: cookie=%llu epoch=0 seq=0 type=23 len=23 verdict=-%d\n",
			   self->cookie[1], EBADMSG));
	close(fd[0]);
	close(fd[1]);
}

TEST_F(trace, refused)
{
	struct st_key k = st_key(TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_256, 0, 1);

	EXPECT_EQ(-1, st_set_sheath(self->fd[0], TLS_RX, &k));
	EXPECT_EQ(1, count(self, "sheath_refused: cookie=%llu verdict=-", self->cookie[0]));
}

TEST_F(trace, short_push)
{
	int small = 20000;

	ASSERT_EQ(0, setsockopt(self->fd[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)));
	ASSERT_LT(0, st_fill_socket(self->fd[0], 0, 1 << 24, 60000));
	/* close_notify finds no room behind that */
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	EXPECT_LE(1, count(self, "sheath_push_short: cookie=%llu pending=", self->cookie[0]));
}

TEST_HARNESS_MAIN
