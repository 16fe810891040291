/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Session tickets that come after the handshake. */
#ifndef SHEATH_TICKETS_H
#define SHEATH_TICKETS_H

#include "hs.h"

bool sheath_tickets_received(const struct sheath_hs *hs);
void sheath_tickets_keep(struct sheath_hs *hs);
int sheath_tickets_harvest(struct sheath_hs *hs);
int sheath_tickets_collect(struct sheath_hs *hs);

#endif /* SHEATH_TICKETS_H */
