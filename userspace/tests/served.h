/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program `sheath serve` in a process of its own, with no module. */
#ifndef SERVED_H
#define SERVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* How connections to it begin. */
enum served_mode {
	SERVED_PLAIN,	/* no handshake: HTTP at once */
	SERVED_TLS,	/* a handshake; what follows it is in the clear, as no kernel seals it */
};

/**
 * struct served_world - what servers find, also when it changes
 * @no_module: the kernel module is not loaded
 * @files_soft: RLIMIT_NOFILE of a server that is started, 0: as it is
 * @files_hard: likewise
 */
struct served_world {
	bool		no_module;
	unsigned int	files_soft;
	unsigned int	files_hard;
};

/**
 * struct served - a server that runs
 * @pid: process
 * @port: where it listens, of 127.0.0.1
 * @out: its standard output, non-blocking
 * @err: its standard error, non-blocking
 */
struct served {
	pid_t		pid;
	uint16_t	port;
	int		out;
	int		err;
};

struct served_world *served_world(void);
void served_start_to(struct served *s, enum served_mode mode, const char *const *args,
		     const int out[2], const int err[2]);
void served_start(struct served *s, enum served_mode mode, const char *const *args);
void served_port(struct served *s);
int served_connect(const struct served *s);
int served_connect_from(const struct served *s, const char *address);
int served_ask(const struct served *s, const char *request, char *answer, size_t size);
int served_status(struct served *s, int timeout_ms);
int served_stop(struct served *s);
bool served_said(int fd, char *text, size_t size, const char *word, int timeout_ms);

#endif /* SERVED_H */
