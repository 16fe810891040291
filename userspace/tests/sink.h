/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel that only remembers what it is given. */
#ifndef SINK_H
#define SINK_H

#include "hs.h"

/**
 * struct sink_log - what the last handshake handed over
 * @attached: calls of attach
 * @installed: calls of install
 * @ho: keys and facts of the last one
 * @secrets: the traffic secrets of the handshake sink_use() was called for
 * @fail: errno that install is to fail with, 0: none
 */
struct sink_log {
	int			attached;
	int			installed;
	struct sheath_handover	ho;
	struct sheath_secrets	secrets;
	int			fail;
};

extern struct sink_log sink_log;

void sink_use(struct sheath_hs *hs);

#endif /* SINK_H */
