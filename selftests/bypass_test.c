// SPDX-License-Identifier: GPL-2.0
/* Ways around the record layer, and keys that come while the socket is in use. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/kcm.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "asleep.h"
#include "patience.h"
#include "record.h"

enum { ALERT = 21, DATA = 23 };

#define V12	TLS_1_2_VERSION
#define V13	TLS_1_3_VERSION
#define ROUNDS	30

#define EXPECT_ERR(e, call) do { errno = 0; EXPECT_EQ(-1, call); EXPECT_EQ(e, errno); } while (0)

static int set_int(int fd, int opt, int v)
{
	return setsockopt(fd, SOL_SOCKET, opt, &v, sizeof(v));
}

FIXTURE(bypass)
{
	int fd[2];
	struct st_key k;
	struct st_key back;
};

FIXTURE_VARIANT(bypass)
{
	uint16_t version, cipher;
	int family;
};

FIXTURE_VARIANT_ADD(bypass, tls12) { V12, TLS_CIPHER_AES_GCM_128, AF_INET };
FIXTURE_VARIANT_ADD(bypass, tls13) { V13, TLS_CIPHER_CHACHA20_POLY1305, AF_INET6 };

FIXTURE_SETUP(bypass)
{
	self->k = st_key(variant->version, variant->cipher, 0, 1);
	self->back = st_key(variant->version, variant->cipher, 0, 2);
	ASSERT_EQ(0, st_pair(variant->family, self->fd));
}

FIXTURE_TEARDOWN(bypass)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

static int bpf(int cmd, union bpf_attr *attr)
{
	return syscall(__NR_bpf, cmd, attr, sizeof(*attr));
}

static int sockmap(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_SOCKMAP, .key_size = 4, .value_size = 4,
				.max_entries = 1 };

	return bpf(BPF_MAP_CREATE, &attr);
}

static int sockmap_add(int map, int fd)
{
	uint32_t key = 0, value = fd;
	union bpf_attr attr = { .map_fd = map, .key = (uintptr_t)&key,
				.value = (uintptr_t)&value };

	return bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

/* a page the kernel waits for when it touches it, until wake_page(); -1 if there is no such thing */
static int lazy_page(void **page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	/* poll() of one that blocks is always ready, with an error */
	int fd = syscall(__NR_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	*page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	reg.range.start = (uintptr_t)*page;
	reg.range.len = 4096;
	return fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &reg) ? -1 : fd;
}

static int wake_page(int fd, void *page)
{
	struct uffdio_zeropage zero = { .range = { (uintptr_t)page, 4096 } };

	return ioctl(fd, UFFDIO_ZEROPAGE, &zero);
}

struct repair {
	int fd;
	void *page;
	int rc;
};

static void *set_repair(void *arg)
{
	struct repair *r = arg;

	/* zero: TCP_REPAIR_OFF */
	r->rc = setsockopt(r->fd, IPPROTO_TCP, TCP_REPAIR, r->page, 4);
	return NULL;
}

/* an option that was allowed and is not through yet: a key has to wait */
TEST_F(bypass, repair_while_keyed)
{
	struct repair r = { .fd = self->fd[0] };
	struct pollfd pfd = { .events = POLLIN };
	pthread_t t;

	pfd.fd = lazy_page(&r.page);
	/* a kernel without userfaultfd cannot be stopped there */
	if (pfd.fd < 0)
		return;
	ASSERT_EQ(0, st_attach(self->fd[0], ST_SHEATH));
	ASSERT_EQ(0, pthread_create(&t, NULL, set_repair, &r));
	ASSERT_EQ(1, poll(&pfd, 1, st_patience(5000)));
	ASSERT_EQ(POLLIN, pfd.revents);
	EXPECT_ERR(EBUSY, st_set(self->fd[0], ST_SHEATH, TLS_TX, &self->k));
	EXPECT_ERR(EBUSY, st_set(self->fd[0], ST_SHEATH, TLS_RX, &self->back));
	ASSERT_EQ(0, wake_page(pfd.fd, r.page));
	ASSERT_EQ(0, pthread_join(t, NULL));
	EXPECT_EQ(0, r.rc);
	EXPECT_EQ(0, st_set(self->fd[0], ST_SHEATH, TLS_TX, &self->k));
	EXPECT_EQ(0, st_set(self->fd[0], ST_SHEATH, TLS_RX, &self->back));
	close(pfd.fd);
}

static int refs(void)
{
	FILE *f = fopen("/sys/module/sheath/refcnt", "r");
	int n = -1;

	if (f && fscanf(f, "%d", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}

/* the module stays until the last return from close(), and no longer */
TEST_F(bypass, module_stays)
{
	int before = refs();

	if (before < 0)
		return;
	ASSERT_EQ(0, st_attach(self->fd[0], ST_SHEATH));
	/* the ULP's reference, which may go within close(), and the socket's */
	EXPECT_EQ(before + 2, refs());
	close(self->fd[0]);
	close(self->fd[1]);
	EXPECT_TRUE(ST_COMES_TRUE(refs() == before));
	ASSERT_EQ(0, st_pair(variant->family, self->fd));
}

/* CVE-2026-93824 and others: programs on a sockmap would see and change the record stream */
TEST_F(bypass, sockmap_after_attach)
{
	int map = sockmap();

	if (map < 0)
		SKIP(return, "no BPF_MAP_TYPE_SOCKMAP in this kernel");
	ASSERT_EQ(0, st_attach(self->fd[0], ST_SHEATH));
	EXPECT_EQ(-1, sockmap_add(map, self->fd[0]));
	ASSERT_EQ(0, st_set(self->fd[0], ST_SHEATH, TLS_TX, &self->k));
	EXPECT_EQ(-1, sockmap_add(map, self->fd[0]));
	/* the refusal left nothing behind */
	ASSERT_EQ(0, st_set(self->fd[1], ST_IN_TREE, TLS_RX, &self->k));
	ASSERT_EQ(3, send(self->fd[0], "abc", 3, 0));
	EXPECT_EQ(3, recv(self->fd[1], &self->k, 10, 0));
	EXPECT_EQ(0, memcmp(&self->k, "abc", 3));
	close(map);
}

TEST_F(bypass, sockmap_before_attach)
{
	char buf[8];
	int map = sockmap();

	if (map < 0)
		SKIP(return, "no BPF_MAP_TYPE_SOCKMAP in this kernel");
	ASSERT_EQ(0, sockmap_add(map, self->fd[0]));
	EXPECT_ERR(EBUSY, st_attach(self->fd[0], ST_SHEATH));
	EXPECT_EQ(3, send(self->fd[0], "abc", 3, 0));
	EXPECT_EQ(3, recv(self->fd[1], buf, sizeof(buf), 0));
	close(map);
}

/* has the kernel read messages from the socket, with the sk_user_data of its own; -1: it cannot */
static int kcm_attach(int fd)
{
	static const struct bpf_insn need_more[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insn_cnt = 2,
				.insns = (uintptr_t)need_more, .license = (uintptr_t)"GPL" };
	int kcm = socket(AF_KCM, SOCK_DGRAM, KCMPROTO_CONNECTED);
	struct kcm_attach a = { .fd = fd, .bpf_fd = bpf(BPF_PROG_LOAD, &attr) };

	return kcm < 0 || a.bpf_fd < 0 || ioctl(kcm, SIOCKCMATTACH, &a) ? -1 : kcm;
}

/* RPC has the socket before the daemon that does its handshakes attaches, as KCM has it here */
TEST_F(bypass, kernel_has_the_socket)
{
	int kcm = kcm_attach(self->fd[0]);
	struct kcm_unattach u = { .fd = self->fd[0] };
	char buf[8];

	/* a kernel without KCM */
	if (kcm < 0)
		return;
	EXPECT_EQ(0, st_set(self->fd[0], ST_SHEATH, TLS_TX, &self->k));
	ASSERT_EQ(0, st_set(self->fd[1], ST_IN_TREE, TLS_RX, &self->k));
	ASSERT_EQ(3, send(self->fd[0], "abc", 3, 0));
	EXPECT_EQ(3, recv(self->fd[1], buf, sizeof(buf), 0));
	EXPECT_EQ(0, memcmp(buf, "abc", 3));
	EXPECT_EQ(0, ioctl(kcm, SIOCKCMUNATTACH, &u));
	close(kcm);
}

/* a listener would hand its context to what it accepts: CVE-2023-0461 */
TEST_F(bypass, a_new_life_after_reset)
{
	struct linger l = { .l_onoff = 1 };
	struct sockaddr_in6 sa = { .sin6_family = variant->family };
	socklen_t len = sizeof(sa);
	char c;

	ASSERT_EQ(0, st_set(self->fd[0], ST_SHEATH, TLS_TX, &self->k));
	ASSERT_EQ(0, getpeername(self->fd[0], (struct sockaddr *)&sa, &len));
	ASSERT_EQ(0, setsockopt(self->fd[1], SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	close(self->fd[1]);
	self->fd[1] = -1;
	ASSERT_NE(0, POLLHUP & st_poll(self->fd[0], POLLIN, 5000));
	EXPECT_ERR(ECONNRESET, recv(self->fd[0], &c, 1, 0));
	EXPECT_EQ(-1, listen(self->fd[0], 1));
	EXPECT_EQ(-1, connect(self->fd[0], (struct sockaddr *)&sa, len));
	sa.sin6_family = AF_UNSPEC;
	EXPECT_EQ(-1, connect(self->fd[0], (struct sockaddr *)&sa, len));
	sa.sin6_family = variant->family;
	EXPECT_EQ(-1, connect(self->fd[0], (struct sockaddr *)&sa, len));
	EXPECT_EQ(-1, listen(self->fd[0], 1));
	EXPECT_ERR(EPIPE, send(self->fd[0], "x", 1, MSG_NOSIGNAL));
	/* no key for a dead connection, in the direction that has none */
	EXPECT_ERR(ENOTCONN, st_set(self->fd[0], ST_SHEATH, TLS_RX, &self->back));
}

TEST_F(bypass, flags_that_make_no_sense)
{
	static const int flags[] = { MSG_OOB, MSG_FASTOPEN, MSG_ZEROCOPY };
	unsigned int i;

	ASSERT_EQ(0, set_int(self->fd[0], SO_ZEROCOPY, 1));
	ASSERT_EQ(0, st_set(self->fd[0], ST_SHEATH, TLS_TX, &self->k));
	for (i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		EXPECT_ERR(EOPNOTSUPP, send(self->fd[0], "abc", 3, flags[i]));
	EXPECT_EQ(0, st_poll(self->fd[1], POLLIN, 20));
}

TEST_F(bypass, other_doors)
{
	ASSERT_EQ(0, st_set(self->fd[0], ST_SHEATH, TLS_TX, &self->k));
	ASSERT_EQ(0, st_set(self->fd[0], ST_SHEATH, TLS_RX, &self->back));
	EXPECT_ERR(EEXIST, st_attach(self->fd[0], ST_IN_TREE));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->fd[0], 0));
	/* a queue of TCP's own to write into */
	EXPECT_ERR(EOPNOTSUPP, setsockopt(self->fd[0], IPPROTO_TCP, TCP_REPAIR, &(int){ 1 }, 4));
	EXPECT_EQ(-1, setsockopt(self->fd[0], IPPROTO_TCP, TCP_REPAIR_QUEUE, &(int){ 1 }, 4));
}

TEST_F(bypass, keys_in_repair)
{
	int one = 1, off = 0;

	ASSERT_EQ(0, st_attach(self->fd[0], ST_SHEATH));
	ASSERT_EQ(0, setsockopt(self->fd[0], IPPROTO_TCP, TCP_REPAIR, &one, sizeof(one)));
	EXPECT_ERR(EBUSY, st_set(self->fd[0], ST_SHEATH, TLS_TX, &self->k));
	EXPECT_ERR(EBUSY, st_set(self->fd[0], ST_SHEATH, TLS_RX, &self->back));
	ASSERT_EQ(0, setsockopt(self->fd[0], IPPROTO_TCP, TCP_REPAIR, &off, sizeof(off)));
	EXPECT_EQ(0, st_set(self->fd[0], ST_SHEATH, TLS_TX, &self->k));
}

TEST_F(bypass, module_in_use)
{
	char buf[8];

	ASSERT_EQ(0, st_attach(self->fd[0], ST_SHEATH));
	EXPECT_ERR(EAGAIN, syscall(__NR_delete_module, "sheath", O_NONBLOCK));
	ASSERT_EQ(0, st_set(self->fd[0], ST_SHEATH, TLS_TX, &self->k));
	EXPECT_ERR(EAGAIN, syscall(__NR_delete_module, "sheath", O_NONBLOCK));
	/* it is still there, and whole */
	ASSERT_EQ(0, st_set(self->fd[1], ST_IN_TREE, TLS_RX, &self->k));
	ASSERT_EQ(3, send(self->fd[0], "abc", 3, 0));
	EXPECT_EQ(3, recv(self->fd[1], buf, sizeof(buf), 0));
}

/* a thread inside a call of TCP's */
struct caller {
	pthread_t thread;
	int fd;
	volatile pid_t tid;
	long rc;
};

static void *plain_recv(void *arg)
{
	struct caller *c = arg;
	char buf[8];

	c->tid = gettid();
	c->rc = recv(c->fd, buf, sizeof(buf), 0);
	return NULL;
}

/* it would read the record stream: no key until it is out */
TEST_F(bypass, reader_inside)
{
	struct caller c = { .fd = self->fd[0] };

	ASSERT_EQ(0, st_attach(self->fd[0], ST_SHEATH));
	ASSERT_EQ(0, pthread_create(&c.thread, NULL, plain_recv, &c));
	ASSERT_TRUE(st_falls_asleep(&c.tid));
	EXPECT_ERR(EBUSY, st_set(self->fd[0], ST_SHEATH, TLS_RX, &self->back));
	/* the other direction is nobody's */
	EXPECT_EQ(0, st_set(self->fd[0], ST_SHEATH, TLS_TX, &self->k));
	ASSERT_EQ(3, send(self->fd[1], "abc", 3, 0));
	ASSERT_EQ(0, pthread_join(c.thread, NULL));
	EXPECT_EQ(3, c.rc);
	EXPECT_EQ(0, st_set(self->fd[0], ST_SHEATH, TLS_RX, &self->back));
}

#define PLAIN	(8 << 20)

static void *plain_send(void *arg)
{
	struct caller *c = arg;
	char *buf = calloc(1, PLAIN);

	c->tid = gettid();
	c->rc = send(c->fd, buf, PLAIN, 0);
	free(buf);
	return NULL;
}

static int drain(int fd, long len)
{
	static char buf[65536];

	while (len) {
		ssize_t n = recv(fd, buf, len < (long)sizeof(buf) ? len : (long)sizeof(buf), 0);

		if (n <= 0)
			return -1;
		len -= n;
	}
	return 0;
}

/* it would go on in the clear behind the first records */
TEST_F(bypass, writer_inside)
{
	struct caller c = { .fd = self->fd[0] };
	char buf[8];

	ASSERT_EQ(0, st_attach(self->fd[0], ST_SHEATH));
	ASSERT_EQ(0, set_int(self->fd[0], SO_SNDBUF, 20000));
	ASSERT_EQ(0, pthread_create(&c.thread, NULL, plain_send, &c));
	ASSERT_TRUE(st_falls_asleep(&c.tid));
	EXPECT_ERR(EBUSY, st_set(self->fd[0], ST_SHEATH, TLS_TX, &self->k));
	EXPECT_EQ(0, st_set(self->fd[0], ST_SHEATH, TLS_RX, &self->back));
	ASSERT_EQ(0, drain(self->fd[1], PLAIN));
	ASSERT_EQ(0, pthread_join(c.thread, NULL));
	EXPECT_EQ(PLAIN, c.rc);
	EXPECT_EQ(0, st_set(self->fd[0], ST_SHEATH, TLS_TX, &self->k));
	ASSERT_EQ(0, st_set(self->fd[1], ST_IN_TREE, TLS_RX, &self->k));
	ASSERT_EQ(3, send(self->fd[0], "abc", 3, 0));
	EXPECT_EQ(3, recv(self->fd[1], buf, sizeof(buf), 0));
	EXPECT_EQ(0, memcmp(buf, "abc", 3));
}

/* writers that never stop while the key comes */
struct writers {
	pthread_t thread[2];
	int fd;
	volatile bool stop;
};

#define MARK	"plain"

static void *write_marks(void *arg)
{
	struct writers *w = arg;
	unsigned int i;

	for (i = 0; !w->stop; i++) {
		send(w->fd, MARK, 5, MSG_DONTWAIT | MSG_NOSIGNAL);
		/* two that are inside all the time leave no moment for a key */
		if (i % 8 == 7)
			usleep(20);
	}
	return NULL;
}

/* every byte of the stream: whole marks in the clear, and then records of marks to the end */
static const char *judge(int fd, struct st_key *k)
{
	static uint8_t out[ST_RECORD_MAX];
	uint8_t mark[5], type;
	int n;

	for (;;) {
		if (recv(fd, mark, 5, MSG_PEEK | MSG_WAITALL) != 5)
			return "no record at all";
		if (memcmp(mark, MARK, 5))
			break;
		recv(fd, mark, 5, 0);
	}
	if (mark[0] != DATA || mark[1] != 3 || mark[2] != 3)
		return "neither in the clear nor a record";
	while ((n = st_recv_record(fd, k, &type, out)) > 0) {
		int i;

		if (type == ALERT)
			break;
		for (i = 0; i < n; i += 5) {
			if (n % 5 || memcmp(out + i, MARK, 5))
				return "another content";
		}
	}
	if (n != 2)
		return "what is behind the first record";
	return recv(fd, mark, 1, 0) ? "more than the last alert" : NULL;
}

struct judge_job {
	pthread_t thread;
	int fd;
	struct st_key k;
	const char *why;
};

static void *run_judge(void *arg)
{
	struct judge_job *j = arg;

	j->why = judge(j->fd, &j->k);
	return NULL;
}

TEST_F_TIMEOUT(bypass, key_among_writers, 120)
{
	int round, i;

	for (round = 0; round < ROUNDS; round++) {
		struct judge_job j = { .k = self->k };
		struct writers w = { };
		int fd[2], rc;

		ASSERT_EQ(0, st_pair(variant->family, fd));
		ASSERT_EQ(0, st_attach(fd[0], ST_SHEATH));
		w.fd = fd[0];
		j.fd = fd[1];
		ASSERT_EQ(0, pthread_create(&j.thread, NULL, run_judge, &j));
		for (i = 0; i < 2; i++)
			ASSERT_EQ(0, pthread_create(&w.thread[i], NULL, write_marks, &w));
		do {
			rc = st_set_sheath(fd[0], TLS_TX, &self->k);
			ASSERT_TRUE(!rc || errno == EBUSY);
			sched_yield();
		} while (rc);
		/* at least one under the key */
		ASSERT_EQ(0, st_send_all(fd[0], MARK, 5, 0));
		w.stop = true;
		for (i = 0; i < 2; i++)
			ASSERT_EQ(0, pthread_join(w.thread[i], NULL));
		close(fd[0]);
		ASSERT_EQ(0, pthread_join(j.thread, NULL));
		EXPECT_EQ(NULL, j.why) {
			TH_LOG("round %d: %s", round, j.why);
		}
		close(fd[1]);
	}
}

/* readers that never stop: what they get is plain, or content, and never a record */
static void *read_marks(void *arg)
{
	struct writers *w = arg;
	char buf[5];
	long bad = 0;

	while (!w->stop) {
		ssize_t n = recv(w->fd, buf, 5, MSG_DONTWAIT);

		if (n == 5)
			bad += memcmp(buf, MARK, 5) != 0;
		else if (n >= 0 || errno != EAGAIN)
			bad++;
		else
			/* two that are inside all the time leave no moment for a key */
			usleep(20);
	}
	return (void *)bad;
}

TEST_F_TIMEOUT(bypass, key_among_readers, 120)
{
	int round, i, n;
	void *bad;

	for (round = 0; round < ROUNDS; round++) {
		struct writers w = { };
		struct st_key k = self->k;
		int fd[2], rc;

		ASSERT_EQ(0, st_pair(variant->family, fd));
		ASSERT_EQ(0, st_attach(fd[0], ST_SHEATH));
		w.fd = fd[0];
		ASSERT_EQ(5, send(fd[1], MARK, 5, 0));
		for (i = 0; i < 2; i++)
			ASSERT_EQ(0, pthread_create(&w.thread[i], NULL, read_marks, &w));
		/* as in STARTTLS, the last plain bytes are read when the key comes */
		while (st_poll(fd[0], POLLIN, 0))
			sched_yield();
		do {
			rc = st_set_sheath(fd[0], TLS_RX, &self->k);
			ASSERT_TRUE(!rc || errno == EBUSY);
			sched_yield();
		} while (rc);
		for (n = 0; n < 50; n++)
			ASSERT_EQ(0, st_send_record(fd[1], &k, DATA, MARK, 5));
		while (st_poll(fd[0], POLLIN, 0))
			sched_yield();
		w.stop = true;
		for (i = 0; i < 2; i++) {
			ASSERT_EQ(0, pthread_join(w.thread[i], &bad));
			EXPECT_EQ(NULL, bad);
		}
		close(fd[0]);
		close(fd[1]);
	}
}

TEST_HARNESS_MAIN
