/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A handshake and what is known about it. */
#ifndef SHEATH_HS_H
#define SHEATH_HS_H

#include <stdbool.h>
#include <stdint.h>
#include <gnutls/gnutls.h>
#include <linux/sheath.h>

#include "config.h"
#include "push.h"
#include "transport.h"

/* The steps of a handshake, in their order. */
enum sheath_step {
	SHEATH_STEP_ATTACH,	/* the ULP, so that a missing module is known before any I/O */
	SHEATH_STEP_NEGOTIATE,
	SHEATH_STEP_VERIFY,	/* what GnuTLS did not verify: resumed sessions */
	SHEATH_STEP_TICKETS,
	SHEATH_STEP_PUSH,
	SHEATH_STEP_DONE,
	SHEATH_STEP_FAILED,
};

/**
 * struct sheath_secrets - application traffic secrets of TLS 1.3
 * @tx: of the sending direction
 * @rx: of the receiving direction
 * @len: bytes of each, 0: none
 *
 * Kept from the handshake until the keys are pushed: a kernel that takes the secrets needs
 * no helper to change keys later.
 */
struct sheath_secrets {
	uint8_t	tx[SHEATH_SECRET_MAX];
	uint8_t	rx[SHEATH_SECRET_MAX];
	size_t	len;
};

/**
 * struct sheath_hs - a handshake
 * @cfg: configuration, one reference
 * @session: GnuTLS session
 * @transport: its socket
 * @sink: who takes the keys
 * @step: what is to be done next
 * @server: which end this is
 * @name: to verify the peer against, allocated; NULL: none
 * @warnings: warning alerts received
 * @secrets: see there
 * @wire_limit: record_size_limit as the peer sent it, 0: none
 * @fragment_limit: the same by the older extension max_fragment_length, 0: none
 * @peer_status: GNUTLS_CERT_* of the last verification
 * @verdict: that in words, allocated; NULL before
 * @alpn: protocol negotiated, "" for none
 * @servername: name the client asked for, "" for none
 * @psk_identity: pre-shared key that was used, "" for none
 * @tickets_begun: the wait for tickets has its deadline
 * @tickets_end: CLOCK_MONOTONIC milliseconds when it is over
 * @cookie: SO_COOKIE of the socket the kernel keeps tickets of, 0: none
 * @lowat: SO_RCVLOWAT to be restored, 0: not changed
 * @tx_seq: pushed
 * @rx_seq: pushed
 * @tx_limit: pushed
 * @has_secrets: the kernel got traffic secrets and changes keys itself
 */
struct sheath_hs {
	struct sheath_config	*cfg;
	gnutls_session_t	session;
	struct sheath_transport	transport;
	const struct sheath_sink *sink;
	enum sheath_step	step;
	bool			server;
	char			*name;
	unsigned int		warnings;
	struct sheath_secrets	secrets;
	unsigned int		wire_limit;
	unsigned int		fragment_limit;
	unsigned int		peer_status;
	gnutls_datum_t		verdict;
	char			alpn[256];
	char			servername[256];
	char			psk_identity[256];
	bool			tickets_begun;
	int64_t			tickets_end;
	uint64_t		cookie;
	int			lowat;
	uint64_t		tx_seq;
	uint64_t		rx_seq;
	unsigned int		tx_limit;
	bool			has_secrets;
};

#endif /* SHEATH_HS_H */
