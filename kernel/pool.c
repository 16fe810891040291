// SPDX-License-Identifier: GPL-2.0
/*
 * A ring of payload buffers on each CPU, so that idle connections hold none and busy ones
 * neither allocate nor, where the kernel clears what it allocates, clear 16 KiB a record.
 *
 * The ring keeps one reference to each of its buffers. A buffer whose only reference is
 * that one has been let go by TCP, by pipes and by readers, and may be handed out again;
 * one that somebody holds on to leaves the ring when its turn comes and is freed by its
 * last user.
 */
#include "pool.h"

#include <linux/mm.h>
#include <linux/percpu.h>

/* 1 MiB a CPU */
#define RING	64

struct sheath_pool {
	unsigned int	next;
	struct page	*page[RING];
};

static struct sheath_pool __percpu *pools;

static bool is_free(const struct page *page)
{
	return page && page_ref_count(page) == 1;
}

/**
 * sheath_pool_get() - a buffer of 2^14 bytes, not cleared
 * @gfp: how to allocate when the ring has none
 *
 * Context: process.
 *
 * Return: a compound page of order SHEATH_POOL_ORDER with a reference for the caller, to be
 * dropped with put_page(); NULL if there is no memory.
 */
struct page *sheath_pool_get(gfp_t gfp)
{
	struct sheath_pool *pool = get_cpu_ptr(pools);
	struct page *page;

	/* the ring starts over as early as it can: what was used last is still in the cache */
	if (is_free(pool->page[0]))
		pool->next = 0;
	page = pool->page[pool->next];
	if (is_free(page)) {
		get_page(page);
		pool->next = (pool->next + 1) % RING;
		put_cpu_ptr(pools);
		return page;
	}
	put_cpu_ptr(pools);

	page = alloc_pages(gfp | __GFP_COMP | __GFP_NOWARN, SHEATH_POOL_ORDER);
	if (!page || page_is_pfmemalloc(page))
		return page;

	pool = get_cpu_ptr(pools);
	get_page(page);
	swap(pool->page[pool->next], page);
	if (page)
		put_page(page);
	page = pool->page[pool->next];
	pool->next = (pool->next + 1) % RING;
	put_cpu_ptr(pools);
	return page;
}

/**
 * sheath_pool_init() - make the empty rings
 *
 * Return: 0 or %-ENOMEM.
 */
int __init sheath_pool_init(void)
{
	pools = alloc_percpu(struct sheath_pool);
	return pools ? 0 : -ENOMEM;
}

/**
 * sheath_pool_exit() - let go of the buffers
 *
 * Context: no socket uses the module any more.
 */
void sheath_pool_exit(void)
{
	int cpu, i;

	for_each_possible_cpu(cpu) {
		struct sheath_pool *pool = per_cpu_ptr(pools, cpu);

		for (i = 0; i < RING; i++) {
			if (pool->page[i])
				put_page(pool->page[i]);
		}
	}
	free_percpu(pools);
}
