// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of opened records, and of the spilled part of an incomplete one.
 *
 * Contents are packed into pages, small ones into single pages and large ones into buffers of
 * 2^14 bytes, so that a peer with records of one byte gets no page for each. A page stays
 * until the last record in it is gone; how many there are is kept in page_private().
 *
 * This memory is charged to the socket, as TCP charges its buffers. It counts against the receive
 * buffer, so that the peer does not get it once more as a window. A record that a reader needs is
 * opened even if the limits of TCP are reached: it is not charged then, the next charge tries
 * again, and no record is opened ahead meanwhile. Most records are read by the call that opens
 * them: the socket is charged for the records left at the end of that call.
 *
 * Plaintext that did not verify is cleared where it was written. Pages of verified plaintext are
 * freed without clearing, as TCP and in-tree TLS free theirs: the reader has the same bytes in its
 * memory, and does not clear them either. The next user of a page, from the allocator or from the
 * pool, writes it before showing it. Booting with init_on_free=1 clears pages that the allocator
 * gets back.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <net/tcp.h>

#include "record/pool.h"
#include "rx/rx.h"

/* contents begin at multiples of a cipher's block */
#define REC_ALIGN	16u

static u32 held(const struct sheath_rx *rx)
{
	return rx->counted + rx->spill_mem;
}

/* TCP relies on sk_forward_alloc not becoming negative by a charge */
static bool may_charge(struct sock *sk, u32 n)
{
	int missing = n - sk->sk_forward_alloc;

	return missing <= 0 || __sk_mem_schedule(sk, missing, SK_MEM_RECV);
}

/* charge the socket for all memory held; leave the charge as it is if that is too much */
static void charge(struct sheath_conn *conn)
{
	struct sheath_rx *rx = conn->rx;
	u32 now = held(rx);

	if (now < rx->charged)
		sk_mem_uncharge(conn->sk, rx->charged - now);
	else if (may_charge(conn->sk, now - rx->charged))
		sk_mem_charge(conn->sk, now - rx->charged);
	else
		return;
	rx->charged = now;
}

/**
 * sheath_rx_may_queue() - may a record be opened that no reader needs now?
 * @conn: connection with a receiving key
 *
 * Context: lock_sock() held.
 */
bool sheath_rx_may_queue(const struct sheath_conn *conn)
{
	return conn->rx->recs_mem < READ_ONCE(conn->sk->sk_rcvbuf) &&
	       conn->rx->charged == held(conn->rx);
}

static struct sheath_rx_pack *pack_of(struct sheath_rx *rx, bool large)
{
	return large ? &rx->large : &rx->small;
}

static u32 pack_size(bool large)
{
	return large ? SHEATH_PLAIN_MAX : PAGE_SIZE;
}

/* records that are left in the page free it with the last of them */
static void leave_page(struct sheath_rx_pack *pack)
{
	if (pack->page && !page_private(pack->page))
		put_page(pack->page);
	pack->page = NULL;
}

/* a page with @need bytes of room */
static bool find_room(struct sheath_rx_pack *pack, bool large, u32 need, gfp_t gfp)
{
	struct page *page = pack->page;

	/* start the page anew: no record is in it, and no one else, such as a pipe, refers to it */
	if (page && !page_private(page) && page_ref_count(page) == 1)
		pack->used = 0;
	if (page && pack->used + need <= pack_size(large))
		return true;
	page = large ? sheath_pool_get(gfp) : alloc_page(gfp | __GFP_ACCOUNT | __GFP_NOWARN);
	if (!page)
		return false;
	leave_page(pack);
	set_page_private(page, 0);
	pack->page = page;
	pack->used = 0;
	return true;
}

static struct sheath_rec *rec_struct(struct sheath_conn *conn)
{
	struct sheath_rx *rx = conn->rx;
	struct sheath_rec *rec = &rx->own;

	if (!rx->own_used) {
		rx->own_used = true;
		return rec;
	}
	rec = kmalloc(sizeof(*rec), conn->sk->sk_allocation);
	if (rec)
		rx->recs_mem += sizeof(*rec);
	return rec;
}

static void rec_struct_free(struct sheath_rx *rx, struct sheath_rec *rec)
{
	if (rec == &rx->own) {
		rx->own_used = false;
		return;
	}
	rx->recs_mem -= sizeof(*rec);
	kfree(rec);
}

/**
 * sheath_rx_rec_alloc() - a record with memory for its content
 * @conn: connection with a receiving key
 * @len: bytes, at most 2^14
 *
 * Context: lock_sock() held, may sleep.
 *
 * Return: record, in no list, or NULL.
 */
struct sheath_rec *sheath_rx_rec_alloc(struct sheath_conn *conn, u32 len)
{
	bool large = len > PAGE_SIZE;
	struct sheath_rx_pack *pack = pack_of(conn->rx, large);
	struct sheath_rec *rec;

	if (!find_room(pack, large, len, conn->sk->sk_allocation))
		return NULL;
	rec = rec_struct(conn);
	if (!rec)
		return NULL;
	rec->page = pack->page;
	rec->large = large;
	rec->at = pack->used;
	rec->len = 0;
	rec->off = 0;
	if (!page_private(rec->page))
		conn->rx->recs_mem += pack_size(large);
	set_page_private(rec->page, page_private(rec->page) + 1);
	return rec;
}

/**
 * sheath_rx_rec_add() - queue a record, which was allocated last
 * @rx: pipeline
 * @rec: record
 * @len: bytes of content; the rest of its allocation is free again
 */
void sheath_rx_rec_add(struct sheath_rx *rx, struct sheath_rec *rec, u32 len)
{
	struct sheath_rx_pack *pack = pack_of(rx, rec->large);

	rec->len = len;
	if (pack->page == rec->page)
		pack->used = ALIGN(rec->at + len, REC_ALIGN);
	list_add_tail(&rec->list, &rx->recs);
	rx->recs_bytes += len;
}

/**
 * sheath_rx_rec_swap() - exchange the buffer of a record that has one of its own
 * @rx: pipeline
 * @rec: record that was allocated for 2^14 bytes
 * @page: another such buffer, which nobody else uses
 */
void sheath_rx_rec_swap(struct sheath_rx *rx, struct sheath_rec *rec, struct page **page)
{
	struct sheath_rx_pack *pack = pack_of(rx, rec->large);

	set_page_private(*page, page_private(rec->page));
	set_page_private(rec->page, 0);
	if (pack->page == rec->page)
		pack->page = *page;
	swap(rec->page, *page);
}

/**
 * sheath_rx_rec_free() - let go of an opened record that is in no list
 * @rx: pipeline
 * @rec: record
 *
 * Context: lock_sock() held.
 */
void sheath_rx_rec_free(struct sheath_rx *rx, struct sheath_rec *rec)
{
	struct sheath_rx_pack *pack = pack_of(rx, rec->large);
	struct page *page = rec->page;
	bool large = rec->large;

	rec_struct_free(rx, rec);
	set_page_private(page, page_private(page) - 1);
	if (page_private(page))
		return;
	rx->recs_mem -= pack_size(large);
	if (page != pack->page)
		put_page(page);
	else if (large && pack->used > SHEATH_PLAIN_MAX / 2)
		leave_page(pack);
}

/**
 * sheath_rx_mem_settle() - charge the socket for the records that are left
 * @conn: connection with a receiving key
 *
 * A large buffer without records is freed. The single page stays, so that small records cost no
 * allocation.
 *
 * Context: lock_sock() held, or softirq.
 *
 * Return: true if the receive buffer has more room than before.
 */
bool sheath_rx_mem_settle(struct sheath_conn *conn)
{
	struct sheath_rx *rx = conn->rx;
	int more = rx->recs_mem - rx->counted;

	if (rx->large.page && !page_private(rx->large.page))
		leave_page(&rx->large);
	if (more)
		atomic_add(more, &conn->sk->sk_rmem_alloc);
	rx->counted = rx->recs_mem;
	if (rx->charged != held(rx))
		charge(conn);
	return more < 0;
}

/**
 * sheath_rx_spill_page() - a page for spilled bytes
 * @conn: connection with a receiving key
 * @i: index of the page in the spill
 * @gfp: how to allocate it
 *
 * The page is charged to the socket, but does not count against the receive buffer, for which the
 * record is too large.
 *
 * Context: lock_sock() held, or softirq.
 *
 * Return: page, also if it was there; or NULL.
 */
struct page *sheath_rx_spill_page(struct sheath_conn *conn, unsigned int i, gfp_t gfp)
{
	struct page **page = &conn->rx->spill[i];

	if (*page)
		return *page;
	*page = alloc_page(gfp | __GFP_NOWARN);
	if (*page) {
		conn->rx->spill_mem += PAGE_SIZE;
		charge(conn);
	}
	return *page;
}

/**
 * sheath_rx_spill_free() - the spilled record is done with
 * @conn: connection with a receiving key
 *
 * Context: lock_sock() held.
 */
void sheath_rx_spill_free(struct sheath_conn *conn)
{
	struct page **spill = conn->rx->spill;
	unsigned int i;

	for (i = 0; i < SHEATH_RX_SPILL_PAGES && spill[i]; i++) {
		put_page(spill[i]);
		spill[i] = NULL;
	}
	conn->rx->spilled = 0;
	conn->rx->spill_mem = 0;
	charge(conn);
}

/**
 * sheath_rx_mem_free() - let go of all of it
 * @conn: connection with a receiving key
 *
 * Context: lock_sock() held; nobody reads any more.
 */
void sheath_rx_mem_free(struct sheath_conn *conn)
{
	struct sheath_rx *rx = conn->rx;
	struct sheath_rec *rec, *next;

	list_for_each_entry_safe(rec, next, &rx->recs, list) {
		list_del(&rec->list);
		sheath_rx_rec_free(rx, rec);
	}
	leave_page(&rx->small);
	leave_page(&rx->large);
	sheath_rx_mem_settle(conn);
	sheath_rx_spill_free(conn);
}
