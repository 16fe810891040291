// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Are mistakes of the application refused with a text that says what they are, and is the
 * rest negotiated as it was configured?
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libsheath.h"
#include "link.h"
#include "peer.h"
#include "sink.h"
#include "tap.h"

static void refused(int ret, const char *text, const char *what)
{
	if (!tap(ret == -1 && strstr(sheath_error(), text), "%s", what))
		printf("# %d: %s\n", ret, sheath_error());
}

/* A temporary file, removed by the caller. */
static const char *file_of(const gnutls_datum_t *data)
{
	static char path[64];
	const char *base = getenv("TMPDIR");
	int fd;

	snprintf(path, sizeof(path), "%.40s/sheath-file-XXXXXX", base ? base : "/tmp");
	fd = mkstemp(path);
	if (fd < 0 || write(fd, data->data, data->size) != (ssize_t)data->size)
		tap_bail("cannot write %s", path);
	close(fd);
	return path;
}

/* Each error names the file that is wrong, not the other, and what is wrong with it. */
static void blames(struct sheath_config *cfg, const char *cert, const char *key, const char *bad,
		   const char *why)
{
	const char *good = bad == cert ? key : cert;
	int ret = sheath_config_set_keypair_file(cfg, cert, key);

	if (!tap(ret == -1 && strstr(sheath_error(), bad) && !strstr(sheath_error(), good) &&
		 strstr(sheath_error(), why), "a key pair: %s", why))
		printf("# %d: %s\n", ret, sheath_error());
}

static void test_causes(struct sheath_config *cfg, const struct pki *pki)
{
	const char *cert = pki->ecdsa.cert_file, *key = pki->ecdsa.key_file, *path;
	gnutls_datum_t data, text = { (unsigned char *)"hello\n", 6 };

	blames(cfg, "/nowhere/c", key, "/nowhere/c", "No such file");
	blames(cfg, cert, "/nowhere/k", "/nowhere/k", "No such file");
	refused(sheath_config_set_keypair_file(cfg, "/", key), "cannot load /: Is a directory",
		"a folder");
	path = file_of(&text);
	blames(cfg, path, key, path, "no certificate in PEM form");
	blames(cfg, cert, path, path, "no private key in PEM form");
	refused(sheath_config_set_ca_file(cfg, path), "no certificate in PEM form",
		"authorities that are none");
	unlink(path);
	gnutls_x509_crt_export2(pki->ecdsa.crt, GNUTLS_X509_FMT_DER, &data);
	path = file_of(&data);
	blames(cfg, path, key, path, "no certificate in PEM form");
	unlink(path);
	gnutls_free(data.data);
	gnutls_x509_privkey_export2_pkcs8(pki->ecdsa.key, GNUTLS_X509_FMT_PEM, "secret",
					  GNUTLS_PKCS_PBES2_AES_256, &data);
	path = file_of(&data);
	blames(cfg, cert, path, path, "encrypted");
	unlink(path);
	gnutls_free(data.data);
}

static void test_files(struct sheath_config *cfg, const struct pki *pki)
{
	refused(sheath_config_set_ca_file(cfg, "/nowhere/ca.pem"), "/nowhere/ca.pem",
		"authorities that are not there");
	refused(sheath_config_set_ca_file(cfg, "/dev/null"), "/dev/null",
		"a file without certificates");
	refused(sheath_config_set_keypair_file(cfg, "/nowhere/a", "/nowhere/b"), "/nowhere/a",
		"a certificate that is not there");
	refused(sheath_config_set_keypair_file(cfg, pki->ecdsa.cert_file, pki->rsa.key_file),
		"cannot load", "a key of another certificate");
	refused(sheath_config_set_keypair_mem(cfg, "x", 1, "y", 1), "cannot load",
		"no PEM at all");
}

static void test_values(struct sheath_config *cfg)
{
	char key[300] = "", long_list[256];

	memset(long_list, 'a', sizeof(long_list) - 1);
	long_list[sizeof(long_list) - 1] = '\0';
	refused(sheath_config_set_alpn(cfg, long_list), "longer", "a long list of protocols");
	refused(sheath_config_set_alpn(cfg, "h2,,http/1.1"), "empty", "an empty protocol");
	refused(sheath_config_set_alpn(cfg, "h2,"), "empty", "an empty last protocol");
	refused(sheath_config_set_alpn(cfg, "a,b,c,d,e,f,g,h,i"), "more than", "many protocols");
	tap(!sheath_config_set_alpn(cfg, ""), "no protocols");
	refused(sheath_config_set_protocols(cfg, 0), "versions", "no version");
	refused(sheath_config_set_protocols(cfg, 16), "versions", "an unknown version");
	refused(sheath_config_set_ticket_key(cfg, key, 16), "ticket key", "a short ticket key");
	tap(!sheath_config_set_ticket_key(cfg, key, SHEATH_TICKET_KEY_LEN), "a ticket key");
	refused(sheath_config_add_psk(cfg, "", key, 16), "identity", "an empty identity");
	refused(sheath_config_add_psk(cfg, long_list, key, 0), "1 to", "an empty key");
	refused(sheath_config_add_psk(cfg, "a", key, 257), "1 to", "a long key");
	tap(!sheath_config_add_psk(cfg, "a", key, 16), "a key");
	refused(sheath_config_add_psk(cfg, "a", key, 16), "two", "a second one of its name");
	tap(!sheath_config_add_psk(cfg, "b", key, 16), "a second one");
}

static void test_priorities(struct sheath_config *cfg)
{
	refused(sheath_config_set_priority(cfg, "NORMAL:+NO-SUCH-THING"), "NO-SUCH-THING",
		"a bad priority string");
	tap(!strstr(sheath_error(), "VERS"), "and nothing but what is in it is quoted");
	refused(sheath_config_set_priority(cfg, "NORMAL:-CIPHER-ALL:+ARCFOUR-128"), "leaves",
		"only ciphers the module does not speak");
	refused(sheath_config_set_priority(cfg, "NORMAL:-VERS-ALL:+VERS-DTLS1.2"), "leaves",
		"only versions the module does not speak");
	refused(sheath_config_set_priority(cfg, "NORMAL:-VERS-TLS1.2:-VERS-TLS1.3"), "leaves",
		"old versions that nobody asked for by name");
	tap(!sheath_config_set_priority(cfg, "NORMAL:-VERS-ALL:+VERS-TLS1.1"), "TLS 1.1 by name");
	tap(!sheath_config_set_priority(cfg, "NONE:+VERS-TLS1.0:+3DES-CBC:+SHA1:+RSA:+COMP-NULL"),
	    "TLS 1.0 by name, with what it has");
	tap(!sheath_config_set_priority(cfg, "NORMAL:-CIPHER-ALL:+AES-128-CBC"), "CBC");
	tap(!sheath_config_set_priority(cfg, "NORMAL"), "a good one");
	tap(!sheath_config_set_priority(cfg, "NORMAL:-VERS-ALL:+VERS-TLS1.2"), "TLS 1.2 alone");
	refused(sheath_config_set_protocols(cfg, SHEATH_PROTOCOL_TLS_1_3), "leaves",
		"versions and priority string that exclude each other");
	tap(!sheath_config_set_priority(cfg, "NORMAL"), "and back");
}

static void test_objects(const struct pki *pki)
{
	struct sheath_config *cfg = sheath_config_new();
	struct sheath_hs *hs;
	void *data;
	size_t len;

	tap(!sheath_client(0, NULL, cfg) && strstr(sheath_error(), "no name"),
	    "a client without a name");
	tap(!sheath_server(0, cfg) && strstr(sheath_error(), "certificate"),
	    "a server without a certificate");
	sheath_config_set_keypair_file(cfg, pki->ecdsa.cert_file, pki->ecdsa.key_file);
	sheath_config_verify_client(cfg);
	tap(!sheath_server(0, cfg) && strstr(sheath_error(), "authority"),
	    "client certificates without an authority");
	hs = sheath_client(0, "localhost", cfg);
	sheath_config_free(cfg);
	tap(hs != NULL, "a handshake keeps its configuration");
	refused(sheath_set_session(hs, "rubbish", 7), "cannot resume", "a session that is none");
	refused(sheath_get_session(hs, &data, &len), "complete", "a session too early");
	sheath_hs_free(hs);
	sheath_hs_free(NULL);
	sheath_config_free(NULL);
	sheath_session_free(NULL, 0);
}

/* Pushing a session is refused before the kernel is asked. */
static void test_push(void)
{
	gnutls_session_t session;

	gnutls_init(&session, GNUTLS_CLIENT);
	gnutls_set_default_priority(session);
	refused(sheath_push_gnutls(0, session, 8), "flags", "bad flags");
	refused(sheath_push_gnutls(0, session, SHEATH_PUSH_CLIENT | SHEATH_PUSH_SERVER), "flags",
		"both ends at once");
	refused(sheath_push_gnutls(0, session, 0), "does not speak", "a session without keys");
	gnutls_deinit(session);
}

static void test_no_module(const struct pki *pki)
{
	struct sheath_config *cfg = sheath_config_new();
	struct sheath_info info;
	struct sheath_hs *hs;
	struct link l;

	link_open(&l, false);
	sheath_config_set_ca_file(cfg, pki->ca.cert_file);
	hs = sheath_client(l.a, "localhost", cfg);
	/* A socket of another family is the one failure that is the same everywhere. */
	refused(sheath_handshake(hs), "attach", "a socket that is not TCP");
	refused(sheath_handshake(hs), "already", "and once more");
	refused(sheath_info(l.a, &info, sizeof(info)), "cannot ask", "asking such a socket");
	refused(sheath_close_notify(l.a), "close_notify", "closing it");
	sheath_hs_free(hs);
	sheath_config_free(cfg);
	link_close(&l);
}

static void test_refused_keys(const struct pki *pki)
{
	struct peer_spec spec = { .version = TLS1_3_VERSION };
	struct sheath_config *cfg = sheath_config_new();
	SSL_CTX *ctx = peer_ctx(&spec);
	struct sheath_hs *hs;
	struct link l;
	SSL *ssl;
	char byte;

	link_open(&l, false);
	sheath_config_set_keypair_file(cfg, pki->ecdsa.cert_file, pki->ecdsa.key_file);
	hs = sheath_server(l.a, cfg);
	ssl = peer_new(ctx, l.b, false);
	sink_use(hs);
	sink_log.fail = EPERM;
	refused(link_handshake(&l, hs, ssl), "refuses the keys", "a kernel that refuses");
	tap(SSL_read(ssl, &byte, 1) <= 0 && SSL_get_error(ssl, -1) == SSL_ERROR_SSL,
	    "the peer gets an alert");
	sheath_hs_free(hs);
	sheath_config_free(cfg);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	link_close(&l);
}

/* Changing a configuration does not pull anything away under its handshakes. */
static void test_changed(const struct pki *pki)
{
	struct peer_spec spec = { .version = TLS1_3_VERSION };
	struct sheath_config *cfg = sheath_config_new();
	SSL_CTX *ctx = peer_ctx(&spec);
	struct sheath_hs *hs;
	struct link l;
	SSL *ssl;

	link_open(&l, false);
	sheath_config_set_keypair_file(cfg, pki->ecdsa.cert_file, pki->ecdsa.key_file);
	hs = sheath_server(l.a, cfg);
	ssl = peer_new(ctx, l.b, false);
	sink_use(hs);
	sheath_config_set_priority(cfg, "NORMAL");
	sheath_config_free(cfg);
	tap(!link_handshake(&l, hs, ssl), "a handshake keeps its algorithms");
	sheath_hs_free(hs);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	link_close(&l);
}

static void test_alpn(const struct pki *pki, const char *offer, const char *ours,
		      const char *chosen, bool good)
{
	struct peer_spec spec = { .version = TLS1_3_VERSION, .alpn = offer };
	struct sheath_config *cfg = sheath_config_new();
	SSL_CTX *ctx = peer_ctx(&spec);
	struct sheath_hs *hs;
	struct link l;
	SSL *ssl;
	int ret;

	link_open(&l, false);
	sheath_config_set_keypair_file(cfg, pki->ecdsa.cert_file, pki->ecdsa.key_file);
	sheath_config_set_alpn(cfg, ours);
	hs = sheath_server(l.a, cfg);
	ssl = peer_new(ctx, l.b, false);
	SSL_set_tlsext_host_name(ssl, "localhost");
	sink_use(hs);
	ret = link_handshake(&l, hs, ssl);
	tap(good == !ret, "client offers %s, server has \"%s\"", offer ? offer + 1 : "nothing",
	    ours);
	if (good)
		tap((!chosen && !sheath_alpn(hs)) ||
		    (chosen && sheath_alpn(hs) && !strcmp(chosen, sheath_alpn(hs))),
		    "they speak %s", chosen ? chosen : "whatever");
	if (good)
		tap(sheath_servername(hs) && !strcmp(sheath_servername(hs), "localhost"),
		    "the client asked for localhost");
	sheath_hs_free(hs);
	sheath_config_free(cfg);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	link_close(&l);
}

int main(void)
{
	struct pki *pki = pki_new();
	struct sheath_config *cfg = sheath_config_new();

	test_files(cfg, pki);
	test_causes(cfg, pki);
	test_values(cfg);
	test_priorities(cfg);
	sheath_config_free(cfg);
	test_objects(pki);
	test_push();
	test_no_module(pki);
	test_refused_keys(pki);
	test_changed(pki);
	test_alpn(pki, "\x08http/1.1", "h2,http/1.1", "http/1.1", true);
	test_alpn(pki, "\x08http/1.1\x02h2", "h2,http/1.1", "h2", true);
	test_alpn(pki, "\x03odd", "h2,http/1.1", NULL, false);
	test_alpn(pki, "\x03odd", "", NULL, true);
	test_alpn(pki, NULL, "h2", NULL, true);
	pki_free(pki);
	return tap_end();
}
