// SPDX-License-Identifier: GPL-2.0
/* Records with cipher and MAC that are not right: one errno, one alert, one cost. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "peer.h"

enum { ALERT = 21, HANDSHAKE = 22, DATA = 23 };

#define BAD_RECORD_MAC		20
#define RECORD_OVERFLOW		22
#define PROTOCOL_VERSION	70

#define V3	SHEATH_SSL_3_0_VERSION
#define V10	SHEATH_TLS_1_0_VERSION
#define V11	SHEATH_TLS_1_1_VERSION
#define V12	TLS_1_2_VERSION
#define FULL	16384

FIXTURE(cbc) {
	struct st_peer p;
	struct st_key to, from;
	unsigned int block, ex, mac_len;
};
FIXTURE_VARIANT(cbc) { uint16_t version, cipher; uint8_t mac; bool etm, truncated; };

#define CBC(name, ...) FIXTURE_VARIANT_ADD(cbc, name) { __VA_ARGS__ }
CBC(tls10_mte, V10, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, false);
CBC(tls10_etm, V10, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, true);
CBC(tls10_des3, V10, SHEATH_CIPHER_DES_EDE3_CBC, SHEATH_MAC_SHA1, false);
CBC(tls11_mte, V11, SHEATH_CIPHER_AES_256_CBC, SHEATH_MAC_SHA1, false);
CBC(tls11_etm, V11, SHEATH_CIPHER_AES_256_CBC, SHEATH_MAC_SHA1, true);
CBC(tls12_mte_sha1, V12, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, false);
CBC(tls12_mte_sha256, V12, SHEATH_CIPHER_CAMELLIA_128_CBC, SHEATH_MAC_SHA256, false);
CBC(tls12_mte_sha384, V12, SHEATH_CIPHER_AES_256_CBC, SHEATH_MAC_SHA384, false);
CBC(tls12_mte_des3, V12, SHEATH_CIPHER_DES_EDE3_CBC, SHEATH_MAC_SHA1, false);
CBC(tls12_etm_sha256, V12, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA256, true);
CBC(tls12_etm_sha384, V12, SHEATH_CIPHER_AES_256_CBC, SHEATH_MAC_SHA384, true);
CBC(ssl3, V3, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, false);
CBC(ssl3_des3, V3, SHEATH_CIPHER_DES_EDE3_CBC, SHEATH_MAC_SHA1, false);
CBC(tls12_truncated, V12, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA256, false, true);
CBC(tls12_null, V12, SHEATH_CIPHER_NULL, SHEATH_MAC_SHA256, false);

static int reopen(FIXTURE_DATA(cbc) *self)
{
	st_peer_close(&self->p);
	return st_peer_open_keys(&self->p, &self->to, &self->from);
}

FIXTURE_SETUP(cbc)
{
	self->to = st_key_mac(variant->version, variant->cipher, variant->mac, variant->etm, 0, 1);
	self->from = st_key_mac(variant->version, variant->cipher, variant->mac, variant->etm, 0, 2);
	self->to.truncated = variant->truncated;
	self->from.truncated = variant->truncated;
	self->mac_len = variant->truncated ? 10 : self->to.mac_len;
	ASSERT_EQ(0, st_param("legacy", "ssl3,truncated-hmac"));
	self->block = variant->cipher == SHEATH_CIPHER_DES_EDE3_CBC ? 8 :
		      variant->cipher == SHEATH_CIPHER_NULL ? 0 : 16;
	self->ex = variant->version <= V10 ? 0 : self->block;
	self->p.fd = -1;
	self->p.raw = -1;
	ASSERT_EQ(0, reopen(self));
}

FIXTURE_TEARDOWN(cbc)
{
	st_param("legacy", "\n");
	st_peer_close(&self->p);
}

/* good record, bad one, good one; what was wrong with what came of it, NULL: nothing */
static const char *dies(FIXTURE_DATA(cbc) *self, const struct st_record *bad, size_t cut,
			int err, uint8_t desc, const char *counter)
{
	static uint8_t out[2 * ST_RECORD_MAX];
	const struct st_record good = { .type = DATA, .data = "good", .len = 4 };
	long long before = st_stat(counter);
	int n = st_seal(&self->p.to, &good, out), m = st_seal(&self->p.to, bad, out + n);

	if (n < 0 || m < 0)
		return "sealing";
	if (cut) {
		m -= cut;
		out[n + 3] = (m - 5) >> 8;
		out[n + 4] = m - 5;
	}
	if (st_send_all(self->p.raw, out, n + m, 0) ||
	    st_send_record(self->p.raw, &self->p.to, DATA, "behind", 6))
		return "sending";
	return st_peer_died(&self->p, err, desc, counter, before);
}

#define EXPECT_DIES(what, cut, err, desc, counter) do {				\
	const char *why = dies(self, what, cut, err, desc, counter);		\
										\
	EXPECT_EQ(NULL, why) TH_LOG("wrong: %s", why);				\
	ASSERT_EQ(0, reopen(self));						\
} while (0)

#define EXPECT_BAD_MAC(what, cut) EXPECT_DIES(what, cut, EBADMSG, BAD_RECORD_MAC, "RxBadMac")

static char text[FULL + 64];

/* a wrong byte anywhere: MAC, padding, IV, content */
TEST_F(cbc, wrong_bytes)
{
	struct st_record r = { .type = DATA, .data = text, .len = 100 };
	unsigned int i, n;

	for (i = 1; i <= self->mac_len; i += 3) {
		r.bad_mac = i;
		EXPECT_BAD_MAC(&r, 0);
	}
	r.bad_mac = 0;
	if (self->block) {
		for (r.blocks = 0; r.blocks < (variant->version == V3 ? 1 : 4); r.blocks += 3) {
			n = self->block * (r.blocks + 1) -
			    (r.len + (variant->etm ? 0 : self->mac_len)) % self->block;
			/* of SSL 3.0's padding nobody knows what it should be */
			for (i = 1; i <= (variant->version == V3 ? 1 : n); i++) {
				r.bad_pad = i;
				EXPECT_BAD_MAC(&r, 0);
			}
		}
		r.bad_pad = 0;
		r.blocks = 0;
	}
	for (i = 1; i < self->ex + 100 + self->mac_len; i += 7) {
		r.flip = i;
		EXPECT_BAD_MAC(&r, 0);
	}
}

/* every padding there can be is taken */
TEST_F(cbc, paddings)
{
	struct st_record r = { .type = DATA, .data = text, .len = 77 };
	uint8_t out[ST_RECORD_MAX];
	char buf[100];
	int n;

	for (r.blocks = 0; self->block && r.blocks < 256 / self->block; r.blocks++) {
		/* the longest may need a little less than that */
		if (self->block * (r.blocks + 1) - (r.len + (variant->etm ? 0 : self->mac_len)) %
		    self->block > (variant->version == V3 ? self->block : 256))
			break;
		n = st_seal(&self->p.to, &r, out);
		ASSERT_LT(0, n);
		ASSERT_EQ(0, st_send_all(self->p.raw, out, n, 0));
		ASSERT_EQ(77, recv(self->p.fd, buf, sizeof(buf), 0));
	}
}

/* as many blocks are hashed for one length, whatever padding is and whether it is any */
TEST_F(cbc, same_cost)
{
	uint8_t out[ST_RECORD_MAX];
	unsigned int len, i;
	char buf[1024];

	if (!self->block || variant->etm)
		return; /* no padding is a secret here */
	for (len = 400; len < 400 + self->block; len += 5) {
		long long want = -1, before, cost;

		for (i = 0; i < (variant->version == V3 ? 1 : 256 / self->block); i++) {
			struct st_record r = { .type = DATA, .data = text, .blocks = i,
					       .len = len - i * self->block };
			int n = st_seal(&self->p.to, &r, out);

			before = st_stat("RxMacBlocks");
			ASSERT_EQ(0, st_send_all(self->p.raw, out, n, 0));
			ASSERT_EQ(r.len, recv(self->p.fd, buf, sizeof(buf), 0));
			cost = st_stat("RxMacBlocks") - before;
			EXPECT_LT(2, cost);
			EXPECT_EQ(want < 0 ? cost : want, cost);
			want = cost;
		}
		/* the last byte is wrong, or the MAC, or all of it */
		for (i = 0; i < 3; i++) {
			struct st_record r = { .type = DATA, .data = text, .len = len,
					       .bad_pad = i == 0, .bad_mac = i == 1,
					       .flip = i == 2 ? self->ex + 1 : 0 };
			int n = st_seal(&self->p.to, &r, out);

			before = st_stat("RxMacBlocks");
			ASSERT_EQ(0, st_send_all(self->p.raw, out, n, 0));
			ASSERT_EQ(-1, recv(self->p.fd, buf, sizeof(buf), 0));
			EXPECT_EQ(want, st_stat("RxMacBlocks") - before);
			ASSERT_EQ(0, reopen(self));
		}
	}
}

/* lengths no record can have: known before anything is decrypted */
TEST_F(cbc, bad_lengths)
{
	struct st_record r = { .type = DATA, .data = text, .len = 5 };
	unsigned int whole = 5 + self->mac_len, i;

	if (self->block) {
		whole = self->ex + (variant->etm ? self->block : 0) +
			(variant->etm ? self->mac_len :
			 (5 + self->mac_len) / self->block * self->block + self->block);
		/* no whole blocks */
		for (i = 1; i < self->block; i += 3)
			EXPECT_DIES(&r, i, EBADMSG, BAD_RECORD_MAC, "RxShort");
	}
	/* room for neither MAC nor padding */
	for (i = self->block && !variant->etm ? self->block : 1; i <= self->mac_len;
	     i += self->block ? self->block : 5)
		EXPECT_DIES(&r, whole - self->ex - i, EBADMSG, BAD_RECORD_MAC, "RxShort");
	EXPECT_DIES(&r, whole, EBADMSG, BAD_RECORD_MAC, "RxShort");
}

/* 2^14 bytes are content, one more is too many, with all the padding there may be */
TEST_F(cbc, overflow)
{
	struct st_record r = { .type = DATA, .data = text, .len = FULL };
	static uint8_t out[ST_RECORD_MAX];
	static char buf[FULL];
	int n;

	r.blocks = self->block && variant->version != V3 ? 240 / self->block - 1 : 0;
	n = st_seal(&self->p.to, &r, out);
	ASSERT_LT(0, n);
	ASSERT_EQ(0, st_send_all(self->p.raw, out, n, 0));
	EXPECT_EQ(FULL, recv(self->p.fd, buf, FULL, MSG_WAITALL));
	ASSERT_EQ(0, reopen(self));
	r.blocks = 0;
	r.len = FULL + 1;
	EXPECT_DIES(&r, 0, EMSGSIZE, RECORD_OVERFLOW, "RxOverflow");
}

TEST_F(cbc, other_version)
{
	struct st_record r = { .type = DATA, .data = "abc", .len = 3,
			       .version = variant->version == V12 ? V11 : V12 };

	EXPECT_DIES(&r, 0, EINVAL, PROTOCOL_VERSION, "RxBadVersion");
}

/* the type is authenticated */
TEST_F(cbc, other_type)
{
	struct st_record r = { .type = DATA, .data = "\1\0", .len = 2, .outer_type = ALERT };

	EXPECT_BAD_MAC(&r, 0);
}

TEST_F(cbc, again)
{
	const struct st_record r = { .type = DATA, .data = "abc", .len = 3 };
	uint8_t out[ST_RECORD_MAX];
	char buf[8];
	int n = st_seal(&self->p.to, &r, out);

	ASSERT_EQ(0, st_send_all(self->p.raw, out, n, 0));
	ASSERT_EQ(0, st_send_all(self->p.raw, out, n, 0));
	EXPECT_EQ(3, recv(self->p.fd, buf, 8, 0));
	EXPECT_EQ(-1, recv(self->p.fd, buf, 8, 0));
	EXPECT_EQ(EBADMSG, errno);
}

/* RFC 4346: nobody can foresee an IV, and none comes twice */
TEST_F(cbc, explicit_ivs)
{
	static uint8_t iv[64][16], body[ST_RECORD_MAX];
	unsigned int i, j;

	if (!self->ex)
		return; /* records carry none */
	for (i = 0; i < 64; i++) {
		ASSERT_EQ(1, send(self->p.fd, "x", 1, 0));
		ASSERT_EQ(0, st_recv_all(self->p.raw, body, 5));
		ASSERT_EQ(0, st_recv_all(self->p.raw, body + 5, body[3] << 8 | body[4]));
		memcpy(iv[i], body + 5, self->ex);
		for (j = 0; j < i; j++)
			ASSERT_NE(0, memcmp(iv[i], iv[j], self->ex));
	}
}

struct changer {
	char *map;
	volatile bool stop;
};

static void *change(void *arg)
{
	struct changer *c = arg;
	unsigned char v = 0;

	while (!c->stop)
		memset(c->map, v++, FULL);
	return NULL;
}

/* pages that change under sendfile(): whatever goes out, its MAC is over that */
TEST_F(cbc, pages_change)
{
	static uint8_t out[ST_RECORD_MAX];
	char path[] = "/tmp/cbc.XXXXXX";
	struct changer c = { };
	int file = mkstemp(path), i, got;
	pthread_t thread;
	uint8_t type;

	ASSERT_LE(0, file);
	unlink(path);
	ASSERT_EQ(0, ftruncate(file, FULL));
	c.map = mmap(NULL, FULL, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	ASSERT_NE(MAP_FAILED, c.map);
	ASSERT_EQ(0, pthread_create(&thread, NULL, change, &c));
	for (i = 0; i < 200; i++) {
		size_t left = FULL;
		off_t off = 0;

		ASSERT_EQ(FULL, sendfile(self->p.fd, file, &off, FULL));
		while (left) {
			got = st_recv_record(self->p.raw, &self->p.from, &type, out);
			ASSERT_LT(0, got);
			left -= got;
		}
	}
	c.stop = true;
	pthread_join(thread, NULL);
	munmap(c.map, FULL);
	close(file);
}

static int key(FIXTURE_DATA(cbc) *self, struct st_key k)
{
	st_peer_close(&self->p);
	return st_peer_open_keys(&self->p, &self->to, &k) ? errno : 0;
}

#define EXPECT_REFUSED(err, change) do {		\
	struct st_key k = self->from;			\
							\
	change;						\
	EXPECT_EQ(err, key(self, k));			\
} while (0)

TEST_F(cbc, refused_keys)
{
	long long before = st_stat("KeyRefused");
	int n = 6;

	EXPECT_REFUSED(EINVAL, k.mac_len--);
	EXPECT_REFUSED(EINVAL, k.mac = 0);
	EXPECT_REFUSED(ERANGE, k.mac = 9);
	EXPECT_REFUSED(k.iv_len > 16 ? ERANGE : EINVAL, k.iv_len++);
	EXPECT_REFUSED(EINVAL, k.version = TLS_1_3_VERSION);
	EXPECT_REFUSED(k.key_len > 32 ? ERANGE : EINVAL, k.key_len ^= 1);
	if (variant->version == V3) {
		EXPECT_REFUSED(EINVAL, k.etm = true);
		EXPECT_REFUSED(EINVAL, k.truncated = true);
		n += 2;
	}
	if (variant->mac != SHEATH_MAC_SHA1) {
		EXPECT_REFUSED(EINVAL, k.version = V11);
		n++;
	}
	if (variant->cipher == SHEATH_CIPHER_NULL) {
		EXPECT_REFUSED(EINVAL, k.etm = true);
		n++;
	}
	EXPECT_EQ(before + n, st_stat("KeyRefused"));
}

/* SSL 3.0 has no more padding than a block; one longer is none */
TEST_F(cbc, ssl3_padding)
{
	struct st_record r = { .type = DATA, .data = text, .len = 100, .blocks = 1 };

	if (variant->version == V3)
		EXPECT_BAD_MAC(&r, 0);
}

/* what is unsafe is refused unless the administrator allows it */
TEST_F(cbc, legacy)
{
	bool off = variant->version == V3 || variant->truncated;

	ASSERT_EQ(0, st_param("legacy", "\n"));
	EXPECT_EQ(off ? EACCES : 0, key(self, self->from));
	ASSERT_EQ(0, st_param("legacy", variant->version == V3 ? "truncated-hmac" : "ssl3"));
	EXPECT_EQ(off ? EACCES : 0, key(self, self->from));
	ASSERT_EQ(0, st_param("legacy", variant->version == V3 ? "ssl3" : "truncated-hmac\n"));
	EXPECT_EQ(0, key(self, self->from));
	EXPECT_EQ(-1, st_param("legacy", "ssl3,ssl2"));
	EXPECT_EQ(0, key(self, self->from));
}

/* NIST SP 800-67: 2^20 blocks of 3DES, and no more, either way */
TEST(sweet32)
{
	struct st_key to = st_key_mac(V12, SHEATH_CIPHER_DES_EDE3_CBC, SHEATH_MAC_SHA1, false, 0, 1);
	struct st_key from = st_key_mac(V12, SHEATH_CIPHER_DES_EDE3_CBC, SHEATH_MAC_SHA1, false, 0, 2);
	static const uint8_t close_notify[] = { 1, 0 };
	static uint8_t out[ST_RECORD_MAX];
	long long sent = 0, got = 0;
	uint8_t type = DATA;
	struct st_peer p;
	ssize_t n;

	ASSERT_EQ(0, st_peer_open_keys(&p, &to, &from));
	while ((n = send(p.fd, text, FULL, 0)) > 0) {
		sent += n;
		ASSERT_GT(16 << 20, sent);
		while (got < sent) {
			n = st_recv_record(p.raw, &p.from, &type, out);
			ASSERT_LT(0, n);
			got += n;
		}
	}
	EXPECT_EQ(EKEYEXPIRED, errno);
	EXPECT_LT(8 << 20, sent + 2 * FULL);
	EXPECT_GE(8 << 20, sent);
	/* the end can still be told */
	ASSERT_EQ(0, shutdown(p.fd, SHUT_WR));
	EXPECT_TRUE(st_peer_expect(&p, ALERT, close_notify, 2));
	for (got = 0; got < 16 << 20; got += n) {
		ASSERT_EQ(0, st_peer_send(&p, DATA, text, FULL));
		n = recv(p.fd, out, FULL, MSG_WAITALL);
		if (n < 0)
			break;
		ASSERT_EQ(FULL, n);
	}
	EXPECT_EQ(EKEYEXPIRED, errno);
	EXPECT_LT(8 << 20, got);
	EXPECT_GT(9 << 20, got);
	st_peer_close(&p);
}

TEST_HARNESS_MAIN
