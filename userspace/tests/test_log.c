// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What `sheath serve` tells of requests and of its own troubles, and that it never waits for
 * somebody to read it.
 */
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

#include "clock.h"
#include "served.h"
#include "tap.h"
#include "webdir.h"

#define WAIT_MS		60000
#define HOST_UA		"Host: x\r\nUser-Agent: probe/1.0 (\"quoted\")\r\nReferer: http://r/\r\n"
#define CLOSE		"Connection: close\r\n\r\n"
/* Requests whose lines fill any pipe, socket and terminal. */
#define MANY		6000

static bool matches(const char *text, const char *pattern)
{
	regex_t re;
	bool good;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NEWLINE | REG_NOSUB))
		tap_bail("pattern %s", pattern);
	good = !regexec(&re, text, 0, NULL, 0);
	regfree(&re);
	return good;
}

static void start(struct served *s, enum served_mode mode, const char *option, const char *more)
{
	const char *args[] = { option, more, webdir_path(), NULL };

	served_start(s, mode, args);
	if (!s->port)
		tap_bail("the server does not start");
}

#define TIME	"\\[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2} [-+][0-9]{4}\\]"
#define FRONT	"^127\\.0\\.0\\.1 - - " TIME " "

static const struct {
	const char	*request;
	const char	*text;
	const char	*json;
} lines[] = {
	{ "GET /short?a=1 HTTP/1.1\r\n" HOST_UA CLOSE,
	  FRONT "\"GET /short\\?a=1 HTTP/1\\.1\" 200 6 \"http://r/\" "
	  "\"probe/1\\.0 \\(\\?quoted\\?\\)\" [0-9]+$",
	  "\"method\":\"GET\",\"target\":\"/short\\?a=1\",\"status\":200,\"bytes\":6,"
	  "\"milliseconds\":[0-9]+,\"user_agent\":\"probe/1.0 \\(\\?quoted\\?\\)\","
	  "\"referer\":\"http://r/\"" },
	{ "HEAD /short HTTP/1.0\r\n\r\n",
	  FRONT "\"HEAD /short HTTP/1\\.0\" 200 0 \"-\" \"-\" [0-9]+$",
	  "\"method\":\"HEAD\",\"target\":\"/short\",\"status\":200,\"bytes\":0," },
	{ "GET /none HTTP/1.1\r\nHost: x\r\n" CLOSE,
	  FRONT "\"GET /none HTTP/1\\.1\" 404 14 \"-\" \"-\" [0-9]+$",
	  "\"status\":404,\"bytes\":14," },
	{ "\x16\x03\x01\x02rubbish\r\n\r\n",
	  FRONT "\"-\" 400 16 \"-\" \"-\" [0-9]+$",
	  "\"method\":\"-\",\"target\":\"-\",\"status\":400,\"bytes\":16," },
	{ "DELEXX / HTTP/1.1\r\n\r\n",
	  FRONT "\"-\" 400 16 \"-\" \"-\" [0-9]+$",
	  "\"method\":\"-\",\"target\":\"-\",\"status\":400,\"bytes\":16," },
};

static void test_lines(bool json)
{
	struct served s;
	char answer[4096], text[8192];

	start(&s, SERVED_PLAIN, "-v", json ? "--json" : "-v");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		served_ask(&s, lines[i].request, answer, sizeof(answer));
		*text = '\0';
		/* a line comes as a whole */
		served_said(s.out, text, sizeof(text), json ? "\"event\":\"request\"" : "] \"",
			    WAIT_MS);
		if (!tap(matches(text, json ? lines[i].json : lines[i].text), "%s line of %.*s",
			 json ? "JSON" : "text", (int)strcspn(lines[i].request, "\r"),
			 *lines[i].request == 'G' ? lines[i].request : "other"))
			printf("# %s\n", text);
	}
	served_stop(&s);
}

/* A client that leaves early got less than it was promised, and at least what it read. */
static void test_cut(void)
{
	static const char request[] = "GET /huge HTTP/1.1\r\nHost: x\r\n" CLOSE;
	char text[8192] = "", answer[65536];
	unsigned long bytes = 0;
	struct served s;
	const char *p;
	int fd;

	start(&s, SERVED_PLAIN, "-v", "-v");
	fd = served_connect(&s);
	if (write(fd, request, strlen(request)) < 0 || read(fd, answer, sizeof(answer)) <= 0)
		tap_bail("no answer");
	close(fd);
	served_said(s.out, text, sizeof(text), "\" 200 ", WAIT_MS);
	p = strstr(text, "\" 200 ");
	if (p)
		bytes = strtoul(p + 6, NULL, 10);
	tap(bytes > 0 && bytes < WEBDIR_HUGE, "bytes of an answer that was cut short: %lu", bytes);
	served_stop(&s);
}

static void test_shrinking(void)
{
	static const char request[] = "GET /huge HTTP/1.1\r\nHost: x\r\n" CLOSE;
	char text[8192] = "";
	static char answer[1 << 20];
	struct served s;
	int fd;

	start(&s, SERVED_PLAIN, "-v", "-v");
	fd = served_connect(&s);
	if (write(fd, request, strlen(request)) < 0 || read(fd, answer, 1000) <= 0)
		tap_bail("no answer");
	webdir_resize("huge", 10);
	while (read(fd, answer, sizeof(answer)) > 0)
		;
	close(fd);
	tap(served_said(s.err, text, sizeof(text), "the file has become shorter", WAIT_MS),
	    "a file that becomes shorter");
	webdir_resize("huge", WEBDIR_HUGE);
	served_stop(&s);
}

static void test_no_module(void)
{
	const char *args[] = { webdir_path(), NULL };
	char text[8192] = "";
	struct served s;

	served_world()->no_module = true;
	served_start(&s, SERVED_PLAIN, args);
	served_said(s.err, text, sizeof(text), "\n", WAIT_MS);
	tap(!s.port && strstr(text, "modprobe sheath") && served_status(&s, WAIT_MS) == 1,
	    "a server without the module does not start");
	if (s.port)
		served_stop(&s);
	served_world()->no_module = false;
}

static int64_t count_lines(const char *text)
{
	int64_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void test_module_gone(void)
{
	char text[16384] = "", answer[4096];
	int64_t begin = sheath_clock_ms();
	struct served s;

	start(&s, SERVED_PLAIN, "-p", "0");
	served_world()->no_module = true;
	for (int i = 0; i < 50; i++)
		served_ask(&s, "GET /short HTTP/1.0\r\n\r\n", answer, sizeof(answer));
	served_said(s.err, text, sizeof(text), "modprobe sheath", WAIT_MS);
	served_said(s.err, text, sizeof(text), "not that", 100);
	/* one a second */
	tap(strstr(text, "no client can be served") &&
	    count_lines(text) <= 1 + (sheath_clock_ms() - begin) / 1000,
	    "the module is gone: told without -v, not for each client");
	served_world()->no_module = false;
	served_ask(&s, "GET /short HTTP/1.0\r\n\r\n", answer, sizeof(answer));
	tap(strstr(answer, "200 OK"), "the module is back");
	served_stop(&s);
}

/* Makes the two ends of an output: what is read from, what is written to. */
static void make_pipe(int fd[2])
{
	if (pipe(fd))
		tap_bail("pipe");
}

static void make_socket(int fd[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd))
		tap_bail("socketpair");
}

static void make_terminal(int fd[2])
{
	fd[0] = posix_openpt(O_RDWR | O_NOCTTY);
	if (fd[0] < 0 || grantpt(fd[0]) || unlockpt(fd[0]))
		tap_bail("posix_openpt");
	fd[1] = open(ptsname(fd[0]), O_RDWR | O_NOCTTY);
	if (fd[1] < 0)
		tap_bail("open a terminal");
}

/* The same requests over and over, over one connection. Returns how many were answered. */
static int ask_many(const struct served *s, int n)
{
	static const char request[] = "GET /short HTTP/1.1\r\n" HOST_UA "\r\n";
	struct timeval patience = { .tv_sec = 20 };
	int fd = served_connect(s), i;
	char answer[1024];

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	for (i = 0; i < n; i++)
		if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0 ||
		    read(fd, answer, sizeof(answer)) <= 0)
			break;
	close(fd);
	return i;
}

/* Reads away what there is, until a line speaks of lost ones. */
static bool lost_told(const struct served *s, int fd, const char *word)
{
	char text[65536], answer[4096];

	fcntl(fd, F_SETFL, O_NONBLOCK);
	fcntl(s->out, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 1000; i++) {
		while (read(s->out, text, sizeof(text)) > 0 && fd != s->out)
			;
		*text = '\0';
		served_ask(s, "GET /short HTTP/1.0\r\n\r\n", answer, sizeof(answer));
		if (served_said(fd, text, sizeof(text), word, 600))
			return true;
	}
	return false;
}

static void test_full(const char *name, void (*make)(int fd[2]), bool json)
{
	const char *args[] = { "-v", json ? "--json" : "-v", webdir_path(), NULL };
	int out[2], err[2], n, flags;
	struct served s;

	make(out);
	make(err);
	served_start_to(&s, SERVED_PLAIN, args, out, err);
	served_port(&s);
	if (!s.port)
		tap_bail("the server does not start");
	n = ask_many(&s, MANY);
	tap(n == MANY, "requests while nobody reads the log: %s, %s: %d", name,
	    json ? "JSON" : "text", n);
	flags = fcntl(out[1], F_GETFL);
	tap(!(flags & O_NONBLOCK), "others who use it are not disturbed: %s", name);
	close(out[1]);
	close(err[1]);
	tap(n == MANY && lost_told(&s, json ? s.out : s.err, json ? "\"event\":\"lost\"" : "were lost"),
	    "what was lost is told: %s", name);
	tap(!served_stop(&s), "and the server ends: %s", name);
}

int main(void)
{
	webdir_make();
	test_lines(false);
	test_lines(true);
	test_cut();
	test_shrinking();
	test_no_module();
	test_module_gone();
	for (int json = 0; json < 2; json++) {
		test_full("pipe", make_pipe, json);
		test_full("socket", make_socket, json);
		test_full("terminal", make_terminal, json);
	}
	webdir_remove();
	return tap_end();
}
