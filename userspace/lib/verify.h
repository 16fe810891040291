/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who the peer is. */
#ifndef SHEATH_VERIFY_H
#define SHEATH_VERIFY_H

#include "hs.h"

int sheath_verify_setup(struct sheath_hs *hs);
int sheath_verify_peer(struct sheath_hs *hs);

#endif /* SHEATH_VERIFY_H */
