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
#include "record/pool.h"

#include <linux/mm.h>
#include <linux/percpu.h>

/* 1 MiB a CPU */
#define RING	64
/* pieces begin where a cipher's blocks and a line of the cache do */
#define ALIGNED	64
/* a piece shorter than this is not worth its entry in a list: the rest of the buffer is left */
#define PIECE_MIN	1024
#define BUFFER	(PAGE_SIZE << SHEATH_POOL_ORDER)

/**
 * struct sheath_pool - buffers of one CPU
 * @next: entry of @page whose turn it is
 * @page: the ring
 * @shared: buffer that short payloads are packed into, with a reference of its own, or NULL
 * @used: bytes of @shared that were given out
 */
struct sheath_pool {
	unsigned int	next;
	struct page	*page[RING];
	struct page	*shared;
	u32		used;
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

/* up to @len bytes of the shared buffer, if they are worth it */
static u32 take_shared(struct sheath_pool *pool, u32 len, struct bio_vec *bv)
{
	u32 part = pool->shared ? min_t(u32, len, BUFFER - pool->used) : 0;

	if (part < min_t(u32, len, PIECE_MIN))
		return 0;
	get_page(pool->shared);
	*bv = (struct bio_vec){
		.bv_page = pool->shared, .bv_offset = pool->used, .bv_len = part,
	};
	pool->used += ALIGN(part, ALIGNED);
	return part;
}

/**
 * sheath_pool_share() - memory for a payload that is shorter than a buffer
 * @gfp: how to allocate when another buffer is needed
 * @len: bytes, 1 to SHEATH_POOL_SHARED_MAX
 * @bv: set to the pieces, each with a reference for the caller
 *
 * Payloads of many connections lie one behind the other, as in the page fragments of the
 * network stack: TCP is charged for the bytes of a payload, and nothing much else is held.
 *
 * Context: process.
 *
 * Return: pieces used of @bv, or %-ENOMEM.
 */
int sheath_pool_share(gfp_t gfp, u32 len, struct bio_vec bv[SHEATH_POOL_PIECES])
{
	struct sheath_pool *pool = get_cpu_ptr(pools);
	u32 got = take_shared(pool, len, &bv[0]);
	struct page *page;

	put_cpu_ptr(pools);
	if (got == len)
		return 1;
	page = sheath_pool_get(gfp);
	if (!page) {
		if (got)
			put_page(bv[0].bv_page);
		return -ENOMEM;
	}
	/* the buffer that was shared here until now belongs to its users alone */
	pool = get_cpu_ptr(pools);
	swap(pool->shared, page);
	pool->used = 0;
	take_shared(pool, len - got, &bv[got ? 1 : 0]);
	put_cpu_ptr(pools);
	if (page)
		put_page(page);
	return got ? 2 : 1;
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

		if (pool->shared)
			put_page(pool->shared);
		for (i = 0; i < RING; i++) {
			if (pool->page[i])
				put_page(pool->page[i]);
		}
	}
	free_percpu(pools);
}
