// SPDX-License-Identifier: GPL-2.0
/* Memory, pages, scatterlists, work; and what a test can have go wrong. */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include <linux/jiffies.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "shim.h"

long shim_fail_after = -1;
int shim_errno = EIO;
unsigned int shim_warnings;
unsigned int shim_pages;
bool shim_pfmemalloc;
bool shim_killed;
unsigned long jiffies = -1000ul;

/* a number of pages one behind the other, in memory of the same size */
struct held {
	struct held	*next;
	void		*memory;
	int		refs;
};

static struct held *held;
static struct work_struct *work_left;

bool shim_fails(void)
{
	return shim_fail_after >= 0 && shim_fail_after-- == 0;
}

bool shim_warn(bool wrong)
{
	shim_warnings += wrong;
	return wrong;
}

/* what was there before is no zero */
void *kmalloc(size_t size, gfp_t gfp)
{
	void *p = shim_fails() ? NULL : malloc(size);

	return p ? memset(p, 0xa5, size) : NULL;
}

void *kzalloc(size_t size, gfp_t gfp)
{
	return shim_fails() ? NULL : calloc(1, size);
}

void kfree(const void *p)
{
	free((void *)p);
}

void kfree_sensitive(const void *p)
{
	if (p)
		explicit_bzero((void *)p, malloc_usable_size((void *)p));
	free((void *)p);
}

struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	struct held *h;

	if (shim_fails())
		return NULL;
	h = calloc(1, sizeof(*h));
	h->memory = aligned_alloc(PAGE_SIZE, PAGE_SIZE << order);
	memset(h->memory, 0xa5, PAGE_SIZE << order);
	h->refs = 1;
	h->next = held;
	held = h;
	shim_pages++;
	return (struct page *)h->memory;
}

static struct held **find(const struct page *page)
{
	struct held **at = &held;

	while (*at && (*at)->memory != (void *)page)
		at = &(*at)->next;
	if (!*at)
		abort();
	return at;
}

void get_page(struct page *page)
{
	(*find(page))->refs++;
}

void put_page(struct page *page)
{
	struct held **at = find(page), *h = *at;

	if (--h->refs)
		return;
	*at = h->next;
	free(h->memory);
	free(h);
	shim_pages--;
}

int page_ref_count(const struct page *page)
{
	return (*find(page))->refs;
}

bool page_is_pfmemalloc(const struct page *page)
{
	return shim_pfmemalloc;
}

void shim_sg_copy(struct scatterlist *sg, size_t off, void *buf, size_t len, bool in)
{
	char *p = buf;

	for (; len; sg++) {
		size_t part = sg->length > off ? sg->length - off : 0;

		part = part < len ? part : len;
		if (part && in)
			memcpy((char *)sg_virt(sg) + off, p, part);
		else if (part)
			memcpy(p, (char *)sg_virt(sg) + off, part);
		p += part;
		len -= part;
		off -= part ? off : sg->length;
		if (len && sg->page_link & SG_END) {
			fprintf(stderr, "a scatterlist is %zu bytes short\n", len);
			abort();
		}
	}
}

void schedule_work(struct work_struct *work)
{
	work_left = work;
}

void cancel_work_sync(struct work_struct *work)
{
	if (work_left == work)
		work_left = NULL;
}

bool shim_work(void)
{
	struct work_struct *work = work_left;

	work_left = NULL;
	if (work)
		work->fn(work);
	return work;
}

void shim_wait(void)
{
	if (!shim_work())
		abort();
}
