// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sends one file to many clients at once, in one process: epoll PORT CERT KEY FILE */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libsheath.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#define PATIENCE_S	600

struct client {
	struct client *next;
	struct sheath_hs *hs;		/* NULL: it is over, or has failed */
	int fd, file;			/* -1: no handshake yet, all is sent */
	enum { HANDSHAKE, SEND, DRAIN } state;
	time_t end;
};

static struct client *clients;
static int loop;

static void want(struct client *c, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = c };

	epoll_ctl(loop, EPOLL_CTL_MOD, c->fd, &ev);
}

static void drop(struct client *c)
{
	struct client **p = &clients;

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	sheath_hs_free(c->hs);
	if (c->file >= 0)
		close(c->file);
	close(c->fd);
	free(c);
}

/* Returns what to wait for, 0: the next state, -1: it is over. */
static int shake_hands(struct client *c, const char *path)
{
	int ret = sheath_handshake(c->hs);

	if (ret > 0)
		return ret == SHEATH_WANT_POLLIN ? EPOLLIN : EPOLLOUT;
	if (ret)
		return warnx("%s", sheath_error()), -1;
	sheath_hs_free(c->hs);
	c->hs = NULL;
	c->file = open(path, O_RDONLY);
	if (c->file < 0)
		return warn("cannot open %s", path), -1;
	c->state = SEND;
	return 0;
}

/* One piece at a time, so that others have their turn. */
static int send_some(struct client *c)
{
	ssize_t n = sendfile(c->fd, c->file, NULL, 1 << 18);

	if (n > 0 || (n < 0 && errno == EAGAIN))
		return EPOLLOUT;
	if (n < 0)
		return -1;
	shutdown(c->fd, SHUT_WR);			/* sends close_notify */
	c->state = DRAIN;
	return 0;
}

/* What the client has said: unread, it would make close() a reset. A part, and then the others. */
static int drain(struct client *c)
{
	char rest[4096];
	ssize_t n = read(c->fd, rest, sizeof(rest));

	return n > 0 || (n < 0 && errno == EAGAIN) ? EPOLLIN : -1;
}

static void step(struct client *c, const char *path)
{
	int ret = 0;

	while (!ret)
		ret = c->state == HANDSHAKE ? shake_hands(c, path) :
		      c->state == SEND ? send_some(c) : drain(c);
	if (ret < 0)
		drop(c);
	else
		want(c, ret);
}

static void add(int fd, struct sheath_config *cfg)
{
	struct client *c = calloc(1, sizeof(*c));
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };

	if (!c)
		err(1, "calloc");
	*c = (struct client){ .next = clients, .fd = fd, .file = -1,
			      .end = time(NULL) + PATIENCE_S };
	clients = c;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	c->hs = sheath_server(fd, cfg);
	if (!c->hs || epoll_ctl(loop, EPOLL_CTL_ADD, fd, &ev))
		drop(c);
}

static void drop_late(void)
{
	struct client *c, *next;

	for (c = clients; c; c = next) {
		next = c->next;
		if (c->end < time(NULL))
			drop(c);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in6 addr = { .sin6_family = AF_INET6 };
	int fd, one = 1, sock = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct epoll_event ev = { .events = EPOLLIN };	/* without a client: somebody comes */
	struct sheath_config *cfg = sheath_config_new();

	if (argc != 5)
		errx(2, "usage: epoll PORT CERT KEY FILE");
	if (!cfg || sheath_config_set_keypair_file(cfg, argv[2], argv[3]))
		errx(1, "%s", sheath_error());
	signal(SIGPIPE, SIG_IGN);
	addr.sin6_port = htons(atoi(argv[1]));
	setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(sock, (struct sockaddr *)&addr, sizeof(addr)) || listen(sock, 128))
		err(1, "cannot listen on port %s", argv[1]);
	loop = epoll_create1(0);
	epoll_ctl(loop, EPOLL_CTL_ADD, sock, &ev);
	for (;;) {
		if (epoll_wait(loop, &ev, 1, 1000) < 1)
			drop_late();
		else if (ev.data.ptr)
			step(ev.data.ptr, argv[4]);
		else if ((fd = accept(sock, NULL, NULL)) >= 0)
			add(fd, cfg);
	}
}
