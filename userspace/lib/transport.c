// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The bytes of the handshake, counted in records.
 *
 * The kernel goes on at a record boundary, so not one byte of the record after the last
 * one of the handshake may be taken from the socket. A read never crosses the end of a
 * header or of a record, whatever GnuTLS asks for, and the boundary is checked before the
 * keys are pushed. All I/O is non-blocking: the flags of the socket are the caller's.
 */
#include "transport.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "error.h"

/* How many of @len bytes belong to the part of the record that @f is in. */
static size_t framing_clip(const struct sheath_framing *f, size_t len)
{
	size_t room = f->have < SHEATH_HEADER_LEN ? SHEATH_HEADER_LEN - f->have : f->left;

	return len < room ? len : room;
}

/* Keeps the last bytes of what passed so far of a body. */
static void keep_tail(struct sheath_framing *f, const uint8_t *p, size_t len)
{
	size_t keep = f->n_tail;

	if (len > sizeof(f->tail)) {
		p += len - sizeof(f->tail);
		len = sizeof(f->tail);
	}
	if (keep > sizeof(f->tail) - len)
		keep = sizeof(f->tail) - len;
	memmove(f->tail, f->tail + f->n_tail - keep, keep);
	memcpy(f->tail + keep, p, len);
	f->n_tail = keep + len;
}

/* Returns true when these @len bytes, which cross no part, end a record. */
static bool framing_advance(struct sheath_framing *f, const uint8_t *p, size_t len)
{
	if (f->have < SHEATH_HEADER_LEN) {
		memcpy(f->header + f->have, p, len);
		f->have += len;
		if (f->have < SHEATH_HEADER_LEN)
			return false;
		f->left = f->header[3] << 8 | f->header[4];
		f->n_tail = 0;
	} else {
		keep_tail(f, p, len);
		f->left -= len;
	}
	if (f->left)
		return false;
	f->have = 0;
	return true;
}

static ssize_t refuse(struct sheath_transport *t, int error)
{
	t->saved_errno = error;
	errno = error;
	return -1;
}

static ssize_t pull(gnutls_transport_ptr_t ptr, void *buf, size_t len)
{
	struct sheath_transport *t = ptr;
	ssize_t n;

	if (t->closed)
		return refuse(t, EBADF);
	if (!t->rx_budget)
		return refuse(t, EAGAIN);
	n = recv(t->fd, buf, framing_clip(&t->rx, len), MSG_DONTWAIT);
	if (n < 0)
		return refuse(t, errno);
	if (!n && len)
		t->eof = true;
	if (n && framing_advance(&t->rx, buf, n) && t->rx_budget > 0)
		t->rx_budget--;
	return n;
}

/* GnuTLS sends several records in one call, so the walk goes over as many as were taken. */
static ssize_t push(gnutls_transport_ptr_t ptr, const void *buf, size_t len)
{
	struct sheath_transport *t = ptr;
	ssize_t n, done = 0;

	if (t->closed)
		return refuse(t, EBADF);
	n = send(t->fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return refuse(t, errno);
	while (done < n) {
		const uint8_t *p = (const uint8_t *)buf + done;
		size_t part = framing_clip(&t->tx, n - done);

		framing_advance(&t->tx, p, part);
		done += part;
	}
	return n;
}

/* GnuTLS asks before it waits; nothing here is ever to wait. */
static int pull_timeout(gnutls_transport_ptr_t ptr, unsigned int ms)
{
	(void)ptr;
	(void)ms;
	return 0;
}

/**
 * sheath_transport_init() - let a session speak over a socket
 * @t: filled in; must live as long as @session
 * @session: session
 * @fd: socket
 */
void sheath_transport_init(struct sheath_transport *t, gnutls_session_t session, int fd)
{
	memset(t, 0, sizeof(*t));
	t->fd = fd;
	t->rx_budget = -1;
	gnutls_transport_set_ptr(session, t);
	gnutls_transport_set_pull_function(session, pull);
	gnutls_transport_set_push_function(session, push);
	gnutls_transport_set_pull_timeout_function(session, pull_timeout);
}

/**
 * sheath_transport_check_aligned() - is the handover at a record boundary both ways?
 * @t: transport
 */
int sheath_transport_check_aligned(const struct sheath_transport *t)
{
	if (t->rx.have)
		return sheath_fail("the handshake ended in the middle of a received record");
	if (t->tx.have)
		return sheath_fail("the handshake ended in the middle of a sent record");
	return 0;
}
