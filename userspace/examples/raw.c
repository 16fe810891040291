// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Fetches the start page of an HTTPS server without libsheath: the handshake is the program's
 * own, here with GnuTLS, and its keys go to the kernel by setsockopt(): raw HOST PORT CA-FILE
 *
 * TLS 1.3 with AES-128-GCM only. A program like this answers for the record boundary: GnuTLS must
 * not have read from the socket what comes after the handshake.
 */
#include <err.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <gnutls/gnutls.h>
#include <linux/sheath.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

static int connect_to(const char *host, const char *port)
{
	struct addrinfo *ai, hints = { .ai_socktype = SOCK_STREAM };
	int fd, ret = getaddrinfo(host, port, &hints, &ai);

	if (ret)
		errx(1, "cannot find %s port %s: %s", host, port, gai_strerror(ret));
	for (; ai; ai = ai->ai_next) {
		fd = socket(ai->ai_family, SOCK_STREAM, 0);
		if (fd >= 0 && !connect(fd, ai->ai_addr, ai->ai_addrlen))
			return fd;
	}
	err(1, "cannot connect to %s port %s", host, port);
}

static gnutls_session_t shake_hands(int fd, const char *host, const char *ca)
{
	gnutls_certificate_credentials_t cred;
	gnutls_session_t session;
	int ret;

	gnutls_certificate_allocate_credentials(&cred);
	if (gnutls_certificate_set_x509_trust_file(cred, ca, GNUTLS_X509_FMT_PEM) <= 0)
		errx(1, "no certificate in %s", ca);
	gnutls_init(&session, GNUTLS_CLIENT);
	gnutls_priority_set_direct(session, "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:"
				   "+AES-128-GCM", NULL);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, cred);
	gnutls_server_name_set(session, GNUTLS_NAME_DNS, host, strlen(host));
	gnutls_session_set_verify_cert(session, host, 0);
	gnutls_transport_set_int(session, fd);
	do
		ret = gnutls_handshake(session);
	while (ret < 0 && !gnutls_error_is_fatal(ret));
	if (ret < 0)
		errx(1, "the handshake failed: %s", gnutls_strerror(ret));
	return session;
}

/* GnuTLS tells key, IV and the number of the next record; they are good for one direction. */
static void set_key(int fd, gnutls_session_t session, unsigned int direction)
{
	struct sheath_key k = { .flags = direction, .version = TLS_1_3_VERSION,
				.cipher = TLS_CIPHER_AES_GCM_128, .key_len = 16, .iv_len = 12 };
	gnutls_datum_t mac, iv, key;
	unsigned char seq[8];

	if (gnutls_record_get_state(session, direction == SHEATH_KEY_RX, &mac, &iv, &key, seq) ||
	    key.size != k.key_len || iv.size != k.iv_len)
		errx(1, "no key");
	memcpy(k.key, key.data, key.size);
	memcpy(k.iv, iv.data, iv.size);
	for (int i = 0; i < 8; i++)
		k.rec_seq = k.rec_seq << 8 | seq[i];
	if (setsockopt(fd, SOL_TLS, SHEATH_KEY, &k, sizeof(k)))
		err(1, "SHEATH_KEY");
	explicit_bzero(&k, sizeof(k));
}

int main(int argc, char **argv)
{
	gnutls_session_t session;
	char buf[16384];
	ssize_t n;
	int fd;

	if (argc != 4)
		errx(2, "usage: raw HOST PORT CA-FILE");
	fd = connect_to(argv[1], argv[2]);
	/* before the handshake: a program can still do without the module then */
	if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, SHEATH_ULP_NAME, strlen(SHEATH_ULP_NAME)))
		err(1, "the module sheath");
	session = shake_hands(fd, argv[1], argv[3]);
	set_key(fd, session, SHEATH_KEY_TX);
	set_key(fd, session, SHEATH_KEY_RX);
	gnutls_deinit(session);				/* the kernel has the keys now */
	if (dprintf(fd, "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", argv[1]) < 0)
		err(1, "write");
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, n, stdout);
	if (n)
		err(1, "read");
	return 0;
}
