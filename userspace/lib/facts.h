/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was negotiated. */
#ifndef SHEATH_FACTS_H
#define SHEATH_FACTS_H

#include "hs.h"

bool sheath_facts_used_psk(const struct sheath_hs *hs);
bool sheath_facts_knows_psk(const struct sheath_hs *hs);
void sheath_facts_note(struct sheath_hs *hs);

#endif /* SHEATH_FACTS_H */
