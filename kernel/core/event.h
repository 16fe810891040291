/* SPDX-License-Identifier: GPL-2.0 */
/* Events of a session: the pipelines tell, whoever listens passes on. */
#ifndef SHEATH_EVENT_H
#define SHEATH_EVENT_H

#include <linux/sheath_nl.h>

struct sheath_conn;

typedef void (*sheath_event_fn)(struct sheath_conn *conn, enum sheath_event event);

void sheath_event(struct sheath_conn *conn, enum sheath_event event);
void sheath_event_listen(sheath_event_fn fn);

#endif /* SHEATH_EVENT_H */
