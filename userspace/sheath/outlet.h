/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines to a descriptor, without ever waiting for who reads them. */
#ifndef OUTLET_H
#define OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a write is kept from waiting. */
enum outlet_kind {
	OUTLET_PLAIN,	/* a file, or a description of our own that does not block */
	OUTLET_SOCKET,
	OUTLET_POLLED,	/* shared with others: asked before each write */
};

/**
 * struct outlet - where lines go
 * @fd: descriptor
 * @own: @fd was opened here
 * @kind: how to write to it
 * @rest: end of a line that was written in part
 * @rest_len: bytes of it
 * @lost: lines that found no room, and were not spoken of yet
 */
struct outlet {
	int		fd;
	bool		own;
	enum outlet_kind kind;
	char		rest[65536];
	size_t		rest_len;
	uint64_t	lost;
};

void outlet_open(struct outlet *o, int fd);
void outlet_close(struct outlet *o);
void outlet_line(struct outlet *o, const char *text);

#endif /* OUTLET_H */
