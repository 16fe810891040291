// SPDX-License-Identifier: GPL-2.0
/*
 * What recvmsg() tells beside the bytes: MSG_EOR, by which TLS libraries tell that they have a
 * whole record, and TCP_INQ. In-tree TLS is the measure of the one, plain TCP of the other.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "record.h"

enum { ALERT = 21, DATA = 23 };

#define N_RECORDS	3
#define FULL		16384
#define V12		TLS_1_2_VERSION
#define V13		TLS_1_3_VERSION

static const size_t sizes[] = { 1, 100, 4096, FULL };

/**
 * struct told - an answer of recvmsg()
 * @n: its return value
 * @type: content type, -1: none
 * @inq: TCP_INQ, -1: none
 * @eor: MSG_EOR
 */
struct told {
	ssize_t n;
	int type;
	int inq;
	bool eor;
};

static struct told ask(int fd, void *buf, size_t len, int flags)
{
	struct iovec iov = { buf, len };
	char ctl[256];
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl,
			      .msg_controllen = sizeof(ctl) };
	struct told t = { .n = recvmsg(fd, &msg, flags), .type = -1, .inq = -1 };
	struct cmsghdr *c;

	if (t.n < 0)
		return t;
	t.eor = msg.msg_flags & MSG_EOR;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == SOL_TLS && c->cmsg_type == TLS_GET_RECORD_TYPE)
			t.type = *CMSG_DATA(c);
		if (c->cmsg_level == IPPROTO_TCP && c->cmsg_type == TCP_CM_INQ)
			memcpy(&t.inq, CMSG_DATA(c), sizeof(t.inq));
	}
	return t;
}

/* sheath or in-tree TLS reads at @fd what is made in user space and comes from @raw */
FIXTURE(told)
{
	int fd;
	int raw;
	struct st_key k;
	char buf[4 * FULL];
};

FIXTURE_VARIANT(told)
{
	uint16_t version, cipher;
	const char *ulp;
	uint8_t mac;
	bool etm;
	size_t pad;
};

#define VARIANT(name, v, c, u, ...) \
FIXTURE_VARIANT_ADD(told, name) { .version = v, .cipher = c, .ulp = u, __VA_ARGS__ }

VARIANT(tls12_gcm, V12, TLS_CIPHER_AES_GCM_128, ST_SHEATH);
VARIANT(tls12_chacha, V12, TLS_CIPHER_CHACHA20_POLY1305, ST_SHEATH);
VARIANT(tls13_gcm, V13, TLS_CIPHER_AES_GCM_256, ST_SHEATH);
VARIANT(tls13_ccm, V13, TLS_CIPHER_AES_CCM_128, ST_SHEATH);
VARIANT(tls13_gcm_padded, V13, TLS_CIPHER_AES_GCM_128, ST_SHEATH, .pad = 20);
VARIANT(tls12_cbc, V12, SHEATH_CIPHER_AES_128_CBC, ST_SHEATH, .mac = SHEATH_MAC_SHA256);
VARIANT(tls11_cbc_etm, SHEATH_TLS_1_1_VERSION, SHEATH_CIPHER_AES_256_CBC, ST_SHEATH,
	.mac = SHEATH_MAC_SHA1, .etm = true);
VARIANT(tls12_measure, V12, TLS_CIPHER_AES_GCM_128, ST_IN_TREE);
VARIANT(tls13_measure, V13, TLS_CIPHER_AES_GCM_256, ST_IN_TREE);
VARIANT(tls13_measure_padded, V13, TLS_CIPHER_AES_GCM_128, ST_IN_TREE, .pad = 20);

static int begin(FIXTURE_DATA(told) *self, const FIXTURE_VARIANT(told) *variant)
{
	int fd[2];

	self->k = st_key_mac(variant->version, variant->cipher, variant->mac, variant->etm, 0, 1);
	if (st_pair(AF_INET, fd))
		return -1;
	self->fd = fd[0];
	self->raw = fd[1];
	return variant->mac ? st_set_sheath(self->fd, TLS_RX, &self->k) :
			      st_set(self->fd, variant->ulp, TLS_RX, &self->k);
}

static void end(FIXTURE_DATA(told) *self)
{
	close(self->fd);
	close(self->raw);
}

FIXTURE_SETUP(told)
{
	ASSERT_EQ(0, begin(self, variant));
}

FIXTURE_TEARDOWN(told)
{
	end(self);
}

static int put(FIXTURE_DATA(told) *self, uint8_t type, size_t len, size_t pad)
{
	struct st_record r = { .type = type, .data = self->buf, .len = len,
			       .pad = len + pad > FULL ? 0 : pad };
	static uint8_t out[ST_RECORD_MAX];
	int n = st_seal(&self->k, &r, out);

	return n < 0 ? -1 : st_send_all(self->raw, out, n, 0);
}

/* N_RECORDS of @size, all of which have arrived */
static int put_all(FIXTURE_DATA(told) *self, size_t size, size_t pad)
{
	int i;

	for (i = 0; i < N_RECORDS; i++) {
		if (put(self, DATA, size, pad))
			return -1;
	}
	return shutdown(self->raw, SHUT_WR) || !st_poll(self->fd, POLLRDHUP, 5000) ? -1 : 0;
}

/* does a record of @size end within the @n bytes from @pos on? */
static bool ends(size_t size, size_t pos, size_t n)
{
	return (pos + n) / size > pos / size;
}

/* all that is there, in reads of @len; what is wrong or NULL */
static const char *read_all(FIXTURE_DATA(told) *self, size_t size, size_t len)
{
	size_t pos = 0;

	while (pos < N_RECORDS * size) {
		struct told t = ask(self->fd, self->buf, len, 0);

		if (t.n <= 0 || t.n > (ssize_t)len)
			return "bytes";
		if (t.type != DATA)
			return "type";
		if (t.eor != ends(size, pos, t.n))
			return t.eor ? "MSG_EOR where no record ends" : "no MSG_EOR";
		pos += t.n;
	}
	return pos > N_RECORDS * size ? "too many bytes" : NULL;
}

/* reads shorter than a record, as long, a little and much longer */
TEST_F(told, end_of_record)
{
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t size = sizes[i], len[] = { size / 2 ?: 1, size, size + 1, size * 3 / 2 ?: 1,
						  sizeof(self->buf) };

		for (j = 0; j < ARRAY_SIZE(len); j++) {
			const char *bad;

			end(self);
			ASSERT_EQ(0, begin(self, variant));
			ASSERT_EQ(0, put_all(self, size, variant->pad));
			bad = read_all(self, size, len[j]);
			EXPECT_EQ(NULL, bad) {
				TH_LOG("records of %zu, reads of %zu: %s", size, len[j], bad);
			}
		}
	}
}

TEST_F(told, end_of_control_record)
{
	struct told t;

	/* keyed by SHEATH_KEY, these are the module's */
	if (variant->mac)
		return;
	memcpy(self->buf, "\1\0", 2);
	ASSERT_EQ(0, put(self, ALERT, 2, variant->pad));
	t = ask(self->fd, self->buf, 1, 0);
	EXPECT_EQ(1, t.n);
	EXPECT_EQ(ALERT, t.type);
	EXPECT_FALSE(t.eor);
	t = ask(self->fd, self->buf, 1, 0);
	EXPECT_EQ(1, t.n);
	EXPECT_EQ(ALERT, t.type);
	EXPECT_TRUE(t.eor);
}

/* MSG_PEEK tells the same as the read that follows; in-tree TLS says nothing the first time */
TEST_F(told, peek)
{
	static const size_t len[] = { 99, 100, 101, 299, 300, 1000 };
	size_t i;

	if (!strcmp(variant->ulp, ST_IN_TREE))
		return;
	ASSERT_EQ(0, put_all(self, 100, variant->pad));
	for (i = 0; i < ARRAY_SIZE(len); i++) {
		struct told t = ask(self->fd, self->buf, len[i], MSG_PEEK | MSG_DONTWAIT);

		EXPECT_EQ((ssize_t)(len[i] < 300 ? len[i] : 300), t.n);
		EXPECT_EQ(len[i] >= 100, t.eor);
	}
}

FIXTURE(inq)
{
	int fd[2];
	char buf[1000];
};

FIXTURE_VARIANT(inq)
{
	uint16_t version;
	const char *tx, *rx;
};

FIXTURE_VARIANT_ADD(inq, tls12) { V12, ST_IN_TREE, ST_SHEATH };
FIXTURE_VARIANT_ADD(inq, tls13) { V13, ST_IN_TREE, ST_SHEATH };
FIXTURE_VARIANT_ADD(inq, plain_measure) { V13, "", "" };

FIXTURE_SETUP(inq)
{
	int on = 1;

	ASSERT_EQ(0, st_pair_keyed(AF_INET, self->fd, variant->tx, variant->rx, variant->version,
				   TLS_CIPHER_AES_GCM_128));
	ASSERT_EQ(0, setsockopt(self->fd[1], IPPROTO_TCP, TCP_INQ, &on, sizeof(on)));
}

FIXTURE_TEARDOWN(inq)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

static void expect_inq(struct __test_metadata *_metadata, int fd, char *buf, size_t len, int flags,
		       ssize_t n, int inq)
{
	struct told t = ask(fd, buf, len, flags);

	EXPECT_EQ(n, t.n);
	EXPECT_EQ(inq, t.inq) {
		TH_LOG("after a read of %zu", len);
	}
}

TEST_F(inq, bytes_left)
{
	ASSERT_EQ(100, send(self->fd[0], self->buf, 100, 0));
	ASSERT_EQ(200, send(self->fd[0], self->buf, 200, 0));
	ASSERT_EQ(300, recv(self->fd[1], self->buf, 300, MSG_PEEK | MSG_WAITALL));
	expect_inq(_metadata, self->fd[1], self->buf, 50, 0, 50, 250);
	expect_inq(_metadata, self->fd[1], self->buf, 50, MSG_PEEK, 50, 250);
	expect_inq(_metadata, self->fd[1], self->buf, 0, 0, 0, 250);
	expect_inq(_metadata, self->fd[1], self->buf, 100, 0, 100, 150);
	expect_inq(_metadata, self->fd[1], self->buf, 1000, 0, 150, 0);
	EXPECT_EQ(-1, ask(self->fd[1], self->buf, 1, MSG_DONTWAIT).n);
}

/* what nobody has opened yet counts, too */
TEST_F(inq, unopened)
{
	int mark = 300;

	ASSERT_EQ(0, setsockopt(self->fd[1], SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof(mark)));
	ASSERT_EQ(100, send(self->fd[0], self->buf, 100, 0));
	ASSERT_EQ(200, send(self->fd[0], self->buf, 200, 0));
	ASSERT_NE(0, st_poll(self->fd[1], POLLIN, 5000));
	expect_inq(_metadata, self->fd[1], self->buf, 30, 0, 30, 270);
	expect_inq(_metadata, self->fd[1], self->buf, 170, 0, 170, 100);
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	ASSERT_NE(0, st_poll(self->fd[1], POLLRDHUP, 5000));
	/* the end is worth reading */
	expect_inq(_metadata, self->fd[1], self->buf, 100, 0, 100, 1);
}

TEST_HARNESS_MAIN
