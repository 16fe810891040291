// SPDX-License-Identifier: GPL-2.0
/* What TCP does to records on their way: order, overlaps, urgent bytes, resets, small windows. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "patience.h"
#include "peer.h"
#include "record.h"
#include "segment.h"

enum { ALERT = 21, DATA = 23 };

#define V12	TLS_1_2_VERSION
#define V13	TLS_1_3_VERSION
#define STREAM	24000	/* less than a receive buffer takes out of order */
#define FULL	16384

#define VARIANTS(fixture)							\
FIXTURE_VARIANT(fixture) { uint16_t version, cipher; };			\
FIXTURE_VARIANT_ADD(fixture, tls12_gcm) { V12, TLS_CIPHER_AES_GCM_128 };	\
FIXTURE_VARIANT_ADD(fixture, tls13_gcm) { V13, TLS_CIPHER_AES_GCM_256 };	\
FIXTURE_VARIANT_ADD(fixture, tls13_ccm) { V13, TLS_CIPHER_AES_CCM_128 };	\
FIXTURE_VARIANT_ADD(fixture, tls13_chacha) { V13, TLS_CIPHER_CHACHA20_POLY1305 }

/* a counter of TCP's own in /proc/net/netstat: names in one line, values in the next */
static long long tcp_ext(const char *name)
{
	FILE *f = fopen("/proc/net/netstat", "r");
	static char names[8192], values[8192];
	long long found = -1;
	char *n, *v, *a, *b;

	while (f && fgets(names, sizeof(names), f) && fgets(values, sizeof(values), f)) {
		n = strtok_r(names, " \n", &a);
		v = strtok_r(values, " \n", &b);
		while (n && v) {
			if (!strcmp(n, name))
				found = atoll(v);
			n = strtok_r(NULL, " \n", &a);
			v = strtok_r(NULL, " \n", &b);
		}
	}
	if (f)
		fclose(f);
	return found;
}

/* a sheath end, and segments to it; a stream of sealed records of many sizes */
FIXTURE(segment)
{
	int fd;
	struct st_segments s;
	struct st_key k;
	uint8_t wire[STREAM + ST_RECORD_MAX];
	size_t len;
	size_t content;
	char buf[STREAM + FULL];
};

VARIANTS(segment);

FIXTURE_SETUP(segment)
{
	int fd[2];

	self->k = st_key(variant->version, variant->cipher, 0, 1);
	ASSERT_EQ(0, st_pair(AF_INET, fd));
	self->fd = fd[0];
	ASSERT_EQ(0, st_set_sheath(fd[0], TLS_RX, &self->k));
	ASSERT_EQ(0, st_segments_open(&self->s, fd[1]));
}

FIXTURE_TEARDOWN(segment)
{
	struct linger l = { .l_onoff = 1 };

	/* nobody would answer a FIN */
	setsockopt(self->fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	close(self->fd);
	st_segments_close(&self->s);
}

/* append a record to the stream; its length, or -1 */
static int put(FIXTURE_DATA(segment) *self, uint8_t type, const void *data, size_t len)
{
	struct st_record r = { .type = type, .data = data, .len = len };
	int n = st_seal(&self->k, &r, self->wire + self->len);

	if (n > 0)
		self->len += n;
	return n;
}

/* records of the pattern, of lengths with nothing in common, until there are enough bytes */
static void fill(FIXTURE_DATA(segment) *self, size_t enough)
{
	static uint8_t data[FULL];
	size_t i;

	for (i = 0; self->len < enough; i++) {
		size_t len = 1 + i * 977 % 5000;

		st_fill(data, len, self->content);
		if (put(self, DATA, data, len) < 0)
			return;
		self->content += len;
	}
}

static int send_piece(FIXTURE_DATA(segment) *self, size_t from, size_t to)
{
	return st_segment(&self->s, from, self->wire + from, to - from, ST_PSH, 0);
}

static void expect_all(struct __test_metadata *_metadata, FIXTURE_DATA(segment) *self)
{
	ASSERT_EQ(0, st_recv_all(self->fd, self->buf, self->content));
	EXPECT_TRUE(st_check(self->buf, self->content, 0));
	EXPECT_EQ(-1, recv(self->fd, self->buf, 1, MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
}

TEST_F(segment, in_order)
{
	size_t at;

	fill(self, STREAM);
	for (at = 0; at < self->len; at += 1448)
		ASSERT_EQ(0, send_piece(self, at, at + 1448 < self->len ? at + 1448 : self->len));
	expect_all(_metadata, self);
}

TEST_F(segment, backwards)
{
	long long before = tcp_ext("TCPOFOQueue");
	size_t cut = 700, n, i;

	/* the first one last: until then there is nothing to read */
	fill(self, STREAM);
	n = (self->len + cut - 1) / cut;
	for (i = n; i--; ) {
		EXPECT_EQ(0, st_poll(self->fd, POLLIN, 0));
		ASSERT_EQ(0, send_piece(self, i * cut, i + 1 == n ? self->len : (i + 1) * cut));
	}
	EXPECT_LE(before + (long long)n - 1, tcp_ext("TCPOFOQueue"));
	expect_all(_metadata, self);
}

/*
 * A segment that waits out of order and is then overlapped from the front stays in the
 * queue as it is, behind one that has some of its bytes.
 */
TEST_F(segment, overlapping)
{
	size_t at, step = 900, over = 400;
	long long before = tcp_ext("TCPOFOQueue");

	fill(self, STREAM);
	for (at = 0; at + 2 * step < self->len; at += 2 * step) {
		ASSERT_EQ(0, send_piece(self, at + step, at + 2 * step));
		ASSERT_EQ(0, send_piece(self, at, at + step + over));
	}
	EXPECT_LT(before, tcp_ext("TCPOFOQueue"));
	ASSERT_EQ(0, send_piece(self, at, self->len));
	expect_all(_metadata, self);
}

/* any piece at any time, seen before or not, between reads of any size */
TEST_F(segment, any_pieces)
{
	unsigned int seed = 5, round;
	size_t got = 0;

	fill(self, STREAM);
	for (round = 0; round < 3000 && got < self->content; round++) {
		/* those that would begin before the first byte begin with it */
		size_t from = rand_r(&seed) % (self->len + 1000), to;
		ssize_t n;

		from = from < 1000 ? 0 : from - 1000;
		to = from + 1 + rand_r(&seed) % 3000;
		ASSERT_EQ(0, send_piece(self, from, to < self->len ? to : self->len));
		n = recv(self->fd, self->buf + got, 1 + rand_r(&seed) % 4000, MSG_DONTWAIT);
		if (n > 0) {
			got += n;
			continue;
		}
		ASSERT_EQ(-1, n);
		ASSERT_EQ(EAGAIN, errno);
	}
	EXPECT_EQ(self->content, got);
	EXPECT_TRUE(st_check(self->buf, got, 0));
}

TEST_F(segment, sent_again)
{
	size_t half;

	fill(self, 5000);
	half = self->len / 2;
	ASSERT_EQ(0, send_piece(self, 0, half));
	while (recv(self->fd, self->buf, sizeof(self->buf), MSG_DONTWAIT) > 0)
		;
	/* what was read already, alone and in front of what is new */
	ASSERT_EQ(0, send_piece(self, 0, half));
	EXPECT_EQ(0, st_poll(self->fd, POLLIN, 20));
	ASSERT_EQ(0, send_piece(self, 0, self->len));
	EXPECT_LT(0, recv(self->fd, self->buf, sizeof(self->buf), 0));
	EXPECT_EQ(-1, recv(self->fd, self->buf, 1, MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, errno);
}

/* RFC 6093: the byte is part of the stream, and of a record */
TEST_F(segment, urgent)
{
	static const unsigned int at[] = { 1, 3, 5, 6, 100, 300 };
	size_t i, begin;

	for (i = 0; i < sizeof(at) / sizeof(*at); i++) {
		static uint8_t data[400];

		begin = self->len;
		st_fill(data, sizeof(data), self->content);
		ASSERT_LT(0, put(self, DATA, data, sizeof(data)));
		self->content += sizeof(data);
		ASSERT_EQ(0, st_segment(&self->s, begin, self->wire + begin, self->len - begin,
					ST_PSH | ST_URG, at[i]));
		ASSERT_EQ(0, st_recv_all(self->fd, self->buf, sizeof(data)));
		EXPECT_TRUE(st_check(self->buf, sizeof(data), self->content - sizeof(data)));
	}
	/* a pointer far ahead, to a byte that comes much later or never */
	begin = self->len;
	ASSERT_LT(0, put(self, DATA, "end", 3));
	ASSERT_EQ(0, st_segment(&self->s, begin, self->wire + begin, self->len - begin,
				ST_PSH | ST_URG, 60000));
	EXPECT_EQ(3, recv(self->fd, self->buf, 10, 0));
}

TEST_F(segment, fin_overtakes)
{
	size_t half;

	fill(self, 5000);
	ASSERT_LT(0, put(self, ALERT, "\1\0", 2));
	half = self->len / 2;
	ASSERT_EQ(0, st_segment(&self->s, self->len, "", 0, ST_FIN, 0));
	ASSERT_EQ(0, send_piece(self, half, self->len));
	EXPECT_EQ(0, st_poll(self->fd, POLLIN | POLLRDHUP, 20));
	ASSERT_EQ(0, send_piece(self, 0, half));
	ASSERT_EQ(0, st_recv_all(self->fd, self->buf, self->content));
	EXPECT_TRUE(st_check(self->buf, self->content, 0));
	EXPECT_EQ(0, recv(self->fd, self->buf, 1, 0));
}

/* one segment: data, close_notify and the end of the stream */
TEST_F(segment, fin_in_the_last_segment)
{
	fill(self, 3000);
	ASSERT_LT(0, put(self, ALERT, "\1\0", 2));
	ASSERT_EQ(0, st_segment(&self->s, 0, self->wire, self->len, ST_FIN, 0));
	ASSERT_EQ(0, st_recv_all(self->fd, self->buf, self->content));
	EXPECT_EQ(0, recv(self->fd, self->buf, 1, 0));
	EXPECT_EQ(0, recv(self->fd, self->buf, 1, 0));
}

TEST_F(segment, fin_in_the_last_segment_without_close_notify)
{
	fill(self, 3000);
	ASSERT_EQ(0, st_segment(&self->s, 0, self->wire, self->len, ST_FIN, 0));
	ASSERT_EQ(0, st_recv_all(self->fd, self->buf, self->content));
	EXPECT_EQ(-1, recv(self->fd, self->buf, 1, 0));
	EXPECT_EQ(ECONNABORTED, errno);
	EXPECT_EQ(0, recv(self->fd, self->buf, 1, 0));
}

TEST_F(segment, reset)
{
	/* what came before it is read, as from plain TCP, then the error, once */
	fill(self, 3000);
	ASSERT_EQ(0, send_piece(self, 0, self->len));
	ASSERT_EQ(0, st_segment(&self->s, self->len, "", 0, ST_RST, 0));
	EXPECT_EQ(POLLIN | POLLERR | POLLHUP,
		  st_poll(self->fd, POLLIN, 5000) & (POLLIN | POLLERR | POLLHUP));
	ASSERT_EQ((ssize_t)self->content, recv(self->fd, self->buf, self->content, MSG_WAITALL));
	EXPECT_TRUE(st_check(self->buf, self->content, 0));
	EXPECT_EQ(-1, recv(self->fd, self->buf, 1, 0));
	EXPECT_EQ(ECONNRESET, errno);
	EXPECT_EQ(-1, send(self->fd, "x", 1, MSG_NOSIGNAL));
	EXPECT_EQ(EPIPE, errno);
}

/* a thread that waits in recv() */
static void *read_one(void *arg)
{
	char c;
	ssize_t n = recv(*(int *)arg, &c, 1, 0);

	return (void *)(long)(n < 0 ? -errno : n);
}

TEST_F(segment, reset_wakes_the_reader)
{
	pthread_t t;
	void *rc;

	ASSERT_LT(50, put(self, DATA, self->buf, 3000));
	ASSERT_EQ(0, send_piece(self, 0, 50));
	ASSERT_EQ(0, pthread_create(&t, NULL, read_one, &self->fd));
	ASSERT_EQ(0, st_segment(&self->s, 50, "", 0, ST_RST, 0));
	ASSERT_EQ(0, pthread_join(t, &rc));
	EXPECT_EQ(-ECONNRESET, (long)rc);
}

/* a receiver whose window is smaller than a record: bytes leave the queue before it is whole */
FIXTURE(window)
{
	int fd[2];
	struct st_key k;
	uint8_t *wire;
	char *buf;
};

VARIANTS(window);

FIXTURE_SETUP(window)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int l = socket(AF_INET, SOCK_STREAM, 0), small = 2500;
	socklen_t len = sizeof(a);

	self->k = st_key(variant->version, variant->cipher, 0, 1);
	self->wire = malloc(4 * ST_RECORD_MAX);
	self->buf = malloc(4 * FULL);
	/* inherited: a window that was offered once stays open */
	ASSERT_EQ(0, setsockopt(l, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)));
	ASSERT_EQ(0, bind(l, (struct sockaddr *)&a, len));
	ASSERT_EQ(0, listen(l, 1));
	ASSERT_EQ(0, getsockname(l, (struct sockaddr *)&a, &len));
	self->fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	ASSERT_EQ(0, connect(self->fd[0], (struct sockaddr *)&a, len));
	self->fd[1] = accept(l, NULL, NULL);
	ASSERT_LE(0, self->fd[1]);
	close(l);
	ASSERT_EQ(0, st_set_sheath(self->fd[1], TLS_RX, &self->k));
}

FIXTURE_TEARDOWN(window)
{
	close(self->fd[0]);
	close(self->fd[1]);
	free(self->wire);
	free(self->buf);
}

struct job {
	pthread_t thread;
	int fd;
	const uint8_t *p;
	size_t len;
};

static void *send_raw(void *arg)
{
	struct job *j = arg;

	/* the reader may give up before all is sent */
	st_send_all(j->fd, j->p, j->len, 0);
	return NULL;
}

static int good(FIXTURE_DATA(window) *self, uint8_t *to)
{
	static uint8_t data[FULL];
	struct st_record r = { .type = DATA, .data = data, .len = FULL };

	st_fill(data, FULL, 0);
	return st_seal(&self->k, &r, to);
}

/* a good record, then @bad bytes at @p: EBADMSG or what @err says, and nothing of it */
static void then_bad(struct __test_metadata *_metadata, FIXTURE_DATA(window) *self, size_t total,
		     int err, const char *counter)
{
	long long before = st_stat(counter), spilled = st_stat("RxSpilled");
	struct job j = { .fd = self->fd[0], .p = self->wire, .len = total };
	ssize_t n, i, got = 0;

	ASSERT_EQ(0, pthread_create(&j.thread, NULL, send_raw, &j));
	memset(self->buf, 0xee, 4 * FULL);
	while ((n = recv(self->fd[1], self->buf + got, 4 * FULL - got, 0)) > 0)
		got += n;
	EXPECT_EQ(err, errno);
	EXPECT_EQ(FULL, got);
	EXPECT_TRUE(st_check(self->buf, FULL, 0));
	for (i = FULL; i < 4 * FULL; i++)
		ASSERT_TRUE(self->buf[i] == 0 || (uint8_t)self->buf[i] == 0xee);
	EXPECT_EQ(before + 1, st_stat(counter));
	EXPECT_LT(spilled, st_stat("RxSpilled"));
	EXPECT_EQ(-1, recv(self->fd[1], self->buf, 1, MSG_DONTWAIT));
	EXPECT_EQ(err, errno);
	/* the sender may still wait for a window that will not open */
	close(self->fd[1]);
	self->fd[1] = -1;
	ASSERT_EQ(0, pthread_join(j.thread, NULL));
}

TEST_F(window, bad_tag)
{
	int a = good(self, self->wire), b = good(self, self->wire + a);

	self->wire[a + b - 1] ^= 1;
	then_bad(_metadata, self, a + b, EBADMSG, "RxBadMac");
}

TEST_F(window, bad_length)
{
	int a = good(self, self->wire), b = good(self, self->wire + a);

	self->wire[a + 3] = 0x7f;
	then_bad(_metadata, self, a + b, EMSGSIZE, "RxOverflow");
}

TEST_F(window, bad_type)
{
	int a = good(self, self->wire), b = good(self, self->wire + a);

	/* TLS 1.2 authenticates the type, and says nothing of it before */
	self->wire[a] = 99;
	if (variant->version == V12)
		then_bad(_metadata, self, a + b, EBADMSG, "RxBadMac");
	else
		then_bad(_metadata, self, a + b, EPROTO, "RxBadType");
}

TEST_F(window, torn)
{
	int a = good(self, self->wire), b = good(self, self->wire + a);
	struct job j = { .fd = self->fd[0], .p = self->wire, .len = a + b - 1 };

	ASSERT_EQ(0, pthread_create(&j.thread, NULL, send_raw, &j));
	ASSERT_EQ(0, st_recv_all(self->fd[1], self->buf, FULL));
	ASSERT_EQ(0, pthread_join(j.thread, NULL));
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	EXPECT_EQ(-1, recv(self->fd[1], self->buf, FULL, 0));
	EXPECT_EQ(ECONNABORTED, errno);
	EXPECT_EQ(0, recv(self->fd[1], self->buf, FULL, 0));
}

/* in the middle of a record that is partly copied out, the reader changes */
TEST_F(window, short_reads)
{
	int a = good(self, self->wire), b = good(self, self->wire + a), got = 0;
	struct job j = { .fd = self->fd[0], .p = self->wire, .len = a + b };
	struct iovec iov[2];

	ASSERT_EQ(0, pthread_create(&j.thread, NULL, send_raw, &j));
	while (got < 2 * FULL) {
		ssize_t n;

		iov[0].iov_base = self->buf + got;
		iov[0].iov_len = 100;
		iov[1].iov_base = self->buf + got + 100;
		iov[1].iov_len = 3000;
		n = readv(self->fd[1], iov, 2);
		ASSERT_LT(0, n);
		got += n;
	}
	EXPECT_EQ(2 * FULL, got);
	EXPECT_TRUE(st_check(self->buf, FULL, 0));
	EXPECT_TRUE(st_check(self->buf + FULL, FULL, 0));
	ASSERT_EQ(0, pthread_join(j.thread, NULL));
}

#define OVERHEAD	(5 + 1 + 16)	/* of a record of TLS 1.3 with GCM */

/* bytes @fd may send before its peer says more; 0 if the kernel does not tell */
static uint32_t send_window(int fd)
{
	struct tcp_info ti = { 0 };
	socklen_t len = sizeof(ti);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &ti, &len) || len < sizeof(ti))
		return 0;
	return ti.tcpi_snd_wnd;
}

/* records of @wire bytes in all at @out; the bytes of content in them, which continue @pos */
static uint32_t seal_exactly(struct st_peer *p, uint8_t *out, uint32_t wire, uint64_t pos)
{
	static uint8_t data[FULL];
	struct st_record r = { .type = DATA, .data = data };
	uint32_t sum = 0;

	while (wire) {
		/* what is left has to be enough for another one */
		r.len = wire <= FULL + OVERHEAD ? wire - OVERHEAD :
			wire < FULL + 3 * OVERHEAD ? FULL / 2 : FULL;
		st_fill(data, r.len, pos + sum);
		out += st_seal(&p->to, &r, out);
		wire -= r.len + OVERHEAD;
		sum += r.len;
	}
	return sum;
}

#define SHORT	100	/* content of the record whose header is torn */

/* what is sent, and where its parts are */
struct torn {
	uint8_t wire[1 << 20];
	uint32_t sealed;	/* bytes in @wire */
	uint32_t sent;
	uint64_t content;	/* bytes of content in them */
};

/*
 * As much as the window takes, until it is closed; each time all of it, and @cut bytes of a
 * header at the end. 0 or -1
 */
static int fill_window(struct st_peer *p, struct torn *t, uint32_t cut)
{
	uint32_t window, whole;
	int left;

	while ((window = send_window(p->raw)) > FULL) {
		whole = window - (t->sealed - t->sent) - cut;
		if (t->sealed + whole + SHORT + OVERHEAD > sizeof(t->wire))
			return -1;
		t->content += seal_exactly(p, t->wire + t->sealed, whole, t->content);
		t->sealed += whole;
		t->content += seal_exactly(p, t->wire + t->sealed, SHORT + OVERHEAD, t->content);
		t->sealed += SHORT + OVERHEAD;
		if (st_send_all(p->raw, t->wire + t->sent, window, 0))
			return -1;
		t->sent += window;
		do {
			usleep(1000);
			if (ioctl(p->raw, SIOCOUTQ, &left))
				return -1;
		} while (left);
	}
	return 0;
}

/*
 * A few bytes of the next header keep a whole buffer of TCP in the queue, and with it the
 * window closed: nothing more comes if they are left there.
 */
TEST(part_of_a_header_and_no_window)
{
	static uint8_t buf[FULL];
	static struct torn t;
	uint32_t cut;

	for (cut = 1; cut <= 5; cut++) {
		struct st_peer p;
		uint64_t pos, n;

		memset(&t, 0, sizeof(t));
		ASSERT_EQ(0, st_peer_open(&p, V13, TLS_CIPHER_AES_GCM_128, false));
		ASSERT_EQ(0, st_be_patient(p.fd, 5000));
		ASSERT_EQ(0, fill_window(&p, &t, cut));
		/* the send buffer takes the rest */
		ASSERT_EQ(0, st_send_all(p.raw, t.wire + t.sent, t.sealed - t.sent, 0));
		for (pos = 0; pos < t.content; pos += n) {
			n = t.content - pos < sizeof(buf) ? t.content - pos : sizeof(buf);
			ASSERT_EQ(n, recv(p.fd, buf, n, MSG_WAITALL)) {
				TH_LOG("%u bytes of the header", cut);
			}
			ASSERT_TRUE(st_check(buf, n, pos));
		}
		st_peer_close(&p);
	}
}

TEST_HARNESS_MAIN
