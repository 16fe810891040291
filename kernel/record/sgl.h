/* SPDX-License-Identifier: GPL-2.0 */
/* A scatterlist of fixed size that is filled again for every record without being zeroed. */
#ifndef SHEATH_SGL_H
#define SHEATH_SGL_H

#include <linux/mm.h>
#include <linux/scatterlist.h>

/* additional data, 40 pieces of payload, inner type, tag */
#define SHEATH_SGL_MAX		44

/**
 * struct sheath_sgl - a list being built
 * @sg: entries
 * @n: entries in use
 * @end: the entry that carries the end mark, if @marked
 * @marked: sheath_sgl_end() was called since the last sheath_sgl_reset()
 */
struct sheath_sgl {
	struct scatterlist	sg[SHEATH_SGL_MAX];
	unsigned int		n;
	unsigned int		end;
	bool			marked;
};

static inline void sheath_sgl_init(struct sheath_sgl *l)
{
	sg_init_table(l->sg, SHEATH_SGL_MAX);
	sg_unmark_end(&l->sg[SHEATH_SGL_MAX - 1]);
	l->n = 0;
	l->marked = false;
}

static inline void sheath_sgl_reset(struct sheath_sgl *l)
{
	if (l->marked)
		sg_unmark_end(&l->sg[l->end]);
	l->marked = false;
	l->n = 0;
}

/**
 * sheath_sgl_add() - append a piece
 * @l: list
 * @page: first page; the piece may run on into the pages that follow it in memory
 * @off: offset in @page
 * @len: bytes; 0 adds nothing
 *
 * Return: false if the list is full.
 */
static inline bool sheath_sgl_add(struct sheath_sgl *l, struct page *page, unsigned int off,
				  unsigned int len)
{
	if (!len)
		return true;
	if (l->n == SHEATH_SGL_MAX)
		return false;
	sg_set_page(&l->sg[l->n++], page, len, off);
	return true;
}

static inline bool sheath_sgl_add_buf(struct sheath_sgl *l, void *buf, unsigned int len)
{
	return sheath_sgl_add(l, virt_to_page(buf), offset_in_page(buf), len);
}

/* nothing is added after this */
static inline void sheath_sgl_end(struct sheath_sgl *l)
{
	l->end = l->n - 1;
	l->marked = true;
	sg_mark_end(&l->sg[l->end]);
}

void sheath_sgl_copy(const struct sheath_sgl *l, u32 off, u8 *to, u32 len);

#endif /* SHEATH_SGL_H */
