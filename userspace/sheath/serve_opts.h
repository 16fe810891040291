/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of sheath serve. */
#ifndef SERVE_OPTS_H
#define SERVE_OPTS_H

#include <stdbool.h>

#include "tls_opts.h"

/**
 * struct serve_opts - the command line
 * @tls: options of either role
 * @address: NULL: all
 * @port: number or name
 * @client_ca: NULL: no client certificates
 * @client_optional: clients may have none
 * @no_tickets: resumption by session id only
 * @ticket_key: file, NULL: a key of its own
 * @user: whom to become, NULL: nobody else
 * @dotfiles: serve names that begin with a dot
 * @mime_types: file, NULL: that of the machine if there is one
 * @timeout_s: seconds a handshake may take
 * @dir: directory to serve
 * @max_accept: connections, 0: any number
 * @max_clients: at a time, 0: a usual number
 * @max_per_address: connections, 0: any number, -1: a usual number
 * @log: print what happens
 * @json: as JSON
 * @help: print the help and leave
 */
struct serve_opts {
	struct tls_opts	tls;
	const char	*address;
	const char	*port;
	const char	*client_ca;
	bool		client_optional;
	bool		no_tickets;
	const char	*ticket_key;
	const char	*user;
	bool		dotfiles;
	const char	*mime_types;
	unsigned int	timeout_s;
	const char	*dir;
	unsigned int	max_accept;
	unsigned int	max_clients;
	int		max_per_address;
	bool		log;
	bool		json;
	bool		help;
};

extern const char serve_help[];

int serve_opts_parse(struct serve_opts *s, int argc, char **argv);

#endif /* SERVE_OPTS_H */
