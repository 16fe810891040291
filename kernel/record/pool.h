/* SPDX-License-Identifier: GPL-2.0 */
/* Recycled buffers of 16 KiB for record payloads. */
#ifndef SHEATH_POOL_H
#define SHEATH_POOL_H

#include <linux/gfp.h>
#include <linux/mm_types.h>

#include <linux/bvec.h>

/* one full payload, 2^14 bytes, whatever the page size */
#define SHEATH_POOL_ORDER	get_order(16384)

/* payloads up to this size share buffers: a longer one has a buffer of its own */
#define SHEATH_POOL_SHARED_MAX	(16384 * 3 / 4)
/* pieces that sheath_pool_share() may need */
#define SHEATH_POOL_PIECES	2

struct page *sheath_pool_get(gfp_t gfp);
int sheath_pool_share(gfp_t gfp, u32 len, struct bio_vec bv[SHEATH_POOL_PIECES]);
int sheath_pool_init(void);
void sheath_pool_exit(void);

#endif /* SHEATH_POOL_H */
