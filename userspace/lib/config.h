/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a configuration holds. */
#ifndef SHEATH_CONFIG_H
#define SHEATH_CONFIG_H

#include <stdbool.h>
#include <gnutls/gnutls.h>

#include "libsheath.h"

struct sheath_cache;
struct sheath_choice;
struct sheath_leaf;
struct sheath_pem;

#define SHEATH_ALPN_MAX		8
#define SHEATH_ALPN_LEN		128

enum sheath_client_cert {
	SHEATH_CLIENT_CERT_NONE,
	SHEATH_CLIENT_CERT_OPTIONAL,
	SHEATH_CLIENT_CERT_REQUIRE,
};

/**
 * struct sheath_psk - a pre-shared key
 * @next: the one added after it
 * @identity: its name, for the peer
 * @key: allocated, wiped at the end
 */
struct sheath_psk {
	struct sheath_psk	*next;
	char			*identity;
	gnutls_datum_t		key;
};

/**
 * struct sheath_config - see the setters in libsheath.h
 * @refs: references of the application and of handshakes, changed atomically
 * @server_cred: key pairs, and the authorities of clients
 * @client_cred: the same key pairs, and the authorities of servers
 * @leaves: certificates of the key pairs
 * @n_leaves: number of them
 * @choices: credentials with some of the key pairs, by the names clients asked for
 * @ca: the authorities that were set
 * @generation: changes with key pairs and authorities
 * @psk_client: the first pre-shared key, in the form GnuTLS wants
 * @psk_server: calls back for the list
 * @psk: the list, in the order of its making
 * @has_ca: authorities were set, which both have then
 * @system_ca: @client_cred has those of the system, loaded on first need
 * @has_keypair: at least one key pair was set
 * @priority: chosen by the application, NULL: default
 * @protocols: SHEATH_PROTOCOL_*, 0 if the application did not say
 * @algorithms: what @priority, @protocols and @psk come to
 * @alpn_text: the names one after the other, pointed to by @alpn
 * @alpn: names as GnuTLS wants them
 * @n_alpn: number of them
 * @verify_cert: the chain has to be good
 * @verify_name: so has the name
 * @client_cert: what a server asks of its clients
 * @ticket_key: made on first need
 * @tickets: session tickets are sent and asked for
 * @ticket_wait_ms: patience of a TLS 1.3 client
 * @cache: TLS 1.2 sessions by id, NULL: none
 */
struct sheath_config {
	unsigned int		refs;
	gnutls_certificate_credentials_t server_cred;
	gnutls_certificate_credentials_t client_cred;
	struct sheath_leaf	*leaves;
	unsigned int		n_leaves;
	struct sheath_choice	*choices;
	struct sheath_pem	*ca;
	unsigned int		generation;
	gnutls_psk_client_credentials_t psk_client;
	gnutls_psk_server_credentials_t psk_server;
	struct sheath_psk	*psk;
	bool			has_ca;
	bool			system_ca;
	bool			has_keypair;
	char			*priority;
	uint32_t		protocols;
	gnutls_priority_t	algorithms;
	char			alpn_text[SHEATH_ALPN_LEN];
	gnutls_datum_t		alpn[SHEATH_ALPN_MAX];
	unsigned int		n_alpn;
	bool			verify_cert;
	bool			verify_name;
	enum sheath_client_cert	client_cert;
	gnutls_datum_t		ticket_key;
	bool			tickets;
	unsigned int		ticket_wait_ms;
	struct sheath_cache	*cache;
};

void sheath_config_get(struct sheath_config *cfg);
int sheath_psk_attach(const struct sheath_config *cfg, gnutls_session_t session, bool server);
void sheath_psk_free(struct sheath_config *cfg);

#endif /* SHEATH_CONFIG_H */
