// SPDX-License-Identifier: GPL-2.0
/* What is told of a connection: SHEATH_INFO, getsockopt(), inet_diag, the counters. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "peer.h"

enum { ALERT = 21, HANDSHAKE = 22, DATA = 23 };

#define V12 TLS_1_2_VERSION
#define V13 TLS_1_3_VERSION

#define BAD_RECORD_MAC	20
#define HANDSHAKE_FAILURE 40

#define CONF_BASE	1	/* TLS_CONF_BASE and TLS_CONF_SW of the kernel's net/tls.h */
#define CONF_SW		2

#define EXPECT_ERR(e, call) do { errno = 0; EXPECT_EQ(-1, call); EXPECT_EQ(e, errno); } while (0)

/* all of it, on top of bytes that must not shine through */
static struct sheath_info info(int fd)
{
	struct sheath_info i;
	socklen_t len = sizeof(i);

	memset(&i, 0xee, sizeof(i));
	if (getsockopt(fd, SOL_TLS, SHEATH_INFO, &i, &len) || len != sizeof(i))
		memset(&i, 0xff, sizeof(i));
	return i;
}

static bool nobody_told_more(const struct sheath_info *i)
{
	return !i->role && !i->suite && !i->group && !i->tx_epoch && !i->rx_epoch;
}

/* the next call that has a verdict on the socket */
static ssize_t get(int fd)
{
	char buf[64];

	return recv(fd, buf, sizeof(buf), 0);
}

#define VARIANTS(fixture)							\
FIXTURE_VARIANT(fixture) { uint16_t version, cipher; };			\
FIXTURE_VARIANT_ADD(fixture, tls12_gcm) { V12, TLS_CIPHER_AES_GCM_128 };	\
FIXTURE_VARIANT_ADD(fixture, tls12_gcm256) { V12, TLS_CIPHER_AES_GCM_256 };	\
FIXTURE_VARIANT_ADD(fixture, tls12_ccm) { V12, TLS_CIPHER_AES_CCM_128 };	\
FIXTURE_VARIANT_ADD(fixture, tls12_chacha) { V12, TLS_CIPHER_CHACHA20_POLY1305 }; \
FIXTURE_VARIANT_ADD(fixture, tls13_gcm) { V13, TLS_CIPHER_AES_GCM_128 };	\
FIXTURE_VARIANT_ADD(fixture, tls13_gcm256) { V13, TLS_CIPHER_AES_GCM_256 };	\
FIXTURE_VARIANT_ADD(fixture, tls13_ccm) { V13, TLS_CIPHER_AES_CCM_128 };	\
FIXTURE_VARIANT_ADD(fixture, tls13_chacha) { V13, TLS_CIPHER_CHACHA20_POLY1305 }

/* SHEATH_INFO: both directions keyed, the other end is ours to make records */
FIXTURE(state) { struct st_peer p; struct sheath_info i; };
VARIANTS(state);

FIXTURE_SETUP(state)
{
	ASSERT_EQ(0, st_peer_open(&self->p, variant->version, variant->cipher, false));
}

FIXTURE_TEARDOWN(state)
{
	st_peer_close(&self->p);
}

TEST_F(state, up)
{
	self->i = info(self->p.fd);
	EXPECT_EQ(SHEATH_STATE_UP, self->i.state);
	EXPECT_EQ(SHEATH_INFO_TX | SHEATH_INFO_RX, self->i.flags);
	EXPECT_EQ(variant->version, self->i.version);
	EXPECT_EQ(variant->cipher, self->i.cipher);
	EXPECT_EQ(0, self->i.last_alert);
	EXPECT_EQ(0, self->i.tx_seq);
	EXPECT_EQ(0, self->i.rx_seq);
	EXPECT_TRUE(nobody_told_more(&self->i));
}

/*
 * Records that may be sent after @used of them, the first with number @seq. RFC 8446 section
 * 5.5 has a limit for GCM, and RFC 9147 section 4.5.3 for CCM; the sequence numbers have
 * another one: 2^64, as near as 64 bits get to it.
 */
static uint64_t records_left(uint16_t version, uint16_t cipher, uint64_t seq, uint64_t used)
{
	seq = seq + used ? -(seq + used) : UINT64_MAX;
	if (version != TLS_1_3_VERSION || cipher == TLS_CIPHER_CHACHA20_POLY1305)
		return seq;
	/* some of three blocks, with what each costs beside its content, are not worth a full one */
	return (cipher == TLS_CIPHER_AES_CCM_128 ? 1 << 23 : 23726566) - (used ? 1 : 0);
}

TEST_F(state, numbers_go_on)
{
	int i;

	EXPECT_EQ(records_left(variant->version, variant->cipher, 0, 0),
		  info(self->p.fd).tx_records_left);
	for (i = 1; i <= 3; i++) {
		ASSERT_EQ(2, send(self->p.fd, "ab", 2, 0));
		ASSERT_EQ(0, st_peer_send(&self->p, DATA, "cd", 2));
		ASSERT_EQ(2, get(self->p.fd));
		self->i = info(self->p.fd);
		EXPECT_EQ(i, self->i.tx_seq);
		EXPECT_EQ(i, self->i.rx_seq);
		EXPECT_EQ(records_left(variant->version, variant->cipher, 0, i),
			  self->i.tx_records_left);
	}
}

TEST_F(state, close_notify_received)
{
	ASSERT_EQ(0, st_peer_send(&self->p, ALERT, "\1\0", 2));
	ASSERT_EQ(0, get(self->p.fd));
	self->i = info(self->p.fd);
	EXPECT_EQ(SHEATH_STATE_UP, self->i.state);
	EXPECT_EQ(SHEATH_INFO_TX | SHEATH_INFO_RX | SHEATH_INFO_RX_CLOSED, self->i.flags);
	EXPECT_EQ(1 << 8, self->i.last_alert);
}

TEST_F(state, close_notify_sent)
{
	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, SHEATH_CLOSE_NOTIFY, NULL, 0));
	self->i = info(self->p.fd);
	EXPECT_EQ(SHEATH_STATE_UP, self->i.state);
	EXPECT_EQ(SHEATH_INFO_TX | SHEATH_INFO_RX | SHEATH_INFO_TX_CLOSED, self->i.flags);
	EXPECT_EQ(1 << 8, self->i.last_alert);
	EXPECT_EQ(1, self->i.tx_seq);
}

TEST_F(state, fatal_alert_received)
{
	static const uint8_t fatal[] = { 2, HANDSHAKE_FAILURE };

	ASSERT_EQ(0, st_peer_send(&self->p, ALERT, fatal, 2));
	ASSERT_EQ(-1, get(self->p.fd));
	self->i = info(self->p.fd);
	EXPECT_EQ(SHEATH_STATE_FAILED, self->i.state);
	EXPECT_TRUE(self->i.flags & SHEATH_INFO_TX_CLOSED);
	EXPECT_EQ(2 << 8 | HANDSHAKE_FAILURE, self->i.last_alert);
}

TEST_F(state, bad_record_received)
{
	struct st_record r = { .type = DATA, .data = "abc", .len = 3, .flip = 9 };
	uint8_t out[ST_RECORD_MAX];
	int len = st_seal(&self->p.to, &r, out);

	ASSERT_EQ(0, st_send_all(self->p.raw, out, len, 0));
	ASSERT_EQ(-1, get(self->p.fd));
	self->i = info(self->p.fd);
	EXPECT_EQ(SHEATH_STATE_FAILED, self->i.state);
	EXPECT_TRUE(self->i.flags & SHEATH_INFO_TX_CLOSED);
	EXPECT_EQ(2 << 8 | BAD_RECORD_MAC, self->i.last_alert);
}

TEST_F(state, key_update_received)
{
	static const uint8_t update[] = { 24, 0, 0, 1, 0 };

	if (variant->version == V12)
		return;
	ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update, sizeof(update)));
	ASSERT_EQ(-1, get(self->p.fd));
	self->i = info(self->p.fd);
	EXPECT_EQ(SHEATH_STATE_RX_PAUSED, self->i.state);
	EXPECT_EQ(SHEATH_INFO_TX | SHEATH_INFO_RX, self->i.flags);
	EXPECT_EQ(1, self->i.rx_seq);
}

/* a caller of another version of the header: less is cut off, more is not touched */
TEST_F(state, other_sizes)
{
	struct { struct sheath_info i; uint8_t more[8]; } buf;
	socklen_t len;

	memset(&buf, 0xee, sizeof(buf));
	len = sizeof(buf);
	ASSERT_EQ(0, getsockopt(self->p.fd, SOL_TLS, SHEATH_INFO, &buf, &len));
	EXPECT_EQ(sizeof(struct sheath_info), len);
	EXPECT_EQ(0xee, buf.more[0]);
	memset(&buf, 0xee, sizeof(buf));
	len = 4;
	ASSERT_EQ(0, getsockopt(self->p.fd, SOL_TLS, SHEATH_INFO, &buf, &len));
	EXPECT_EQ(4, len);
	EXPECT_EQ(SHEATH_STATE_UP, buf.i.state);
	EXPECT_EQ(0xeeeeeeee, buf.i.role);
	len = 3;
	EXPECT_ERR(EINVAL, getsockopt(self->p.fd, SOL_TLS, SHEATH_INFO, &buf, &len));
	len = sizeof(buf);
	EXPECT_ERR(EFAULT, getsockopt(self->p.fd, SOL_TLS, SHEATH_INFO, (void *)8, &len));
	EXPECT_ERR(EFAULT, getsockopt(self->p.fd, SOL_TLS, SHEATH_INFO, &buf, (void *)8));
}

/* keys set one at a time */
FIXTURE(keys) { int fd[2]; struct st_key k[2]; uint8_t want[64], got[64]; };
VARIANTS(keys);

FIXTURE_SETUP(keys)
{
	self->k[0] = st_key(variant->version, variant->cipher, 5, 1);
	self->k[1] = st_key(variant->version, variant->cipher, 7, 2);
	ASSERT_EQ(0, st_pair(AF_INET6, self->fd));
	ASSERT_EQ(0, st_attach(self->fd[0], ST_SHEATH));
}

FIXTURE_TEARDOWN(keys)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

TEST_F(keys, state_by_direction)
{
	struct sheath_info i = info(self->fd[0]);

	EXPECT_EQ(SHEATH_STATE_ATTACHED, i.state);
	EXPECT_EQ(0, i.flags);
	EXPECT_EQ(0, i.version);
	EXPECT_EQ(0, i.cipher);
	EXPECT_EQ(0, i.tx_records_left);
	ASSERT_EQ(0, st_set_sheath(self->fd[0], TLS_TX, &self->k[0]));
	i = info(self->fd[0]);
	EXPECT_EQ(SHEATH_STATE_UP, i.state);
	EXPECT_EQ(SHEATH_INFO_TX, i.flags);
	EXPECT_EQ(5, i.tx_seq);
	EXPECT_EQ(0, i.rx_seq);
	EXPECT_EQ(records_left(variant->version, variant->cipher, 5, 0), i.tx_records_left);
	ASSERT_EQ(0, st_set_sheath(self->fd[0], TLS_RX, &self->k[1]));
	i = info(self->fd[0]);
	EXPECT_EQ(SHEATH_INFO_TX | SHEATH_INFO_RX, i.flags);
	EXPECT_EQ(7, i.rx_seq);
}

/* getsockopt(TLS_TX) gives what setsockopt(TLS_TX) took; likewise TLS_RX */
TEST_F(keys, read_back)
{
	socklen_t len, full;
	int dir;

	for (dir = TLS_TX; dir <= TLS_RX; dir++) {
		full = st_crypto_info(&self->k[dir == TLS_RX], self->want);
		len = full;
		EXPECT_ERR(EBUSY, getsockopt(self->fd[0], SOL_TLS, dir, self->got, &len));
		ASSERT_EQ(0, setsockopt(self->fd[0], SOL_TLS, dir, self->want, full));
		len = full;
		ASSERT_EQ(0, getsockopt(self->fd[0], SOL_TLS, dir, self->got, &len));
		EXPECT_EQ(full, len);
		EXPECT_EQ(0, memcmp(self->want, self->got, full));
		/* version and cipher alone, to know how long the rest is */
		memset(self->got, 0, sizeof(self->got));
		len = sizeof(struct tls_crypto_info);
		ASSERT_EQ(0, getsockopt(self->fd[0], SOL_TLS, dir, self->got, &len));
		EXPECT_EQ(0, memcmp(self->want, self->got, len));
		for (len = 0; len <= sizeof(self->got); len++) {
			socklen_t l = len;

			if (len != full && len != sizeof(struct tls_crypto_info))
				EXPECT_ERR(EINVAL, getsockopt(self->fd[0], SOL_TLS, dir, self->got, &l));
		}
	}
}

/* with the numbers of now: whoever takes the connection over goes on with them */
TEST_F(keys, read_back_later)
{
	struct st_key next = self->k[0];
	socklen_t len = st_crypto_info(&next, self->want);

	ASSERT_EQ(0, setsockopt(self->fd[0], SOL_TLS, TLS_TX, self->want, len));
	ASSERT_EQ(1, send(self->fd[0], "a", 1, 0));
	ASSERT_EQ(1, send(self->fd[0], "b", 1, 0));
	next.seq += 2;
	/* the explicit nonce of TLS 1.2 is a number too, and goes on likewise */
	if (variant->version == V12 && variant->cipher != TLS_CIPHER_CHACHA20_POLY1305)
		next.iv[11] += 2;
	st_crypto_info(&next, self->want);
	ASSERT_EQ(0, getsockopt(self->fd[0], SOL_TLS, TLS_TX, self->got, &len));
	EXPECT_EQ(0, memcmp(self->want, self->got, len));
}

static bool contains(const uint8_t *buf, size_t len, const uint8_t *what, size_t n)
{
	size_t i;

	for (i = 0; i + n <= len; i++) {
		if (!memcmp(buf + i, what, n))
			return true;
	}
	return false;
}

/* who brought the key by another door than this has reasons not to see it here */
TEST_F(keys, not_shown)
{
	struct st_key none;
	socklen_t len;
	int dir;

	for (dir = TLS_TX; dir <= TLS_RX; dir++) {
		const struct st_key *k = &self->k[dir == TLS_RX];

		ASSERT_EQ(0, st_set_sheath(self->fd[0], dir, k));
		none = (struct st_key){ .version = k->version, .cipher = k->cipher,
					.key_len = k->key_len, .seq = k->seq };
		len = st_crypto_info(&none, self->want);
		memset(self->got, 0xee, sizeof(self->got));
		ASSERT_EQ(0, getsockopt(self->fd[0], SOL_TLS, dir, self->got, &len));
		EXPECT_FALSE(contains(self->got, sizeof(self->got), k->key, 8));
		EXPECT_FALSE(contains(self->got, sizeof(self->got), k->key + 8, 8));
		/* of the IV only what is on the wire anyway, in sending */
		EXPECT_FALSE(contains(self->got, sizeof(self->got), k->iv, 4));
		EXPECT_EQ(0, memcmp(self->want, self->got, 4));
		EXPECT_EQ(0, memcmp(self->want + len - 8, self->got + len - 8, 8));
	}
}

TEST_F(keys, options)
{
	static const int opts[] = { TLS_TX_ZEROCOPY_RO, SHEATH_EOF, SHEATH_CTRL };
	unsigned int value, i, v, bad = 2;
	socklen_t len = sizeof(value);
	int fd = self->fd[0];

	for (i = 0; i < 3; i++) {
		for (v = 0; v < 3; v++) {
			unsigned int set = v & 1;

			ASSERT_EQ(0, setsockopt(fd, SOL_TLS, opts[i], &set, sizeof(set)));
			ASSERT_EQ(0, getsockopt(fd, SOL_TLS, opts[i], &value, &len));
			EXPECT_EQ(set, value);
		}
		EXPECT_ERR(EINVAL, setsockopt(fd, SOL_TLS, opts[i], &bad, sizeof(bad)));
		EXPECT_ERR(EINVAL, setsockopt(fd, SOL_TLS, opts[i], &value, 1));
		EXPECT_ERR(EINVAL, setsockopt(fd, SOL_TLS, opts[i], NULL, 0));
		len = 3;
		EXPECT_ERR(EINVAL, getsockopt(fd, SOL_TLS, opts[i], &value, &len));
		len = sizeof(value);
	}
}

/* as in-tree TLS has it: only in TLS 1.3, only with a receiving key */
TEST_F(keys, expect_no_pad)
{
	unsigned int value = 1;
	socklen_t len = sizeof(value);
	int fd = self->fd[0];

	EXPECT_ERR(EINVAL, setsockopt(fd, SOL_TLS, TLS_RX_EXPECT_NO_PAD, &value, sizeof(value)));
	ASSERT_EQ(0, st_set(fd, ST_SHEATH, TLS_RX, &self->k[0]));
	if (variant->version == V12) {
		EXPECT_ERR(EINVAL, setsockopt(fd, SOL_TLS, TLS_RX_EXPECT_NO_PAD, &value, sizeof(value)));
		EXPECT_ERR(EINVAL, getsockopt(fd, SOL_TLS, TLS_RX_EXPECT_NO_PAD, &value, &len));
		return;
	}
	ASSERT_EQ(0, getsockopt(fd, SOL_TLS, TLS_RX_EXPECT_NO_PAD, &value, &len));
	EXPECT_EQ(0, value);
	value = 1;
	ASSERT_EQ(0, setsockopt(fd, SOL_TLS, TLS_RX_EXPECT_NO_PAD, &value, sizeof(value)));
	value = 0;
	ASSERT_EQ(0, getsockopt(fd, SOL_TLS, TLS_RX_EXPECT_NO_PAD, &value, &len));
	EXPECT_EQ(1, value);
}

/* the door the keys came through decides, unless the application did before */
TEST_F(keys, defaults)
{
	static const int opts[] = { SHEATH_EOF, SHEATH_CTRL };
	unsigned int value, i, zero = 0;
	socklen_t len = sizeof(value);

	ASSERT_EQ(0, st_set_sheath(self->fd[0], TLS_TX, &self->k[0]));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, getsockopt(self->fd[0], SOL_TLS, opts[i], &value, &len));
		EXPECT_EQ(0, value);
	}
	ASSERT_EQ(0, st_set(self->fd[1], ST_SHEATH, TLS_TX, &self->k[1]));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, getsockopt(self->fd[1], SOL_TLS, opts[i], &value, &len));
		EXPECT_EQ(1, value);
		ASSERT_EQ(0, setsockopt(self->fd[1], SOL_TLS, opts[i], &zero, sizeof(zero)));
	}
	ASSERT_EQ(0, st_set(self->fd[1], ST_SHEATH, TLS_RX, &self->k[0]));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, getsockopt(self->fd[1], SOL_TLS, opts[i], &value, &len));
		EXPECT_EQ(0, value);
	}
}

/* what was chosen before any key stays, through either door */
TEST_F(keys, choice_before_keys)
{
	static const int opts[] = { SHEATH_EOF, SHEATH_CTRL };
	unsigned int value, end, i;
	socklen_t len = sizeof(value);

	ASSERT_EQ(0, st_attach(self->fd[1], ST_SHEATH));
	for (end = 0; end < 2; end++) {
		unsigned int chosen = !end;

		for (i = 0; i < 2; i++)
			ASSERT_EQ(0, setsockopt(self->fd[end], SOL_TLS, opts[i], &chosen,
						sizeof(chosen)));
	}
	ASSERT_EQ(0, st_set_sheath(self->fd[0], TLS_TX, &self->k[0]));
	ASSERT_EQ(0, st_set_sheath(self->fd[0], TLS_RX, &self->k[1]));
	ASSERT_EQ(0, st_set(self->fd[1], ST_SHEATH, TLS_RX, &self->k[0]));
	ASSERT_EQ(0, st_set(self->fd[1], ST_SHEATH, TLS_TX, &self->k[1]));
	for (end = 0; end < 2; end++) {
		for (i = 0; i < 2; i++) {
			ASSERT_EQ(0, getsockopt(self->fd[end], SOL_TLS, opts[i], &value, &len));
			EXPECT_EQ(!end, value);
		}
	}
}

/* one choice says nothing of the other */
TEST_F(keys, choice_of_one)
{
	unsigned int value, zero = SHEATH_EOF_STRICT;
	socklen_t len = sizeof(value);

	ASSERT_EQ(0, setsockopt(self->fd[0], SOL_TLS, SHEATH_EOF, &zero, sizeof(zero)));
	ASSERT_EQ(0, st_set(self->fd[0], ST_SHEATH, TLS_RX, &self->k[0]));
	ASSERT_EQ(0, getsockopt(self->fd[0], SOL_TLS, SHEATH_EOF, &value, &len));
	EXPECT_EQ(SHEATH_EOF_STRICT, value);
	ASSERT_EQ(0, getsockopt(self->fd[0], SOL_TLS, SHEATH_CTRL, &value, &len));
	EXPECT_EQ(SHEATH_CTRL_APP, value);
}

/* the verdict of the option on @len bytes that begin with @v; the bytes behind are @rest */
static int set_verdict(int fd, int opt, unsigned int v, uint8_t rest, socklen_t len)
{
	uint8_t buf[12];

	memset(buf, rest, sizeof(buf));
	memcpy(buf, &v, sizeof(v));
	return setsockopt(fd, SOL_TLS, opt, buf, len) ? errno : 0;
}

/* fd[1] has the in-tree ULP */
static bool set_alike(const int fd[2], int opt, unsigned int v, uint8_t rest, socklen_t len)
{
	int want = set_verdict(fd[1], opt, v, rest, len);
	int got = set_verdict(fd[0], opt, v, rest, len);

	if (want != got)
		printf("# option %d, value %u, %u bytes: %d, in-tree %d\n", opt, v, len, got, want);
	return want == got;
}

/* the verdict, or minus the length that came back */
static int get_verdict(int fd, int opt, socklen_t len)
{
	uint8_t buf[12];

	return getsockopt(fd, SOL_TLS, opt, buf, &len) ? errno : -(int)len;
}

/* the options of in-tree TLS take the lengths and values they take there */
TEST_F(keys, lengths_of_in_tree)
{
	static const int opts[] = { TLS_TX_ZEROCOPY_RO, TLS_RX_EXPECT_NO_PAD };
	int *fd = self->fd;
	socklen_t len;
	unsigned int i, v;

	ASSERT_EQ(0, st_set(fd[0], ST_SHEATH, TLS_RX, &self->k[0]));
	ASSERT_EQ(0, st_set(fd[1], ST_IN_TREE, TLS_RX, &self->k[1]));
	for (i = 0; i < 2; i++) {
		for (len = 0; len <= 12; len++) {
			for (v = 0; v < 6; v++) {
				ASSERT_TRUE(set_alike(fd, opts[i], v % 3, v / 3, len));
			}
			ASSERT_EQ(get_verdict(fd[1], opts[i], len),
				  get_verdict(fd[0], opts[i], len));
		}
	}
}

/* without a sending key there is nothing to say it with */
TEST_F(keys, close_notify_needs_key)
{
	char c;

	EXPECT_ERR(ENOTCONN, setsockopt(self->fd[0], SOL_TLS, SHEATH_CLOSE_NOTIFY, NULL, 0));
	ASSERT_EQ(0, st_set_sheath(self->fd[0], TLS_RX, &self->k[0]));
	EXPECT_ERR(ENOTCONN, setsockopt(self->fd[0], SOL_TLS, SHEATH_CLOSE_NOTIFY, NULL, 0));
	EXPECT_ERR(EAGAIN, recv(self->fd[1], &c, 1, MSG_DONTWAIT));
	EXPECT_EQ(SHEATH_INFO_RX, info(self->fd[0]).flags);
}

TEST_F(keys, counted_while_open)
{
	long long tx = st_stat("CurrTx"), rx = st_stat("CurrRx");

	ASSERT_EQ(0, st_set_sheath(self->fd[0], TLS_TX, &self->k[0]));
	EXPECT_EQ(tx + 1, st_stat("CurrTx"));
	EXPECT_EQ(rx, st_stat("CurrRx"));
	ASSERT_EQ(0, st_set_sheath(self->fd[0], TLS_RX, &self->k[1]));
	EXPECT_EQ(rx + 1, st_stat("CurrRx"));
	close(self->fd[0]);
	EXPECT_EQ(tx, st_stat("CurrTx"));
	EXPECT_EQ(rx, st_stat("CurrRx"));
	self->fd[0] = dup(self->fd[1]);
}

/* a counter of ours as the number of times something was done */
TEST_F(keys, counted_records)
{
	long long tx = st_stat("TxRecords"), rx = st_stat("RxRecords");
	long long tb = st_stat("TxBytes"), rb = st_stat("RxBytes");
	static char buf[40000];

	ASSERT_EQ(0, st_set_sheath(self->fd[0], TLS_TX, &self->k[0]));
	ASSERT_EQ(0, st_set_sheath(self->fd[1], TLS_RX, &self->k[0]));
	ASSERT_EQ(0, st_send_all(self->fd[0], buf, sizeof(buf), 0));
	ASSERT_EQ(0, st_recv_all(self->fd[1], buf, sizeof(buf)));
	EXPECT_EQ(tb + (long long)sizeof(buf), st_stat("TxBytes"));
	EXPECT_EQ(rb + (long long)sizeof(buf), st_stat("RxBytes"));
	EXPECT_EQ(tx + 3, st_stat("TxRecords"));
	EXPECT_EQ(rx + 3, st_stat("RxRecords"));
}

/* what inet_diag says of a socket; -1 for what it does not mention */
struct diag { char name[16]; int version, cipher, tx, rx; bool tls; };

static void read_tls(struct diag *d, const struct rtattr *nest)
{
	const struct rtattr *a = RTA_DATA(nest);
	int len = RTA_PAYLOAD(nest), *fields[] = {
		[TLS_INFO_VERSION] = &d->version, [TLS_INFO_CIPHER] = &d->cipher,
		[TLS_INFO_TXCONF] = &d->tx, [TLS_INFO_RXCONF] = &d->rx,
	};

	d->tls = true;
	for (; RTA_OK(a, len); a = RTA_NEXT(a, len)) {
		if (a->rta_type && a->rta_type <= TLS_INFO_RXCONF)
			*fields[a->rta_type] = *(uint16_t *)RTA_DATA(a);
	}
}

static void read_ulp(struct diag *d, const struct rtattr *nest)
{
	const struct rtattr *a = RTA_DATA(nest);
	int len = RTA_PAYLOAD(nest);

	for (; RTA_OK(a, len); a = RTA_NEXT(a, len)) {
		if (a->rta_type == INET_ULP_INFO_NAME)
			strncpy(d->name, RTA_DATA(a), sizeof(d->name) - 1);
		else if ((a->rta_type & NLA_TYPE_MASK) == INET_ULP_INFO_TLS)
			read_tls(d, a);
	}
}

/* one AF_INET6 socket, by its addresses */
static int ask(int nl, int fd)
{
	struct {
		struct nlmsghdr h;
		struct inet_diag_req_v2 r;
	} req = {
		.h = { .nlmsg_len = sizeof(req), .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		       .nlmsg_flags = NLM_F_REQUEST },
		.r = { .sdiag_family = AF_INET6, .sdiag_protocol = IPPROTO_TCP,
		       /* the ULP comes with this one */
		       .idiag_ext = 1 << (INET_DIAG_INFO - 1), .idiag_states = -1,
		       .id.idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE } },
	};
	struct sockaddr_in6 a, b;
	socklen_t len = sizeof(a);

	if (getsockname(fd, (void *)&a, &len) || getpeername(fd, (void *)&b, &len))
		return -1;
	req.r.id.idiag_sport = a.sin6_port;
	req.r.id.idiag_dport = b.sin6_port;
	memcpy(req.r.id.idiag_src, &a.sin6_addr, 16);
	memcpy(req.r.id.idiag_dst, &b.sin6_addr, 16);
	return send(nl, &req, sizeof(req), 0) == sizeof(req) ? 0 : -1;
}

static struct diag diag(int fd)
{
	struct diag d = { .version = -1, .cipher = -1, .tx = -1, .rx = -1 };
	int nl = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG), len;
	struct { struct nlmsghdr h; char rest[8192]; } msg;
	struct rtattr *a;

	if (nl < 0 || ask(nl, fd))
		goto out_close;
	len = recv(nl, &msg, sizeof(msg), 0);
	if (len < (int)NLMSG_LENGTH(sizeof(struct inet_diag_msg)) ||
	    msg.h.nlmsg_type != SOCK_DIAG_BY_FAMILY)
		goto out_close;
	len -= NLMSG_LENGTH(sizeof(struct inet_diag_msg));
	a = (void *)((struct inet_diag_msg *)NLMSG_DATA(&msg.h) + 1);
	for (; RTA_OK(a, len); a = RTA_NEXT(a, len)) {
		if ((a->rta_type & NLA_TYPE_MASK) == INET_DIAG_ULP_INFO)
			read_ulp(&d, a);
	}
out_close:
	if (nl >= 0)
		close(nl);
	return d;
}

TEST_F(keys, inet_diag)
{
	struct diag d = diag(self->fd[1]);

	EXPECT_STREQ("", d.name);
	d = diag(self->fd[0]);
	EXPECT_STREQ(ST_SHEATH, d.name);
	/* nothing to tell yet */
	EXPECT_EQ(-1, d.version);
	ASSERT_EQ(0, st_set_sheath(self->fd[0], TLS_TX, &self->k[0]));
	d = diag(self->fd[0]);
	EXPECT_TRUE(d.tls);
	EXPECT_EQ(variant->version, d.version);
	EXPECT_EQ(variant->cipher, d.cipher);
	EXPECT_EQ(CONF_SW, d.tx);
	EXPECT_EQ(CONF_BASE, d.rx);
	ASSERT_EQ(0, st_set_sheath(self->fd[0], TLS_RX, &self->k[1]));
	d = diag(self->fd[0]);
	EXPECT_EQ(CONF_SW, d.tx);
	EXPECT_EQ(CONF_SW, d.rx);
	/* the other implementation says the same */
	ASSERT_EQ(0, st_set(self->fd[1], ST_IN_TREE, TLS_RX, &self->k[0]));
	ASSERT_EQ(0, st_set(self->fd[1], ST_IN_TREE, TLS_TX, &self->k[1]));
	d = diag(self->fd[1]);
	EXPECT_STREQ(ST_IN_TREE, d.name);
	EXPECT_EQ(variant->version, d.version);
	EXPECT_EQ(variant->cipher, d.cipher);
	EXPECT_EQ(CONF_SW, d.tx);
	EXPECT_EQ(CONF_SW, d.rx);
}

TEST_HARNESS_MAIN
