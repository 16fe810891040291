/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Is the kernel module there? */
#ifndef SHEATH_AVAILABLE_H
#define SHEATH_AVAILABLE_H

int sheath_available_missing(void);

#endif /* SHEATH_AVAILABLE_H */
