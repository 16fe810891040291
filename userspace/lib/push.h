/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way into the kernel. */
#ifndef SHEATH_PUSH_H
#define SHEATH_PUSH_H

#include "keys.h"

/**
 * struct sheath_sink - who takes a session over
 * @attach: make socket @fd able to take keys; may be called again for the same socket
 * @install: give it both keys. On failure errno is 0 if it may have taken them all the same.
 *
 * Both return 0, or -1 with the reason in sheath_error(). The kernel is the only one there
 * is; unit tests have theirs to look at what is handed over.
 */
struct sheath_sink {
	int	(*attach)(int fd);
	int	(*install)(int fd, struct sheath_handover *ho);
};

extern const struct sheath_sink sheath_sink_kernel;

#endif /* SHEATH_PUSH_H */
