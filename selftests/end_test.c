// SPDX-License-Identifier: GPL-2.0
/*
 * What send() took reaches the peer, or the peer sees a reset: every way to end, with bytes that
 * TCP has no room for, for every reason. The peer is in-tree TLS, or OpenSSL in user space.
 *
 * By default each pair of two properties is there; with SHEATH_STRESS in the environment all
 * combinations.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/time.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "cmsg.h"
#include "fault.h"
#include "limit.h"
#include "patience.h"
#include "record.h"
#include "secret.h"

enum { ALERT = 21, HANDSHAKE = 22, DATA = 23 };

#define FULL		16384
#define TOTAL		600000
#define WAIT_US		50000	/* how long a sender that blocks tries, if nobody reads */
#define NAP_US		300	/* between two reads of a slow reader */
#define PATIENCE_MS	20000
#define FIN_MS		100
#define N_FAULTS	200
#define LIMIT		600

/* who protects, and who reads */
static const struct suite {
	const char *name;
	uint16_t version, cipher;
	uint8_t mac;
	bool in_tree;	/* the peer is in-tree TLS */
	bool app;	/* close_notify is the application's business */
	bool secret;	/* keys can change */
} suites[] = {
	{ "1.2 GCM", TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_128, .in_tree = true },
	{ "1.3 GCM", TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_256, .in_tree = true },
	{ "1.2 CBC", TLS_1_2_VERSION, SHEATH_CIPHER_AES_128_CBC, .mac = SHEATH_MAC_SHA1 },
	{ "1.2 GCM app", TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_128, .app = true },
	{ "1.3 GCM secret", TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_128, .secret = true },
};

#define N_SUITES	ARRAY_SIZE(suites)
#define WITH_SECRET	(N_SUITES - 1)

/**
 * struct session - a connection that is filled and ended
 * @suite: how it is protected
 * @fd: the sheath socket
 * @raw: the peer's
 * @to: key of the records sent to @fd
 * @from: key of the records @fd sends
 * @to_secret: secret of @to
 * @from_secret: secret of @from
 * @slow: the peer reads, slowly, while there is a sender
 * @lossy: TCP may have had no memory for the FIN
 * @ended: the socket is, and @taken is final
 * @thread: peer that does
 * @taken: bytes the calls that send said were taken
 * @got: bytes the peer has of the pattern
 * @alert: the alert that came last, level << 8 | description
 * @end: how the stream ended for the peer: 0 or an errno
 * @why: what is wrong with what came, NULL: nothing
 */
struct session {
	const struct suite *suite;
	int fd;
	int raw;
	struct st_key to, from;
	struct st_secret to_secret, from_secret;
	bool slow;
	bool lossy;
	volatile bool ended;
	pthread_t thread;
	long long taken;
	long long got;
	int alert;
	int end;
	const char *why;
};

/* ways to send */

static char pattern[TOTAL];
static int file;

static int block(struct session *s)
{
	struct timeval t = { .tv_usec = WAIT_US };

	return s->slow ? 0 : setsockopt(s->fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
}

/* until there is no room, or no more to send */
static void send_in(struct session *s, size_t chunk, int flags)
{
	ssize_t n = 1;

	while (s->taken < TOTAL && n > 0) {
		size_t part = TOTAL - s->taken < chunk ? TOTAL - s->taken : chunk;

		n = send(s->fd, pattern + s->taken, part, flags | MSG_NOSIGNAL);
		s->taken += n > 0 ? n : 0;
	}
}

static void send_file(struct session *s)
{
	off_t at = 0;

	while (s->taken < TOTAL) {
		ssize_t n = sendfile(s->fd, file, &at, TOTAL - s->taken);

		if (n <= 0)
			break;
		s->taken += n;
	}
}

static int by_blocking(struct session *s)
{
	if (block(s))
		return -1;
	send_in(s, 50000, 0);
	return 0;
}

static int by_trying(struct session *s)
{
	send_in(s, 10000, MSG_DONTWAIT);
	return 0;
}

static int by_file(struct session *s)
{
	if (fcntl(s->fd, F_SETFL, O_NONBLOCK))
		return -1;
	send_file(s);
	return 0;
}

static int by_blocking_file(struct session *s)
{
	if (block(s))
		return -1;
	send_file(s);
	return 0;
}

/* a record is left open */
static int by_more(struct session *s)
{
	send_in(s, 3001, MSG_DONTWAIT | MSG_MORE);
	return 0;
}

static const struct {
	const char *name;
	int (*fn)(struct session *s);
} ways[] = {
	{ "blocking", by_blocking },
	{ "non-blocking", by_trying },
	{ "sendfile()", by_file },
	{ "blocking sendfile()", by_blocking_file },
	{ "MSG_MORE", by_more },
};

#define N_WAYS	ARRAY_SIZE(ways)

/* ways to end; what the peer has to send for them comes before */

static bool get(struct session *s, ssize_t want)
{
	char buf[16];

	return fcntl(s->fd, F_SETFL, 0) == 0 && st_be_patient(s->fd, 5000) == 0 &&
	       recv(s->fd, buf, sizeof(buf), 0) == want;
}

static int no_prologue(struct session *s)
{
	return 0;
}

/* the answer to each request: there is no room for it, or it is not yet time for another one */
static int ask_for_key(struct session *s)
{
	static const char update[] = { 24, 0, 0, 1, 1 };
	int i;

	for (i = 0; i < 2; i++) {
		if (st_send_record(s->raw, &s->to, HANDSHAKE, update, sizeof(update)))
			return -1;
		st_secret_next(&s->to_secret);
		s->to = st_secret_key(&s->to_secret, s->suite->cipher);
		/* what was read before the data is the request */
		if (st_send_record(s->raw, &s->to, DATA, "x", 1) || !get(s, 1))
			return -1;
	}
	return 0;
}

static int send_rubbish(struct session *s)
{
	static const char rubbish[5 + 48] = { DATA, 3, 3, 0, 48 };

	return st_send_all(s->raw, rubbish, sizeof(rubbish), 0) || !get(s, -1) ? -1 : 0;
}

static void by_close(struct session *s)
{
	close(s->fd);
	s->fd = -1;
}

static void by_shutdown(struct session *s)
{
	shutdown(s->fd, SHUT_WR);
}

static void by_option(struct session *s)
{
	setsockopt(s->fd, SOL_TLS, SHEATH_CLOSE_NOTIFY, NULL, 0);
	by_close(s);
}

static const struct ending {
	const char *name;
	int (*prologue)(struct session *s);
	void (*fn)(struct session *s);
	bool notify;	/* close_notify whoever's business it is */
	bool fatal;	/* a fatal alert instead of close_notify */
	bool reset;	/* the peer's bytes are not all read: a reset is in order */
	bool secret;	/* needs one */
} endings[] = {
	{ "close()", no_prologue, by_close },
	{ "shutdown()", no_prologue, by_shutdown },
	{ "SHEATH_CLOSE_NOTIFY", no_prologue, by_option, .notify = true },
	{ "a bad record, close()", send_rubbish, by_close, .fatal = true, .reset = true },
	{ "a bad record, shutdown()", send_rubbish, by_shutdown, .fatal = true },
	{ "a new key asked for", ask_for_key, by_close, .secret = true },
};

#define N_ENDINGS	ARRAY_SIZE(endings)

/* the peer */

/* is there more? Who has all of it need not wait for a FIN that TCP could not send */
static bool more_comes(const struct session *s)
{
	int i;

	for (i = 0; i < PATIENCE_MS / FIN_MS; i++) {
		if (st_poll(s->raw, POLLIN, FIN_MS))
			return true;
		if (s->ended && s->got == s->taken)
			return false;
	}
	return false;
}

static int next_record(struct session *s, int *type, uint8_t *buf)
{
	uint8_t t = 0;
	int n;

	if (s->lossy && !more_comes(s)) {
		errno = EAGAIN;
		return -1;
	}
	errno = 0;
	if (s->suite->in_tree) {
		n = st_recv_type(s->raw, buf, FULL, type);
		return n ? n : -1;
	}
	n = st_recv_record(s->raw, &s->from, &t, buf);
	*type = t;
	return n;
}

static void take_record(struct session *s, int type, const uint8_t *buf, int n)
{
	if (s->alert) {
		s->why = "a record behind the alert";
	} else if (type == DATA) {
		if (!st_check(buf, n, s->got))
			s->why = "other bytes";
		s->got += n;
	} else if (type == ALERT && n == 2) {
		s->alert = buf[0] << 8 | buf[1];
	} else if (type == HANDSHAKE && s->suite->secret) {
		st_secret_next(&s->from_secret);
		s->from = st_secret_key(&s->from_secret, s->suite->cipher);
	} else {
		s->why = "a record of another type";
	}
}

static void *peer(void *arg)
{
	struct session *s = arg;
	uint8_t buf[ST_RECORD_MAX];
	int n, type;

	while (!s->why && (n = next_record(s, &type, buf)) >= 0) {
		take_record(s, type, buf, n);
		if (s->slow)
			usleep(NAP_US);
	}
	s->end = errno;
	if (!s->why && n == -2)
		s->why = "a record that does not verify";
	return NULL;
}

static int set_keys(struct session *s)
{
	const struct suite *u = s->suite;

	s->to = st_key_mac(u->version, u->cipher, u->mac, false, 0, 1);
	s->from = st_key_mac(u->version, u->cipher, u->mac, false, 0, 2);
	if (u->secret) {
		s->to_secret = st_secret(u->cipher, 1);
		s->from_secret = st_secret(u->cipher, 2);
		s->to = st_secret_key(&s->to_secret, u->cipher);
		s->from = st_secret_key(&s->from_secret, u->cipher);
		return st_attach(s->fd, ST_SHEATH) ||
		       st_set_secret(s->fd, TLS_RX, u->cipher, &s->to_secret) ||
		       st_set_secret(s->fd, TLS_TX, u->cipher, &s->from_secret) ? -1 : 0;
	}
	if (u->app)
		return st_set(s->fd, ST_SHEATH, TLS_RX, &s->to) ||
		       st_set(s->fd, ST_SHEATH, TLS_TX, &s->from) ? -1 : 0;
	return st_set_sheath(s->fd, TLS_RX, &s->to) || st_set_sheath(s->fd, TLS_TX, &s->from) ||
	       (u->in_tree && st_set(s->raw, ST_IN_TREE, TLS_RX, &s->from)) ? -1 : 0;
}

static int session_open(struct session *s, enum st_limit limit)
{
	int fd[2];

	if (st_limit_pair(limit, fd))
		return -1;
	s->fd = fd[0];
	s->raw = fd[1];
	if (set_keys(s) || st_be_patient(s->raw, PATIENCE_MS))
		return -1;
	return s->slow ? pthread_create(&s->thread, NULL, peer, s) : 0;
}

static void session_close(struct session *s)
{
	if (s->slow)
		pthread_join(s->thread, NULL);
	else
		peer(s);
	if (s->fd >= 0)
		close(s->fd);
	close(s->raw);
}

/* NULL if the end was the truth about what was taken */
static const char *judge(const struct session *s, const struct ending *e, bool may_reset)
{
	bool whole = s->got == s->taken;

	if (s->why)
		return s->why;
	if (s->got > s->taken)
		return "more than was taken";
	if (s->alert == 0x100 && !whole)
		return "close_notify for bytes that are lost";
	/* whom TCP has no memory to send a FIN to, waits, and nothing false was said */
	if (s->end == EAGAIN && may_reset && whole)
		return NULL;
	if (s->end == ECONNRESET)
		return may_reset || e->reset ? NULL : "a reset without need";
	if (s->end)
		return strerror(s->end);
	if (!whole)
		return "a clean end short of it";
	/* who could not seal an alert says nothing false without it */
	if (may_reset)
		return NULL;
	if (e->fatal)
		return s->suite->app || s->alert >> 8 == 2 ? NULL : "no fatal alert";
	if (e->notify || !s->suite->app)
		return s->alert == 0x100 ? NULL : "no close_notify";
	return s->alert ? "an alert" : NULL;
}

/* what goes wrong while it is ended */
struct trouble {
	unsigned int nth;	/* this allocation fails */
	bool packets;		/* no packet can be had */
	bool hit;
};

/* one way to send, one to end; an error text or NULL */
static const char *run(struct session *s, enum st_limit limit, unsigned int way,
		       const struct ending *e, struct trouble *t)
{
	s->lossy = t;
	if (session_open(s, limit))
		return "no session";
	if (ways[way].fn(s))
		return "no way to send";
	if (e->prologue(s))
		return "no way to end";
	if (t && t->packets)
		st_fault_packets(true);
	if (t && t->nth)
		st_fault_begin(t->nth);
	e->fn(s);
	s->ended = true;
	if (t && t->nth)
		t->hit = st_fault_end();
	if (t && t->packets)
		st_fault_packets(false);
	session_close(s);
	if (!s->taken)
		return "nothing was taken";
	return judge(s, e, t != NULL);
}

static bool whole_matrix(void)
{
	return getenv("SHEATH_STRESS");
}

/* each two properties meet, if not all do */
static bool chosen(unsigned int limit, unsigned int e, unsigned int way, unsigned int suite,
		   bool slow)
{
	if (endings[e].secret != (suite == WITH_SECRET) && endings[e].secret)
		return false;
	if (whole_matrix())
		return true;
	if (!endings[e].secret && suite != (e + 2 * way + limit) % N_SUITES)
		return false;
	return slow == ((e ^ way ^ limit) & 1);
}

static void tell(struct __test_metadata *_metadata, const struct session *s, unsigned int way,
		 const struct ending *e, const struct trouble *t, const char *why)
{
	EXPECT_EQ(NULL, why) {
		TH_LOG("%s, %s, %s, read %s, fault %u: %s; %lld of %lld", s->suite->name,
		       ways[way].name, e->name, s->slow ? "slowly" : "after", t ? t->nth : 0, why,
		       s->got, s->taken);
	}
}

static void source_open(void)
{
	st_fill(pattern, sizeof(pattern), 0);
	file = memfd_create("data", 0);
	if (pwrite(file, pattern, sizeof(pattern), 0) != sizeof(pattern))
		abort();
}

FIXTURE(end)
{
	unsigned int n;
};

FIXTURE_VARIANT(end)
{
	enum st_limit limit;
};

FIXTURE_VARIANT_ADD(end, none) { ST_LIMIT_NONE };
FIXTURE_VARIANT_ADD(end, lowat) { ST_LIMIT_LOWAT };
FIXTURE_VARIANT_ADD(end, lowat_all) { ST_LIMIT_LOWAT_ALL };
FIXTURE_VARIANT_ADD(end, sndbuf) { ST_LIMIT_SNDBUF };
FIXTURE_VARIANT_ADD(end, packets_of_576) { ST_LIMIT_576 };
FIXTURE_VARIANT_ADD(end, packets_of_1500) { ST_LIMIT_1500 };
FIXTURE_VARIANT_ADD(end, slow_line) { ST_LIMIT_NETEM };
FIXTURE_VARIANT_ADD(end, memory_cgroup) { ST_LIMIT_MEMCG };

FIXTURE_SETUP(end)
{
	self->n = 0;
	source_open();
}

FIXTURE_TEARDOWN(end)
{
	close(file);
	st_limit_end(variant->limit);
}

TEST_F_TIMEOUT(end, is_true, LIMIT)
{
	const char *lacks = st_limit_begin(variant->limit);
	unsigned int i, n = 2 * N_SUITES * N_WAYS * N_ENDINGS;

	if (lacks) {
		TH_LOG("left out: %s", lacks);
		return;
	}
	for (i = 0; i < n; i++) {
		unsigned int suite = i / 2 % N_SUITES, way = i / 2 / N_SUITES % N_WAYS;
		unsigned int e = i / 2 / N_SUITES / N_WAYS;
		struct session s = { .suite = &suites[suite], .slow = i & 1 };

		if (!chosen(variant->limit, e, way, suite, s.slow))
			continue;
		self->n++;
		tell(_metadata, &s, way, &endings[e], NULL,
		     run(&s, variant->limit, way, &endings[e], NULL));
	}
	EXPECT_LE(N_WAYS * N_ENDINGS, self->n);
}

/* memory that is not there while the connection is ended: it may be reset */
FIXTURE(fault)
{
	bool can;
};

FIXTURE_VARIANT(fault)
{
	enum st_limit limit;
};

FIXTURE_VARIANT_ADD(fault, none) { ST_LIMIT_NONE };
FIXTURE_VARIANT_ADD(fault, lowat) { ST_LIMIT_LOWAT };
FIXTURE_VARIANT_ADD(fault, sndbuf) { ST_LIMIT_SNDBUF };

FIXTURE_SETUP(fault)
{
	source_open();
	self->can = st_faults_ready();
	if (!self->can)
		TH_LOG("left out: this kernel cannot make allocations fail");
}

FIXTURE_TEARDOWN(fault)
{
	close(file);
}

static void each_allocation(struct __test_metadata *_metadata, enum st_limit limit, unsigned int e,
			    unsigned int way, unsigned int suite, bool slow)
{
	struct trouble t = { .nth = 1, .hit = true };

	/* there are about twenty */
	for (; t.hit && t.nth < N_FAULTS; t.nth += whole_matrix() ? 1 : 5) {
		struct session s = { .suite = &suites[suite], .slow = slow };

		tell(_metadata, &s, way, &endings[e], &t, run(&s, limit, way, &endings[e], &t));
	}
	EXPECT_GT(N_FAULTS, t.nth);
}

TEST_F_TIMEOUT(fault, one_allocation, LIMIT)
{
	unsigned int e, way, suite;

	for (e = 0; self->can && e < N_ENDINGS; e++) {
		for (way = 0; way < N_WAYS; way++) {
			for (suite = 0; suite < N_SUITES; suite++) {
				bool slow = (e ^ way ^ variant->limit) & 1;

				if (chosen(variant->limit, e, way, suite, slow))
					each_allocation(_metadata, variant->limit, e, way, suite,
							slow);
			}
		}
	}
}

TEST_F_TIMEOUT(fault, no_packets, LIMIT)
{
	struct trouble t = { .packets = true };
	unsigned int e, way, suite;

	for (e = 0; self->can && e < N_ENDINGS; e++) {
		for (way = 0; way < N_WAYS; way++) {
			for (suite = 0; suite < N_SUITES; suite++) {
				struct session s = { .suite = &suites[suite] };

				if (endings[e].secret && suite != WITH_SECRET)
					continue;
				if (!whole_matrix() && !endings[e].secret &&
				    suite != (e + 2 * way + variant->limit) % N_SUITES)
					continue;
				tell(_metadata, &s, way, &endings[e], &t,
				     run(&s, variant->limit, way, &endings[e], &t));
			}
		}
	}
}

TEST_HARNESS_MAIN
