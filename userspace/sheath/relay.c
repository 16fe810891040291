// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Standard input to a socket, the socket to standard output, until the peer has nothing
 * more to say. The end of the input is told to the peer, and reading goes on.
 *
 * Standard input and output are shared with other processes, so they are not made
 * non-blocking; poll(2) says when they can be used, and a pipe that is writable takes
 * PIPE_BUF bytes.
 */
#include "relay.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "libsheath.h"

/**
 * struct flow - one direction
 * @from: source, -1 once it has ended
 * @to: destination
 * @max_write: bytes of one write
 * @buf: bytes on their way
 * @start: of those in @buf
 * @end: of those in @buf
 * @total: bytes written
 */
struct flow {
	int		from;
	int		to;
	size_t		max_write;
	char		buf[65536];
	size_t		start;
	size_t		end;
	uint64_t	*total;
};

static void flow_init(struct flow *f, int from, int to, size_t max_write, uint64_t *total)
{
	f->from = from;
	f->to = to;
	f->max_write = max_write;
	f->start = f->end = 0;
	f->total = total;
}

static bool flow_empty(const struct flow *f)
{
	return f->start == f->end;
}

static bool passing(int error)
{
	return error == EAGAIN || error == EINTR;
}

/* Returns 0, or -1 with errno set. */
static int flow_fill(struct flow *f)
{
	ssize_t n = read(f->from, f->buf, sizeof(f->buf));

	if (n < 0)
		return passing(errno) ? 0 : -1;
	if (!n)
		f->from = -1;
	f->start = 0;
	f->end = n;
	return 0;
}

/* Returns 0, or -1 with errno set. */
static int flow_drain(struct flow *f)
{
	size_t len = f->end - f->start;
	ssize_t n = write(f->to, f->buf + f->start, len < f->max_write ? len : f->max_write);

	if (n < 0)
		return passing(errno) ? 0 : -1;
	f->start += n;
	*f->total += n;
	return 0;
}

/* A closed pipe has no use for POLLOUT, and every file that is none is always writable. */
static size_t chunk_for(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode) ? SIZE_MAX : PIPE_BUF;
}

static const char *alert_text(int sock)
{
	struct sheath_info info;

	if (sheath_info(sock, &info, sizeof(info)) || !info.last_alert)
		return NULL;
	return gnutls_alert_get_name(info.last_alert & 0xff);
}

static int receive_failed(int sock, int error, char *text, unsigned int size)
{
	const char *alert = alert_text(sock);

	if (error == ECONNABORTED)
		snprintf(text, size, "the peer ended the connection without saying so: data may "
			 "be missing");
	else if (error == EPROTO && alert)
		snprintf(text, size, "the peer ended the connection with an alert: %s", alert);
	else if (error == EKEYEXPIRED)
		snprintf(text, size, "the peer has changed its key, which this session cannot "
			 "follow");
	else if (error == EBADMSG)
		snprintf(text, size, "a record from the peer does not verify");
	else
		snprintf(text, size, "cannot receive: %s", strerror(error));
	return -1;
}

static int failed(const char *what, char *text, unsigned int size)
{
	snprintf(text, size, "%s: %s", what, strerror(errno));
	return -1;
}

/* Both sides get new keys each time another @r->rekey_bytes have been sent. */
static int change_keys(struct relay *r, int sock, char *text, unsigned int size)
{
	if (!r->rekey_bytes || r->sent / r->rekey_bytes == r->rekeys)
		return 0;
	r->rekeys = r->sent / r->rekey_bytes;
	if (!sheath_rekey(sock, SHEATH_REKEY_PEER))
		return 0;
	snprintf(text, size, "%s", sheath_error());
	return -1;
}

/* One turn: wait for what the two directions need, then move it. */
static int turn(struct relay *r, struct flow *up, struct flow *down, char *text,
		unsigned int size)
{
	struct pollfd pfd[4] = {
		{ .fd = flow_empty(up) ? up->from : -1, .events = POLLIN },
		{ .fd = flow_empty(up) ? -1 : up->to, .events = POLLOUT },
		{ .fd = flow_empty(down) ? down->from : -1, .events = POLLIN },
		{ .fd = flow_empty(down) ? -1 : down->to, .events = POLLOUT },
	};

	if (poll(pfd, 4, -1) < 0)
		return errno == EINTR ? 0 : failed("cannot wait", text, size);
	if (pfd[2].revents && flow_fill(down))
		return receive_failed(down->from, errno, text, size);
	if (pfd[3].revents && flow_drain(down))
		return failed("cannot write to standard output", text, size);
	if (pfd[1].revents && flow_drain(up))
		return failed("cannot send", text, size);
	if (pfd[1].revents && change_keys(r, up->to, text, size))
		return -1;
	if (!pfd[0].revents)
		return 0;
	if (flow_fill(up))
		return failed("cannot read standard input", text, size);
	/* close_notify, then FIN */
	if (up->from < 0 && shutdown(up->to, SHUT_WR) && errno != ENOTCONN)
		return failed("cannot end the connection", text, size);
	return 0;
}

/**
 * relay_run() - carry data until the peer has ended its direction
 * @r: @r->rekey_bytes is set, the rest is zero and counts
 * @sock: encrypted socket, non-blocking
 * @in: descriptor to send from
 * @out: descriptor to receive to
 * @error: set to what went wrong
 * @error_size: bytes of @error
 *
 * Return: 0, -1 after an error.
 */
int relay_run(struct relay *r, int sock, int in, int out, char *error, unsigned int error_size)
{
	static struct flow up, down;

	flow_init(&up, in, sock, r->rekey_bytes ? r->rekey_bytes : SIZE_MAX, &r->sent);
	flow_init(&down, sock, out, chunk_for(out), &r->received);
	while (down.from >= 0 || !flow_empty(&down))
		if (turn(r, &up, &down, error, error_size))
			return -1;
	return 0;
}
