// SPDX-License-Identifier: GPL-2.0
/* What a peer or a caller must not do: each refusal has its errno, counter and alert. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "peer.h"

enum { CCS = 20, ALERT = 21, HANDSHAKE = 22, DATA = 23 };

#define UNEXPECTED_MESSAGE	10
#define BAD_RECORD_MAC		20
#define RECORD_OVERFLOW		22
#define DECODE_ERROR		50
#define PROTOCOL_VERSION	70

#define V12 TLS_1_2_VERSION
#define V13 TLS_1_3_VERSION

FIXTURE(record) { struct st_peer p; };
FIXTURE_VARIANT(record) { uint16_t version, cipher; };
FIXTURE_VARIANT_ADD(record, tls12_gcm) { V12, TLS_CIPHER_AES_GCM_128 };
FIXTURE_VARIANT_ADD(record, tls12_ccm) { V12, TLS_CIPHER_AES_CCM_128 };
FIXTURE_VARIANT_ADD(record, tls12_chacha) { V12, TLS_CIPHER_CHACHA20_POLY1305 };
FIXTURE_VARIANT_ADD(record, tls13_gcm) { V13, TLS_CIPHER_AES_GCM_256 };
FIXTURE_VARIANT_ADD(record, tls13_ccm) { V13, TLS_CIPHER_AES_CCM_128 };
FIXTURE_VARIANT_ADD(record, tls13_chacha) { V13, TLS_CIPHER_CHACHA20_POLY1305 };

FIXTURE_SETUP(record)
{
	ASSERT_EQ(0, st_peer_open(&self->p, variant->version, variant->cipher, false));
}

FIXTURE_TEARDOWN(record)
{
	st_peer_close(&self->p);
}

/* good record, @bad, good record, in one segment; the key goes on behind the bad one */
static int send_between(struct st_peer *p, const uint8_t *bad, size_t len)
{
	struct st_record good = { .type = DATA, .data = "good", .len = 4 };
	uint8_t *buf = malloc(3 * ST_RECORD_MAX);
	struct st_key first = p->to;
	int n, rc = -1;

	/* @bad has number 1 */
	first.seq = 0;
	n = st_seal(&first, &good, buf);
	memcpy(buf + n, bad, len);
	n += len;
	first.seq = 2;
	rc = st_seal(&first, &good, buf + n);
	rc = rc < 0 ? -1 : st_send_all(p->raw, buf, n + rc, 0);
	free(buf);
	return rc;
}

/* the text of what is wrong, NULL if the session died as it should */
static const char *died(struct st_peer *p, int err, uint8_t desc, const char *counter,
			long long before)
{
	uint8_t alert[] = { 2, desc }, buf[16384];
	int i;

	if (recv(p->fd, buf, sizeof(buf), 0) != 4 || memcmp(buf, "good", 4))
		return "the good record before it";
	for (i = 0; i < 3; i++) {
		if (recv(p->fd, buf, sizeof(buf), i == 2 ? MSG_PEEK : 0) != -1)
			return "something was received";
		if (errno != err)
			return strerror(errno);
	}
	if (st_stat(counter) != before + 1)
		return "the counter";
	if (send(p->fd, "x", 1, MSG_NOSIGNAL) != -1)
		return "something was sent";
	if (!st_peer_expect(p, ALERT, alert, sizeof(alert)))
		return "the alert";
	if (st_poll(p->raw, POLLIN, 20))
		return "something after the alert";
	if (!(st_poll(p->fd, POLLIN, 0) & POLLERR))
		return "poll";
	return NULL;
}

#define EXPECT_DIED(bad, len, err, desc, counter)					\
do {											\
	long long before = st_stat(counter);						\
	const char *why;								\
											\
	ASSERT_EQ(0, send_between(&self->p, bad, len));					\
	why = died(&self->p, err, desc, counter, before);				\
	EXPECT_EQ(NULL, why) TH_LOG("wrong: %s", why);					\
} while (0)

/* a record with number 1, as the second of three */
static int second(struct st_peer *p, const struct st_record *r, uint8_t *out)
{
	struct st_key k = p->to;

	k.seq = 1;
	return st_seal(&k, r, out);
}

TEST_F(record, every_flipped_byte)
{
	struct st_record r = { .type = DATA, .data = "secret", .len = 6 };
	uint8_t out[ST_RECORD_MAX];
	int len = second(&self->p, &r, out), i;

	for (i = 1; i <= len - 5; i++) {
		r.flip = i;
		len = second(&self->p, &r, out);
		EXPECT_DIED(out, len, EBADMSG, BAD_RECORD_MAC, "RxBadMac");
		st_peer_close(&self->p);
		ASSERT_EQ(0, st_peer_open(&self->p, variant->version, variant->cipher, false));
	}
}

TEST_F(record, large_and_bad_leaves_nothing)
{
	static uint8_t data[16384], buf[16384], out[ST_RECORD_MAX];
	struct st_record r = { .type = DATA, .data = data, .len = sizeof(data) };
	struct st_key k = self->p.to;
	int len, i;

	for (i = 0; i < (int)sizeof(data); i++)
		data[i] = 0x11 + i % 64;
	memset(buf, 0xee, sizeof(buf));
	/* in the tag, so that all of the text would decrypt */
	len = st_seal(&k, &r, out);
	out[len - 1] ^= 1;
	ASSERT_EQ(0, st_send_all(self->p.raw, out, len, 0));
	EXPECT_EQ(-1, recv(self->p.fd, buf, sizeof(buf), MSG_WAITALL));
	EXPECT_EQ(EBADMSG, errno);
	for (i = 0; i < (int)sizeof(buf); i++)
		ASSERT_TRUE(buf[i] == 0 || buf[i] == 0xee);
}

TEST_F(record, too_long)
{
	static uint8_t data[16385], out[ST_RECORD_MAX];
	struct st_record r = { .type = DATA, .data = data, .len = 16385 };
	int len = second(&self->p, &r, out);

	EXPECT_DIED(out, len, EMSGSIZE, RECORD_OVERFLOW, "RxOverflow");
}

TEST_F(record, longest)
{
	static uint8_t data[16384], buf[16384];

	st_fill(data, sizeof(data), 0);
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, data, sizeof(data)));
	ASSERT_EQ(0, st_recv_all(self->p.fd, buf, sizeof(buf)));
	EXPECT_TRUE(st_check(buf, sizeof(buf), 0));
}

TEST_F(record, too_short)
{
	uint8_t bad[64] = { 23, 3, 3, 0, 15 };

	EXPECT_DIED(bad, 5 + 15, EBADMSG, BAD_RECORD_MAC, "RxShort");
}

TEST_F(record, wrong_version)
{
	struct st_record r = { .type = DATA, .data = "abc", .len = 3, .version = 0x0302 };
	uint8_t out[ST_RECORD_MAX], buf[16];
	int len = second(&self->p, &r, out);

	if (variant->version == V12) {
		EXPECT_DIED(out, len, EINVAL, PROTOCOL_VERSION, "RxBadVersion");
		return;
	}
	/* RFC 8446 section 5.1: ignored, but authenticated as it is */
	ASSERT_EQ(0, send_between(&self->p, out, len));
	EXPECT_EQ(11, recv(self->p.fd, buf, 11, MSG_WAITALL));
	EXPECT_EQ(0, memcmp(buf, "goodabcgood", 11));
}

TEST_F(record, change_cipher_spec)
{
	struct st_record r = { .type = CCS, .data = "\1", .len = 1, .outer_type = CCS };
	uint8_t out[ST_RECORD_MAX];
	int len = second(&self->p, &r, out);

	EXPECT_DIED(out, len, EPROTO, UNEXPECTED_MESSAGE, "RxBadType");
}

TEST_F(record, unknown_type)
{
	struct st_record r = { .type = 24, .data = "\1", .len = 1 };
	uint8_t out[ST_RECORD_MAX];
	int len = second(&self->p, &r, out);

	EXPECT_DIED(out, len, EPROTO, UNEXPECTED_MESSAGE, "RxBadType");
}

TEST_F(record, no_inner_type)
{
	struct st_record r = { .no_type = true, .pad = 20 };
	uint8_t out[ST_RECORD_MAX];
	int len = second(&self->p, &r, out);

	if (variant->version == V13)
		EXPECT_DIED(out, len, EBADMSG, UNEXPECTED_MESSAGE, "RxEmpty");
}

TEST_F(record, empty_handshake)
{
	struct st_record r = { .type = HANDSHAKE };
	uint8_t out[ST_RECORD_MAX];
	int len = second(&self->p, &r, out);

	EXPECT_DIED(out, len, EPROTO, UNEXPECTED_MESSAGE, "RxEmpty");
}

TEST_F(record, empty_alert)
{
	struct st_record r = { .type = ALERT };
	uint8_t out[ST_RECORD_MAX];
	int len = second(&self->p, &r, out);

	EXPECT_DIED(out, len, EPROTO, UNEXPECTED_MESSAGE, "RxEmpty");
}

TEST_F(record, half_an_alert)
{
	struct st_record r = { .type = ALERT, .data = "\1", .len = 1 };
	uint8_t out[ST_RECORD_MAX];
	int len = second(&self->p, &r, out);

	EXPECT_DIED(out, len, EPROTO, DECODE_ERROR, "RxBadAlert");
}

TEST_F(record, long_alert)
{
	struct st_record r = { .type = ALERT, .data = "\1\0\0", .len = 3 };
	uint8_t out[ST_RECORD_MAX];
	int len = second(&self->p, &r, out);

	EXPECT_DIED(out, len, EPROTO, DECODE_ERROR, "RxBadAlert");
}

TEST_F(record, unknown_message)
{
	struct st_record r = { .type = HANDSHAKE, .data = "\x0d\0\0\1x", .len = 5 };
	uint8_t out[ST_RECORD_MAX];
	int len = second(&self->p, &r, out);

	EXPECT_DIED(out, len, EPROTO, UNEXPECTED_MESSAGE, "RxBadHandshake");
}

TEST_F(record, data_inside_a_message)
{
	struct st_record r = { .type = HANDSHAKE, .data = "\4\0\0\5x", .len = 5 };
	uint8_t out[ST_RECORD_MAX];
	int len = second(&self->p, &r, out);

	if (variant->version == V13)
		EXPECT_DIED(out, len, EPROTO, UNEXPECTED_MESSAGE, "RxBadHandshake");
}

static const char *flood(struct st_peer *p, uint8_t type, const void *data, size_t len, int n)
{
	while (n--) {
		if (st_peer_send(p, type, data, len))
			return "send";
	}
	return NULL;
}

TEST_F(record, flood_of_empty_records)
{
	long long before = st_stat("RxFlood");
	char c;

	/* some are allowed: RFC 5246 section 6.2.1 */
	ASSERT_EQ(NULL, flood(&self->p, DATA, "", 0, 32));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "a", 1));
	ASSERT_EQ(1, recv(self->p.fd, &c, 1, 0));
	ASSERT_EQ(NULL, flood(&self->p, DATA, "", 0, 200));
	EXPECT_EQ(-1, recv(self->p.fd, &c, 1, 0));
	EXPECT_EQ(EPROTO, errno);
	EXPECT_EQ(before + 1, st_stat("RxFlood"));
}

TEST_F(record, flood_of_warnings)
{
	long long before = st_stat("RxFlood");
	char c;

	ASSERT_EQ(NULL, flood(&self->p, ALERT, "\1\x5a", 2, 100));
	EXPECT_EQ(-1, recv(self->p.fd, &c, 1, 0));
	EXPECT_EQ(EPROTO, errno);
	EXPECT_EQ(before + 1, st_stat("RxFlood"));
}

TEST_F(record, padding)
{
	static const size_t pads[] = { 0, 1, 15, 16, 100, 4096, 16384 - 3 };
	static uint8_t out[ST_RECORD_MAX];
	struct st_record r = { .type = DATA, .data = "abc", .len = 3 };
	char buf[4096];
	unsigned int i;

	if (variant->version == V12)
		return;
	for (i = 0; i < sizeof(pads) / sizeof(*pads); i++) {
		int len;

		r.pad = pads[i];
		len = st_seal(&self->p.to, &r, out);
		ASSERT_EQ(0, st_send_all(self->p.raw, out, len, 0));
		ASSERT_EQ(3, recv(self->p.fd, buf, sizeof(buf), 0));
		ASSERT_EQ(0, memcmp(buf, "abc", 3));
	}
}

/* callers */
FIXTURE(call) { int fd[2]; struct st_key k; uint8_t info[64]; unsigned int len; };

FIXTURE_SETUP(call)
{
	self->k = st_key(V13, TLS_CIPHER_AES_GCM_128, 0, 1);
	self->len = st_crypto_info(&self->k, self->info);
	ASSERT_EQ(0, st_pair(AF_INET, self->fd));
	ASSERT_EQ(0, st_attach(self->fd[0], ST_SHEATH));
}

FIXTURE_TEARDOWN(call)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

#define EXPECT_ERR(e, call) do { errno = 0; EXPECT_EQ(-1, call); EXPECT_EQ(e, errno); } while (0)

TEST_F(call, lengths)
{
	long long before = st_stat("TxKeys");
	unsigned int i;

	for (i = 0; i <= 64; i++) {
		if (i != self->len)
			EXPECT_ERR(EINVAL, setsockopt(self->fd[0], SOL_TLS, TLS_TX, self->info, i));
	}
	EXPECT_ERR(EFAULT, setsockopt(self->fd[0], SOL_TLS, TLS_TX, (void *)8, self->len));
	EXPECT_EQ(before, st_stat("TxKeys"));
	/* none of it left a trace */
	EXPECT_EQ(0, setsockopt(self->fd[0], SOL_TLS, TLS_TX, self->info, self->len));
	EXPECT_EQ(before + 1, st_stat("TxKeys"));
	EXPECT_ERR(EBUSY, setsockopt(self->fd[0], SOL_TLS, TLS_TX, self->info, self->len));
}

TEST_F(call, unknown)
{
	uint16_t bad[4] = { 0x0305, TLS_CIPHER_AES_GCM_128, V13, 999 };

	memcpy(self->info, bad, 4);
	EXPECT_ERR(EINVAL, setsockopt(self->fd[0], SOL_TLS, TLS_TX, self->info, self->len));
	memcpy(self->info, bad + 2, 4);
	EXPECT_ERR(EINVAL, setsockopt(self->fd[0], SOL_TLS, TLS_TX, self->info, self->len));
	EXPECT_ERR(ENOPROTOOPT, setsockopt(self->fd[0], SOL_TLS, 0x1ff, self->info, 4));
	/* still plain TCP */
	EXPECT_EQ(3, send(self->fd[0], "abc", 3, 0));
	EXPECT_EQ(3, recv(self->fd[1], self->info, 8, 0));
}

TEST_F(call, directions_agree)
{
	struct st_key other = st_key(V13, TLS_CIPHER_AES_GCM_256, 0, 2);

	ASSERT_EQ(0, st_set(self->fd[0], ST_SHEATH, TLS_TX, &self->k));
	EXPECT_ERR(EINVAL, st_set(self->fd[0], ST_SHEATH, TLS_RX, &other));
	other = st_key(V12, TLS_CIPHER_AES_GCM_128, 0, 2);
	EXPECT_ERR(EINVAL, st_set(self->fd[0], ST_SHEATH, TLS_RX, &other));
	EXPECT_EQ(0, st_set(self->fd[0], ST_SHEATH, TLS_RX, &self->k));
}

TEST_F(call, sheath_key)
{
	struct { struct sheath_key k; uint32_t more; } in = {
		.k = { .flags = SHEATH_KEY_TX, .version = V13, .cipher = TLS_CIPHER_AES_GCM_128,
		       .key_len = 16, .iv_len = 12 },
	}, bad;
	int fd = self->fd[0];

	bad = in, bad.more = 1;
	EXPECT_ERR(E2BIG, setsockopt(fd, SOL_TLS, SHEATH_KEY, &bad, sizeof(bad)));
	bad = in, bad.k.epoch = 1;
	EXPECT_ERR(ERANGE, setsockopt(fd, SOL_TLS, SHEATH_KEY, &bad, sizeof(bad)));
	bad = in, bad.k.flags = SHEATH_KEY_TX | SHEATH_KEY_RX;
	EXPECT_ERR(EINVAL, setsockopt(fd, SOL_TLS, SHEATH_KEY, &bad, sizeof(bad)));
	bad = in, bad.k.key_len = 32;
	EXPECT_ERR(EINVAL, setsockopt(fd, SOL_TLS, SHEATH_KEY, &bad, sizeof(bad)));
	bad = in, bad.k.key_len = 33;
	EXPECT_ERR(EINVAL, setsockopt(fd, SOL_TLS, SHEATH_KEY, &bad, sizeof(bad)));
	bad = in, bad.k.iv_len = 4;
	EXPECT_ERR(EINVAL, setsockopt(fd, SOL_TLS, SHEATH_KEY, &bad, sizeof(bad)));
	bad = in, bad.k.version = 0x0301;
	EXPECT_ERR(EOPNOTSUPP, setsockopt(fd, SOL_TLS, SHEATH_KEY, &bad, sizeof(bad)));
	EXPECT_EQ(0, setsockopt(fd, SOL_TLS, SHEATH_KEY, &in, sizeof(in)));
}

TEST_F(call, attach)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	int s = socket(AF_INET, SOCK_STREAM, 0);

	EXPECT_ERR(EEXIST, st_attach(self->fd[0], ST_SHEATH));
	EXPECT_ERR(ENOTCONN, st_attach(s, ST_SHEATH));
	ASSERT_EQ(0, bind(s, (void *)&sa, sizeof(sa)));
	ASSERT_EQ(0, listen(s, 1));
	EXPECT_ERR(ENOTCONN, st_attach(s, ST_SHEATH));
	close(s);
}

TEST_F(call, bypasses)
{
	struct sockaddr sa = { .sa_family = AF_UNSPEC };
	uint8_t zc[64] = { 0 };
	socklen_t len = sizeof(zc);
	int one = 1, fd = self->fd[0];

	ASSERT_EQ(0, st_set(fd, ST_SHEATH, TLS_TX, &self->k));
	ASSERT_EQ(0, st_set(fd, ST_SHEATH, TLS_RX, &self->k));
	EXPECT_ERR(EOPNOTSUPP, send(fd, "x", 1, MSG_OOB));
	EXPECT_ERR(EOPNOTSUPP, recv(fd, zc, 1, MSG_OOB));
	EXPECT_ERR(EOPNOTSUPP, setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &one, sizeof(one)));
	EXPECT_ERR(EOPNOTSUPP, getsockopt(fd, IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, zc, &len));
	EXPECT_ERR(EOPNOTSUPP, setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &one, sizeof(one)));
	EXPECT_ERR(EOPNOTSUPP, connect(fd, &sa, sizeof(sa)));
	EXPECT_EQ(-1, listen(fd, 1));
	/* nothing got out */
	EXPECT_EQ(0, st_poll(self->fd[1], POLLIN, 20));
	EXPECT_EQ(3, send(fd, "abc", 3, 0));
}

TEST_HARNESS_MAIN
