// SPDX-License-Identifier: LGPL-2.1-or-later
/* Fetches the start page of an HTTPS server: client HOST PORT [CA-FILE] */
#include <err.h>
#include <libsheath.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/socket.h>

/* One that listens may not be at the first address of its name. */
static int connect_to(const char *host, const char *port)
{
	struct addrinfo *list, *ai, hints = { .ai_socktype = SOCK_STREAM };
	int fd = -1, ret = getaddrinfo(host, port, &hints, &list);

	if (ret)
		errx(1, "cannot find %s port %s: %s", host, port, gai_strerror(ret));
	for (ai = list; ai; ai = ai->ai_next) {
		fd = socket(ai->ai_family, SOCK_STREAM, 0);
		if (fd >= 0 && !connect(fd, ai->ai_addr, ai->ai_addrlen))
			break;
		if (!ai->ai_next)
			err(1, "cannot connect to %s port %s", host, port);
		close(fd);
	}
	freeaddrinfo(list);
	return fd;
}

int main(int argc, char **argv)
{
	struct sheath_config *cfg = sheath_config_new();
	struct sheath_hs *hs;
	char buf[16384];
	ssize_t n;
	int fd;

	if (argc < 3)
		errx(2, "usage: client HOST PORT [CA-FILE]");
	if (!cfg || (argc > 3 && sheath_config_set_ca_file(cfg, argv[3])))
		errx(1, "%s", sheath_error());
	signal(SIGPIPE, SIG_IGN);			/* the server may leave at any time */
	fd = connect_to(argv[1], argv[2]);
	hs = sheath_client(fd, argv[1], cfg);		/* verifies the chain and the name */
	if (!hs || sheath_handshake_wait(hs, 10000))
		errx(1, "%s", sheath_error());
	sheath_hs_free(hs);				/* the kernel has the keys now */
	if (dprintf(fd, "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", argv[1]) < 0)
		err(1, "write");
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, n, stdout);
	if (n)
		err(1, "read");
	return 0;
}
