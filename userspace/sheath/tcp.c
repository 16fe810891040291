// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TCP connections and the names of their ends.
 */
#include "tcp.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "say.h"

/* getaddrinfo() takes numbers modulo 65536. */
static bool is_number(const char *port)
{
	return *port && strspn(port, "0123456789") == strlen(port);
}

/**
 * tcp_check() - can this be a host and a port?
 * @host: name or address, NULL: none is needed
 * @port: number or name of a service
 *
 * Return: 0, or an exit status after an error was printed.
 */
int tcp_check(const char *host, const char *port)
{
	if (host && !*host)
		return say_usage("the host is empty");
	if (is_number(port) ? strtoul(port, NULL, 10) > 65535 : !getservbyname(port, "tcp"))
		return say_usage("\"%s\" is neither a port from 0 to 65535 nor a service", port);
	return 0;
}

static int wait_connected(int fd, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int n, error = 0;

	do
		n = poll(&pfd, 1, timeout_ms);
	while (n < 0 && errno == EINTR);
	if (!n)
		errno = ETIMEDOUT;
	if (n <= 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len))
		return -1;
	errno = error;
	return error ? -1 : 0;
}

static int try_one(const struct addrinfo *ai, int timeout_ms)
{
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, error;

	if (fd < 0)
		return -1;
	if (!connect(fd, ai->ai_addr, ai->ai_addrlen) ||
	    (errno == EINPROGRESS && !wait_connected(fd, timeout_ms))) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		return fd;
	}
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/**
 * tcp_connect() - connect to the first address of a host that answers
 * @host: name or address
 * @port: number or name
 * @family: AF_INET, AF_INET6, AF_UNSPEC for either
 * @timeout_ms: milliseconds for each address
 *
 * Return: a non-blocking socket, -1 after an error was printed.
 */
int tcp_connect(const char *host, const char *port, int family, int timeout_ms)
{
	struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list;
	int fd = -1, ret = getaddrinfo(host, port, &hints, &list);

	if (ret) {
		say("cannot find %s port %s: %s", host, port, gai_strerror(ret));
		return -1;
	}
	for (const struct addrinfo *ai = list; ai && fd < 0; ai = ai->ai_next)
		fd = try_one(ai, timeout_ms);
	if (fd < 0)
		say("cannot connect to %s port %s: %s", host, port, strerror(errno));
	freeaddrinfo(list);
	return fd;
}

/* A socket for both families shows IPv4 addresses as IPv6 ones. */
static void unmap(struct sockaddr_storage *ss, socklen_t *len)
{
	struct sockaddr_in6 v6;
	struct sockaddr_in v4 = { .sin_family = AF_INET };

	memcpy(&v6, ss, sizeof(v6));
	if (ss->ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
		return;
	v4.sin_port = v6.sin6_port;
	memcpy(&v4.sin_addr, v6.sin6_addr.s6_addr + 12, sizeof(v4.sin_addr));
	memcpy(ss, &v4, sizeof(v4));
	*len = sizeof(v4);
}

/**
 * tcp_name() - an end of a connection in words
 * @fd: socket
 * @peer: the far end, else this one
 * @out: set to "192.0.2.1:443" or "[2001:db8::1]:443"
 * @size: bytes of @out
 */
void tcp_name(int fd, bool peer, char *out, size_t size)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char host[64], port[16];
	int ret = peer ? getpeername(fd, (struct sockaddr *)&ss, &len) :
			 getsockname(fd, (struct sockaddr *)&ss, &len);

	if (!ret)
		unmap(&ss, &len);
	if (ret || getnameinfo((struct sockaddr *)&ss, len, host, sizeof(host), port,
			       sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV))
		snprintf(out, size, "?");
	else
		snprintf(out, size, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}
