/* SPDX-License-Identifier: GPL-2.0 */
/* A page is its memory: a pointer to one points there. */
#ifndef SHIM_LINUX_MM_TYPES_H
#define SHIM_LINUX_MM_TYPES_H

#include <linux/types.h>

#define PAGE_SIZE 4096ul

struct page;

#endif /* SHIM_LINUX_MM_TYPES_H */
