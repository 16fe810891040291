// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sends one file to each client that connects: server PORT CERT KEY FILE */
#include <err.h>
#include <fcntl.h>
#include <libsheath.h>
#include <stdlib.h>
#include <unistd.h>
#include <netinet/in.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	struct sockaddr_in6 addr = { .sin6_family = AF_INET6 };
	struct sheath_config *cfg = sheath_config_new();
	int file, fd, sock = socket(AF_INET6, SOCK_STREAM, 0);
	struct sheath_hs *hs;

	if (argc != 5 || !cfg || sheath_config_set_keypair_file(cfg, argv[2], argv[3]))
		errx(2, "usage: server PORT CERT KEY FILE; %s", sheath_error());
	addr.sin6_port = htons(atoi(argv[1]));
	if (bind(sock, (struct sockaddr *)&addr, sizeof(addr)) || listen(sock, 16))
		err(1, "cannot listen");
	while ((fd = accept(sock, NULL, NULL)) >= 0) {
		hs = sheath_server(fd, cfg);
		file = open(argv[4], O_RDONLY);
		if (!hs || sheath_handshake_wait(hs, 10000))
			warnx("%s", sheath_error());
		else
			while (sendfile(fd, file, NULL, 1 << 20) > 0)
				;	/* encrypted on its way through the kernel */
		sheath_hs_free(hs);
		close(file);
		close(fd);	/* sends close_notify */
	}
	err(1, "accept");
}
