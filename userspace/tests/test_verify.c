// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is the peer verified in every case, and is nobody refused who should not be?
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libsheath.h"
#include "link.h"
#include "peer.h"
#include "sink.h"
#include "tap.h"

/* What the configuration of the client may leave out. */
#define NO_CERT_CHECK	1
#define NO_NAME_CHECK	2

struct client_case {
	const char	*what;
	size_t		cert;		/* offset in struct pki */
	const char	*name;
	unsigned int	insecure;
	bool		good;
	const char	*error;		/* part of the text expected */
};

#define CERT(x)	offsetof(struct pki, x)

static const struct client_case cases[] = {
	{ "good certificate", CERT(ecdsa), "localhost", 0, true, NULL },
	{ "good RSA certificate", CERT(rsa), "localhost", 0, true, NULL },
	{ "large certificate", CERT(large), "localhost", 0, true, NULL },
	{ "unknown authority", CERT(foreign), "localhost", 0, false, "issuer is unknown" },
	{ "expired", CERT(expired), "localhost", 0, false, "expired" },
	{ "other name", CERT(elsewhere), "localhost", 0, false, "name in the certificate" },
	{ "address that is not in it", CERT(ecdsa), "127.0.0.1", 0, false, "name" },
	{ "client certificate", CERT(client), "alice", 0, false, "purpose" },
	{ "other name, not verified", CERT(elsewhere), "localhost", NO_NAME_CHECK, true, NULL },
	{ "no name, not verified", CERT(ecdsa), NULL, NO_NAME_CHECK, true, NULL },
	{ "unknown authority, name not verified", CERT(foreign), "localhost", NO_NAME_CHECK,
	  false, "issuer is unknown" },
	{ "nothing verified", CERT(foreign), "elsewhere.test", NO_CERT_CHECK, true, NULL },
};

static const struct pki_cert *cert_at(const struct pki *pki, size_t offset)
{
	return (const struct pki_cert *)((const char *)pki + offset);
}

static struct sheath_config *client_config(const struct pki *pki, unsigned int insecure)
{
	struct sheath_config *cfg = sheath_config_new();

	sheath_config_set_ca_file(cfg, pki->ca.cert_file);
	if (insecure & NO_CERT_CHECK)
		sheath_config_insecure_noverifycert(cfg);
	if (insecure & NO_NAME_CHECK)
		sheath_config_insecure_noverifyname(cfg);
	return cfg;
}

/* A socket whose handshake failed carries nothing any more. */
static bool is_shut(int fd)
{
	return send(fd, "x", 1, MSG_NOSIGNAL) < 0;
}

static void test_client(const struct pki *pki, const struct client_case *c, int version)
{
	struct peer_spec spec = { .server = true, .version = version,
				  .cert = cert_at(pki, c->cert) };
	struct sheath_config *cfg = client_config(pki, c->insecure);
	SSL_CTX *ctx = peer_ctx(&spec);
	struct sheath_hs *hs;
	struct link l;
	SSL *ssl;
	int ret;

	link_open(&l, false);
	ssl = peer_new(ctx, l.b, true);
	hs = sheath_client(l.a, c->name, cfg);
	sink_use(hs);
	ret = link_handshake(&l, hs, ssl);
	tap(c->good ? !ret : ret == -1 && strstr(sheath_error(), c->error) && is_shut(l.a) &&
	    !sink_log.installed, "TLS 1.%d: %s: %s", version - TLS1_VERSION, c->what,
	    c->good ? "accepted" : "refused");
	if (c->insecure & NO_CERT_CHECK)
		tap(sheath_peer_status(hs) & GNUTLS_CERT_SIGNER_NOT_FOUND &&
		    strstr(sheath_peer_verdict(hs), "unknown"), "the verdict is told all the same");
	/* the alert that ends the handshake is for the peer to read */
	if (!c->good)
		tap(peer_step(ssl) < 0, "and the server is told");
	sheath_hs_free(hs);
	sheath_config_free(cfg);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	link_close(&l);
}

/* One server with tickets and a cache, so that clients can resume. */
static struct sheath_config *server_config(const struct pki *pki, const struct pki_cert *cert,
					   bool tickets)
{
	struct sheath_config *cfg = sheath_config_new();

	sheath_config_set_keypair_file(cfg, cert->cert_file, cert->key_file);
	sheath_config_set_ca_file(cfg, pki->ca.cert_file);
	sheath_config_set_session_cache(cfg, 4);
	if (!tickets)
		sheath_config_no_tickets(cfg);
	return cfg;
}

/* Connects; takes the session from *@data if there is one, else leaves it there. */
static int connect_once(struct sheath_config *server, struct sheath_config *client,
			const char *name, void **data, size_t *len, int *resumed)
{
	struct sheath_hs *c, *s;
	struct link l;
	int ret;

	link_open(&l, false);
	c = sheath_client(l.a, name, client);
	s = sheath_server(l.b, server);
	sink_use(s);
	sink_use(c);
	if (*data)
		sheath_set_session(c, *data, *len);
	ret = link_handshake_both(&l, c, s);
	*resumed = sheath_resumed(c) && sheath_resumed(s);
	if (!*data && !ret && sheath_get_session(c, data, len))
		ret = -2;
	sheath_hs_free(c);
	sheath_hs_free(s);
	link_close(&l);
	return ret;
}

/**
 * test_resumed() - a session of one client in the hands of another
 * @first: what the client that made it left out
 * @second: what the one that resumes it leaves out
 */
static void test_resumed(const struct pki *pki, uint32_t protocol, bool tickets,
			 const struct pki_cert *cert, unsigned int first, unsigned int second,
			 bool good, const char *what)
{
	struct sheath_config *server = server_config(pki, cert, tickets);
	struct sheath_config *a = client_config(pki, first), *b = client_config(pki, second);
	void *data = NULL;
	size_t len = 0;
	int resumed, ret;

	sheath_config_set_protocols(server, protocol);
	sheath_config_want_tickets(a, 1000);
	ret = connect_once(server, a, "localhost", &data, &len, &resumed);
	tap(!ret && !resumed, "%s: first connection", what);
	ret = connect_once(server, b, "localhost", &data, &len, &resumed);
	tap(good ? !ret && resumed : ret == -1, "%s: second one %s", what,
	    good ? "resumes" : "is refused");
	sheath_session_free(data, len);
	sheath_config_free(server);
	sheath_config_free(a);
	sheath_config_free(b);
}

static void test_resumption(const struct pki *pki)
{
	const uint32_t v2 = SHEATH_PROTOCOL_TLS_1_2, v3 = SHEATH_PROTOCOL_TLS_1_3;

	test_resumed(pki, v2, false, &pki->ecdsa, 0, 0, true, "1.2 by id");
	test_resumed(pki, v2, true, &pki->ecdsa, 0, 0, true, "1.2 by ticket");
	test_resumed(pki, v3, true, &pki->ecdsa, 0, 0, true, "1.3");
	/* What was not verified the first time is verified the second. */
	test_resumed(pki, v2, false, &pki->foreign, NO_CERT_CHECK, 0, false, "1.2 by id, bad CA");
	test_resumed(pki, v2, true, &pki->foreign, NO_CERT_CHECK, 0, false, "1.2 ticket, bad CA");
	test_resumed(pki, v3, true, &pki->foreign, NO_CERT_CHECK, 0, false, "1.3, bad CA");
	test_resumed(pki, v2, false, &pki->elsewhere, NO_NAME_CHECK, 0, false, "1.2, bad name");
	test_resumed(pki, v3, true, &pki->elsewhere, NO_NAME_CHECK, 0, false, "1.3, bad name");
}

static unsigned int authorities(gnutls_certificate_credentials_t cred)
{
	gnutls_x509_trust_list_iter_t iter = NULL;
	gnutls_x509_trust_list_t list;
	gnutls_x509_crt_t crt;
	unsigned int n = 0;

	gnutls_certificate_get_trust_list(cred, &list);
	while (!gnutls_x509_trust_list_iter_get_ca(list, &iter, &crt)) {
		gnutls_x509_crt_deinit(crt);
		n++;
	}
	gnutls_x509_trust_list_iter_deinit(iter);
	return n;
}

/* The authorities of the system, which a client loads, are none that a server trusts. */
static void test_trust(const struct pki *pki)
{
	struct sheath_config *cfg = sheath_config_new();
	struct sheath_hs *c, *s;
	struct link l;

	link_open(&l, false);
	sheath_config_set_keypair_file(cfg, pki->ecdsa.cert_file, pki->ecdsa.key_file);
	sheath_config_verify_client(cfg);
	c = sheath_client(l.a, "localhost", cfg);
	s = sheath_server(l.b, cfg);
	tap(c && !s && strstr(sheath_error(), "no authority"),
	    "a client of it does not let a server trust the system's authorities");
	sheath_hs_free(c);
	sheath_hs_free(s);
	link_close(&l);
	tap(authorities(cfg->client_cred) > 1, "the system has some");
	tap(!sheath_config_set_ca_file(cfg, pki->ca.cert_file) &&
	    authorities(cfg->client_cred) == 1 && authorities(cfg->server_cred) == 1,
	    "an authority of the application takes their place");
	tap(!sheath_config_set_ca_file(cfg, pki->other_ca.cert_file) &&
	    authorities(cfg->client_cred) == 2, "a second one comes beside it");
	sheath_config_free(cfg);
}

enum ask { ASK_NONE, ASK_OPTIONAL, ASK_REQUIRE };

static void test_server(const struct pki *pki, int version, enum ask ask,
			const struct pki_cert *cert, bool good, const char *what)
{
	struct peer_spec spec = { .version = version, .cert = cert };
	struct sheath_config *cfg = server_config(pki, &pki->ecdsa, true);
	SSL_CTX *ctx = peer_ctx(&spec);
	struct sheath_hs *hs;
	struct link l;
	SSL *ssl;
	int ret;

	if (ask == ASK_OPTIONAL)
		sheath_config_verify_client_optional(cfg);
	if (ask == ASK_REQUIRE)
		sheath_config_verify_client(cfg);
	link_open(&l, false);
	ssl = peer_new(ctx, l.b, false);
	hs = sheath_server(l.a, cfg);
	sink_use(hs);
	ret = link_handshake(&l, hs, ssl);
	tap(good == !ret && good == (sink_log.installed == 1), "TLS 1.%d server: %s",
	    version - TLS1_VERSION, what);
	if (good)
		tap(sheath_peer_certs(hs) == (cert && ask != ASK_NONE) &&
		    !sheath_peer_status(hs) == (cert && ask != ASK_NONE), "and knows who it is");
	sheath_hs_free(hs);
	sheath_config_free(cfg);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	link_close(&l);
}

static void test_client_certs(const struct pki *pki, int version)
{
	test_server(pki, version, ASK_NONE, &pki->client, true, "asks for nothing");
	test_server(pki, version, ASK_OPTIONAL, NULL, true, "asks, client has none");
	test_server(pki, version, ASK_OPTIONAL, &pki->client, true, "asks, client has a good one");
	test_server(pki, version, ASK_OPTIONAL, &pki->foreign_client, false,
		    "asks, client has a bad one");
	test_server(pki, version, ASK_REQUIRE, NULL, false, "requires, client has none");
	test_server(pki, version, ASK_REQUIRE, &pki->client, true, "requires, client has one");
	test_server(pki, version, ASK_REQUIRE, &pki->foreign_client, false,
		    "requires, client has a bad one");
}

static void test_psk(int version, const char *ours, bool server, bool good)
{
	struct peer_spec spec = { .server = !server, .version = version,
				  .psk = "0123456789abcdef0123456789abcdef",
				  .ciphers = "ECDHE-PSK-CHACHA20-POLY1305",
				  .suites = "TLS_AES_128_GCM_SHA256" };
	struct sheath_config *cfg = sheath_config_new();
	SSL_CTX *ctx = peer_ctx(&spec);
	struct sheath_hs *hs;
	struct link l;
	SSL *ssl;
	int ret;

	sheath_config_add_psk(cfg, "tester", ours, strlen(ours));
	link_open(&l, false);
	ssl = peer_new(ctx, l.b, !server);
	hs = server ? sheath_server(l.a, cfg) : sheath_client(l.a, NULL, cfg);
	sink_use(hs);
	ret = link_handshake(&l, hs, ssl);
	if (!tap(good ? !ret : ret < 0, "TLS 1.%d %s: %s pre-shared key", version - TLS1_VERSION,
		 server ? "server" : "client", good ? "right" : "wrong"))
		printf("# %d: %s\n", ret, sheath_error());
	if (good && !ret)
		tap(sheath_psk_identity(hs) && !strcmp(sheath_psk_identity(hs), "tester"),
		    "and its identity is known");
	sheath_hs_free(hs);
	sheath_config_free(cfg);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	link_close(&l);
}

int main(void)
{
	struct pki *pki = pki_new();
	const char *right = "0123456789abcdef0123456789abcdef", *wrong = "another key";

	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
			test_client(pki, &cases[i], version);
		test_client_certs(pki, version);
		for (int server = 0; server < 2; server++) {
			test_psk(version, right, server, true);
			test_psk(version, wrong, server, false);
		}
	}
	test_resumption(pki);
	test_trust(pki);
	pki_free(pki);
	return tap_end();
}
