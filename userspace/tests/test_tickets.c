// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Does a client of TLS 1.3 get its tickets, and nothing but them?
 */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

#include "clock.h"
#include "libsheath.h"
#include "link.h"
#include "peer.h"
#include "record.h"
#include "sink.h"
#include "tap.h"

/**
 * struct scene - a connection in the middle of its handshake
 * @l: sockets
 * @cfg: configuration of the client
 * @ctx: of the server
 * @hs: the client
 * @ssl: the server
 */
struct scene {
	struct link		l;
	struct sheath_config	*cfg;
	SSL_CTX			*ctx;
	struct sheath_hs	*hs;
	SSL			*ssl;
};

static void open_scene(struct scene *s, const struct pki *pki, bool tickets, bool trickle,
		       unsigned int wait_ms)
{
	struct peer_spec spec = {
		.server = true, .version = TLS1_3_VERSION, .cert = &pki->ecdsa,
		.no_tickets = !tickets,
	};

	link_open(&s->l, trickle);
	s->cfg = sheath_config_new();
	sheath_config_set_ca_file(s->cfg, pki->ca.cert_file);
	sheath_config_want_tickets(s->cfg, wait_ms);
	s->ctx = peer_ctx(&spec);
	s->ssl = peer_new(s->ctx, s->l.b, true);
	s->hs = sheath_client(s->l.a, "localhost", s->cfg);
	sink_use(s->hs);
}

static void close_scene(struct scene *s)
{
	sheath_hs_free(s->hs);
	sheath_config_free(s->cfg);
	SSL_free(s->ssl);
	SSL_CTX_free(s->ctx);
	link_close(&s->l);
}

/* Opens a second connection with the session of the first. */
static bool resumes(struct scene *s)
{
	void *data;
	size_t len;
	int ret;

	if (sheath_get_session(s->hs, &data, &len))
		return false;
	sheath_hs_free(s->hs);
	SSL_free(s->ssl);
	link_close(&s->l);
	link_open(&s->l, false);
	s->ssl = peer_new(s->ctx, s->l.b, true);
	s->hs = sheath_client(s->l.a, "localhost", s->cfg);
	sink_use(s->hs);
	ret = sheath_set_session(s->hs, data, len);
	sheath_session_free(data, len);
	return !ret && !link_handshake(&s->l, s->hs, s->ssl) && sheath_resumed(s->hs) &&
	       SSL_session_reused(s->ssl);
}

static void test_arrive(const struct pki *pki, bool trickle)
{
	const char *how = trickle ? ", byte by byte" : "";
	struct scene s;
	int lowat = 0;
	socklen_t len = sizeof(lowat);

	open_scene(&s, pki, true, trickle, 5000);
	tap(!link_handshake(&s.l, s.hs, s.ssl), "handshake that waits for tickets%s", how);
	tap(sheath_tickets(s.hs), "a ticket was received%s", how);
	/* Byte by byte the second ticket is still on its way when the first is there. */
	tap(sink_log.ho.rx.rec_seq == (trickle ? 1 : 2), "the kernel goes on behind it%s", how);
	getsockopt(s.l.a, SOL_SOCKET, SO_RCVLOWAT, &lowat, &len);
	tap(lowat == 1, "SO_RCVLOWAT is what it was%s", how);
	tap(resumes(&s), "and it resumes the session%s", how);
	close_scene(&s);
}

static void test_none(const struct pki *pki)
{
	int64_t begin = sheath_clock_ms();
	struct scene s;
	void *data;
	size_t len;
	int ret;

	open_scene(&s, pki, false, false, 200);
	do {
		ret = sheath_handshake(s.hs);
		peer_step(s.ssl);
	} while (ret > 0 && sheath_timeout(s.hs) < 0);
	tap(ret == SHEATH_WANT_POLLIN && sheath_timeout(s.hs) <= 200, "a wait has an end");
	tap(!sheath_handshake_wait(s.hs, -1), "no ticket is no error");
	tap(sheath_clock_ms() - begin >= 200, "it comes after the time set");
	tap(!sheath_tickets(s.hs) && sheath_get_session(s.hs, &data, &len),
	    "such a session cannot be resumed");
	close_scene(&s);
}

/* However long the wait may be, poll(2) is told of an end. */
static void test_long(const struct pki *pki)
{
	struct scene s;
	int ret;

	open_scene(&s, pki, false, false, UINT_MAX);
	do {
		ret = sheath_handshake(s.hs);
		peer_step(s.ssl);
	} while (ret > 0 && !s.hs->tickets_begun);
	tap(ret == SHEATH_WANT_POLLIN && sheath_timeout(s.hs) == INT_MAX,
	    "a wait of weeks is none for ever");
	close_scene(&s);
}

static bool text_arrives(struct scene *s, const char *text)
{
	uint8_t record[RECORD_LEN_MAX], plain[RECORD_LEN_MAX], type = 0;
	ssize_t len;

	fcntl(s->l.a, F_SETFL, fcntl(s->l.a, F_GETFL) & ~O_NONBLOCK);
	len = record_read(s->l.a, record);
	if (len > 0)
		len = record_open(&sink_log.ho.rx, record, len, plain, &type);
	return len == (ssize_t)strlen(text) && type == 23 && !memcmp(plain, text, len);
}

/* The server speaks as soon as it has the Finished of the client. */
static void test_data(const struct pki *pki, bool tickets)
{
	const char *text = "the server speaks first";
	struct scene s;
	int ours = 1, theirs = 1;

	open_scene(&s, pki, tickets, false, 5000);
	for (int i = 0; i < 100 && ours > 0; i++) {
		ours = sheath_handshake(s.hs);
		if (theirs > 0) {
			theirs = peer_step(s.ssl);
			if (!theirs)
				SSL_write(s.ssl, text, strlen(text));
		}
	}
	tap(!ours, "data of the server ends the wait%s", tickets ? " behind tickets" : "");
	tap(sheath_tickets(s.hs) == tickets, "tickets: %d", tickets);
	tap(!ours && text_arrives(&s, text), "and is left for the kernel%s",
	    tickets ? " behind tickets" : "");
	close_scene(&s);
}

static void test_close(const struct pki *pki)
{
	struct scene s;
	int ours = 1;

	open_scene(&s, pki, false, false, 5000);
	for (int i = 0; i < 100 && ours > 0; i++) {
		ours = sheath_handshake(s.hs);
		if (!peer_step(s.ssl))
			shutdown(s.l.b, SHUT_WR);
	}
	tap(!ours, "a server that has gone ends the wait");
	close_scene(&s);
}

/* A key update is none of the library's: it comes to the kernel as it was sent. */
static void test_key_update(const struct pki *pki)
{
	uint8_t record[RECORD_LEN_MAX], plain[RECORD_LEN_MAX], type = 0;
	struct scene s;
	int ours = 1, theirs = 1;
	ssize_t len = -1;

	open_scene(&s, pki, false, false, 5000);
	for (int i = 0; i < 100 && ours > 0; i++) {
		ours = sheath_handshake(s.hs);
		if (theirs > 0) {
			theirs = peer_step(s.ssl);
			if (!theirs && SSL_key_update(s.ssl, SSL_KEY_UPDATE_NOT_REQUESTED))
				peer_step(s.ssl);
		}
	}
	if (!ours)
		len = record_read(s.l.a, record);
	if (len > 0)
		len = record_open(&sink_log.ho.rx, record, len, plain, &type);
	tap(!ours && len == 5 && type == 22 && plain[0] == 24, "a key update ends the wait");
	close_scene(&s);
}

/*
 * Reads what the server sent after the hand-over as the kernel does: its tickets are kept.
 * Returns true if there was data, and no error.
 */
static bool read_as_kernel(struct scene *s)
{
	uint8_t record[RECORD_LEN_MAX], plain[RECORD_LEN_MAX], type = 0;
	ssize_t len;

	fcntl(s->l.a, F_SETFL, fcntl(s->l.a, F_GETFL) & ~O_NONBLOCK);
	do {
		len = record_read(s->l.a, record);
		if (len > 0)
			len = record_open(&sink_log.ho.rx, record, len, plain, &type);
		if (len > 0 && type == 22 &&
		    sink_log.tickets_len + len <= sizeof(sink_log.tickets)) {
			memcpy(sink_log.tickets + sink_log.tickets_len, plain, len);
			sink_log.tickets_len += len;
		}
	} while (len >= 0 && type == 22);
	return len > 0 && type == 23;
}

static bool open_late(struct scene *s, const struct pki *pki)
{
	open_scene(s, pki, true, false, 0);
	if (link_handshake(&s->l, s->hs, s->ssl) || sheath_tickets(s->hs) ||
	    SSL_write(s->ssl, "data", 4) != 4)
		return false;
	return read_as_kernel(s) && sink_log.tickets_len;
}

/* Tickets that came when the kernel had the keys, data before and behind them. */
static void test_late(const struct pki *pki)
{
	struct scene s;
	void *data = NULL;
	size_t len = 0;

	tap(open_late(&s, pki), "tickets come after the hand-over");
	tap(!sheath_get_session(s.hs, &data, &len), "they make a session");
	sheath_session_free(data, len);
	tap(sheath_tickets(s.hs) && !sink_log.tickets_len, "all were fetched");
	tap(SSL_new_session_ticket(s.ssl) && SSL_write(s.ssl, "more", 4) == 4 &&
	    read_as_kernel(&s) && sink_log.tickets_len && resumes(&s),
	    "so does one that comes later, and resumes it");
	close_scene(&s);
}

static void test_late_none(const struct pki *pki)
{
	struct scene s;
	void *data = NULL;
	size_t len = 0;

	open_scene(&s, pki, false, false, 0);
	tap(!link_handshake(&s.l, s.hs, s.ssl) && sheath_get_session(s.hs, &data, &len) &&
	    strstr(sheath_error(), "no session ticket"), "without tickets there is no session");
	close_scene(&s);
}

/* The number of a closed socket may belong to another, which keeps tickets of its own. */
static void test_late_closed(const struct pki *pki)
{
	struct link other;
	struct scene s;
	void *data = NULL;
	size_t len = 0;

	tap(open_late(&s, pki), "tickets come, and are not fetched");
	link_open(&other, false);
	dup2(other.a, s.l.a);
	tap(sheath_get_session(s.hs, &data, &len) && sink_log.tickets_len,
	    "another socket of the same number is left alone");
	link_close(&other);
	close_scene(&s);
}

/* A server may send what it likes, and GnuTLS refuses what is no ticket. */
static void test_late_bad(const struct pki *pki)
{
	static const uint8_t bad[] = { 4, 0, 0, 5, 0, 0, 0, 1, 9 };
	struct scene s;
	void *data = NULL;
	size_t len = 0;

	tap(open_late(&s, pki), "tickets come, and others in their place");
	memcpy(sink_log.tickets, bad, sizeof(bad));
	sink_log.tickets_len = sizeof(bad);
	tap(sheath_get_session(s.hs, &data, &len) && *sheath_error(), "a bad ticket is refused: %s",
	    sheath_error());
	close_scene(&s);
}

int main(void)
{
	struct pki *pki = pki_new();

	test_arrive(pki, false);
	test_arrive(pki, true);
	test_none(pki);
	test_long(pki);
	test_data(pki, false);
	test_data(pki, true);
	test_close(pki);
	test_key_update(pki);
	test_late(pki);
	test_late_none(pki);
	test_late_closed(pki);
	test_late_bad(pki);
	pki_free(pki);
	return tap_end();
}
