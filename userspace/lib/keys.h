/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a GnuTLS session leaves behind for the kernel to go on with. */
#ifndef SHEATH_KEYS_H
#define SHEATH_KEYS_H

#include <stdint.h>
#include <gnutls/gnutls.h>
#include <linux/sheath.h>

struct sheath_transport;

/* The largest payload of a record, RFC 8446 section 5.1. */
#define SHEATH_RECORD_MAX	16384

/**
 * struct sheath_handover - everything the kernel is told about a session
 * @role: enum sheath_role, 0 if unknown
 * @suite: IANA cipher suite, 0 if unknown
 * @group: IANA named group, 0 if there was none
 * @tx_limit: bytes of payload the peer takes in a record; 0: no limit of its own
 * @tx: key of the sending direction
 * @rx: key of the receiving direction
 * @secrets_taken: set by who installs the keys: the kernel has the secrets they come from
 *
 * A key may have its traffic secret beside it; the kernel gets one or the other.
 * Holds secrets: whoever fills it wipes it.
 */
struct sheath_handover {
	uint32_t	role;
	uint32_t	suite;
	uint32_t	group;
	uint32_t	tx_limit;
	struct sheath_key tx;
	struct sheath_key rx;
	int		secrets_taken;
};

int sheath_key_read(gnutls_session_t session, unsigned int direction, struct sheath_key *key);
int sheath_handover_read(gnutls_session_t session, const struct sheath_transport *t,
			 struct sheath_handover *ho);

#endif /* SHEATH_KEYS_H */
