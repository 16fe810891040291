// SPDX-License-Identifier: GPL-2.0
/*
 * What should be nowhere in memory: the plaintext of a record that did not verify, and what
 * compression leaves of payload that was sent. The module ksock looks through all memory for
 * it; so nothing here may have it, or only for a moment.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "ksock/ksock.h"
#include "patience.h"
#include "peer.h"
#include "zip.h"

enum { DATA = 23 };

#define FULL	16384
#define PAGE	4096

FIXTURE(wiped)
{
	struct st_peer p;
	int c;
	struct ksock_find mark;
	uint8_t data[FULL];
	uint8_t buf[2 * FULL];
};

FIXTURE_VARIANT(wiped) { uint16_t version, cipher; uint8_t mac; bool deflate; };
FIXTURE_VARIANT_ADD(wiped, gcm13) { TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_128 };
FIXTURE_VARIANT_ADD(wiped, gcm12) { TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_128 };
FIXTURE_VARIANT_ADD(wiped, deflate) { TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_128, 0, true };
FIXTURE_VARIANT_ADD(wiped, deflate_cbc) {
	TLS_1_2_VERSION, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA256, true
};
FIXTURE_VARIANT_ADD(wiped, deflate10) {
	SHEATH_TLS_1_0_VERSION, SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, true
};

FIXTURE_SETUP(wiped)
{
	struct st_key to = st_key_mac(variant->version, variant->cipher, variant->mac, false,
				      variant->deflate, 1);
	struct st_key from = st_key_mac(variant->version, variant->cipher, variant->mac, false,
					variant->deflate, 2);

	self->c = open(KSOCK_PATH, O_RDWR);
	if (self->c < 0)
		SKIP(return, "no module ksock");
	if (variant->deflate) {
		ASSERT_EQ(0, st_param("legacy", "deflate"));
		to.zip = st_zip_new(15);
		from.zip = st_zip_new(15);
	}
	ASSERT_EQ(0, st_peer_open_keys(&self->p, &to, &from));
	self->mark.len = 32;
	ASSERT_EQ(32, getrandom(self->mark.not, 32, 0));
}

FIXTURE_TEARDOWN(wiped)
{
	if (variant->deflate)
		st_param("legacy", "\n");
	st_peer_close(&self->p);
	close(self->c);
}

static int found(FIXTURE_DATA(wiped) *self)
{
	return ioctl(self->c, KSOCK_FIND, &self->mark) ? -1 : (int)self->mark.found;
}

static void invert(volatile uint8_t *to, const uint8_t *from, size_t n)
{
	while (n--)
		*to++ = *from++ ^ 0xff;
}

TEST_F(wiped, look_finds)
{
	volatile uint8_t *at = self->data + 100;

	EXPECT_EQ(0, found(self));
	invert(at, self->mark.not, 32);
	EXPECT_LT(0, found(self));
	memset((void *)at, 0, 32);
	EXPECT_EQ(0, found(self));
}

/*
 * The record that is made has the mark inverted, and its ciphertext is inverted on the way: what a
 * cipher that is a stream makes of it has the mark, and does not verify.
 */
static int send_bad(FIXTURE_DATA(wiped) *self, const FIXTURE_VARIANT(wiped) *variant, size_t len)
{
	struct st_record r = { .type = DATA, .data = self->data, .len = len };
	uint8_t wire[ST_RECORD_MAX];
	size_t at = 5 + (variant->version == TLS_1_2_VERSION ? 8 : 0);
	int n;

	memset(self->data, 0, len);
	memcpy(self->data + len - 64, self->mark.not, 32);
	n = st_seal(&self->p.to, &r, wire);
	invert(wire + at + len - 64, wire + at + len - 64, 32);
	return n < 0 ? -1 : st_send_all(self->p.raw, wire, n, 0);
}

TEST_F(wiped, record_that_does_not_verify)
{
	static const size_t len[] = { 200, 3000, FULL };
	unsigned int i;
	int flags;

	if (variant->mac || variant->deflate)
		return;
	for (i = 0; i < 2 * ARRAY_SIZE(len); i++) {
		struct st_key to = st_key(variant->version, variant->cipher, 0, 1);
		struct st_key from = st_key(variant->version, variant->cipher, 0, 2);

		/* into the pages of a reader, or to those of the queue */
		flags = i % 2 ? MSG_PEEK : 0;
		st_peer_close(&self->p);
		ASSERT_EQ(0, st_peer_open_keys(&self->p, &to, &from));
		ASSERT_EQ(0, send_bad(self, variant, len[i / 2]));
		ASSERT_EQ(-1, recv(self->p.fd, self->buf, sizeof(self->buf), flags));
		ASSERT_EQ(EBADMSG, errno);
		EXPECT_EQ(0, found(self)) TH_LOG("%zu bytes, %#x", len[i / 2], flags);
	}
}

/* payload that compresses well, with the mark in it, is sent and forgotten here */
static int send_mark(FIXTURE_DATA(wiped) *self, size_t len, bool marked)
{
	volatile uint8_t *at = self->data + len - 40;
	ssize_t n;

	memset(self->data, 'a', len);
	if (marked)
		invert(at, self->mark.not, 32);
	n = send(self->p.fd, self->data, len, 0);
	memset((void *)at, 0, 32);
	return n == (ssize_t)len ? 0 : -1;
}

/* the stream of zlib refers to what was sent for as long as it lasts; then nothing does */
TEST_F(wiped, payload_that_was_sent)
{
	static const size_t len[] = { 600, 5000, FULL };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(len); i++) {
		ASSERT_EQ(0, send_mark(self, len[i], true)) TH_LOG("%zu", len[i]);
		/* others, which take the places of the first */
		ASSERT_EQ(0, send_mark(self, len[i] - 100, false));
		ASSERT_EQ(0, send_mark(self, len[i] - 200, false));
	}
	close(self->p.fd);
	self->p.fd = -1;
	EXPECT_TRUE(ST_COMES_TRUE(!found(self)));
}

TEST_F(wiped, payload_in_unreadable_memory)
{
	uint8_t *edge = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0);

	ASSERT_NE(MAP_FAILED, edge);
	edge += PAGE;
	ASSERT_EQ(0, munmap(edge, PAGE));
	invert(edge - 100, self->mark.not, 32);
	EXPECT_EQ(-1, send(self->p.fd, edge - 100, 200, MSG_NOSIGNAL));
	EXPECT_EQ(EFAULT, errno);
	memset(edge - 100, 0, 32);
	EXPECT_EQ(0, found(self));
}

TEST_HARNESS_MAIN
