// SPDX-License-Identifier: GPL-2.0
/*
 * Events of a session: the pipelines tell, whoever listens passes on. So the pipelines need
 * not know the control plane.
 */
#include "core/event.h"

#include <linux/compiler.h>

#include "core/conn.h"
#include "core/trace.h"

static sheath_event_fn listener;

/**
 * sheath_event() - tell the listener about a session
 * @conn: context
 * @event: what happened
 *
 * Context: process, lock_sock() held; sleeps.
 */
void sheath_event(struct sheath_conn *conn, enum sheath_event event)
{
	sheath_event_fn fn = READ_ONCE(listener);

	sheath_conn_owned(conn);
	trace_sheath_event(conn->cookie, event);
	if (fn)
		fn(conn, event);
}

/**
 * sheath_event_listen() - say who hears of events
 * @fn: called with lock_sock() held, may sleep; NULL: nobody
 *
 * An attached socket keeps the module loaded, and events are those of attached sockets. So no
 * event is under way when a module that is being unloaded takes its function back.
 *
 * Context: loading and unloading of the module, while no socket has the ULP.
 */
void sheath_event_listen(sheath_event_fn fn)
{
	WRITE_ONCE(listener, fn);
}
