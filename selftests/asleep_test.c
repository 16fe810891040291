// SPDX-License-Identifier: GPL-2.0
/* Threads that went to sleep in TCP before the ULP was there, and keys that come meanwhile. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "asleep.h"
#include "sock.h"
#include "stream.h"

#define V12	TLS_1_2_VERSION
#define V13	TLS_1_3_VERSION
/* more than both socket buffers have room for, and as much as a pipe can have */
#define LEN	(1 << 20)

#define EXPECT_ERR(e, call) do { errno = 0; EXPECT_EQ(-1, call); EXPECT_EQ(e, errno); } while (0)

/**
 * struct caller - a thread inside one call
 * @thread: thread
 * @fd: its socket
 * @file: what it copies from or to
 * @tid: thread, once it runs
 * @rc: what the call returned
 * @buf: what it read
 */
struct caller {
	pthread_t thread;
	int fd;
	int file;
	volatile pid_t tid;
	long rc;
	char buf[16];
};

static void *do_send(void *arg)
{
	struct caller *c = arg;
	char *buf = malloc(LEN);

	st_fill(buf, LEN, 0);
	c->tid = gettid();
	c->rc = send(c->fd, buf, LEN, 0);
	free(buf);
	return NULL;
}

static void *do_sendfile(void *arg)
{
	struct caller *c = arg;

	c->tid = gettid();
	c->rc = sendfile(c->fd, c->file, NULL, LEN);
	return NULL;
}

static void *do_splice_in(void *arg)
{
	struct caller *c = arg;
	long n;

	c->tid = gettid();
	while (c->rc < LEN && (n = splice(c->file, NULL, c->fd, NULL, LEN - c->rc, 0)) > 0)
		c->rc += n;
	return NULL;
}

static void *do_recv(void *arg)
{
	struct caller *c = arg;

	c->tid = gettid();
	c->rc = recv(c->fd, c->buf, sizeof(c->buf), 0);
	return NULL;
}

static void *do_recv_all(void *arg)
{
	struct caller *c = arg;

	c->tid = gettid();
	c->rc = recv(c->fd, c->buf, 5, MSG_WAITALL);
	return NULL;
}

static void *do_peek(void *arg)
{
	struct caller *c = arg;

	c->tid = gettid();
	c->rc = recv(c->fd, c->buf, sizeof(c->buf), MSG_PEEK);
	recv(c->fd, c->buf, sizeof(c->buf), 0);
	return NULL;
}

static void *do_splice_out(void *arg)
{
	struct caller *c = arg;
	int fd[2];

	if (pipe(fd))
		return NULL;
	c->tid = gettid();
	c->rc = splice(c->fd, NULL, fd[1], NULL, sizeof(c->buf), 0);
	if (c->rc > 0 && read(fd[0], c->buf, c->rc) != c->rc)
		c->rc = -1;
	close(fd[0]);
	close(fd[1]);
	return NULL;
}

static int fill_file(int fd)
{
	char *buf = malloc(LEN);
	ssize_t n;

	st_fill(buf, LEN, 0);
	n = write(fd, buf, LEN);
	free(buf);
	return n == LEN ? 0 : -1;
}

static int new_file(void)
{
	char path[] = "/tmp/asleep.XXXXXX";
	int fd = mkstemp(path);

	if (fd < 0 || unlink(path) || fill_file(fd) || lseek(fd, 0, SEEK_SET))
		return -1;
	return fd;
}

static int full_pipe(void)
{
	int fd[2];

	if (pipe(fd) || fcntl(fd[1], F_SETPIPE_SZ, LEN) < LEN || fill_file(fd[1]))
		return -1;
	close(fd[1]);
	return fd[0];
}

FIXTURE(asleep)
{
	int fd[2];
	struct st_key k;
	struct st_key back;
	struct caller w;
	struct caller r;
};

FIXTURE_VARIANT(asleep)
{
	uint16_t version;
	void *(*send)(void *arg);
	void *(*recv)(void *arg);
	bool rx_first;
};

FIXTURE_VARIANT_ADD(asleep, send_recv) { V12, do_send, do_recv, false };
FIXTURE_VARIANT_ADD(asleep, send_recv_back) { V13, do_send, do_recv, true };
FIXTURE_VARIANT_ADD(asleep, sendfile_waitall) { V13, do_sendfile, do_recv_all, false };
FIXTURE_VARIANT_ADD(asleep, sendfile_peek_back) { V12, do_sendfile, do_peek, true };
FIXTURE_VARIANT_ADD(asleep, splice_splice) { V12, do_splice_in, do_splice_out, false };
FIXTURE_VARIANT_ADD(asleep, splice_splice_back) { V13, do_splice_in, do_splice_out, true };

FIXTURE_SETUP(asleep)
{
	int size = 20000;

	self->k = st_key(variant->version, TLS_CIPHER_AES_GCM_128, 0, 1);
	self->back = st_key(variant->version, TLS_CIPHER_AES_GCM_128, 0, 2);
	ASSERT_EQ(0, st_pair(AF_INET, self->fd));
	ASSERT_EQ(0, setsockopt(self->fd[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)));
	self->w.file = variant->send == do_splice_in ? full_pipe() : new_file();
	ASSERT_LE(0, self->w.file);
	self->w.fd = self->fd[0];
	self->r.fd = self->fd[0];
}

FIXTURE_TEARDOWN(asleep)
{
	close(self->fd[0]);
	close(self->fd[1]);
	close(self->w.file);
}

/* the first key of one direction, then that of the other one; what each of them gets */
static void try_keys(FIXTURE_DATA(asleep) *self, bool rx_first, int *tx, int *rx)
{
	int i, rc;

	for (i = 0; i < 2; i++) {
		bool is_rx = rx_first == !i;

		rc = st_set(self->fd[0], ST_SHEATH, is_rx ? TLS_RX : TLS_TX,
			    is_rx ? &self->back : &self->k);
		*(is_rx ? rx : tx) = rc ? errno : 0;
	}
}

/* from here on both directions are sealed, and nothing of either is lost */
static const char *both_work(FIXTURE_DATA(asleep) *self, bool tx, bool rx)
{
	char buf[8];

	if (tx && st_set(self->fd[0], ST_SHEATH, TLS_TX, &self->k))
		return "no sending key";
	if (rx && st_set(self->fd[0], ST_SHEATH, TLS_RX, &self->back))
		return "no receiving key";
	if (st_set(self->fd[1], ST_IN_TREE, TLS_RX, &self->k) ||
	    st_set(self->fd[1], ST_IN_TREE, TLS_TX, &self->back))
		return "no keys at the other end";
	if (send(self->fd[0], "abc", 3, 0) != 3 || st_recv_all(self->fd[1], buf, 3) ||
	    memcmp(buf, "abc", 3))
		return "what was sent";
	if (send(self->fd[1], "def", 3, 0) != 3 || st_recv_all(self->fd[0], buf, 3) ||
	    memcmp(buf, "def", 3))
		return "what was received";
	return NULL;
}

TEST_F(asleep, writer)
{
	int tx = 0, rx = 0;

	ASSERT_EQ(0, pthread_create(&self->w.thread, NULL, variant->send, &self->w));
	ASSERT_TRUE(st_falls_asleep(&self->w.tid));
	ASSERT_EQ(0, st_attach(self->fd[0], ST_SHEATH));
	try_keys(self, variant->rx_first, &tx, &rx);
	EXPECT_EQ(EBUSY, tx);
	EXPECT_EQ(0, rx);
	EXPECT_EQ(0, st_expect(self->fd[1], 0, LEN, 65536));
	ASSERT_EQ(0, pthread_join(self->w.thread, NULL));
	EXPECT_EQ(LEN, self->w.rc);
	EXPECT_EQ(NULL, both_work(self, true, false));
}

TEST_F(asleep, reader)
{
	int tx = 0, rx = 0;

	ASSERT_EQ(0, pthread_create(&self->r.thread, NULL, variant->recv, &self->r));
	ASSERT_TRUE(st_falls_asleep(&self->r.tid));
	ASSERT_EQ(0, st_attach(self->fd[0], ST_SHEATH));
	try_keys(self, variant->rx_first, &tx, &rx);
	EXPECT_EQ(0, tx);
	EXPECT_EQ(EBUSY, rx);
	ASSERT_EQ(5, send(self->fd[1], "plain", 5, 0));
	ASSERT_EQ(0, pthread_join(self->r.thread, NULL));
	EXPECT_EQ(5, self->r.rc);
	EXPECT_EQ(0, memcmp(self->r.buf, "plain", 5));
	EXPECT_EQ(NULL, both_work(self, false, true));
}

TEST_F(asleep, both)
{
	int tx = 0, rx = 0;

	ASSERT_EQ(0, pthread_create(&self->w.thread, NULL, variant->send, &self->w));
	ASSERT_EQ(0, pthread_create(&self->r.thread, NULL, variant->recv, &self->r));
	ASSERT_TRUE(st_falls_asleep(&self->w.tid));
	ASSERT_TRUE(st_falls_asleep(&self->r.tid));
	ASSERT_EQ(0, st_attach(self->fd[0], ST_SHEATH));
	try_keys(self, variant->rx_first, &tx, &rx);
	EXPECT_EQ(EBUSY, tx);
	EXPECT_EQ(EBUSY, rx);
	EXPECT_EQ(0, st_expect(self->fd[1], 0, LEN, 65536));
	ASSERT_EQ(5, send(self->fd[1], "plain", 5, 0));
	ASSERT_EQ(0, pthread_join(self->w.thread, NULL));
	ASSERT_EQ(0, pthread_join(self->r.thread, NULL));
	EXPECT_EQ(LEN, self->w.rc);
	EXPECT_EQ(5, self->r.rc);
	EXPECT_EQ(NULL, both_work(self, true, true));
}

static void *do_poll(void *arg)
{
	struct caller *c = arg;

	c->tid = gettid();
	c->rc = st_poll(c->fd, POLLIN, 20000);
	return NULL;
}

static void *do_epoll(void *arg)
{
	struct caller *c = arg;
	struct epoll_event e = { .events = EPOLLIN };
	int ep = epoll_create1(0);

	if (epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e))
		return NULL;
	c->tid = gettid();
	c->rc = epoll_wait(ep, &e, 1, 20000) == 1 ? (long)e.events : -1;
	close(ep);
	return NULL;
}

/* who waits for the socket without being in the middle of its bytes is in nobody's way */
TEST_F(asleep, pollers)
{
	struct caller c[2] = { { .fd = self->fd[0] }, { .fd = self->fd[0] } };
	int tx = -1, rx = -1, i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_create(&c[i].thread, NULL, i ? do_epoll : do_poll, &c[i]));
		ASSERT_TRUE(st_falls_asleep(&c[i].tid));
	}
	ASSERT_EQ(0, st_attach(self->fd[0], ST_SHEATH));
	try_keys(self, variant->rx_first, &tx, &rx);
	EXPECT_EQ(0, tx);
	EXPECT_EQ(0, rx);
	ASSERT_EQ(0, st_set(self->fd[1], ST_IN_TREE, TLS_TX, &self->back));
	ASSERT_EQ(3, send(self->fd[1], "abc", 3, 0));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_join(c[i].thread, NULL));
		EXPECT_EQ(POLLIN, c[i].rc);
	}
}

/* a sender of ours that sleeps is no receiver */
TEST_F(asleep, sealed_writer)
{
	ASSERT_EQ(0, st_set(self->fd[0], ST_SHEATH, TLS_TX, &self->k));
	ASSERT_EQ(0, pthread_create(&self->w.thread, NULL, variant->send, &self->w));
	ASSERT_TRUE(st_falls_asleep(&self->w.tid));
	EXPECT_EQ(0, st_set(self->fd[0], ST_SHEATH, TLS_RX, &self->back));
	ASSERT_EQ(0, st_set(self->fd[1], ST_IN_TREE, TLS_RX, &self->k));
	EXPECT_EQ(0, st_expect(self->fd[1], 0, LEN, 65536));
	ASSERT_EQ(0, pthread_join(self->w.thread, NULL));
	EXPECT_EQ(LEN, self->w.rc);
}

/* nor is a receiver of ours a sender */
TEST_F(asleep, sealed_reader)
{
	ASSERT_EQ(0, st_set(self->fd[0], ST_SHEATH, TLS_RX, &self->back));
	ASSERT_EQ(0, pthread_create(&self->r.thread, NULL, variant->recv, &self->r));
	ASSERT_TRUE(st_falls_asleep(&self->r.tid));
	EXPECT_EQ(0, st_set(self->fd[0], ST_SHEATH, TLS_TX, &self->k));
	ASSERT_EQ(0, st_set(self->fd[1], ST_IN_TREE, TLS_TX, &self->back));
	ASSERT_EQ(5, send(self->fd[1], "abcde", 5, 0));
	ASSERT_EQ(0, pthread_join(self->r.thread, NULL));
	EXPECT_EQ(5, self->r.rc);
	EXPECT_EQ(0, memcmp(self->r.buf, "abcde", 5));
}

TEST_HARNESS_MAIN
