/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way into the kernel. */
#ifndef SHEATH_PUSH_H
#define SHEATH_PUSH_H

#include <stddef.h>
#include <stdint.h>

#include "keys.h"

/**
 * struct sheath_sink - who takes a session over
 * @attach: make socket @fd able to take keys; may be called again for the same socket. errno is
 *	ENOENT if there is nobody to take them, and nothing was done to the socket
 * @install: give it both keys. On failure errno is 0 if it may have taken them all the same.
 * @keep: have it keep this many session tickets that come from now on; it may not be able to
 * @take: fetch the oldest ticket kept, a whole NewSessionTicket message, into @buf; returns
 *	its bytes, 0 if there is none
 *
 * The first two return 0, or -1 with the reason in sheath_error(). The kernel is the only one
 * there is; unit tests have theirs to look at what is handed over.
 */
struct sheath_sink {
	int	(*attach)(int fd);
	int	(*install)(int fd, struct sheath_handover *ho);
	void	(*keep)(int fd, uint32_t n);
	size_t	(*take)(int fd, void *buf, size_t size);
};

extern const struct sheath_sink sheath_sink_kernel;

#endif /* SHEATH_PUSH_H */
