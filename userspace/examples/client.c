// SPDX-License-Identifier: LGPL-2.1-or-later
/* Fetches the start page of an HTTPS server: client HOST PORT [CA-FILE] */
#include <err.h>
#include <libsheath.h>
#include <netdb.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	struct addrinfo *ai, hints = { .ai_socktype = SOCK_STREAM };
	struct sheath_config *cfg = sheath_config_new();
	struct sheath_hs *hs;
	char buf[16384];
	ssize_t n;
	int fd;

	if (argc < 3 || getaddrinfo(argv[1], argv[2], &hints, &ai))
		errx(2, "usage: client HOST PORT [CA-FILE]");
	fd = socket(ai->ai_family, SOCK_STREAM, 0);
	if (connect(fd, ai->ai_addr, ai->ai_addrlen))
		err(1, "connect");
	if (!cfg || (argc > 3 && sheath_config_set_ca_file(cfg, argv[3])))
		errx(1, "%s", sheath_error());
	hs = sheath_client(fd, argv[1], cfg);		/* verifies the chain and the name */
	if (!hs || sheath_handshake_wait(hs, 10000))
		errx(1, "%s", sheath_error());
	sheath_hs_free(hs);				/* the kernel has the keys now */
	dprintf(fd, "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", argv[1]);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, n, stdout);
	return n ? err(1, "read"), 1 : 0;
}
