/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is the kernel module there? */
#ifndef MODULE_H
#define MODULE_H

#include <stdbool.h>

#define MODULE_MISSING \
	"the kernel module sheath is not loaded; as root: modprobe sheath"

bool module_missing(void);

#endif /* MODULE_H */
