// SPDX-License-Identifier: GPL-2.0
/* /proc/net/sheath_stat: what strangers see of it tells them nothing about anybody's data. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "cmsg.h"
#include "peer.h"

enum { DATA = 23 };

#define NOBODY	65534
#define STAT	"/proc/net/sheath_stat"

/* the whole file by this descriptor; 0 or -1 */
static int read_all(int fd, char *buf, size_t size)
{
	ssize_t n = 0, got = 0;

	while (got < (ssize_t)size - 1 && (n = pread(fd, buf + got, size - 1 - got, got)) > 0)
		got += n;
	buf[got] = 0;
	return n < 0 ? -1 : 0;
}

static int read_stat(char *buf, size_t size)
{
	int fd = open(STAT, O_RDONLY), rc = fd < 0 ? -1 : read_all(fd, buf, size);

	close(fd);
	return rc;
}

static bool has(const char *buf, const char *name)
{
	const char *p = strstr(buf, name);

	return p && (p == buf || p[-1] == '\n') && strchr(" \t", p[strlen(name)]);
}

/* of every kind of counter that goes with the data: records, bytes, blocks, ways they take */
static const char *const fine[] = {
	"TxRecords", "RxRecords", "TxBytes", "RxBytes", "RxMacBlocks", "RxDirect", "RxCopied",
	"RxSpilled", "TxDropped",
};

static int count_fine(const char *buf)
{
	unsigned int i;
	int n = 0;

	for (i = 0; i < sizeof(fine) / sizeof(*fine); i++)
		n += has(buf, fine[i]);
	return n;
}

FIXTURE(stat)
{
	struct st_peer p;
	struct st_peer mac;
	char before[4096];
	char after[4096];
};

FIXTURE_SETUP(stat)
{
	struct st_key k[2];

	ASSERT_EQ(0, st_peer_open(&self->p, TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_128, false));
	k[0] = st_key_mac(TLS_1_2_VERSION, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, false, 0, 1);
	k[1] = st_key_mac(TLS_1_2_VERSION, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, false, 0, 2);
	ASSERT_EQ(0, st_peer_open_keys(&self->mac, &k[0], &k[1]));
}

FIXTURE_TEARDOWN(stat)
{
	st_peer_close(&self->p);
	st_peer_close(&self->mac);
}

/* data in both directions, of many lengths */
static bool pass_data(struct st_peer *p)
{
	static char data[16384];
	char buf[16384];
	int len;

	for (len = 1; len <= (int)sizeof(data); len *= 4) {
		if (st_peer_send(p, DATA, data, len) || st_recv_all(p->fd, buf, len) ||
		    send(p->fd, data, len, 0) != len || !st_peer_expect(p, DATA, data, len))
			return false;
	}
	return true;
}

TEST_F(stat, root_sees_all)
{
	ASSERT_EQ(0, read_stat(self->before, sizeof(self->before)));
	EXPECT_EQ(sizeof(fine) / sizeof(*fine), count_fine(self->before));
	EXPECT_TRUE(has(self->before, "Attached"));
	ASSERT_TRUE(pass_data(&self->p));
	ASSERT_EQ(0, read_stat(self->after, sizeof(self->after)));
	EXPECT_NE(0, strcmp(self->before, self->after));
}

/* not a line of it moves, whatever name it has */
TEST_F(stat, strangers_see_no_data)
{
	ASSERT_EQ(0, setresuid(NOBODY, NOBODY, NOBODY));
	ASSERT_EQ(0, read_stat(self->before, sizeof(self->before)));
	EXPECT_EQ(0, count_fine(self->before));
	ASSERT_TRUE(pass_data(&self->p));
	ASSERT_TRUE(pass_data(&self->mac));
	ASSERT_EQ(0, read_stat(self->after, sizeof(self->after)));
	EXPECT_STREQ(self->before, self->after);
	/* that something is wrong is everybody's to see */
	EXPECT_TRUE(has(self->after, "Attached"));
	EXPECT_TRUE(has(self->after, "CurrTx"));
	EXPECT_TRUE(has(self->after, "RxBadMac"));
	EXPECT_TRUE(has(self->after, "RxFlood"));
}

/* who opened the file counts, not who is made to read it */
TEST_F(stat, opener_counts)
{
	int fd[2];

	fd[0] = open(STAT, O_RDONLY);
	ASSERT_LE(0, fd[0]);
	ASSERT_EQ(0, setresuid(NOBODY, NOBODY, 0));
	fd[1] = open(STAT, O_RDONLY);
	ASSERT_LE(0, fd[1]);
	ASSERT_EQ(0, read_all(fd[0], self->before, sizeof(self->before)));
	EXPECT_NE(0, count_fine(self->before));
	ASSERT_EQ(0, setresuid(0, 0, 0));
	ASSERT_EQ(0, read_all(fd[1], self->after, sizeof(self->after)));
	EXPECT_EQ(0, count_fine(self->after));
	close(fd[0]);
	close(fd[1]);
}

/* whose network namespace it is sees all of that, and of no other */
TEST_F(stat, owner_of_the_namespace)
{
	ASSERT_EQ(0, setresuid(NOBODY, NOBODY, NOBODY));
	/* a kernel without user namespaces, or that grants them to nobody */
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return;
	ASSERT_EQ(0, read_stat(self->before, sizeof(self->before)));
	EXPECT_EQ(sizeof(fine) / sizeof(*fine), count_fine(self->before));
	ASSERT_TRUE(pass_data(&self->p));
	ASSERT_EQ(0, read_stat(self->after, sizeof(self->after)));
	EXPECT_STREQ(self->before, self->after);
}

TEST_HARNESS_MAIN
