// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines to a descriptor, without ever waiting for who reads them: what finds no room is counted
 * and lost.
 *
 * Standard output is shared with other processes, which O_NONBLOCK would surprise. A pipe or a
 * terminal is opened once more through /proc, which gives a description of our own.
 */
#include "outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/stat.h>

static int open_again(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

/**
 * outlet_open() - begin to write lines
 * @o: filled in, to be given to outlet_close()
 * @fd: descriptor, which stays the caller's
 */
void outlet_open(struct outlet *o, int fd)
{
	struct stat st;
	int again;

	o->fd = fd;
	o->own = false;
	o->kind = OUTLET_POLLED;
	o->rest_len = 0;
	o->lost = 0;
	if (fstat(fd, &st))
		return;
	if (S_ISREG(st.st_mode))
		o->kind = OUTLET_PLAIN;
	if (S_ISSOCK(st.st_mode))
		o->kind = OUTLET_SOCKET;
	if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
		return;
	again = open_again(fd);
	if (again < 0)
		return;
	o->fd = again;
	o->own = true;
	o->kind = OUTLET_PLAIN;
}

/**
 * outlet_close() - release what outlet_open() took
 * @o: outlet
 */
void outlet_close(struct outlet *o)
{
	if (o->own)
		close(o->fd);
	o->own = false;
}

/* A pipe that is writable takes PIPE_BUF bytes. */
static ssize_t write_polled(int fd, const char *text, size_t len)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };

	if (poll(&pfd, 1, 0) <= 0) {
		errno = EAGAIN;
		return -1;
	}
	return write(fd, text, len < PIPE_BUF ? len : PIPE_BUF);
}

static ssize_t put_some(const struct outlet *o, const char *text, size_t len)
{
	switch (o->kind) {
	case OUTLET_SOCKET:
		return send(o->fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	case OUTLET_POLLED:
		return write_polled(o->fd, text, len);
	default:
		return write(o->fd, text, len);
	}
}

/* Returns the bytes taken, which may be none. */
static size_t put(const struct outlet *o, const char *text, size_t len)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = put_some(o, text + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += n;
	}
	return done;
}

/* Returns false if some of the line before has still to be written. */
static bool put_rest(struct outlet *o)
{
	size_t n = put(o, o->rest, o->rest_len);

	memmove(o->rest, o->rest + n, o->rest_len - n);
	o->rest_len -= n;
	return !o->rest_len;
}

/**
 * outlet_line() - write a line, or count it as lost
 * @o: outlet
 * @text: line with its newline
 */
void outlet_line(struct outlet *o, const char *text)
{
	size_t len = strlen(text), n;

	if (len > sizeof(o->rest) || !put_rest(o)) {
		o->lost++;
		return;
	}
	n = put(o, text, len);
	if (!n) {
		o->lost++;
		return;
	}
	o->rest_len = len - n;
	memcpy(o->rest, text + n, o->rest_len);
}
