// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that is not there: each allocation of a call fails in turn. Whatever the call says
 * has to be true of the stream, and the connection goes on or is over, and says so.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/time.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "fault.h"
#include "matrix.h"
#include "patience.h"
#include "peer.h"
#include "stream.h"
#include "zip.h"

enum { ALERT = 21, HANDSHAKE = 22, DATA = 23 };

#define FULL		16384
#define N_FAULTS	1000
#define LIMIT		300
#define PATIENCE_S	5

#define CANNOT		"this kernel cannot make allocations fail"
#define V10		SHEATH_TLS_1_0_VERSION
#define V12		TLS_1_2_VERSION
#define V13		TLS_1_3_VERSION

/* what a lack of memory may be called */
static bool is_fault(int err)
{
	return err == ENOMEM || err == ENOBUFS || err == EFAULT || err == EAGAIN;
}

/* the same, or a cipher's that ends the session */
static bool is_fault_or_end(int err)
{
	return is_fault(err) || err == EIO;
}

static bool is_over(int fd)
{
	struct sheath_info info;
	socklen_t len = sizeof(info);

	return getsockopt(fd, SOL_TLS, SHEATH_INFO, &info, &len) ||
	       info.state == SHEATH_STATE_FAILED;
}

static int be_patient(int fd)
{
	return st_be_patient(fd, 1000 * PATIENCE_S);
}

/* in-tree TLS has no suites with a MAC: both ends are ours then */
static int pair_open(int fd[2], int family, const char *tx, const char *rx, uint16_t version,
		     uint16_t cipher)
{
	bool etm = version == V12;
	struct st_key to1 = st_key_mac(version, cipher, SHEATH_MAC_SHA1, etm, 0, 1);
	struct st_key to0 = st_key_mac(version, cipher, SHEATH_MAC_SHA1, etm, 0, 2);

	if (cipher != SHEATH_CIPHER_AES_128_CBC)
		return st_pair_keyed(family, fd, tx, rx, version, cipher);
	return st_pair(family, fd) || st_set_sheath(fd[0], TLS_TX, &to1) ||
	       st_set_sheath(fd[0], TLS_RX, &to0) || st_set_sheath(fd[1], TLS_RX, &to1) ||
	       st_set_sheath(fd[1], TLS_TX, &to0) ? -1 : 0;
}

/* right bytes until it ends one way or the other; how many, or -1 */
static long long prefix(int fd)
{
	static char buf[FULL];
	long long pos = 0;
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0) {
		if (!st_check(buf, n, pos))
			return -1;
		pos += n;
	}
	return pos;
}

/* ways to send, from the first byte of the pattern on; bytes taken, or -1 */

struct source {
	int fd;
	int file;
	int pipe[2];
};

/* filled before a fault is asked for: touching memory allocates, too */
static char pattern[3 * FULL];

static ssize_t send_some(const struct source *s, size_t len, int flags)
{
	return send(s->fd, pattern, len, flags | MSG_DONTWAIT | MSG_NOSIGNAL);
}

static ssize_t send_small(const struct source *s)
{
	return send_some(s, 100, 0);
}

static ssize_t send_copied(const struct source *s)
{
	return send_some(s, 10000, 0);
}

static ssize_t send_pinned(const struct source *s)
{
	return send_some(s, 2 * FULL + 5000, 0);
}

static ssize_t send_more(const struct source *s)
{
	return send_some(s, FULL + 5000, MSG_MORE);
}

static ssize_t send_file(const struct source *s)
{
	off_t at = 0;

	return sendfile(s->fd, s->file, &at, 2 * FULL + 5000);
}

static ssize_t send_full_file(const struct source *s)
{
	off_t at = 0;

	return sendfile(s->fd, s->file, &at, 2 * FULL);
}

static ssize_t send_pipe(const struct source *s)
{
	return splice(s->pipe[0], NULL, s->fd, NULL, FULL + 5000,
		      SPLICE_F_NONBLOCK | SPLICE_F_MORE);
}

static const struct way {
	const char *name;
	ssize_t (*fn)(const struct source *s);
	bool open;	/* leaves a record open */
} ways[] = {
	{ "small", send_small },
	{ "copied", send_copied },
	{ "pinned", send_pinned },
	{ "more", send_more, true },
	{ "file", send_file },
	{ "full file", send_full_file },
	{ "pipe", send_pipe, true },
};

#define N_WAYS	(sizeof(ways) / sizeof(*ways))

static int source_open(struct source *s)
{
	st_fill(pattern, sizeof(pattern), 0);
	s->file = memfd_create("data", 0);
	if (pwrite(s->file, pattern, sizeof(pattern), 0) != sizeof(pattern) ||
	    pipe2(s->pipe, O_NONBLOCK))
		return -1;
	return write(s->pipe[1], pattern, FULL + 5000) == FULL + 5000 ? 0 : -1;
}

static void source_close(struct source *s)
{
	close(s->file);
	close(s->pipe[0]);
	close(s->pipe[1]);
}

FIXTURE(sends)
{
	int fd[2];
	struct source s;
};

FIXTURE_VARIANT(sends)
{
	ST_VARIANT_FIELDS
};

ST_VARIANTS_SENDS(sends)
ST_VARIANT(sends, 13_chacha20, TLS_1_3_VERSION, TLS_CIPHER_CHACHA20_POLY1305, AF_INET,
	   ST_SHEATH, ST_IN_TREE)
ST_VARIANT(sends, 10_mte, V10, SHEATH_CIPHER_AES_128_CBC, AF_INET, ST_SHEATH, ST_SHEATH)
ST_VARIANT(sends, 12_etm, V12, SHEATH_CIPHER_AES_128_CBC, AF_INET, ST_SHEATH, ST_SHEATH)

FIXTURE_SETUP(sends)
{
	if (!st_faults_ready())
		SKIP(return, CANNOT);
}

FIXTURE_TEARDOWN(sends)
{
}

static int sends_open(FIXTURE_DATA(sends) *self, const FIXTURE_VARIANT(sends) *variant)
{
	if (pair_open(self->fd, variant->family, variant->tx, variant->rx, variant->version,
		      variant->cipher) || source_open(&self->s))
		return -1;
	self->s.fd = self->fd[0];
	return be_patient(self->fd[1]);
}

static void sends_close(FIXTURE_DATA(sends) *self)
{
	close(self->fd[0]);
	close(self->fd[1]);
	source_close(&self->s);
}

/* what the peer gets is what was taken, with no help from further calls, and it goes on */
static const char *judge_send(FIXTURE_DATA(sends) *self, const struct way *way, ssize_t taken)
{
	char buf[FULL];

	if (taken < 0 && !is_fault_or_end(errno))
		return "another error";
	if (is_over(self->fd[0])) {
		close(self->fd[0]);
		self->fd[0] = -1;
		return prefix(self->fd[1]) < 0 ? "other bytes before the session failed" : NULL;
	}
	if (taken < 0)
		taken = 0;
	if (way->open && send(self->fd[0], buf, 0, MSG_NOSIGNAL))
		return "what was open could not be ended";
	if (st_expect(self->fd[1], 0, taken, FULL))
		return "not what was taken";
	if (st_write(self->fd[0], taken, 20000, 20000) || st_expect(self->fd[1], taken, 20000, FULL))
		return "it did not go on";
	return NULL;
}

TEST_F_TIMEOUT(sends, each_way, LIMIT)
{
	unsigned int i, nth, n_failed;

	for (i = 0; i < N_WAYS; i++) {
		bool hit = true;

		for (nth = 1, n_failed = 0; hit && nth < N_FAULTS; nth++) {
			const char *why;
			ssize_t taken;

			ASSERT_EQ(0, sends_open(self, variant));
			st_fault_begin(nth);
			taken = ways[i].fn(&self->s);
			hit = st_fault_end();
			n_failed += taken < 0;
			why = judge_send(self, &ways[i], taken);
			EXPECT_EQ(NULL, why) {
				TH_LOG("%s, fault %u, %zd: %s", ways[i].name, nth, taken, why);
			}
			sends_close(self);
		}
		EXPECT_GT(N_FAULTS, nth);
		EXPECT_LT(0, n_failed) {
			TH_LOG("%s: no fault of %u was told", ways[i].name, nth);
		}
	}
}

/* nothing is in flight, so no acknowledgement comes at which TCP would ask for more */
TEST_F(sends, no_memory_in_tcp)
{
	ssize_t taken;

	ASSERT_EQ(0, sends_open(self, variant));
	ASSERT_EQ(0, st_fault_packets(true));
	taken = send_small(&self->s);
	ASSERT_EQ(0, st_fault_packets(false));
	EXPECT_EQ(100, taken);
	EXPECT_EQ(0, st_expect(self->fd[1], 0, 100, 100));
	EXPECT_EQ(0, st_write(self->fd[0], 100, 100, 100));
	EXPECT_EQ(0, st_expect(self->fd[1], 100, 100, 100));
	sends_close(self);
}

/* EAGAIN until the first record is gone, and poll() tells when */
TEST_F(sends, no_memory_in_tcp_twice)
{
	ssize_t taken, second;

	ASSERT_EQ(0, sends_open(self, variant));
	ASSERT_EQ(0, st_fault_packets(true));
	taken = send_small(&self->s);
	second = send_small(&self->s);
	EXPECT_TRUE(second < 0 && errno == EAGAIN);
	ASSERT_EQ(0, st_fault_packets(false));
	EXPECT_EQ(100, taken);
	EXPECT_NE(0, st_poll(self->fd[0], POLLOUT, 1000));
	EXPECT_EQ(0, st_expect(self->fd[1], 0, 100, 100));
	sends_close(self);
}

struct sender {
	pthread_t thread;
	int fd;
	volatile bool ready;
	volatile bool stop;
	int rc;
	ssize_t n;
};

static void nothing(int sig)
{
}

/* blocks, as every attempt of TCP to get memory fails; until a signal comes */
static void *send_without_packets(void *arg)
{
	struct sender *s = arg;
	static char buf[10 * FULL];

	st_fill(buf, sizeof(buf), 0);
	s->rc = st_fault_packets(true);
	s->ready = true;
	s->n = send(s->fd, buf, sizeof(buf), MSG_NOSIGNAL);
	s->rc |= st_fault_packets(false);
	return NULL;
}

TEST_F(sends, signal_while_tcp_has_no_memory)
{
	struct sigaction act = { .sa_handler = nothing };
	struct sender s = { };

	ASSERT_EQ(0, sigaction(SIGUSR1, &act, NULL));
	ASSERT_EQ(0, sends_open(self, variant));
	s.fd = self->fd[0];
	ASSERT_EQ(0, pthread_create(&s.thread, NULL, send_without_packets, &s));
	while (!s.ready)
		usleep(1000);
	usleep(300000);
	ASSERT_EQ(0, pthread_kill(s.thread, SIGUSR1));
	ASSERT_EQ(0, pthread_join(s.thread, NULL));
	EXPECT_EQ(0, s.rc);
	/* at least the batch that was sealed when TCP was asked first */
	EXPECT_LT(0, s.n);
	EXPECT_GT(10 * FULL, s.n);
	EXPECT_EQ(0, st_expect(self->fd[1], 0, s.n, FULL));
	EXPECT_EQ(0, st_write(self->fd[0], s.n, 100, 100));
	EXPECT_EQ(0, st_expect(self->fd[1], s.n, 100, 100));
	sends_close(self);
}

/* ways to end; a close_notify vouches for every byte that was taken */

static void end_close(struct st_peer *p)
{
	close(p->fd);
	p->fd = -1;
}

static void end_shutdown(struct st_peer *p)
{
	shutdown(p->fd, SHUT_WR);
}

static void end_option(struct st_peer *p)
{
	setsockopt(p->fd, SOL_TLS, SHEATH_CLOSE_NOTIFY, NULL, 0);
}

static const struct {
	const char *name;
	void (*fn)(struct st_peer *p);
} ends[] = {
	{ "close", end_close }, { "shutdown", end_shutdown }, { "option", end_option },
};

#define N_ENDS	(sizeof(ends) / sizeof(*ends))

FIXTURE(farewell)
{
	struct st_peer p;
	struct source s;
};

FIXTURE_VARIANT(farewell)
{
	uint16_t version, cipher;
};

FIXTURE_VARIANT_ADD(farewell, 12) { V12, TLS_CIPHER_AES_GCM_128 };
FIXTURE_VARIANT_ADD(farewell, 13) { V13, TLS_CIPHER_AES_GCM_256 };

FIXTURE_SETUP(farewell)
{
	if (!st_faults_ready())
		SKIP(return, CANNOT);
}

FIXTURE_TEARDOWN(farewell)
{
}

static int farewell_open(FIXTURE_DATA(farewell) *self, const FIXTURE_VARIANT(farewell) *variant)
{
	if (st_peer_open(&self->p, variant->version, variant->cipher, false) ||
	    source_open(&self->s))
		return -1;
	self->s.fd = self->p.fd;
	return be_patient(self->p.raw);
}

static void farewell_close(FIXTURE_DATA(farewell) *self)
{
	st_peer_close(&self->p);
	source_close(&self->s);
}

/* NULL if the wire says the truth about @taken bytes and, if there are less, the counter does */
static const char *judge_end(struct st_peer *p, long long taken, long long dropped)
{
	static uint8_t out[ST_RECORD_MAX];
	long long pos = 0;
	uint8_t type;
	int n;

	while ((n = st_recv_record(p->raw, &p->from, &type, out)) >= 0 && type == DATA) {
		if (!st_check(out, n, pos))
			return "other bytes";
		pos += n;
	}
	if (n == -2)
		return "a record that does not verify";
	if (pos > taken)
		return "more than was taken";
	if (n == 2 && type == ALERT && out[0] == 1 && !out[1])
		return pos == taken ? NULL : "close_notify for bytes that are lost";
	if (n >= 0)
		return "another record";
	return pos < taken && st_stat("TxDropped") == dropped ? "lost and not counted" : NULL;
}

TEST_F_TIMEOUT(farewell, each_end, LIMIT)
{
	static const int before[] = { 0, 3, 6 };
	unsigned int i, j, nth;

	for (i = 0; i < 3 * N_ENDS; i++) {
		bool hit = true;

		for (nth = 1; hit && nth < N_FAULTS; nth++) {
			long long dropped = st_stat("TxDropped"), taken;
			const char *why;

			j = i / 3;
			ASSERT_EQ(0, farewell_open(self, variant));
			taken = ways[before[i % 3]].fn(&self->s);
			ASSERT_LT(0, taken);
			st_fault_begin(nth);
			ends[j].fn(&self->p);
			hit = st_fault_end();
			end_close(&self->p);
			why = judge_end(&self->p, taken, dropped);
			EXPECT_EQ(NULL, why) {
				TH_LOG("%s, %s, fault %u: %s", ways[before[i % 3]].name,
				       ends[j].name, nth, why);
			}
			farewell_close(self);
		}
		EXPECT_GT(N_FAULTS, nth);
	}
}

/* a fault first, and then an end in peace */
TEST_F_TIMEOUT(farewell, after_each_way, LIMIT)
{
	unsigned int i, nth;

	for (i = 0; i < N_WAYS; i++) {
		bool hit = true;

		for (nth = 1; hit && nth < N_FAULTS; nth++) {
			long long dropped = st_stat("TxDropped"), taken;
			const char *why;

			ASSERT_EQ(0, farewell_open(self, variant));
			st_fault_begin(nth);
			taken = ways[i].fn(&self->s);
			hit = st_fault_end();
			end_close(&self->p);
			why = judge_end(&self->p, taken < 0 ? 0 : taken, dropped);
			EXPECT_EQ(NULL, why) {
				TH_LOG("%s, fault %u: %s", ways[i].name, nth, why);
			}
			farewell_close(self);
		}
		EXPECT_GT(N_FAULTS, nth);
	}
}

/* there is no memory for a packet until after the end: nobody can be told, but no lie either */
TEST_F(farewell, no_memory_in_tcp)
{
	long long dropped = st_stat("TxDropped"), taken;
	const char *why;

	ASSERT_EQ(0, farewell_open(self, variant));
	ASSERT_EQ(0, st_fault_packets(true));
	taken = send_small(&self->s);
	end_close(&self->p);
	ASSERT_EQ(0, st_fault_packets(false));
	ASSERT_EQ(100, taken);
	why = judge_end(&self->p, taken, dropped);
	EXPECT_EQ(NULL, why) {
		TH_LOG("%s", why);
	}
	farewell_close(self);
}

/* ways to read; bytes that @buf, or the pipe, has then, or -1 */

#define STREAM	(100 + FULL + 5000)

static ssize_t read_some(int fd, const int *pipe, char *buf)
{
	return recv(fd, buf, 3000, MSG_DONTWAIT);
}

static ssize_t read_all(int fd, const int *pipe, char *buf)
{
	return recv(fd, buf, STREAM, MSG_DONTWAIT);
}

static ssize_t read_peek(int fd, const int *pipe, char *buf)
{
	ssize_t n = recv(fd, buf, STREAM, MSG_DONTWAIT | MSG_PEEK);

	if (n > 0 && !st_check(buf, n, 0)) {
		errno = EILSEQ;
		return -1;
	}
	return n < 0 ? n : 0;
}

static ssize_t read_pipe(int fd, const int *pipe, char *buf)
{
	return splice(fd, NULL, pipe[1], NULL, STREAM, SPLICE_F_NONBLOCK);
}

static const struct reading {
	const char *name;
	ssize_t (*fn)(int fd, const int *pipe, char *buf);
} readings[] = {
	{ "some", read_some },
	{ "all", read_all },
	{ "peek", read_peek },
	{ "pipe", read_pipe },
};

FIXTURE(receives)
{
	int fd[2];
	int pipe[2];
	char buf[STREAM];
};

FIXTURE_VARIANT(receives)
{
	ST_VARIANT_FIELDS
};

ST_VARIANTS_RECEIVES(receives)
ST_VARIANT(receives, 13_chacha20, TLS_1_3_VERSION, TLS_CIPHER_CHACHA20_POLY1305, AF_INET,
	   ST_IN_TREE, ST_SHEATH)
ST_VARIANT(receives, 10_mte, V10, SHEATH_CIPHER_AES_128_CBC, AF_INET, ST_SHEATH, ST_SHEATH)
ST_VARIANT(receives, 12_etm, V12, SHEATH_CIPHER_AES_128_CBC, AF_INET, ST_SHEATH, ST_SHEATH)

FIXTURE_SETUP(receives)
{
	if (!st_faults_ready())
		SKIP(return, CANNOT);
}

FIXTURE_TEARDOWN(receives)
{
}

static int receives_open(FIXTURE_DATA(receives) *self, const FIXTURE_VARIANT(receives) *variant)
{
	if (pair_open(self->fd, variant->family, variant->tx, variant->rx, variant->version,
		      variant->cipher) || pipe2(self->pipe, O_NONBLOCK) ||
	    be_patient(self->fd[1]))
		return -1;
	if (st_write(self->fd[0], 0, 100, 100) || st_write(self->fd[0], 100, STREAM - 100, STREAM))
		return -1;
	memset(self->buf, 0, sizeof(self->buf));
	return st_poll(self->fd[1], POLLIN, 5000) ? 0 : -1;
}

static void receives_close(FIXTURE_DATA(receives) *self)
{
	close(self->fd[0]);
	close(self->fd[1]);
	close(self->pipe[0]);
	close(self->pipe[1]);
}

static const char *judge_read(FIXTURE_DATA(receives) *self, ssize_t n, bool piped)
{
	if (n < 0 && !is_fault(errno))
		return "another error";
	if (n < 0)
		n = 0;
	if (piped && n && read(self->pipe[0], self->buf, n) != n)
		return "less in the pipe";
	if (!st_check(self->buf, n, 0))
		return "other bytes";
	/* what a reader lacks memory for is there for the next one */
	if (is_over(self->fd[1]))
		return "it is over";
	return st_expect(self->fd[1], n, STREAM - n, FULL) ? "not the rest" : NULL;
}

TEST_F_TIMEOUT(receives, each_way, LIMIT)
{
	unsigned int i, nth, n_failed = 0;

	for (i = 0; i < sizeof(readings) / sizeof(*readings); i++) {
		bool hit = true;

		for (nth = 1; hit && nth < N_FAULTS; nth++) {
			const char *why;
			ssize_t n;

			ASSERT_EQ(0, receives_open(self, variant));
			st_fault_begin(nth);
			n = readings[i].fn(self->fd[1], self->pipe, self->buf);
			hit = st_fault_end();
			n_failed += n < 0;
			why = judge_read(self, n, readings[i].fn == read_pipe);
			EXPECT_EQ(NULL, why) {
				TH_LOG("%s, fault %u, %zd: %s", readings[i].name, nth, n, why);
			}
			receives_close(self);
		}
		EXPECT_GT(N_FAULTS, nth);
	}
	EXPECT_LT(5, n_failed);
}

/* keys: all or nothing, and what was refused can be asked for again */

FIXTURE(keys)
{
	int fd[2];
};

FIXTURE_VARIANT(keys)
{
	uint16_t version, cipher;
	bool ours;
	uint8_t mac;
	bool etm, deflate;
};

FIXTURE_VARIANT_ADD(keys, 12) { V12, TLS_CIPHER_AES_GCM_128 };
FIXTURE_VARIANT_ADD(keys, 13) { V13, TLS_CIPHER_AES_CCM_128 };
FIXTURE_VARIANT_ADD(keys, 13_own_option) { V13, TLS_CIPHER_CHACHA20_POLY1305, true };
FIXTURE_VARIANT_ADD(keys, 10_mte) { V10, SHEATH_CIPHER_AES_128_CBC, true, SHEATH_MAC_SHA1 };
FIXTURE_VARIANT_ADD(keys, 12_etm) { V12, SHEATH_CIPHER_AES_256_CBC, true, SHEATH_MAC_SHA256, true };
FIXTURE_VARIANT_ADD(keys, 12_deflate) { V12, SHEATH_CIPHER_AES_128_CBC, true, SHEATH_MAC_SHA1, false,
					true };

FIXTURE_SETUP(keys)
{
	if (!st_faults_ready())
		SKIP(return, CANNOT);
	ASSERT_EQ(0, st_param("legacy", "deflate"));
}

FIXTURE_TEARDOWN(keys)
{
	st_param("legacy", "\n");
}

static int push(int fd, int dir, const struct st_key *k, bool ours)
{
	/* st_attach() would read it back, which is none of what is tested here */
	if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, ST_SHEATH, strlen(ST_SHEATH)) && errno != EEXIST)
		return -1;
	return ours ? st_set_sheath(fd, dir, k) : st_set(fd, ST_SHEATH, dir, k);
}

TEST_F_TIMEOUT(keys, push, LIMIT)
{
	struct st_key k = st_key_mac(variant->version, variant->cipher, variant->mac, variant->etm,
				     0, 1);
	int dir, other, rc, err, in, out, n_failed = 0;
	unsigned int nth;
	bool hit;

	k.zip = variant->deflate ? st_zip_new(15) : NULL;
	for (dir = TLS_TX; dir <= TLS_RX; dir++) {
		for (nth = 1, hit = true; hit && nth < N_FAULTS; nth++) {
			ASSERT_EQ(0, st_pair(AF_INET, self->fd));
			out = self->fd[dir == TLS_RX];
			in = self->fd[dir == TLS_TX];
			st_fault_begin(nth);
			rc = push(self->fd[0], dir, &k, variant->ours);
			err = errno;
			hit = st_fault_end();
			n_failed += rc != 0;
			if (rc) {
				EXPECT_TRUE(is_fault(err)) {
					TH_LOG("fault %u: %s", nth, strerror(err));
				}
				rc = push(self->fd[0], dir, &k, variant->ours);
				EXPECT_EQ(0, rc) {
					TH_LOG("fault %u: %s", nth, strerror(errno));
				}
			}
			other = dir == TLS_TX ? TLS_RX : TLS_TX;
			ASSERT_EQ(0, variant->mac ? st_set_sheath(self->fd[1], other, &k) :
						    st_set(self->fd[1], ST_IN_TREE, other, &k));
			EXPECT_EQ(0, be_patient(in));
			EXPECT_EQ(0, st_write(out, 0, 1000, 1000));
			EXPECT_EQ(0, st_expect(in, 0, 1000, 1000));
			close(self->fd[0]);
			close(self->fd[1]);
		}
		EXPECT_GT(N_FAULTS, nth);
	}
	EXPECT_LT(5, n_failed);
	st_zip_free(k.zip);
}

/* session tickets: one that cannot be kept is counted, one that cannot be fetched stays */

FIXTURE(tickets)
{
	struct st_peer p;
};

FIXTURE_SETUP(tickets)
{
	if (!st_faults_ready())
		SKIP(return, CANNOT);
}

FIXTURE_TEARDOWN(tickets)
{
}

static int keep(int fd)
{
	uint32_t n = 1;

	return setsockopt(fd, SOL_TLS, SHEATH_TICKET, &n, sizeof(n));
}

static int take(int fd)
{
	uint8_t buf[32];
	socklen_t len = sizeof(buf);

	return getsockopt(fd, SOL_TLS, SHEATH_TICKET, buf, &len) ? -1 : (int)len;
}

static int read_data(int fd)
{
	char buf[8];

	return recv(fd, buf, sizeof(buf), 0);
}

static int (*const ticket_calls[])(int fd) = { keep, read_data, take };

TEST_F_TIMEOUT(tickets, each_call, LIMIT)
{
	static const uint8_t one[] = { 4, 0, 0, 3, 1, 2, 3 };
	int rc, err, got, call, n_failed = 0;
	unsigned int nth;
	bool hit;

	for (call = 0; call < 3; call++) {
		for (nth = 1, hit = true; hit && nth < N_FAULTS; nth++) {
			long long dropped = st_stat("RxCtrlDropped");
			struct st_peer *p = &self->p;

			ASSERT_EQ(0, st_peer_open(p, V13, TLS_CIPHER_AES_GCM_128, false));
			ASSERT_EQ(0, be_patient(p->fd));
			ASSERT_EQ(0, call ? keep(p->fd) : 0);
			ASSERT_EQ(0, st_peer_send(p, HANDSHAKE, one, sizeof(one)));
			ASSERT_EQ(0, st_peer_send(p, DATA, "abc", 3));
			st_fault_begin(nth);
			rc = ticket_calls[call](p->fd);
			err = errno;
			hit = st_fault_end();
			n_failed += rc < 0;
			if (rc < 0)
				EXPECT_TRUE(is_fault(err) || err == ENODATA) {
					TH_LOG("call %d, fault %u: %s", call, nth, strerror(err));
				}
			if (!call && rc)
				EXPECT_EQ(0, keep(p->fd));
			/* the data is there in any case */
			EXPECT_EQ(3, call == 1 && rc == 3 ? 3 : read_data(p->fd));
			got = call == 2 && rc > 0 ? rc : take(p->fd);
			dropped = st_stat("RxCtrlDropped") - dropped;
			EXPECT_EQ(dropped ? -1 : (int)sizeof(one), got) {
				TH_LOG("call %d, fault %u: %lld dropped", call, nth, dropped);
			}
			EXPECT_GT(2, dropped);
			st_peer_close(p);
		}
		EXPECT_GT(N_FAULTS, nth);
	}
	EXPECT_LT(3, n_failed);
}

TEST_HARNESS_MAIN
