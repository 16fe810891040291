// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command line of sheath serve.
 */
#include "serve_opts.h"

#include <limits.h>

#include "number.h"
#include "say.h"
#include "tcp.h"

const char serve_help[] =
"usage: sheath serve [options] DIR\n"
"Serve the files of DIR by HTTPS; every body goes out by sendfile(2).\n"
"\n"
"  -a, --address ADDR     listen on this IPv4 or IPv6 address (all)\n"
"  -p, --port PORT        listen on this port (4433); 0: any free one\n"
"      --cert FILE        PEM certificate chain; without it a self-signed one is made\n"
"      --key FILE         PEM private key of it; both may be given more than once\n"
"      --client-ca FILE   require client certificates of these authorities\n"
"      --client-optional  ask for them, but serve clients without one\n"
"      --alpn LIST        application protocols (http/1.1)\n"
"      --priority STRING  GnuTLS priority string\n"
"      --psk FILE         pre-shared keys, lines of IDENTITY:HEXKEY\n"
"      --dotfiles         serve names that begin with a dot, too\n"
"      --mime-types FILE  types of files (/etc/mime.types)\n"
"      --ticket-key FILE  64 secret bytes that seal session tickets\n"
"      --no-tickets       no session tickets; TLS 1.2 sessions resume by their id\n"
"      --user NAME        become that user when the port is open and the keys are read\n"
"      --timeout SECONDS  for a handshake (30)\n"
"  -1, --once             serve one connection, then exit\n"
"  -n, --exit-after N     serve this many connections, then exit\n"
"      --max-clients N    serve no more at a time, the others wait (8192)\n"
"      --max-per-address N  serve no more of one address at a time (a quarter of all)\n"
"  -v, --verbose          print a line for each handshake, request and error\n"
"      --json             print JSON, one object a line\n"
"  -h, --help\n";

#define HANDSHAKE_S	30
#define HANDSHAKE_MAX_S	3600
#define CLIENTS_MAX	1000000

enum {
	OPT_CLIENT_CA = OPT_OWN,
	OPT_CLIENT_OPTIONAL,
	OPT_DOTFILES,
	OPT_MAX_CLIENTS,
	OPT_MAX_CONNECTIONS,
	OPT_MAX_PER_ADDRESS,
	OPT_MIME_TYPES,
	OPT_NO_TICKETS,
	OPT_TICKET_KEY,
	OPT_TIMEOUT,
	OPT_USER,
	OPT_JSON,
};

static const struct option options[] = {
	TLS_LONG_OPTIONS,
	{ "address",		required_argument,	NULL,	'a' },
	{ "port",		required_argument,	NULL,	'p' },
	{ "client-ca",		required_argument,	NULL,	OPT_CLIENT_CA },
	{ "client-optional",	no_argument,		NULL,	OPT_CLIENT_OPTIONAL },
	{ "dotfiles",		no_argument,		NULL,	OPT_DOTFILES },
	{ "mime-types",		required_argument,	NULL,	OPT_MIME_TYPES },
	{ "no-tickets",		no_argument,		NULL,	OPT_NO_TICKETS },
	{ "ticket-key",		required_argument,	NULL,	OPT_TICKET_KEY },
	{ "user",		required_argument,	NULL,	OPT_USER },
	{ "timeout",		required_argument,	NULL,	OPT_TIMEOUT },
	{ "once",		no_argument,		NULL,	'1' },
	{ "exit-after",		required_argument,	NULL,	'n' },
	{ "max-connections",	required_argument,	NULL,	OPT_MAX_CONNECTIONS },
	{ "max-clients",	required_argument,	NULL,	OPT_MAX_CLIENTS },
	{ "max-per-address",	required_argument,	NULL,	OPT_MAX_PER_ADDRESS },
	{ "verbose",		no_argument,		NULL,	'v' },
	{ "json",		no_argument,		NULL,	OPT_JSON },
	{ "help",		no_argument,		NULL,	'h' },
	{ }
};

static int take_option(struct serve_opts *s, int c)
{
	switch (c) {
	case 'a':
		s->address = optarg;
		return 0;
	case 'p':
		s->port = optarg;
		return 0;
	case '1':
		s->max_accept = 1;
		return 0;
	case 'n':
		return number_parse(optarg, 1, INT_MAX, "connections", &s->max_accept);
	case 'v':
		s->log = true;
		return 0;
	case 'h':
		s->help = true;
		return 0;
	case OPT_CLIENT_CA:
		s->client_ca = optarg;
		return 0;
	case OPT_CLIENT_OPTIONAL:
		s->client_optional = true;
		return 0;
	case OPT_DOTFILES:
		s->dotfiles = true;
		return 0;
	case OPT_MAX_CLIENTS:
		return number_parse(optarg, 1, CLIENTS_MAX, "clients", &s->max_clients);
	case OPT_MAX_CONNECTIONS:
		return say_usage("--max-connections is --exit-after, --max-clients is a limit");
	case OPT_MAX_PER_ADDRESS:
		return number_parse(optarg, 0, CLIENTS_MAX, "connections",
				    (unsigned int *)&s->max_per_address);
	case OPT_MIME_TYPES:
		s->mime_types = optarg;
		return 0;
	case OPT_NO_TICKETS:
		s->no_tickets = true;
		return 0;
	case OPT_TICKET_KEY:
		s->ticket_key = optarg;
		return 0;
	case OPT_USER:
		s->user = optarg;
		return 0;
	case OPT_TIMEOUT:
		return number_parse(optarg, 1, HANDSHAKE_MAX_S, "seconds", &s->timeout_s);
	case OPT_JSON:
		s->json = true;
		return 0;
	case '?':
		return USAGE;
	default:
		return tls_opts_take(&s->tls, c, optarg);
	}
}

/**
 * serve_opts_parse() - read the command line
 * @s: filled in
 * @argc: arguments
 * @argv: the first is the name of the program
 *
 * Return: 0, or an exit status after an error was printed.
 */
int serve_opts_parse(struct serve_opts *s, int argc, char **argv)
{
	int c, ret;

	*s = (struct serve_opts){
		.port = "4433", .timeout_s = HANDSHAKE_S, .max_per_address = -1,
	};
	while ((c = getopt_long(argc, argv, "a:p:1n:vh", options, NULL)) != -1) {
		ret = take_option(s, c);
		if (ret)
			return ret;
	}
	if (s->help)
		return 0;
	if (optind + 1 != argc)
		return say_usage(optind < argc ? "more than one directory" : "no directory");
	s->dir = argv[optind];
	if (s->client_optional && !s->client_ca)
		return say_usage("--client-optional goes with --client-ca");
	ret = tcp_check(s->address, s->port);
	return ret ? ret : tls_opts_check(&s->tls);
}
