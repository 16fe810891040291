// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The program `sheath serve` in a process of its own, with no module: the linker puts
 * __wrap_x() in the place of x(), see the Makefile.
 */
#include "served.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "clock.h"
#include "commands.h"
#include "error.h"
#include "hs.h"
#include "libsheath.h"
#include "log.h"
#include "sink.h"
#include "tap.h"

#define ARGS_MAX	32
#define START_MS	60000
#define STOP_MS		60000

static enum served_mode served_mode;

/**
 * served_world() - what servers find
 *
 * Return: memory that all processes of the test share.
 */
struct served_world *served_world(void)
{
	static struct served_world *world;

	if (world)
		return world;
	world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (world == MAP_FAILED)
		tap_bail("mmap");
	return world;
}

int __wrap_sheath_available(uint64_t *features);
int __wrap_sheath_available(uint64_t *features)
{
	(void)features;
	if (!served_world()->no_module)
		return 1;
	sheath_fail("there is no module; as root: modprobe sheath");
	return 0;
}

void __real_log_handshake(struct log *log, const char *peer, const struct sheath_hs *hs);
void __wrap_log_handshake(struct log *log, const char *peer, const struct sheath_hs *hs);

/* There is nothing to tell of a handshake that was none. */
void __wrap_log_handshake(struct log *log, const char *peer, const struct sheath_hs *hs)
{
	if (!hs || served_mode == SERVED_TLS)
		__real_log_handshake(log, peer, hs);
}

struct sheath_hs *__real_sheath_server(int fd, struct sheath_config *cfg);
struct sheath_hs *__wrap_sheath_server(int fd, struct sheath_config *cfg);

static int refuse_attach(int fd)
{
	(void)fd;
	return sheath_fail("there is no module");
}

static const struct sheath_sink no_module = { .attach = refuse_attach };

struct sheath_hs *__wrap_sheath_server(int fd, struct sheath_config *cfg)
{
	struct sheath_hs *hs = __real_sheath_server(fd, cfg);

	if (hs && served_world()->no_module)
		hs->sink = &no_module;
	else if (hs && served_mode == SERVED_TLS)
		sink_use(hs);
	else if (hs)
		hs->step = SHEATH_STEP_DONE;
	return hs;
}

static void limit_files(void)
{
	const struct served_world *w = served_world();
	const struct rlimit rl = { .rlim_cur = w->files_soft, .rlim_max = w->files_hard };

	if (w->files_soft && setrlimit(RLIMIT_NOFILE, &rl))
		_exit(99);
}

static void run(const char *const *args)
{
	char *argv[ARGS_MAX + 8] = {
		(char *)"sheath", (char *)"-a", (char *)"127.0.0.1", (char *)"-p", (char *)"0",
	};
	int argc = 5;

	for (; *args && argc < ARGS_MAX + 7; args++)
		argv[argc++] = (char *)*args;
	optind = 1;
	exit(command_serve(argc, argv));
}

static void make_pipe(int fd[2])
{
	if (pipe2(fd, O_CLOEXEC) || fcntl(fd[0], F_SETFL, O_NONBLOCK))
		tap_bail("pipe");
}

/**
 * served_port() - read the port from the line "listening on 127.0.0.1:PORT"
 * @s: server
 */
void served_port(struct served *s)
{
	static const char word[] = "127.0.0.1:";
	char text[4096] = "";
	const char *p;

	if (!served_said(s->out, text, sizeof(text), "\n", START_MS))
		return;
	p = strstr(text, word);
	if (p)
		s->port = atoi(p + sizeof(word) - 1);
}

/**
 * served_start_to() - run a server with an output of the caller's choice
 * @s: filled in; @s->port is 0 if it does not listen
 * @mode: what a connection begins with
 * @args: options and the directory, NULL at the end
 * @out: read and write end of standard output; the caller closes the write end, too
 * @err: likewise of standard error
 */
void served_start_to(struct served *s, enum served_mode mode, const char *const *args,
		     const int out[2], const int err[2])
{
	served_world();
	fflush(stdout);
	s->pid = fork();
	if (s->pid < 0)
		tap_bail("fork");
	if (!s->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		closefrom(STDERR_FILENO + 1);
		served_mode = mode;
		limit_files();
		run(args);
	}
	s->out = out[0];
	s->err = err[0];
	s->port = 0;
}

/**
 * served_start() - run a server
 * @s: filled in; @s->port is 0 if it does not listen
 * @mode: what a connection begins with
 * @args: options and the directory, NULL at the end
 */
void served_start(struct served *s, enum served_mode mode, const char *const *args)
{
	int out[2], err[2];

	make_pipe(out);
	make_pipe(err);
	served_start_to(s, mode, args, out, err);
	close(out[1]);
	close(err[1]);
	served_port(s);
}

/**
 * served_connect_from() - connect to a server
 * @s: server
 * @address: of this end, as 127.0.0.2
 *
 * Return: a blocking socket.
 */
int served_connect_from(const struct served *s, const char *address)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = inet_addr(address);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sin, sizeof(sin)))
		tap_bail("cannot bind to %s: %s", address, strerror(errno));
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons(s->port);
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)))
		tap_bail("cannot connect: %s", strerror(errno));
	return fd;
}

/**
 * served_connect() - connect to a server
 * @s: server
 *
 * Return: a blocking socket.
 */
int served_connect(const struct served *s)
{
	return served_connect_from(s, "127.0.0.1");
}

/**
 * served_ask() - one request in a connection of its own
 * @s: server
 * @request: text
 * @answer: set to what comes until the server closes it, as much as fits, terminated
 * @size: bytes of @answer
 *
 * Return: bytes of @answer.
 */
int served_ask(const struct served *s, const char *request, char *answer, size_t size)
{
	int fd = served_connect(s);
	struct timeval patience = { .tv_sec = START_MS / 1000 };
	size_t len = 0;
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	send(fd, request, strlen(request), MSG_NOSIGNAL);
	while (len + 1 < size && (n = read(fd, answer + len, size - 1 - len)) > 0)
		len += n;
	answer[len] = '\0';
	close(fd);
	return len;
}

/**
 * served_status() - wait until a server has ended
 * @s: server; its pipes are closed once it has
 * @timeout_ms: milliseconds to wait
 *
 * Return: its exit status, -1 if it still runs, 128 and more if a signal ended it.
 */
int served_status(struct served *s, int timeout_ms)
{
	int64_t end = sheath_clock_ms() + timeout_ms;
	int status;

	while (!waitpid(s->pid, &status, WNOHANG)) {
		if (sheath_clock_ms() > end)
			return -1;
		usleep(2000);
	}
	close(s->out);
	close(s->err);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/**
 * served_stop() - have a server end
 * @s: server
 *
 * Return: its exit status, -1 if it had to be killed.
 */
int served_stop(struct served *s)
{
	int status;

	kill(s->pid, SIGTERM);
	status = served_status(s, STOP_MS);
	if (status >= 0)
		return status;
	kill(s->pid, SIGKILL);
	served_status(s, STOP_MS);
	return -1;
}

/**
 * served_said() - wait until a server has printed something
 * @fd: its standard output or error
 * @text: what it has printed so far, terminated, is added to
 * @size: bytes of @text
 * @word: to be in @text
 * @timeout_ms: milliseconds to wait
 *
 * Return: true if @word is there, false if it did not come.
 */
bool served_said(int fd, char *text, size_t size, const char *word, int timeout_ms)
{
	int64_t end = sheath_clock_ms() + timeout_ms;
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	size_t len = strlen(text);
	ssize_t n;

	while (!strstr(text, word)) {
		int64_t left = end - sheath_clock_ms();

		if (left <= 0 || len + 1 >= size || poll(&pfd, 1, left) <= 0)
			return false;
		n = read(fd, text + len, size - 1 - len);
		if (n <= 0)
			return false;
		len += n;
		text[len] = '\0';
	}
	return true;
}
