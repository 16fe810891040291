// SPDX-License-Identifier: GPL-2.0
/*
 * close() of a socket with something unread: the peer of plain TCP learns by a reset that its
 * bytes were not read. So has the peer of a sheath socket to, wherever the bytes are; records
 * that no reader gets are no reason for it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "cmsg.h"
#include "peer.h"

enum { ALERT = 21, HANDSHAKE = 22, DATA = 23 };

#define SIZE	1000
#define FULL	16384

static const char ticket[] = "\4\0\0\2xy";

FIXTURE(closing)
{
	struct st_peer p;
	bool plain;
	char buf[FULL];
};

FIXTURE_VARIANT(closing)
{
	uint16_t version, cipher;
	bool app;
	uint8_t mac;
};

#define VARIANT(name, ...) FIXTURE_VARIANT_ADD(closing, name) { __VA_ARGS__ }

VARIANT(tls12, TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_128);
VARIANT(tls13, TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_256);
VARIANT(tls13_app, TLS_1_3_VERSION, TLS_CIPHER_CHACHA20_POLY1305, .app = true);
VARIANT(tls12_app, TLS_1_2_VERSION, TLS_CIPHER_AES_CCM_128, .app = true);
VARIANT(tls12_cbc, TLS_1_2_VERSION, SHEATH_CIPHER_AES_128_CBC, .mac = SHEATH_MAC_SHA256);

typedef FIXTURE_DATA(closing) state_t;
typedef FIXTURE_VARIANT(closing) variant_t;

/* a connection, keyed as @v says unless it is @plain */
static int begin(state_t *self, const variant_t *v, bool plain)
{
	struct st_key to, from;
	int fd[2];

	self->plain = plain;
	if (plain) {
		if (st_pair(AF_INET, fd))
			return -1;
		self->p.fd = fd[0];
		self->p.raw = fd[1];
		return 0;
	}
	if (!v->mac)
		return st_peer_open(&self->p, v->version, v->cipher, v->app);
	to = st_key_mac(v->version, v->cipher, v->mac, false, 0, 1);
	from = st_key_mac(v->version, v->cipher, v->mac, false, 0, 2);
	return st_peer_open_keys(&self->p, &to, &from);
}

FIXTURE_SETUP(closing)
{
	self->p.fd = -1;
	self->p.raw = -1;
}

FIXTURE_TEARDOWN(closing)
{
	st_peer_close(&self->p);
}

static int put(state_t *self, size_t len)
{
	return self->plain ? st_send_all(self->p.raw, self->buf, len, 0) :
			     st_peer_send(&self->p, DATA, self->buf, len);
}

/* @len bytes of a record that is longer */
static int put_part(state_t *self, size_t size, size_t len)
{
	struct st_record r = { .type = DATA, .data = self->buf, .len = size };
	uint8_t rec[ST_RECORD_MAX];

	if (self->plain)
		return st_send_all(self->p.raw, self->buf, len, 0);
	return st_seal(&self->p.to, &r, rec) < 0 ? -1 : st_send_all(self->p.raw, rec, len, 0);
}

/* all that was sent has arrived when it is acknowledged; 0 or -1 */
static int arrives(state_t *self)
{
	int left, on = 1, i;

	setsockopt(self->p.fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
	for (i = 0; i < 5000; i++, usleep(1000)) {
		if (ioctl(self->p.raw, SIOCOUTQ, &left) || !left)
			return 0;
	}
	return -1;
}

static int get(state_t *self, size_t len, int flags)
{
	return recv(self->p.fd, self->buf, len, flags) == (ssize_t)len ? 0 : -1;
}

/* what is there when the socket is closed; each works on a plain connection as well */
static int nothing(state_t *self)
{
	return 0;
}

static int all_read(state_t *self)
{
	return put(self, SIZE) || put(self, SIZE) || arrives(self) || get(self, 2 * SIZE, 0);
}

static int read_in_part(state_t *self)
{
	return put(self, SIZE) || arrives(self) || get(self, SIZE - 1, 0);
}

static int one(state_t *self)
{
	return put(self, SIZE) || arrives(self);
}

static int two(state_t *self)
{
	return put(self, SIZE) || put(self, SIZE) || arrives(self);
}

static int many(state_t *self)
{
	int i;

	for (i = 0; i < 20; i++) {
		if (put(self, SIZE))
			return -1;
	}
	return arrives(self);
}

static int last_of_two(state_t *self)
{
	return put(self, SIZE) || put(self, SIZE) || arrives(self) || get(self, SIZE, 0);
}

static int one_counted(state_t *self)
{
	int n;

	return one(self) || ioctl(self->p.fd, FIONREAD, &n) || n != SIZE;
}

static int many_counted(state_t *self)
{
	int n;

	return many(self) || ioctl(self->p.fd, FIONREAD, &n) || n != 20 * SIZE;
}

static int one_peeked(state_t *self)
{
	return one(self) || get(self, SIZE, MSG_PEEK);
}

static int two_peeked(state_t *self)
{
	return two(self) || get(self, 2 * SIZE, MSG_PEEK);
}

static int peeked_and_read(state_t *self)
{
	return two_peeked(self) || get(self, 2 * SIZE, 0);
}

static int incomplete(state_t *self)
{
	return put_part(self, SIZE, SIZE / 2) || arrives(self);
}

static int header(state_t *self)
{
	return put_part(self, SIZE, 5) || arrives(self);
}

static int read_and_incomplete(state_t *self)
{
	return put(self, SIZE) || put_part(self, SIZE, SIZE / 2) || arrives(self) ||
	       get(self, SIZE, 0);
}

/* a receive buffer that cannot hold the record: what came of it leaves TCP's queue */
static int spilled(state_t *self)
{
	int small = 2304;

	if (setsockopt(self->p.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)))
		return -1;
	return put_part(self, FULL, 9000) || arrives(self);
}

static int shut_down_by_peer(state_t *self)
{
	return one(self) || shutdown(self->p.raw, SHUT_WR) ||
	       !st_poll(self->p.fd, POLLRDHUP, 5000);
}

static const struct {
	const char *name;
	int (*fn)(state_t *self);
} scenes[] = {
	{ "nothing", nothing },
	{ "all read", all_read },
	{ "read in part", read_in_part },
	{ "one", one },
	{ "two", two },
	{ "many", many },
	{ "last of two", last_of_two },
	{ "one counted", one_counted },
	{ "many counted", many_counted },
	{ "one peeked", one_peeked },
	{ "two peeked", two_peeked },
	{ "peeked and read", peeked_and_read },
	{ "incomplete", incomplete },
	{ "header", header },
	{ "read and incomplete", read_and_incomplete },
	{ "spilled", spilled },
	{ "shut down by the peer", shut_down_by_peer },
};

/* ways to close; 0 or -1 */
static int by_close(int fd)
{
	return close(fd);
}

static int by_shutdown(int fd)
{
	return shutdown(fd, SHUT_WR) | close(fd);
}

static int lingering(int fd, int seconds)
{
	struct linger l = { .l_onoff = 1, .l_linger = seconds };

	return setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)) | close(fd);
}

static int by_linger(int fd)
{
	return lingering(fd, 5);
}

static int by_reset(int fd)
{
	return lingering(fd, 0);
}

static const struct {
	const char *name;
	int (*fn)(int fd);
} ways[] = {
	{ "close()", by_close },
	{ "shutdown() and close()", by_shutdown },
	{ "SO_LINGER", by_linger },
	{ "SO_LINGER of 0 s", by_reset },
};

/* how the stream ends for the peer: 0 or an errno; @bytes came before */
static int end_of(state_t *self, size_t *bytes)
{
	char buf[4096];
	ssize_t n;

	*bytes = 0;
	while (st_poll(self->p.raw, POLLIN, 5000)) {
		n = recv(self->p.raw, buf, sizeof(buf), MSG_DONTWAIT);
		if (n <= 0)
			return n ? errno : 0;
		*bytes += n;
	}
	return ETIMEDOUT;
}

struct ending {
	int err;
	size_t bytes;
};

static struct ending ending(struct __test_metadata *_metadata, state_t *self, const variant_t *v,
			    bool plain, unsigned int scene, unsigned int way)
{
	struct ending e = { -1, 0 };

	if (begin(self, v, plain) || scenes[scene].fn(self)) {
		TH_LOG("%s: %s", scenes[scene].name, strerror(errno));
	} else {
		ways[way].fn(self->p.fd);
		self->p.fd = -1;
		e.err = end_of(self, &e.bytes);
	}
	st_peer_close(&self->p);
	return e;
}

/* the measure is plain TCP with as many bytes unread */
TEST_F(closing, as_tcp)
{
	unsigned int scene, way;

	for (scene = 0; scene < ARRAY_SIZE(scenes); scene++) {
		for (way = 0; way < ARRAY_SIZE(ways); way++) {
			struct ending tcp = ending(_metadata, self, variant, true, scene, way);
			struct ending our = ending(_metadata, self, variant, false, scene, way);

			EXPECT_NE(-1, tcp.err);
			EXPECT_EQ(tcp.err, our.err) {
				TH_LOG("%s, %s", scenes[scene].name, ways[way].name);
			}
			/* no close_notify pretends that all is well, but where it was asked for */
			EXPECT_TRUE(!tcp.err || ways[way].fn == by_shutdown || !our.bytes) {
				TH_LOG("%s, %s: %zu bytes", scenes[scene].name, ways[way].name,
				       our.bytes);
			}
		}
	}
}

static int send_ctrl(state_t *self, uint8_t type, const char *data, size_t len)
{
	return st_peer_send(&self->p, type, data, len);
}

static int alert(state_t *self, const char *what)
{
	return send_ctrl(self, ALERT, what, 2);
}

static int end_after(state_t *self, size_t *bytes)
{
	close(self->p.fd);
	self->p.fd = -1;
	return end_of(self, bytes);
}

#define BEGIN() ASSERT_EQ(0, begin(self, variant, false))
#define ENDS(want)					\
	do {						\
		size_t bytes;				\
							\
		ASSERT_EQ(0, arrives(self));		\
		EXPECT_EQ(want, end_after(self, &bytes)); \
	} while (0)

TEST_F(closing, close_notify_unread)
{
	BEGIN();
	ASSERT_EQ(0, alert(self, "\1\0"));
	ENDS(0);
}

TEST_F(closing, close_notify_and_more)
{
	BEGIN();
	ASSERT_EQ(0, alert(self, "\1\0"));
	ASSERT_EQ(0, put(self, SIZE));
	/* whose control records are the module's, ignores what follows */
	ENDS(variant->app ? ECONNRESET : 0);
}

TEST_F(closing, close_notify_behind_data)
{
	BEGIN();
	ASSERT_EQ(0, put(self, SIZE));
	ASSERT_EQ(0, alert(self, "\1\0"));
	ENDS(ECONNRESET);
}

TEST_F(closing, close_notify_behind_what_was_read)
{
	BEGIN();
	ASSERT_EQ(0, put(self, SIZE));
	ASSERT_EQ(0, alert(self, "\1\0"));
	ASSERT_EQ(0, arrives(self));
	ASSERT_EQ(0, get(self, SIZE, 0));
	ENDS(0);
}

TEST_F(closing, ticket_unread)
{
	if (variant->version != TLS_1_3_VERSION)
		return;
	BEGIN();
	ASSERT_EQ(0, send_ctrl(self, HANDSHAKE, ticket, 6));
	ASSERT_EQ(0, send_ctrl(self, HANDSHAKE, ticket, 6));
	ENDS(0);
}

TEST_F(closing, ticket_peeked)
{
	int n;

	if (variant->version != TLS_1_3_VERSION)
		return;
	BEGIN();
	ASSERT_EQ(0, send_ctrl(self, HANDSHAKE, ticket, 6));
	ASSERT_EQ(0, arrives(self));
	ASSERT_EQ(0, ioctl(self->p.fd, FIONREAD, &n));
	EXPECT_EQ(0, n);
	ENDS(0);
}

TEST_F(closing, ticket_before_data)
{
	if (variant->version != TLS_1_3_VERSION)
		return;
	BEGIN();
	ASSERT_EQ(0, send_ctrl(self, HANDSHAKE, ticket, 6));
	ASSERT_EQ(0, put(self, SIZE));
	ENDS(ECONNRESET);
}

TEST_F(closing, empty_records)
{
	BEGIN();
	ASSERT_EQ(0, put(self, 0));
	ASSERT_EQ(0, put(self, 0));
	ENDS(0);
}

TEST_HARNESS_MAIN
