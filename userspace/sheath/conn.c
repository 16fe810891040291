// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One HTTPS connection: handshake, then requests and responses in turn, then an end that
 * lets the client read the last response.
 *
 *	HANDSHAKE --> READ <--> WRITE
 *	               |          |
 *	               +-> DRAIN <+      any of them: gone, on an error or when time is up
 *
 * After the handshake the socket is a plain descriptor: bodies go from the file to the
 * wire by sendfile(2), sealed by the kernel on the way.
 */
#include "conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "clock.h"
#include "log.h"
#include "request.h"
#include "response.h"
#include "tcp.h"

/* From the end of a response to the end of the next request. */
#define REQUEST_MS	30000
/* Without a byte taken by the client. */
#define WRITE_MS	30000
#define DRAIN_MS	2000

/*
 * A turn of one connection, after which the others have theirs: so many bytes received and
 * sent, and a request counts for some of them.
 */
#define TURN_BYTES	(256u << 10)
#define REQUEST_BYTES	(8u << 10)

enum conn_state {
	CONN_HANDSHAKE,
	CONN_READ,
	CONN_WRITE,
	CONN_DRAIN,
};

/**
 * struct conn - one connection
 * @src: its socket
 * @srv: server it belongs to
 * @next: in the list of the server
 * @prev: likewise, the link that points here
 * @state: see above
 * @hs: handshake, NULL afterwards
 * @address: whose connections are counted, NULL: not yet
 * @peer: its name, for the log
 * @deadline: milliseconds when it is given up
 * @began: milliseconds when the request began to come, 0: not yet
 * @req: request being read
 * @res: response being sent
 * @buf: bytes received and not parsed yet, the next requests of a pipeline
 * @buf_len: number of them
 * @spent: bytes of this turn
 */
struct conn {
	struct source	src;
	struct server	*srv;
	struct conn	*next;
	struct conn	**prev;
	enum conn_state	state;
	struct sheath_hs *hs;
	struct address	*address;
	char		peer[64];
	int64_t		deadline;
	int64_t		began;
	struct request	req;
	struct response	res;
	char		buf[4096];
	size_t		buf_len;
	size_t		spent;
};

/* What a step does to its connection. */
enum outcome {
	AGAIN,		/* go on at once, unless the turn is over */
	WAIT,		/* until the socket is ready */
	GONE,		/* the connection is to be freed */
};

static void note_request(const struct conn *c)
{
	struct exchange x = {
		.peer = c->peer,
		.req = &c->req,
		.res = &c->res,
		.ms = sheath_clock_ms() - c->began,
	};

	log_request(c->srv->log, &x);
}

static void conn_free(struct conn *c)
{
	struct server *srv = c->srv;

	if (c->state == CONN_WRITE)
		note_request(c);
	addresses_leave(c->address);
	sheath_hs_free(c->hs);
	response_release(&c->res);
	close(c->src.fd);
	*c->prev = c->next;
	if (c->next)
		c->next->prev = c->prev;
	free(c);
	srv->n_conns--;
	srv->ended(srv);
}

static enum outcome enter(struct conn *c, enum conn_state state, int64_t ms)
{
	c->state = state;
	c->deadline = sheath_clock_ms() + ms;
	return AGAIN;
}

static enum outcome want(struct conn *c, uint32_t events)
{
	return loop_want(c->srv->loop, &c->src, events) ? GONE : WAIT;
}

/* Closing with data unread would reset the connection under the last response. */
static enum outcome begin_drain(struct conn *c)
{
	if (shutdown(c->src.fd, SHUT_WR))
		return GONE;
	return enter(c, CONN_DRAIN, DRAIN_MS);
}

static enum outcome begin_read(struct conn *c)
{
	c->began = 0;
	request_init(&c->req);
	return enter(c, CONN_READ, REQUEST_MS);
}

static enum outcome begin_write(struct conn *c)
{
	c->spent += REQUEST_BYTES;
	response_make(&c->res, &c->req, &c->srv->site, !c->srv->stopping);
	if (c->res.error)
		log_trouble(c->srv->log, "cannot serve a file: %s", strerror(c->res.error));
	return enter(c, CONN_WRITE, WRITE_MS);
}

static enum outcome step_handshake(struct conn *c)
{
	int ret = sheath_handshake(c->hs);

	if (ret > 0)
		return want(c, ret == SHEATH_WANT_POLLIN ? EPOLLIN : EPOLLOUT);
	log_handshake(c->srv->log, c->peer, ret ? NULL : c->hs);
	if (ret && !sheath_available(NULL))
		log_trouble(c->srv->log, "no client can be served: %s", sheath_error());
	sheath_hs_free(c->hs);
	c->hs = NULL;
	return ret ? GONE : begin_read(c);
}

static void parse(struct conn *c)
{
	size_t n;

	if (!c->began)
		c->began = sheath_clock_ms();
	n = request_feed(&c->req, c->buf, c->buf_len);
	if (n > c->buf_len)
		n = c->buf_len;
	memmove(c->buf, c->buf + n, c->buf_len - n);
	c->buf_len -= n;
}

static enum outcome step_read(struct conn *c)
{
	ssize_t n;

	if (c->buf_len)
		parse(c);
	if (c->req.complete || c->req.status)
		return begin_write(c);
	if (c->srv->stopping && !c->req.target_len)
		return begin_drain(c);
	c->buf_len = 0;
	n = read(c->src.fd, c->buf, sizeof(c->buf));
	if (n > 0) {
		c->buf_len = n;
		c->spent += n;
		return AGAIN;
	}
	if (!n)
		return begin_drain(c);
	if (errno == EINTR)
		return AGAIN;
	if (errno == EAGAIN)
		return want(c, EPOLLIN);
	log_error(c->srv->log, c->peer, "reading", strerror(errno));
	return GONE;
}

/*
 * Sends what is next of the response. Returns its bytes, 0 if the file has no more of them, or -1
 * with errno set.
 */
static ssize_t send_some(struct conn *c)
{
	struct response *res = &c->res;
	size_t left = res->head_len - res->head_sent;
	ssize_t n;

	if (left) {
		n = send(c->src.fd, res->head + res->head_sent, left,
			 MSG_NOSIGNAL | (res->left ? MSG_MORE : 0));
		if (n > 0)
			res->head_sent += n;
		return n;
	}
	n = sendfile(c->src.fd, res->fd, &res->offset,
		     res->left < TURN_BYTES ? res->left : TURN_BYTES);
	if (n > 0) {
		res->left -= n;
		res->body_sent += n;
	}
	return n;
}

static enum outcome finish_response(struct conn *c)
{
	bool keep_alive = c->res.keep_alive && !c->srv->stopping;

	note_request(c);
	response_release(&c->res);
	return keep_alive ? begin_read(c) : begin_drain(c);
}

static enum outcome step_write(struct conn *c)
{
	ssize_t n;

	if (!c->res.left && c->res.head_sent == c->res.head_len)
		return finish_response(c);
	n = send_some(c);
	if (!n) {
		/* the client was told how long it is */
		log_error(c->srv->log, c->peer, "sending", "the file has become shorter");
		return GONE;
	}
	if (n > 0) {
		c->spent += n;
		c->deadline = sheath_clock_ms() + WRITE_MS;
		return AGAIN;
	}
	if (errno == EINTR)
		return AGAIN;
	if (errno == EAGAIN)
		return want(c, EPOLLOUT);
	log_error(c->srv->log, c->peer, "sending", strerror(errno));
	return GONE;
}

static enum outcome step_drain(struct conn *c)
{
	ssize_t n = read(c->src.fd, c->buf, sizeof(c->buf));

	if (n > 0) {
		c->spent += n;
		return AGAIN;
	}
	if (n < 0 && errno == EINTR)
		return AGAIN;
	return n < 0 && errno == EAGAIN ? want(c, EPOLLIN) : GONE;
}

static enum outcome (*const steps[])(struct conn *c) = {
	[CONN_HANDSHAKE]	= step_handshake,
	[CONN_READ]		= step_read,
	[CONN_WRITE]		= step_write,
	[CONN_DRAIN]		= step_drain,
};

/*
 * The next turn comes at once if the socket is readable or writable. A request may wait in
 * @c->buf while nothing more is to be read: then there is room for its answer, or its answer
 * has to wait all the same.
 */
static enum outcome end_turn(struct conn *c)
{
	return want(c, c->state == CONN_DRAIN ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

static void drive(struct conn *c)
{
	enum outcome out;

	c->spent = 0;
	do
		out = c->spent < TURN_BYTES ? steps[c->state](c) : end_turn(c);
	while (out == AGAIN);
	if (out == GONE)
		conn_free(c);
}

static void on_ready(struct source *src, uint32_t events)
{
	(void)events;
	drive((struct conn *)src);
}

/* Returns false after it was told why. */
static bool may_begin(struct conn *c)
{
	struct server *srv = c->srv;

	c->address = addresses_enter(&srv->addresses, c->src.fd, srv->max_per_address);
	if (!c->address && errno == EUSERS) {
		log_error(srv->log, c->peer, "accepting", "its address has too many connections");
		return false;
	}
	if (c->address)
		c->hs = sheath_server(c->src.fd, srv->cfg);
	if (!c->hs)
		log_trouble(srv->log, "cannot begin a handshake: %s",
			    c->address ? sheath_error() : strerror(errno));
	return c->hs;
}

/**
 * conn_start() - serve a client
 * @srv: server
 * @fd: its socket, non-blocking; closed when the connection ends
 */
void conn_start(struct server *srv, int fd)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (!c) {
		log_trouble(srv->log, "cannot take a connection: %s", strerror(errno));
		close(fd);
		return;
	}
	c->src.fd = fd;
	c->src.ready = on_ready;
	c->res.fd = -1;
	tcp_name(fd, true, c->peer, sizeof(c->peer));
	c->srv = srv;
	c->next = srv->conns;
	c->prev = &srv->conns;
	if (c->next)
		c->next->prev = &c->next;
	srv->conns = c;
	srv->n_conns++;
	if (!may_begin(c)) {
		conn_free(c);
		return;
	}
	enter(c, CONN_HANDSHAKE, srv->handshake_ms);
	drive(c);
}

/**
 * conn_stop_all() - end the connections that are between two requests
 * @srv: server that is stopping; the others end after their response
 */
void conn_stop_all(struct server *srv)
{
	struct conn *next;

	for (struct conn *c = srv->conns; c; c = next) {
		next = c->next;
		if (c->state == CONN_READ)
			drive(c);
	}
}

/**
 * conn_expire() - give up what takes too long
 * @srv: server
 * @now: milliseconds; INT64_MAX ends all connections
 */
void conn_expire(struct server *srv, int64_t now)
{
	struct conn *next;

	for (struct conn *c = srv->conns; c; c = next) {
		next = c->next;
		if (c->deadline > now)
			continue;
		if (c->state != CONN_DRAIN)
			log_error(srv->log, c->peer, "waiting for the client",
				  strerror(ETIMEDOUT));
		conn_free(c);
	}
}
