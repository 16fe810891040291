// SPDX-License-Identifier: GPL-2.0
/*
 * Every flag of send and recv, every socket option and ioctl of a TCP socket, on a socket with
 * keys: it does what the same call does on a plain TCP socket, or what it does on one of in-tree
 * TLS, or is refused. What no row speaks of has to be as with TCP.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "patience.h"
#include "sock.h"

#define WORD		"hello"
#define LEN		5

#define MSG_PROXY_	0x10
#define MSG_FASTOPEN_	0x20000000
#define IP_PROTOCOL_	52

enum want { AS_TCP, AS_IN_TREE, REFUSED };

/* pairs: [0] is looked at, [1] is its other end */
FIXTURE(table)
{
	int fd[2];
	int tcp[2];
	int tls[2];
};

FIXTURE_VARIANT(table)
{
	int family;
	uint16_t version;
};

FIXTURE_VARIANT_ADD(table, v4_tls13) { AF_INET, TLS_1_3_VERSION };
FIXTURE_VARIANT_ADD(table, v6_tls12) { AF_INET6, TLS_1_2_VERSION };

static int open_pair(int fd[2], const FIXTURE_VARIANT(table) *v, const char *ulp)
{
	const char *peer = *ulp ? ST_IN_TREE : "";

	return st_pair_keyed(v->family, fd, ulp, peer, v->version, TLS_CIPHER_AES_GCM_128);
}

static void close_pair(int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

static int open_all(FIXTURE_DATA(table) *self, const FIXTURE_VARIANT(table) *v)
{
	return open_pair(self->fd, v, ST_SHEATH) || open_pair(self->tcp, v, "") ||
	       open_pair(self->tls, v, ST_IN_TREE) ? -1 : 0;
}

static void close_all(FIXTURE_DATA(table) *self)
{
	close_pair(self->fd);
	close_pair(self->tcp);
	close_pair(self->tls);
}

FIXTURE_SETUP(table)
{
	signal(SIGPIPE, SIG_IGN);
	ASSERT_EQ(0, open_all(self, variant));
}

FIXTURE_TEARDOWN(table)
{
	close_all(self);
}

/* what a call returned, as one number: a count, or a negative errno */
static long got(long rc)
{
	return rc < 0 ? -errno : rc;
}

/* bytes at the other end, or an errno; 0 if nothing comes */
static long comes(int fd, const char *word)
{
	char buf[64] = "";
	long n = 0;

	while (n < (long)strlen(word) && st_poll(fd, POLLIN, 5000)) {
		long rc = recv(fd, buf + n, sizeof(buf) - n, MSG_DONTWAIT);

		if (rc <= 0)
			return got(rc);
		n += rc;
	}
	return memcmp(buf, word, strlen(word)) ? -EILSEQ : n;
}

/* flags, their names, what they do, and the errno of those that are refused */
struct row {
	unsigned int flags;
	const char *name;
	enum want want;
	int err;
};

/* why: a byte out of the stream of records; data in a SYN; a record that ends and does not */
static const struct row send_rows[] = {
	{ MSG_OOB, "MSG_OOB", REFUSED, EOPNOTSUPP },
	{ MSG_FASTOPEN_, "MSG_FASTOPEN", REFUSED, EOPNOTSUPP },
	{ MSG_EOR | MSG_MORE, "MSG_EOR | MSG_MORE", REFUSED, EINVAL },
	{ MSG_EOR, "MSG_EOR", AS_TCP },
	{ MSG_EOR | MSG_DONTWAIT, "MSG_EOR | MSG_DONTWAIT", AS_TCP },
	{ MSG_DONTWAIT | MSG_NOSIGNAL, "MSG_DONTWAIT | MSG_NOSIGNAL", AS_TCP },
	{ MSG_CONFIRM | MSG_DONTROUTE, "MSG_CONFIRM | MSG_DONTROUTE", AS_TCP },
	{ MSG_PROXY_ | MSG_TRUNC | MSG_CTRUNC, "MSG_PROXY | MSG_TRUNC | MSG_CTRUNC", AS_TCP },
	{ MSG_WAITALL | MSG_PEEK | MSG_ERRQUEUE, "MSG_WAITALL | MSG_PEEK | MSG_ERRQUEUE", AS_TCP },
	{ MSG_BATCH | MSG_SYN | MSG_FIN | MSG_RST, "MSG_BATCH | MSG_SYN | MSG_FIN | MSG_RST", AS_TCP },
	{ MSG_ZEROCOPY, "MSG_ZEROCOPY without SO_ZEROCOPY", AS_TCP },
};

/* why: there is no urgent byte in a stream of records */
static const struct row recv_rows[] = {
	{ MSG_OOB, "MSG_OOB", REFUSED, EOPNOTSUPP },
	{ MSG_PEEK, "MSG_PEEK", AS_TCP },
	{ MSG_TRUNC, "MSG_TRUNC", AS_TCP },
	{ MSG_PEEK | MSG_TRUNC, "MSG_PEEK | MSG_TRUNC", AS_TCP },
	{ MSG_WAITALL, "MSG_WAITALL", AS_TCP },
	{ MSG_WAITALL | MSG_PEEK, "MSG_WAITALL | MSG_PEEK", AS_TCP },
	{ MSG_ERRQUEUE, "MSG_ERRQUEUE", AS_TCP },
	{ MSG_CMSG_CLOEXEC, "MSG_CMSG_CLOEXEC", AS_TCP },
	{ MSG_EOR | MSG_MORE | MSG_NOSIGNAL, "MSG_EOR | MSG_MORE | MSG_NOSIGNAL", AS_TCP },
};

#define N(a) (sizeof(a) / sizeof(*(a)))

static bool refuses(const struct row *rows, unsigned int n, unsigned int flag)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (rows[i].flags == flag && rows[i].want == REFUSED)
			return true;
	}
	return false;
}

/* row @i, and behind the last one each bit there is, none in place of one that is refused */
static const struct row *row_at(const struct row *rows, unsigned int n, unsigned int i)
{
	static char name[32];
	static struct row bit;

	if (i < n)
		return &rows[i];
	if (i >= n + 32)
		return NULL;
	bit = (struct row){ .flags = 1u << (i - n), .name = name };
	if (refuses(rows, n, bit.flags))
		bit.flags = 0;
	snprintf(name, sizeof(name), "flag %#x", bit.flags);
	return &bit;
}

static long send_word(int fd, unsigned int flags, bool by_msg)
{
	struct iovec iov = { WORD, LEN };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	return got(by_msg ? sendmsg(fd, &msg, flags) : send(fd, WORD, LEN, flags));
}

/* what MSG_MORE holds back goes out at once */
static long end_record(int fd)
{
	return got(send(fd, "", 0, 0));
}

TEST_F(table, send_flags)
{
	const struct row *row;
	unsigned int i;
	int by_msg;

	for (i = 0; (row = row_at(send_rows, N(send_rows), i)); i++) {
		for (by_msg = 0; by_msg < 2; by_msg++) {
			long rc = send_word(self->fd[0], row->flags, by_msg), want = -row->err;

			if (row->want == AS_TCP)
				want = send_word(self->tcp[0], row->flags, by_msg);
			EXPECT_EQ(want, rc)
				TH_LOG("%s, by_msg %d", row->name, by_msg);
			if (rc != LEN)
				continue;
			ASSERT_EQ(0, end_record(self->fd[0]));
			EXPECT_EQ(LEN, comes(self->fd[1], WORD))
				TH_LOG("%s, by_msg %d", row->name, by_msg);
			ASSERT_EQ(LEN, comes(self->tcp[1], WORD));
		}
	}
}

/* no byte: nothing happens, whatever is said about it */
TEST_F(table, send_nothing)
{
	const struct row *row;
	unsigned int i;

	for (i = 0; (row = row_at(send_rows, N(send_rows), i)); i++) {
		long rc = got(send(self->fd[0], "", 0, row->flags)), want = -row->err;

		if (row->want != REFUSED)
			want = got(send(self->tcp[0], "", 0, row->flags));
		EXPECT_EQ(want, rc)
			TH_LOG("%s", row->name);
	}
	EXPECT_EQ(0, write(self->fd[0], "", 0));
	EXPECT_EQ(0, st_poll(self->fd[1], POLLIN, 20));
}

static long send_many(int fd, unsigned int flags)
{
	struct iovec iov[] = { { "one", 3 }, { "two", 3 }, { "", 0 }, { "three", 5 } };
	struct mmsghdr m[N(iov)] = { };
	unsigned int i, n;
	long rc;

	for (i = 0; i < N(iov); i++)
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
	rc = got(sendmmsg(fd, m, N(iov), flags));
	for (i = 0, n = 0; rc > 0 && i < rc; i++)
		n += m[i].msg_len == iov[i].iov_len;
	return rc < 0 ? rc : 10 * rc + n;
}

TEST_F(table, send_many)
{
	static const unsigned int flags[] = { 0, MSG_DONTWAIT, MSG_EOR, MSG_WAITALL, MSG_CONFIRM };
	unsigned int i;

	for (i = 0; i < N(flags); i++) {
		EXPECT_EQ(44, send_many(self->tcp[0], flags[i]));
		EXPECT_EQ(44, send_many(self->fd[0], flags[i]));
		EXPECT_EQ(11, comes(self->fd[1], "onetwothree"));
	}
}

static long set_opt(int fd, int level, int name, int value)
{
	return got(setsockopt(fd, level, name, &value, sizeof(value)));
}

/* what MSG_MORE holds back goes out when TCP would send it, without another byte */
TEST_F(table, held_back)
{
	static const struct {
		int opt;
		int before;
		int then;
	} ends[] = { { TCP_NODELAY, 0, 1 }, { TCP_CORK, 1, 0 }, { 0 } };
	unsigned int i;
	int *p;

	for (i = 0; i < N(ends); i++) {
		for (p = self->fd; p; p = p == self->fd ? self->tcp : NULL) {
			if (ends[i].opt)
				ASSERT_EQ(0, set_opt(p[0], SOL_TCP, ends[i].opt, ends[i].before));
			ASSERT_EQ(LEN, send_word(p[0], MSG_MORE, false));
			if (ends[i].opt)
				ASSERT_EQ(0, set_opt(p[0], SOL_TCP, ends[i].opt, ends[i].then));
			EXPECT_EQ(LEN, comes(p[1], WORD))
				TH_LOG("end %u, %s", i, p == self->fd ? "sheath" : "TCP");
		}
	}
}

/* MSG_ZEROCOPY is refused where it is asked for: the caller would wait for a notice */
TEST_F(table, zerocopy)
{
	int on = 1;

	ASSERT_EQ(0, setsockopt(self->fd[0], SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)));
	EXPECT_EQ(-EOPNOTSUPP, send_word(self->fd[0], MSG_ZEROCOPY, false));
	EXPECT_EQ(-EOPNOTSUPP, send_word(self->fd[0], MSG_ZEROCOPY, true));
	EXPECT_EQ(LEN, send_word(self->fd[0], 0, true));
	EXPECT_EQ(LEN, comes(self->fd[1], WORD));
}

/* a control message that goes with what is sent, as struct row */
struct note {
	int level;
	int type;
	unsigned int len;
	uint32_t value;
	enum want want;
	int err;
};

/*
 * why: when the bytes of one message leave cannot be told of records, which have those of
 * others with them
 */
static const struct note notes[] = {
	{ SOL_SOCKET, SO_MARK, 4, 7, AS_TCP },
	{ SOL_SOCKET, SO_MARK, 1, 7, AS_TCP },
	{ SOL_SOCKET, SCM_CREDENTIALS, 12, 0, AS_TCP },
	{ SOL_SOCKET, SCM_RIGHTS, 4, 0, AS_TCP },
	{ SOL_SOCKET, 9999, 4, 0, AS_TCP },
	{ SOL_SOCKET, SO_TIMESTAMPING_OLD, 4, 0x8000, AS_TCP },
	{ SOL_SOCKET, SO_TIMESTAMPING_OLD, 4, 0, AS_TCP },
	{ SOL_SOCKET, SO_TIMESTAMPING_OLD, 4, SOF_TIMESTAMPING_TX_SOFTWARE, REFUSED, EOPNOTSUPP },
	{ SOL_SOCKET, SO_TIMESTAMPING_OLD, 4, SOF_TIMESTAMPING_TX_ACK, REFUSED, EOPNOTSUPP },
	{ IPPROTO_IP, IP_TTL, 4, 3, AS_TCP },
	{ IPPROTO_IPV6, IPV6_HOPLIMIT, 4, 3, AS_TCP },
	{ IPPROTO_TCP, 1, 4, 3, AS_TCP },
	{ 9999, 1, 4, 3, AS_TCP },
	{ SOL_TLS, 99, 1, 23, AS_IN_TREE },
	{ SOL_TLS, TLS_SET_RECORD_TYPE, 0, 0, AS_IN_TREE },
	{ SOL_TLS, TLS_SET_RECORD_TYPE, 1, 23, AS_IN_TREE },
};

static long send_noted(int fd, const struct note *n)
{
	union {
		struct cmsghdr h;
		char buf[CMSG_SPACE(16)];
	} ctl = { .h = { .cmsg_len = CMSG_LEN(n->len), .cmsg_level = n->level, .cmsg_type = n->type } };
	struct iovec iov = { WORD, LEN };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &ctl,
			      .msg_controllen = CMSG_SPACE(n->len) };

	memcpy(CMSG_DATA(&ctl.h), &n->value, sizeof(n->value));
	return got(sendmsg(fd, &msg, 0));
}

TEST_F(table, control_messages)
{
	const struct note *n;

	for (n = notes; n < notes + N(notes); n++) {
		long rc = send_noted(self->fd[0], n), want = -n->err;

		if (n->want != REFUSED)
			want = send_noted(n->want == AS_TCP ? self->tcp[0] : self->tls[0], n);
		EXPECT_EQ(want, rc)
			TH_LOG("level %d type %d len %u value %u", n->level, n->type, n->len, n->value);
		if (rc == LEN) {
			EXPECT_EQ(LEN, comes(self->fd[1], WORD));
		}
	}
}

/* result, MSG_* that were reported but for the end of a record, what is left afterwards */
static int recv_with(int fd, unsigned int flags, size_t room, char *text, size_t size)
{
	char buf[64] = "", rest[64] = "";
	struct iovec iov = { buf, room };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	long rc = got(recvmsg(fd, &msg, flags | MSG_DONTWAIT)), left;

	/* of recv() the core says nothing about an end of record */
	left = got(recv(fd, rest, sizeof(rest), MSG_DONTWAIT));
	return snprintf(text, size, "%ld \"%s\" flags %#x name %u, left %ld \"%s\"", rc, buf,
			rc < 0 ? 0 : msg.msg_flags & ~MSG_EOR, msg.msg_namelen, left, rest);
}

/* @n bytes came and are there to be read */
static int bring(const int fd[2], size_t n)
{
	char buf[64];

	if (n && (send(fd[1], WORD, n, 0) != (ssize_t)n || !st_poll(fd[0], POLLIN, 5000)))
		return -1;
	return n && recv(fd[0], buf, sizeof(buf), MSG_PEEK) != (ssize_t)n ? -1 : 0;
}

TEST_F(table, recv_flags)
{
	static const size_t rooms[] = { 0, 3, LEN, 20 };
	char ours[256], tcp[256];
	const struct row *row;
	unsigned int i, k;

	for (i = 0; (row = row_at(recv_rows, N(recv_rows), i)); i++) {
		for (k = 0; k < 2 * N(rooms); k++) {
			size_t room = rooms[k / 2], there = k % 2 ? LEN : 0;

			ASSERT_EQ(0, bring(self->fd, there));
			ASSERT_EQ(0, bring(self->tcp, there));
			recv_with(self->fd[0], row->flags, room, ours, sizeof(ours));
			recv_with(self->tcp[0], row->flags, room, tcp, sizeof(tcp));
			if (row->want == REFUSED) {
				EXPECT_EQ(-row->err, atoi(ours));
				continue;
			}
			EXPECT_STREQ(tcp, ours)
				TH_LOG("%s: %zu there, room for %zu", row->name, there, room);
		}
	}
}

static long recv_many(int fd, unsigned int flags)
{
	struct timespec soon = { .tv_nsec = 20000000 };
	char buf[3][LEN];
	struct iovec iov[3];
	struct mmsghdr m[3] = { };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		iov[i] = (struct iovec){ buf[i], LEN };
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
	}
	return got(recvmmsg(fd, m, 3, flags, &soon));
}

TEST_F(table, recv_many)
{
	static const unsigned int flags[] = { MSG_WAITFORONE, MSG_DONTWAIT, MSG_WAITFORONE | MSG_TRUNC,
					      MSG_WAITFORONE | MSG_PEEK };
	char rest[64];
	unsigned int i;
	int *p;

	for (i = 0; i < N(flags); i++) {
		for (p = self->fd; p; p = p == self->fd ? self->tcp : NULL) {
			ASSERT_EQ(0, bring(p, LEN));
			ASSERT_EQ(LEN, send(p[1], WORD, LEN, 0));
			ASSERT_TRUE(ST_COMES_TRUE(recv(p[0], rest, 64, MSG_PEEK) == 2 * LEN));
			EXPECT_EQ(flags[i] & MSG_PEEK ? 3 : 2, recv_many(p[0], flags[i]))
				TH_LOG("flags %#x, %s", flags[i], p == self->fd ? "sheath" : "TCP");
			recv(p[0], rest, sizeof(rest), MSG_DONTWAIT);
		}
	}
}

static const struct {
	unsigned long cmd;
	const char *name;
} ioctls[] = {
	{ SIOCINQ, "SIOCINQ" },
	{ SIOCATMARK, "SIOCATMARK" },
	{ SIOCOUTQ, "SIOCOUTQ" },
	{ SIOCOUTQNSD, "SIOCOUTQNSD" },
	{ FIONBIO, "FIONBIO" },
	{ FIOASYNC, "FIOASYNC" },
	{ FIOGETOWN, "FIOGETOWN" },
	{ SIOCGPGRP, "SIOCGPGRP" },
	{ SIOCGSTAMP_OLD, "SIOCGSTAMP" },
	{ SIOCGSTAMPNS_OLD, "SIOCGSTAMPNS" },
	{ SIOCGIFNAME, "SIOCGIFNAME" },
	{ TIOCGWINSZ, "TIOCGWINSZ" },
};

/* everything that was sent is acknowledged, so that the counts are those of a quiet socket */
static bool is_quiet(int fd)
{
	int n = -1;

	return ST_COMES_TRUE(!ioctl(fd, SIOCOUTQ, &n) && !n);
}

TEST_F(table, ioctls)
{
	unsigned int i, k;
	size_t there;

	for (i = 0; i < 2 * N(ioctls); i++) {
		long ours[8] = { 1 }, tcp[8] = { 1 };

		k = i / 2;
		there = i % 2 ? LEN : 0;
		ASSERT_EQ(0, bring(self->fd, there));
		ASSERT_EQ(0, bring(self->tcp, there));
		ASSERT_TRUE(is_quiet(self->fd[0]) && is_quiet(self->tcp[0]));
		EXPECT_EQ(got(ioctl(self->tcp[0], ioctls[k].cmd, tcp)),
			  got(ioctl(self->fd[0], ioctls[k].cmd, ours)))
			TH_LOG("%s", ioctls[k].name);
		/* the time of the last packet is another one */
		if (ioctls[k].cmd != SIOCGSTAMP_OLD && ioctls[k].cmd != SIOCGSTAMPNS_OLD)
			EXPECT_EQ(0, memcmp(ours, tcp, sizeof(ours)))
				TH_LOG("%s: %ld instead of %ld", ioctls[k].name, ours[0], tcp[0]);
		recv(self->fd[0], tcp, sizeof(tcp), MSG_DONTWAIT);
		recv(self->tcp[0], tcp, sizeof(tcp), MSG_DONTWAIT);
	}
}

/* a socket option that is not as with TCP: errno of setting it, and of reading it */
struct opt {
	int level;
	int name;
	int set;
	int get;
};

/*
 * why: sequence numbers and queues of TCP are those of records; so are the pages it would map;
 * a place to peek at is a place in its queue
 */
static const struct opt opts[] = {
	{ SOL_TCP, TCP_REPAIR, EOPNOTSUPP, EOPNOTSUPP },
	{ SOL_TCP, TCP_ZEROCOPY_RECEIVE, EOPNOTSUPP, EOPNOTSUPP },
	{ SOL_SOCKET, SO_PEEK_OFF, EOPNOTSUPP, EOPNOTSUPP },
};

static const struct opt *opt_find(int level, int name)
{
	unsigned int i;

	for (i = 0; i < N(opts); i++) {
		if (opts[i].level == level && opts[i].name == name)
			return &opts[i];
	}
	return NULL;
}

/* numbers that differ from socket to socket, or from one moment to the next */
static bool is_own(int level, int name)
{
	if (level == SOL_SOCKET)
		return name == SO_COOKIE || name == SO_MEMINFO || name == SO_INCOMING_CPU ||
		       name == SO_PEERNAME || name == SO_SNDBUF || name == SO_RCVBUF;
	/* the number of a local port, for a socket that is not raw */
	if (level == SOL_IP)
		return name == IP_PROTOCOL_;
	return level == SOL_TCP && (name == TCP_INFO || name == TCP_TIMESTAMP ||
				    name == TCP_CC_INFO || name == TCP_WINDOW_CLAMP ||
				    name == TCP_FASTOPEN_KEY || name == TCP_QUEUE_SEQ);
}

static int read_opt(int fd, int level, int name, char *text, size_t size)
{
	unsigned char v[512] = { 0 };
	socklen_t len = 256;
	long rc = got(getsockopt(fd, level, name, v, &len));
	unsigned int i;
	int n = snprintf(text, size, "%ld, %u bytes:", rc, rc ? 0 : len);

	for (i = 0; !rc && i < len && i < 16 && !is_own(level, name); i++)
		n += snprintf(text + n, size - n, " %02x", v[i]);
	return rc;
}

/* an option as it is, as it is set, and as it is then; and data goes on if it does on TCP */
static void one_opt(struct __test_metadata *_metadata, FIXTURE_DATA(table) *self, int level,
		    int name, int value)
{
	const struct opt *o = opt_find(level, name);
	char ours[256], tcp[256];
	long rc, want;
	int turn;

	for (turn = 0; turn < 2; turn++) {
		want = read_opt(self->tcp[0], level, name, tcp, sizeof(tcp));
		rc = read_opt(self->fd[0], level, name, ours, sizeof(ours));
		if (o) {
			EXPECT_EQ(-o->get, rc)
				TH_LOG("reading option %d of level %d", name, level);
		} else {
			EXPECT_STREQ(tcp, ours)
				TH_LOG("option %d of level %d, turn %d", name, level, turn);
		}
		if (turn)
			break;
		want = o ? -o->set : set_opt(self->tcp[0], level, name, value);
		rc = set_opt(self->fd[0], level, name, value);
		EXPECT_EQ(want, rc)
			TH_LOG("setting option %d of level %d to %d", name, level, value);
	}
	if (rc)
		return;
	EXPECT_EQ(send_word(self->tcp[0], 0, false), send_word(self->fd[0], 0, false));
	EXPECT_EQ(comes(self->tcp[1], WORD), comes(self->fd[1], WORD))
		TH_LOG("option %d of level %d set to %d", name, level, value);
}

/* all there are, by number: those of later kernels, too */
static void all_opts(struct __test_metadata *_metadata, FIXTURE_DATA(table) *self,
		     const FIXTURE_VARIANT(table) *variant, int level, int end)
{
	int name, value;

	for (name = 0; name < end; name++) {
		for (value = 0; value < 2; value++) {
			/* see calls: it tells whose the socket is */
			if (level == SOL_TCP && name == TCP_ULP)
				continue;
			one_opt(_metadata, self, level, name, value);
			/* what one option did is not for the next to bear */
			close_all(self);
			ASSERT_EQ(0, open_all(self, variant));
		}
	}
}

TEST_F(table, options_of_sockets)
{
	all_opts(_metadata, self, variant, SOL_SOCKET, 90);
}

TEST_F(table, options_of_tcp)
{
	all_opts(_metadata, self, variant, SOL_TCP, 50);
}

TEST_F(table, options_of_ip)
{
	all_opts(_metadata, self, variant, variant->family == AF_INET ? SOL_IP : SOL_IPV6,
		 variant->family == AF_INET ? 55 : 85);
}

/* of LEN bytes two are read, with a control message: its bytes, or -1; then the rest */
static int told(int fd, int level, int type, void *value, size_t size)
{
	char buf[16], ctl[256];
	struct iovec iov = { buf, 2 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl,
			      .msg_controllen = sizeof(ctl) };
	struct cmsghdr *c;

	if (recvmsg(fd, &msg, 0) != 2 || recv(fd, buf, sizeof(buf), 0) != LEN - 2)
		return -2;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == level && c->cmsg_type == type) {
			memcpy(value, CMSG_DATA(c), size);
			return c->cmsg_len - CMSG_LEN(0);
		}
	}
	return -1;
}

/* TCP_INQ as with TCP; a record has bytes of many packets, so there is no time to tell */
TEST_F(table, told_with_data)
{
	static const int times[] = { SO_TIMESTAMP, SO_TIMESTAMPNS };
	int ours = -1, tcp = -1;
	char stamp[16];
	unsigned int i;

	ASSERT_EQ(0, set_opt(self->fd[0], SOL_TCP, TCP_INQ, 1));
	ASSERT_EQ(0, set_opt(self->tcp[0], SOL_TCP, TCP_INQ, 1));
	ASSERT_EQ(0, bring(self->fd, LEN) | bring(self->tcp, LEN));
	EXPECT_EQ(4, told(self->tcp[0], SOL_TCP, TCP_CM_INQ, &tcp, sizeof(tcp)));
	EXPECT_EQ(4, told(self->fd[0], SOL_TCP, TCP_CM_INQ, &ours, sizeof(ours)));
	EXPECT_EQ(tcp, ours);
	for (i = 0; i < N(times); i++) {
		ASSERT_EQ(0, set_opt(self->fd[0], SOL_SOCKET, times[i], 1));
		ASSERT_EQ(0, set_opt(self->tls[0], SOL_SOCKET, times[i], 1));
		ASSERT_EQ(0, bring(self->fd, LEN) | bring(self->tls, LEN));
		EXPECT_EQ(told(self->tls[0], SOL_SOCKET, times[i], stamp, sizeof(stamp)),
			  told(self->fd[0], SOL_SOCKET, times[i], stamp, sizeof(stamp)));
	}
}

/* the other calls on a connected socket, none of which it can be used for */
TEST_F(table, calls)
{
	struct sockaddr_in6 to = { .sin6_family = variant->family, .sin6_port = htons(9) };
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	EXPECT_EQ(got(connect(self->tcp[0], (void *)&to, sizeof(to))),
		  got(connect(self->fd[0], (void *)&to, sizeof(to))));
	EXPECT_EQ(got(bind(self->tcp[0], (void *)&to, sizeof(to))),
		  got(bind(self->fd[0], (void *)&to, sizeof(to))));
	EXPECT_EQ(got(listen(self->tcp[0], 1)), got(listen(self->fd[0], 1)));
	EXPECT_EQ(got(accept(self->tcp[0], NULL, NULL)), got(accept(self->fd[0], NULL, NULL)));
	EXPECT_EQ(got(sendto(self->tcp[0], WORD, LEN, 0, (void *)&to, sizeof(to))),
		  got(sendto(self->fd[0], WORD, LEN, 0, (void *)&to, sizeof(to))));
	EXPECT_EQ(LEN, comes(self->fd[1], WORD));
	EXPECT_EQ(-EEXIST, got(setsockopt(self->tls[0], SOL_TCP, TCP_ULP, "tls", 3)));
	EXPECT_EQ(-EEXIST, got(setsockopt(self->fd[0], SOL_TCP, TCP_ULP, "tls", 3)));
	EXPECT_EQ(-EEXIST, got(setsockopt(self->fd[0], SOL_TCP, TCP_ULP, "sheath", 6)));
	/* a new connection would begin with the keys of this one */
	EXPECT_EQ(-EOPNOTSUPP, got(connect(self->tls[0], &none, sizeof(none))));
	EXPECT_EQ(-EOPNOTSUPP, got(connect(self->fd[0], &none, sizeof(none))));
}

TEST_HARNESS_MAIN
