// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets in the hands of drivers: read_sock(), sendmsg_locked(), pages given away, and
 * callbacks replaced after attach. The module ksock does what they do; the other end makes and
 * reads records in user space, and plain TCP tells what an actor's answers mean.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "cmsg.h"
#include "ksock/ksock.h"
#include "patience.h"
#include "peer.h"
#include "stream.h"
#include "wedge.h"

enum { ALERT = 21, HANDSHAKE = 22, DATA = 23 };

#define V12	TLS_1_2_VERSION
#define V13	TLS_1_3_VERSION
#define FULL	16384
#define PAGE	4096
#define ORDER	4
#define MEMORY	(PAGE << ORDER)

FIXTURE(ksock)
{
	struct st_peer p;
	int c;			/* consumer of p.fd */
	int plain[2];
	int pc;			/* consumer of plain[0] */
	char mem[MEMORY];
	char buf[4 * FULL];
};

FIXTURE_VARIANT(ksock) { uint16_t version, cipher; uint8_t mac; };
FIXTURE_VARIANT_ADD(ksock, gcm12) { V12, TLS_CIPHER_AES_GCM_128 };
FIXTURE_VARIANT_ADD(ksock, gcm13) { V13, TLS_CIPHER_AES_GCM_256 };
FIXTURE_VARIANT_ADD(ksock, chacha13) { V13, TLS_CIPHER_CHACHA20_POLY1305 };
FIXTURE_VARIANT_ADD(ksock, cbc12) { V12, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA256 };

/* a consumer of @fd, or -1 */
static int consume(int fd)
{
	int c = open(KSOCK_PATH, O_RDWR);

	if (c >= 0 && ioctl(c, KSOCK_TAKE, &fd)) {
		close(c);
		return -1;
	}
	return c;
}

FIXTURE_SETUP(ksock)
{
	struct st_key to = st_key_mac(variant->version, variant->cipher, variant->mac, false, 0, 1);
	struct st_key from = st_key_mac(variant->version, variant->cipher, variant->mac, false, 0, 2);

	if (access(KSOCK_PATH, F_OK))
		SKIP(return, "no module ksock");
	ASSERT_EQ(0, st_peer_open_keys(&self->p, &to, &from));
	self->c = consume(self->p.fd);
	ASSERT_LE(0, self->c);
	ASSERT_EQ(0, st_pair(AF_INET, self->plain));
	self->pc = consume(self->plain[0]);
	ASSERT_LE(0, self->pc);
	st_fill(self->mem, MEMORY, 0);
	/* what never comes is a failure, not a test without end */
	ASSERT_EQ(0, st_be_patient(self->p.raw, 5000));
}

FIXTURE_TEARDOWN(ksock)
{
	close(self->c);
	close(self->pc);
	close(self->plain[0]);
	close(self->plain[1]);
	st_peer_close(&self->p);
}

/* ---------------------------------------------------------------- read_sock() */

static int read_sock(int c, struct ksock_read *r, void *buf, size_t len)
{
	r->buf = (uintptr_t)buf;
	r->len = len;
	return ioctl(c, KSOCK_READ, r) ? -EIO : r->rc;
}

static int read_all(int c, void *buf, size_t len)
{
	struct ksock_read r = { .take = KSOCK_ALL };

	return read_sock(c, &r, buf, len);
}

/* the same bytes by the same calls, in records and over plain TCP; are they there? */
static bool send_both(FIXTURE_DATA(ksock) *self, uint64_t pos, size_t len)
{
	char data[FULL];

	st_fill(data, len, pos);
	return !st_peer_send(&self->p, DATA, data, len) && !st_send_all(self->plain[1], data, len, 0) &&
	       st_poll(self->p.fd, POLLIN, 5000) && st_poll(self->plain[0], POLLIN, 5000);
}

TEST_F(ksock, actor_takes_all)
{
	static const size_t len[] = { 1, 1000, FULL, 2048, 5 };
	size_t i, sum = 0;

	for (i = 0; i < ARRAY_SIZE(len); i++) {
		ASSERT_TRUE(send_both(self, sum, len[i]));
		sum += len[i];
	}
	EXPECT_EQ((int)sum, read_all(self->c, self->buf, sizeof(self->buf)));
	EXPECT_TRUE(st_check(self->buf, sum, 0));
	EXPECT_EQ((int)sum, read_all(self->pc, self->buf, sizeof(self->buf)));
	/* nothing is there any more: no error */
	EXPECT_EQ(0, read_all(self->pc, self->buf, sizeof(self->buf)));
	EXPECT_EQ(0, read_all(self->c, self->buf, sizeof(self->buf)));
	EXPECT_EQ(0, st_poll(self->p.fd, POLLIN, 0));
}

/* an actor that takes @take bytes a call, and ends as @r says: as over plain TCP */
static void as_plain(struct __test_metadata *_metadata, FIXTURE_DATA(ksock) *self,
		     struct ksock_read how)
{
	struct ksock_read ours = how, plain = how;

	ASSERT_TRUE(send_both(self, 0, 100));
	ASSERT_TRUE(send_both(self, 100, 300));
	EXPECT_EQ(read_sock(self->pc, &plain, self->buf, sizeof(self->buf)),
		  read_sock(self->c, &ours, self->buf, sizeof(self->buf)));
	EXPECT_EQ(plain.got, ours.got);
	EXPECT_EQ(plain.n_calls, ours.n_calls);
	EXPECT_TRUE(st_check(self->buf, ours.got, 0));
	/* the rest is still there */
	EXPECT_EQ(400 - (int)ours.got, read_all(self->c, self->buf, sizeof(self->buf)));
	EXPECT_TRUE(st_check(self->buf, 400 - ours.got, ours.got));
	EXPECT_EQ(400 - (int)ours.got, read_all(self->pc, self->buf, sizeof(self->buf)));
}

TEST_F(ksock, actor_takes_a_part)
{
	as_plain(_metadata, self, (struct ksock_read){ .take = 10 });
	as_plain(_metadata, self, (struct ksock_read){ .take = 1 });
}

TEST_F(ksock, actor_takes_nothing)
{
	as_plain(_metadata, self, (struct ksock_read){ .take = 0 });
}

/* plain TCP goes on to the end of a buffer, which is of no use to anybody */
TEST_F(ksock, actor_has_enough)
{
	struct ksock_read r = { .take = 10 };
	int pos = 0;

	ASSERT_EQ(0, st_peer_send(&self->p, DATA, self->mem, 100));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, self->mem + 100, 300));
	ASSERT_TRUE(st_poll(self->p.fd, POLLIN, 5000));
	for (r.stop_at = 1; pos + 10 * (int)r.stop_at <= 400; r.stop_at++) {
		EXPECT_EQ(10 * (int)r.stop_at, read_sock(self->c, &r, self->buf, sizeof(self->buf)));
		EXPECT_EQ(r.stop_at, r.n_calls);
		EXPECT_TRUE(st_check(self->buf, r.got, pos));
		pos += r.got;
	}
	EXPECT_EQ(400 - pos, read_all(self->c, self->buf, sizeof(self->buf)));
}

TEST_F(ksock, actor_fails)
{
	struct ksock_read how = { .take = 10, .fail_at = 1, .error = EPROTO };

	as_plain(_metadata, self, how);
	/* what it took before counts */
	how.fail_at = 3;
	as_plain(_metadata, self, how);
}

/* half a record is nothing to read, as a byte that has not come */
TEST_F(ksock, half_a_record)
{
	struct st_record rec = { .type = DATA, .data = "whole", .len = 5 };
	uint8_t wire[ST_RECORD_MAX];
	int n = st_seal(&self->p.to, &rec, wire);

	ASSERT_LT(0, n);
	ASSERT_EQ(0, st_send_all(self->p.raw, wire, n / 2, 0));
	EXPECT_EQ(0, read_all(self->c, self->buf, sizeof(self->buf)));
	ASSERT_EQ(0, st_send_all(self->p.raw, wire + n / 2, n - n / 2, 0));
	ASSERT_TRUE(st_poll(self->p.fd, POLLIN, 5000));
	EXPECT_EQ(5, read_all(self->c, self->buf, sizeof(self->buf)));
	EXPECT_EQ(0, memcmp(self->buf, "whole", 5));
}

/* an application that left control records to itself gets them, the consumer does not */
TEST_F(ksock, control_record_among_data)
{
	struct st_peer p;
	int c, type, i;

	if (variant->mac)
		return;
	ASSERT_EQ(0, st_peer_open(&p, variant->version, variant->cipher, true));
	c = consume(p.fd);
	ASSERT_LE(0, c);
	ASSERT_EQ(0, st_peer_send(&p, DATA, "before", 6));
	ASSERT_EQ(0, st_peer_send(&p, HANDSHAKE, "control", 7));
	ASSERT_EQ(0, st_peer_send(&p, DATA, "behind", 6));
	ASSERT_TRUE(st_poll(p.fd, POLLIN, 5000));
	EXPECT_EQ(6, read_all(c, self->buf, sizeof(self->buf)));
	EXPECT_EQ(0, memcmp(self->buf, "before", 6));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(-EINVAL, read_all(c, self->buf, sizeof(self->buf)));
	EXPECT_EQ(7, st_recv_type(p.fd, self->buf, sizeof(self->buf), &type));
	EXPECT_EQ(HANDSHAKE, type);
	EXPECT_EQ(6, read_all(c, self->buf, sizeof(self->buf)));
	EXPECT_EQ(0, memcmp(self->buf, "behind", 6));
	close(c);
	st_peer_close(&p);
}

TEST_F(ksock, close_notify)
{
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "last", 4));
	ASSERT_EQ(0, st_peer_send(&self->p, ALERT, "\1\0", 2));
	ASSERT_TRUE(st_poll(self->p.fd, POLLIN, 5000));
	EXPECT_EQ(4, read_all(self->c, self->buf, sizeof(self->buf)));
	EXPECT_EQ(0, read_all(self->c, self->buf, sizeof(self->buf)));
	EXPECT_EQ(0, recv(self->p.fd, self->buf, 1, 0));
}

TEST_F(ksock, end_without_close_notify)
{
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "last", 4));
	ASSERT_EQ(0, shutdown(self->p.raw, SHUT_WR));
	ASSERT_TRUE(st_poll(self->p.fd, POLLRDHUP, 5000));
	EXPECT_EQ(4, read_all(self->c, self->buf, sizeof(self->buf)));
	EXPECT_EQ(-ECONNABORTED, read_all(self->c, self->buf, sizeof(self->buf)));
}

TEST_F(ksock, bad_record)
{
	struct st_record rec = { .type = DATA, .data = "spoiled", .len = 7, .flip = 20 };
	uint8_t wire[ST_RECORD_MAX];
	int n, i;

	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "good", 4));
	n = st_seal(&self->p.to, &rec, wire);
	ASSERT_LT(0, n);
	ASSERT_EQ(0, st_send_all(self->p.raw, wire, n, 0));
	ASSERT_TRUE(st_poll(self->p.fd, POLLIN, 5000));
	EXPECT_EQ(4, read_all(self->c, self->buf, sizeof(self->buf)));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(-EBADMSG, read_all(self->c, self->buf, sizeof(self->buf)));
}

/* ---------------------------------------------------------------- sending */

static int get_memory(FIXTURE_DATA(ksock) *self, enum ksock_kind kind, uint32_t order)
{
	struct ksock_memory m = { .data = (uintptr_t)self->mem, .kind = kind, .order = order };

	return ioctl(self->c, KSOCK_MEMORY, &m);
}

static int do_send(int c, struct ksock_send *s)
{
	return ioctl(c, KSOCK_SEND, s) ? -EIO : s->rc;
}

/* records until there are @len bytes; are they those from @pos on? */
static bool arrives(struct st_peer *p, uint64_t pos, size_t len)
{
	uint8_t out[ST_RECORD_MAX], type;
	int n;

	while (len) {
		n = st_recv_record(p->raw, &p->from, &type, out);
		if (n < 0 || type != DATA || n > (int)len || !st_check(out, n, pos))
			return false;
		pos += n;
		len -= n;
	}
	return true;
}

/* every way to send, with pages copied and given away; more than one is @i */
static bool way(unsigned int i, struct ksock_send *s)
{
	s->how = i % 3;
	s->give = i / 3;
	return i < 6 && !(s->how == KSOCK_KVEC && s->give);
}

#define EACH_WAY(i, s)	for (i = 0; i < 6; i++) if (way(i, s))
#define EACH_KIND(k)	for (k = KSOCK_SINGLE; k <= KSOCK_TWO; k++)

/* one piece over all of the memory, and pieces of it that begin and end within pages */
TEST_F(ksock, one_piece_over_pages)
{
	static const struct { uint32_t off, len; } part[] = {
		{ 0, MEMORY }, { 1, MEMORY - 2 }, { 0, 100 }, { PAGE - 1, 2 }, { PAGE, 4 * PAGE },
		{ MEMORY / 2 - 1, 2 }, { MEMORY / 2 - 3000, 6000 }, { 5000, FULL }, { 4096, FULL + 1 },
	};
	struct ksock_send s = { .n = 1 };
	unsigned int i, j, kind;

	EACH_KIND(kind) {
		ASSERT_EQ(0, get_memory(self, kind, ORDER));
		EACH_WAY(i, &s) {
			for (j = 0; j < ARRAY_SIZE(part); j++) {
				s.piece[0].off = part[j].off;
				s.piece[0].len = part[j].len;
				ASSERT_EQ((int)part[j].len, do_send(self->c, &s)) {
					TH_LOG("kind %u, way %u, part %u", kind, i, j);
				}
				ASSERT_TRUE(arrives(&self->p, part[j].off, part[j].len)) {
					TH_LOG("kind %u, way %u, part %u", kind, i, j);
				}
			}
		}
	}
}

/* pieces of one message in the order of their bytes: more than a record refers to */
TEST_F(ksock, many_pieces)
{
	static const uint32_t each[] = { 1, 17, 1000, 3000 };
	struct ksock_send s = { .n = KSOCK_PIECES };
	unsigned int i, j, n, kind;

	EACH_KIND(kind) {
		ASSERT_EQ(0, get_memory(self, kind, ORDER));
		EACH_WAY(i, &s) {
			for (j = 0; j < ARRAY_SIZE(each); j++) {
				for (n = 0; n < s.n; n++) {
					s.piece[n].off = 100 + n * each[j];
					s.piece[n].len = each[j];
				}
				ASSERT_EQ((int)(s.n * each[j]), do_send(self->c, &s)) {
					TH_LOG("kind %u, way %u, of %u bytes", kind, i, each[j]);
				}
				ASSERT_TRUE(arrives(&self->p, 100, s.n * each[j]));
			}
		}
	}
}

/* more is to come: it becomes one record, with what is behind it from somebody else */
TEST_F(ksock, more_is_to_come)
{
	struct ksock_send s = { .n = 1, .flags = MSG_MORE };
	unsigned int i, kind;
	char end[10];

	st_fill(end, sizeof(end), 5000);
	EACH_KIND(kind) {
		ASSERT_EQ(0, get_memory(self, kind, ORDER));
		EACH_WAY(i, &s) {
			s.piece[0].off = 0;
			s.piece[0].len = 2000;
			ASSERT_EQ(2000, do_send(self->c, &s));
			s.piece[0].off = 2000;
			s.piece[0].len = 3000;
			ASSERT_EQ(3000, do_send(self->c, &s));
			EXPECT_EQ(0, st_poll(self->p.raw, POLLIN, 0));
			ASSERT_EQ((int)sizeof(end), send(self->p.fd, end, sizeof(end), 0));
			ASSERT_TRUE(arrives(&self->p, 0, 5000 + sizeof(end)));
		}
	}
}

/* what a record refers to outlives its giver, whichever pages a piece runs over */
TEST_F(ksock, memory_given_back)
{
	static const struct { uint32_t off, len; } part[] = {
		{ 0, 3 * PAGE }, { MEMORY / 2 - PAGE, 2 * PAGE }, { MEMORY / 2 - 100, 3000 },
		{ MEMORY - 3 * PAGE, 3 * PAGE }, { PAGE + 5, 10 },
	};
	struct ksock_send s = { .n = 1, .flags = MSG_MORE };
	unsigned int i, j, kind;
	char end[10];

	EACH_KIND(kind) {
		EACH_WAY(i, &s) {
			for (j = 0; j < ARRAY_SIZE(part); j++) {
				ASSERT_EQ(0, get_memory(self, kind, ORDER));
				s.piece[0].off = part[j].off;
				s.piece[0].len = part[j].len;
				ASSERT_EQ((int)part[j].len, do_send(self->c, &s));
				ASSERT_EQ(0, ioctl(self->c, KSOCK_SCRIBBLE));
				st_fill(end, sizeof(end), part[j].off + part[j].len);
				ASSERT_EQ((int)sizeof(end), send(self->p.fd, end, sizeof(end), 0));
				ASSERT_TRUE(arrives(&self->p, part[j].off, part[j].len + sizeof(end))) {
					TH_LOG("kind %u, way %u, part %u", kind, i, j);
				}
			}
		}
	}
}

/* a kernel that sends without waiting gets what there is room for, and then EAGAIN */
TEST_F(ksock, no_room)
{
	struct ksock_send s = { .n = 1, .flags = MSG_DONTWAIT };
	uint64_t sent, want;
	unsigned int i;
	int rc;

	ASSERT_EQ(0, get_memory(self, KSOCK_COMPOUND, ORDER));
	EACH_WAY(i, &s) {
		sent = 0;
		do {
			s.piece[0].off = sent % MEMORY;
			s.piece[0].len = MEMORY - sent % MEMORY;
			rc = do_send(self->c, &s);
			sent += rc > 0 ? rc : 0;
		} while (rc > 0);
		ASSERT_EQ(-EAGAIN, rc);
		for (; sent; sent -= want) {
			want = sent < MEMORY ? sent : MEMORY;
			ASSERT_TRUE(arrives(&self->p, 0, want)) TH_LOG("way %u, %llu", i,
								       (unsigned long long)sent);
		}
	}
}

/* ---------------------------------------------------------------- callbacks replaced */

static struct ksock_calls calls(int c)
{
	struct ksock_calls n = { 0 };

	ioctl(c, KSOCK_CALLS, &n);
	return n;
}

static int hook(int c, int on)
{
	return ioctl(c, KSOCK_HOOK, &on);
}

TEST_F(ksock, reader_with_its_own_callback)
{
	struct st_record rec = { .type = DATA, .data = "abc", .len = 3 };
	uint8_t wire[ST_RECORD_MAX];
	uint32_t before;
	int n, i;

	ASSERT_EQ(0, hook(self->c, 1));
	for (i = 0; i < 5; i++) {
		before = calls(self->c).data_ready;
		n = st_seal(&self->p.to, &rec, wire);
		ASSERT_EQ(0, st_send_all(self->p.raw, wire, 7, 0));
		EXPECT_EQ(0, read_all(self->c, self->buf, sizeof(self->buf)));
		ASSERT_EQ(0, st_send_all(self->p.raw, wire + 7, n - 7, 0));
		EXPECT_TRUE(ST_COMES_TRUE(calls(self->c).data_ready > before));
		EXPECT_TRUE(ST_COMES_TRUE(read_all(self->c, self->buf, sizeof(self->buf)) == 3));
	}
	ASSERT_EQ(0, hook(self->c, 0));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "as before", 9));
	EXPECT_EQ(9, recv(self->p.fd, self->buf, sizeof(self->buf), 0));
}

static void *send_stream(void *arg)
{
	struct st_peer *p = arg;
	char data[FULL];
	int i;

	for (i = 0; i < 100; i++) {
		st_fill(data, FULL, (uint64_t)i * FULL);
		if (st_peer_send(p, DATA, data, FULL))
			return (void *)1;
	}
	return NULL;
}

/* more than the receive buffer holds: the window opens as the consumer reads */
TEST_F(ksock, stream_with_its_own_callback)
{
	const uint64_t all = 100 * FULL;
	uint32_t before = 0;
	uint64_t pos = 0;
	pthread_t t;
	void *failed;
	int n;

	ASSERT_EQ(0, hook(self->c, 1));
	ASSERT_EQ(0, pthread_create(&t, NULL, send_stream, &self->p));
	while (pos < all) {
		ASSERT_TRUE(ST_COMES_TRUE(calls(self->c).data_ready != before)) {
			TH_LOG("after %llu bytes", (unsigned long long)pos);
		}
		before = calls(self->c).data_ready;
		/* it has room for some records at a time */
		while ((n = read_all(self->c, self->buf, sizeof(self->buf))) > 0) {
			ASSERT_TRUE(st_check(self->buf, n, pos));
			pos += n;
		}
		ASSERT_EQ(0, n);
	}
	ASSERT_EQ(0, pthread_join(t, &failed));
	EXPECT_EQ(NULL, failed);
}

/*
 * Many records a call, with send buffers of many sizes: in some the last records count as sent
 * and TCP has no room for all of them. Do they arrive?
 */
static bool all_goes_out(struct st_peer *p)
{
	long long sent;
	int size;

	for (size = 10000; size < 100000; size += 3700) {
		if (setsockopt(p->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)))
			return false;
		sent = st_fill_socket(p->fd, 0, 1 << 26, 1 << 20);
		if (sent <= 0 || !arrives(p, 0, sent)) {
			ksft_print_msg("send buffer of %d, %lld bytes\n", size, sent);
			return false;
		}
	}
	return true;
}

/* what counts as sent goes out, whoever is told that there is room */
TEST_F(ksock, sender_with_its_own_callback)
{
	ASSERT_EQ(0, hook(self->c, 1));
	EXPECT_TRUE(all_goes_out(&self->p));
	EXPECT_LT(0, calls(self->c).write_space);
}

TEST_F(ksock, sender_with_its_own_callback_no_more)
{
	ASSERT_EQ(0, hook(self->c, 1));
	ASSERT_EQ(0, hook(self->c, 0));
	EXPECT_TRUE(all_goes_out(&self->p));
	EXPECT_EQ(0, calls(self->c).write_space);
}

struct rest {
	pthread_t thread;
	struct st_peer *p;
	long long len;
	bool came;
};

static void *take_rest(void *arg)
{
	struct rest *r = arg;

	r->came = arrives(r->p, 0, r->len);
	return NULL;
}

static long peek_page(int fd, void *page)
{
	return recv(fd, page, ST_WEDGE_PAGE, MSG_PEEK);
}

/* room comes while a reader owns the socket and sleeps: is all there when it is done? */
static bool goes_out_after_owner(struct st_peer *p, int size)
{
	struct rest r = { .p = p };
	struct st_wedge w;
	long got;

	if (setsockopt(p->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)))
		return false;
	r.len = st_fill_socket(p->fd, 0, 1 << 26, 1 << 20);
	if (r.len <= 0 || st_wedge_begin(&w, p->fd, peek_page))
		return false;
	/* the peer takes what TCP has; more comes from nobody as yet, but the timer tries */
	if (pthread_create(&r.thread, NULL, take_rest, &r))
		return false;
	usleep(200000);
	got = st_wedge_end(&w);
	pthread_join(r.thread, NULL);
	return got == 5 && r.came;
}

/* no callback of TCP is ours then, and no acknowledgement is due any more: the timer has to come */
TEST_F(ksock, room_while_the_socket_is_owned)
{
	int size;

	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "there", 5));
	ASSERT_NE(0, st_poll(self->p.fd, POLLIN, 5000));
	ASSERT_EQ(0, hook(self->c, 1));
	for (size = 10000; size < 100000; size += 11300) {
		ASSERT_TRUE(goes_out_after_owner(&self->p, size)) {
			TH_LOG("send buffer of %d", size);
		}
	}
}

/* a driver sends until there is no room, and goes on when its callback tells it to */
TEST_F(ksock, driver_that_is_called_back)
{
	struct ksock_send s = { .how = KSOCK_LOCKED, .give = 1, .n = 1, .flags = MSG_DONTWAIT };
	uint32_t before;
	uint64_t sent;
	int rc, round;

	ASSERT_EQ(0, get_memory(self, KSOCK_COMPOUND, ORDER));
	ASSERT_EQ(0, hook(self->c, 1));
	s.piece[0].len = MEMORY;
	for (round = 0; round < 4; round++) {
		before = calls(self->c).write_space;
		for (sent = 0; (rc = do_send(self->c, &s)) == MEMORY; sent += rc)
			;
		/* a part of it was taken, or none */
		sent += rc > 0 ? rc : 0;
		ASSERT_TRUE(rc > 0 || rc == -EAGAIN);
		while (sent > MEMORY) {
			ASSERT_TRUE(arrives(&self->p, 0, MEMORY));
			sent -= MEMORY;
		}
		ASSERT_TRUE(arrives(&self->p, 0, sent)) TH_LOG("round %d", round);
		ASSERT_TRUE(ST_COMES_TRUE(calls(self->c).write_space > before)) TH_LOG("round %d", round);
	}
}

TEST_HARNESS_MAIN
