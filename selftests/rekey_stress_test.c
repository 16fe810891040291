// SPDX-License-Identifier: GPL-2.0
/*
 * Keys that change under load: eight threads send and two read on one socket, one has the
 * sending key changed all the time, the limit of its use changes it as well, and the peer
 * changes its own key and asks for ours.
 *
 * The peer is made of records in user space. It opens every record with the key of its epoch
 * and the number that follows the last one, so no pair of key and number is used twice, none
 * is left out, and a key never changes but behind a KeyUpdate: any other record would not
 * verify. SHEATH_STRESS_SECONDS is how long all of it takes, 10 by default.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "patience.h"
#include "peer.h"
#include "secret.h"

enum { ALERT = 21, HANDSHAKE = 22, DATA = 23 };

#define SENDERS		8
#define READERS		2
#define VARIANTS	3
#define SOFT		100000	/* blocks, some 300 records; see limit_soft of the module */
#define RECORD		16384
#define CELL		64	/* what the peer's records are made of */

/* what each message begins with */
struct head {
	uint32_t sender;
	uint32_t len;
	uint64_t n;
};

struct run;

struct sender {
	struct run *run;
	uint32_t id;
	uint64_t sent;		/* messages */
	uint64_t arrived;
};

struct run {
	struct st_peer p;
	struct st_secret to, from;
	uint16_t cipher;
	double end;
	struct sender sender[SENDERS];
	atomic_bool answer;	/* the peer owes a KeyUpdate */
	atomic_uint wrong;	/* line of the first failure */
	/* of the peer */
	uint64_t records, updates, asked, own_updates, own_asks, cells;
	/* of the readers */
	atomic_ullong read_cells, read_sum;
	atomic_ullong rekeys;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static double seconds(void)
{
	const char *s = getenv("SHEATH_STRESS_SECONDS");

	return s ? atof(s) : 10;
}

/* the first thing that goes wrong ends the run */
static void fail_at(struct run *r, unsigned int line)
{
	unsigned int none = 0;

	if (atomic_compare_exchange_strong(&r->wrong, &none, line))
		ksft_print_msg("rekey_stress_test.c:%u: went wrong, errno %d\n", line, errno);
}

#define MUST(r, cond) do {							\
	if (!(cond)) {								\
		fail_at(r, __LINE__);						\
		return NULL;							\
	}									\
} while (0)

static bool over(struct run *r)
{
	/* a machine that has much else to do gets a minute or more to come to everything once */
	bool all = __atomic_load_n(&r->own_asks, __ATOMIC_RELAXED) &&
		   __atomic_load_n(&r->asked, __ATOMIC_RELAXED);

	return r->wrong || now() > r->end + (all ? 0 : st_patience(60000) / 1000);
}

static uint32_t any(unsigned int *seed, uint32_t max)
{
	return 1 + rand_r(seed) % max;
}

/* a length as programs have it: small, middling, a whole record */
static uint32_t any_len(unsigned int *seed)
{
	switch (rand_r(seed) % 4) {
	case 0:
		return RECORD;
	case 1:
		return sizeof(struct head) + any(seed, RECORD - sizeof(struct head));
	default:
		return sizeof(struct head) + any(seed, 1500);
	}
}

/* messages that fit into a record, so that none gets between the parts of another */
static void *send_messages(void *arg)
{
	struct sender *s = arg;
	unsigned int seed = s->id + 1;
	uint8_t buf[RECORD];

	while (!over(s->run)) {
		struct head h = { .sender = s->id, .len = any_len(&seed), .n = s->sent };

		memcpy(buf, &h, sizeof(h));
		st_fill(buf + sizeof(h), h.len - sizeof(h), h.n * 31 + h.sender);
		MUST(s->run, send(s->run->p.fd, buf, h.len, MSG_NOSIGNAL) == h.len);
		s->sent++;
	}
	return NULL;
}

static void *ask_for_keys(void *arg)
{
	struct run *r = arg;
	unsigned int seed = 99;

	while (!over(r)) {
		uint32_t flags = rand_r(&seed) % 4 ? 0 : SHEATH_REKEY_PEER;

		MUST(r, !setsockopt(r->p.fd, SOL_TLS, SHEATH_REKEY, &flags, sizeof(flags)));
		r->rekeys++;
		usleep(rand_r(&seed) % 4000);
	}
	return NULL;
}

/* cells of one read: they follow one another; counted unless they were peeked at */
static bool take_cells(struct run *r, const uint8_t *buf, ssize_t len, uint64_t *least, bool count)
{
	uint64_t n, prev = 0;
	ssize_t off;

	if (len % CELL)
		return false;
	for (off = 0; off < len; off += CELL) {
		memcpy(&n, buf + off, sizeof(n));
		if (n < *least || (off && n != prev + 1) ||
		    !st_check(buf + off + sizeof(n), CELL - sizeof(n), n))
			return false;
		prev = n;
		if (!count)
			continue;
		*least = n + 1;
		r->read_cells++;
		r->read_sum += n;
	}
	return true;
}

static void *read_cells(void *arg)
{
	struct run *r = arg;
	static atomic_uint id;
	unsigned int seed = 1000 + id++;
	uint8_t buf[400 * CELL];
	uint64_t least = 0;

	for (;;) {
		int flags = rand_r(&seed) % 8 ? 0 : MSG_PEEK;
		ssize_t n = recv(r->p.fd, buf, CELL * any(&seed, 400), flags);

		if (!n)
			return NULL;
		MUST(r, n > 0);
		MUST(r, take_cells(r, buf, n, &least, !flags));
	}
}

static bool peer_sends_cells(struct run *r, unsigned int *seed)
{
	uint8_t buf[RECORD];
	uint32_t len = 0, want = CELL * any(seed, RECORD / CELL);

	for (; len < want; len += CELL, r->cells++) {
		memcpy(buf + len, &r->cells, sizeof(r->cells));
		st_fill(buf + len + sizeof(r->cells), CELL - sizeof(r->cells), r->cells);
	}
	return !st_peer_send(&r->p, DATA, buf, len);
}

/* one record or five */
static bool peer_sends_update(struct run *r, unsigned int *seed, bool ask)
{
	uint8_t msg[] = { 24, 0, 0, 1, ask };
	unsigned int i, step = rand_r(seed) % 4 ? 5 : 1;

	for (i = 0; i < sizeof(msg); i += step) {
		if (st_peer_send(&r->p, HANDSHAKE, msg + i, step))
			return false;
	}
	st_secret_next(&r->to);
	r->p.to = st_secret_key(&r->to, r->cipher);
	r->own_updates++;
	r->own_asks += ask;
	return true;
}

static void *peer_sends(void *arg)
{
	struct run *r = arg;
	static const uint8_t bye[] = { 1, 0 };
	unsigned int seed = 7;

	while (!over(r) || atomic_load(&r->answer)) {
		MUST(r, !r->wrong);
		MUST(r, peer_sends_cells(r, &seed));
		if (atomic_exchange(&r->answer, false))
			MUST(r, peer_sends_update(r, &seed, false));
		else if (rand_r(&seed) % 10 == 0)
			MUST(r, peer_sends_update(r, &seed, rand_r(&seed) % 2));
	}
	/* an answer may be owed when this is over: there is no more data for it to come before */
	MUST(r, !st_peer_send(&r->p, ALERT, bye, sizeof(bye)));
	return NULL;
}

/**
 * struct stream - data of the peer's records, put together
 * @buf: message that is not complete
 * @len: bytes of it
 */
struct stream {
	uint8_t buf[2 * RECORD];
	uint32_t len;
};

static bool take_messages(struct run *r, struct stream *s)
{
	struct head h;

	while (s->len >= sizeof(h)) {
		memcpy(&h, s->buf, sizeof(h));
		if (h.sender >= SENDERS || h.len < sizeof(h) || h.len > RECORD ||
		    h.n != r->sender[h.sender].arrived)
			return false;
		if (h.len > s->len)
			break;
		if (!st_check(s->buf + sizeof(h), h.len - sizeof(h), h.n * 31 + h.sender))
			return false;
		r->sender[h.sender].arrived++;
		s->len -= h.len;
		memmove(s->buf, s->buf + h.len, s->len);
	}
	return true;
}

static bool peer_takes_update(struct run *r, const uint8_t *msg, int len)
{
	static const uint8_t head[] = { 24, 0, 0, 1 };

	if (len != 5 || memcmp(msg, head, 4) || msg[4] > 1)
		return false;
	st_secret_next(&r->from);
	r->p.from = st_secret_key(&r->from, r->cipher);
	r->updates++;
	r->asked += msg[4];
	if (msg[4])
		atomic_store(&r->answer, true);
	return true;
}

static void *peer_reads(void *arg)
{
	struct run *r = arg;
	struct stream *s = calloc(1, sizeof(*s));
	uint8_t out[ST_RECORD_MAX], type;
	int n;

	for (;;) {
		n = st_recv_record(r->p.raw, &r->p.from, &type, out);
		MUST(r, n >= 0);
		r->records++;
		if (type == ALERT)
			break;
		if (type == HANDSHAKE) {
			MUST(r, peer_takes_update(r, out, n));
			continue;
		}
		MUST(r, type == DATA && n <= RECORD);
		memcpy(s->buf + s->len, out, n);
		s->len += n;
		MUST(r, take_messages(r, s));
	}
	MUST(r, n == 2 && out[1] == 0 && !s->len);
	free(s);
	return NULL;
}

FIXTURE(rekey_stress) { struct run r; };
FIXTURE_VARIANT(rekey_stress) { uint16_t cipher; };
FIXTURE_VARIANT_ADD(rekey_stress, gcm128) { TLS_CIPHER_AES_GCM_128 };
FIXTURE_VARIANT_ADD(rekey_stress, gcm256) { TLS_CIPHER_AES_GCM_256 };
FIXTURE_VARIANT_ADD(rekey_stress, chacha) { TLS_CIPHER_CHACHA20_POLY1305 };

FIXTURE_SETUP(rekey_stress)
{
	struct run *r = &self->r;
	int fd[2];

	memset(r, 0, sizeof(*r));
	r->cipher = variant->cipher;
	r->to = st_secret(r->cipher, 1);
	r->from = st_secret(r->cipher, 2);
	ASSERT_EQ(0, st_pair(AF_INET, fd));
	r->p.fd = fd[0];
	r->p.raw = fd[1];
	r->p.to = st_secret_key(&r->to, r->cipher);
	r->p.from = st_secret_key(&r->from, r->cipher);
	st_limit("limit_soft", SOFT);
	st_param("limit_updates", "1000000");
	ASSERT_EQ(0, st_attach(fd[0], ST_SHEATH));
	ASSERT_EQ(0, st_set_secret(fd[0], TLS_RX, r->cipher, &r->to));
	ASSERT_EQ(0, st_set_secret(fd[0], TLS_TX, r->cipher, &r->from));
}

FIXTURE_TEARDOWN(rekey_stress)
{
	st_param("limit_soft", "0");
	st_param("limit_updates", "8");
	st_peer_close(&self->r.p);
}

TEST_F_TIMEOUT(rekey_stress, all_at_once, 1800)
{
	struct run *r = &self->r;
	pthread_t sender[SENDERS], reader[READERS], rekeyer, peer_tx, peer_rx;
	struct sheath_info info = { 0 };
	socklen_t len = sizeof(info);
	uint64_t messages = 0;
	unsigned int i;

	r->end = now() + seconds() / VARIANTS;
	for (i = 0; i < SENDERS; i++) {
		r->sender[i] = (struct sender){ .run = r, .id = i };
		ASSERT_EQ(0, pthread_create(&sender[i], NULL, send_messages, &r->sender[i]));
	}
	for (i = 0; i < READERS; i++)
		ASSERT_EQ(0, pthread_create(&reader[i], NULL, read_cells, r));
	ASSERT_EQ(0, pthread_create(&rekeyer, NULL, ask_for_keys, r));
	ASSERT_EQ(0, pthread_create(&peer_tx, NULL, peer_sends, r));
	ASSERT_EQ(0, pthread_create(&peer_rx, NULL, peer_reads, r));

	/* what went wrong may leave somebody waiting */
	while (!over(r))
		usleep(50000);
	if (r->wrong)
		shutdown(r->p.raw, SHUT_RDWR);
	for (i = 0; i < SENDERS; i++)
		pthread_join(sender[i], NULL);
	pthread_join(rekeyer, NULL);
	pthread_join(peer_tx, NULL);
	for (i = 0; i < READERS; i++)
		pthread_join(reader[i], NULL);
	ASSERT_EQ(0, getsockopt(r->p.fd, SOL_TLS, SHEATH_INFO, &info, &len));
	EXPECT_EQ(0, shutdown(r->p.fd, SHUT_WR));
	pthread_join(peer_rx, NULL);
	EXPECT_EQ(0, r->wrong);

	for (i = 0; i < SENDERS; i++) {
		EXPECT_EQ(r->sender[i].sent, r->sender[i].arrived);
		EXPECT_LT(0, r->sender[i].sent);
		messages += r->sender[i].sent;
	}
	EXPECT_EQ(r->cells, r->read_cells);
	EXPECT_EQ(r->cells * (r->cells - 1) / 2, r->read_sum);
	EXPECT_EQ(r->updates, info.tx_epoch);
	EXPECT_EQ(r->own_updates, info.rx_epoch);
	EXPECT_LT(0, r->own_asks);
	EXPECT_LT(0, r->asked);
	ksft_print_msg("%llu records and %llu messages from 8 threads, %u sending keys (%llu asked for), "
		       "%u receiving keys, %llu KB received\n",
		       (unsigned long long)r->records, (unsigned long long)messages,
		       info.tx_epoch, (unsigned long long)r->rekeys, info.rx_epoch,
		       (unsigned long long)r->cells * CELL / 1024);
}

TEST_HARNESS_MAIN
