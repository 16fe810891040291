// SPDX-License-Identifier: GPL-2.0
/*
 * gnutls_client PORT: what the server there has to say, on standard output. For gnutls-cli
 * writes byte by byte, and gigabytes take hours.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gnutls/gnutls.h>

static int connect_to(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return connect(fd, (struct sockaddr *)&a, sizeof(a)) ? -1 : fd;
}

static int copy(gnutls_session_t s)
{
	static char buf[1 << 14];
	ssize_t n;

	do {
		n = gnutls_record_recv(s, buf, sizeof(buf));
		if (n > 0 && fwrite(buf, 1, n, stdout) != (size_t)n)
			return -1;
	} while (n > 0 || (n < 0 && !gnutls_error_is_fatal(n)));
	if (n < 0)
		fprintf(stderr, "recv: %s\n", gnutls_strerror(n));
	return n < 0 || fflush(stdout) ? -1 : 0;
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? connect_to(atoi(argv[1])) : -1, rc;
	gnutls_certificate_credentials_t cred;
	gnutls_session_t s;

	if (fd < 0 || gnutls_init(&s, GNUTLS_CLIENT) ||
	    gnutls_certificate_allocate_credentials(&cred) || gnutls_set_default_priority(s) ||
	    gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, cred))
		return 2;
	gnutls_transport_set_int(s, fd);
	do {
		rc = gnutls_handshake(s);
	} while (rc < 0 && !gnutls_error_is_fatal(rc));
	if (rc < 0) {
		fprintf(stderr, "handshake: %s\n", gnutls_strerror(rc));
		return 1;
	}
	rc = copy(s);
	gnutls_bye(s, GNUTLS_SHUT_WR);
	close(fd);
	return rc ? 1 : 0;
}
