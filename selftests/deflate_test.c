// SPDX-License-Identifier: GPL-2.0
/*
 * Compression (RFC 3749): the other end is zlib and records made in user space. That the socket
 * is as any other with compression, suite_test shows; here is what only compression has.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "kselftest_harness.h"
#include "peer.h"
#include "zip.h"

enum { ALERT = 21, HANDSHAKE = 22, DATA = 23 };

#define RECORD_OVERFLOW		22
#define DECOMPRESSION_FAILURE	30
#define BAD_RECORD_MAC		20

#define V10	SHEATH_TLS_1_0_VERSION
#define V12	TLS_1_2_VERSION
#define FULL	16384
/* RFC 5246 section 6.2.2 */
#define GROWTH	1024

/* a stored block without a byte: what a flush leaves */
static const uint8_t flush[] = { 0x00, 0x00, 0x00, 0xff, 0xff };

FIXTURE(deflate) { struct st_peer p; };
FIXTURE_VARIANT(deflate) { uint16_t version, cipher; uint8_t mac; bool etm; };
FIXTURE_VARIANT_ADD(deflate, tls10) { V10, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1 };
FIXTURE_VARIANT_ADD(deflate, tls12_mte) { V12, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA256 };
FIXTURE_VARIANT_ADD(deflate, tls12_etm) { V12, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, true };
FIXTURE_VARIANT_ADD(deflate, tls12_aead) { V12, TLS_CIPHER_AES_GCM_256 };

static struct st_key make_key(const FIXTURE_VARIANT(deflate) *v, unsigned int seed, int bits)
{
	struct st_key k = st_key_mac(v->version, v->cipher, v->mac, v->etm, 1, seed);

	k.zip = bits ? st_zip_new(bits) : NULL;
	return k;
}

static int reopen(FIXTURE_DATA(deflate) *self, const FIXTURE_VARIANT(deflate) *variant)
{
	struct st_key to = make_key(variant, 1, 15), from = make_key(variant, 2, 15);

	st_peer_close(&self->p);
	return st_peer_open_keys(&self->p, &to, &from);
}

FIXTURE_SETUP(deflate)
{
	self->p.fd = -1;
	self->p.raw = -1;
	ASSERT_EQ(0, st_param("legacy", "deflate"));
	ASSERT_EQ(0, reopen(self, variant));
}

FIXTURE_TEARDOWN(deflate)
{
	st_param("legacy", "\n");
	st_peer_close(&self->p);
}

/* bytes behind the header of the next record on the wire */
static int wire_len(int fd)
{
	uint8_t head[5];

	if (recv(fd, head, 5, MSG_PEEK | MSG_WAITALL) != 5)
		return -1;
	return head[3] << 8 | head[4];
}

/* send fragments as they are */
static int send_raw(FIXTURE_DATA(deflate) *self, const void *data, size_t len)
{
	struct st_record r = { .type = DATA, .data = data, .len = len, .raw = true };
	uint8_t out[ST_RECORD_MAX];
	int n = st_seal(&self->p.to, &r, out);

	return n < 0 ? -1 : st_send_all(self->p.raw, out, n, 0);
}

/* a byte for nobody to compress */
static void noise(void *buf, size_t len)
{
	uint8_t *p = buf;

	while (len) {
		ssize_t n = getrandom(p, len, 0);

		p += n > 0 ? n : 0;
		len -= n > 0 ? n : 0;
	}
}

/* what is said again costs next to nothing, records later */
TEST_F(deflate, sender_remembers)
{
	static uint8_t text[4000], out[ST_RECORD_MAX];
	uint8_t type;
	int i, n;

	noise(text, sizeof(text));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(sizeof(text), send(self->p.fd, text, sizeof(text), 0));
		for (n = 0; n < (int)sizeof(text);) {
			int len = wire_len(self->p.raw), got;

			got = st_recv_record(self->p.raw, &self->p.from, &type, out);
			ASSERT_LT(0, got);
			ASSERT_EQ(0, memcmp(out, text + n, got));
			if (got > 1 && !i)
				EXPECT_LT(sizeof(text) - 1, len);
			if (got > 1 && i)
				EXPECT_GT(200, len);
			n += got;
		}
	}
}

TEST_F(deflate, receiver_remembers)
{
	static uint8_t text[4000], buf[4000];
	int i;

	noise(text, sizeof(text));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, st_peer_send(&self->p, DATA, text, sizeof(text)));
		ASSERT_EQ(sizeof(text), recv(self->p.fd, buf, sizeof(buf), MSG_WAITALL));
		ASSERT_EQ(0, memcmp(buf, text, sizeof(text)));
	}
}

/* Finished, which the kernel never saw as a record, is referred to by the first one it sees */
TEST_F(deflate, history)
{
	struct st_zip *zip = self->p.to.zip;
	uint8_t fragment[200], out[200];
	char text[3 * ST_FINISHED_LEN], buf[sizeof(text)];
	z_stream fresh = { };
	int i, n;

	for (i = 0; i < 3; i++)
		memcpy(text + i * ST_FINISHED_LEN, zip->finished, ST_FINISHED_LEN);
	n = st_zip_deflate(zip, text, sizeof(text), fragment, sizeof(fragment));
	ASSERT_LT(0, n);
	/* so it does: a stream that begins here does not understand it */
	ASSERT_EQ(Z_OK, inflateInit2(&fresh, -15));
	fresh.next_in = fragment;
	fresh.avail_in = n;
	fresh.next_out = out;
	fresh.avail_out = sizeof(out);
	EXPECT_EQ(Z_DATA_ERROR, inflate(&fresh, Z_SYNC_FLUSH));
	inflateEnd(&fresh);

	ASSERT_EQ(0, send_raw(self, fragment, n));
	ASSERT_EQ(sizeof(text), recv(self->p.fd, buf, sizeof(buf), MSG_WAITALL));
	EXPECT_EQ(0, memcmp(buf, text, sizeof(text)));
}

/* what cannot be compressed grows by little and arrives; TxBytes counts what was written */
TEST_F(deflate, noise)
{
	static const size_t sizes[] = { 1, 2, 100, 2047, 2048, 2049, 5000, FULL - 128, FULL,
					100000 };
	static uint8_t data[100000], out[ST_RECORD_MAX], buf[100000];
	unsigned int i;
	uint8_t type;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		long long before = st_stat("TxBytes");
		size_t got = 0, left;

		noise(data, sizes[i]);
		ASSERT_EQ(sizes[i], send(self->p.fd, data, sizes[i], 0));
		EXPECT_EQ(before + (long long)sizes[i], st_stat("TxBytes"));
		while (got < sizes[i]) {
			int len = wire_len(self->p.raw), n;

			EXPECT_GE(FULL + 16 + 48 + 256, len);
			n = st_recv_record(self->p.raw, &self->p.from, &type, out);
			ASSERT_LT(0, n);
			ASSERT_EQ(0, memcmp(out, data + got, n));
			got += n;
		}
		for (left = sizes[i]; left; left -= got) {
			got = left < FULL ? left : FULL;
			ASSERT_EQ(0, st_peer_send(&self->p, DATA, data + sizes[i] - left, got));
			ASSERT_EQ(got, recv(self->p.fd, buf, got, MSG_WAITALL));
			ASSERT_EQ(0, memcmp(buf, data + sizes[i] - left, got));
		}
	}
}

/* payload is limited before it is compressed: RFC 8449 section 4 */
TEST_F(deflate, payload_limit)
{
	uint16_t max = 64;
	char zero[1000] = { 0 };
	uint8_t out[ST_RECORD_MAX], type;
	int n = 0;

	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, &max, sizeof(max)));
	ASSERT_EQ(sizeof(zero), send(self->p.fd, zero, sizeof(zero), 0));
	while (n < (int)sizeof(zero)) {
		int got = st_recv_record(self->p.raw, &self->p.from, &type, out);

		ASSERT_LT(0, got);
		EXPECT_GE(64, got);
		n += got;
	}
}

/* a reader who waits for many bytes is woken up by a few that are so many */
TEST_F(deflate, low_water_mark)
{
	struct st_key to = make_key(variant, 1, 15);
	int mark = 5000, fd[2];
	static char zero[6000];

	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof(mark)));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, zero, sizeof(zero)));
	EXPECT_EQ(POLLIN, st_poll(self->p.fd, POLLIN, 2000));
	EXPECT_EQ(sizeof(zero), recv(self->p.fd, zero, sizeof(zero), MSG_WAITALL));
	EXPECT_EQ(0, st_poll(self->p.fd, POLLIN, 0));
	st_peer_close(&self->p);

	/* the mark was there before the key */
	ASSERT_EQ(0, st_pair(AF_INET, fd));
	self->p = (struct st_peer){ .fd = fd[0], .raw = fd[1], .to = to };
	ASSERT_EQ(0, setsockopt(fd[0], SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof(mark)));
	ASSERT_EQ(0, st_set_sheath(fd[0], TLS_RX, &to));
	EXPECT_EQ(0, st_poll(fd[0], POLLIN, 0));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, zero, sizeof(zero)));
	EXPECT_EQ(POLLIN, st_poll(fd[0], POLLIN, 2000));
}

/* a record is read in parts, and looked at before */
TEST_F(deflate, parts)
{
	static char text[5000], buf[5000];
	char peeked[500];
	size_t at;

	st_fill(text, sizeof(text), 3);
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, text, sizeof(text)));
	for (at = 0; at < sizeof(text); at += 500) {
		ASSERT_EQ(500, recv(self->p.fd, peeked, 500, MSG_PEEK));
		ASSERT_EQ(500, recv(self->p.fd, buf + at, 500, 0));
		ASSERT_EQ(0, memcmp(peeked, buf + at, 500));
	}
	EXPECT_EQ(0, memcmp(text, buf, sizeof(text)));
}

/* HelloRequest comes compressed, and so goes the refusal */
TEST_F(deflate, control)
{
	char c;

	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, "\0\0\0\0", 4));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "x", 1));
	ASSERT_EQ(1, recv(self->p.fd, &c, 1, 0));
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, "\1\x64", 2));
}

/* ---------------------------------------------------------------- what must not be */

/* a good record, then the fragment and one behind it; what is wrong with what came of it, or NULL */
static const char *dies(FIXTURE_DATA(deflate) *self, const void *data, size_t len, int err,
			uint8_t desc, const char *counter)
{
	long long before = st_stat(counter);

	if (st_peer_send(&self->p, DATA, "good", 4) || send_raw(self, data, len) ||
	    send_raw(self, flush, sizeof(flush)))
		return "sending";
	return st_peer_died(&self->p, err, desc, counter, before);
}

#define EXPECT_DIES(data, len, err, desc, counter) do {				\
	const char *why = dies(self, data, len, err, desc, counter);		\
										\
	EXPECT_EQ(NULL, why) TH_LOG("wrong: %s", why);				\
	ASSERT_EQ(0, reopen(self, variant));					\
} while (0)

#define EXPECT_NO_DEFLATE(data, len)						\
	EXPECT_DIES(data, len, EILSEQ, DECOMPRESSION_FAILURE, "RxBadCompressed")

TEST_F(deflate, garbage)
{
	/* block type 3; a stored block whose length and its complement disagree; a distance of more
	 * than there ever was, in fixed codes
	 */
	static const uint8_t type3[] = { 0x06 }, stored[] = { 0x00, 0x05, 0x00, 0x05, 0x00 },
			     far[] = { 0x02, 0xf4, 0x0f, 0x00, 0x00 };

	EXPECT_NO_DEFLATE(type3, sizeof(type3));
	EXPECT_NO_DEFLATE(stored, sizeof(stored));
	EXPECT_NO_DEFLATE(far, sizeof(far));
}

/* the stream ends with its checksum: nothing could follow */
TEST_F(deflate, end_of_stream)
{
	z_stream *z = &self->p.to.zip->def;
	uint8_t end[100];

	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "good", 4));
	z->next_in = NULL;
	z->avail_in = 0;
	z->next_out = end;
	z->avail_out = sizeof(end);
	ASSERT_EQ(Z_STREAM_END, deflate(z, Z_FINISH));
	ASSERT_EQ(0, send_raw(self, end, sizeof(end) - z->avail_out));
	EXPECT_EQ(NULL, st_peer_died(&self->p, EILSEQ, DECOMPRESSION_FAILURE, "RxBadCompressed",
				     st_stat("RxBadCompressed")));
}

/* 2^14 bytes are content, whatever is behind them in the fragment; one more is too many */
TEST_F(deflate, bomb)
{
	static uint8_t zero[100 * FULL], out[ST_RECORD_MAX], buf[FULL];
	struct st_zip *zip = self->p.to.zip;
	int n;

	n = st_zip_deflate(zip, zero, FULL, out, sizeof(out) - sizeof(flush));
	ASSERT_LT(0, n);
	memcpy(out + n, flush, sizeof(flush));
	ASSERT_EQ(0, send_raw(self, out, n + sizeof(flush)));
	memset(buf, 1, sizeof(buf));
	ASSERT_EQ(FULL, recv(self->p.fd, buf, FULL, MSG_WAITALL));
	EXPECT_EQ(0, memcmp(buf, zero, FULL));

	for (n = FULL + 1; n <= (int)sizeof(zero); n += sizeof(zero) - FULL - 1) {
		struct st_zip *same;
		int len;

		ASSERT_EQ(0, reopen(self, variant));
		/* so that the stream is as far as dies() will have it */
		same = st_zip_new(15);
		ASSERT_LT(0, st_zip_deflate(same, "good", 4, out, sizeof(out)));
		len = st_zip_deflate(same, zero, n, out, sizeof(out));
		st_zip_free(same);
		ASSERT_LT(0, len);
		EXPECT_NO_DEFLATE(out, len);
	}
}

/* a fragment may be 1024 bytes longer than what it is of, not one more */
TEST_F(deflate, growth)
{
	enum { STORED = FULL - 1, N = FULL + GROWTH };
	static uint8_t fragment[N + 1], buf[FULL];
	int at = 5 + STORED;

	fragment[1] = STORED & 0xff;
	fragment[2] = STORED >> 8;
	fragment[3] = ~fragment[1];
	fragment[4] = ~fragment[2];
	st_fill(fragment + 5, STORED, 0);
	for (; at + 5 <= N; at += 5)
		memcpy(fragment + at, flush, 5);
	ASSERT_EQ(N, at);
	ASSERT_EQ(0, send_raw(self, fragment, N));
	ASSERT_EQ(STORED, recv(self->p.fd, buf, STORED, MSG_WAITALL));
	EXPECT_TRUE(st_check(buf, STORED, 0));
	ASSERT_EQ(0, reopen(self, variant));
	EXPECT_DIES(fragment, N + 1, EMSGSIZE, RECORD_OVERFLOW, "RxOverflow");
}

/* nothing is decompressed that does not verify */
TEST_F(deflate, mac_first)
{
	struct st_record r = { .type = DATA, .data = "\x06", .len = 1, .raw = true, .flip = 3 };
	long long before = st_stat("RxBadMac"), compressed = st_stat("RxBadCompressed");
	uint8_t out[ST_RECORD_MAX];
	int n;

	if (variant->version == V10)
		r.flip = 1; /* no IV before it */
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "good", 4));
	n = st_seal(&self->p.to, &r, out);
	ASSERT_LT(0, n);
	ASSERT_EQ(0, st_send_all(self->p.raw, out, n, 0));
	EXPECT_EQ(NULL, st_peer_died(&self->p, EBADMSG, BAD_RECORD_MAC, "RxBadMac", before));
	EXPECT_EQ(compressed, st_stat("RxBadCompressed"));
}

/* fragments that are flushes and nothing else are empty records */
TEST_F(deflate, flood_of_flushes)
{
	long long before = st_stat("RxFlood");
	char c;
	int i;

	for (i = 0; i < 200; i++)
		ASSERT_EQ(0, send_raw(self, flush, sizeof(flush)));
	EXPECT_EQ(-1, recv(self->p.fd, &c, 1, 0));
	EXPECT_EQ(EPROTO, errno);
	EXPECT_EQ(before + 1, st_stat("RxFlood"));
}

/* ---------------------------------------------------------------- keys */

/* 0, or the errno of SHEATH_KEY with @k; a refusal is counted and leaves no key */
static int try_key(int fd, int dir, const struct st_key *k, struct __test_metadata *_metadata)
{
	long long before = st_stat("KeyRefused");
	int rc = st_set_sheath(fd, dir, k) ? errno : 0;

	EXPECT_EQ(before + !!rc, st_stat("KeyRefused"));
	return rc;
}

TEST_F(deflate, refused_keys)
{
	struct st_key k = make_key(variant, 1, 15), k13 = st_key(TLS_1_3_VERSION,
								 TLS_CIPHER_AES_GCM_128, 0, 1);
	struct st_zip *zip = k.zip;
	struct st_zip good = *zip;
	int fd[2], dir;

	ASSERT_EQ(0, st_pair(AF_INET, fd));
	for (dir = TLS_TX; dir <= TLS_RX; dir++) {
		ASSERT_EQ(0, st_param("legacy", "ssl3,truncated-hmac"));
		EXPECT_EQ(EACCES, try_key(fd[0], dir, &k, _metadata));
		ASSERT_EQ(0, st_param("legacy", "deflate"));
		k13.zip = zip;
		EXPECT_EQ(EINVAL, try_key(fd[0], dir, &k13, _metadata));
		zip->n_history = 0;
		EXPECT_EQ(EINVAL, try_key(fd[0], dir, &k, _metadata));
		zip->n_history = 2;
		EXPECT_EQ(EILSEQ, try_key(fd[0], dir, &k, _metadata));
		zip->n_history = good.n_history;
		/* another method; a window of 64 KB; a wrong checksum; a dictionary */
		memcpy(zip->history, "\x79\x9b", 2);
		EXPECT_EQ(EILSEQ, try_key(fd[0], dir, &k, _metadata));
		memcpy(zip->history, "\x88\x1c", 2);
		EXPECT_EQ(EILSEQ, try_key(fd[0], dir, &k, _metadata));
		memcpy(zip->history, "\x78\x9d", 2);
		EXPECT_EQ(EILSEQ, try_key(fd[0], dir, &k, _metadata));
		memcpy(zip->history, "\x78\xbb", 2);
		EXPECT_EQ(EILSEQ, try_key(fd[0], dir, &k, _metadata));
		memcpy(zip->history, good.history, sizeof(good.history));
		if (dir == TLS_RX) {
			memset(zip->history + 2, 0xff, 10);
			EXPECT_EQ(EILSEQ, try_key(fd[0], dir, &k, _metadata));
			memcpy(zip->history, good.history, sizeof(good.history));
		}
		EXPECT_EQ(0, try_key(fd[0], dir, &k, _metadata));
	}
	st_zip_free(zip);
	close(fd[0]);
	close(fd[1]);
}

/* a peer's window may be smaller; ours is what zlib's default is, and what it said has to be */
TEST_F(deflate, window)
{
	struct st_key to = make_key(variant, 1, 10), from = make_key(variant, 2, 10);
	static char text[9000], buf[9000];
	int fd[2];

	st_peer_close(&self->p);
	ASSERT_EQ(0, st_pair(AF_INET, fd));
	self->p = (struct st_peer){ .fd = fd[0], .raw = fd[1], .to = to, .from = from };
	EXPECT_EQ(EOPNOTSUPP, try_key(fd[0], TLS_TX, &from, _metadata));
	ASSERT_EQ(0, try_key(fd[0], TLS_RX, &to, _metadata));
	st_fill(text, sizeof(text), 0);
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, text, sizeof(text)));
	ASSERT_EQ(sizeof(text), recv(self->p.fd, buf, sizeof(buf), MSG_WAITALL));
	EXPECT_EQ(0, memcmp(text, buf, sizeof(text)));
}

TEST_F(deflate, option)
{
	struct sheath_key k = { .flags = SHEATH_KEY_TX, .version = variant->version,
				.cipher = variant->cipher };
	int fd[2];

	ASSERT_EQ(0, st_pair(AF_INET, fd));
	ASSERT_EQ(0, st_attach(fd[0], ST_SHEATH));
	k.key_len = self->p.to.key_len;
	k.iv_len = self->p.to.iv_len;
	k.mac = self->p.to.mac;
	k.mac_key_len = self->p.to.mac_len;
	k.history_len = sizeof(k.history) + 1;
	EXPECT_EQ(-1, setsockopt(fd[0], SOL_TLS, SHEATH_KEY, &k, sizeof(k)));
	EXPECT_EQ(ERANGE, errno);
	/* a history of nothing */
	k.history_len = 10;
	EXPECT_EQ(-1, setsockopt(fd[0], SOL_TLS, SHEATH_KEY, &k, sizeof(k)));
	EXPECT_EQ(EINVAL, errno);
	/* LZS of RFC 3943 */
	k.compression = 64;
	EXPECT_EQ(-1, setsockopt(fd[0], SOL_TLS, SHEATH_KEY, &k, sizeof(k)));
	EXPECT_EQ(ERANGE, errno);
	k.compression = SHEATH_COMPRESSION_NULL;
	k.history_len = 0;
	EXPECT_EQ(0, setsockopt(fd[0], SOL_TLS, SHEATH_KEY, &k, sizeof(k)));
	close(fd[0]);
	close(fd[1]);
}

TEST_HARNESS_MAIN
