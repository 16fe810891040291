// SPDX-License-Identifier: GPL-2.0
/* Published vectors: records of RFC 8448 section 3. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "cmsg.h"
#include "peer.h"

/* secret, key and IV of one side, its record of 50 bytes 00 .. 31 and its close_notify */
struct side {
	uint8_t secret[32];
	uint8_t key[16];
	uint8_t iv[12];
	uint64_t seq;		/* the server had sent a NewSessionTicket before */
	uint8_t data[72];
	uint8_t alert[24];
};

static const struct side client = {
	.secret = { 0x9e, 0x40, 0x64, 0x6c, 0xe7, 0x9a, 0x7f, 0x9d,
		    0xc0, 0x5a, 0xf8, 0x88, 0x9b, 0xce, 0x65, 0x52,
		    0x87, 0x5a, 0xfa, 0x0b, 0x06, 0xdf, 0x00, 0x87,
		    0xf7, 0x92, 0xeb, 0xb7, 0xc1, 0x75, 0x04, 0xa5 },
	.key = { 0x17, 0x42, 0x2d, 0xda, 0x59, 0x6e, 0xd5, 0xd9,
		 0xac, 0xd8, 0x90, 0xe3, 0xc6, 0x3f, 0x50, 0x51 },
	.iv = { 0x5b, 0x78, 0x92, 0x3d, 0xee, 0x08, 0x57, 0x90, 0x33, 0xe5, 0x23, 0xd9 },
	.data = {
		0x17, 0x03, 0x03, 0x00, 0x43, 0xa2, 0x3f, 0x70, 0x54, 0xb6, 0x2c, 0x94,
		0xd0, 0xaf, 0xfa, 0xfe, 0x82, 0x28, 0xba, 0x55, 0xcb, 0xef, 0xac, 0xea,
		0x42, 0xf9, 0x14, 0xaa, 0x66, 0xbc, 0xab, 0x3f, 0x2b, 0x98, 0x19, 0xa8,
		0xa5, 0xb4, 0x6b, 0x39, 0x5b, 0xd5, 0x4a, 0x9a, 0x20, 0x44, 0x1e, 0x2b,
		0x62, 0x97, 0x4e, 0x1f, 0x5a, 0x62, 0x92, 0xa2, 0x97, 0x70, 0x14, 0xbd,
		0x1e, 0x3d, 0xea, 0xe6, 0x3a, 0xee, 0xbb, 0x21, 0x69, 0x49, 0x15, 0xe4 },
	.alert = {
		0x17, 0x03, 0x03, 0x00, 0x13, 0xc9, 0x87, 0x27, 0x60, 0x65, 0x56, 0x66,
		0xb7, 0x4d, 0x7f, 0xf1, 0x15, 0x3e, 0xfd, 0x6d, 0xb6, 0xd0, 0xb0, 0xe3 },
};

static const struct side server = {
	.secret = { 0xa1, 0x1a, 0xf9, 0xf0, 0x55, 0x31, 0xf8, 0x56,
		    0xad, 0x47, 0x11, 0x6b, 0x45, 0xa9, 0x50, 0x32,
		    0x82, 0x04, 0xb4, 0xf4, 0x4b, 0xfb, 0x6b, 0x3a,
		    0x4b, 0x4f, 0x1f, 0x3f, 0xcb, 0x63, 0x16, 0x43 },
	.key = { 0x9f, 0x02, 0x28, 0x3b, 0x6c, 0x9c, 0x07, 0xef,
		 0xc2, 0x6b, 0xb9, 0xf2, 0xac, 0x92, 0xe3, 0x56 },
	.iv = { 0xcf, 0x78, 0x2b, 0x88, 0xdd, 0x83, 0x54, 0x9a, 0xad, 0xf1, 0xe9, 0x84 },
	.seq = 1,
	.data = {
		0x17, 0x03, 0x03, 0x00, 0x43, 0x2e, 0x93, 0x7e, 0x11, 0xef, 0x4a, 0xc7,
		0x40, 0xe5, 0x38, 0xad, 0x36, 0x00, 0x5f, 0xc4, 0xa4, 0x69, 0x32, 0xfc,
		0x32, 0x25, 0xd0, 0x5f, 0x82, 0xaa, 0x1b, 0x36, 0xe3, 0x0e, 0xfa, 0xf9,
		0x7d, 0x90, 0xe6, 0xdf, 0xfc, 0x60, 0x2d, 0xcb, 0x50, 0x1a, 0x59, 0xa8,
		0xfc, 0xc4, 0x9c, 0x4b, 0xf2, 0xe5, 0xf0, 0xa2, 0x1c, 0x00, 0x47, 0xc2,
		0xab, 0xf3, 0x32, 0x54, 0x0d, 0xd0, 0x32, 0xe1, 0x67, 0xc2, 0x95, 0x5d },
	.alert = {
		0x17, 0x03, 0x03, 0x00, 0x13, 0xb5, 0x8f, 0xd6, 0x71, 0x66, 0xeb, 0xf5,
		0x99, 0xd2, 0x47, 0x20, 0xcf, 0xbe, 0x7e, 0xfa, 0x7a, 0x88, 0x64, 0xa9 },
};

/* HKDF-Expand-Label of RFC 8446 section 7.1 without context, for up to 32 bytes: one block */
static void expand_label(const uint8_t *secret, const char *label, uint8_t *out, uint8_t len)
{
	uint8_t info[32] = { 0, len, 6 + strlen(label), 't', 'l', 's', '1', '3', ' ' };
	uint8_t block[EVP_MAX_MD_SIZE];
	size_t n = 9 + strlen(label);

	memcpy(info + 9, label, strlen(label));
	info[n++] = 0;	/* length of the context */
	info[n++] = 1;	/* number of the block */
	HMAC(EVP_sha256(), secret, 32, info, n, block, NULL);
	memcpy(out, block, len);
}

FIXTURE(rfc8448) { int fd[2]; struct st_key key; uint8_t text[50]; };
FIXTURE_VARIANT(rfc8448) { const struct side *side; };
FIXTURE_VARIANT_ADD(rfc8448, client) { &client };
FIXTURE_VARIANT_ADD(rfc8448, server) { &server };

FIXTURE_SETUP(rfc8448)
{
	self->key = (struct st_key){ .version = TLS_1_3_VERSION, .key_len = 16,
				     .cipher = TLS_CIPHER_AES_GCM_128,
				     .seq = variant->side->seq };
	memcpy(self->key.key, variant->side->key, 16);
	memcpy(self->key.iv, variant->side->iv, 12);
	self->key.iv_len = 12;
	for (int i = 0; i < 50; i++)
		self->text[i] = i;
	ASSERT_EQ(0, st_pair(AF_INET6, self->fd));
}

FIXTURE_TEARDOWN(rfc8448)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

/* the numbers above fit together, without the module */
TEST_F(rfc8448, numbers)
{
	uint8_t out[ST_RECORD_MAX], type;

	expand_label(variant->side->secret, "key", out, 16);
	EXPECT_EQ(0, memcmp(out, variant->side->key, 16));
	expand_label(variant->side->secret, "iv", out, 12);
	EXPECT_EQ(0, memcmp(out, variant->side->iv, 12));
	ASSERT_EQ(0, st_send_all(self->fd[0], variant->side->data, 72, 0));
	ASSERT_EQ(0, st_send_all(self->fd[0], variant->side->alert, 24, 0));
	ASSERT_EQ(50, st_recv_record(self->fd[1], &self->key, &type, out));
	EXPECT_EQ(23, type);
	EXPECT_EQ(0, memcmp(out, self->text, 50));
	ASSERT_EQ(2, st_recv_record(self->fd[1], &self->key, &type, out));
	EXPECT_EQ(21, type);
	EXPECT_EQ(0, memcmp(out, "\1\0", 2));
}

TEST_F(rfc8448, seal)
{
	uint8_t wire[72];

	ASSERT_EQ(0, st_set_sheath(self->fd[0], TLS_TX, &self->key));
	ASSERT_EQ(50, send(self->fd[0], self->text, 50, 0));
	ASSERT_EQ(0, st_recv_all(self->fd[1], wire, sizeof(wire)));
	EXPECT_EQ(0, memcmp(wire, variant->side->data, sizeof(wire)));
	ASSERT_EQ(0, shutdown(self->fd[0], SHUT_WR));
	ASSERT_EQ(0, st_recv_all(self->fd[1], wire, 24));
	EXPECT_EQ(0, memcmp(wire, variant->side->alert, 24));
	EXPECT_EQ(0, recv(self->fd[1], wire, 1, 0));
}

TEST_F(rfc8448, open)
{
	uint8_t buf[64];

	ASSERT_EQ(0, st_set_sheath(self->fd[1], TLS_RX, &self->key));
	ASSERT_EQ(0, st_send_all(self->fd[0], variant->side->data, 72, 0));
	ASSERT_EQ(0, st_send_all(self->fd[0], variant->side->alert, 24, 0));
	EXPECT_EQ(50, recv(self->fd[1], buf, sizeof(buf), 0));
	EXPECT_EQ(0, memcmp(buf, self->text, 50));
	EXPECT_EQ(0, recv(self->fd[1], buf, sizeof(buf), 0));
}

/* keyed as in-tree TLS is, bytes one by one: the alert is the application's to read */
TEST_F(rfc8448, open_in_pieces)
{
	uint8_t buf[64], ctrl[CMSG_SPACE(1)];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = ctrl, .msg_controllen = sizeof(ctrl) };
	int i;

	ASSERT_EQ(0, st_set(self->fd[1], ST_SHEATH, TLS_RX, &self->key));
	for (i = 0; i < 72; i++)
		ASSERT_EQ(0, st_send_all(self->fd[0], variant->side->data + i, 1, 0));
	EXPECT_EQ(50, recv(self->fd[1], buf, sizeof(buf), 0));
	EXPECT_EQ(0, memcmp(buf, self->text, 50));
	for (i = 0; i < 24; i++)
		ASSERT_EQ(0, st_send_all(self->fd[0], variant->side->alert + i, 1, 0));
	EXPECT_EQ(2, recvmsg(self->fd[1], &msg, 0));
	EXPECT_EQ(0, memcmp(buf, "\1\0", 2));
	ASSERT_NE(NULL, CMSG_FIRSTHDR(&msg));
	EXPECT_EQ(TLS_GET_RECORD_TYPE, CMSG_FIRSTHDR(&msg)->cmsg_type);
	EXPECT_EQ(21, *CMSG_DATA(CMSG_FIRSTHDR(&msg)));
}

TEST_HARNESS_MAIN
