/* SPDX-License-Identifier: GPL-2.0 */
/* Scatterlists: the page of an entry carries the end mark in its low bits. */
#ifndef SHIM_LINUX_SCATTERLIST_H
#define SHIM_LINUX_SCATTERLIST_H

#include <linux/mm.h>

#define SG_END 2ul

struct scatterlist {
	unsigned long	page_link;
	unsigned int	offset;
	unsigned int	length;
};

static inline void sg_mark_end(struct scatterlist *sg)
{
	sg->page_link |= SG_END;
}

static inline void sg_unmark_end(struct scatterlist *sg)
{
	sg->page_link &= ~SG_END;
}

static inline void sg_init_table(struct scatterlist *sg, unsigned int n)
{
	memset(sg, 0, n * sizeof(*sg));
	sg_mark_end(&sg[n - 1]);
}

static inline void sg_set_page(struct scatterlist *sg, struct page *page, unsigned int len,
			       unsigned int off)
{
	sg->page_link = (unsigned long)page | (sg->page_link & SG_END);
	sg->offset = off;
	sg->length = len;
}

static inline void *sg_virt(struct scatterlist *sg)
{
	return (char *)(sg->page_link & ~SG_END) + sg->offset;
}

/* bytes out of a list, or into it; a list that ends before they do ends the program */
void shim_sg_copy(struct scatterlist *sg, size_t off, void *buf, size_t len, bool in);

#endif /* SHIM_LINUX_SCATTERLIST_H */
