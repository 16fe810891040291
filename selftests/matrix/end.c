// SPDX-License-Identifier: GPL-2.0
/*
 * One end of a connection whose records the module makes, for the matrix of suites:
 *
 *	end server PORT PRIORITY CERT KEY BYTES		echoes so many bytes, then closes
 *	end client PORT PRIORITY CA FILE		sends the file, prints as much that comes
 *							back; with WANT=all: all until the end
 *
 * What was negotiated goes to the file "facts": version, suite, and etm or mte. Exit status 0:
 * all bytes came, and the end of the stream was told by close_notify.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libsheath.h>

static void facts(const struct sheath_hs *hs, int fd)
{
	static const char *const versions[] = { "1.0", "1.1", "1.2", "1.3" };
	struct sheath_info info;
	FILE *f = fopen("facts", "w");

	if (!f || sheath_info(fd, &info, sizeof(info)))
		errx(1, "facts: %s", sheath_error());
	/* the kernel knows it, too */
	if (info.state != SHEATH_STATE_UP || info.version != sheath_version(hs))
		errx(1, "the kernel has version %#x", info.version);
	fprintf(f, "%s %s %s\n", versions[info.version - SHEATH_TLS_1_0_VERSION],
		sheath_suite_name(hs), sheath_encrypt_then_mac(hs) ? "etm" : "mte");
	fclose(f);
}

static struct sheath_config *config(const char *priority)
{
	struct sheath_config *cfg = sheath_config_new();

	if (!cfg || sheath_config_set_priority(cfg, priority))
		errx(2, "%s", sheath_error());
	return cfg;
}

static void shake(struct sheath_hs *hs, int fd)
{
	if (!hs || sheath_handshake_wait(hs, 60000))
		errx(1, "%s", sheath_error());
	facts(hs, fd);
	sheath_hs_free(hs);
}

static void give(int fd, const char *buf, size_t len)
{
	while (len) {
		ssize_t n = send(fd, buf, len, MSG_NOSIGNAL);

		if (n < 0)
			err(1, "send");
		buf += n;
		len -= n;
	}
}

static int server(char **argv)
{
	struct sockaddr_in6 addr = { .sin6_family = AF_INET6, .sin6_port = htons(atoi(argv[0])) };
	int l = socket(AF_INET6, SOCK_STREAM, 0), one = 1, fd;
	struct sheath_config *cfg = config(argv[1]);
	long left = atol(argv[4]);
	static char buf[40000];
	ssize_t n;

	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (sheath_config_set_keypair_file(cfg, argv[2], argv[3]))
		errx(2, "%s", sheath_error());
	if (bind(l, (struct sockaddr *)&addr, sizeof(addr)) || listen(l, 1))
		err(2, "listen");
	fd = accept(l, NULL, NULL);
	shake(sheath_server(fd, cfg), fd);
	while (left > 0 && (n = recv(fd, buf, sizeof(buf), 0)) > 0) {
		give(fd, buf, n);
		left -= n;
	}
	if (left)
		err(1, "%ld bytes did not come", left);
	/* the peer ends it, or lets us do so */
	if (sheath_close_notify(fd))
		errx(1, "%s", sheath_error());
	shutdown(fd, SHUT_WR);
	while (recv(fd, buf, sizeof(buf), 0) > 0)
		;
	return close(fd);
}

static int client(char **argv)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[0])),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), file = open(argv[3], O_RDONLY);
	struct sheath_config *cfg = config(argv[1]);
	bool all = getenv("WANT") && !strcmp(getenv("WANT"), "all");
	long sent = 0, got = 0;
	static char buf[40000];
	struct stat st;
	ssize_t n = 1;

	if (file < 0 || fstat(file, &st) || sheath_config_set_ca_file(cfg, argv[2]))
		errx(2, "%s", sheath_error());
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		err(1, "connect");
	shake(sheath_client(fd, "localhost", cfg), fd);
	while ((all || got < st.st_size) && n > 0) {
		struct pollfd p = { .fd = fd, .events = POLLIN | (sent < st.st_size ? POLLOUT : 0) };

		if (poll(&p, 1, 60000) <= 0)
			errx(1, "nothing comes after %ld bytes, %ld sent", got, sent);
		if (p.revents & POLLOUT && sent < st.st_size) {
			/* a byte first, then more and more */
			n = sendfile(fd, file, NULL, sent * 2 + 1 < 70000 ? sent * 2 + 1 : 70000);
			if (n < 0)
				err(1, "sendfile");
			sent += n;
		}
		if (p.revents & ~POLLOUT) {
			n = recv(fd, buf, sizeof(buf), 0);
			if (n < 0)
				err(1, "recv");
			got += n;
			fwrite(buf, 1, n, stdout);
		}
	}
	if (!all && got < st.st_size)
		errx(1, "%ld of %ld bytes came", got, (long)st.st_size);
	shutdown(fd, SHUT_WR);
	fflush(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 7 && !strcmp(argv[1], "server"))
		return server(argv + 2);
	if (argc == 6 && !strcmp(argv[1], "client"))
		return client(argv + 2);
	errx(2, "see the source");
}
