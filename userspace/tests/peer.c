// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The other end of a test connection: OpenSSL, which shares no code with GnuTLS.
 */
#include "peer.h"

#include <string.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "tap.h"

static const char *psk_key;

static void must(int good, const char *what)
{
	if (!good)
		tap_bail("OpenSSL: %s: %s", what, ERR_error_string(ERR_get_error(), NULL));
}

static unsigned int psk_client(SSL *ssl, const char *hint, char *identity, unsigned int size,
			       unsigned char *psk, unsigned int psk_size)
{
	size_t len = strlen(psk_key);

	(void)ssl;
	(void)hint;
	if (size < 7 || psk_size < len)
		return 0;
	strcpy(identity, "tester");
	memcpy(psk, psk_key, len);
	return len;
}

static unsigned int psk_server(SSL *ssl, const char *identity, unsigned char *psk,
			       unsigned int psk_size)
{
	size_t len = strlen(psk_key);

	(void)ssl;
	if (strcmp(identity, "tester") || psk_size < len)
		return 0;
	memcpy(psk, psk_key, len);
	return len;
}

static X509 *load_cert(const struct pki_cert *c)
{
	BIO *bio = BIO_new_mem_buf(c->cert_pem.data, c->cert_pem.size);
	X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	must(x != NULL, "certificate");
	return x;
}

static void use_cert(SSL_CTX *ctx, const struct pki_cert *c)
{
	BIO *bio = BIO_new_mem_buf(c->key_pem.data, c->key_pem.size);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	X509 *x = load_cert(c);

	BIO_free(bio);
	must(key != NULL, "key");
	must(SSL_CTX_use_certificate(ctx, x), "use certificate");
	must(SSL_CTX_use_PrivateKey(ctx, key), "use key");
	X509_free(x);
	EVP_PKEY_free(key);
}

static void use_ca(SSL_CTX *ctx, const struct pki_cert *c)
{
	X509 *x = load_cert(c);

	must(X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), x), "authority");
	X509_free(x);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
}

static void use_psk(SSL_CTX *ctx, const struct peer_spec *spec)
{
	psk_key = spec->psk;
	if (spec->server)
		SSL_CTX_set_psk_server_callback(ctx, psk_server);
	else
		SSL_CTX_set_psk_client_callback(ctx, psk_client);
}

/**
 * peer_ctx() - set OpenSSL up
 * @spec: how
 *
 * Return: context, to be freed with SSL_CTX_free().
 */
SSL_CTX *peer_ctx(const struct peer_spec *spec)
{
	SSL_CTX *ctx = SSL_CTX_new(spec->server ? TLS_server_method() : TLS_client_method());

	must(ctx != NULL, "context");
	SSL_CTX_set_min_proto_version(ctx, spec->version);
	SSL_CTX_set_max_proto_version(ctx, spec->version);
	/* A server resumes nothing without it; a client with it takes no PSK in TLS 1.3. */
	if (spec->server)
		SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"test", 4);
	SSL_CTX_set_dh_auto(ctx, 1);
	SSL_CTX_set_options(ctx, SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
	if (spec->no_tickets) {
		SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
		SSL_CTX_set_num_tickets(ctx, 0);
	}
	if (spec->ciphers)
		must(SSL_CTX_set_cipher_list(ctx, spec->ciphers), spec->ciphers);
	if (spec->suites)
		must(SSL_CTX_set_ciphersuites(ctx, spec->suites), spec->suites);
	if (spec->groups)
		must(SSL_CTX_set1_groups_list(ctx, spec->groups), spec->groups);
	if (spec->sigalgs)
		must(SSL_CTX_set1_sigalgs_list(ctx, spec->sigalgs), spec->sigalgs);
	if (spec->alone)
		SSL_CTX_set_options(ctx, SSL_OP_ALLOW_NO_DHE_KEX);
	if (spec->cert)
		use_cert(ctx, spec->cert);
	if (spec->ca)
		use_ca(ctx, spec->ca);
	if (spec->psk)
		use_psk(ctx, spec);
	if (spec->alpn)
		SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)spec->alpn,
					strlen(spec->alpn));
	return ctx;
}

/**
 * peer_new() - an end of a connection
 * @ctx: from peer_ctx()
 * @fd: socket, non-blocking
 * @server: its role
 *
 * Return: to be freed with SSL_free().
 */
SSL *peer_new(SSL_CTX *ctx, int fd, bool server)
{
	SSL *ssl = SSL_new(ctx);

	must(ssl != NULL && SSL_set_fd(ssl, fd), "connection");
	if (server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}

/**
 * peer_step() - do what goes of the handshake
 * @ssl: connection
 *
 * Return: 0 done, 1 waiting, -1 failed.
 */
int peer_step(SSL *ssl)
{
	int ret;

	ERR_clear_error();
	ret = SSL_do_handshake(ssl);
	if (ret == 1)
		return 0;
	switch (SSL_get_error(ssl, ret)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return 1;
	default:
		return -1;
	}
}
