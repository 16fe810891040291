// SPDX-License-Identifier: GPL-2.0
/*
 * A call of TCP's own that has begun, and waits for the lock of the socket when the ULP is
 * attached, must not go on in the clear behind the key: the attach is refused.
 *
 * Wants to be root: userfaultfd keeps the lock held.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "asleep.h"
#include "sock.h"
#include "wedge.h"

#define ROUNDS	20
#define CLEAR	"IN THE CLEAR"

struct call {
	pthread_t thread;
	int fd;
	int dir;
	volatile pid_t tid;
	long rc;
	int err;
	char buf[64];
};

static long send_page(int fd, void *page)
{
	return send(fd, page, ST_WEDGE_PAGE, MSG_NOSIGNAL);
}

static const struct st_key *key(void)
{
	static struct st_key k;

	k = st_key(TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_128, 0, 1);
	return &k;
}

static void *attach(void *arg)
{
	struct call *c = arg;

	c->tid = gettid();
	c->rc = setsockopt(c->fd, IPPROTO_TCP, TCP_ULP, ST_SHEATH, sizeof(ST_SHEATH));
	c->err = errno;
	if (!c->rc)
		c->rc = st_set(c->fd, ST_SHEATH, c->dir, key());
	return NULL;
}

static void *use(void *arg)
{
	struct call *c = arg;

	c->tid = gettid();
	if (c->dir == TLS_TX)
		c->rc = send(c->fd, CLEAR, strlen(CLEAR), MSG_NOSIGNAL);
	else
		c->rc = recv(c->fd, c->buf, sizeof(c->buf), 0);
	return NULL;
}

FIXTURE(lock)
{
	int fd[2];
	struct st_wedge wedge;
	struct call attach, use;
};

FIXTURE_VARIANT(lock)
{
	int dir;
};

FIXTURE_VARIANT_ADD(lock, sender) { TLS_TX };
FIXTURE_VARIANT_ADD(lock, reader) { TLS_RX };

FIXTURE_SETUP(lock)
{
}

FIXTURE_TEARDOWN(lock)
{
}

/* the lock is held; the ULP's turn comes first, then the call's; and the holder lets go */
static void queue_up(struct __test_metadata *_metadata, FIXTURE_DATA(lock) *self, int dir)
{
	memset(self, 0, sizeof(*self));
	ASSERT_EQ(0, st_pair(AF_INET, self->fd));
	ASSERT_EQ(0, st_wedge_begin(&self->wedge, self->fd[0], send_page));
	self->attach.fd = self->use.fd = self->fd[0];
	self->attach.dir = self->use.dir = dir;
	ASSERT_EQ(0, pthread_create(&self->attach.thread, NULL, attach, &self->attach));
	ASSERT_TRUE(st_waits_for_lock(&self->attach.tid));
	ASSERT_EQ(0, pthread_create(&self->use.thread, NULL, use, &self->use));
	ASSERT_TRUE(st_waits_for_lock(&self->use.tid));
	if (dir == TLS_RX)
		ASSERT_EQ(1, send(self->fd[1], "x", 1, 0));
	st_wedge_end(&self->wedge);
	pthread_join(self->attach.thread, NULL);
	pthread_join(self->use.thread, NULL);
}

TEST_F_TIMEOUT(lock, attach_while_a_call_waits, 120)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		queue_up(_metadata, self, variant->dir);
		EXPECT_EQ(-1, self->attach.rc);
		EXPECT_EQ(EBUSY, self->attach.err);
		EXPECT_EQ(variant->dir == TLS_TX ? strlen(CLEAR) : 1, self->use.rc);
		/* nobody waits any more */
		EXPECT_EQ(0, st_set(self->fd[0], ST_SHEATH, variant->dir, key()));
		close(self->fd[0]);
		close(self->fd[1]);
	}
}

TEST(peek_offset)
{
	int fd[2], at = 0, off = -1;

	ASSERT_EQ(0, st_pair(AF_INET, fd));
	/* a kernel whose TCP has no such option has nothing to lose */
	if (!setsockopt(fd[0], SOL_SOCKET, SO_PEEK_OFF, &at, sizeof(at))) {
		EXPECT_EQ(-1, setsockopt(fd[0], IPPROTO_TCP, TCP_ULP, ST_SHEATH, sizeof(ST_SHEATH)));
		EXPECT_EQ(EBUSY, errno);
		ASSERT_EQ(0, setsockopt(fd[0], SOL_SOCKET, SO_PEEK_OFF, &off, sizeof(off)));
	}
	EXPECT_EQ(0, st_attach(fd[0], ST_SHEATH));
	close(fd[0]);
	close(fd[1]);
}

TEST_HARNESS_MAIN
