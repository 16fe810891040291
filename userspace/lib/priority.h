/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a configuration to the algorithms of its sessions. */
#ifndef SHEATH_PRIORITY_H
#define SHEATH_PRIORITY_H

#include "config.h"

int sheath_priority_update(struct sheath_config *cfg);

#endif /* SHEATH_PRIORITY_H */
