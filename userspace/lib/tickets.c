// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Session tickets that come after the handshake of TLS 1.3.
 *
 * The record that comes next may as well be data of the application, which nobody could
 * give back once it is read. So each record is looked at where it lies in the socket, and
 * opened in a copy: only when it holds whole NewSessionTicket messages and nothing else is
 * it read for good. Everything else is left to the kernel, and ends the wait.
 */
#include "tickets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <gnutls/crypto.h>

#include "clock.h"
#include "error.h"
#include "libsheath.h"

#define TYPE_HANDSHAKE		22
#define TYPE_APPLICATION_DATA	23
#define MSG_NEW_TICKET		4
#define MSG_HEADER_LEN		4
#define TAG_LEN			16
/* tickets the kernel keeps, and bytes of the longest it does */
#define KEPT_MAX		4
#define KEPT_LEN		65536
/* RFC 8446 section 5.2 */
#define BODY_MAX		(SHEATH_RECORD_MAX + 256)

/* What peek() found. */
enum found {
	FOUND_TICKET,		/* a record of tickets, all of it there */
	FOUND_OTHER,		/* something that is not ours to read */
	FOUND_PART,		/* not enough bytes to tell */
	FOUND_ERROR,		/* see sheath_error() */
};

/**
 * sheath_tickets_received() - did a session ticket come in?
 * @hs: handshake
 */
bool sheath_tickets_received(const struct sheath_hs *hs)
{
	return gnutls_session_get_flags(hs->session) & GNUTLS_SFLAGS_SESSION_TICKET;
}

/* Has poll(2) wait for @bytes instead of reporting a part of a record again and again. */
static void set_lowat(struct sheath_hs *hs, int bytes)
{
	socklen_t len = sizeof(hs->lowat);

	if (!hs->lowat && getsockopt(hs->transport.fd, SOL_SOCKET, SO_RCVLOWAT, &hs->lowat, &len))
		hs->lowat = 1;
	setsockopt(hs->transport.fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof(bytes));
}

static void restore_lowat(struct sheath_hs *hs)
{
	if (hs->lowat)
		setsockopt(hs->transport.fd, SOL_SOCKET, SO_RCVLOWAT, &hs->lowat,
			   sizeof(hs->lowat));
	hs->lowat = 0;
}

static void make_nonce(const struct sheath_key *key, uint8_t nonce[SHEATH_IV_MAX])
{
	memcpy(nonce, key->iv, key->iv_len);
	for (unsigned int i = 0; i < 8; i++)
		nonce[key->iv_len - 1 - i] ^= key->rec_seq >> (8 * i);
}

/* Opens the @len bytes of @record into @plain. Returns the bytes of it, -1 on error. */
static ssize_t open_copy(struct sheath_hs *hs, const uint8_t *record, size_t len, uint8_t *plain)
{
	size_t plain_len = len;
	gnutls_aead_cipher_hd_t aead;
	uint8_t nonce[SHEATH_IV_MAX];
	struct sheath_key key;
	gnutls_datum_t datum;
	int ret;

	if (sheath_key_read(hs->session, SHEATH_KEY_RX, &key))
		return -1;
	make_nonce(&key, nonce);
	datum.data = key.key;
	datum.size = key.key_len;
	ret = gnutls_aead_cipher_init(&aead, gnutls_cipher_get(hs->session), &datum);
	if (!ret) {
		ret = gnutls_aead_cipher_decrypt(aead, nonce, key.iv_len, record,
						 SHEATH_HEADER_LEN, TAG_LEN,
						 record + SHEATH_HEADER_LEN,
						 len - SHEATH_HEADER_LEN, plain, &plain_len);
		gnutls_aead_cipher_deinit(aead);
	}
	explicit_bzero(&key, sizeof(key));
	return ret ? sheath_fail_gnutls(ret, "cannot open a record after the handshake") :
		     (ssize_t)plain_len;
}

/* Is @p, an inner plaintext without its padding and type, a row of whole tickets? */
static bool all_tickets(const uint8_t *p, size_t len)
{
	if (!len)
		return false;
	while (len) {
		size_t body;

		if (len < MSG_HEADER_LEN || p[0] != MSG_NEW_TICKET)
			return false;
		body = p[1] << 16 | p[2] << 8 | p[3];
		if (len - MSG_HEADER_LEN < body)
			return false;
		p += MSG_HEADER_LEN + body;
		len -= MSG_HEADER_LEN + body;
	}
	return true;
}

/* A record that does not verify is left to the kernel, which knows what to answer. */
static enum found classify(struct sheath_hs *hs, const uint8_t *record, size_t len)
{
	uint8_t *plain = malloc(len);
	enum found found = FOUND_OTHER;
	ssize_t n;

	if (!plain) {
		sheath_fail("out of memory");
		return FOUND_ERROR;
	}
	n = open_copy(hs, record, len, plain);
	while (n > 0 && !plain[n - 1])
		n--;
	if (n > 0 && plain[n - 1] == TYPE_HANDSHAKE && all_tickets(plain, n - 1))
		found = FOUND_TICKET;
	explicit_bzero(plain, len);
	free(plain);
	return found;
}

static enum found peek(struct sheath_hs *hs, uint8_t *buf)
{
	ssize_t n = recv(hs->transport.fd, buf, SHEATH_HEADER_LEN + BODY_MAX,
			 MSG_PEEK | MSG_DONTWAIT);
	ssize_t whole;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? FOUND_PART : FOUND_OTHER;
	if (!n)
		return FOUND_OTHER;
	if (n < SHEATH_HEADER_LEN) {
		set_lowat(hs, SHEATH_HEADER_LEN);
		return FOUND_PART;
	}
	whole = SHEATH_HEADER_LEN + (buf[3] << 8 | buf[4]);
	if (buf[0] != TYPE_APPLICATION_DATA || whole <= SHEATH_HEADER_LEN + TAG_LEN ||
	    whole > SHEATH_HEADER_LEN + BODY_MAX)
		return FOUND_OTHER;
	if (n < whole) {
		set_lowat(hs, whole);
		return FOUND_PART;
	}
	return classify(hs, buf, whole);
}

/* Lets GnuTLS read exactly the one record that was looked at. */
static int feed(struct sheath_hs *hs)
{
	uint8_t none;
	int ret;

	hs->transport.rx_budget = 1;
	do
		ret = gnutls_record_recv(hs->session, &none, sizeof(none));
	while (ret == GNUTLS_E_INTERRUPTED);
	if (ret != GNUTLS_E_AGAIN || hs->transport.rx_budget)
		return sheath_fail("GnuTLS does not take a session ticket: %s",
				   ret < 0 ? gnutls_strerror(ret) : "it returned data");
	return 0;
}

static int look(struct sheath_hs *hs)
{
	uint8_t *buf = malloc(SHEATH_HEADER_LEN + BODY_MAX);
	enum found found = FOUND_TICKET;
	int ret = 0;

	if (!buf)
		return sheath_fail("out of memory");
	while (found == FOUND_TICKET && !ret) {
		found = peek(hs, buf);
		if (found == FOUND_TICKET)
			ret = feed(hs);
	}
	free(buf);
	if (ret || found == FOUND_ERROR)
		return -1;
	if (found == FOUND_OTHER || sheath_tickets_received(hs) ||
	    sheath_clock_ms() >= hs->tickets_end)
		return 0;
	return SHEATH_WANT_POLLIN;
}

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) ? 0 : cookie;
}

/**
 * sheath_tickets_keep() - have the kernel keep tickets that come after the hand-over
 * @hs: handshake whose keys were pushed
 *
 * Only a client has a use for them. A kernel that cannot do it drops them.
 */
void sheath_tickets_keep(struct sheath_hs *hs)
{
	if (hs->server || !hs->cfg->tickets ||
	    gnutls_protocol_get_version(hs->session) != GNUTLS_TLS1_3)
		return;
	hs->cookie = cookie_of(hs->transport.fd);
	hs->sink->keep(hs->transport.fd, KEPT_MAX);
}

/* GnuTLS wants somebody to take what it has to say; it has nothing to say to a ticket. */
static int no_answer(gnutls_session_t session, gnutls_record_encryption_level_t level,
		     gnutls_handshake_description_t type, const void *data, size_t len)
{
	(void)session;
	(void)level;
	(void)type;
	(void)data;
	(void)len;
	return 0;
}

/**
 * sheath_tickets_harvest() - give GnuTLS the tickets the kernel has kept
 * @hs: handshake that is done
 *
 * The application may have closed the socket, and its number may be that of another by now,
 * whose tickets are none of this session's.
 *
 * Return: 0, or -1 if GnuTLS does not take one.
 */
int sheath_tickets_harvest(struct sheath_hs *hs)
{
	uint8_t *msg;
	size_t len;
	int ret = 0;

	if (!hs->cookie || cookie_of(hs->transport.fd) != hs->cookie)
		return 0;
	msg = malloc(KEPT_LEN);
	if (!msg)
		return sheath_fail("out of memory");
	gnutls_handshake_set_read_function(hs->session, no_answer);
	while (!ret && (len = hs->sink->take(hs->transport.fd, msg, KEPT_LEN)))
		ret = gnutls_handshake_write(hs->session, GNUTLS_ENCRYPTION_LEVEL_APPLICATION,
					     msg, len);
	explicit_bzero(msg, KEPT_LEN);
	free(msg);
	return ret ? sheath_fail_gnutls(ret, "cannot use a session ticket") : 0;
}

/**
 * sheath_tickets_collect() - read the tickets that are there, or wait for the first
 * @hs: handshake that is complete for GnuTLS
 *
 * Return: 0 when there is nothing to wait for; SHEATH_WANT_POLLIN; -1.
 */
int sheath_tickets_collect(struct sheath_hs *hs)
{
	int ret;

	if (hs->server || !hs->cfg->tickets || !hs->cfg->ticket_wait_ms ||
	    gnutls_protocol_get_version(hs->session) != GNUTLS_TLS1_3)
		return 0;
	if (!hs->tickets_begun) {
		hs->tickets_begun = true;
		hs->tickets_end = sheath_clock_ms() + hs->cfg->ticket_wait_ms;
	}
	ret = look(hs);
	if (ret != SHEATH_WANT_POLLIN)
		restore_lowat(hs);
	return ret;
}
