// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sheath serve: an HTTPS server for the files of a directory.
 */
#include "commands.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "mime.h"
#include "module.h"
#include "number.h"
#include "report.h"
#include "say.h"
#include "selfsigned.h"
#include "server.h"
#include "tcp.h"
#include "tls_opts.h"

static const char help[] =
"usage: sheath serve [options] DIR\n"
"Serve the files of DIR by HTTPS; every body goes out by sendfile(2).\n"
"\n"
"  -a, --address ADDR     listen on this IPv4 or IPv6 address (all)\n"
"  -p, --port PORT        listen on this port (4433); 0: any free one\n"
"      --cert FILE        PEM certificate chain; without it a self-signed one is made\n"
"      --key FILE         PEM private key of it\n"
"      --client-ca FILE   require client certificates of these authorities\n"
"      --client-optional  ask for them, but serve clients without one\n"
"      --alpn LIST        application protocols (http/1.1)\n"
"      --priority STRING  GnuTLS priority string\n"
"      --psk FILE         pre-shared keys, lines of IDENTITY:HEXKEY\n"
"      --dotfiles         serve names that begin with a dot, too\n"
"      --mime-types FILE  types of files (/etc/mime.types)\n"
"      --no-tickets       no session tickets; TLS 1.2 sessions resume by their id\n"
"      --timeout SECONDS  for a handshake (30)\n"
"  -1, --once             serve one connection, then exit\n"
"  -n, --exit-after N     serve this many connections, then exit\n"
"      --max-clients N    serve no more at a time, the others wait (8192)\n"
"      --max-per-address N  serve no more of one address at a time (a quarter of all)\n"
"  -v, --verbose          print a line for each handshake, request and error\n"
"      --json             print JSON, one object a line\n"
"  -h, --help\n";

/* Sessions kept when there are no tickets. */
#define CACHE_ENTRIES	1024
#define HANDSHAKE_S	30
#define CLIENTS_MAX	1000000
#define HANDSHAKE_MAX_S	3600

enum {
	OPT_CLIENT_CA = OPT_OWN,
	OPT_CLIENT_OPTIONAL,
	OPT_DOTFILES,
	OPT_MAX_CLIENTS,
	OPT_MAX_CONNECTIONS,
	OPT_MAX_PER_ADDRESS,
	OPT_MIME_TYPES,
	OPT_NO_TICKETS,
	OPT_TIMEOUT,
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

/**
 * struct serve - the command line
 * @tls: options of either role
 * @address: NULL: all
 * @port: number or name
 * @client_ca: NULL: no client certificates
 * @client_optional: clients may have none
 * @no_tickets: resumption by session id only
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
struct serve {
	struct tls_opts	tls;
	const char	*address;
	const char	*port;
	const char	*client_ca;
	bool		client_optional;
	bool		no_tickets;
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

static int take_option(struct serve *s, int c)
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
	case OPT_TIMEOUT:
		return number_parse(optarg, 1, HANDSHAKE_MAX_S, "seconds", &s->timeout_s);
	case OPT_JSON:
		s->json = true;
		return 0;
	case '?':
		return USAGE;
	default:
		tls_opts_take(&s->tls, c, optarg);
		return 0;
	}
}

static int parse_options(struct serve *s, int argc, char **argv)
{
	int c, ret;

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

static int use_selfsigned(struct sheath_config *cfg, char *fingerprint)
{
	gnutls_datum_t cert, key;
	int ret = selfsigned_make(&cert, &key, fingerprint);

	if (ret)
		return ret;
	if (sheath_config_set_keypair_mem(cfg, cert.data, cert.size, key.data, key.size))
		ret = say("%s", sheath_error());
	selfsigned_free(&cert, &key);
	return ret;
}

static int configure(const struct serve *s, struct sheath_config *cfg, char *fingerprint)
{
	int ret;

	if (sheath_config_set_alpn(cfg, "http/1.1"))
		return say("%s", sheath_error());
	ret = tls_opts_apply(&s->tls, cfg);
	if (!ret && !s->tls.cert && !s->tls.psk)
		ret = use_selfsigned(cfg, fingerprint);
	if (ret)
		return ret;
	if (s->client_ca) {
		if (sheath_config_set_ca_file(cfg, s->client_ca))
			return say("%s", sheath_error());
		if (s->client_optional)
			sheath_config_verify_client_optional(cfg);
		else
			sheath_config_verify_client(cfg);
	}
	if (s->no_tickets)
		sheath_config_no_tickets(cfg);
	if (sheath_config_set_session_cache(cfg, CACHE_ENTRIES))
		return say("%s", sheath_error());
	return 0;
}

static int load_types(const struct serve *s)
{
	const char *path = s->mime_types ? s->mime_types : MIME_FILE;

	if (mime_load(path) && s->mime_types)
		return say("cannot read %s: %s", path, strerror(errno));
	return 0;
}

static void announce(struct log *log, int fd, const char *fingerprint)
{
	struct json_object *obj;
	char name[96], line[256];

	tcp_name(fd, false, name, sizeof(name));
	if (log->json) {
		obj = json_object_new_object();
		report_add_string(obj, "event", "listening");
		report_add_string(obj, "address", name);
		report_add_string(obj, "certificate_sha256", *fingerprint ? fingerprint : NULL);
		log_json(log, obj);
		return;
	}
	snprintf(line, sizeof(line), "listening on %s\n", name);
	outlet_line(&log->out, line);
	if (!*fingerprint)
		return;
	snprintf(line, sizeof(line), "self-signed certificate, SHA-256 %s\n", fingerprint);
	outlet_line(&log->out, line);
}

/* Whoever starts a server wants to know at once that it could not serve anybody. */
static int check_module(void)
{
	return module_missing() ? say(MODULE_MISSING) : 0;
}

static int run(const struct serve *s, struct server *srv, const char *fingerprint)
{
	int ret;

	srv->listener.fd = server_listen(s->address, s->port);
	if (srv->listener.fd < 0)
		return FAILED;
	ret = check_module();
	if (!ret)
		ret = server_start(srv);
	if (ret)
		return ret;
	announce(srv->log, srv->listener.fd, fingerprint);
	return server_run(srv);
}

static int serve(const struct serve *s, struct sheath_config *cfg)
{
	static struct log log;
	struct server srv = {
		.cfg = cfg,
		.log = &log,
		.site.dotfiles = s->dotfiles,
		.max_accept = s->max_accept,
		.max_clients = s->max_clients,
		.max_per_address = s->max_per_address,
		.handshake_ms = s->timeout_s * 1000,
	};
	char fingerprint[FINGERPRINT_LEN] = "";
	int ret = configure(s, cfg, fingerprint);

	if (!ret)
		ret = load_types(s);
	if (ret)
		return ret;
	srv.site.root = open(s->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (srv.site.root < 0)
		return say("cannot serve %s: %s", s->dir, strerror(errno));
	log_open(&log, s->log, s->json);
	ret = run(s, &srv, fingerprint);
	log_close(&log);
	close(srv.site.root);
	mime_forget();
	return ret;
}

/**
 * command_serve() - sheath serve
 * @argc: arguments
 * @argv: the first is the name of the command
 *
 * Return: exit status.
 */
int command_serve(int argc, char **argv)
{
	struct serve s = { .port = "4433", .timeout_s = HANDSHAKE_S, .max_per_address = -1 };
	struct sheath_config *cfg;
	int ret = parse_options(&s, argc, argv);

	if (ret)
		return ret;
	if (s.help) {
		fputs(help, stdout);
		return 0;
	}
	cfg = sheath_config_new();
	if (!cfg)
		return say("%s", sheath_error());
	ret = serve(&s, cfg);
	sheath_config_free(cfg);
	return ret;
}
