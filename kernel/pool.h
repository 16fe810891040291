/* SPDX-License-Identifier: GPL-2.0 */
/* Recycled buffers of 16 KiB for record payloads. */
#ifndef SHEATH_POOL_H
#define SHEATH_POOL_H

#include <linux/gfp.h>
#include <linux/mm_types.h>

/* one full payload, 2^14 bytes, whatever the page size */
#define SHEATH_POOL_ORDER	get_order(16384)

struct page *sheath_pool_get(gfp_t gfp);
int sheath_pool_init(void);
void sheath_pool_exit(void);

#endif /* SHEATH_POOL_H */
