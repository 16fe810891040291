// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Fetches the start page of an HTTPS server, with TLS in the kernel if the module is there, in
 * this process if it is not: fallback HOST PORT CA-FILE
 */
#include <err.h>
#include <libsheath.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

static char request[512], buf[16384];

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

static void fetch_by_kernel(int fd, const char *host, const char *ca)
{
	struct sheath_config *cfg = sheath_config_new();
	struct sheath_hs *hs;
	ssize_t n;

	if (!cfg || sheath_config_set_ca_file(cfg, ca))
		errx(1, "%s", sheath_error());
	hs = sheath_client(fd, host, cfg);
	if (!hs || sheath_handshake_wait(hs, 10000))
		errx(1, "%s", sheath_error());
	sheath_hs_free(hs);
	if (dprintf(fd, "%s", request) < 0)
		err(1, "write");
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, n, stdout);
	if (n)
		err(1, "read");
}

/* The same without the module. */
static void fetch_by_gnutls(int fd, const char *host, const char *ca)
{
	gnutls_certificate_credentials_t cred;
	gnutls_session_t session;
	ssize_t n;
	int ret;

	gnutls_certificate_allocate_credentials(&cred);
	if (gnutls_certificate_set_x509_trust_file(cred, ca, GNUTLS_X509_FMT_PEM) <= 0)
		errx(1, "no certificate in %s", ca);
	gnutls_init(&session, GNUTLS_CLIENT);
	gnutls_set_default_priority(session);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, cred);
	gnutls_server_name_set(session, GNUTLS_NAME_DNS, host, strlen(host));
	gnutls_session_set_verify_cert(session, host, 0);
	gnutls_transport_set_int(session, fd);
	gnutls_handshake_set_timeout(session, 10000);
	do
		ret = gnutls_handshake(session);
	while (ret < 0 && !gnutls_error_is_fatal(ret));
	if (ret < 0)
		errx(1, "the handshake failed: %s", gnutls_strerror(ret));
	gnutls_record_send(session, request, strlen(request));
	do {
		n = gnutls_record_recv(session, buf, sizeof(buf));
		if (n > 0)
			fwrite(buf, 1, n, stdout);
	} while (n > 0 || (n < 0 && !gnutls_error_is_fatal(n)));
	if (n)
		errx(1, "cannot receive: %s", gnutls_strerror(n));
	gnutls_deinit(session);
	gnutls_certificate_free_credentials(cred);
}

int main(int argc, char **argv)
{
	int fd;

	if (argc != 4)
		errx(2, "usage: fallback HOST PORT CA-FILE");
	signal(SIGPIPE, SIG_IGN);
	snprintf(request, sizeof(request), "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", argv[1]);
	fd = connect_to(argv[1], argv[2]);
	if (sheath_available(NULL)) {
		fetch_by_kernel(fd, argv[1], argv[3]);
	} else {
		warnx("%s", sheath_error());
		fetch_by_gnutls(fd, argv[1], argv[3]);
	}
	return 0;
}
