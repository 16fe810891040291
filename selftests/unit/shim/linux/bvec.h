/* SPDX-License-Identifier: GPL-2.0 */
/* A piece of a page. */
#ifndef SHIM_LINUX_BVEC_H
#define SHIM_LINUX_BVEC_H

#include <linux/mm_types.h>

struct bio_vec {
	struct page	*bv_page;
	unsigned int	bv_len;
	unsigned int	bv_offset;
};

#endif /* SHIM_LINUX_BVEC_H */
