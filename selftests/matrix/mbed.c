// SPDX-License-Identifier: GPL-2.0
/*
 * mbedTLS as a peer, with everything it has:
 *
 *	mbed server PORT CERT KEY	one connection: echoes until its end
 *	mbed client PORT CA BYTES	sends what it reads from standard input, prints BYTES that
 *					come back
 *
 * It offers truncated HMAC, encrypt-then-MAC and DEFLATE, and takes them when offered.
 */
#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>

static mbedtls_ssl_context ssl;
static mbedtls_ssl_config conf;
static mbedtls_x509_crt cert;
static mbedtls_pk_context key;
static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context rng;
static mbedtls_net_context net, listener;

static void check(int rc, const char *what)
{
	char text[200];

	if (rc >= 0)
		return;
	mbedtls_strerror(rc, text, sizeof(text));
	errx(1, "%s: %s", what, text);
}

static void set_up(int endpoint)
{
	mbedtls_ssl_init(&ssl);
	mbedtls_ssl_config_init(&conf);
	mbedtls_x509_crt_init(&cert);
	mbedtls_pk_init(&key);
	mbedtls_entropy_init(&entropy);
	mbedtls_ctr_drbg_init(&rng);
	mbedtls_net_init(&net);
	mbedtls_net_init(&listener);
	check(mbedtls_ctr_drbg_seed(&rng, mbedtls_entropy_func, &entropy, NULL, 0), "seed");
	check(mbedtls_ssl_config_defaults(&conf, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM,
					  MBEDTLS_SSL_PRESET_DEFAULT), "defaults");
	mbedtls_ssl_conf_rng(&conf, mbedtls_ctr_drbg_random, &rng);
	mbedtls_ssl_conf_min_version(&conf, MBEDTLS_SSL_MAJOR_VERSION_3,
				     MBEDTLS_SSL_MINOR_VERSION_0);
	mbedtls_ssl_conf_ciphersuites(&conf, mbedtls_ssl_list_ciphersuites());
	mbedtls_ssl_conf_truncated_hmac(&conf, MBEDTLS_SSL_TRUNC_HMAC_ENABLED);
}

static void shake(void)
{
	int rc;

	check(mbedtls_ssl_setup(&ssl, &conf), "setup");
	check(mbedtls_ssl_set_hostname(&ssl, "localhost"), "name");
	mbedtls_ssl_set_bio(&ssl, &net, mbedtls_net_send, mbedtls_net_recv, NULL);
	do {
		rc = mbedtls_ssl_handshake(&ssl);
	} while (rc == MBEDTLS_ERR_SSL_WANT_READ || rc == MBEDTLS_ERR_SSL_WANT_WRITE);
	check(rc, "handshake");
}

static void give(const unsigned char *buf, size_t len)
{
	while (len) {
		int n = mbedtls_ssl_write(&ssl, buf, len);

		check(n, "write");
		buf += n;
		len -= n;
	}
}

static int server(char **argv)
{
	static unsigned char buf[40000];
	int n;

	set_up(MBEDTLS_SSL_IS_SERVER);
	check(mbedtls_x509_crt_parse_file(&cert, argv[1]), argv[1]);
	check(mbedtls_pk_parse_keyfile(&key, argv[2], NULL), argv[2]);
	check(mbedtls_ssl_conf_own_cert(&conf, &cert, &key), "certificate");
	check(mbedtls_net_bind(&listener, NULL, argv[0], MBEDTLS_NET_PROTO_TCP), "bind");
	check(mbedtls_net_accept(&listener, &net, NULL, 0, NULL), "accept");
	shake();
	while ((n = mbedtls_ssl_read(&ssl, buf, sizeof(buf))) > 0)
		give(buf, n);
	if (n != MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
		check(n, "read");
	check(mbedtls_ssl_close_notify(&ssl), "close_notify");
	return 0;
}

/* what the peer does not take yet stays in @buf, @len bytes from @at on */
static void give_some(const unsigned char *buf, size_t *at, size_t *len)
{
	int n = mbedtls_ssl_write(&ssl, buf + *at, *len);

	if (n == MBEDTLS_ERR_SSL_WANT_WRITE || n == MBEDTLS_ERR_SSL_WANT_READ)
		return;
	check(n, "write");
	*at += n;
	*len -= n;
}

static long take_some(void)
{
	static unsigned char buf[40000];
	long got = 0;
	int n;

	while ((n = mbedtls_ssl_read(&ssl, buf, sizeof(buf))) > 0) {
		fwrite(buf, 1, n, stdout);
		got += n;
	}
	/* a peer that has sent everything may say so at once */
	if (n != MBEDTLS_ERR_SSL_WANT_READ && n != MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
		check(n ? n : -1, "read");
	return got;
}

static int client(char **argv)
{
	static unsigned char buf[20000];
	long left = atol(argv[2]);
	size_t at = 0, len = 0;
	ssize_t n = 1;

	set_up(MBEDTLS_SSL_IS_CLIENT);
	check(mbedtls_x509_crt_parse_file(&cert, argv[1]), argv[1]);
	mbedtls_ssl_conf_ca_chain(&conf, &cert, NULL);
	check(mbedtls_net_connect(&net, "localhost", argv[0], MBEDTLS_NET_PROTO_TCP), "connect");
	shake();
	check(mbedtls_net_set_nonblock(&net), "nonblock");
	while (left > 0) {
		struct pollfd p = { .fd = net.fd, .events = POLLIN };

		if (!len && n > 0) {
			n = read(0, buf, sizeof(buf));
			at = 0;
			len = n > 0 ? n : 0;
		}
		p.events |= len ? POLLOUT : 0;
		if (poll(&p, 1, 60000) <= 0)
			errx(1, "%ld bytes did not come", left);
		if (len)
			give_some(buf, &at, &len);
		left -= take_some();
	}
	fflush(stdout);
	check(mbedtls_ssl_close_notify(&ssl), "close_notify");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "server"))
		return server(argv + 2);
	if (argc == 5 && !strcmp(argv[1], "client"))
		return client(argv + 2);
	errx(2, "see the source");
}
