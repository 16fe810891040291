// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family "sheath": shape of requests, authority, secrets, dumps, events.
 *
 * Wants to be root, in a user namespace that may have children, with sheath and the in-tree
 * tls module loaded. Requests are put together by hand, because most of them are wrong on
 * purpose; libnl finds the family and reads the answers.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sheath.h>
#include <linux/sheath_nl.h>
#include <linux/tls.h>

#include <netlink/attr.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "kselftest_harness.h"
#include "fault.h"
#include "patience.h"
#include "peer.h"
#include "secret.h"

#define NOBODY		65534
#define PATIENCE_S	10

/* requests and answers */

struct client {
	struct nl_sock	*nl;
	int		fd;
	int		family;
	uint32_t	seq;
};

struct request {
	union {
		struct nlmsghdr	nlh;
		uint8_t		buf[4096];
	};
};

struct answer {
	int		err;
	char		text[256];
	int		n_replies;
	uint8_t		cmd;
	struct nlattr	*tb[SHEATH_A_MAX + 1];
	size_t		len;
	uint8_t		raw[16384];
};

static int client_open(struct client *c)
{
	const int on = 1;

	memset(c, 0, sizeof(*c));
	c->nl = nl_socket_alloc();
	if (!c->nl || genl_connect(c->nl))
		return -1;
	c->family = genl_ctrl_resolve(c->nl, SHEATH_FAMILY_NAME);
	if (c->family < 0)
		return -1;
	c->fd = nl_socket_get_fd(c->nl);
	c->seq = 1000;
	if (setsockopt(c->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)) ||
	    st_be_patient(c->fd, 1000 * PATIENCE_S))
		return -1;
	return 0;
}

static void client_close(struct client *c)
{
	nl_socket_free(c->nl);
}

static int client_join(struct client *c)
{
	int group = genl_ctrl_resolve_grp(c->nl, SHEATH_FAMILY_NAME, SHEATH_MCGRP_SESSION);

	if (group < 0)
		return -1;
	return setsockopt(c->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group));
}

static void *request_put(struct request *r, int type, const void *data, size_t len)
{
	struct nlattr *nla = (void *)(r->buf + NLMSG_ALIGN(r->nlh.nlmsg_len));

	nla->nla_type = type;
	nla->nla_len = NLA_HDRLEN + len;
	memcpy((uint8_t *)nla + NLA_HDRLEN, data, len);
	r->nlh.nlmsg_len = NLMSG_ALIGN(r->nlh.nlmsg_len) + NLA_ALIGN(nla->nla_len);
	return nla;
}

static void put_u32(struct request *r, int type, uint32_t v)
{
	request_put(r, type, &v, sizeof(v));
}

static void put_u64(struct request *r, int type, uint64_t v)
{
	request_put(r, type, &v, sizeof(v));
}

static struct nlattr *nest_start(struct request *r, int type)
{
	return request_put(r, type | NLA_F_NESTED, "", 0);
}

static void nest_end(struct request *r, struct nlattr *nest)
{
	nest->nla_len = r->buf + r->nlh.nlmsg_len - (uint8_t *)nest;
}

static void request_init(struct request *r, const struct client *c, int cmd)
{
	struct genlmsghdr *hdr = NLMSG_DATA(&r->nlh);

	memset(r, 0, sizeof(*r));
	r->nlh.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	r->nlh.nlmsg_type = c->family;
	r->nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	hdr->cmd = cmd;
	hdr->version = SHEATH_FAMILY_VERSION;
}

/* The text the kernel gave with an acknowledgment, if any. */
static void answer_text(struct answer *a, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = NLMSG_DATA(nlh);
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1];
	size_t off = NLMSG_HDRLEN + sizeof(*e);

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		off += e->msg.nlmsg_len - sizeof(e->msg);
	off = NLMSG_ALIGN(off);
	if (nla_parse(tb, NLMSGERR_ATTR_MAX, (struct nlattr *)((uint8_t *)nlh + off),
		      nlh->nlmsg_len - off, NULL) || !tb[NLMSGERR_ATTR_MSG])
		return;
	nla_strlcpy(a->text, tb[NLMSGERR_ATTR_MSG], sizeof(a->text));
}

/* Returns true if @nlh was the last message of the answer. */
static bool answer_add(struct answer *a, const struct client *c, struct nlmsghdr *nlh)
{
	if (nlh->nlmsg_seq != c->seq)
		return false;
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		a->err = ((struct nlmsgerr *)NLMSG_DATA(nlh))->error;
		answer_text(a, nlh);
		return true;
	}
	if (nlh->nlmsg_type == c->family) {
		a->n_replies++;
		a->cmd = ((struct genlmsghdr *)NLMSG_DATA(nlh))->cmd;
		nla_parse(a->tb, SHEATH_A_MAX,
			  (struct nlattr *)((uint8_t *)NLMSG_DATA(nlh) + GENL_HDRLEN),
			  nlh->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN), NULL);
	}
	return false;
}

/* Waits for the acknowledgment; returns its errno, negative, or 0. */
static int client_wait(struct client *c, struct answer *a)
{
	struct nlmsghdr *nlh;
	ssize_t n;
	int left;

	for (;;) {
		n = recv(c->fd, a->raw + a->len, sizeof(a->raw) - a->len, 0);
		if (n <= 0)
			return a->err = -ECOMM;
		nlh = (struct nlmsghdr *)(a->raw + a->len);
		a->len += NLMSG_ALIGN(n);
		for (left = n; NLMSG_OK(nlh, left); nlh = NLMSG_NEXT(nlh, left)) {
			if (answer_add(a, c, nlh))
				return a->err;
		}
	}
}

static int client_ask(struct client *c, struct request *r, struct answer *a)
{
	memset(a, 0, sizeof(*a));
	r->nlh.nlmsg_seq = ++c->seq;
	if (send(c->fd, r, r->nlh.nlmsg_len, 0) != (ssize_t)r->nlh.nlmsg_len)
		return a->err = -ECOMM;
	return client_wait(c, a);
}

/* keys and sockets */

struct suite {
	const char	*name;
	uint16_t	cipher;
	uint8_t		key_len;
	uint8_t		salt_len;
};

static const struct suite suites[] = {
	{ "AES-128-GCM", TLS_CIPHER_AES_GCM_128, 16, 4 },
	{ "AES-256-GCM", TLS_CIPHER_AES_GCM_256, 32, 4 },
	{ "AES-128-CCM", TLS_CIPHER_AES_CCM_128, 16, 4 },
	{ "ChaCha20-Poly1305", TLS_CIPHER_CHACHA20_POLY1305, 32, 0 },
};

/*
 * Which attributes of a key to leave out, by bit of their type, and what the others are.
 */
struct key {
	const struct suite	*suite;
	uint32_t		flags;
	uint32_t		version;
	uint64_t		seq;
	uint8_t			key[32];
	uint8_t			iv[12];
	uint8_t			iv_len;
	uint32_t		without;
	uint32_t		epoch;
	struct st_secret	secret;		/* if it has a length, instead of key and iv */
};

static void key_init(struct key *k, uint32_t flags)
{
	unsigned int i;

	memset(k, 0, sizeof(*k));
	k->suite = &suites[0];
	k->flags = flags;
	k->version = TLS_1_3_VERSION;
	k->iv_len = 12;
	for (i = 0; i < sizeof(k->key); i++)
		k->key[i] = (flags == SHEATH_KEY_TX ? 0xc1 : 0x63) + 7 * i;
	for (i = 0; i < sizeof(k->iv); i++)
		k->iv[i] = (flags == SHEATH_KEY_TX ? 0x1d : 0x96) + 5 * i;
}

static bool key_has(const struct key *k, int type)
{
	return !(k->without & 1u << type);
}

static struct nlattr *put_key(struct request *r, const struct key *k)
{
	struct nlattr *nest = nest_start(r, SHEATH_A_KEY);

	if (key_has(k, SHEATH_A_KEY_FLAGS))
		put_u32(r, SHEATH_A_KEY_FLAGS, k->flags);
	if (key_has(k, SHEATH_A_KEY_VERSION))
		put_u32(r, SHEATH_A_KEY_VERSION, k->version);
	if (key_has(k, SHEATH_A_KEY_CIPHER))
		put_u32(r, SHEATH_A_KEY_CIPHER, k->suite->cipher);
	if (key_has(k, SHEATH_A_KEY_REC_SEQ))
		put_u64(r, SHEATH_A_KEY_REC_SEQ, k->seq);
	if (k->epoch)
		put_u32(r, SHEATH_A_KEY_EPOCH, k->epoch);
	if (k->secret.len) {
		put_u32(r, SHEATH_A_KEY_HASH, k->secret.hash);
		request_put(r, SHEATH_A_KEY_SECRET, k->secret.data, k->secret.len);
		nest_end(r, nest);
		return nest;
	}
	if (key_has(k, SHEATH_A_KEY_CIPHER_KEY))
		request_put(r, SHEATH_A_KEY_CIPHER_KEY, k->key, k->suite->key_len);
	if (key_has(k, SHEATH_A_KEY_IV))
		request_put(r, SHEATH_A_KEY_IV, k->iv, k->iv_len);
	nest_end(r, nest);
	return nest;
}

static void request_key_set(struct request *r, const struct client *c, int fd)
{
	request_init(r, c, SHEATH_CMD_KEY_SET);
	put_u32(r, SHEATH_A_SOCKFD, fd);
}

/* Any eight bytes in a row of a key are too much. */
static bool answer_leaks(const struct answer *a)
{
	static const uint32_t dir[] = { SHEATH_KEY_RX, SHEATH_KEY_TX };
	struct key k;
	unsigned int i;
	size_t off;

	for (i = 0; i < ARRAY_SIZE(dir); i++) {
		key_init(&k, dir[i]);
		for (off = 0; off + 8 <= sizeof(k.key); off++) {
			if (memmem(a->raw, a->len, k.key + off, 8))
				return true;
		}
	}
	return false;
}

/* Two ends of a TCP connection over loopback. */
static int tcp_pair(int family, int fd[2])
{
	struct sockaddr_storage addr = { .ss_family = family };
	socklen_t len = sizeof(addr);
	int l = socket(family, SOCK_STREAM, 0);
	int err = -1;

	fd[0] = fd[1] = -1;
	if (family == AF_INET)
		((struct sockaddr_in *)&addr)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		((struct sockaddr_in6 *)&addr)->sin6_addr = in6addr_loopback;
	if (l < 0 || bind(l, (void *)&addr, sizeof(addr)) || listen(l, 1) ||
	    getsockname(l, (void *)&addr, &len))
		goto out;
	fd[0] = socket(family, SOCK_STREAM, 0);
	if (fd[0] < 0 || connect(fd[0], (void *)&addr, len))
		goto out;
	fd[1] = accept(l, NULL, NULL);
	err = fd[1] < 0 ? -1 : 0;
out:
	close(l);
	return err;
}

static int attach(int fd)
{
	return setsockopt(fd, IPPROTO_TCP, TCP_ULP, SHEATH_ULP_NAME, strlen(SHEATH_ULP_NAME));
}

static void pair_close(int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

/* The same key, as the in-tree module takes it: header, iv, key, salt, sequence number. */
static int peer_key(int fd, int opt, const struct key *k)
{
	struct tls_crypto_info info = {
		.version = k->version,
		.cipher_type = k->suite->cipher,
	};
	unsigned int salt_len = k->suite->salt_len;
	uint64_t seq = htobe64(k->seq);
	uint8_t buf[128];
	uint8_t *p = buf;

	p = mempcpy(p, &info, sizeof(info));
	p = mempcpy(p, k->iv + salt_len, sizeof(k->iv) - salt_len);
	p = mempcpy(p, k->key, k->suite->key_len);
	p = mempcpy(p, k->iv, salt_len);
	p = mempcpy(p, &seq, sizeof(seq));
	return setsockopt(fd, SOL_TLS, opt, buf, p - buf);
}

static int peer_attach(int fd)
{
	return setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", 3);
}

static int send_all(int fd, const uint8_t *p, size_t len)
{
	ssize_t n;

	for (; len; p += n, len -= n) {
		n = send(fd, p, len, 0);
		if (n <= 0)
			return -1;
	}
	return 0;
}

static int recv_all(int fd, uint8_t *p, size_t len)
{
	ssize_t n;

	for (; len; p += n, len -= n) {
		n = recv(fd, p, len, 0);
		if (n <= 0)
			return -1;
	}
	return 0;
}

static bool passes(int from, int to, size_t len)
{
	uint8_t *out = malloc(len), *in = calloc(1, len);
	bool same;
	size_t i;

	for (i = 0; i < len; i++)
		out[i] = i * 13 + i / 256;
	same = !send_all(from, out, len) && !recv_all(to, in, len) && !memcmp(in, out, len);
	free(out);
	free(in);
	return same;
}

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len);
	return cookie;
}

static int ask_session(struct client *c, int fd, struct answer *a)
{
	struct request r;

	request_init(&r, c, SHEATH_CMD_SESSION_GET);
	put_u32(&r, SHEATH_A_SOCKFD, fd);
	return client_ask(c, &r, a);
}

static int ask_cookie(struct client *c, uint64_t cookie, struct answer *a)
{
	struct request r;

	request_init(&r, c, SHEATH_CMD_SESSION_GET);
	put_u64(&r, SHEATH_A_COOKIE, cookie);
	return client_ask(c, &r, a);
}

static int ask_keys(struct client *c, int fd, const struct key *a_key, const struct key *b_key,
		    struct answer *a)
{
	struct request r;

	request_key_set(&r, c, fd);
	if (a_key)
		put_key(&r, a_key);
	if (b_key)
		put_key(&r, b_key);
	return client_ask(c, &r, a);
}

static uint32_t attr_u32(const struct answer *a, int type)
{
	return a->tb[type] ? nla_get_u32(a->tb[type]) : UINT32_MAX;
}

static uint64_t attr_u64(const struct answer *a, int type)
{
	return a->tb[type] ? nla_get_u64(a->tb[type]) : UINT64_MAX;
}

static long long counter(const char *name)
{
	FILE *f = fopen("/proc/net/sheath_stat", "r");
	long long v, found = -1;
	char key[64];

	while (f && fscanf(f, "%63s %lld", key, &v) == 2) {
		if (!strcmp(key, name))
			found = v;
	}
	if (f)
		fclose(f);
	return found;
}

/* Runs @fn in a process of its own, which may drop what it has; 0 is good. */
static int in_child(int (*fn)(void *arg), void *arg)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		alarm(4 * PATIENCE_S);
		_exit(fn(arg));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* For functions that run in a child and cannot use the macros of the harness. */
#define MUST(cond)								\
	do {									\
		if (!(cond)) {							\
			ksft_print_msg("line %d: not true: %s (errno %d)\n",	\
				       __LINE__, #cond, errno);			\
			return 1;						\
		}								\
	} while (0)

/* Expects @r to be refused with @want and a text that has @part in it, and no key leaked. */
#define EXPECT_REFUSED(c, r, want, part)					\
	do {									\
		struct answer *_a = malloc(sizeof(*_a));			\
										\
		EXPECT_EQ(-(want), client_ask(c, r, _a));			\
		EXPECT_NE(NULL, strstr(_a->text, part)) {			\
			TH_LOG("text is \"%s\", not \"%s\"", _a->text, part);	\
		}								\
		EXPECT_NE(0, strlen(_a->text));					\
		EXPECT_EQ(0, _a->n_replies);					\
		EXPECT_FALSE(answer_leaks(_a));					\
		free(_a);							\
	} while (0)

FIXTURE(netlink)
{
	struct client c;
	struct answer a;
	struct request r;
	int fd[2];		/* fd[0] is attached */
	struct key tx, rx;
};

FIXTURE_SETUP(netlink)
{
	ASSERT_EQ(0, client_open(&self->c));
	ASSERT_EQ(0, tcp_pair(AF_INET, self->fd));
	ASSERT_EQ(0, attach(self->fd[0]));
	key_init(&self->tx, SHEATH_KEY_TX);
	key_init(&self->rx, SHEATH_KEY_RX);
}

FIXTURE_TEARDOWN(netlink)
{
	pair_close(self->fd);
	client_close(&self->c);
}

/* family-get */

TEST_F(netlink, family_get)
{
	bool has[ARRAY_SIZE(suites)] = { 0 };
	struct nlattr *nla;
	unsigned int i;
	int rem;

	request_init(&self->r, &self->c, SHEATH_CMD_FAMILY_GET);
	ASSERT_EQ(0, client_ask(&self->c, &self->r, &self->a));
	EXPECT_EQ(1, self->a.n_replies);
	EXPECT_EQ(SHEATH_CMD_FAMILY_GET, self->a.cmd);
	EXPECT_EQ(SHEATH_FEATURE_TLS12 | SHEATH_FEATURE_TLS13 | SHEATH_FEATURE_SECRET |
		  SHEATH_FEATURE_TLS10 | SHEATH_FEATURE_MAC | SHEATH_FEATURE_DEFLATE,
		  attr_u64(&self->a, SHEATH_A_FEATURES));

	nla = (struct nlattr *)(self->a.raw + NLMSG_LENGTH(GENL_HDRLEN));
	rem = ((struct nlmsghdr *)self->a.raw)->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN);
	for (; nla_ok(nla, rem); nla = nla_next(nla, &rem)) {
		for (i = 0; i < ARRAY_SIZE(suites); i++) {
			if (nla_type(nla) == SHEATH_A_CIPHERS &&
			    nla_get_u32(nla) == suites[i].cipher)
				has[i] = true;
		}
	}
	for (i = 0; i < ARRAY_SIZE(suites); i++) {
		EXPECT_TRUE(has[i]) {
			TH_LOG("no %s", suites[i].name);
		}
	}
}

TEST_F(netlink, family_get_takes_no_attribute)
{
	int type;

	for (type = 1; type <= SHEATH_A_MAX + 1; type++) {
		request_init(&self->r, &self->c, SHEATH_CMD_FAMILY_GET);
		put_u32(&self->r, type, 1);
		EXPECT_REFUSED(&self->c, &self->r, EINVAL, "");
	}
}

TEST_F(netlink, family_get_header)
{
	request_init(&self->r, &self->c, SHEATH_CMD_FAMILY_GET);
	((struct genlmsghdr *)NLMSG_DATA(&self->r.nlh))->reserved = 1;
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "reserved");
	request_init(&self->r, &self->c, SHEATH_CMD_FAMILY_GET);
	self->r.nlh.nlmsg_flags |= NLM_F_EXCL;
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "flags");
}

/* session-get */

TEST_F(netlink, session_get_attached)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	ASSERT_EQ(0, ask_session(&self->c, self->fd[0], &self->a));
	EXPECT_EQ(1, self->a.n_replies);
	EXPECT_EQ(SHEATH_CMD_SESSION_GET, self->a.cmd);
	EXPECT_EQ(cookie_of(self->fd[0]), attr_u64(&self->a, SHEATH_A_COOKIE));
	EXPECT_EQ(SHEATH_STATE_ATTACHED, attr_u32(&self->a, SHEATH_A_STATE));
	EXPECT_EQ(0, attr_u32(&self->a, SHEATH_A_UID));
	EXPECT_EQ(NULL, self->a.tb[SHEATH_A_VERSION]);
	EXPECT_EQ(NULL, self->a.tb[SHEATH_A_CIPHERS]);
	EXPECT_EQ(NULL, self->a.tb[SHEATH_A_EVENT]);
	EXPECT_EQ(NULL, self->a.tb[SHEATH_A_STATUS]);
	EXPECT_EQ(0, attr_u64(&self->a, SHEATH_A_TX_SEQ));
	EXPECT_EQ(0, attr_u64(&self->a, SHEATH_A_RX_SEQ));
	EXPECT_EQ(0, attr_u32(&self->a, SHEATH_A_TX_EPOCH));
	EXPECT_EQ(0, attr_u32(&self->a, SHEATH_A_RX_EPOCH));
	EXPECT_NE(NULL, self->a.tb[SHEATH_A_STATS]);

	ASSERT_EQ(0, getsockname(self->fd[0], (void *)&sin, &len));
	ASSERT_NE(NULL, self->a.tb[SHEATH_A_LADDR]);
	ASSERT_EQ(sizeof(sin), (size_t)nla_len(self->a.tb[SHEATH_A_LADDR]));
	EXPECT_EQ(0, memcmp(&sin, nla_data(self->a.tb[SHEATH_A_LADDR]), sizeof(sin)));
	ASSERT_EQ(0, getpeername(self->fd[0], (void *)&sin, &len));
	ASSERT_NE(NULL, self->a.tb[SHEATH_A_RADDR]);
	EXPECT_EQ(0, memcmp(&sin, nla_data(self->a.tb[SHEATH_A_RADDR]), sizeof(sin)));
}

TEST_F(netlink, session_get_ipv6)
{
	struct sockaddr_in6 sin6;
	socklen_t len = sizeof(sin6);
	int fd[2];

	ASSERT_EQ(0, tcp_pair(AF_INET6, fd));
	ASSERT_EQ(0, attach(fd[0]));
	ASSERT_EQ(0, ask_session(&self->c, fd[0], &self->a));
	ASSERT_EQ(0, getsockname(fd[0], (void *)&sin6, &len));
	ASSERT_NE(NULL, self->a.tb[SHEATH_A_LADDR]);
	ASSERT_EQ(sizeof(sin6), (size_t)nla_len(self->a.tb[SHEATH_A_LADDR]));
	EXPECT_EQ(0, memcmp(&sin6, nla_data(self->a.tb[SHEATH_A_LADDR]), sizeof(sin6)));
	ASSERT_EQ(0, getpeername(fd[0], (void *)&sin6, &len));
	EXPECT_EQ(0, memcmp(&sin6, nla_data(self->a.tb[SHEATH_A_RADDR]), sizeof(sin6)));
	pair_close(fd);
}

TEST_F(netlink, session_get_by_cookie)
{
	uint64_t cookie = cookie_of(self->fd[0]);

	ASSERT_EQ(0, ask_cookie(&self->c, cookie, &self->a));
	EXPECT_EQ(cookie, attr_u64(&self->a, SHEATH_A_COOKIE));
	EXPECT_EQ(-ENOENT, ask_cookie(&self->c, cookie_of(self->fd[1]), &self->a));
	EXPECT_NE(NULL, strstr(self->a.text, "cookie"));
	EXPECT_EQ(-ENOENT, ask_cookie(&self->c, 0, &self->a));
	EXPECT_EQ(-ENOENT, ask_cookie(&self->c, UINT64_MAX, &self->a));

	close(self->fd[0]);
	close(self->fd[1]);
	EXPECT_EQ(-ENOENT, ask_cookie(&self->c, cookie, &self->a));
	ASSERT_EQ(0, tcp_pair(AF_INET, self->fd));
}

TEST_F(netlink, session_get_shape)
{
	static const int known[] = { SHEATH_A_SOCKFD, SHEATH_A_COOKIE };
	uint8_t zero[16] = { 0 };
	unsigned int i;
	size_t len;
	int type;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		for (len = 0; len <= sizeof(zero); len++) {
			if (len == (known[i] == SHEATH_A_COOKIE ? 8 : 4))
				continue;
			request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
			request_put(&self->r, known[i], zero, len);
			EXPECT_REFUSED(&self->c, &self->r, EINVAL, "");
		}
		request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
		request_put(&self->r, known[i] | NLA_F_NESTED, zero,
			    known[i] == SHEATH_A_COOKIE ? 8 : 4);
		EXPECT_REFUSED(&self->c, &self->r, EINVAL, "NESTED");
	}
	for (type = 1; type <= SHEATH_A_MAX + 3; type++) {
		if (type == SHEATH_A_SOCKFD || type == SHEATH_A_COOKIE)
			continue;
		request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
		put_u32(&self->r, SHEATH_A_SOCKFD, self->fd[0]);
		put_u32(&self->r, type, 1);
		EXPECT_REFUSED(&self->c, &self->r, EINVAL, "");
	}

	request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "missing");
	put_u32(&self->r, SHEATH_A_SOCKFD, self->fd[0]);
	put_u32(&self->r, SHEATH_A_SOCKFD, self->fd[0]);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "attribute: given twice");
	request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
	put_u32(&self->r, SHEATH_A_SOCKFD, self->fd[0]);
	put_u64(&self->r, SHEATH_A_COOKIE, cookie_of(self->fd[0]));
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "cookie: given together");
	request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
	put_u32(&self->r, SHEATH_A_SOCKFD, self->fd[0]);
	self->r.nlh.nlmsg_len += 2;
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "");
	request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
	put_u32(&self->r, SHEATH_A_SOCKFD, self->fd[0]);
	((struct genlmsghdr *)NLMSG_DATA(&self->r.nlh))->reserved = 7;
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "reserved");
}

TEST_F(netlink, sockfd_of_wrong_things)
{
	int udp = socket(AF_INET, SOCK_DGRAM, 0);
	int unx = socket(AF_UNIX, SOCK_STREAM, 0);
	int null = open("/dev/null", O_RDWR);
	const struct {
		int fd;
		int err;
		const char *text;
	} wrong[] = {
		{ -1, EBADF, "not open" },
		{ INT32_MIN, EBADF, "not open" },
		{ 1000000, EBADF, "not open" },
		{ null, ENOTSOCK, "not a socket" },
		{ udp, EPROTOTYPE, "not a TCP" },
		{ unx, EPROTOTYPE, "not a TCP" },
		{ self->c.fd, EPROTOTYPE, "not a TCP" },
		{ self->fd[1], ENOPROTOOPT, "not attached" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
		put_u32(&self->r, SHEATH_A_SOCKFD, wrong[i].fd);
		EXPECT_REFUSED(&self->c, &self->r, wrong[i].err, wrong[i].text);
		request_key_set(&self->r, &self->c, wrong[i].fd);
		put_key(&self->r, &self->tx);
		EXPECT_REFUSED(&self->c, &self->r, wrong[i].err, wrong[i].text);
	}
	close(udp);
	close(unx);
	close(null);
}

/* key-set: what is refused, with what, and that nothing comes of it */

TEST_F(netlink, key_set_attributes)
{
	static const int known[] = {
		SHEATH_A_SOCKFD, SHEATH_A_ROLE, SHEATH_A_SUITE, SHEATH_A_GROUP, SHEATH_A_TX_LIMIT,
	};
	static const struct {
		int type;
		uint32_t value;
	} out_of_range[] = {
		{ SHEATH_A_ROLE, 0 }, { SHEATH_A_ROLE, 3 },
		{ SHEATH_A_SUITE, 65536 }, { SHEATH_A_GROUP, 65536 },
		{ SHEATH_A_TX_LIMIT, 0 }, { SHEATH_A_TX_LIMIT, 62 }, { SHEATH_A_TX_LIMIT, 16385 },
		{ SHEATH_A_TX_LIMIT, UINT32_MAX },
	};
	long long refused = counter("KeyRefused");
	uint8_t two[16] = { 2 };
	unsigned int i, n = 0;
	size_t len;
	int type;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		for (len = 0; len <= sizeof(two); len++) {
			if (len == 4)
				continue;
			request_init(&self->r, &self->c, SHEATH_CMD_KEY_SET);
			put_key(&self->r, &self->tx);
			request_put(&self->r, known[i], two, len);
			EXPECT_REFUSED(&self->c, &self->r, EINVAL, "length");
			n++;
		}
		request_init(&self->r, &self->c, SHEATH_CMD_KEY_SET);
		put_key(&self->r, &self->tx);
		request_put(&self->r, known[i] | NLA_F_NESTED, two, 4);
		EXPECT_REFUSED(&self->c, &self->r, EINVAL, "NESTED");
		request_init(&self->r, &self->c, SHEATH_CMD_KEY_SET);
		put_key(&self->r, &self->tx);
		put_u32(&self->r, known[i], 64);
		put_u32(&self->r, known[i], 64);
		EXPECT_REFUSED(&self->c, &self->r, known[i] == SHEATH_A_ROLE ? ERANGE : EINVAL, "");
		n += 2;
	}
	for (i = 0; i < ARRAY_SIZE(out_of_range); i++) {
		request_key_set(&self->r, &self->c, self->fd[0]);
		put_key(&self->r, &self->tx);
		put_u32(&self->r, out_of_range[i].type, out_of_range[i].value);
		EXPECT_REFUSED(&self->c, &self->r, ERANGE, "range");
		n++;
	}
	for (type = 1; type <= SHEATH_A_MAX + 3; type++) {
		for (i = 0; i < ARRAY_SIZE(known) && known[i] != type; i++)
			;
		if (i < ARRAY_SIZE(known) || type == SHEATH_A_KEY)
			continue;
		request_key_set(&self->r, &self->c, self->fd[0]);
		put_key(&self->r, &self->tx);
		put_u32(&self->r, type, 1);
		EXPECT_REFUSED(&self->c, &self->r, EINVAL, "");
		n++;
	}

	request_key_set(&self->r, &self->c, self->fd[0]);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "key: missing");
	request_init(&self->r, &self->c, SHEATH_CMD_KEY_SET);
	put_key(&self->r, &self->tx);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "sockfd");
	request_init(&self->r, &self->c, SHEATH_CMD_KEY_SET);
	put_u64(&self->r, SHEATH_A_COOKIE, cookie_of(self->fd[0]));
	put_key(&self->r, &self->tx);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "");
	request_key_set(&self->r, &self->c, self->fd[0]);
	put_key(&self->r, &self->tx);
	((struct genlmsghdr *)NLMSG_DATA(&self->r.nlh))->reserved = 1;
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "reserved");
	request_key_set(&self->r, &self->c, self->fd[0]);
	put_key(&self->r, &self->tx);
	self->r.nlh.nlmsg_flags |= NLM_F_CREATE;
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "flags");
	n += 5;

	EXPECT_EQ(refused + n, counter("KeyRefused"));
	ASSERT_EQ(0, ask_session(&self->c, self->fd[0], &self->a));
	EXPECT_EQ(SHEATH_STATE_ATTACHED, attr_u32(&self->a, SHEATH_A_STATE));
}

/* The length a key attribute has; 0: any up to its maximum. */
static size_t key_attr_len(int type)
{
	switch (type) {
	case SHEATH_A_KEY_REC_SEQ:
		return 8;
	case SHEATH_A_KEY_SECRET:
	case SHEATH_A_KEY_CIPHER_KEY:
	case SHEATH_A_KEY_IV:
	case SHEATH_A_KEY_MAC_KEY:
	case SHEATH_A_KEY_HISTORY:
		return 0;
	}
	return 4;
}

TEST_F(netlink, key_nest_lengths)
{
	static const struct {
		int type;
		size_t max;
	} binary[] = {
		{ SHEATH_A_KEY_SECRET, 48 }, { SHEATH_A_KEY_CIPHER_KEY, 32 },
		{ SHEATH_A_KEY_IV, 16 }, { SHEATH_A_KEY_MAC_KEY, 48 }, { SHEATH_A_KEY_HISTORY, 64 },
	};
	uint8_t zero[80] = { 0 };
	struct nlattr *nest;
	unsigned int i;
	size_t len;
	int type;

	for (type = SHEATH_A_KEY_FLAGS; type <= SHEATH_A_KEY_MAX; type++) {
		if (!key_attr_len(type) || type == SHEATH_A_KEY_PAD)
			continue;
		for (len = 0; len <= 12; len++) {
			if (len == key_attr_len(type))
				continue;
			self->tx.without = 1u << type;
			request_key_set(&self->r, &self->c, self->fd[0]);
			nest = put_key(&self->r, &self->tx);
			request_put(&self->r, type, zero, len);
			nest_end(&self->r, nest);
			EXPECT_REFUSED(&self->c, &self->r, EINVAL, "length");
		}
	}
	for (i = 0; i < ARRAY_SIZE(binary); i++) {
		self->tx.without = 1u << binary[i].type;
		request_key_set(&self->r, &self->c, self->fd[0]);
		nest = put_key(&self->r, &self->tx);
		request_put(&self->r, binary[i].type, zero, binary[i].max + 1);
		nest_end(&self->r, nest);
		EXPECT_REFUSED(&self->c, &self->r, ERANGE, "");
	}
}

TEST_F(netlink, key_nest_missing)
{
	static const struct {
		int type;
		const char *name;
	} needed[] = {
		{ SHEATH_A_KEY_FLAGS, "flags" }, { SHEATH_A_KEY_VERSION, "version" },
		{ SHEATH_A_KEY_CIPHER, "cipher" }, { SHEATH_A_KEY_REC_SEQ, "rec-seq" },
		{ SHEATH_A_KEY_CIPHER_KEY, "cipher-key" }, { SHEATH_A_KEY_IV, "iv" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(needed); i++) {
		self->tx.without = 1u << needed[i].type;
		request_key_set(&self->r, &self->c, self->fd[0]);
		put_key(&self->r, &self->tx);
		EXPECT_REFUSED(&self->c, &self->r, EINVAL, needed[i].name);
	}
}

TEST_F(netlink, key_nest_unknown)
{
	static const char one[8] = { 1 };
	struct nlattr *nest;
	int type;

	for (type = 0; type <= SHEATH_A_KEY_MAX + 3; type++) {
		if (type && type != SHEATH_A_KEY_PAD && type <= SHEATH_A_KEY_MAX)
			continue;
		request_key_set(&self->r, &self->c, self->fd[0]);
		nest = put_key(&self->r, &self->tx);
		put_u32(&self->r, type, 1);
		nest_end(&self->r, nest);
		EXPECT_REFUSED(&self->c, &self->r, EINVAL, "");
	}
	/* twice, and of the wrong kind */
	for (type = SHEATH_A_KEY_FLAGS; type <= SHEATH_A_KEY_IV; type++) {
		if (type == SHEATH_A_KEY_PAD || type == SHEATH_A_KEY_SECRET ||
		    type == SHEATH_A_KEY_HASH || type == SHEATH_A_KEY_EPOCH)
			continue;
		request_key_set(&self->r, &self->c, self->fd[0]);
		nest = put_key(&self->r, &self->tx);
		request_put(&self->r, type, one, key_attr_len(type) ?: 8);
		nest_end(&self->r, nest);
		EXPECT_REFUSED(&self->c, &self->r, EINVAL, "attribute: given twice");
		self->tx.without = 1u << type;
		request_key_set(&self->r, &self->c, self->fd[0]);
		nest = put_key(&self->r, &self->tx);
		request_put(&self->r, type | NLA_F_NESTED, one, key_attr_len(type) ?: 8);
		nest_end(&self->r, nest);
		EXPECT_REFUSED(&self->c, &self->r, EINVAL, "NESTED");
		self->tx.without = 0;
	}
}

TEST_F(netlink, key_nest_form)
{
	struct nlattr *nest;

	/* without the flag that says it is one */
	request_key_set(&self->r, &self->c, self->fd[0]);
	nest = put_key(&self->r, &self->tx);
	nest->nla_type = SHEATH_A_KEY;
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "NESTED");
	/* empty */
	request_key_set(&self->r, &self->c, self->fd[0]);
	nest_start(&self->r, SHEATH_A_KEY);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "");
	/* bytes behind the last attribute */
	request_key_set(&self->r, &self->c, self->fd[0]);
	nest = put_key(&self->r, &self->tx);
	request_put(&self->r, 0, "", 0);
	nest->nla_len += 3;
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "");
	/* longer than the message */
	request_key_set(&self->r, &self->c, self->fd[0]);
	nest = put_key(&self->r, &self->tx);
	nest->nla_len += 64;
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "");
	/* a good nest and a bad one, in both orders */
	request_key_set(&self->r, &self->c, self->fd[0]);
	put_key(&self->r, &self->tx);
	self->rx.without = 1u << SHEATH_A_KEY_IV;
	put_key(&self->r, &self->rx);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "iv: missing");
	request_key_set(&self->r, &self->c, self->fd[0]);
	put_key(&self->r, &self->rx);
	put_key(&self->r, &self->tx);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "iv: missing");
	self->rx.without = 0;
	/* too many */
	request_key_set(&self->r, &self->c, self->fd[0]);
	put_key(&self->r, &self->rx);
	put_key(&self->r, &self->rx);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "same direction");
	request_key_set(&self->r, &self->c, self->fd[0]);
	put_key(&self->r, &self->rx);
	put_key(&self->r, &self->tx);
	put_key(&self->r, &self->rx);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "more than two");

	ASSERT_EQ(0, ask_session(&self->c, self->fd[0], &self->a));
	EXPECT_EQ(SHEATH_STATE_ATTACHED, attr_u32(&self->a, SHEATH_A_STATE));
}

TEST_F(netlink, key_values)
{
	static const uint8_t long_secret[48];
	static const struct suite no_such_cipher = { "none", 999, 16, 4 };
	static const struct suite short_key = { "short", TLS_CIPHER_AES_GCM_128, 15, 4 };
	static const struct suite long_key = { "long", TLS_CIPHER_AES_GCM_128, 32, 4 };
	static const struct suite no_key = { "empty", TLS_CIPHER_AES_GCM_128, 0, 4 };
	struct key k;
	struct nlattr *nest;
	uint32_t flags;

#define TRY(change, err, text)							\
	do {									\
		k = self->tx;							\
		change;								\
		request_key_set(&self->r, &self->c, self->fd[0]);		\
		put_key(&self->r, &k);						\
		EXPECT_REFUSED(&self->c, &self->r, err, text);			\
	} while (0)

	for (flags = 0; flags <= 32; flags++) {
		if (flags == SHEATH_KEY_RX || flags == SHEATH_KEY_TX)
			continue;
		TRY(k.flags = flags, EINVAL, "");
	}
	TRY(k.version = 0x0305, EOPNOTSUPP, "version");
	TRY(k.version = 0x02ff, EOPNOTSUPP, "version");
	TRY(k.version = 0x0302, EINVAL, "version");
	TRY(k.version = 0, EOPNOTSUPP, "version");
	TRY(k.version = 0x10304, EOPNOTSUPP, "version");
	TRY(k.suite = &no_such_cipher, EOPNOTSUPP, "cipher");
	TRY(k.suite = &short_key, EINVAL, "key");
	TRY(k.suite = &long_key, EINVAL, "key");
	TRY(k.suite = &no_key, EINVAL, "key");
	TRY(k.iv_len = 0, EINVAL, "iv: ");
	TRY(k.iv_len = 4, EINVAL, "iv: ");
	TRY(k.iv_len = 11, EINVAL, "iv: ");
#undef TRY

	request_key_set(&self->r, &self->c, self->fd[0]);
	nest = put_key(&self->r, &self->tx);
	put_u32(&self->r, SHEATH_A_KEY_EPOCH, 1);
	nest_end(&self->r, nest);
	EXPECT_REFUSED(&self->c, &self->r, ERANGE, "epoch");

	/* a secret beside what comes from it, in a version without, of a wrong length, alone */
	request_key_set(&self->r, &self->c, self->fd[0]);
	nest = put_key(&self->r, &self->tx);
	request_put(&self->r, SHEATH_A_KEY_SECRET, self->tx.key, 32);
	put_u32(&self->r, SHEATH_A_KEY_HASH, SHEATH_HASH_SHA256);
	nest_end(&self->r, nest);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "secret: given together");
	self->tx.without = 1u << SHEATH_A_KEY_CIPHER_KEY | 1u << SHEATH_A_KEY_IV;
	self->tx.version = TLS_1_2_VERSION;
	request_key_set(&self->r, &self->c, self->fd[0]);
	nest = put_key(&self->r, &self->tx);
	request_put(&self->r, SHEATH_A_KEY_SECRET, self->tx.key, 32);
	put_u32(&self->r, SHEATH_A_KEY_HASH, SHEATH_HASH_SHA256);
	nest_end(&self->r, nest);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "no traffic secrets");
	self->tx.version = TLS_1_3_VERSION;
	request_key_set(&self->r, &self->c, self->fd[0]);
	nest = put_key(&self->r, &self->tx);
	request_put(&self->r, SHEATH_A_KEY_SECRET, self->tx.key, 32);
	put_u32(&self->r, SHEATH_A_KEY_HASH, SHEATH_HASH_SHA384);
	nest_end(&self->r, nest);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "secret: wrong length");
	request_key_set(&self->r, &self->c, self->fd[0]);
	nest = put_key(&self->r, &self->tx);
	request_put(&self->r, SHEATH_A_KEY_SECRET, long_secret, sizeof(long_secret));
	put_u32(&self->r, SHEATH_A_KEY_HASH, SHEATH_HASH_SHA384);
	nest_end(&self->r, nest);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "another hash");
	request_key_set(&self->r, &self->c, self->fd[0]);
	nest = put_key(&self->r, &self->tx);
	request_put(&self->r, SHEATH_A_KEY_SECRET, self->tx.key, 32);
	nest_end(&self->r, nest);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "hash: missing");
	request_key_set(&self->r, &self->c, self->fd[0]);
	nest = put_key(&self->r, &self->tx);
	put_u32(&self->r, SHEATH_A_KEY_HASH, SHEATH_HASH_SHA256);
	nest_end(&self->r, nest);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "secret: missing");
	self->tx.without = 0;

	/* what this module does not have */
	request_key_set(&self->r, &self->c, self->fd[0]);
	nest = put_key(&self->r, &self->tx);
	put_u32(&self->r, SHEATH_A_KEY_MAC, 1);
	request_put(&self->r, SHEATH_A_KEY_MAC_KEY, self->rx.key, 20);
	nest_end(&self->r, nest);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "AEAD");
	request_key_set(&self->r, &self->c, self->fd[0]);
	nest = put_key(&self->r, &self->tx);
	put_u32(&self->r, SHEATH_A_KEY_COMPRESSION, SHEATH_COMPRESSION_DEFLATE);
	nest_end(&self->r, nest);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "compression");
	request_key_set(&self->r, &self->c, self->fd[0]);
	nest = put_key(&self->r, &self->tx);
	put_u32(&self->r, SHEATH_A_KEY_COMPRESSION, SHEATH_COMPRESSION_DEFLATE + 1);
	nest_end(&self->r, nest);
	EXPECT_REFUSED(&self->c, &self->r, ERANGE, "out of range");

	/* two directions that do not fit together: none of them is installed */
	self->rx.version = TLS_1_2_VERSION;
	request_key_set(&self->r, &self->c, self->fd[0]);
	put_key(&self->r, &self->tx);
	put_key(&self->r, &self->rx);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "other direction");
	ASSERT_EQ(0, ask_session(&self->c, self->fd[0], &self->a));
	EXPECT_EQ(SHEATH_STATE_ATTACHED, attr_u32(&self->a, SHEATH_A_STATE));
	EXPECT_TRUE(passes(self->fd[0], self->fd[1], 100));
}

TEST_F(netlink, compression)
{
	/* RFC 1950: window of 32 KB, default level; then a stored block without a byte in it */
	static const uint8_t history[] = { 0x78, 0x9c, 0x00, 0x00, 0x00, 0xff, 0xff };
	struct nlattr *nest;
	int allowed;

	self->tx.version = TLS_1_2_VERSION;
	for (allowed = 0; allowed < 2; allowed++) {
		ASSERT_EQ(0, st_param("legacy", allowed ? "deflate" : "\n"));
		request_key_set(&self->r, &self->c, self->fd[0]);
		nest = put_key(&self->r, &self->tx);
		put_u32(&self->r, SHEATH_A_KEY_COMPRESSION, SHEATH_COMPRESSION_DEFLATE);
		request_put(&self->r, SHEATH_A_KEY_HISTORY, history, sizeof(history));
		nest_end(&self->r, nest);
		if (!allowed) {
			EXPECT_REFUSED(&self->c, &self->r, EACCES, "deflate");
			continue;
		}
		EXPECT_EQ(0, client_ask(&self->c, &self->r, &self->a));
	}
	st_param("legacy", "\n");
}

TEST_F(netlink, key_set_replies)
{
	ASSERT_EQ(0, ask_keys(&self->c, self->fd[0], &self->tx, NULL, &self->a));
	EXPECT_EQ(1, self->a.n_replies);
	EXPECT_EQ(SHEATH_CMD_KEY_SET, self->a.cmd);
	EXPECT_EQ(cookie_of(self->fd[0]), attr_u64(&self->a, SHEATH_A_COOKIE));
	EXPECT_EQ(0, attr_u32(&self->a, SHEATH_A_TX_EPOCH));
	EXPECT_EQ(0, attr_u32(&self->a, SHEATH_A_RX_EPOCH));
	EXPECT_FALSE(answer_leaks(&self->a));

	/* one key for each direction, the second one by itself */
	request_key_set(&self->r, &self->c, self->fd[0]);
	put_key(&self->r, &self->tx);
	EXPECT_REFUSED(&self->c, &self->r, EBUSY, "has a key");
	self->rx.suite = &suites[1];
	request_key_set(&self->r, &self->c, self->fd[0]);
	put_key(&self->r, &self->rx);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "other direction");
	self->rx.suite = &suites[0];
	EXPECT_EQ(0, ask_keys(&self->c, self->fd[0], &self->rx, NULL, &self->a));
}

TEST_F(netlink, key_set_results)
{
	request_key_set(&self->r, &self->c, self->fd[0]);
	put_u32(&self->r, SHEATH_A_ROLE, SHEATH_ROLE_SERVER);
	put_u32(&self->r, SHEATH_A_SUITE, 0x1301);
	put_u32(&self->r, SHEATH_A_GROUP, 29);
	put_key(&self->r, &self->tx);
	put_key(&self->r, &self->rx);
	ASSERT_EQ(0, client_ask(&self->c, &self->r, &self->a));
	ASSERT_EQ(0, ask_session(&self->c, self->fd[0], &self->a));
	EXPECT_EQ(SHEATH_STATE_UP, attr_u32(&self->a, SHEATH_A_STATE));
	EXPECT_EQ(SHEATH_ROLE_SERVER, attr_u32(&self->a, SHEATH_A_ROLE));
	EXPECT_EQ(0x1301, attr_u32(&self->a, SHEATH_A_SUITE));
	EXPECT_EQ(29, attr_u32(&self->a, SHEATH_A_GROUP));
	EXPECT_EQ(TLS_1_3_VERSION, attr_u32(&self->a, SHEATH_A_VERSION));
	EXPECT_EQ(TLS_CIPHER_AES_GCM_128, attr_u32(&self->a, SHEATH_A_CIPHERS));
	EXPECT_FALSE(answer_leaks(&self->a));
}

/* RFC 8449 section 4: the least limit is 64, and TLS 1.3 counts the content type */
TEST_F(netlink, key_set_least_tx_limit)
{
	uint8_t head[5], data[64] = { 0 };

	self->tx.version = TLS_1_2_VERSION;
	request_key_set(&self->r, &self->c, self->fd[0]);
	put_u32(&self->r, SHEATH_A_TX_LIMIT, 63);
	put_key(&self->r, &self->tx);
	EXPECT_REFUSED(&self->c, &self->r, ERANGE, "tx-limit");
	self->tx.version = TLS_1_3_VERSION;
	request_key_set(&self->r, &self->c, self->fd[0]);
	put_u32(&self->r, SHEATH_A_TX_LIMIT, 63);
	put_key(&self->r, &self->tx);
	ASSERT_EQ(0, client_ask(&self->c, &self->r, &self->a));
	ASSERT_EQ(0, send_all(self->fd[0], data, sizeof(data)));
	ASSERT_EQ(0, recv_all(self->fd[1], head, sizeof(head)));
	EXPECT_EQ(63 + 1 + 16, head[3] << 8 | head[4]);
}

/* Our records are not longer than the peer said. */
TEST_F(netlink, key_set_tx_limit)
{
	uint8_t head[5], body[16384], data[3000] = { 0 };
	unsigned int len, sum = 0;

	request_key_set(&self->r, &self->c, self->fd[0]);
	put_u32(&self->r, SHEATH_A_TX_LIMIT, 512);
	put_key(&self->r, &self->tx);
	ASSERT_EQ(0, client_ask(&self->c, &self->r, &self->a));
	ASSERT_EQ(0, send_all(self->fd[0], data, sizeof(data)));
	while (sum < sizeof(data)) {
		ASSERT_EQ(0, recv_all(self->fd[1], head, sizeof(head)));
		len = head[3] << 8 | head[4];
		EXPECT_EQ(23, head[0]);
		EXPECT_LE(len, 512 + 1 + 16);
		ASSERT_EQ(0, recv_all(self->fd[1], body, len));
		sum += len - 1 - 16;
	}
	EXPECT_EQ(sizeof(data), sum);
}

/* Keys that came by netlink protect the connection: in-tree TLS is at the other end. */

FIXTURE(suite)
{
	struct client c;
	struct answer a;
	struct request r;
	int fd[2];
	struct key tx, rx;
};

FIXTURE_VARIANT(suite)
{
	uint16_t version;
	unsigned int suite;
	uint8_t iv_len;
};

FIXTURE_VARIANT_ADD(suite, tls13_aes128gcm) { TLS_1_3_VERSION, 0, 12 };
FIXTURE_VARIANT_ADD(suite, tls13_aes256gcm) { TLS_1_3_VERSION, 1, 12 };
FIXTURE_VARIANT_ADD(suite, tls13_aes128ccm) { TLS_1_3_VERSION, 2, 12 };
FIXTURE_VARIANT_ADD(suite, tls13_chacha) { TLS_1_3_VERSION, 3, 12 };
FIXTURE_VARIANT_ADD(suite, tls12_aes128gcm) { TLS_1_2_VERSION, 0, 12 };
FIXTURE_VARIANT_ADD(suite, tls12_aes128gcm_salt) { TLS_1_2_VERSION, 0, 4 };
FIXTURE_VARIANT_ADD(suite, tls12_aes256gcm) { TLS_1_2_VERSION, 1, 12 };
FIXTURE_VARIANT_ADD(suite, tls12_aes256gcm_salt) { TLS_1_2_VERSION, 1, 4 };
FIXTURE_VARIANT_ADD(suite, tls12_aes128ccm) { TLS_1_2_VERSION, 2, 12 };
FIXTURE_VARIANT_ADD(suite, tls12_chacha) { TLS_1_2_VERSION, 3, 12 };

FIXTURE_SETUP(suite)
{
	ASSERT_EQ(0, client_open(&self->c));
	ASSERT_EQ(0, tcp_pair(AF_INET, self->fd));
	ASSERT_EQ(0, attach(self->fd[0]));
	key_init(&self->tx, SHEATH_KEY_TX);
	key_init(&self->rx, SHEATH_KEY_RX);
	self->tx.version = self->rx.version = variant->version;
	self->tx.suite = self->rx.suite = &suites[variant->suite];
	self->tx.iv_len = self->rx.iv_len = variant->iv_len;
	self->tx.seq = 0x1122334455667788;
	self->rx.seq = 5;
	ASSERT_EQ(0, peer_attach(self->fd[1]));
	ASSERT_EQ(0, peer_key(self->fd[1], TLS_RX, &self->tx));
	ASSERT_EQ(0, peer_key(self->fd[1], TLS_TX, &self->rx));
}

FIXTURE_TEARDOWN(suite)
{
	pair_close(self->fd);
	client_close(&self->c);
}

TEST_F(suite, data_passes)
{
	struct nlattr *st[SHEATH_A_STATS_MAX + 1];

	ASSERT_EQ(0, ask_keys(&self->c, self->fd[0], &self->rx, &self->tx, &self->a)) {
		TH_LOG("%s", self->a.text);
	}
	EXPECT_FALSE(answer_leaks(&self->a));
	EXPECT_TRUE(passes(self->fd[0], self->fd[1], 1));
	EXPECT_TRUE(passes(self->fd[1], self->fd[0], 1));
	EXPECT_TRUE(passes(self->fd[0], self->fd[1], 20000));
	EXPECT_TRUE(passes(self->fd[1], self->fd[0], 20000));

	ASSERT_EQ(0, ask_session(&self->c, self->fd[0], &self->a));
	EXPECT_EQ(variant->version, attr_u32(&self->a, SHEATH_A_VERSION));
	EXPECT_EQ(self->tx.suite->cipher, attr_u32(&self->a, SHEATH_A_CIPHERS));
	EXPECT_EQ(self->tx.seq + 3, attr_u64(&self->a, SHEATH_A_TX_SEQ));
	EXPECT_EQ(self->rx.seq + 3, attr_u64(&self->a, SHEATH_A_RX_SEQ));
	ASSERT_NE(NULL, self->a.tb[SHEATH_A_STATS]);
	ASSERT_EQ(0, nla_parse_nested(st, SHEATH_A_STATS_MAX, self->a.tb[SHEATH_A_STATS], NULL));
	EXPECT_EQ(3, nla_get_u64(st[SHEATH_A_STATS_TX_RECORDS]));
	EXPECT_EQ(20001, nla_get_u64(st[SHEATH_A_STATS_TX_BYTES]));
	EXPECT_EQ(3, nla_get_u64(st[SHEATH_A_STATS_RX_RECORDS]));
	EXPECT_EQ(20001, nla_get_u64(st[SHEATH_A_STATS_RX_BYTES]));
	EXPECT_EQ(0, nla_get_u32(st[SHEATH_A_STATS_RX_AUTH_FAIL]));
	EXPECT_EQ(0, nla_get_u32(st[SHEATH_A_STATS_TX_REKEYS]));
	EXPECT_EQ(0, nla_get_u32(st[SHEATH_A_STATS_RX_REKEYS]));
	EXPECT_EQ(0, nla_get_u32(st[SHEATH_A_STATS_CTRL_DROPPED]));
	EXPECT_FALSE(answer_leaks(&self->a));
}

/* One direction at a time, and the other one stays plain TCP until then. */
TEST_F(suite, one_direction_after_the_other)
{
	ASSERT_EQ(0, ask_keys(&self->c, self->fd[0], &self->tx, NULL, &self->a));
	EXPECT_TRUE(passes(self->fd[0], self->fd[1], 20000));
	ASSERT_EQ(0, ask_keys(&self->c, self->fd[0], &self->rx, NULL, &self->a));
	EXPECT_TRUE(passes(self->fd[1], self->fd[0], 20000));
	EXPECT_TRUE(passes(self->fd[0], self->fd[1], 20000));
}

/* A record with a wrong key is the end of the session, and the session says so. */
TEST_F(suite, wrong_key)
{
	struct nlattr *st[SHEATH_A_STATS_MAX + 1];
	char byte;

	self->rx.key[0] ^= 1;
	ASSERT_EQ(0, ask_keys(&self->c, self->fd[0], &self->tx, &self->rx, &self->a));
	ASSERT_EQ(100, send(self->fd[1], self->a.raw, 100, 0));
	EXPECT_EQ(-1, recv(self->fd[0], &byte, 1, 0));
	EXPECT_EQ(EBADMSG, errno);
	ASSERT_EQ(0, ask_session(&self->c, self->fd[0], &self->a));
	EXPECT_EQ(SHEATH_STATE_FAILED, attr_u32(&self->a, SHEATH_A_STATE));
	EXPECT_EQ(EBADMSG, attr_u32(&self->a, SHEATH_A_STATUS));
	ASSERT_EQ(0, nla_parse_nested(st, SHEATH_A_STATS_MAX, self->a.tb[SHEATH_A_STATS], NULL));
	EXPECT_EQ(1, nla_get_u32(st[SHEATH_A_STATS_RX_AUTH_FAIL]));
}

/* secrets */

/* A message the core refuses does come back with the key in it: the check can fail. */
TEST_F(netlink, leak_check_can_fail)
{
	request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
	put_key(&self->r, &self->tx);
	EXPECT_EQ(-EINVAL, client_ask(&self->c, &self->r, &self->a));
	EXPECT_TRUE(answer_leaks(&self->a));
}

TEST_F(netlink, success_and_refusal_show_no_key)
{
	const int on = 1;

	ASSERT_EQ(0, ask_keys(&self->c, self->fd[0], &self->tx, &self->rx, &self->a));
	EXPECT_FALSE(answer_leaks(&self->a));
	ASSERT_EQ(-EBUSY, ask_keys(&self->c, self->fd[0], &self->tx, &self->rx, &self->a));
	EXPECT_FALSE(answer_leaks(&self->a));
	/* the refused request came back in full, with nothing in it */
	EXPECT_GT(self->a.len, 2 * NLMSG_HDRLEN + 2 * sizeof(self->tx.key) + 100);
	ASSERT_EQ(0, setsockopt(self->c.fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)));
	ASSERT_EQ(-EBUSY, ask_keys(&self->c, self->fd[0], &self->tx, &self->rx, &self->a));
	EXPECT_FALSE(answer_leaks(&self->a));
	EXPECT_NE(0, strlen(self->a.text));
}

/* What a header can say wrong: a dump of what there is none of, no request for an answer. */
TEST_F(netlink, odd_headers_show_no_key)
{
	static const struct { uint16_t flags; int err; } odd[] = {
		{ NLM_F_REQUEST | NLM_F_DUMP, -EOPNOTSUPP },
		{ NLM_F_REQUEST | NLM_F_DUMP | NLM_F_ACK, -EOPNOTSUPP },
		{ NLM_F_REQUEST | NLM_F_DUMP | NLM_F_ECHO | NLM_F_ATOMIC, -EOPNOTSUPP },
		{ NLM_F_REQUEST | NLM_F_ACK | NLM_F_ROOT, -EINVAL },
		{ NLM_F_REQUEST | NLM_F_ACK | NLM_F_MATCH, -EINVAL },
		{ NLM_F_ACK, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(odd); i++) {
		request_key_set(&self->r, &self->c, self->fd[0]);
		self->r.nlh.nlmsg_flags = odd[i].flags;
		put_key(&self->r, &self->tx);
		EXPECT_EQ(odd[i].err, client_ask(&self->c, &self->r, &self->a)) TH_LOG("%u", i);
		EXPECT_FALSE(answer_leaks(&self->a)) TH_LOG("%u", i);
	}
	/* none of them was taken for a key */
	EXPECT_EQ(0, ask_keys(&self->c, self->fd[0], &self->tx, &self->rx, &self->a));
}

/* Whatever is wrong with the attributes: the answer has no key in it. */
TEST_F(netlink, damaged_requests_show_no_key)
{
	unsigned int i, n, at, seed = 1;
	size_t head = NLMSG_LENGTH(GENL_HDRLEN);

	for (i = 0; i < 3000; i++) {
		request_key_set(&self->r, &self->c, -1);
		put_key(&self->r, &self->tx);
		put_key(&self->r, &self->rx);
		for (n = rand_r(&seed) % 4; n; n--) {
			at = head + rand_r(&seed) % (self->r.nlh.nlmsg_len - head);
			self->r.buf[at] = rand_r(&seed);
		}
		if (rand_r(&seed) % 2)
			self->r.nlh.nlmsg_len = head +
				rand_r(&seed) % (self->r.nlh.nlmsg_len - head + 1);
		ASSERT_GT(0, client_ask(&self->c, &self->r, &self->a));
		ASSERT_NE(-ECOMM, self->a.err);
		ASSERT_FALSE(answer_leaks(&self->a)) {
			TH_LOG("round %u: %s", i, self->a.text);
		}
		ASSERT_NE(0, strlen(self->a.text)) {
			TH_LOG("round %u: no text with %d", i, self->a.err);
		}
	}
}

/* The kernel's own list of our policies: the module's are left out of it, in good order. */
TEST_F(netlink, policies_can_be_asked_for)
{
	struct nlmsghdr *nlh;
	uint8_t buf[16384];
	int left, err = 1;

	request_init(&self->r, &self->c, CTRL_CMD_GETPOLICY);
	self->r.nlh.nlmsg_type = GENL_ID_CTRL;
	self->r.nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	request_put(&self->r, CTRL_ATTR_FAMILY_NAME, SHEATH_FAMILY_NAME,
		    sizeof(SHEATH_FAMILY_NAME));
	ASSERT_LT(0, send(self->c.fd, &self->r, self->r.nlh.nlmsg_len, 0));
	while (err == 1) {
		left = recv(self->c.fd, buf, sizeof(buf), 0);
		ASSERT_LT(0, left);
		for (nlh = (void *)buf; NLMSG_OK(nlh, left); nlh = NLMSG_NEXT(nlh, left)) {
			if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR)
				memcpy(&err, NLMSG_DATA(nlh), sizeof(err));
		}
	}
	EXPECT_EQ(0, err);
}

/* allocations that fail */

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	ssize_t n = write(fd, text, strlen(text));

	close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

/*
 * Asks with the @nth allocation failing. Returns true if it came to that. An acknowledgment
 * that found no memory is lost, @a->err is -ECOMM then.
 */
static bool ask_with_fault(struct client *c, struct request *r, struct answer *a,
			   unsigned int nth)
{
	struct request sent = *r;
	bool hit;
	ssize_t n;

	memset(a, 0, sizeof(*a));
	sent.nlh.nlmsg_seq = ++c->seq;
	st_fault_begin(nth);
	n = send(c->fd, &sent, sent.nlh.nlmsg_len, 0);
	hit = st_fault_end();
	if (n < 0) {
		a->err = -ECOMM;
		return hit;
	}
	client_wait(c, a);
	return hit;
}

TEST_F(netlink, key_set_without_memory)
{
	bool can = st_faults_ready();
	unsigned int nth, n_refused = 0;
	int fd[2], err;
	bool hit = true;

	for (nth = 1; hit && nth < ST_FAULTS_MAX; nth++) {
		ASSERT_EQ(0, tcp_pair(AF_INET, fd));
		ASSERT_EQ(0, attach(fd[0]));
		request_key_set(&self->r, &self->c, fd[0]);
		put_key(&self->r, &self->tx);
		put_key(&self->r, &self->rx);
		hit = ask_with_fault(&self->c, &self->r, &self->a, nth) && can;
		EXPECT_FALSE(answer_leaks(&self->a));
		if (self->a.err && self->a.err != -ECOMM) {
			n_refused++;
			EXPECT_NE(0, strlen(self->a.text)) {
				TH_LOG("allocation %u: no text with %d", nth, self->a.err);
			}
		}

		/* it is what the answer said */
		err = self->a.err;
		ASSERT_EQ(0, ask_session(&self->c, fd[0], &self->a));
		if (!err) {
			EXPECT_EQ(SHEATH_STATE_UP, attr_u32(&self->a, SHEATH_A_STATE));
		}
		if (err && err != -ECOMM) {
			EXPECT_EQ(SHEATH_STATE_ATTACHED, attr_u32(&self->a, SHEATH_A_STATE));
			EXPECT_TRUE(passes(fd[0], fd[1], 10) && passes(fd[1], fd[0], 10));
		}
		pair_close(fd);
	}
	EXPECT_LT(nth, ST_FAULTS_MAX);
	if (can) {
		EXPECT_LT(5, n_refused);
	} else {
		ksft_print_msg("this kernel cannot make allocations fail\n");
	}
}

TEST_F(netlink, queries_without_memory)
{
	bool can = st_faults_ready();
	unsigned int nth, i;
	bool hit = true;

	for (i = 0; i < 3; i++) {
		for (nth = 1, hit = true; hit && nth < ST_FAULTS_MAX; nth++) {
			request_init(&self->r, &self->c,
				     i ? SHEATH_CMD_SESSION_GET : SHEATH_CMD_FAMILY_GET);
			if (i == 1)
				put_u32(&self->r, SHEATH_A_SOCKFD, self->fd[0]);
			if (i == 2)
				put_u64(&self->r, SHEATH_A_COOKIE, cookie_of(self->fd[0]));
			hit = ask_with_fault(&self->c, &self->r, &self->a, nth) && can;
			if (!self->a.err) {
				EXPECT_EQ(1, self->a.n_replies);
			}
		}
		EXPECT_LT(nth, ST_FAULTS_MAX);
		EXPECT_EQ(0, self->a.err);
	}
}

/* users */

static int set_user(uid_t uid)
{
	return setresgid(uid, uid, uid) || setresuid(uid, uid, uid);
}

static int unprivileged(void *arg)
{
	uint64_t others = *(uint64_t *)arg;
	struct client c;
	struct answer a;
	struct request r;
	struct key tx;
	int fd[2];

	MUST(!set_user(NOBODY));
	MUST(!client_open(&c));
	MUST(!tcp_pair(AF_INET, fd));
	MUST(!attach(fd[0]));
	key_init(&tx, SHEATH_KEY_TX);

	/* what is one's own */
	request_init(&r, &c, SHEATH_CMD_FAMILY_GET);
	MUST(client_ask(&c, &r, &a) == 0);
	MUST(ask_session(&c, fd[0], &a) == 0);
	MUST(attr_u32(&a, SHEATH_A_UID) == NOBODY);
	MUST(ask_keys(&c, fd[0], &tx, NULL, &a) == 0);

	/* what is not */
	MUST(ask_cookie(&c, others, &a) == -EPERM);
	MUST(strstr(a.text, "CAP_NET_ADMIN"));
	MUST(ask_cookie(&c, cookie_of(fd[0]), &a) == -EPERM);
	MUST(ask_cookie(&c, 1, &a) == -EPERM);
	request_init(&r, &c, SHEATH_CMD_SESSION_GET);
	r.nlh.nlmsg_flags |= NLM_F_DUMP;
	MUST(client_ask(&c, &r, &a) == -EPERM);
	errno = 0;
	MUST(client_join(&c) && errno == EPERM);
	return 0;
}

TEST_F(netlink, unprivileged_user)
{
	uint64_t cookie = cookie_of(self->fd[0]);

	EXPECT_EQ(0, in_child(unprivileged, &cookie));
}

/* 6.1 calls the start of a dump without a place for the text. */
static bool dump_refusal_has_text(void)
{
	struct utsname u;
	int major, minor;

	if (uname(&u) || sscanf(u.release, "%d.%d", &major, &minor) != 2)
		return false;
	return major > 6 || (major == 6 && minor >= 12);
}

static int unprivileged_dump(void *arg __attribute__((unused)))
{
	struct client c;
	struct answer a;
	struct request r;

	MUST(!set_user(NOBODY));
	MUST(!client_open(&c));
	request_init(&r, &c, SHEATH_CMD_SESSION_GET);
	r.nlh.nlmsg_flags |= NLM_F_DUMP;
	MUST(client_ask(&c, &r, &a) == -EPERM);
	MUST(!dump_refusal_has_text() || strstr(a.text, "CAP_NET_ADMIN"));
	return 0;
}

TEST_F(netlink, unprivileged_user_cannot_dump)
{
	EXPECT_EQ(0, in_child(unprivileged_dump, NULL));
}

/* Somebody else's netlink socket does not look up our descriptors, nor ours theirs. */
struct deputy {
	struct client	*c;
	int		fd;
};

static int deputy_unprivileged(void *arg)
{
	struct deputy *d = arg;
	struct answer a;
	struct key tx;

	/* opened by root, used by nobody */
	MUST(!set_user(NOBODY));
	key_init(&tx, SHEATH_KEY_TX);
	MUST(ask_keys(d->c, d->fd, &tx, NULL, &a) == -EPERM);
	MUST(strstr(a.text, "another user") && !answer_leaks(&a));
	MUST(ask_session(d->c, d->fd, &a) == -EPERM);
	MUST(strstr(a.text, "another user"));
	return 0;
}

TEST_F(netlink, confused_deputy)
{
	struct deputy d = { &self->c, self->fd[0] };
	struct client c;

	EXPECT_EQ(0, in_child(deputy_unprivileged, &d));

	/* opened by nobody, used by root */
	ASSERT_EQ(0, seteuid(NOBODY));
	ASSERT_EQ(0, client_open(&c));
	ASSERT_EQ(0, seteuid(0));
	EXPECT_EQ(-EPERM, ask_keys(&c, self->fd[0], &self->tx, NULL, &self->a));
	EXPECT_NE(NULL, strstr(self->a.text, "another user"));
	EXPECT_FALSE(answer_leaks(&self->a));
	EXPECT_EQ(-EPERM, ask_session(&c, self->fd[0], &self->a));
	client_close(&c);

	ASSERT_EQ(0, ask_session(&self->c, self->fd[0], &self->a));
	EXPECT_EQ(SHEATH_STATE_ATTACHED, attr_u32(&self->a, SHEATH_A_STATE));
}

/* namespaces */

/* A new user namespace in which we are root again. */
static int enter_userns(int more)
{
	if (unshare(CLONE_NEWUSER | more))
		return -1;
	return write_file("/proc/self/setgroups", "deny") ||
	       write_file("/proc/self/uid_map", "0 0 1") ||
	       write_file("/proc/self/gid_map", "0 0 1");
}

static int loopback_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int err = ioctl(fd, SIOCSIFFLAGS, &ifr);

	close(fd);
	return err;
}

static int in_userns(void *arg)
{
	struct deputy *d = arg;
	struct client c;
	struct answer a;
	struct request r;
	struct key tx;

	MUST(!enter_userns(0));
	key_init(&tx, SHEATH_KEY_TX);
	/* the same uid of another user namespace is another user */
	MUST(ask_keys(d->c, d->fd, &tx, NULL, &a) == -EPERM);
	MUST(strstr(a.text, "another user"));

	/* root here, but the network namespace belongs to the parent */
	MUST(!client_open(&c));
	MUST(ask_cookie(&c, cookie_of(d->fd), &a) == -EPERM);
	request_init(&r, &c, SHEATH_CMD_SESSION_GET);
	r.nlh.nlmsg_flags |= NLM_F_DUMP;
	MUST(client_ask(&c, &r, &a) == -EPERM);
	errno = 0;
	MUST(client_join(&c) && errno == EPERM);
	/* possession of the descriptor is enough for a key */
	MUST(ask_session(&c, d->fd, &a) == 0);
	MUST(ask_keys(&c, d->fd, &tx, NULL, &a) == 0);
	return 0;
}

TEST_F(netlink, user_namespace)
{
	struct deputy d = { &self->c, self->fd[0] };

	EXPECT_EQ(0, in_child(in_userns, &d));
}

static int in_netns(void *arg)
{
	struct deputy *d = arg;
	uint64_t outside = cookie_of(d->fd);
	struct client c;
	struct answer a;
	struct request r;
	struct key tx;
	int fd[2];

	MUST(!enter_userns(CLONE_NEWNET) && !loopback_up());
	key_init(&tx, SHEATH_KEY_TX);
	MUST(!client_open(&c));
	request_init(&r, &c, SHEATH_CMD_FAMILY_GET);
	MUST(client_ask(&c, &r, &a) == 0);

	/* the socket outside, by descriptor and by cookie */
	MUST(ask_keys(&c, d->fd, &tx, NULL, &a) == -EXDEV);
	MUST(strstr(a.text, "network namespace") && !answer_leaks(&a));
	MUST(ask_session(&c, d->fd, &a) == -EXDEV);
	MUST(ask_cookie(&c, outside, &a) == -ENOENT);

	/* one's own, with the privileges one has here */
	MUST(!tcp_pair(AF_INET, fd) && !attach(fd[0]));
	MUST(ask_keys(&c, fd[0], &tx, NULL, &a) == 0);
	MUST(ask_cookie(&c, cookie_of(fd[0]), &a) == 0);
	MUST(attr_u32(&a, SHEATH_A_UID) == 0);
	MUST(!client_join(&c));
	MUST(counter("Attached") == 1 && counter("TxKeys") == 1);
	/* the one for the socket outside was asked for here */
	MUST(counter("KeyRefused") == 1);
	return 0;
}

TEST_F(netlink, network_namespace)
{
	struct deputy d = { &self->c, self->fd[0] };

	EXPECT_EQ(0, in_child(in_netns, &d));
}

/* dump */

#define N_PAIRS		150
#define DUMP_PART	8192

struct crowd {
	int		fd[N_PAIRS][2];		/* the first stay, the rest comes and goes */
	uint64_t	cookie[2 * N_PAIRS];
	unsigned int	seen[2 * N_PAIRS];
	uint64_t	last;
	unsigned int	n_parts;
	unsigned int	n_sessions;
	unsigned int	n_disorder;
	unsigned int	next_gone;
};

#define N_STAY		(N_PAIRS * 2 / 3)

static void crowd_see(struct crowd *w, struct nlmsghdr *nlh)
{
	struct nlattr *tb[SHEATH_A_MAX + 1];
	uint64_t cookie;
	unsigned int i;

	if (nla_parse(tb, SHEATH_A_MAX,
		      (struct nlattr *)((uint8_t *)NLMSG_DATA(nlh) + GENL_HDRLEN),
		      nlh->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN), NULL) || !tb[SHEATH_A_COOKIE])
		return;
	cookie = nla_get_u64(tb[SHEATH_A_COOKIE]);
	w->n_sessions++;
	if (cookie <= w->last)
		w->n_disorder++;
	w->last = cookie;
	for (i = 0; i < 2 * N_STAY; i++) {
		if (w->cookie[i] == cookie)
			w->seen[i]++;
	}
}

/*
 * Cookies are handed out to CPUs in batches: they grow on each CPU, but a socket made on
 * another may well get one in the middle of those there are.
 */
static void crowd_cpu(unsigned int n)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(n % sysconf(_SC_NPROCESSORS_ONLN), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		abort();
}

#define N_CHURN		3

static void crowd_churn(struct crowd *w)
{
	unsigned int i;

	for (i = 0; i < N_CHURN; i++) {
		int *fd = w->fd[N_STAY + w->next_gone++ % (N_PAIRS - N_STAY)];

		pair_close(fd);
		if (tcp_pair(AF_INET, fd) || attach(fd[0]) || attach(fd[1]))
			abort();
	}
}

/* Returns 0, or the negative errno of the dump. */
static int dump(struct client *c, struct request *r, struct crowd *w, bool churn)
{
	static uint8_t buf[DUMP_PART];
	struct nlmsghdr *nlh;
	int left, err;

	memset(w->seen, 0, sizeof(w->seen));
	w->last = w->n_parts = w->n_sessions = w->n_disorder = 0;
	r->nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	r->nlh.nlmsg_seq = ++c->seq;
	if (send(c->fd, r, r->nlh.nlmsg_len, 0) < 0)
		return -ECOMM;
	for (;;) {
		left = recv(c->fd, buf, sizeof(buf), MSG_TRUNC);
		if (left <= 0 || left > (int)sizeof(buf))
			return -ECOMM;
		w->n_parts++;
		for (nlh = (void *)buf; NLMSG_OK(nlh, left); nlh = NLMSG_NEXT(nlh, left)) {
			if (nlh->nlmsg_type == NLMSG_DONE) {
				memcpy(&err, NLMSG_DATA(nlh), sizeof(err));
				return err;
			}
			if (nlh->nlmsg_type == NLMSG_ERROR)
				return ((struct nlmsgerr *)NLMSG_DATA(nlh))->error;
			if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
				return -EINTR;
			crowd_see(w, nlh);
		}
		if (churn)
			crowd_churn(w);
	}
}

static int dump_tests(void *arg __attribute__((unused)))
{
	const struct rlimit many = { 4096, 4096 };
	struct crowd *w = calloc(1, sizeof(*w));
	unsigned int i, round;
	struct client c;
	struct request r;
	struct answer a;
	struct key tx;

	MUST(!unshare(CLONE_NEWNET) && !loopback_up());
	MUST(!setrlimit(RLIMIT_NOFILE, &many));
	MUST(!client_open(&c));
	/* the size of the parts follows the largest buffer ever used, which is libnl's */
	c.fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	MUST(c.fd >= 0);

	request_init(&r, &c, SHEATH_CMD_SESSION_GET);
	MUST(dump(&c, &r, w, false) == 0 && w->n_sessions == 0);

	crowd_cpu(0);
	for (i = 0; i < N_PAIRS; i++) {
		MUST(!tcp_pair(AF_INET, w->fd[i]));
		MUST(!attach(w->fd[i][0]) && !attach(w->fd[i][1]));
		w->cookie[2 * i] = cookie_of(w->fd[i][0]);
		w->cookie[2 * i + 1] = cookie_of(w->fd[i][1]);
	}

	MUST(dump(&c, &r, w, false) == 0);
	MUST(w->n_sessions == 2 * N_PAIRS && w->n_parts > 3 && !w->n_disorder);

	for (round = 0; round < 6; round++) {
		crowd_cpu(round / 3);
		MUST(dump(&c, &r, w, true) == 0);
		MUST(w->n_parts > 3 && !w->n_disorder);
		/* what comes meanwhile does not keep it from ending */
		MUST(w->n_sessions <= 2 * N_PAIRS + (round < 3 ? 0 : 2 * N_CHURN * w->n_parts));
		for (i = 0; i < 2 * N_STAY; i++)
			MUST(w->seen[i] == 1);
	}

	/* filters */
	key_init(&tx, SHEATH_KEY_TX);
	MUST(ask_keys(&c, w->fd[3][0], &tx, NULL, &a) == 0);
	MUST(!fchown(w->fd[4][0], 1234, -1) && !fchown(w->fd[5][1], 1234, -1));
	request_init(&r, &c, SHEATH_CMD_SESSION_GET);
	put_u32(&r, SHEATH_A_STATE, SHEATH_STATE_UP);
	MUST(dump(&c, &r, w, false) == 0);
	MUST(w->n_sessions == 1 && w->seen[6] == 1);
	request_init(&r, &c, SHEATH_CMD_SESSION_GET);
	put_u32(&r, SHEATH_A_UID, 1234);
	MUST(dump(&c, &r, w, false) == 0);
	MUST(w->n_sessions == 2 && w->seen[8] == 1 && w->seen[11] == 1);
	put_u32(&r, SHEATH_A_STATE, SHEATH_STATE_UP);
	MUST(dump(&c, &r, w, false) == 0 && w->n_sessions == 0);

	/* a dump nobody reads to the end */
	request_init(&r, &c, SHEATH_CMD_SESSION_GET);
	r.nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	MUST(send(c.fd, &r, r.nlh.nlmsg_len, 0) > 0);
	close(c.fd);
	client_close(&c);

	for (i = 0; i < N_PAIRS; i++)
		pair_close(w->fd[i]);
	free(w);
	return 0;
}

TEST_F(netlink, dump)
{
	EXPECT_EQ(0, in_child(dump_tests, NULL));
}

/* Sessions with keys come and go as fast as they can while others look at them. */
static int busy(void *arg __attribute__((unused)))
{
	unsigned int i, n = 0;
	struct client c;
	struct answer a;
	struct key tx, rx;
	int fd[8][2];

	MUST(!client_open(&c));
	key_init(&tx, SHEATH_KEY_TX);
	key_init(&rx, SHEATH_KEY_RX);
	for (i = 0; i < ARRAY_SIZE(fd); i++)
		fd[i][0] = fd[i][1] = -1;
	for (; n < 400; n++) {
		i = n % ARRAY_SIZE(fd);
		pair_close(fd[i]);
		MUST(!tcp_pair(AF_INET, fd[i]) && !attach(fd[i][0]));
		MUST(ask_keys(&c, fd[i][0], &tx, &rx, &a) == 0);
		MUST(send(fd[i][0], "x", 1, 0) == 1);
	}
	return 0;
}

static int curious(void *arg)
{
	int *stop = arg;
	struct crowd *w = calloc(1, sizeof(*w));
	struct client c;
	struct request r;
	struct answer a;
	char byte;

	MUST(!client_open(&c));
	while (recv(*stop, &byte, 1, MSG_DONTWAIT) < 0) {
		request_init(&r, &c, SHEATH_CMD_SESSION_GET);
		MUST(dump(&c, &r, w, false) == 0 && !w->n_disorder);
		if (!w->last)
			continue;
		/* the last one may be gone by now */
		ask_cookie(&c, w->last, &a);
		MUST(a.err == 0 || a.err == -ENOENT || a.err == -ENOPROTOOPT);
	}
	free(w);
	return 0;
}

TEST_F(netlink, dump_while_sessions_come_and_go)
{
	pid_t pid[2];
	int status, stop[2];
	unsigned int i;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, stop));
	fflush(NULL);
	for (i = 0; i < ARRAY_SIZE(pid); i++) {
		pid[i] = fork();
		if (!pid[i]) {
			close(stop[0]);
			_exit(curious(&stop[1]));
		}
	}
	close(stop[1]);
	EXPECT_EQ(0, in_child(busy, NULL));
	close(stop[0]);
	for (i = 0; i < ARRAY_SIZE(pid); i++) {
		ASSERT_EQ(pid[i], waitpid(pid[i], &status, 0));
		EXPECT_EQ(0, status);
	}
}

static int ask_dump(struct client *c, struct request *r, struct answer *a)
{
	r->nlh.nlmsg_flags |= NLM_F_DUMP;
	return client_ask(c, r, a);
}

TEST_F(netlink, dump_shape)
{
	uint8_t zero[16] = { 0 };
	size_t len;
	int type;

#define EXPECT_DUMP_REFUSED(want)						\
	do {									\
		EXPECT_EQ(-(want), ask_dump(&self->c, &self->r, &self->a));	\
		if (dump_refusal_has_text()) {					\
			EXPECT_NE(0, strlen(self->a.text));			\
		}								\
	} while (0)

	for (type = 1; type <= SHEATH_A_MAX + 3; type++) {
		if (type == SHEATH_A_STATE || type == SHEATH_A_UID)
			continue;
		request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
		put_u32(&self->r, type, 1);
		EXPECT_DUMP_REFUSED(EINVAL);
	}
	for (len = 0; len <= sizeof(zero); len++) {
		if (len == 4)
			continue;
		request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
		request_put(&self->r, SHEATH_A_STATE, zero, len);
		EXPECT_DUMP_REFUSED(EINVAL);
		request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
		request_put(&self->r, SHEATH_A_UID, zero, len);
		EXPECT_DUMP_REFUSED(EINVAL);
	}
	request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
	put_u32(&self->r, SHEATH_A_STATE, SHEATH_STATE_CLOSED + 1);
	EXPECT_DUMP_REFUSED(ERANGE);
	request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
	put_u32(&self->r, SHEATH_A_UID, UINT32_MAX);
	EXPECT_DUMP_REFUSED(EINVAL);
	request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
	put_u32(&self->r, SHEATH_A_UID, 0);
	put_u32(&self->r, SHEATH_A_UID, 0);
	EXPECT_DUMP_REFUSED(EINVAL);
	request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
	((struct genlmsghdr *)NLMSG_DATA(&self->r.nlh))->reserved = 1;
	EXPECT_DUMP_REFUSED(EINVAL);
#undef EXPECT_DUMP_REFUSED

	/* other commands have no dump */
	request_init(&self->r, &self->c, SHEATH_CMD_FAMILY_GET);
	EXPECT_EQ(-EOPNOTSUPP, ask_dump(&self->c, &self->r, &self->a));
}

/* events */

/* Takes the next event off @c; false if there is none. */
static bool next_event(struct client *c, struct answer *a)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)a->raw;
	ssize_t n;

	memset(a, 0, sizeof(*a));
	n = recv(c->fd, a->raw, sizeof(a->raw), MSG_DONTWAIT);
	if (n <= 0)
		return false;
	a->len = n;
	a->cmd = ((struct genlmsghdr *)NLMSG_DATA(nlh))->cmd;
	nla_parse(a->tb, SHEATH_A_MAX, (struct nlattr *)((uint8_t *)NLMSG_DATA(nlh) + GENL_HDRLEN),
		  nlh->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN), NULL);
	return true;
}

static int deaf_in_netns(void *arg)
{
	struct client c;
	struct answer a;
	int *pipes = arg;
	char byte;

	MUST(!unshare(CLONE_NEWNET));
	MUST(!client_open(&c) && !client_join(&c));
	MUST(write(pipes[1], "", 1) == 1);
	MUST(read(pipes[2], &byte, 1) == 1);
	MUST(!next_event(&c, &a));
	return 0;
}

TEST_F(netlink, event_up)
{
	struct client ear;
	int pipes[4];
	int status;
	char byte;
	pid_t pid;

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(0, pipe(pipes + 2));
	fflush(NULL);
	pid = fork();
	if (!pid)
		_exit(deaf_in_netns(pipes));
	close(pipes[1]);
	ASSERT_EQ(1, read(pipes[0], &byte, 1));

	ASSERT_EQ(0, client_open(&ear));
	ASSERT_EQ(0, client_join(&ear));
	ASSERT_EQ(0, ask_keys(&self->c, self->fd[0], &self->tx, &self->rx, &self->a));
	ASSERT_TRUE(next_event(&ear, &self->a));
	EXPECT_EQ(SHEATH_CMD_SESSION_NTF, self->a.cmd);
	EXPECT_EQ(SHEATH_EVENT_UP, attr_u32(&self->a, SHEATH_A_EVENT));
	EXPECT_EQ(SHEATH_STATE_UP, attr_u32(&self->a, SHEATH_A_STATE));
	EXPECT_EQ(cookie_of(self->fd[0]), attr_u64(&self->a, SHEATH_A_COOKIE));
	EXPECT_EQ(TLS_1_3_VERSION, attr_u32(&self->a, SHEATH_A_VERSION));
	EXPECT_NE(NULL, self->a.tb[SHEATH_A_LADDR]);
	EXPECT_FALSE(answer_leaks(&self->a));
	EXPECT_FALSE(next_event(&ear, &self->a));

	/* what is refused is no event */
	EXPECT_EQ(-EBUSY, ask_keys(&self->c, self->fd[0], &self->tx, NULL, &self->a));
	EXPECT_FALSE(next_event(&ear, &self->a));
	client_close(&ear);

	ASSERT_EQ(1, write(pipes[3], "", 1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(netlink, event_down)
{
	uint64_t cookie = cookie_of(self->fd[0]);
	struct client ear;

	ASSERT_EQ(0, ask_keys(&self->c, self->fd[0], &self->tx, &self->rx, &self->a));
	ASSERT_EQ(0, client_open(&ear));
	ASSERT_EQ(0, client_join(&ear));
	close(self->fd[0]);
	ASSERT_TRUE(next_event(&ear, &self->a));
	EXPECT_EQ(SHEATH_EVENT_DOWN, attr_u32(&self->a, SHEATH_A_EVENT));
	EXPECT_EQ(SHEATH_STATE_CLOSED, attr_u32(&self->a, SHEATH_A_STATE));
	EXPECT_EQ(cookie, attr_u64(&self->a, SHEATH_A_COOKIE));
	EXPECT_FALSE(answer_leaks(&self->a));
	EXPECT_FALSE(next_event(&ear, &self->a));
	client_close(&ear);
	/* for the teardown */
	self->fd[0] = dup(self->fd[1]);
}

static ssize_t peer_send_alert(int fd, uint8_t level, uint8_t desc)
{
	uint8_t alert[2] = { level, desc };
	union {
		struct cmsghdr	hdr;
		uint8_t		buf[CMSG_SPACE(1)];
	} ctl = { .hdr = {
		.cmsg_level = SOL_TLS,
		.cmsg_type = TLS_SET_RECORD_TYPE,
		.cmsg_len = CMSG_LEN(1),
	} };
	struct iovec iov = { alert, sizeof(alert) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &ctl,
		.msg_controllen = sizeof(ctl),
	};

	*CMSG_DATA(&ctl.hdr) = 21;
	return sendmsg(fd, &msg, 0);
}

TEST_F(netlink, event_alert)
{
	struct client ear;
	char byte;

	ASSERT_EQ(0, peer_attach(self->fd[1]));
	ASSERT_EQ(0, peer_key(self->fd[1], TLS_TX, &self->rx));
	ASSERT_EQ(0, peer_key(self->fd[1], TLS_RX, &self->tx));
	ASSERT_EQ(0, ask_keys(&self->c, self->fd[0], &self->tx, &self->rx, &self->a));
	ASSERT_EQ(0, client_open(&ear));
	ASSERT_EQ(0, client_join(&ear));

	/* a fatal handshake_failure */
	ASSERT_EQ(2, peer_send_alert(self->fd[1], 2, 40));
	EXPECT_EQ(-1, recv(self->fd[0], &byte, 1, 0));
	EXPECT_EQ(EPROTO, errno);
	ASSERT_TRUE(next_event(&ear, &self->a));
	EXPECT_EQ(SHEATH_EVENT_FAILED, attr_u32(&self->a, SHEATH_A_EVENT));
	EXPECT_EQ(EPROTO, attr_u32(&self->a, SHEATH_A_STATUS));
	EXPECT_EQ(40, attr_u32(&self->a, SHEATH_A_ALERT));
	ASSERT_TRUE(next_event(&ear, &self->a));
	EXPECT_EQ(SHEATH_EVENT_ALERT_RX, attr_u32(&self->a, SHEATH_A_EVENT));
	EXPECT_EQ(40, attr_u32(&self->a, SHEATH_A_ALERT));
	EXPECT_EQ(cookie_of(self->fd[0]), attr_u64(&self->a, SHEATH_A_COOKIE));
	EXPECT_FALSE(answer_leaks(&self->a));

	ASSERT_EQ(0, ask_session(&self->c, self->fd[0], &self->a));
	EXPECT_EQ(SHEATH_STATE_FAILED, attr_u32(&self->a, SHEATH_A_STATE));
	EXPECT_EQ(40, attr_u32(&self->a, SHEATH_A_ALERT));
	client_close(&ear);
}

/* changing keys: the other end makes and reads records in user space */

#define GCM		TLS_CIPHER_AES_GCM_128
#define TLS_HANDSHAKE	22
#define TLS_DATA	23

static const uint8_t key_update[] = { 24, 0, 0, 1, 0 };
static const uint8_t key_update_both[] = { 24, 0, 0, 1, 1 };

FIXTURE(rekey)
{
	struct client c, ear;
	struct answer a;
	struct request r;
	struct st_peer p;
	struct st_secret to, from;
	struct st_key next_to, next_from;	/* where there is no secret */
	struct key tx, rx;
};

static int open_attached(struct st_peer *p)
{
	int fd[2];

	if (st_pair(AF_INET, fd))
		return -1;
	p->fd = fd[0];
	p->raw = fd[1];
	return st_attach(p->fd, ST_SHEATH);
}

FIXTURE_SETUP(rekey)
{
	ASSERT_EQ(0, client_open(&self->c));
	ASSERT_EQ(0, client_open(&self->ear));
	ASSERT_EQ(0, open_attached(&self->p));
	self->to = st_secret(GCM, 1);
	self->from = st_secret(GCM, 2);
	self->next_to = st_key(TLS_1_3_VERSION, GCM, 0, 3);
	self->next_from = st_key(TLS_1_3_VERSION, GCM, 0, 4);
	key_init(&self->tx, SHEATH_KEY_TX);
	key_init(&self->rx, SHEATH_KEY_RX);
}

FIXTURE_TEARDOWN(rekey)
{
	st_param("limit_soft", "0");
	st_param("limit_hard", "0");
	st_peer_close(&self->p);
	client_close(&self->c);
	client_close(&self->ear);
}

static int push_secrets(FIXTURE_DATA(rekey) *self)
{
	self->rx.secret = self->to;
	self->tx.secret = self->from;
	self->p.to = st_secret_key(&self->to, GCM);
	self->p.from = st_secret_key(&self->from, GCM);
	return ask_keys(&self->c, self->p.fd, &self->tx, &self->rx, &self->a);
}

static void key_is(struct key *k, const struct st_key *from, uint32_t epoch)
{
	memcpy(k->key, from->key, from->key_len);
	memcpy(k->iv, from->iv, sizeof(k->iv));
	k->epoch = epoch;
	k->secret.len = 0;
}

static int push_keys(FIXTURE_DATA(rekey) *self)
{
	self->p.to = st_key(TLS_1_3_VERSION, GCM, 0, 1);
	self->p.from = st_key(TLS_1_3_VERSION, GCM, 0, 2);
	key_is(&self->rx, &self->p.to, 0);
	key_is(&self->tx, &self->p.from, 0);
	return ask_keys(&self->c, self->p.fd, &self->tx, &self->rx, &self->a);
}

static void peer_next(FIXTURE_DATA(rekey) *self)
{
	st_secret_next(&self->to);
	self->p.to = st_secret_key(&self->to, GCM);
}

static void socket_next(FIXTURE_DATA(rekey) *self)
{
	st_secret_next(&self->from);
	self->p.from = st_secret_key(&self->from, GCM);
}

static bool gets(struct st_peer *p, const char *text)
{
	char buf[64];
	int len = strlen(text);

	return !st_peer_send(p, TLS_DATA, text, len) && recv(p->fd, buf, sizeof(buf), 0) == len;
}

static bool sends(struct st_peer *p, const char *text)
{
	int len = strlen(text);

	return send(p->fd, text, len, 0) == len && st_peer_expect(p, TLS_DATA, text, len);
}

static bool shows_secret(const struct answer *a, const struct st_secret *s)
{
	size_t off;

	for (off = 0; off + 8 <= s->len; off++) {
		if (memmem(a->raw, a->len, s->data + off, 8))
			return true;
	}
	return false;
}

static int ask_rekey(struct client *c, int fd, uint32_t flags, struct answer *a)
{
	struct request r;

	request_init(&r, c, SHEATH_CMD_REKEY);
	put_u32(&r, SHEATH_A_SOCKFD, fd);
	put_u32(&r, SHEATH_A_REKEY_FLAGS, flags);
	return client_ask(c, &r, a);
}

static int ask_rekey_cookie(struct client *c, uint64_t cookie, struct answer *a)
{
	struct request r;

	request_init(&r, c, SHEATH_CMD_REKEY);
	put_u64(&r, SHEATH_A_COOKIE, cookie);
	put_u32(&r, SHEATH_A_REKEY_FLAGS, SHEATH_KEY_TX);
	return client_ask(c, &r, a);
}

TEST_F(rekey, secrets)
{
	struct key k = self->tx;
	unsigned int len;

	k.secret = self->from;
	for (len = 1; len <= SHEATH_SECRET_MAX + 1; len++) {
		if (len == 32)
			continue;
		request_key_set(&self->r, &self->c, self->p.fd);
		k.secret.len = len <= SHEATH_SECRET_MAX ? len : SHEATH_SECRET_MAX;
		put_key(&self->r, &k);
		EXPECT_REFUSED(&self->c, &self->r, EINVAL, "secret");
	}
	k.secret = self->from;
	k.version = TLS_1_2_VERSION;
	request_key_set(&self->r, &self->c, self->p.fd);
	put_key(&self->r, &k);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "traffic secrets");

	ASSERT_EQ(0, push_secrets(self));
	EXPECT_FALSE(shows_secret(&self->a, &self->from));
	EXPECT_TRUE(sends(&self->p, "from"));
	EXPECT_TRUE(gets(&self->p, "to"));
	/* refused, and echoed without it */
	EXPECT_EQ(-EBUSY, ask_keys(&self->c, self->p.fd, &self->tx, &self->rx, &self->a));
	EXPECT_FALSE(shows_secret(&self->a, &self->from));
	EXPECT_FALSE(shows_secret(&self->a, &self->to));
	ASSERT_EQ(0, ask_session(&self->c, self->p.fd, &self->a));
	EXPECT_FALSE(shows_secret(&self->a, &self->from));
}

TEST_F(rekey, by_sockfd_and_cookie)
{
	struct nlattr *stats[SHEATH_A_STATS_MAX + 1];
	uint64_t cookie = cookie_of(self->p.fd);

	ASSERT_EQ(0, push_secrets(self));
	ASSERT_EQ(0, ask_rekey(&self->c, self->p.fd, SHEATH_KEY_TX, &self->a));
	EXPECT_EQ(1, self->a.n_replies);
	EXPECT_EQ(SHEATH_CMD_REKEY, self->a.cmd);
	EXPECT_EQ(cookie, attr_u64(&self->a, SHEATH_A_COOKIE));
	EXPECT_EQ(1, attr_u32(&self->a, SHEATH_A_TX_EPOCH));
	EXPECT_EQ(0, attr_u32(&self->a, SHEATH_A_RX_EPOCH));
	EXPECT_TRUE(st_peer_expect(&self->p, TLS_HANDSHAKE, key_update, 5));
	socket_next(self);
	ASSERT_EQ(0, ask_rekey(&self->c, self->p.fd, SHEATH_KEY_TX | SHEATH_KEY_REQUEST_PEER,
			       &self->a));
	EXPECT_TRUE(st_peer_expect(&self->p, TLS_HANDSHAKE, key_update_both, 5));
	socket_next(self);
	ASSERT_EQ(0, ask_rekey_cookie(&self->c, cookie, &self->a));
	EXPECT_EQ(3, attr_u32(&self->a, SHEATH_A_TX_EPOCH));
	EXPECT_TRUE(st_peer_expect(&self->p, TLS_HANDSHAKE, key_update, 5));
	socket_next(self);
	EXPECT_TRUE(sends(&self->p, "third"));
	ASSERT_EQ(0, st_peer_send(&self->p, TLS_HANDSHAKE, key_update, 5));
	peer_next(self);
	EXPECT_TRUE(gets(&self->p, "first"));

	ASSERT_EQ(0, ask_session(&self->c, self->p.fd, &self->a));
	EXPECT_EQ(3, attr_u32(&self->a, SHEATH_A_TX_EPOCH));
	EXPECT_EQ(1, attr_u32(&self->a, SHEATH_A_RX_EPOCH));
	EXPECT_EQ(1, attr_u64(&self->a, SHEATH_A_TX_SEQ));
	EXPECT_EQ(1, attr_u64(&self->a, SHEATH_A_RX_SEQ));
	ASSERT_EQ(0, nla_parse_nested(stats, SHEATH_A_STATS_MAX, self->a.tb[SHEATH_A_STATS], NULL));
	EXPECT_EQ(3, nla_get_u32(stats[SHEATH_A_STATS_TX_REKEYS]));
	EXPECT_EQ(1, nla_get_u32(stats[SHEATH_A_STATS_RX_REKEYS]));
	/* a KeyUpdate is a record like others */
	EXPECT_EQ(4, nla_get_u64(stats[SHEATH_A_STATS_TX_RECORDS]));
}

TEST_F(rekey, shape)
{
	static const uint32_t bad[] = {
		0, SHEATH_KEY_RX, SHEATH_KEY_TX | SHEATH_KEY_RX, SHEATH_KEY_REQUEST_PEER,
		SHEATH_KEY_TX | SHEATH_KEY_SEND_KEY_UPDATE, SHEATH_KEY_TX | 1u << 4,
		SHEATH_KEY_TX | 1u << 31,
	};
	struct st_secret before;
	unsigned int i;
	int fd[2];

	EXPECT_EQ(-ENOTCONN, ask_rekey(&self->c, self->p.fd, SHEATH_KEY_TX, &self->a));
	EXPECT_NE(NULL, strstr(self->a.text, "no sending key"));
	ASSERT_EQ(0, push_secrets(self));
	before = self->from;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, ask_rekey(&self->c, self->p.fd, bad[i], &self->a)) {
			TH_LOG("flags %#x: %d", bad[i], self->a.err);
		}
		EXPECT_NE(0, strlen(self->a.text));
	}
	request_init(&self->r, &self->c, SHEATH_CMD_REKEY);
	put_u32(&self->r, SHEATH_A_SOCKFD, self->p.fd);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "rekey-flags: missing");
	request_init(&self->r, &self->c, SHEATH_CMD_REKEY);
	put_u32(&self->r, SHEATH_A_REKEY_FLAGS, SHEATH_KEY_TX);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "sockfd: missing");
	put_u32(&self->r, SHEATH_A_SOCKFD, self->p.fd);
	put_u64(&self->r, SHEATH_A_COOKIE, cookie_of(self->p.fd));
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "cookie: given together");
	request_init(&self->r, &self->c, SHEATH_CMD_REKEY);
	put_u32(&self->r, SHEATH_A_SOCKFD, self->p.fd);
	put_u32(&self->r, SHEATH_A_REKEY_FLAGS, SHEATH_KEY_TX);
	put_u32(&self->r, SHEATH_A_REKEY_FLAGS, SHEATH_KEY_TX);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "attribute: given twice");
	EXPECT_EQ(-ENOENT, ask_rekey_cookie(&self->c, 1ull << 60, &self->a));
	EXPECT_EQ(-EBADF, ask_rekey(&self->c, -1, SHEATH_KEY_TX, &self->a));
	ASSERT_EQ(0, tcp_pair(AF_INET, fd));
	EXPECT_EQ(-ENOPROTOOPT, ask_rekey(&self->c, fd[0], SHEATH_KEY_TX, &self->a));
	pair_close(fd);

	/* nothing of that did anything */
	EXPECT_EQ(0, memcmp(&before, &self->from, sizeof(before)));
	EXPECT_TRUE(sends(&self->p, "first key"));
	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, SHEATH_CLOSE_NOTIFY, NULL, 0));
	EXPECT_EQ(-EPIPE, ask_rekey(&self->c, self->p.fd, SHEATH_KEY_TX, &self->a));
	EXPECT_NE(0, strlen(self->a.text));
}

TEST_F(rekey, needs_a_secret)
{
	ASSERT_EQ(0, push_keys(self));
	EXPECT_EQ(-EOPNOTSUPP, ask_rekey(&self->c, self->p.fd, SHEATH_KEY_TX, &self->a));
	EXPECT_NE(NULL, strstr(self->a.text, "secret"));
	EXPECT_TRUE(sends(&self->p, "same"));
}

struct whose {
	int		fd;
	uint64_t	cookie;
};

static int rekey_as_nobody(void *arg)
{
	struct whose *w = arg;
	struct client c;
	struct answer a;

	MUST(!set_user(NOBODY));
	MUST(!client_open(&c));
	MUST(ask_rekey_cookie(&c, w->cookie, &a) == -EPERM);
	MUST(strstr(a.text, "CAP_NET_ADMIN"));
	/* who has the socket may */
	MUST(ask_rekey(&c, w->fd, SHEATH_KEY_TX, &a) == 0);
	return 0;
}

TEST_F(rekey, unprivileged)
{
	struct whose w = { self->p.fd, cookie_of(self->p.fd) };

	ASSERT_EQ(0, push_secrets(self));
	EXPECT_EQ(0, in_child(rekey_as_nobody, &w));
	EXPECT_TRUE(st_peer_expect(&self->p, TLS_HANDSHAKE, key_update, 5));
	socket_next(self);
	EXPECT_TRUE(sends(&self->p, "by its holder"));
}

#define EXPECT_EVENT(e) do {							\
	ASSERT_TRUE(next_event(&self->ear, &self->a));				\
	EXPECT_EQ(e, attr_u32(&self->a, SHEATH_A_EVENT));			\
	EXPECT_EQ(cookie_of(self->p.fd), attr_u64(&self->a, SHEATH_A_COOKIE));	\
	EXPECT_FALSE(answer_leaks(&self->a));					\
} while (0)

TEST_F(rekey, events)
{
	ASSERT_EQ(0, push_secrets(self));
	ASSERT_EQ(0, client_join(&self->ear));
	ASSERT_EQ(0, ask_rekey(&self->c, self->p.fd, SHEATH_KEY_TX, &self->a));
	EXPECT_EVENT(SHEATH_EVENT_REKEY_TX);
	EXPECT_EQ(1, attr_u32(&self->a, SHEATH_A_TX_EPOCH));
	EXPECT_FALSE(shows_secret(&self->a, &self->from));
	ASSERT_EQ(0, st_peer_send(&self->p, TLS_HANDSHAKE, key_update, 5));
	peer_next(self);
	EXPECT_TRUE(gets(&self->p, "next"));
	EXPECT_EVENT(SHEATH_EVENT_REKEY_RX);
	EXPECT_EQ(SHEATH_STATE_UP, attr_u32(&self->a, SHEATH_A_STATE));
	EXPECT_EQ(1, attr_u32(&self->a, SHEATH_A_RX_EPOCH));
	EXPECT_FALSE(next_event(&self->ear, &self->a));
}

TEST_F(rekey, events_of_pause)
{
	char byte;

	ASSERT_EQ(0, push_keys(self));
	ASSERT_EQ(0, client_join(&self->ear));
	ASSERT_EQ(0, st_peer_send(&self->p, TLS_HANDSHAKE, key_update, 5));
	EXPECT_EQ(-1, recv(self->p.fd, &byte, 1, 0));
	EXPECT_EQ(EKEYEXPIRED, errno);
	EXPECT_EVENT(SHEATH_EVENT_REKEY_RX);
	EXPECT_EQ(SHEATH_STATE_RX_PAUSED, attr_u32(&self->a, SHEATH_A_STATE));
	EXPECT_EQ(0, attr_u32(&self->a, SHEATH_A_RX_EPOCH));
	key_is(&self->rx, &self->next_to, 1);
	ASSERT_EQ(0, ask_keys(&self->c, self->p.fd, &self->rx, NULL, &self->a));
	EXPECT_EQ(1, attr_u32(&self->a, SHEATH_A_RX_EPOCH));
	EXPECT_EVENT(SHEATH_EVENT_REKEY_RX);
	EXPECT_EQ(SHEATH_STATE_UP, attr_u32(&self->a, SHEATH_A_STATE));
	EXPECT_FALSE(next_event(&self->ear, &self->a));
	self->p.to = self->next_to;
	EXPECT_TRUE(gets(&self->p, "goes on"));
}

/* each once, however often it is tried */
TEST_F(rekey, events_of_limits)
{
	unsigned int i;

	st_limit("limit_soft", 3 * ST_COST(1));
	st_limit("limit_hard", 5 * ST_COST(1));
	ASSERT_EQ(0, push_keys(self));
	ASSERT_EQ(0, client_join(&self->ear));
	for (i = 0; i < 3; i++)
		EXPECT_TRUE(sends(&self->p, "x"));
	EXPECT_FALSE(next_event(&self->ear, &self->a));
	for (i = 0; i < 2; i++)
		EXPECT_TRUE(sends(&self->p, "x"));
	EXPECT_EVENT(SHEATH_EVENT_LIMIT_SOFT);
	EXPECT_FALSE(next_event(&self->ear, &self->a));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-1, send(self->p.fd, "x", 1, 0));
		EXPECT_EQ(EKEYEXPIRED, errno);
	}
	EXPECT_EVENT(SHEATH_EVENT_LIMIT_HARD);
	EXPECT_FALSE(next_event(&self->ear, &self->a));
	/* with another key all of it begins anew */
	key_is(&self->tx, &self->next_from, 1);
	self->tx.flags |= SHEATH_KEY_SEND_KEY_UPDATE;
	ASSERT_EQ(0, ask_keys(&self->c, self->p.fd, &self->tx, NULL, &self->a));
	EXPECT_TRUE(st_peer_expect(&self->p, TLS_HANDSHAKE, key_update, 5));
	self->p.from = self->next_from;
	EXPECT_EVENT(SHEATH_EVENT_REKEY_TX);
	for (i = 0; i < 4; i++)
		EXPECT_TRUE(sends(&self->p, "x"));
	EXPECT_EVENT(SHEATH_EVENT_LIMIT_SOFT);
}

TEST_F(rekey, key_with_update)
{
	ASSERT_EQ(0, push_keys(self));
	ASSERT_EQ(3, send(self->p.fd, "abc", 3, MSG_MORE));
	key_is(&self->tx, &self->next_from, 1);
	self->tx.flags |= SHEATH_KEY_SEND_KEY_UPDATE | SHEATH_KEY_REQUEST_PEER;
	ASSERT_EQ(0, ask_keys(&self->c, self->p.fd, &self->tx, NULL, &self->a));
	EXPECT_EQ(1, attr_u32(&self->a, SHEATH_A_TX_EPOCH));
	EXPECT_TRUE(st_peer_expect(&self->p, TLS_DATA, "abc", 3));
	EXPECT_TRUE(st_peer_expect(&self->p, TLS_HANDSHAKE, key_update_both, 5));
	self->p.from = self->next_from;
	EXPECT_TRUE(sends(&self->p, "next"));
}

TEST_F(rekey, key_with_update_refused)
{
	/* under which key? */
	self->tx.flags = SHEATH_KEY_TX | SHEATH_KEY_SEND_KEY_UPDATE;
	request_key_set(&self->r, &self->c, self->p.fd);
	put_key(&self->r, &self->tx);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "KeyUpdate");
	self->tx.flags = SHEATH_KEY_TX;
	ASSERT_EQ(0, push_keys(self));

	key_is(&self->rx, &self->next_to, 1);
	self->rx.flags = SHEATH_KEY_RX | SHEATH_KEY_SEND_KEY_UPDATE;
	request_key_set(&self->r, &self->c, self->p.fd);
	put_key(&self->r, &self->rx);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "KeyUpdate");
	key_is(&self->tx, &self->next_from, 1);
	self->tx.flags = SHEATH_KEY_TX | SHEATH_KEY_REQUEST_PEER;
	request_key_set(&self->r, &self->c, self->p.fd);
	put_key(&self->r, &self->tx);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "request-peer");
	EXPECT_TRUE(sends(&self->p, "first key"));

	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, SHEATH_CLOSE_NOTIFY, NULL, 0));
	self->tx.flags = SHEATH_KEY_TX | SHEATH_KEY_SEND_KEY_UPDATE;
	request_key_set(&self->r, &self->c, self->p.fd);
	put_key(&self->r, &self->tx);
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "KeyUpdate");
}

/* the peer sends with its next key from here on, and nothing can be read */
static bool pauses(FIXTURE_DATA(rekey) *self)
{
	char byte;

	if (st_peer_send(&self->p, TLS_HANDSHAKE, key_update, 5) ||
	    recv(self->p.fd, &byte, 1, 0) != -1 || errno != EKEYEXPIRED)
		return false;
	self->p.to = self->next_to;
	return true;
}

/* one key of two is wrong, whichever: both directions are as they were */
TEST_F(rekey, both_or_none)
{
	struct key tx, rx, *order[2];
	unsigned int i, first;
	char byte;

	ASSERT_EQ(0, push_keys(self));
	ASSERT_TRUE(pauses(self));
	for (i = 0; i < 4; i++) {
		static const int want[] = { -ERANGE, -ERANGE, -EKEYREJECTED, -EBUSY };

		tx = self->tx;
		rx = self->rx;
		if (i != 2)
			key_is(&tx, &self->next_from, i == 1 ? 2 : 1);
		tx.epoch = i == 1 ? 2 : 1;
		tx.flags |= SHEATH_KEY_SEND_KEY_UPDATE;
		key_is(&rx, &self->next_to, i == 0 ? 3 : i == 3 ? 0 : 1);
		for (first = 0; first < 2; first++) {
			order[first] = &tx;
			order[!first] = &rx;
			EXPECT_EQ(want[i], ask_keys(&self->c, self->p.fd, order[0], order[1],
						    &self->a)) {
				TH_LOG("case %u: %d %s", i, self->a.err, self->a.text);
			}
			EXPECT_NE(0, strlen(self->a.text));
			EXPECT_FALSE(answer_leaks(&self->a));
			EXPECT_TRUE(sends(&self->p, "old"));
			EXPECT_EQ(-1, recv(self->p.fd, &byte, 1, 0));
			EXPECT_EQ(EKEYEXPIRED, errno);
		}
	}
	ASSERT_EQ(0, ask_session(&self->c, self->p.fd, &self->a));
	EXPECT_EQ(0, attr_u32(&self->a, SHEATH_A_TX_EPOCH));
	EXPECT_EQ(0, attr_u32(&self->a, SHEATH_A_RX_EPOCH));

	key_is(&self->tx, &self->next_from, 1);
	self->tx.flags |= SHEATH_KEY_SEND_KEY_UPDATE;
	key_is(&self->rx, &self->next_to, 1);
	ASSERT_EQ(0, ask_keys(&self->c, self->p.fd, &self->tx, &self->rx, &self->a));
	EXPECT_EQ(1, attr_u32(&self->a, SHEATH_A_TX_EPOCH));
	EXPECT_EQ(1, attr_u32(&self->a, SHEATH_A_RX_EPOCH));
	EXPECT_TRUE(st_peer_expect(&self->p, TLS_HANDSHAKE, key_update, 5));
	self->p.from = self->next_from;
	EXPECT_TRUE(sends(&self->p, "next"));
	EXPECT_TRUE(gets(&self->p, "next"));
}

/* keys that follow one another while TCP takes nothing: some go, and no byte is lost */
TEST_F(rekey, while_full)
{
	static uint8_t data[1 << 20];
	uint8_t out[ST_RECORD_MAX], type;
	int small = 4096, n, epoch = 0;
	size_t sent = 0, got = 0;
	ssize_t part;

	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)));
	ASSERT_EQ(0, push_keys(self));
	st_fill(data, sizeof(data), 0);
	while (sent < sizeof(data)) {
		part = send(self->p.fd, data + sent, sizeof(data) - sent, MSG_DONTWAIT);
		if (part < 0)
			break;
		sent += part;
	}
	ASSERT_LT(sent, sizeof(data));
	self->tx.flags |= SHEATH_KEY_SEND_KEY_UPDATE;
	for (n = 0; n < 2000; n++) {
		struct st_key k = st_key(TLS_1_3_VERSION, GCM, 0, 100 + epoch);

		key_is(&self->tx, &k, epoch + 1);
		if (ask_keys(&self->c, self->p.fd, &self->tx, NULL, &self->a))
			break;
		epoch++;
	}
	EXPECT_EQ(-EAGAIN, self->a.err);
	EXPECT_NE(0, strlen(self->a.text));
	EXPECT_LT(0, epoch);
	for (n = 0; n < epoch || got < sent;) {
		int len = st_recv_record(self->p.raw, &self->p.from, &type, out);

		ASSERT_LE(0, len);
		if (type == TLS_HANDSHAKE) {
			self->p.from = st_key(TLS_1_3_VERSION, GCM, 0, 100 + n++);
			continue;
		}
		ASSERT_TRUE(st_check(out, len, got));
		got += len;
	}
	EXPECT_EQ(sent, got);
	EXPECT_TRUE(sends(&self->p, "more"));
}

/* what the peer takes and what the application wants: the smaller one, whoever comes last */
TEST_F(rekey, two_limits)
{
	uint16_t max = 16384, min = 64;
	socklen_t len = sizeof(max);
	uint8_t buf[2000] = { 0 }, out[ST_RECORD_MAX], type;

	self->p.from = st_key(TLS_1_3_VERSION, GCM, 0, 2);
	self->p.to = st_key(TLS_1_3_VERSION, GCM, 0, 1);
	key_is(&self->tx, &self->p.from, 0);
	key_is(&self->rx, &self->p.to, 0);
	/* it comes with the other key */
	request_key_set(&self->r, &self->c, self->p.fd);
	put_u32(&self->r, SHEATH_A_TX_LIMIT, 512);
	put_key(&self->r, &self->rx);
	ASSERT_EQ(0, client_ask(&self->c, &self->r, &self->a));
	ASSERT_EQ(0, ask_keys(&self->c, self->p.fd, &self->tx, NULL, &self->a));
	ASSERT_EQ(600, send(self->p.fd, buf, 600, 0));
	EXPECT_EQ(512, st_recv_record(self->p.raw, &self->p.from, &type, out));
	EXPECT_EQ(88, st_recv_record(self->p.raw, &self->p.from, &type, out));
	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, &max, sizeof(max)));
	ASSERT_EQ(0, getsockopt(self->p.fd, SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, &max, &len));
	EXPECT_EQ(512, max);
	ASSERT_EQ(600, send(self->p.fd, buf, 600, 0));
	EXPECT_EQ(512, st_recv_record(self->p.raw, &self->p.from, &type, out));
	EXPECT_EQ(88, st_recv_record(self->p.raw, &self->p.from, &type, out));
	ASSERT_EQ(0, setsockopt(self->p.fd, SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, &min, sizeof(min)));
	ASSERT_EQ(100, send(self->p.fd, buf, 100, 0));
	EXPECT_EQ(64, st_recv_record(self->p.raw, &self->p.from, &type, out));
	EXPECT_EQ(36, st_recv_record(self->p.raw, &self->p.from, &type, out));
	/* and a later, larger one of the peer does not replace it */
	ASSERT_TRUE(pauses(self));
	key_is(&self->rx, &self->next_to, 1);
	request_key_set(&self->r, &self->c, self->p.fd);
	put_u32(&self->r, SHEATH_A_TX_LIMIT, 1024);
	put_key(&self->r, &self->rx);
	ASSERT_EQ(0, client_ask(&self->c, &self->r, &self->a));
	ASSERT_EQ(100, send(self->p.fd, buf, 100, 0));
	EXPECT_EQ(64, st_recv_record(self->p.raw, &self->p.from, &type, out));
	EXPECT_EQ(36, st_recv_record(self->p.raw, &self->p.from, &type, out));
}

/* the limit falls below what an open record refers to already */
TEST_F(rekey, limit_below_open_record)
{
	static uint8_t data[61000];
	uint8_t out[ST_RECORD_MAX], type;
	size_t got = 0;
	int fd[2], n;

	ASSERT_EQ(0, push_keys(self));
	st_fill(data, sizeof(data), 0);
	ASSERT_EQ(0, pipe(fd));
	ASSERT_LT(0, fcntl(fd[1], F_SETPIPE_SZ, 1 << 18));
	/* pages that do not end where a record does */
	ASSERT_EQ(3001, write(fd[1], data, 3001));
	ASSERT_EQ(3001, splice(fd[0], NULL, self->p.fd, NULL, 3001, SPLICE_F_MORE));
	ASSERT_EQ(sizeof(data) - 3001, write(fd[1], data + 3001, sizeof(data) - 3001));
	ASSERT_TRUE(pauses(self));
	key_is(&self->rx, &self->next_to, 1);
	request_key_set(&self->r, &self->c, self->p.fd);
	put_u32(&self->r, SHEATH_A_TX_LIMIT, 64);
	put_key(&self->r, &self->rx);
	ASSERT_EQ(0, client_ask(&self->c, &self->r, &self->a));
	ASSERT_EQ(sizeof(data) - 3001, splice(fd[0], NULL, self->p.fd, NULL, sizeof(data) - 3001,
					      0));
	while (got < sizeof(data)) {
		n = st_recv_record(self->p.raw, &self->p.from, &type, out);
		ASSERT_LE(0, n);
		EXPECT_LE(n, got ? 64 : 16384);
		ASSERT_TRUE(st_check(out, n, got));
		got += n;
	}
	close(fd[0]);
	close(fd[1]);
}

/* what the answer says is what the peer sees */
TEST_F(rekey, without_memory)
{
	bool can = st_faults_ready(), hit = can;
	unsigned int nth, refused = 0;
	int err;

	for (nth = 1; hit && nth < ST_FAULTS_MAX; nth++) {
		ASSERT_EQ(0, push_keys(self));
		key_is(&self->tx, &self->next_from, 1);
		key_is(&self->rx, &self->next_to, 1);
		self->tx.flags |= SHEATH_KEY_SEND_KEY_UPDATE;
		request_key_set(&self->r, &self->c, self->p.fd);
		put_key(&self->r, &self->tx);
		put_key(&self->r, &self->rx);
		self->tx.flags &= ~SHEATH_KEY_SEND_KEY_UPDATE;
		hit = ask_with_fault(&self->c, &self->r, &self->a, nth) && can;
		err = self->a.err;
		EXPECT_FALSE(answer_leaks(&self->a));
		ASSERT_EQ(0, ask_session(&self->c, self->p.fd, &self->a));
		/* a cipher that fails within a record ends the session */
		if (attr_u32(&self->a, SHEATH_A_STATE) == SHEATH_STATE_UP) {
			uint32_t epoch = attr_u32(&self->a, SHEATH_A_TX_EPOCH);

			EXPECT_EQ(epoch, attr_u32(&self->a, SHEATH_A_RX_EPOCH));
			if (err != -ECOMM) {
				EXPECT_EQ(!err, epoch);
				refused += !!err;
			}
			/* TCP may have had no memory for the KeyUpdate: it goes with the data then */
			ASSERT_EQ(1, send(self->p.fd, "x", 1, 0));
			if (epoch) {
				EXPECT_TRUE(st_peer_expect(&self->p, TLS_HANDSHAKE, key_update, 5));
				self->p.from = self->next_from;
				self->p.to = self->next_to;
			}
			EXPECT_TRUE(st_peer_expect(&self->p, TLS_DATA, "x", 1));
			EXPECT_TRUE(gets(&self->p, "x"));
		}
		st_peer_close(&self->p);
		ASSERT_EQ(0, open_attached(&self->p));
	}
	EXPECT_LT(nth, ST_FAULTS_MAX);
	if (can) {
		EXPECT_LT(5, refused);
	}
}

TEST_HARNESS_MAIN
