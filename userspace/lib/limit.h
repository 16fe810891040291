/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How large a record the peer takes. */
#ifndef SHEATH_LIMIT_H
#define SHEATH_LIMIT_H

#include "hs.h"

void sheath_limit_watch(struct sheath_hs *hs);
unsigned int sheath_limit_of(const struct sheath_hs *hs);

#endif /* SHEATH_LIMIT_H */
