// SPDX-License-Identifier: GPL-2.0
/*
 * What a record with cipher and MAC costs: send() and recv() with the module against
 * SSL_write() and SSL_read() of OpenSSL over the same loopback, one thread, one CPU.
 *
 * usage: mac_bench BYTES ROUNDS; a line for each suite, ns a call, of all rounds the least
 */
#include <err.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "sock.h"

#define CALLS	400

static char buf[1 << 16];
static size_t size;

struct cost { long tx, rx; };

static const struct suite {
	const char *name;
	const char *openssl;
	uint16_t cipher;
	uint8_t mac;
	bool etm;
} suites[] = {
	{ "aes128-sha1 mte", "ECDHE-ECDSA-AES128-SHA", SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, false },
	{ "aes128-sha1 etm", "ECDHE-ECDSA-AES128-SHA", SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA1, true },
	{ "aes128-sha256 mte", "ECDHE-ECDSA-AES128-SHA256", SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA256, false },
	{ "aes128-sha256 etm", "ECDHE-ECDSA-AES128-SHA256", SHEATH_CIPHER_AES_128_CBC, SHEATH_MAC_SHA256, true },
	{ "aes256-sha384 etm", "ECDHE-ECDSA-AES256-SHA384", SHEATH_CIPHER_AES_256_CBC, SHEATH_MAC_SHA384, true },
};

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000l + t.tv_nsec;
}

static void least(struct cost *c, long tx, long rx)
{
	if (!c->tx || tx < c->tx)
		c->tx = tx;
	if (!c->rx || rx < c->rx)
		c->rx = rx;
}

static void run_sheath(const struct suite *s, struct cost *c)
{
	struct st_key k = st_key_mac(TLS_1_2_VERSION, s->cipher, s->mac, s->etm, 0, 1);
	long tx = 0, rx = 0;
	int fd[2], i;

	if (st_pair(AF_INET, fd) || st_set_sheath(fd[0], TLS_TX, &k) ||
	    st_set_sheath(fd[1], TLS_RX, &k))
		err(1, "%s", s->name);
	for (i = 0; i < CALLS; i++) {
		long t = now(), u;

		if (send(fd[0], buf, size, 0) != (ssize_t)size)
			err(1, "send");
		u = now();
		tx += u - t;
		if (recv(fd[1], buf, size, MSG_WAITALL) != (ssize_t)size)
			err(1, "recv");
		rx += now() - u;
	}
	least(c, tx / CALLS, rx / CALLS);
	close(fd[0]);
	close(fd[1]);
}

static SSL *end(const struct suite *s, bool server, int fd)
{
	SSL_CTX *ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	SSL *ssl;

	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 1000);
	X509_set_pubkey(x, key);
	X509_sign(x, key, EVP_sha256());
	SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, s->etm ? 0 : SSL_OP_NO_ENCRYPT_THEN_MAC);
	if (SSL_CTX_set_cipher_list(ctx, s->openssl) != 1 || SSL_CTX_use_certificate(ctx, x) != 1 ||
	    SSL_CTX_use_PrivateKey(ctx, key) != 1)
		errx(1, "%s", s->openssl);
	X509_free(x);
	EVP_PKEY_free(key);
	ssl = SSL_new(ctx);
	SSL_CTX_free(ctx);
	SSL_set_fd(ssl, fd);
	return ssl;
}

static void *run_accept(void *arg)
{
	if (SSL_accept(arg) != 1)
		errx(1, "accept");
	return NULL;
}

static void run_openssl(const struct suite *s, struct cost *c)
{
	long tx = 0, rx = 0;
	pthread_t thread;
	int fd[2], i;
	SSL *a, *b;

	if (st_pair(AF_INET, fd))
		err(1, "pair");
	a = end(s, false, fd[0]);
	b = end(s, true, fd[1]);
	pthread_create(&thread, NULL, run_accept, b);
	if (SSL_connect(a) != 1)
		errx(1, "connect");
	pthread_join(thread, NULL);
	for (i = 0; i < CALLS; i++) {
		long t = now(), u;
		size_t got = 0;

		if (SSL_write(a, buf, size) != (int)size)
			errx(1, "write");
		u = now();
		tx += u - t;
		while (got < size) {
			int n = SSL_read(b, buf + got, size - got);

			if (n <= 0)
				errx(1, "read");
			got += n;
		}
		rx += now() - u;
	}
	least(c, tx / CALLS, rx / CALLS);
	SSL_free(a);
	SSL_free(b);
	close(fd[0]);
	close(fd[1]);
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[2]) : 5, slower = 0;

	size = argc > 1 ? atoi(argv[1]) : 16384;
	printf("%-20s %7s | %7s %7s | %7s %7s | %5s %5s\n", "ns a call", "bytes", "openssl", "", "sheath",
	       "", "ratio", "");
	printf("%-20s %7s | %7s %7s | %7s %7s | %5s %5s\n", "TLS 1.2", "", "tx", "rx", "tx", "rx", "tx", "rx");
	for (size_t i = 0; i < sizeof(suites) / sizeof(*suites); i++) {
		struct cost o = { 0 }, k = { 0 };

		for (int r = 0; r < rounds; r++) {
			run_openssl(&suites[i], &o);
			run_sheath(&suites[i], &k);
		}
		printf("%-20s %7zu | %7ld %7ld | %7ld %7ld | %5.2f %5.2f\n", suites[i].name, size, o.tx,
		       o.rx, k.tx, k.rx, (double)k.tx / o.tx, (double)k.rx / o.rx);
		fflush(stdout);
		slower += k.tx + k.rx > o.tx + o.rx;
	}
	return slower;
}
