/* SPDX-License-Identifier: GPL-2.0 */
/* Memory. */
#ifndef SHIM_LINUX_SLAB_H
#define SHIM_LINUX_SLAB_H

#include <linux/gfp.h>

void *kmalloc(size_t size, gfp_t gfp);
void *kzalloc(size_t size, gfp_t gfp);
void kfree(const void *p);
void kfree_sensitive(const void *p);

#define kvzalloc(size, gfp) kzalloc(size, gfp)
#define kvfree(p) kfree(p)

#endif /* SHIM_LINUX_SLAB_H */
