/* SPDX-License-Identifier: GPL-2.0 */
/* Pages. */
#ifndef SHIM_LINUX_GFP_H
#define SHIM_LINUX_GFP_H

#include <linux/mm_types.h>

#define GFP_KERNEL 0u
#define GFP_KERNEL_ACCOUNT 0u
#define GFP_ATOMIC 0u
#define __GFP_COMP 0u
#define __GFP_NOWARN 0u

static inline unsigned int get_order(size_t size)
{
	unsigned int order = 0;

	while (PAGE_SIZE << order < size)
		order++;
	return order;
}

struct page *alloc_pages(gfp_t gfp, unsigned int order);

#endif /* SHIM_LINUX_GFP_H */
