/* SPDX-License-Identifier: GPL-2.0 */
/* Pages, what is in them, who holds them. */
#ifndef SHIM_LINUX_MM_H
#define SHIM_LINUX_MM_H

#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/string.h>

#define offset_in_page(p) ((unsigned long)(p) & (PAGE_SIZE - 1))
#define virt_to_page(p) ((struct page *)((unsigned long)(p) & ~(PAGE_SIZE - 1)))
#define page_address(page) ((void *)(page))

void get_page(struct page *page);
void put_page(struct page *page);
int page_ref_count(const struct page *page);
bool page_is_pfmemalloc(const struct page *page);

#endif /* SHIM_LINUX_MM_H */
