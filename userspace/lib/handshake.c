// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The handshake, one step after the other: attach the ULP, negotiate, verify, collect
 * tickets, push the keys. A step either is done, or needs the socket, or fails for good.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"
#include "error.h"
#include "facts.h"
#include "hs.h"
#include "libsheath.h"
#include "limit.h"
#include "secret.h"
#include "tickets.h"
#include "verify.h"

/* A peer that has more to warn of than this is not serious. */
#define WARNINGS_MAX	8

static int step_attach(struct sheath_hs *hs)
{
	errno = 0;
	return hs->sink->attach(hs->transport.fd);
}

/* Puts what ended gnutls_handshake() into words. */
static int explain(struct sheath_hs *hs, int code)
{
	const struct sheath_transport *t = &hs->transport;
	int alert = gnutls_alert_get(hs->session);

	switch (code) {
	case GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR:
		return -1;	/* said by who verified it */
	case GNUTLS_E_FATAL_ALERT_RECEIVED:
	case GNUTLS_E_WARNING_ALERT_RECEIVED:
		return sheath_fail("the peer refused the handshake: alert %d (%s)", alert,
				   gnutls_alert_get_name(alert));
	case GNUTLS_E_PREMATURE_TERMINATION:
	case GNUTLS_E_UNEXPECTED_PACKET_LENGTH:
		if (t->eof)
			return sheath_fail("the peer closed the connection during the handshake");
		break;
	case GNUTLS_E_PULL_ERROR:
	case GNUTLS_E_PUSH_ERROR:
		errno = t->saved_errno;
		return sheath_fail_errno("the connection broke during the handshake");
	case GNUTLS_E_UNEXPECTED_PACKET:
	case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
		return sheath_fail("the peer does not speak TLS, or no version in common");
	}
	return sheath_fail_gnutls(code, "the handshake failed");
}

static int step_negotiate(struct sheath_hs *hs)
{
	int ret;

	for (;;) {
		ret = gnutls_handshake(hs->session);
		switch (ret) {
		case GNUTLS_E_SUCCESS:
			sheath_facts_note(hs);
			return 0;
		case GNUTLS_E_AGAIN:
			return gnutls_record_get_direction(hs->session) ?
			       SHEATH_WANT_POLLOUT : SHEATH_WANT_POLLIN;
		case GNUTLS_E_INTERRUPTED:
			break;
		case GNUTLS_E_WARNING_ALERT_RECEIVED:
			if (++hs->warnings <= WARNINGS_MAX)
				break;
			/* fall through */
		default:
			explain(hs, ret);
			gnutls_alert_send_appropriate(hs->session, ret);
			return -1;
		}
	}
}

static int step_verify(struct sheath_hs *hs)
{
	if (!gnutls_session_is_resumed(hs->session) || !sheath_verify_peer(hs))
		return 0;
	gnutls_alert_send(hs->session, GNUTLS_AL_FATAL, GNUTLS_A_BAD_CERTIFICATE);
	return -1;
}

/*
 * After this nobody but the kernel may use the keys, so GnuTLS is cut off before they are
 * pushed. Only a kernel that has certainly refused them leaves it the right to say so.
 */
static int step_push(struct sheath_hs *hs)
{
	struct sheath_handover ho;
	int ret = -1, error = ENODATA;

	if (!sheath_transport_check_aligned(&hs->transport) &&
	    !sheath_handover_read(hs->session, &hs->transport, &ho)) {
		ho.role = hs->server ? SHEATH_ROLE_SERVER : SHEATH_ROLE_CLIENT;
		ho.tx_limit = sheath_limit_of(hs);
		sheath_secret_add(&ho.tx, hs->secrets.tx, hs->secrets.len);
		sheath_secret_add(&ho.rx, hs->secrets.rx, hs->secrets.len);
		hs->tx_seq = ho.tx.rec_seq;
		hs->rx_seq = ho.rx.rec_seq;
		hs->tx_limit = ho.tx_limit ? ho.tx_limit : SHEATH_RECORD_MAX;
		hs->transport.closed = true;
		ret = hs->sink->install(hs->transport.fd, &ho);
		error = errno;
		hs->has_secrets = !ret && ho.secrets_taken;
		if (!ret)
			sheath_tickets_keep(hs);
	}
	explicit_bzero(&ho, sizeof(ho));
	explicit_bzero(&hs->secrets, sizeof(hs->secrets));
	if (ret && error) {
		hs->transport.closed = false;
		gnutls_alert_send(hs->session, GNUTLS_AL_FATAL, GNUTLS_A_INTERNAL_ERROR);
		hs->transport.closed = true;
	}
	return ret;
}

static int (*const steps[])(struct sheath_hs *hs) = {
	[SHEATH_STEP_ATTACH]	= step_attach,
	[SHEATH_STEP_NEGOTIATE]	= step_negotiate,
	[SHEATH_STEP_VERIFY]	= step_verify,
	[SHEATH_STEP_TICKETS]	= sheath_tickets_collect,
	[SHEATH_STEP_PUSH]	= step_push,
};

/* Nothing may leave in the clear over a socket that was meant to be encrypted. */
static int give_up(struct sheath_hs *hs)
{
	hs->step = SHEATH_STEP_FAILED;
	hs->transport.closed = true;
	explicit_bzero(&hs->secrets, sizeof(hs->secrets));
	shutdown(hs->transport.fd, SHUT_RDWR);
	return -1;
}

/* The socket as it was: the application may do without the kernel. */
static int give_back(struct sheath_hs *hs)
{
	hs->step = SHEATH_STEP_FAILED;
	hs->transport.closed = true;
	return -1;
}

int sheath_handshake(struct sheath_hs *hs)
{
	int ret;

	if (hs->step == SHEATH_STEP_FAILED)
		return sheath_fail("the handshake has failed already");
	while (hs->step < SHEATH_STEP_DONE) {
		ret = steps[hs->step](hs);
		if (ret > 0)
			return ret;
		if (ret && hs->step == SHEATH_STEP_ATTACH && errno == ENOENT)
			return give_back(hs);
		if (ret)
			return give_up(hs);
		hs->step++;
	}
	return 0;
}

int sheath_timeout(const struct sheath_hs *hs)
{
	int64_t left;

	if (hs->step != SHEATH_STEP_TICKETS || !hs->tickets_begun)
		return -1;
	left = hs->tickets_end - sheath_clock_ms();
	if (left > INT_MAX)
		return INT_MAX;
	return left > 0 ? (int)left : 0;
}

/* The shorter of two times as poll(2) takes them. */
static int shorter(int a, int b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

int sheath_handshake_wait(struct sheath_hs *hs, int timeout_ms)
{
	int64_t end = sheath_clock_ms() + timeout_ms;
	int want;

	while ((want = sheath_handshake(hs)) > 0) {
		struct pollfd pfd = {
			.fd = hs->transport.fd,
			.events = want == SHEATH_WANT_POLLIN ? POLLIN : POLLOUT,
		};
		int64_t left = end - sheath_clock_ms();

		if (timeout_ms >= 0 && left <= 0) {
			sheath_fail("the handshake took more than %d ms", timeout_ms);
			return give_up(hs);
		}
		if (poll(&pfd, 1, shorter(timeout_ms < 0 ? -1 : (int)left,
					  sheath_timeout(hs))) < 0 && errno != EINTR) {
			sheath_fail_errno("cannot wait for the socket");
			return give_up(hs);
		}
	}
	return want;
}
