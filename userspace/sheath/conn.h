/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One HTTPS connection. */
#ifndef CONN_H
#define CONN_H

#include "server.h"

void conn_start(struct server *srv, int fd);
void conn_stop_all(struct server *srv);
void conn_expire(struct server *srv, int64_t now);

#endif /* CONN_H */
