/* SPDX-License-Identifier: GPL-2.0 */
/* Which algorithms this kernel has. */
#ifndef SHEATH_ALG_H
#define SHEATH_ALG_H

#include <linux/types.h>

/**
 * enum sheath_alg_how - what may be done about an algorithm that is not at hand
 * @SHEATH_ALG_LOAD: its modules are loaded, the caller waits
 * @SHEATH_ALG_DEFER: a work item loads them, the caller comes again
 */
enum sheath_alg_how {
	SHEATH_ALG_LOAD,
	SHEATH_ALG_DEFER,
};

bool sheath_alg_exists(const char *name);
int sheath_alg_ready(const char *name, enum sheath_alg_how how);

int sheath_alg_init(void);
void sheath_alg_exit(void);

#endif /* SHEATH_ALG_H */
