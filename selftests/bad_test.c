// SPDX-License-Identifier: GPL-2.0
/* What a peer or a caller must not do: each refusal has its errno, counter and alert. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
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

static int reopen(struct st_peer *p)
{
	struct st_key k = p->to;

	st_peer_close(p);
	return st_peer_open(p, k.version, k.cipher, false);
}

#define EXPECT_DIED(bad, len, err, desc, counter)					\
do {											\
	long long before = st_stat(counter);						\
	const char *why;								\
											\
	ASSERT_EQ(0, send_between(&self->p, bad, len));					\
	why = st_peer_died(&self->p, err, desc, counter, before);			\
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
		ASSERT_EQ(0, reopen(&self->p));
	}
}

/* the tags that lists of edge cases (Wycheproof) have: each bit, halves, constants, shifted */
TEST_F(record, wrong_tags)
{
	struct st_record r = { .type = DATA, .data = "secret", .len = 6 };
	uint8_t good[ST_RECORD_MAX], bad[ST_RECORD_MAX];
	int len = second(&self->p, &r, good), i, j;

	for (i = 0; i < 8 * 16 + 8; i++) {
		uint8_t *tag = bad + len - 16;

		memcpy(bad, good, len);
		if (i < 8 * 16)
			tag[i / 8] ^= 1 << i % 8;
		for (j = 0; j < 16 && i >= 8 * 16; j++)
			tag[j] = (uint8_t []){ 0, 0xff, ~tag[j], tag[j] ^ 0x80, tag[j] ^ 1,
					       j < 8 ? 0 : tag[j], j < 8 ? tag[j] : 0,
					       good[len - 16 + (j + 1) % 16] }[i - 8 * 16];
		EXPECT_DIED(bad, len, EBADMSG, BAD_RECORD_MAC, "RxBadMac");
		ASSERT_EQ(0, reopen(&self->p));
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

/* RFC 8446 section 5.2: the header alone says it, so the rest is not waited for */
TEST_F(record, longest_header)
{
	static const uint8_t bad[] = { 23, 3, 3, 0xff, 0xff };
	char c;

	ASSERT_EQ(0, st_send_all(self->p.raw, bad, sizeof(bad), 0));
	EXPECT_EQ(-1, recv(self->p.fd, &c, 1, 0));
	EXPECT_EQ(EMSGSIZE, errno);
}

TEST_F(record, too_long_by_padding)
{
	static uint8_t out[ST_RECORD_MAX];
	struct st_record r = { .type = DATA, .data = "abc", .len = 3, .pad = 16384 - 2 };
	int len = second(&self->p, &r, out);

	if (variant->version == V13)
		EXPECT_DIED(out, len, EMSGSIZE, RECORD_OVERFLOW, "RxOverflow");
}

/* bytes of a record without content, behind its header */
static int overhead(const struct st_key *k)
{
	if (k->version == V13)
		return 1 + 16;
	return k->cipher == TLS_CIPHER_CHACHA20_POLY1305 ? 16 : 8 + 16;
}

TEST_F(record, too_short)
{
	int lens[] = { 0, 1, overhead(&self->p.to) - 1 };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		uint8_t bad[64] = { 23, 3, 3, 0, lens[i] };

		EXPECT_DIED(bad, 5 + lens[i], EBADMSG, BAD_RECORD_MAC, "RxShort");
		ASSERT_EQ(0, reopen(&self->p));
	}
}

TEST_F(record, shortest)
{
	struct st_record r = { .type = DATA };
	uint8_t out[ST_RECORD_MAX], buf[16];
	int len = second(&self->p, &r, out);

	ASSERT_EQ(5 + overhead(&self->p.to), len);
	ASSERT_EQ(0, send_between(&self->p, out, len));
	EXPECT_EQ(8, recv(self->p.fd, buf, 8, MSG_WAITALL));
	EXPECT_EQ(0, memcmp(buf, "goodgood", 8));
}

/* the same record twice, or one that is missing */
TEST_F(record, wrong_number)
{
	struct st_record r = { .type = DATA, .data = "good", .len = 4 };
	static const uint64_t seqs[] = { 0, 2, 1ull << 32 | 1 };
	uint8_t out[ST_RECORD_MAX];
	struct st_key k;
	unsigned int i;
	int len;

	for (i = 0; i < 3; i++) {
		k = self->p.to;
		k.seq = seqs[i];
		len = st_seal(&k, &r, out);
		EXPECT_DIED(out, len, EBADMSG, BAD_RECORD_MAC, "RxBadMac");
		ASSERT_EQ(0, reopen(&self->p));
	}
}

/* no path may give away more than another one */
TEST_F(record, bad_for_other_readers)
{
	struct st_record r = { .type = DATA, .data = "secret", .len = 6, .flip = 12 };
	uint8_t out[ST_RECORD_MAX];
	int len = second(&self->p, &r, out), pipes[2], i;
	char buf[16];

	/* one byte at a time */
	ASSERT_EQ(0, send_between(&self->p, out, len));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(1, recv(self->p.fd, buf, 1, 0));
	EXPECT_EQ(-1, recv(self->p.fd, buf, 1, 0));
	EXPECT_EQ(EBADMSG, errno);
	/* a look first */
	ASSERT_EQ(0, reopen(&self->p));
	ASSERT_EQ(0, send_between(&self->p, out, len));
	EXPECT_EQ(4, recv(self->p.fd, buf, 16, MSG_PEEK));
	EXPECT_EQ(4, recv(self->p.fd, buf, 16, 0));
	EXPECT_EQ(-1, recv(self->p.fd, buf, 16, MSG_PEEK));
	EXPECT_EQ(EBADMSG, errno);
	/* into a pipe */
	ASSERT_EQ(0, reopen(&self->p));
	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(0, send_between(&self->p, out, len));
	EXPECT_EQ(4, splice(self->p.fd, NULL, pipes[1], NULL, 100, 0));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-1, splice(self->p.fd, NULL, pipes[1], NULL, 100, 0));
		EXPECT_EQ(EBADMSG, errno);
	}
	EXPECT_EQ(4, read(pipes[0], buf, sizeof(buf)));
	EXPECT_EQ(-1, recv(self->p.fd, buf, 1, 0));
	EXPECT_EQ(EBADMSG, errno);
}

TEST_F(record, wrong_version)
{
	static const uint16_t versions[] = { 0x0300, 0x0301, 0x0302, 0x0304, 0x0203, 0xffff };
	struct st_record r = { .type = DATA, .data = "abc", .len = 3 };
	uint8_t out[ST_RECORD_MAX], buf[16];
	unsigned int i;
	int len;

	for (i = 0; i < 6; i++) {
		r.version = versions[i];
		len = second(&self->p, &r, out);
		if (variant->version == V12) {
			EXPECT_DIED(out, len, EINVAL, PROTOCOL_VERSION, "RxBadVersion");
		} else {
			/* RFC 8446 section 5.1: ignored, but authenticated as it is */
			ASSERT_EQ(0, send_between(&self->p, out, len));
			EXPECT_EQ(11, recv(self->p.fd, buf, 11, MSG_WAITALL));
			EXPECT_EQ(0, memcmp(buf, "goodabcgood", 11));
		}
		ASSERT_EQ(0, reopen(&self->p));
	}
}

/* in TLS 1.2 the only type there is; in 1.3 the outer one, which is 23 always */
TEST_F(record, wrong_outer_type)
{
	static const uint8_t types[] = { 0, 19, CCS, 24, 0x80, 255, ALERT, HANDSHAKE };
	struct st_record r = { .data = "\1", .len = 1 };
	unsigned int i, n = variant->version == V12 ? 6 : 8;
	uint8_t out[ST_RECORD_MAX];
	int len;

	for (i = 0; i < n; i++) {
		r.type = variant->version == V12 ? types[i] : DATA;
		r.outer_type = types[i];
		len = second(&self->p, &r, out);
		/* st_seal() takes 0 for "as it should be" */
		out[0] = types[i];
		EXPECT_DIED(out, len, EPROTO, UNEXPECTED_MESSAGE, "RxBadType");
		ASSERT_EQ(0, reopen(&self->p));
	}
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

/*
 * Nor any other record: RFC 8446 section 5.1. The good record behind them comes with a number
 * that is used up, so that it cannot be what ends the session in this way.
 */
TEST_F(record, alert_inside_a_message)
{
	struct st_record part = { .type = HANDSHAKE, .data = "\4\0\0\5x", .len = 5 };
	struct st_record alert = { .type = ALERT, .data = "\1\x5a", .len = 2 };
	static uint8_t out[2 * ST_RECORD_MAX];
	struct st_key k = self->p.to;
	int len;

	if (variant->version == V12)
		return;
	k.seq = 1;
	len = st_seal(&k, &part, out);
	len += st_seal(&k, &alert, out + len);
	EXPECT_DIED(out, len, EPROTO, UNEXPECTED_MESSAGE, "RxBadHandshake");
}

/* RFC 8446 section 4.6.3; TLS 1.2 has none at all */
TEST_F(record, bad_key_update)
{
	static const struct { const char *data; size_t len; } bad[] = {
		{ "\x18\0\0\1\2", 5 },		/* neither asks nor does not */
		{ "\x18\0\0\2\0\0", 6 },
		{ "\x18\0\0\0", 4 },
		{ "\x18\0\0\1\0\4\0\0\0", 9 },	/* a message behind it, under the old key */
		{ "\4\xff\xff\xff", 4 },		/* a ticket of 16 MB */
	};
	struct st_record r = { .type = HANDSHAKE };
	uint8_t out[ST_RECORD_MAX];
	unsigned int i;
	int len;

	for (i = 0; i < 5; i++) {
		r.data = bad[i].data;
		r.len = bad[i].len;
		len = second(&self->p, &r, out);
		EXPECT_DIED(out, len, EPROTO, UNEXPECTED_MESSAGE, "RxBadHandshake");
		ASSERT_EQ(0, reopen(&self->p));
	}
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

/* in TLS 1.2 each is answered, so that they must not be many; in 1.3 tickets */
TEST_F(record, flood_of_messages)
{
	long long before = st_stat("RxFlood");
	const char *message = variant->version == V12 ? "\0\0\0\0" : "\4\0\0\0";
	uint8_t type = ALERT, out[ST_RECORD_MAX];
	int n = 0, len;
	char c;

	ASSERT_EQ(NULL, flood(&self->p, HANDSHAKE, message, 4, 100));
	EXPECT_EQ(-1, recv(self->p.fd, &c, 1, 0));
	EXPECT_EQ(EPROTO, errno);
	EXPECT_EQ(before + 1, st_stat("RxFlood"));
	do {
		len = st_recv_record(self->p.raw, &self->p.from, &type, out);
		ASSERT_EQ(2, len);
		ASSERT_EQ(ALERT, type);
		n++;
	} while (out[0] != 2);
	EXPECT_EQ(UNEXPECTED_MESSAGE, out[1]);
	EXPECT_GT(50, n);
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
FIXTURE(call) { int fd[2]; struct st_key k; uint8_t info[16384]; unsigned int len; };

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
	static const uint16_t ciphers[] = { TLS_CIPHER_AES_GCM_128, TLS_CIPHER_AES_GCM_256,
					    TLS_CIPHER_AES_CCM_128, TLS_CIPHER_CHACHA20_POLY1305 };
	long long before;
	unsigned int i, c;
	uint8_t buf[128], type;
	int dir;

	for (c = 0; c < 16; c++) {
		dir = c & 1 ? TLS_TX : TLS_RX;
		self->k = st_key(c & 2 ? V12 : V13, ciphers[c / 4], 0, 1);
		self->len = st_crypto_info(&self->k, buf);
		before = st_stat(c & 1 ? "TxKeys" : "RxKeys");
		for (i = 0; i <= sizeof(buf); i++) {
			if (i != self->len)
				EXPECT_ERR(EINVAL, setsockopt(self->fd[0], SOL_TLS, dir, buf, i));
		}
		EXPECT_ERR(EFAULT, setsockopt(self->fd[0], SOL_TLS, dir, (void *)8, self->len));
		EXPECT_EQ(before, st_stat(c & 1 ? "TxKeys" : "RxKeys"));
		/* none of it left a trace */
		EXPECT_EQ(0, setsockopt(self->fd[0], SOL_TLS, dir, buf, self->len));
		EXPECT_EQ(before + 1, st_stat(c & 1 ? "TxKeys" : "RxKeys"));
		/* TLS 1.3 changes keys, but not to the same one, whose numbers would start over */
		if (c & 2)
			EXPECT_ERR(EBUSY, setsockopt(self->fd[0], SOL_TLS, dir, buf, self->len));
		else if (dir == TLS_TX)
			EXPECT_ERR(EKEYREJECTED, setsockopt(self->fd[0], SOL_TLS, dir, buf, self->len));
		if (dir == TLS_TX) {
			ASSERT_EQ(3, send(self->fd[0], "abc", 3, 0));
			EXPECT_EQ(3, st_recv_record(self->fd[1], &self->k, &type, self->info));
		} else {
			ASSERT_EQ(0, st_send_record(self->fd[1], &self->k, DATA, "abc", 3));
			EXPECT_EQ(3, recv(self->fd[0], self->info, 8, 0));
		}
		EXPECT_EQ(0, memcmp(self->info, "abc", 3));
		close(self->fd[0]);
		close(self->fd[1]);
		ASSERT_EQ(0, st_pair(c & 4 ? AF_INET : AF_INET6, self->fd));
		ASSERT_EQ(0, st_attach(self->fd[0], ST_SHEATH));
	}
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

static int set_key(int fd, const struct sheath_key *k)
{
	return setsockopt(fd, SOL_TLS, SHEATH_KEY, k, sizeof(*k));
}

TEST_F(call, sheath_key)
{
	static const uint32_t ivs[] = { 0, 4, 8, 11, 13, 16, 17, -1 };
	static const uint32_t keys[] = { 0, 15, 17, 32, 33, -1 };
	struct sheath_key bad, in = {
		.flags = SHEATH_KEY_TX, .version = V13, .cipher = TLS_CIPHER_AES_GCM_128,
		.key_len = 16, .iv_len = 12,
	};
	int fd = self->fd[0];
	unsigned int i;

	bad = in, bad.epoch = 1;
	EXPECT_ERR(ERANGE, set_key(fd, &bad));
	for (i = 0; i < 9; i++) {
		bad = in, bad.flags = i;
		if (i != SHEATH_KEY_TX && i != SHEATH_KEY_RX)
			EXPECT_ERR(EINVAL, set_key(fd, &bad));
	}
	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		bad = in, bad.key_len = keys[i];
		EXPECT_ERR(keys[i] > SHEATH_KEY_MAX ? ERANGE : EINVAL, set_key(fd, &bad));
	}
	for (i = 0; i < sizeof(ivs) / sizeof(*ivs); i++) {
		bad = in, bad.iv_len = ivs[i];
		EXPECT_ERR(ivs[i] > SHEATH_IV_MAX ? ERANGE : EINVAL, set_key(fd, &bad));
	}
	bad = in, bad.version = 0x02ff;
	EXPECT_ERR(EOPNOTSUPP, set_key(fd, &bad));
	/* not to be taken for 0x0304 because the upper half is cut off somewhere */
	bad = in, bad.version |= 0x10000;
	EXPECT_ERR(EOPNOTSUPP, set_key(fd, &bad));
	bad = in, bad.cipher = 999;
	EXPECT_ERR(EOPNOTSUPP, set_key(fd, &bad));
	bad = in, bad.cipher |= 0x10000;
	EXPECT_ERR(EOPNOTSUPP, set_key(fd, &bad));
	EXPECT_ERR(EFAULT, setsockopt(fd, SOL_TLS, SHEATH_KEY, (void *)8, sizeof(in)));
	EXPECT_EQ(0, set_key(fd, &in));
	EXPECT_ERR(EBUSY, set_key(fd, &in));
}

/* callers of another version of the header */
TEST_F(call, sheath_key_sizes)
{
	struct { struct sheath_key k; uint32_t more[20]; } in = {
		.k = { .flags = SHEATH_KEY_TX, .version = V13, .cipher = TLS_CIPHER_AES_GCM_128,
		       .key_len = 16, .iv_len = 12 },
	};
	int fd = self->fd[0];
	uint8_t type;

	in.more[19] = 1;
	EXPECT_ERR(E2BIG, setsockopt(fd, SOL_TLS, SHEATH_KEY, &in, sizeof(in)));
	/* without lengths or flags it is no key */
	EXPECT_ERR(EINVAL, setsockopt(fd, SOL_TLS, SHEATH_KEY, &in, 16));
	EXPECT_ERR(EINVAL, setsockopt(fd, SOL_TLS, SHEATH_KEY, &in, 0));
	EXPECT_EQ(-1, setsockopt(fd, SOL_TLS, SHEATH_KEY, &in, -1));
	EXPECT_EQ(-1, setsockopt(fd, SOL_TLS, SHEATH_KEY, &in, 1 << 30));
	in.more[19] = 0;
	EXPECT_EQ(0, setsockopt(fd, SOL_TLS, SHEATH_KEY, &in, sizeof(in)));
	/* a key of zeros is a key */
	self->k = (struct st_key){
		.version = V13, .cipher = TLS_CIPHER_AES_GCM_128, .key_len = 16,
	};
	ASSERT_EQ(3, send(fd, "abc", 3, 0));
	EXPECT_EQ(3, st_recv_record(self->fd[1], &self->k, &type, self->info));
	EXPECT_EQ(0, memcmp(self->info, "abc", 3));
}

static ssize_t send_cmsg(int fd, int type, size_t len, int n, int flags, size_t data)
{
	union { char buf[2 * CMSG_SPACE(1)]; struct cmsghdr align; } ctl = { .buf = { 0 } };
	struct iovec iov = { "12345", data };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &ctl,
			      .msg_controllen = n * CMSG_SPACE(1) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	while (n--) {
		c->cmsg_level = SOL_TLS;
		c->cmsg_type = type;
		c->cmsg_len = CMSG_LEN(len);
		*CMSG_DATA(c) = ALERT;
		c = (void *)((char *)c + CMSG_SPACE(1));
	}
	return sendmsg(fd, &msg, flags);
}

TEST_F(call, messages)
{
	int fd = self->fd[0];
	uint8_t type;

	ASSERT_EQ(0, st_set(fd, ST_SHEATH, TLS_TX, &self->k));
	EXPECT_ERR(EINVAL, send_cmsg(fd, TLS_SET_RECORD_TYPE, 0, 1, 0, 2));
	EXPECT_ERR(EINVAL, send_cmsg(fd, TLS_SET_RECORD_TYPE, 1, 2, 0, 2));
	EXPECT_ERR(EINVAL, send_cmsg(fd, TLS_SET_RECORD_TYPE, 1, 1, MSG_MORE, 2));
	EXPECT_ERR(EINVAL, send_cmsg(fd, TLS_GET_RECORD_TYPE, 1, 1, 0, 2));
	EXPECT_ERR(EMSGSIZE, send_cmsg(fd, TLS_SET_RECORD_TYPE, 1, 1, 0, 3));
	EXPECT_ERR(EINVAL, send(fd, "abc", 3, MSG_MORE | MSG_EOR));
	EXPECT_ERR(EOPNOTSUPP, send(fd, "abc", 3, MSG_OOB));
	/* nothing of it is on the wire, and the next one is number 0 */
	EXPECT_EQ(3, send(fd, "abc", 3, 0));
	EXPECT_EQ(3, st_recv_record(self->fd[1], &self->k, &type, self->info));
	EXPECT_EQ(DATA, type);
	EXPECT_EQ(0, memcmp(self->info, "abc", 3));
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
	/* the other ULP does not get on top of ours, nor ours on top of it */
	EXPECT_ERR(EEXIST, st_attach(self->fd[0], ST_IN_TREE));
	ASSERT_EQ(0, st_attach(self->fd[1], ST_IN_TREE));
	EXPECT_ERR(EEXIST, st_attach(self->fd[1], ST_SHEATH));
}

/* attached, but without a key: plain TCP, and still not to be connected anew */
TEST_F(call, no_key_yet)
{
	struct sockaddr sa = { .sa_family = AF_UNSPEC };
	int fd = self->fd[0];
	char buf[8];

	EXPECT_ERR(EOPNOTSUPP, connect(fd, &sa, sizeof(sa)));
	EXPECT_ERR(ENOTCONN, setsockopt(fd, SOL_TLS, SHEATH_CLOSE_NOTIFY, NULL, 0));
	EXPECT_EQ(-1, listen(fd, 1));
	EXPECT_EQ(3, send(fd, "abc", 3, 0));
	EXPECT_EQ(3, recv(self->fd[1], buf, 8, 0));
	EXPECT_EQ(3, send(self->fd[1], "def", 3, 0));
	EXPECT_EQ(3, recv(fd, buf, 8, 0));
	EXPECT_EQ(0, memcmp(buf, "def", 3));
}

TEST_F(call, bypasses)
{
	struct sockaddr sa = { .sa_family = AF_UNSPEC };
	struct st_key other;
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
	/* nothing got out, and the session is as it was */
	EXPECT_EQ(0, st_poll(self->fd[1], POLLIN, 20));
	EXPECT_EQ(3, send(fd, "abc", 3, 0));
	other = self->k;
	EXPECT_EQ(3, st_recv_record(self->fd[1], &other, zc, self->info));
	EXPECT_EQ(0, memcmp(self->info, "abc", 3));
	ASSERT_EQ(0, st_send_record(self->fd[1], &self->k, DATA, "def", 3));
	EXPECT_EQ(3, recv(fd, zc, sizeof(zc), 0));
}

TEST_HARNESS_MAIN
