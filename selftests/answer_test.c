// SPDX-License-Identifier: GPL-2.0
/*
 * KeyUpdate in all mixtures: which directions have a traffic secret, and who reads messages;
 * keys that come when the peer changed nothing; data behind a KeyUpdate of a connection that is
 * over. The peer makes and reads records in user space.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "cmsg.h"
#include "peer.h"
#include "secret.h"

enum { ALERT = 21, HANDSHAKE = 22, DATA = 23 };

#define V13	TLS_1_3_VERSION
#define GCM	TLS_CIPHER_AES_GCM_128

#define EXPECT_ERR(e, call) do { errno = 0; EXPECT_EQ(-1, call); EXPECT_EQ(e, errno); } while (0)

static const uint8_t update[] = { 24, 0, 0, 1, 0 };
static const uint8_t update_both[] = { 24, 0, 0, 1, 1 };

FIXTURE(answer)
{
	struct st_peer p;
	struct st_secret to, from;
	struct st_key next_to, next_from;
};

FIXTURE_VARIANT(answer)
{
	bool rx_secret, tx_secret;
	uint32_t ctrl;
};

FIXTURE_VARIANT_ADD(answer, none) { false, false, SHEATH_CTRL_KERNEL };
FIXTURE_VARIANT_ADD(answer, tx) { false, true, SHEATH_CTRL_KERNEL };
FIXTURE_VARIANT_ADD(answer, rx) { true, false, SHEATH_CTRL_KERNEL };
FIXTURE_VARIANT_ADD(answer, both) { true, true, SHEATH_CTRL_KERNEL };
FIXTURE_VARIANT_ADD(answer, none_app) { false, false, SHEATH_CTRL_APP };
FIXTURE_VARIANT_ADD(answer, tx_app) { false, true, SHEATH_CTRL_APP };
FIXTURE_VARIANT_ADD(answer, rx_app) { true, false, SHEATH_CTRL_APP };
FIXTURE_VARIANT_ADD(answer, both_app) { true, true, SHEATH_CTRL_APP };

FIXTURE_SETUP(answer)
{
	int fd[2];

	self->to = st_secret(GCM, 1);
	self->from = st_secret(GCM, 2);
	self->p.to = variant->rx_secret ? st_secret_key(&self->to, GCM) : st_key(V13, GCM, 0, 1);
	self->p.from = variant->tx_secret ? st_secret_key(&self->from, GCM) : st_key(V13, GCM, 0, 2);
	self->next_to = st_key(V13, GCM, 0, 3);
	self->next_from = st_key(V13, GCM, 0, 4);
	ASSERT_EQ(0, st_pair(AF_INET, fd));
	self->p.fd = fd[0];
	self->p.raw = fd[1];
	ASSERT_EQ(0, st_attach(fd[0], ST_SHEATH));
	ASSERT_EQ(0, variant->rx_secret ? st_set_secret(fd[0], TLS_RX, GCM, &self->to) :
					  st_set_epoch(fd[0], TLS_RX, &self->p.to, 0));
	ASSERT_EQ(0, variant->tx_secret ? st_set_secret(fd[0], TLS_TX, GCM, &self->from) :
					  st_set_epoch(fd[0], TLS_TX, &self->p.from, 0));
	ASSERT_EQ(0, setsockopt(fd[0], SOL_TLS, SHEATH_CTRL, &variant->ctrl, 4));
}

FIXTURE_TEARDOWN(answer)
{
	st_peer_close(&self->p);
}

static struct sheath_info info(int fd)
{
	struct sheath_info i = { 0 };
	socklen_t len = sizeof(i);

	getsockopt(fd, SOL_TLS, SHEATH_INFO, &i, &len);
	return i;
}

/* the peer changes its key, with @msg, and sends "next" under the new one */
static int peer_updates(FIXTURE_DATA(answer) *self, bool secret, const uint8_t *msg)
{
	if (st_peer_send(&self->p, HANDSHAKE, msg, 5))
		return -1;
	st_secret_next(&self->to);
	self->p.to = secret ? st_secret_key(&self->to, GCM) : self->next_to;
	return st_peer_send(&self->p, DATA, "next", 4);
}

/* up to the KeyUpdate: an application that reads messages gets it, others do not */
static const char *meets_update(FIXTURE_DATA(answer) *self, bool app, const uint8_t *msg)
{
	uint8_t buf[16];
	int type;

	if (!app)
		return NULL;
	if (st_recv_type(self->p.fd, buf, sizeof(buf), &type) != 5 || type != HANDSHAKE)
		return "no message";
	return memcmp(buf, msg, 5) ? "another message" : NULL;
}

/* "next" is read, once the next key is given where that is needed */
static const char *reads_on(FIXTURE_DATA(answer) *self, bool secret)
{
	char buf[16];

	if (!secret) {
		if (recv(self->p.fd, buf, sizeof(buf), 0) != -1 || errno != EKEYEXPIRED)
			return "read without a key";
		if (st_set_epoch(self->p.fd, TLS_RX, &self->next_to, 1))
			return "the next key";
	}
	return recv(self->p.fd, buf, sizeof(buf), 0) == 4 && !memcmp(buf, "next", 4) ? NULL : "data";
}

TEST_F(answer, asked)
{
	bool app = variant->ctrl == SHEATH_CTRL_APP;

	ASSERT_EQ(0, peer_updates(self, variant->rx_secret, update_both));
	ASSERT_EQ(NULL, meets_update(self, app, update_both));
	ASSERT_EQ(NULL, reads_on(self, variant->rx_secret));
	EXPECT_EQ(1, info(self->p.fd).rx_epoch);
	EXPECT_EQ(!variant->tx_secret, !!(info(self->p.fd).flags & SHEATH_INFO_UPDATE_DUE));
	if (variant->tx_secret) {
		EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update, 5));
		st_secret_next(&self->from);
		self->p.from = st_secret_key(&self->from, GCM);
	} else {
		if (!app) {
			/* RFC 8446 section 4.6.3: no data before the answer */
			EXPECT_ERR(EKEYEXPIRED, send(self->p.fd, "abc", 3, MSG_NOSIGNAL));
			EXPECT_ERR(EKEYEXPIRED, send(self->p.fd, "abc", 3, MSG_NOSIGNAL | MSG_MORE));
		}
		/* a key the peer is not told of is no answer */
		EXPECT_ERR(EINVAL, st_set_epoch(self->p.fd, TLS_TX, &self->next_from, 1));
		EXPECT_NE(0, info(self->p.fd).flags & SHEATH_INFO_UPDATE_DUE);
		ASSERT_EQ(5, st_send_type(self->p.fd, HANDSHAKE, update, 5, MSG_NOSIGNAL));
		ASSERT_EQ(0, st_set_epoch(self->p.fd, TLS_TX, &self->next_from, 1));
		EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update, 5));
		self->p.from = self->next_from;
	}
	EXPECT_EQ(0, info(self->p.fd).flags & SHEATH_INFO_UPDATE_DUE);
	EXPECT_EQ(1, info(self->p.fd).tx_epoch);
	ASSERT_EQ(3, send(self->p.fd, "abc", 3, 0));
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, "abc", 3));
}

/* nobody is asked for anything */
TEST_F(answer, not_asked)
{
	ASSERT_EQ(0, peer_updates(self, variant->rx_secret, update));
	ASSERT_EQ(NULL, meets_update(self, variant->ctrl == SHEATH_CTRL_APP, update));
	ASSERT_EQ(NULL, reads_on(self, variant->rx_secret));
	EXPECT_EQ(0, info(self->p.fd).flags & SHEATH_INFO_UPDATE_DUE);
	ASSERT_EQ(3, send(self->p.fd, "abc", 3, 0));
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, "abc", 3));
	EXPECT_EQ(0, info(self->p.fd).tx_epoch);
}

/* an answer that is due does not keep the session from ending in order */
TEST_F(answer, due_at_the_end)
{
	static const uint8_t close_notify[] = { 1, 0 };

	if (variant->tx_secret || variant->ctrl == SHEATH_CTRL_APP)
		return;
	ASSERT_EQ(0, peer_updates(self, variant->rx_secret, update_both));
	ASSERT_EQ(NULL, reads_on(self, variant->rx_secret));
	EXPECT_ERR(EKEYEXPIRED, send(self->p.fd, "abc", 3, MSG_NOSIGNAL));
	ASSERT_EQ(0, shutdown(self->p.fd, SHUT_WR));
	EXPECT_TRUE(st_peer_expect(&self->p, ALERT, close_notify, 2));
	EXPECT_TRUE(st_peer_ended(&self->p));
}

/* a key the peer does not use would make all that follows unreadable */
TEST_F(answer, key_for_nothing)
{
	char buf[8];

	EXPECT_ERR(EBUSY, st_set_epoch(self->p.fd, TLS_RX, &self->next_to, 1));
	EXPECT_ERR(EINVAL, st_set_epoch(self->p.fd, TLS_TX, &self->next_from, 1));
	EXPECT_ERR(EBUSY, st_set(self->p.fd, ST_SHEATH, TLS_RX, &self->next_to));
	EXPECT_ERR(EINVAL, st_set(self->p.fd, ST_SHEATH, TLS_TX, &self->next_from));
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, "same", 4));
	EXPECT_EQ(4, recv(self->p.fd, buf, sizeof(buf), 0));
	ASSERT_EQ(3, send(self->p.fd, "abc", 3, 0));
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, "abc", 3));
	EXPECT_EQ(0, info(self->p.fd).rx_epoch);
	EXPECT_EQ(0, info(self->p.fd).tx_epoch);
}

/* what a first key chose stays when the next one comes by TLS_RX */
TEST_F(answer, who_reads_stays)
{
	uint32_t ctrl = 99, eof = 99;
	socklen_t len = 4;
	struct st_peer p;

	if (variant->rx_secret || variant->tx_secret || variant->ctrl == SHEATH_CTRL_APP)
		return;
	ASSERT_EQ(0, st_peer_open(&p, V13, GCM, false));
	ASSERT_EQ(0, st_peer_send(&p, HANDSHAKE, update, 5));
	EXPECT_ERR(EKEYEXPIRED, recv(p.fd, &ctrl, 1, 0));
	ASSERT_EQ(0, st_set(p.fd, ST_SHEATH, TLS_RX, &self->next_to));
	ASSERT_EQ(0, getsockopt(p.fd, SOL_TLS, SHEATH_CTRL, &ctrl, &len));
	EXPECT_EQ(SHEATH_CTRL_KERNEL, ctrl);
	ASSERT_EQ(0, getsockopt(p.fd, SOL_TLS, SHEATH_EOF, &eof, &len));
	EXPECT_EQ(SHEATH_EOF_STRICT, eof);
	st_peer_close(&p);
}

static bool is_over(int fd)
{
	struct tcp_info ti = { 0 };
	socklen_t len = sizeof(ti);
	int i;

	for (i = 0; i < 5000; i++, usleep(1000)) {
		if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &ti, &len) || ti.tcpi_state == TCP_CLOSE)
			return true;
	}
	return false;
}

/* what TCP has received is read with the next key, whatever became of the connection */
TEST_F(answer, behind_the_end)
{
	struct linger now = { .l_onoff = 1 };
	int how;

	if (variant->rx_secret || variant->tx_secret || variant->ctrl == SHEATH_CTRL_APP)
		return;
	for (how = 0; how < 4; how++) {
		struct st_key next = self->next_to;
		struct st_peer p;
		char buf[8];

		ASSERT_EQ(0, st_peer_open(&p, V13, GCM, false));
		ASSERT_EQ(0, st_peer_send(&p, HANDSHAKE, update, 5));
		p.to = next;
		ASSERT_EQ(0, st_peer_send(&p, DATA, "behind", 6));
		switch (how) {
		case 0:	/* FIN received: CLOSE_WAIT */
			ASSERT_EQ(0, shutdown(p.raw, SHUT_WR));
			break;
		case 1:	/* and ours after it, not acknowledged or just so: LAST_ACK, CLOSE */
			ASSERT_EQ(0, shutdown(p.raw, SHUT_WR));
			ASSERT_EQ(POLLRDHUP, POLLRDHUP & st_poll(p.fd, POLLRDHUP, 5000));
			ASSERT_EQ(0, shutdown(p.fd, SHUT_WR));
			break;
		case 2:	/* ours first: FIN_WAIT2, then TIME_WAIT, whose socket is in CLOSE */
			ASSERT_EQ(0, shutdown(p.fd, SHUT_WR));
			ASSERT_EQ(0, shutdown(p.raw, SHUT_WR));
			ASSERT_TRUE(is_over(p.fd));
			break;
		default: /* reset */
			ASSERT_EQ(0, setsockopt(p.raw, SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
			close(p.raw);
			p.raw = -1;
			ASSERT_TRUE(is_over(p.fd));
		}
		EXPECT_ERR(EKEYEXPIRED, recv(p.fd, buf, sizeof(buf), 0));
		ASSERT_EQ(0, st_set_epoch(p.fd, TLS_RX, &next, 1)) {
			TH_LOG("case %d", how);
		}
		EXPECT_EQ(6, recv(p.fd, buf, sizeof(buf), 0));
		EXPECT_EQ(0, memcmp(buf, "behind", 6));
		EXPECT_ERR(how == 3 ? ECONNRESET : ECONNABORTED, recv(p.fd, buf, sizeof(buf), 0));
		st_peer_close(&p);
	}
}

TEST_HARNESS_MAIN
