// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sends one file to each client that connects, each in a process: server PORT CERT KEY FILE */
#include <err.h>
#include <fcntl.h>
#include <libsheath.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <netinet/in.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

static void serve(int fd, struct sheath_config *cfg, const char *path)
{
	struct sheath_hs *hs = sheath_server(fd, cfg);
	int file = open(path, O_RDONLY);
	char rest[4096];
	ssize_t n = 1;

	alarm(600);					/* longer than any client may take */
	if (file < 0)
		err(1, "cannot open %s", path);
	if (!hs || sheath_handshake_wait(hs, 10000))
		errx(1, "%s", sheath_error());
	sheath_hs_free(hs);
	while (n > 0)					/* encrypted on its way */
		n = sendfile(fd, file, NULL, 1 << 20);
	if (n)
		err(1, "sendfile");
	shutdown(fd, SHUT_WR);				/* sends close_notify */
	while (read(fd, rest, sizeof(rest)) > 0)
		;	/* what the client has said: unread, it would make close() a reset */
	close(fd);
}

int main(int argc, char **argv)
{
	struct sockaddr_in6 addr = { .sin6_family = AF_INET6 };
	struct sheath_config *cfg = sheath_config_new();
	int fd, one = 1, sock = socket(AF_INET6, SOCK_STREAM, 0);

	if (argc != 5)
		errx(2, "usage: server PORT CERT KEY FILE");
	if (!cfg || sheath_config_set_keypair_file(cfg, argv[2], argv[3]))
		errx(1, "%s", sheath_error());
	signal(SIGPIPE, SIG_IGN);			/* a client may leave before the end */
	signal(SIGCHLD, SIG_IGN);
	addr.sin6_port = htons(atoi(argv[1]));
	setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(sock, (struct sockaddr *)&addr, sizeof(addr)) || listen(sock, 16))
		err(1, "cannot listen on port %s", argv[1]);
	while ((fd = accept(sock, NULL, NULL)) >= 0) {
		if (!fork()) {
			serve(fd, cfg, argv[4]);
			return 0;
		}
		close(fd);
	}
	err(1, "accept");
}
