// SPDX-License-Identifier: GPL-2.0
/* A sender whose buffer is full, and what leaves it last. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "asleep.h"
#include "patience.h"
#include "peer.h"

enum { ALERT = 21, DATA = 23 };

#define ROOM	17000	/* more than a record */
#define V12	TLS_1_2_VERSION
#define V13	TLS_1_3_VERSION

/* as much as the socket takes without waiting */
static long long fill_up(int fd)
{
	static uint8_t buf[10000];
	long long sent = 0;
	ssize_t n;

	do {
		st_fill(buf, sizeof(buf), sent);
		n = send(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_NOSIGNAL);
		sent += n > 0 ? n : 0;
	} while (n > 0);
	return errno == EAGAIN ? sent : -1;
}

FIXTURE(last)
{
	struct st_peer p;
	long long sent;
};

FIXTURE_VARIANT(last)
{
	uint16_t version, cipher;
};

FIXTURE_VARIANT_ADD(last, tls12) { V12, TLS_CIPHER_AES_GCM_128 };
FIXTURE_VARIANT_ADD(last, tls13) { V13, TLS_CIPHER_AES_GCM_256 };

FIXTURE_SETUP(last)
{
	int small = 20000;

	ASSERT_EQ(0, st_peer_open(&self->p, variant->version, variant->cipher, false));
	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)));
	self->sent = fill_up(self->p.fd);
	ASSERT_LT(0, self->sent);
}

FIXTURE_TEARDOWN(last)
{
	st_peer_close(&self->p);
}

/* all that was sent, then an alert, then nothing; the text of what is wrong, or NULL */
static const char *ends_with(struct st_peer *p, long long sent, uint8_t level, uint8_t desc)
{
	static uint8_t out[ROOM];
	long long pos = 0;
	uint8_t type;
	int n;

	while ((n = st_recv_record(p->raw, &p->from, &type, out)) >= 0 && type == DATA) {
		if (!st_check(out, n, pos))
			return "other bytes";
		pos += n;
	}
	if (n < 0)
		return n == -2 ? "a record that does not verify" : "no alert";
	if (pos != sent)
		return "bytes are missing, or there are more";
	if (type != ALERT || n != 2 || out[0] != level || out[1] != desc)
		return "another alert";
	return st_poll(p->raw, POLLIN, 20) & POLLIN && recv(p->raw, out, 1, MSG_DONTWAIT) > 0 ?
	       "something behind the alert" : NULL;
}

#define EXPECT_LAST(level, desc)						\
do {										\
	const char *why = ends_with(&self->p, self->sent, level, desc);	\
										\
	EXPECT_EQ(NULL, why) TH_LOG("wrong: %s", why);				\
} while (0)

static int send_bad(struct st_peer *p)
{
	struct st_record r = { .type = DATA, .data = "bad", .len = 3, .flip = 9 };
	static uint8_t out[ROOM];
	int n = st_seal(&p->to, &r, out);

	return n < 0 ? -1 : st_send_all(p->raw, out, n, 0);
}

TEST_F(last, shutdown)
{
	ASSERT_EQ(0, shutdown(self->p.fd, SHUT_WR));
	EXPECT_LAST(1, 0);
	EXPECT_TRUE(st_peer_ended(&self->p));
}

TEST_F(last, close_notify)
{
	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, SHEATH_CLOSE_NOTIFY, NULL, 0));
	EXPECT_LAST(1, 0);
}

TEST_F(last, bad_record)
{
	char c;

	ASSERT_EQ(0, send_bad(&self->p));
	EXPECT_EQ(-1, recv(self->p.fd, &c, 1, 0));
	EXPECT_EQ(EBADMSG, errno);
	EXPECT_LAST(2, 20);
}

/* RFC 8446 section 6.2: after a fatal alert nothing is sent, sealed before it or not */
TEST_F(last, fatal_alert)
{
	static const uint8_t fatal[] = { 2, 40 };
	static uint8_t out[ROOM];
	uint8_t type;
	long long pos = 0;
	char c;
	int n;

	ASSERT_EQ(0, st_peer_send(&self->p, ALERT, fatal, 2));
	EXPECT_EQ(-1, recv(self->p.fd, &c, 1, 0));
	EXPECT_EQ(EPROTO, errno);
	close(self->p.fd);
	self->p.fd = -1;
	/* what TCP had may come or not; what comes is right, and is no alert */
	while ((n = st_recv_record(self->p.raw, &self->p.from, &type, out)) >= 0) {
		ASSERT_EQ(DATA, type);
		ASSERT_TRUE(st_check(out, n, pos));
		pos += n;
	}
	EXPECT_EQ(-1, n);
	EXPECT_GE(self->sent, pos);
}

struct sender {
	pthread_t thread;
	int fd;
	volatile pid_t tid;
	ssize_t n;
	int err;
};

static void *blocked_send(void *arg)
{
	static char buf[1 << 20];
	struct sender *s = arg;

	s->tid = gettid();
	do {
		s->n = send(s->fd, buf, sizeof(buf), MSG_NOSIGNAL);
	} while (s->n > 0);
	s->err = errno;
	return NULL;
}

/* the reader finds out; the writer, who sleeps, is told at once */
TEST_F(last, a_writer_that_waits)
{
	struct sender s = { .fd = self->p.fd };
	char c;

	ASSERT_EQ(0, pthread_create(&s.thread, NULL, blocked_send, &s));
	ASSERT_TRUE(st_falls_asleep(&s.tid));
	ASSERT_EQ(0, send_bad(&self->p));
	EXPECT_EQ(-1, recv(self->p.fd, &c, 1, 0));
	EXPECT_EQ(EBADMSG, errno);
	ASSERT_EQ(0, pthread_join(s.thread, NULL));
	EXPECT_EQ(-1, s.n);
	EXPECT_TRUE(s.err == EBADMSG || s.err == EPIPE);
}

TEST_F(last, a_writer_that_waits_for_close_notify)
{
	struct sender s = { .fd = self->p.fd };

	ASSERT_EQ(0, pthread_create(&s.thread, NULL, blocked_send, &s));
	ASSERT_TRUE(st_falls_asleep(&s.tid));
	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, SHEATH_CLOSE_NOTIFY, NULL, 0));
	ASSERT_EQ(0, pthread_join(s.thread, NULL));
	EXPECT_EQ(-1, s.n);
	EXPECT_EQ(EPIPE, s.err);
}

struct interrupted {
	pthread_t thread;
	int fd;
	volatile pid_t tid;
	long long pos;
	ssize_t n;
};

static void nothing(int sig)
{
}

static void *interrupted_send(void *arg)
{
	static uint8_t buf[1 << 20];
	struct interrupted *s = arg;

	st_fill(buf, sizeof(buf), s->pos);
	s->tid = gettid();
	s->n = send(s->fd, buf, sizeof(buf), MSG_NOSIGNAL);
	return NULL;
}

/* records up to position @end; the position reached, or -1 */
static long long drain_to(struct st_peer *p, long long pos, long long end)
{
	static uint8_t out[ROOM];
	uint8_t type;

	while (pos < end) {
		int n = st_recv_record(p->raw, &p->from, &type, out);

		if (n <= 0 || type != DATA || !st_check(out, n, pos))
			return -1;
		pos += n;
	}
	return pos;
}

static bool record_is_there(int fd)
{
	uint8_t head[5];
	int have;

	return recv(fd, head, 5, MSG_PEEK | MSG_DONTWAIT) == 5 && !ioctl(fd, FIONREAD, &have) &&
	       have >= 5 + (head[3] << 8 | head[4]);
}

/* with one CPU nobody else runs: the sender finds room and the signal when it does */
static int be_alone(bool alone)
{
	struct sched_param param = { .sched_priority = alone };

	return sched_setscheduler(0, alone ? SCHED_FIFO : SCHED_OTHER, &param);
}

/* the wake-up that made room may be the signal's: what counts as sent goes out all the same */
TEST_F_TIMEOUT(last, signals_while_it_waits, 120)
{
	struct sigaction act = { .sa_handler = nothing };
	long long pos = 0;
	int round;

	ASSERT_EQ(0, sigaction(SIGUSR1, &act, NULL));
	/* a window that grows with what is read would take all at once, and nobody waits */
	ASSERT_EQ(0, setsockopt(self->p.raw, SOL_SOCKET, SO_RCVBUF, &(int){ 60000 }, 4));
	ASSERT_EQ(0, st_be_patient(self->p.raw, 5000));
	for (round = 0; round < 40; round++) {
		struct interrupted s = { .fd = self->p.fd, .pos = self->sent };

		ASSERT_EQ(0, pthread_create(&s.thread, NULL, interrupted_send, &s));
		ASSERT_TRUE(st_falls_asleep(&s.tid));
		ASSERT_EQ(0, be_alone(true));
		while (record_is_there(self->p.raw)) {
			pos = drain_to(&self->p, pos, pos + 1);
			ASSERT_LE(0, pos);
		}
		/* no acknowledgement is left to come */
		ASSERT_EQ(0, setsockopt(self->p.raw, IPPROTO_TCP, TCP_QUICKACK, &(int){ 1 }, 4));
		ASSERT_EQ(0, pthread_kill(s.thread, SIGUSR1));
		ASSERT_EQ(0, be_alone(false));
		/* a signal that came before the call interrupts nothing: then it has to end */
		while (pthread_tryjoin_np(s.thread, NULL)) {
			usleep(5000);
			pthread_kill(s.thread, SIGUSR1);
		}
		self->sent += s.n > 0 ? s.n : 0;
		pos = drain_to(&self->p, pos, self->sent);
		ASSERT_EQ(self->sent, pos) TH_LOG("round %d", round);
	}
}

TEST_HARNESS_MAIN
