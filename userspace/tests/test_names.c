// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is the right certificate shown, and the right name asked for and verified?
 */
#include <stdio.h>
#include <string.h>

#include "libsheath.h"
#include "link.h"
#include "peer.h"
#include "sink.h"
#include "tap.h"

static void add(struct sheath_config *cfg, const struct pki_cert *c)
{
	sheath_config_set_keypair_file(cfg, c->cert_file, c->key_file);
}

/* A server with a certificate for each name, the wildcards before and behind the others. */
static struct sheath_config *server_of_all(const struct pki *pki, bool reverse)
{
	const struct pki_cert *certs[] = {
		&pki->ecdsa, &pki->elsewhere, &pki->wildcard, &pki->inner, &pki->upper,
		&pki->ipv4, &pki->ipv6,
	};
	const size_t n = sizeof(certs) / sizeof(certs[0]);
	struct sheath_config *cfg = sheath_config_new();

	for (size_t i = 0; i < n; i++)
		add(cfg, certs[reverse ? n - 1 - i : i]);
	return cfg;
}

/* The own certificate of the peer. */
static bool shows(struct sheath_hs *hs, const struct pki_cert *cert)
{
	const unsigned char *der;
	gnutls_datum_t want;
	bool same;
	size_t len;

	if (sheath_peer_cert(hs, 0, &der, &len))
		return false;
	gnutls_x509_crt_export2(cert->crt, GNUTLS_X509_FMT_DER, &want);
	same = want.size == len && !memcmp(want.data, der, len);
	gnutls_free(want.data);
	return same;
}

/**
 * test_name() - a client that asks for a name
 * @cert: what it has to be shown; NULL: the name is of none, and is refused
 * @sni: the name that the server is told, NULL: none
 */
static void test_name(const struct pki *pki, uint32_t version, bool reverse, const char *name,
		      const struct pki_cert *cert, const char *sni)
{
	struct sheath_config *server = server_of_all(pki, reverse);
	struct sheath_config *client = sheath_config_new();
	struct sheath_hs *c, *s;
	const char *told;
	struct link l;
	int ret;

	link_open(&l, false);
	sheath_config_set_ca_file(client, pki->ca.cert_file);
	sheath_config_set_protocols(client, version);
	c = sheath_client(l.a, name, client);
	s = sheath_server(l.b, server);
	sink_use(c);
	sink_use(s);
	ret = link_handshake_both(&l, c, s);
	told = sheath_servername(s);
	if (!tap(cert ? !ret && shows(c, cert) && (sni ? told && !strcmp(told, sni) : !told) : ret,
		 "%s%s: %s", name, reverse ? ", other order" : "",
		 cert ? "its certificate" : "refused"))
		printf("# %d: %s; asked for %s\n", ret, sheath_error(), told ? told : "none");
	sheath_hs_free(c);
	sheath_hs_free(s);
	sheath_config_free(server);
	sheath_config_free(client);
	link_close(&l);
}

static void test_names(const struct pki *pki, uint32_t v, bool r)
{
	test_name(pki, v, r, "localhost", &pki->ecdsa, "localhost");
	test_name(pki, v, r, "elsewhere.test", &pki->elsewhere, "elsewhere.test");
	test_name(pki, v, r, "ELSEWHERE.test", &pki->elsewhere, "ELSEWHERE.test");
	test_name(pki, v, r, "three.test", &pki->upper, "three.test");
	test_name(pki, v, r, "x.two.test", &pki->wildcard, "x.two.test");
	test_name(pki, v, r, "X.Two.Test", &pki->wildcard, "X.Two.Test");
	test_name(pki, v, r, "www.two.test", &pki->inner, "www.two.test");
	test_name(pki, v, r, "WWW.two.test", &pki->inner, "WWW.two.test");
	test_name(pki, v, r, "a.b.two.test", NULL, NULL);
	test_name(pki, v, r, "two.test", NULL, NULL);
	/* as people write names */
	test_name(pki, v, r, "x.two.test.", &pki->wildcard, "x.two.test");
	test_name(pki, v, r, "localhost.", &pki->ecdsa, "localhost");
}

/* An address is not asked for, so the server has one certificate only. */
static void test_address(const struct pki *pki, const struct pki_cert *cert, const char *name,
			 bool good)
{
	struct peer_spec spec = { .server = true, .version = TLS1_3_VERSION, .cert = cert };
	struct sheath_config *cfg = sheath_config_new();
	SSL_CTX *ctx = peer_ctx(&spec);
	struct sheath_hs *hs;
	struct link l;
	SSL *ssl;
	int ret;

	link_open(&l, false);
	sheath_config_set_ca_file(cfg, pki->ca.cert_file);
	ssl = peer_new(ctx, l.b, true);
	hs = sheath_client(l.a, name, cfg);
	sink_use(hs);
	ret = link_handshake(&l, hs, ssl);
	if (!tap(good ? !ret && !SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) : ret == -1,
		 "%s: %s", name, good ? "accepted" : "refused"))
		printf("# %d: %s\n", ret, sheath_error());
	sheath_hs_free(hs);
	sheath_config_free(cfg);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	link_close(&l);
}

/* A server that chooses by name asks for and verifies certificates of clients all the same. */
static void test_both(const struct pki *pki, const struct pki_cert *cert, bool good)
{
	struct peer_spec spec = { .version = TLS1_3_VERSION, .cert = cert, .ca = &pki->ca };
	struct sheath_config *cfg = server_of_all(pki, false);
	SSL_CTX *ctx = peer_ctx(&spec);
	struct sheath_hs *hs;
	struct link l;
	SSL *ssl;
	int ret;

	sheath_config_set_ca_file(cfg, pki->ca.cert_file);
	sheath_config_verify_client(cfg);
	link_open(&l, false);
	ssl = peer_new(ctx, l.b, false);
	SSL_set_tlsext_host_name(ssl, "x.two.test");
	hs = sheath_server(l.a, cfg);
	sink_use(hs);
	ret = link_handshake(&l, hs, ssl);
	tap(good ? !ret : ret == -1,
	    "x.two.test of a server that verifies clients: %s", good ? "accepted" : "refused");
	tap(!good || sk_X509_NAME_num(SSL_get0_peer_CA_list(ssl)) == 1, "it says whose it takes");
	sheath_hs_free(hs);
	sheath_config_free(cfg);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	link_close(&l);
}

int main(void)
{
	struct pki *pki = pki_new();

	for (int reverse = 0; reverse < 2; reverse++) {
		test_names(pki, SHEATH_PROTOCOL_TLS_1_2, reverse);
		test_names(pki, SHEATH_PROTOCOL_TLS_1_3, reverse);
	}
	test_both(pki, &pki->client, true);
	test_both(pki, &pki->foreign_client, false);
	test_both(pki, NULL, false);
	test_address(pki, &pki->ipv4, "127.0.0.1", true);
	test_address(pki, &pki->ipv4, "[127.0.0.1]", true);
	test_address(pki, &pki->ipv6, "fe80::1", true);
	test_address(pki, &pki->ipv6, "[fe80::1]", true);
	test_address(pki, &pki->ipv6, "fe80::1%eth0", true);
	test_address(pki, &pki->ipv6, "[fe80::1%2]", true);
	test_address(pki, &pki->ipv6, "fe80::2%eth0", false);
	test_address(pki, &pki->ipv6, "localhost%eth0", false);
	pki_free(pki);
	return tap_end();
}
