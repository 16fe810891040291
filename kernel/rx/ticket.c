// SPDX-License-Identifier: GPL-2.0
/*
 * Session tickets (RFC 8446 section 4.6.1) on sockets that leave control records to the
 * module. Tickets come at any time, mostly with the first data, and only the TLS library that did
 * the handshake can use them. So that library may have a few kept, and fetches them when it wants
 * to resume.
 */
#include "rx/ticket.h"

#include <linux/list.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "core/conn.h"
#include "rx/rx.h"

#define HEAD_LEN	4
/* bytes of all tickets of a socket; a ticket of a usual server has some hundred */
#define BYTES_MAX	65536

/**
 * struct sheath_ticket - one NewSessionTicket message
 * @list: in struct sheath_tickets
 * @len: bytes of the message, its header included
 * @have: bytes of it that came so far
 * @msg: message
 */
struct sheath_ticket {
	struct list_head	list;
	u32			len;
	u32			have;
	u8			msg[] __counted_by(len);
};

/**
 * struct sheath_tickets - those of one socket
 * @list: complete ones, the oldest first
 * @part: the one that is being received
 * @n: how many there are, @part included
 * @max: how many there may be
 * @bytes: how much they take
 */
struct sheath_tickets {
	struct list_head	list;
	struct sheath_ticket	*part;
	u32			n;
	u32			max;
	u32			bytes;
};

static void drop(struct sheath_tickets *tickets, struct sheath_ticket *t)
{
	tickets->n--;
	tickets->bytes -= t->len;
	kfree_sensitive(t);
}

/**
 * sheath_ticket_keep() - have tickets kept
 * @conn: context
 * @max: tickets to keep; those already kept stay
 *
 * Context: lock_sock() held, may sleep.
 *
 * Return: 0 or %-ENOMEM.
 */
int sheath_ticket_keep(struct sheath_conn *conn, u32 max)
{
	sheath_conn_owned(conn);
	if (!conn->tickets && max) {
		conn->tickets = kzalloc(sizeof(*conn->tickets), GFP_KERNEL_ACCOUNT);
		if (!conn->tickets)
			return -ENOMEM;
		INIT_LIST_HEAD(&conn->tickets->list);
	}
	if (conn->tickets)
		conn->tickets->max = max;
	return 0;
}

/**
 * sheath_ticket_abandon() - drop the ticket that is being received, whose rest will not be seen
 * @conn: context
 *
 * Context: lock_sock() held.
 */
void sheath_ticket_abandon(struct sheath_conn *conn)
{
	struct sheath_tickets *tickets = conn->tickets;

	if (!tickets || !tickets->part)
		return;
	drop(tickets, tickets->part);
	tickets->part = NULL;
}

/**
 * sheath_ticket_begin() - a NewSessionTicket begins
 * @conn: context
 * @head: its header, four bytes
 * @len: bytes that follow
 *
 * Context: lock_sock() held, may sleep.
 *
 * Return: true if it will be kept.
 */
bool sheath_ticket_begin(struct sheath_conn *conn, const u8 *head, u32 len)
{
	struct sheath_tickets *tickets = conn->tickets;
	struct sheath_ticket *t;

	if (!tickets || tickets->n >= tickets->max ||
	    HEAD_LEN + len > BYTES_MAX - tickets->bytes)
		return false;
	t = kmalloc(struct_size(t, msg, HEAD_LEN + len), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!t)
		return false;
	t->len = HEAD_LEN + len;
	t->have = 0;
	tickets->n++;
	tickets->bytes += t->len;
	tickets->part = t;
	sheath_ticket_part(conn, head, HEAD_LEN);
	return true;
}

/**
 * sheath_ticket_part() - more of the message that is being received, if it is a ticket
 * @conn: context
 * @p: bytes, of this message only
 * @len: how many
 *
 * Context: lock_sock() held.
 */
void sheath_ticket_part(struct sheath_conn *conn, const u8 *p, u32 len)
{
	struct sheath_tickets *tickets = conn->tickets;
	struct sheath_ticket *t = tickets ? tickets->part : NULL;

	if (!t || WARN_ON_ONCE(len > t->len - t->have))
		return;
	memcpy(t->msg + t->have, p, len);
	t->have += len;
	if (t->have < t->len)
		return;
	list_add_tail(&t->list, &tickets->list);
	tickets->part = NULL;
}

/**
 * sheath_ticket_none() - are tickets kept, and none is here?
 * @conn: context
 *
 * Context: lock_sock() held.
 */
bool sheath_ticket_none(const struct sheath_conn *conn)
{
	return conn->tickets && list_empty(&conn->tickets->list);
}

/**
 * sheath_ticket_get() - give the oldest ticket to the application
 * @conn: context
 * @optval: buffer
 * @len: its length
 * @optlen: length of the message, also if that is more than @len
 *
 * Context: lock_sock() held, may sleep and fault.
 *
 * Return:
 * * 0		- it is gone here
 * * %-ENODATA	- there is none
 * * %-ERANGE	- the buffer is too short; the ticket stays
 * * %-EFAULT	- likewise
 */
int sheath_ticket_get(struct sheath_conn *conn, char __user *optval, int len, int __user *optlen)
{
	struct sheath_tickets *tickets = conn->tickets;
	struct sheath_ticket *t;

	sheath_conn_owned(conn);
	t = tickets ? list_first_entry_or_null(&tickets->list, struct sheath_ticket, list) : NULL;
	if (!t)
		return -ENODATA;
	if (put_user(t->len, optlen))
		return -EFAULT;
	if ((u32)len < t->len)
		return -ERANGE;
	if (copy_to_user(optval, t->msg, t->len))
		return -EFAULT;
	list_del(&t->list);
	drop(tickets, t);
	return 0;
}

/**
 * sheath_ticket_free() - forget all tickets
 * @conn: context
 *
 * Context: lock_sock() held.
 */
void sheath_ticket_free(struct sheath_conn *conn)
{
	struct sheath_tickets *tickets = conn->tickets;
	struct sheath_ticket *t, *next;

	if (!tickets)
		return;
	list_for_each_entry_safe(t, next, &tickets->list, list)
		drop(tickets, t);
	sheath_ticket_abandon(conn);
	kfree(tickets);
	conn->tickets = NULL;
}
