/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A listening socket and its connections. */
#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "addresses.h"
#include "files.h"
#include "libsheath.h"
#include "loop.h"

struct conn;
struct log;

/**
 * struct server - everything that is served
 * @cfg: TLS configuration
 * @reload: called for SIGHUP: may give the server another @cfg and @site
 * @ended: called when a connection is gone
 * @site: what is served
 * @log: what is told
 * @max_accept: connections to accept, 0: any number
 * @handshake_ms: milliseconds a handshake may take
 * @max_clients: connections there may be, 0: as many as there is room for
 * @max_per_address: connections one address may have, 0: any number, -1: a quarter of all
 * @loop: descriptor of the event loop
 * @listener: listening socket
 * @signals: signalfd of SIGHUP, SIGINT and SIGTERM
 * @conns: all connections, linked
 * @n_conns: number of them
 * @addresses: who has them
 * @accepted: connections accepted so far
 * @full: out of descriptors, the listener waits for a connection to end
 * @stopping: no new connections and requests
 * @stop_at: milliseconds when the rest is cut off, once @stopping
 * @killed: a second signal came
 */
struct server {
	struct sheath_config	*cfg;
	void			(*reload)(struct server *srv);
	void			(*ended)(struct server *srv);
	struct site		site;
	struct log		*log;
	unsigned int		max_accept;
	unsigned int		handshake_ms;
	unsigned int		max_clients;
	int			max_per_address;
	int			loop;
	struct source		listener;
	struct source		signals;
	struct conn		*conns;
	unsigned int		n_conns;
	struct addresses	addresses;
	unsigned int		accepted;
	bool			full;
	bool			stopping;
	int64_t			stop_at;
	bool			killed;
};

int server_listen(const char *address, const char *port);
int server_start(struct server *srv);
int server_run(struct server *srv);

#endif /* SERVER_H */
