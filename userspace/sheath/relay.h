/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two descriptors and a socket. */
#ifndef RELAY_H
#define RELAY_H

#include <stdint.h>

/**
 * struct relay - how to carry data, and what has passed
 * @rekey_bytes: change keys whenever so many bytes were sent, 0: never
 * @rekeys: how often that was
 * @sent: bytes from standard input to the peer
 * @received: bytes from the peer to standard output
 */
struct relay {
	uint64_t	rekey_bytes;
	uint64_t	rekeys;
	uint64_t	sent;
	uint64_t	received;
};

int relay_run(struct relay *r, int sock, int in, int out, char *error, unsigned int error_size);

#endif /* RELAY_H */
