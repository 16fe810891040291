// SPDX-License-Identifier: GPL-2.0
/*
 * Reads of no bytes: programs wait for input by them. Plain TCP is the measure: nothing there
 * is EAGAIN or a wait, something there is 0, and nothing is taken.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "asleep.h"
#include "cmsg.h"
#include "peer.h"

enum { ALERT = 21, HANDSHAKE = 22, DATA = 23 };

#define FULL	16384

/* @p.fd is read from; @ulp "" leaves both ends plain */
FIXTURE(zero)
{
	struct st_peer p;
	char buf[2 * FULL];
};

FIXTURE_VARIANT(zero)
{
	uint16_t version, cipher;
	bool plain, app;
	uint8_t mac;
};

#define VARIANT(name, ...) FIXTURE_VARIANT_ADD(zero, name) { __VA_ARGS__ }

VARIANT(plain_measure, .plain = true);
VARIANT(tls12, TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_128);
VARIANT(tls13, TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_256);
VARIANT(tls13_ccm, TLS_1_3_VERSION, TLS_CIPHER_AES_CCM_128);
VARIANT(tls13_chacha_app, TLS_1_3_VERSION, TLS_CIPHER_CHACHA20_POLY1305, .app = true);
VARIANT(tls12_app, TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_256, .app = true);
VARIANT(tls12_cbc, TLS_1_2_VERSION, SHEATH_CIPHER_AES_128_CBC, .mac = SHEATH_MAC_SHA1);

FIXTURE_SETUP(zero)
{
	struct st_key to, from;
	int fd[2];

	if (variant->plain) {
		ASSERT_EQ(0, st_pair(AF_INET, fd));
		self->p.fd = fd[0];
		self->p.raw = fd[1];
	} else if (variant->mac) {
		to = st_key_mac(variant->version, variant->cipher, variant->mac, false, 0, 1);
		from = st_key_mac(variant->version, variant->cipher, variant->mac, false, 0, 2);
		ASSERT_EQ(0, st_peer_open_keys(&self->p, &to, &from));
	} else {
		ASSERT_EQ(0, st_peer_open(&self->p, variant->version, variant->cipher,
					  variant->app));
	}
}

FIXTURE_TEARDOWN(zero)
{
	st_peer_close(&self->p);
}

static int put(FIXTURE_DATA(zero) *self, const FIXTURE_VARIANT(zero) *variant, size_t len)
{
	return variant->plain ? st_send_all(self->p.raw, self->buf, len, 0) :
				st_peer_send(&self->p, DATA, self->buf, len);
}

#define PUT(len)	ASSERT_EQ(0, put(self, variant, len))
#define ARRIVES()	ASSERT_NE(0, st_poll(self->p.fd, POLLIN, 5000))
#define EMPTY(flags)	recv(self->p.fd, self->buf, 0, flags)
#define EXPECT_ERRNO(e, call)			\
	do {					\
		EXPECT_EQ(-1, call);		\
		EXPECT_EQ(e, errno);		\
	} while (0)

TEST_F(zero, nothing_there)
{
	struct iovec none = { };
	struct msghdr msg = { .msg_iov = &none };

	EXPECT_ERRNO(EAGAIN, EMPTY(MSG_DONTWAIT));
	EXPECT_ERRNO(EAGAIN, EMPTY(MSG_DONTWAIT | MSG_PEEK));
	EXPECT_ERRNO(EAGAIN, EMPTY(MSG_DONTWAIT | MSG_WAITALL));
	EXPECT_ERRNO(EAGAIN, recvmsg(self->p.fd, &msg, MSG_DONTWAIT));
	msg.msg_iovlen = 1;
	EXPECT_ERRNO(EAGAIN, recvmsg(self->p.fd, &msg, MSG_DONTWAIT));
	ASSERT_EQ(0, fcntl(self->p.fd, F_SETFL, O_NONBLOCK));
	EXPECT_ERRNO(EAGAIN, EMPTY(0));
	/* these the kernel answers without asking the socket */
	EXPECT_EQ(0, read(self->p.fd, self->buf, 0));
	EXPECT_EQ(0, readv(self->p.fd, &none, 1));
	EXPECT_EQ(0, readv(self->p.fd, &none, 0));
}

TEST_F(zero, something_there)
{
	struct iovec iov[3] = { { }, { self->buf, 1 }, { } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 1 };
	int i;

	PUT(2);
	ARRIVES();
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, EMPTY(0));
		EXPECT_EQ(0, EMPTY(MSG_PEEK));
		EXPECT_EQ(0, EMPTY(MSG_WAITALL));
		EXPECT_EQ(0, EMPTY(MSG_TRUNC));
		EXPECT_EQ(0, recvmsg(self->p.fd, &msg, 0));
		/* between empty pieces there is one that is not */
		EXPECT_EQ(1, readv(self->p.fd, iov, 3));
	}
	EXPECT_ERRNO(EAGAIN, EMPTY(MSG_DONTWAIT));
}

/* the wait costs the reader that follows nothing: the record is opened into its pages */
TEST_F(zero, large_record)
{
	long long direct = st_stat("RxDirect");

	PUT(FULL);
	ARRIVES();
	EXPECT_EQ(0, EMPTY(0));
	ASSERT_EQ(FULL, recv(self->p.fd, self->buf, FULL, MSG_WAITALL));
	if (!variant->plain && !variant->mac)
		EXPECT_EQ(direct + 1, st_stat("RxDirect"));
}

struct waiter {
	int fd;
	ssize_t rc;
	int err;
	volatile pid_t tid;
};

static void *wait_for_input(void *arg)
{
	struct waiter *w = arg;
	char c;

	w->tid = syscall(SYS_gettid);
	w->rc = recv(w->fd, &c, 0, 0);
	w->err = errno;
	return NULL;
}

TEST_F(zero, waits)
{
	struct waiter w = { .fd = self->p.fd, .rc = -2 };
	pthread_t t;

	ASSERT_EQ(0, pthread_create(&t, NULL, wait_for_input, &w));
	ASSERT_TRUE(st_falls_asleep(&w.tid));
	EXPECT_EQ(-2, w.rc);
	PUT(1);
	pthread_join(t, NULL);
	EXPECT_EQ(0, w.rc);
	EXPECT_EQ(1, recv(self->p.fd, self->buf, 10, MSG_DONTWAIT));
}

TEST_F(zero, waits_for_the_end)
{
	struct waiter w = { .fd = self->p.fd, .rc = -2 };
	pthread_t t;

	ASSERT_EQ(0, pthread_create(&t, NULL, wait_for_input, &w));
	ASSERT_TRUE(st_falls_asleep(&w.tid));
	if (!variant->plain)
		ASSERT_EQ(0, st_peer_send(&self->p, ALERT, "\1\0", 2));
	ASSERT_EQ(0, shutdown(self->p.raw, SHUT_WR));
	pthread_join(t, NULL);
	/* close_notify is the application's to read, if it reads control records */
	EXPECT_EQ(variant->app ? -1 : 0, w.rc);
	if (variant->app) {
		EXPECT_EQ(EIO, w.err);
	} else {
		EXPECT_EQ(0, EMPTY(0));
	}
}

TEST_F(zero, waits_so_long)
{
	struct timeval tv = { .tv_usec = 20000 };

	/* TCP waits, and says 0 for whatever ended the wait */
	if (variant->plain)
		return;
	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	EXPECT_ERRNO(EAGAIN, EMPTY(0));
}

/* more than a byte would be asked of a reader with room for it */
TEST_F(zero, low_water_mark)
{
	int mark = 1000;

	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof(mark)));
	EXPECT_ERRNO(EAGAIN, EMPTY(MSG_DONTWAIT));
	PUT(1);
	EXPECT_EQ(0, EMPTY(0));
	EXPECT_EQ(1, recv(self->p.fd, self->buf, 1, 0));
}

TEST_F(zero, control_record)
{
	int type;

	if (!variant->app)
		return;
	ASSERT_EQ(0, st_peer_send(&self->p, ALERT, "\1\0", 2));
	ARRIVES();
	EXPECT_ERRNO(EIO, EMPTY(0));
	EXPECT_EQ(0, st_recv_type(self->p.fd, self->buf, 0, &type));
	EXPECT_EQ(ALERT, type);
	EXPECT_EQ(2, st_recv_type(self->p.fd, self->buf, 10, &type));
	EXPECT_EQ(ALERT, type);
}

/* what no reader gets is not worth an answer, and what is not complete neither */
TEST_F(zero, nothing_for_a_reader)
{
	static const char ticket[] = "\4\0\0\2xy";
	uint8_t rec[ST_RECORD_MAX];
	struct st_record r = { .type = DATA, .data = "abc", .len = 3 };
	int n;

	if (variant->plain || variant->app)
		return;
	if (variant->version == TLS_1_3_VERSION)
		ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, ticket, 6));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "", 0));
	n = st_seal(&self->p.to, &r, rec);
	ASSERT_LT(0, n);
	ASSERT_EQ(0, st_send_all(self->p.raw, rec, n - 1, 0));
	EXPECT_ERRNO(EAGAIN, EMPTY(MSG_DONTWAIT));
	EXPECT_EQ(0, st_poll(self->p.fd, POLLIN, 0));
	ASSERT_EQ(0, st_send_all(self->p.raw, rec + n - 1, 1, 0));
	ARRIVES();
	EXPECT_EQ(0, EMPTY(0));
	EXPECT_EQ(3, recv(self->p.fd, self->buf, 10, 0));
}

/* a ticket that waits unseen is to be seen as soon as the application wants it */
TEST_F(zero, ticket_becomes_readable)
{
	static const char ticket[] = "\4\0\0\2xy";
	uint32_t on = 1;
	int type;

	if (variant->version != TLS_1_3_VERSION || variant->app)
		return;
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, ticket, 6));
	EXPECT_EQ(0, st_poll(self->p.fd, POLLIN, 30));
	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, SHEATH_CTRL, &on, sizeof(on)));
	ARRIVES();
	EXPECT_ERRNO(EIO, EMPTY(MSG_DONTWAIT));
	EXPECT_EQ(6, st_recv_type(self->p.fd, self->buf, 10, &type));
	EXPECT_EQ(HANDSHAKE, type);
}

TEST_HARNESS_MAIN
