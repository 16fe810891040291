// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is the kernel told how large a record the peer takes?
 *
 * The peer is GnuTLS, whose numbers on the wire are seen here as they are: OpenSSL has
 * neither of the two extensions for its own use.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hs.h"
#include "libsheath.h"
#include "limit.h"
#include "link.h"
#include "pki.h"
#include "sink.h"
#include "tap.h"

#define LEAST	64	/* RFC 8449 section 4 */

enum how { RECORD_SIZE_LIMIT, MAX_FRAGMENT_LENGTH };

static gnutls_session_t other_end(const struct pki *pki, int fd, bool server, const char *priority,
				  gnutls_certificate_credentials_t *cred, enum how how,
				  unsigned int limit)
{
	gnutls_session_t session;

	gnutls_certificate_allocate_credentials(cred);
	gnutls_certificate_set_x509_key_file(*cred, pki->ecdsa.cert_file, pki->ecdsa.key_file,
					     GNUTLS_X509_FMT_PEM);
	gnutls_init(&session, (server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_NONBLOCK);
	gnutls_priority_set_direct(session, priority, NULL);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, *cred);
	gnutls_transport_set_int(session, fd);
	if (limit && how == RECORD_SIZE_LIMIT)
		gnutls_record_set_max_recv_size(session, limit);
	else if (limit)
		gnutls_record_set_max_size(session, limit);
	return session;
}

static void test_limit(const struct pki *pki, bool server, const char *version, enum how how,
		       unsigned int limit, unsigned int pushed)
{
	unsigned int least = strstr(version, "TLS1.3") ? LEAST - 1 : LEAST;
	struct sheath_config *cfg = sheath_config_new();
	gnutls_certificate_credentials_t cred;
	int ours = 1, theirs = GNUTLS_E_AGAIN;
	gnutls_session_t session;
	struct sheath_hs *hs;
	struct link l;

	link_open(&l, false);
	sheath_config_set_ca_file(cfg, pki->ca.cert_file);
	sheath_config_set_keypair_file(cfg, pki->ecdsa.cert_file, pki->ecdsa.key_file);
	session = other_end(pki, l.b, !server, version, &cred, how, limit);
	hs = server ? sheath_server(l.a, cfg) : sheath_client(l.a, "localhost", cfg);
	sink_use(hs);
	for (int i = 0; i < 100 && (ours > 0 || theirs == GNUTLS_E_AGAIN); i++) {
		if (ours > 0)
			ours = sheath_handshake(hs);
		if (theirs == GNUTLS_E_AGAIN)
			theirs = gnutls_handshake(session);
	}
	tap(!ours && !theirs && sink_log.ho.tx_limit == pushed &&
	    sheath_tx_limit(hs) == (pushed ? pushed : 16384),
	    "%s, %s: %s %u: %u", version, server ? "server" : "client",
	    how == RECORD_SIZE_LIMIT ? "record_size_limit" : "max_fragment_length", limit,
	    sink_log.ho.tx_limit);
	if (limit == LEAST) {
		/* with TLS 1.3 GnuTLS asks for one more, for the content type */
		hs->wire_limit = LEAST;
		tap(sheath_limit_of(hs) == least, "%s: the least is %u", version,
		    sheath_limit_of(hs));
	}
	gnutls_deinit(session);
	gnutls_certificate_free_credentials(cred);
	sheath_hs_free(hs);
	sheath_config_free(cfg);
	link_close(&l);
}

int main(void)
{
	static const char v2[] = "NORMAL:-VERS-ALL:+VERS-TLS1.2:%ALLOW_SMALL_RECORDS";
	static const char v3[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:%ALLOW_SMALL_RECORDS";
	struct pki *pki = pki_new();

	for (int server = 0; server < 2; server++) {
		test_limit(pki, server, v2, RECORD_SIZE_LIMIT, 0, 0);
		test_limit(pki, server, v3, RECORD_SIZE_LIMIT, 0, 0);
		test_limit(pki, server, v2, RECORD_SIZE_LIMIT, 1024, 1024);
		test_limit(pki, server, v3, RECORD_SIZE_LIMIT, 1024, 1024);
		test_limit(pki, server, v3, RECORD_SIZE_LIMIT, 16383, 16383);
		test_limit(pki, server, v2, RECORD_SIZE_LIMIT, LEAST, LEAST);
		test_limit(pki, server, v3, RECORD_SIZE_LIMIT, LEAST, LEAST);
	}
	pki_free(pki);
	return tap_end();
}
