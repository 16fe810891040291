// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A listening socket and its connections: accepting, timing out, ending gracefully.
 */
#include "server.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include "clock.h"
#include "conn.h"
#include "room.h"
#include "log.h"
#include "say.h"

#define BACKLOG		1024
#define TICK_MS		500
/* Connections accepted before those there are have their turn. */
#define ACCEPTS		16
/* How long responses may take to finish once the server is told to stop. */
#define GRACE_MS	10000
/* What an administrator can do about EACCES. */
#define PRIVILEGED	" (a low port needs root or CAP_NET_BIND_SERVICE)"

static struct server *server_of(struct source *src, size_t offset)
{
	return (struct server *)((char *)src - offset);
}

static int bind_one(const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, off = 0;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* One socket for both families, unless an IPv6 address was asked for. */
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) || listen(fd, BACKLOG)) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

/**
 * server_listen() - make a listening socket
 * @address: IPv4 or IPv6 address; NULL: all of both
 * @port: number or name
 *
 * Return: the socket, -1 after an error was printed.
 */
int server_listen(const char *address, const char *port)
{
	struct addrinfo hints = {
		.ai_family = address ? AF_UNSPEC : AF_INET6,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | (address ? AI_NUMERICHOST : 0),
	};
	struct addrinfo *ai;
	int fd = -1, ret = getaddrinfo(address, port, &hints, &ai);

	if (ret) {
		say("cannot listen on %s port %s: %s", address ? address : "any address", port,
		    gai_strerror(ret));
		return -1;
	}
	fd = bind_one(ai);
	freeaddrinfo(ai);
	/* A machine without IPv6 */
	if (fd < 0 && !address && errno == EAFNOSUPPORT) {
		hints.ai_family = AF_INET;
		if (!getaddrinfo(NULL, port, &hints, &ai)) {
			fd = bind_one(ai);
			freeaddrinfo(ai);
		}
	}
	if (fd < 0)
		say("cannot listen on %s port %s: %s%s", address ? address : "any address", port,
		    strerror(errno), errno == EACCES ? PRIVILEGED : "");
	return fd;
}

static bool may_accept(const struct server *srv)
{
	return !srv->stopping && !srv->full && srv->n_conns < srv->max_clients &&
	       (!srv->max_accept || srv->accepted < srv->max_accept);
}

static void stop(struct server *srv)
{
	srv->stopping = true;
	srv->stop_at = sheath_clock_ms() + GRACE_MS;
	loop_want(srv->loop, &srv->listener, 0);
	close(srv->listener.fd);
	conn_stop_all(srv);
}

/* Returns false when nobody waits to be accepted, or nobody can be. */
static bool accept_one(struct server *srv)
{
	int fd = accept4(srv->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) {
		srv->accepted++;
		conn_start(srv, fd);
		return true;
	}
	srv->full = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
	if (srv->full)
		log_trouble(srv->log, "cannot accept connections: %s", strerror(errno));
	return false;
}

static void on_listener(struct source *src, uint32_t events)
{
	struct server *srv = server_of(src, offsetof(struct server, listener));

	(void)events;
	for (int i = 0; i < ACCEPTS && may_accept(srv); i++)
		if (!accept_one(srv))
			break;
	if (!may_accept(srv))
		loop_want(srv->loop, src, 0);
}

/* a connection is gone: there may be room for another */
static void conn_ended(struct server *srv)
{
	srv->full = false;
	if (may_accept(srv))
		loop_want(srv->loop, &srv->listener, EPOLLIN);
}

static void on_signal(struct source *src, uint32_t events)
{
	struct server *srv = server_of(src, offsetof(struct server, signals));
	struct signalfd_siginfo info;

	(void)events;
	if (read(src->fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP)
		srv->reload(srv);
	else if (srv->stopping)
		srv->killed = true;
	else
		stop(srv);
}

static int watch_signals(struct server *srv)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -1;
	signal(SIGPIPE, SIG_IGN);
	srv->signals.ready = on_signal;
	srv->signals.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (srv->signals.fd < 0)
		return -1;
	return loop_want(srv->loop, &srv->signals, EPOLLIN);
}

/*
 * Signals do not wait until many busy clients have had their turns. Out of descriptors with
 * no connection to end is a shortage elsewhere: try again later.
 */
static void tick(struct server *srv)
{
	int64_t now = sheath_clock_ms();

	on_signal(&srv->signals, EPOLLIN);
	conn_expire(srv, srv->stopping && now >= srv->stop_at ? INT64_MAX : now);
	if (srv->full)
		conn_ended(srv);
	log_lost(srv->log);
}

/* Returns 0, or an exit status after an error was printed. */
static int make_room(struct server *srv)
{
	addresses_init(&srv->addresses);
	srv->max_clients = room_for_clients(srv->max_clients);
	if (srv->max_per_address < 0)
		srv->max_per_address = (srv->max_clients + 3) / 4;
	return srv->max_clients ? 0 : FAILED;
}

static bool is_over(const struct server *srv)
{
	if (srv->killed)
		return true;
	if (srv->n_conns)
		return false;
	return srv->stopping || (srv->max_accept && srv->accepted >= srv->max_accept);
}

/**
 * server_start() - be ready to serve
 * @srv: server with a listening socket in @listener.fd
 *
 * Return: 0, to be followed by server_run(), or an exit status after an error was printed.
 */
int server_start(struct server *srv)
{
	srv->listener.ready = on_listener;
	srv->ended = conn_ended;
	srv->loop = loop_open();
	if (srv->loop < 0 || watch_signals(srv) ||
	    loop_want(srv->loop, &srv->listener, EPOLLIN))
		return say("cannot wait for connections: %s", strerror(errno));
	return make_room(srv);
}

/**
 * server_run() - serve until told to stop
 * @srv: server that was started
 *
 * Return: 0, or an exit status after an error was printed.
 */
int server_run(struct server *srv)
{
	int64_t next = 0;
	int ret = 0;

	while (!is_over(srv) && !ret) {
		if (loop_turn(srv->loop, TICK_MS))
			ret = say("cannot wait for events: %s", strerror(errno));
		if (sheath_clock_ms() >= next) {
			tick(srv);
			next = sheath_clock_ms() + TICK_MS;
		}
	}
	conn_expire(srv, INT64_MAX);
	close(srv->signals.fd);
	if (!srv->stopping)
		close(srv->listener.fd);
	close(srv->loop);
	return ret;
}
