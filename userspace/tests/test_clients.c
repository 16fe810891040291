// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `sheath serve` when there are more clients than it has room for: those it accepts are served,
 * the others wait.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

#include "clock.h"
#include "served.h"
#include "tap.h"
#include "webdir.h"

#define WAIT_MS		60000
/* How long nothing is waited for. */
#define NOTHING_MS	300
#define MANY		100

static const char request[] = "GET /short HTTP/1.1\r\nHost: x\r\n\r\n";
static const char last_request[] = "GET /short HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

static void start(struct served *s, const char *option, const char *value)
{
	const char *args[] = { option, value, webdir_path(), NULL };

	served_start(s, SERVED_PLAIN, args);
	if (!s->port)
		tap_bail("the server does not start");
}

/* Returns the status of an answer, 0 if none came, -1 if the connection has ended. */
static int answer(int fd, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char text[1024] = "";
	int status = -1;

	if (poll(&pfd, 1, timeout_ms) <= 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) <= 0)
		return -1;
	sscanf(text, "HTTP/1.1 %d", &status);
	return status;
}

static int ask(int fd, const char *text, int timeout_ms)
{
	send(fd, text, strlen(text), MSG_NOSIGNAL);
	return answer(fd, timeout_ms);
}

/* Silent clients fill the server, then each of them asks. Returns how many got the file. */
static int fill_and_ask(const struct served *s, int n)
{
	int fd[MANY], good = 0;

	for (int i = 0; i < n; i++)
		fd[i] = served_connect(s);
	for (int i = 0; i < n; i++) {
		good += ask(fd[i], last_request, WAIT_MS) == 200;
		close(fd[i]);
	}
	return good;
}

static void test_few_descriptors(unsigned int soft, unsigned int hard)
{
	struct served s;
	int good;

	served_world()->files_soft = soft;
	served_world()->files_hard = hard;
	start(&s, "--max-per-address", "0");
	good = fill_and_ask(&s, MANY);
	if (!tap(good == MANY, "%d clients, %u descriptors, %u if raised", MANY, soft, hard))
		printf("# %d\n", good);
	served_stop(&s);
	served_world()->files_soft = 0;
}

/* What is raised is used: they are all served at the same time. */
static void test_raised(void)
{
	struct served s;
	int fd[MANY], good = 0;

	served_world()->files_soft = 24;
	served_world()->files_hard = 1024;
	start(&s, "--max-per-address", "0");
	for (int i = 0; i < MANY; i++) {
		fd[i] = served_connect(&s);
		good += ask(fd[i], request, WAIT_MS) == 200;
		if (good <= i)
			break;
	}
	tap(good == MANY, "%d clients at a time, though the soft limit is 24: %d", MANY, good);
	served_stop(&s);
	for (int i = 0; i < good; i++)
		close(fd[i]);
	served_world()->files_soft = 0;
}

static void test_no_descriptors(void)
{
	const char *args[] = { webdir_path(), NULL };
	char text[1024] = "";
	struct served s;

	served_world()->files_soft = served_world()->files_hard = 14;
	served_start(&s, SERVED_PLAIN, args);
	served_said(s.err, text, sizeof(text), "descriptors", WAIT_MS);
	tap(!s.port && strstr(text, "no room for a client") && served_status(&s, WAIT_MS) == 1,
	    "a server that has no descriptor to spare does not start");
	served_world()->files_soft = 0;
}

static void test_max_clients(void)
{
	const char *args[] = { "--max-clients", "3", "--max-per-address", "0", webdir_path(), NULL };
	struct served s;
	int fd[5];

	served_start(&s, SERVED_PLAIN, args);
	for (int i = 0; i < 5; i++)
		fd[i] = served_connect(&s);
	for (int i = 0; i < 3; i++)
		tap(ask(fd[i], request, WAIT_MS) == 200, "client %d of 3", i + 1);
	for (int i = 3; i < 5; i++)
		tap(!ask(fd[i], request, NOTHING_MS), "client %d of 3 waits", i + 1);
	close(fd[1]);
	tap(answer(fd[3], WAIT_MS) == 200, "client 4 after one has left");
	tap(!answer(fd[4], NOTHING_MS), "client 5 still waits");
	tap(ask(fd[0], last_request, WAIT_MS) == 200, "client 1 leaves with an answer");
	close(fd[0]);
	tap(answer(fd[4], WAIT_MS) == 200, "client 5 after that");
	served_stop(&s);
	for (int i = 2; i < 5; i++)
		close(fd[i]);
}

/* The server may learn of a connection that has ended later than its client. */
static bool comes_in(const struct served *s, const char *address)
{
	int64_t end = sheath_clock_ms() + WAIT_MS;
	int fd, status;

	do {
		fd = served_connect_from(s, address);
		status = ask(fd, request, WAIT_MS);
		close(fd);
	} while (status != 200 && sheath_clock_ms() < end);
	return status == 200;
}

static void test_per_address(void)
{
	struct served s;
	int fd[3];

	start(&s, "--max-per-address", "2");
	for (int i = 0; i < 2; i++) {
		fd[i] = served_connect(&s);
		tap(ask(fd[i], request, WAIT_MS) == 200, "connection %d of 127.0.0.1", i + 1);
	}
	fd[2] = served_connect(&s);
	tap(ask(fd[2], request, WAIT_MS) < 0, "connection 3 of 127.0.0.1 is closed");
	close(fd[2]);
	tap(comes_in(&s, "127.0.0.2"), "127.0.0.2 is another address");
	tap(ask(fd[0], request, WAIT_MS) == 200, "connection 1 goes on");
	close(fd[0]);
	tap(comes_in(&s, "127.0.0.1"), "127.0.0.1 after it has closed one");
	close(fd[1]);
	served_stop(&s);
}

/* By default one address has a quarter of what there is. */
static void test_quarter(void)
{
	struct served s;
	int fd[3], status[3];

	start(&s, "--max-clients", "8");
	for (int i = 0; i < 3; i++) {
		fd[i] = served_connect(&s);
		status[i] = ask(fd[i], request, WAIT_MS);
	}
	tap(status[0] == 200 && status[1] == 200 && status[2] < 0,
	    "of 8 clients 2 may be of one address");
	for (int i = 0; i < 3; i++)
		close(fd[i]);
	served_stop(&s);
}

int main(void)
{
	webdir_make();
	test_few_descriptors(32, 32);
	test_few_descriptors(40, 40);
	test_raised();
	test_no_descriptors();
	test_max_clients();
	test_per_address();
	test_quarter();
	webdir_remove();
	return tap_end();
}
