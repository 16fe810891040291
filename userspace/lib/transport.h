/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of the handshake, counted in records. */
#ifndef SHEATH_TRANSPORT_H
#define SHEATH_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <gnutls/gnutls.h>

/* struct TLSPlaintext and its successors: type, version, length */
#define SHEATH_HEADER_LEN	5
/* a block of CBC, and a MAC behind it */
#define SHEATH_TAIL_LEN		(16 + 48)

/**
 * struct sheath_framing - where in a record one direction stands
 * @header: the header as far as it has passed
 * @have: bytes of it, SHEATH_HEADER_LEN while the body passes, 0 between records
 * @left: bytes of the body to come
 * @tail: the last bytes of the last body
 * @n_tail: bytes of it
 */
struct sheath_framing {
	uint8_t		header[SHEATH_HEADER_LEN];
	unsigned int	have;
	unsigned int	left;
	uint8_t		tail[SHEATH_TAIL_LEN];
	size_t		n_tail;
};

/**
 * struct sheath_transport - the socket as GnuTLS sees it
 * @fd: socket, the application's
 * @rx: received direction
 * @tx: sent direction
 * @rx_budget: records that may still be read, -1: any number
 * @closed: no more I/O: the kernel has the keys
 * @saved_errno: of the last call that failed
 * @eof: the peer's FIN was seen
 */
struct sheath_transport {
	int		fd;
	struct sheath_framing rx;
	struct sheath_framing tx;
	int		rx_budget;
	bool		closed;
	int		saved_errno;
	bool		eof;
};

void sheath_transport_init(struct sheath_transport *t, gnutls_session_t session, int fd);
int sheath_transport_check_aligned(const struct sheath_transport *t);

#endif /* SHEATH_TRANSPORT_H */
