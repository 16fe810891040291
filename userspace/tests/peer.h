/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other end of a test connection: OpenSSL. */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <openssl/ssl.h>

#include "pki.h"

/**
 * struct peer_spec - how OpenSSL is set up
 * @server: its role
 * @version: TLS1_2_VERSION or TLS1_3_VERSION
 * @ciphers: list for TLS 1.2, NULL: default
 * @suites: list for TLS 1.3, NULL: default
 * @groups: list, NULL: default
 * @sigalgs: signature algorithms, NULL: default
 * @alone: PSK without a group to exchange keys with (TLS 1.3)
 * @cert: what it presents, NULL: nothing
 * @ca: what it trusts; it verifies the other end if not NULL
 * @psk: pre-shared key of identity "tester", NULL: none
 * @no_tickets: no session tickets
 * @alpn: offered by a client, wire format; NULL: none
 */
struct peer_spec {
	bool			server;
	int			version;
	const char		*ciphers;
	const char		*suites;
	const char		*groups;
	const char		*sigalgs;
	bool			alone;
	const struct pki_cert	*cert;
	const struct pki_cert	*ca;
	const char		*psk;
	bool			no_tickets;
	const char		*alpn;
};

SSL_CTX *peer_ctx(const struct peer_spec *spec);
SSL *peer_new(SSL_CTX *ctx, int fd, bool server);
int peer_step(SSL *ssl);

#endif /* PEER_H */
