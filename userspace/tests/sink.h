/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel that only remembers what it is given. */
#ifndef SINK_H
#define SINK_H

#include "hs.h"

/**
 * struct sink_log - what the last handshake handed over
 * @attached: calls of attach
 * @attach_fails: errno that attach is to fail with, 0: none
 * @installed: calls of install
 * @ho: keys and facts of the last one
 * @secrets: the traffic secrets of the handshake sink_use() was called for
 * @fail: errno that install is to fail with, 0: none
 * @takes_secrets: it says so when it is given secrets
 * @kept: session tickets it was asked to keep
 * @tickets: messages there are to be taken, one after the other
 * @tickets_len: bytes of them
 */
struct sink_log {
	int			attached;
	int			attach_fails;
	int			installed;
	struct sheath_handover	ho;
	struct sheath_secrets	secrets;
	int			fail;
	bool			takes_secrets;
	uint32_t		kept;
	uint8_t			tickets[4096];
	size_t			tickets_len;
};

extern struct sink_log sink_log;

void sink_use(struct sheath_hs *hs);

#endif /* SINK_H */
