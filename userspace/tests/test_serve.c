// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `sheath serve` among many clients: none keeps it from the others, nor from its signals.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

#include "clock.h"
#include "served.h"
#include "tap.h"
#include "webdir.h"

/* What flooders may send and get before another client has its answer: kilobytes would do. */
#define PATIENCE	(128u << 20)
#define WAIT_MS		120000
#define FLOODERS_MAX	16

/**
 * struct flood - clients that send requests without end and read the answers
 * @fd: their sockets, -1 once the server has closed it
 * @n: number of them
 * @request: what they repeat
 * @len: its bytes
 * @sent: bytes each has sent of it
 * @passed: bytes all of them sent and got
 */
struct flood {
	int		fd[FLOODERS_MAX];
	unsigned int	n;
	const char	*request;
	size_t		len;
	size_t		sent[FLOODERS_MAX];
	uint64_t	passed;
};

static void flood_open(struct flood *f, const struct served *s, unsigned int n,
		       const char *first, const char *request)
{
	memset(f, 0, sizeof(*f));
	f->n = n;
	f->request = request;
	f->len = strlen(request);
	for (unsigned int i = 0; i < n; i++) {
		f->fd[i] = served_connect(s);
		if (write(f->fd[i], first, strlen(first)) < 0)
			tap_bail("write");
		fcntl(f->fd[i], F_SETFL, O_NONBLOCK);
	}
}

static void flood_close(struct flood *f)
{
	for (unsigned int i = 0; i < f->n; i++)
		if (f->fd[i] >= 0)
			close(f->fd[i]);
}

static void flood_send(struct flood *f, unsigned int i)
{
	char many[16384];
	size_t off = f->sent[i] % f->len, len = 0;
	ssize_t n;

	while (len + f->len - off <= sizeof(many)) {
		memcpy(many + len, f->request + off, f->len - off);
		len += f->len - off;
		off = 0;
	}
	n = send(f->fd[i], many, len, MSG_NOSIGNAL);
	if (n > 0) {
		f->sent[i] += n;
		f->passed += n;
	}
}

static void flood_receive(struct flood *f, unsigned int i)
{
	static char sink[1 << 18];
	ssize_t n = read(f->fd[i], sink, sizeof(sink));

	if (n > 0)
		f->passed += n;
	if (n > 0 || (n < 0 && errno == EAGAIN))
		return;
	close(f->fd[i]);
	f->fd[i] = -1;
}

/* Waits until @other is readable, at most @ms, while the flood goes on. */
static bool flood_turn(struct flood *f, int other, int ms)
{
	struct pollfd pfd[FLOODERS_MAX + 1] = { [FLOODERS_MAX] = { .fd = other, .events = POLLIN } };

	for (unsigned int i = 0; i < FLOODERS_MAX; i++)
		pfd[i] = (struct pollfd){ .fd = i < f->n ? f->fd[i] : -1,
					  .events = POLLIN | POLLOUT };
	if (poll(pfd, FLOODERS_MAX + 1, ms) < 0)
		return false;
	for (unsigned int i = 0; i < f->n; i++) {
		if (pfd[i].revents & POLLOUT)
			flood_send(f, i);
		if (pfd[i].revents & ~POLLOUT)
			flood_receive(f, i);
	}
	return pfd[FLOODERS_MAX].revents;
}

/* One request of a client of its own. Returns the milliseconds it took, -1 if none came. */
static int64_t ask(const struct served *s, struct flood *f)
{
	static const char request[] =
		"GET /short HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
	int64_t begin = sheath_clock_ms(), end = begin + WAIT_MS;
	uint64_t until = f->passed + PATIENCE;
	char answer[512] = "";
	int fd = served_connect(s);
	bool ready = false;

	if (write(fd, request, strlen(request)) < 0)
		tap_bail("write");
	while (!ready && f->passed < until && sheath_clock_ms() < end)
		ready = flood_turn(f, fd, 100);
	if (!ready || read(fd, answer, sizeof(answer) - 1) <= 0 || !strstr(answer, "200 OK"))
		begin = INT64_MAX;
	close(fd);
	return begin == INT64_MAX ? -1 : sheath_clock_ms() - begin;
}

static int64_t ask_often(const struct served *s, struct flood *f)
{
	int64_t ms, longest = 0;

	for (int i = 0; i < 5; i++) {
		ms = ask(s, f);
		if (ms < 0)
			return -1;
		if (ms > longest)
			longest = ms;
	}
	return longest;
}

/*
 * Does the server end while the flood goes on? What is under way may take ten seconds. Its answer
 * to the signal is status 0.
 */
static int end_beside(struct served *s, struct flood *f)
{
	int64_t end = sheath_clock_ms() + WAIT_MS;
	int status = -1;

	kill(s->pid, SIGTERM);
	while (status < 0 && sheath_clock_ms() < end) {
		flood_turn(f, -1, 5);
		status = served_status(s, 0);
	}
	if (status < 0) {
		kill(s->pid, SIGKILL);
		served_status(s, WAIT_MS);
	}
	return status;
}

/* A chunk of a body, a byte long, with an extension of some length. */
static const char *chunk(void)
{
	static char text[8000];

	memset(text, 'e', sizeof(text) - 1);
	memcpy(text, "1;", 2);
	memcpy(text + sizeof(text) - 6, "\r\nx\r\n", 5);
	return text;
}

static const struct {
	const char	*name;
	const char	*first;		/* what each of them begins with */
	const char	*request;	/* what they repeat */
} floods[] = {
	{ "short answers", "", "GET /short HTTP/1.1\r\nHost: x\r\n\r\n" },
	{ "long answers", "", "GET /long HTTP/1.1\r\nHost: x\r\n\r\n" },
	{ "no content", "", "HEAD /short HTTP/1.1\r\nHost: x\r\n\r\n" },
	{ "errors", "", "GET /none HTTP/1.1\r\nHost: x\r\n\r\n" },
	{ "what needs no body", "", "GET /short HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" },
	{ "short answers at great length",
	  "GET /short HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", NULL },
};

static void wait_flood(struct flood *f)
{
	int64_t end = sheath_clock_ms() + WAIT_MS;

	while (f->passed < 1 << 20)
		if (!flood_turn(f, -1, 100) && sheath_clock_ms() > end)
			tap_bail("nobody is served");
}

static void test_flood(size_t i, unsigned int n)
{
	const char *args[] = { webdir_path(), NULL };
	struct served s;
	struct flood f = { .n = 0 };
	int64_t alone, beside;

	served_start(&s, SERVED_PLAIN, args);
	if (!s.port)
		tap_bail("the server does not start");
	alone = ask_often(&s, &f);
	flood_open(&f, &s, n, floods[i].first, floods[i].request ? floods[i].request : chunk());
	wait_flood(&f);
	beside = ask_often(&s, &f);
	tap(alone >= 0 && beside >= 0, "answers beside %u clients that ask for %s", n,
	    floods[i].name);
	printf("# %" PRId64 " ms at most alone, %" PRId64 " ms beside them\n", alone, beside);
	tap(!end_beside(&s, &f), "SIGTERM beside %u clients that ask for %s", n, floods[i].name);
	flood_close(&f);
}

int main(void)
{
	webdir_make();
	for (size_t i = 0; i < sizeof(floods) / sizeof(floods[0]); i++) {
		if (floods[i].request)
			test_flood(i, 1);
		test_flood(i, FLOODERS_MAX);
	}
	webdir_remove();
	return tap_end();
}
