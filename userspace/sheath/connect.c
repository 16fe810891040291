// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sheath connect: standard input and output over TLS.
 */
#include "commands.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

#include "clock.h"
#include "number.h"
#include "relay.h"
#include "report.h"
#include "say.h"
#include "session_file.h"
#include "tcp.h"
#include "tls_opts.h"

static const char help[] =
"usage: sheath connect [options] HOST PORT\n"
"Send standard input over TLS and print what comes back. The end of the input is told to\n"
"the peer (close_notify); the program ends when the peer has ended its direction.\n"
"\n"
"      --ca FILE          trust these authorities instead of the system's\n"
"      --name NAME        name to ask for and to verify (HOST)\n"
"  -k, --insecure         do not verify the certificate\n"
"      --cert FILE        PEM certificate chain to present when asked\n"
"      --key FILE         PEM private key of it\n"
"      --alpn LIST        application protocols to offer\n"
"      --priority STRING  GnuTLS priority string\n"
"      --psk FILE         pre-shared key, a line of IDENTITY:HEXKEY\n"
"      --session FILE     resume the session in FILE, keep the new one there\n"
"      --timeout SECONDS  for the handshake (15)\n"
"      --ticket-wait MS   with --session: wait for a session ticket before data passes (0)\n"
"      --rekey BYTES      have both sides change their keys whenever so many bytes were sent\n"
"                         (TLS 1.3)\n"
"  -4, -6                 IPv4 or IPv6 only\n"
"  -v, --verbose          print what was negotiated on standard error\n"
"      --json[=FILE]      print facts as one JSON object when it is over, on standard error\n"
"                         or into FILE\n"
"  -h, --help\n";

#define CONNECT_MS	15000
#define HANDSHAKE_S	15
#define HANDSHAKE_MAX_S	3600
/* Peers end a connection that changes keys for its own sake. */
#define REKEY_MIN	1000

enum {
	OPT_CA = OPT_OWN,
	OPT_NAME,
	OPT_SESSION,
	OPT_TICKET_WAIT,
	OPT_TIMEOUT,
	OPT_REKEY,
	OPT_JSON,
};

static const struct option options[] = {
	TLS_LONG_OPTIONS,
	{ "ca",			required_argument,	NULL,	OPT_CA },
	{ "name",		required_argument,	NULL,	OPT_NAME },
	{ "insecure",		no_argument,		NULL,	'k' },
	{ "session",		required_argument,	NULL,	OPT_SESSION },
	{ "ticket-wait",	required_argument,	NULL,	OPT_TICKET_WAIT },
	{ "timeout",		required_argument,	NULL,	OPT_TIMEOUT },
	{ "rekey",		required_argument,	NULL,	OPT_REKEY },
	{ "verbose",		no_argument,		NULL,	'v' },
	{ "json",		optional_argument,	NULL,	OPT_JSON },
	{ "help",		no_argument,		NULL,	'h' },
	{ }
};

/**
 * struct connection - the command line, and how it went
 * @tls: options of either role
 * @ca: NULL: the system's authorities
 * @name: NULL: @host
 * @insecure: any certificate will do
 * @session: file, NULL: none
 * @ticket_wait_ms: patience
 * @rekey_bytes: change keys whenever so many were sent, 0: never
 * @timeout_s: seconds the handshake may take
 * @family: AF_*
 * @verbose: print what was negotiated
 * @json: where to print facts, NULL: nowhere
 * @help: print the help and leave
 * @host: of the peer
 * @port: of the peer
 * @facts: for @json, NULL without it
 * @relay: what has passed
 */
struct connection {
	struct tls_opts	tls;
	const char	*ca;
	const char	*name;
	bool		insecure;
	const char	*session;
	unsigned int	ticket_wait_ms;
	unsigned int	rekey_bytes;
	unsigned int	timeout_s;
	int		family;
	bool		verbose;
	FILE		*json;
	bool		help;
	const char	*host;
	const char	*port;
	struct json_object *facts;
	struct relay	relay;
};

static int open_json(struct connection *c, const char *path)
{
	c->json = path ? fopen(path, "we") : stderr;
	if (!c->json)
		return say("cannot write %s: %s", path, strerror(errno));
	return 0;
}

static int take_option(struct connection *c, int option)
{
	switch (option) {
	case OPT_CA:
		c->ca = optarg;
		return 0;
	case OPT_NAME:
		c->name = optarg;
		return 0;
	case OPT_SESSION:
		c->session = optarg;
		return 0;
	case OPT_TICKET_WAIT:
		return number_parse(optarg, 0, 60000, "milliseconds", &c->ticket_wait_ms);
	case OPT_TIMEOUT:
		return number_parse(optarg, 1, HANDSHAKE_MAX_S, "seconds", &c->timeout_s);
	case OPT_REKEY:
		return number_parse(optarg, REKEY_MIN, INT_MAX, "bytes", &c->rekey_bytes);
	case OPT_JSON:
		return open_json(c, optarg);
	case 'k':
		c->insecure = true;
		return 0;
	case '4':
		c->family = AF_INET;
		return 0;
	case '6':
		c->family = AF_INET6;
		return 0;
	case 'v':
		c->verbose = true;
		return 0;
	case 'h':
		c->help = true;
		return 0;
	case '?':
		return USAGE;
	default:
		return tls_opts_take(&c->tls, option, optarg);
	}
}

static int parse_options(struct connection *c, int argc, char **argv)
{
	int option, ret;

	while ((option = getopt_long(argc, argv, "k46vh", options, NULL)) != -1) {
		ret = take_option(c, option);
		if (ret)
			return ret;
	}
	if (c->help)
		return 0;
	if (optind + 2 != argc)
		return say_usage("connect needs a host and a port");
	c->host = argv[optind];
	c->port = argv[optind + 1];
	ret = tcp_check(c->host, c->port);
	return ret ? ret : tls_opts_check(&c->tls);
}

static int configure(const struct connection *c, struct sheath_config *cfg)
{
	if (c->ca && sheath_config_set_ca_file(cfg, c->ca))
		return say("%s", sheath_error());
	if (c->insecure)
		sheath_config_insecure_noverifycert(cfg);
	if (c->session)
		sheath_config_want_tickets(cfg, c->ticket_wait_ms);
	return tls_opts_apply(&c->tls, cfg);
}

/* Prints an error, and keeps it for the facts. */
static int fail(struct connection *c, const char *text)
{
	if (c->facts)
		report_add_string(c->facts, "error", text);
	return say("%s port %s: %s", c->host, c->port, text);
}

static void note_negotiated(struct connection *c, const struct sheath_hs *hs, int fd)
{
	char name[96];

	if (c->verbose) {
		tcp_name(fd, true, name, sizeof(name));
		fprintf(stderr, "connected to %s\n", name);
		report_text(stderr, hs);
	}
	if (c->facts) {
		tcp_name(fd, true, name, sizeof(name));
		report_add_string(c->facts, "peer", name);
		report_json(c->facts, hs);
	}
}

/*
 * The records that passed are the sequence numbers now less those that were pushed, unless
 * they have begun anew with another key.
 */
static void note_traffic(struct connection *c, int fd, uint64_t tx, uint64_t rx, int64_t ms)
{
	struct sheath_info info;

	if (!c->facts)
		return;
	report_add_number(c->facts, "bytes_sent", c->relay.sent);
	report_add_number(c->facts, "bytes_received", c->relay.received);
	report_add_number(c->facts, "milliseconds", ms);
	if (sheath_info(fd, &info, sizeof(info)))
		return;
	report_add_number(c->facts, "tx_rekeys", info.tx_epoch);
	report_add_number(c->facts, "rx_rekeys", info.rx_epoch);
	if (!info.tx_epoch)
		report_add_number(c->facts, "records_sent", info.tx_seq - tx);
	if (!info.rx_epoch)
		report_add_number(c->facts, "records_received", info.rx_seq - rx);
}

static int shake_hands(struct connection *c, struct sheath_hs *hs, int fd)
{
	if (c->session)
		session_file_load(c->session, hs);
	if (sheath_handshake_wait(hs, c->timeout_s * 1000))
		return fail(c, sheath_error());
	note_negotiated(c, hs, fd);
	return c->session ? session_file_save(c->session, hs) : 0;
}

static int talk(struct connection *c, struct sheath_config *cfg, int fd)
{
	struct sheath_hs *hs = sheath_client(fd, c->name ? c->name : c->host, cfg);
	char error[256];
	uint64_t tx, rx;
	int64_t begin;
	int ret;

	if (!hs)
		return fail(c, sheath_error());
	ret = shake_hands(c, hs, fd);
	if (!ret && c->rekey_bytes && !sheath_has_secrets(hs))
		ret = fail(c, "keys cannot be changed: that takes TLS 1.3");
	if (ret)
		goto out_free;
	c->relay.rekey_bytes = c->rekey_bytes;
	sheath_sequence(hs, &tx, &rx);
	begin = sheath_clock_ms();
	ret = relay_run(&c->relay, fd, STDIN_FILENO, STDOUT_FILENO, error, sizeof(error));
	note_traffic(c, fd, tx, rx, sheath_clock_ms() - begin);
	if (ret)
		ret = fail(c, error);
	/* a ticket that came with the data, however that ended */
	if (c->session && session_file_save(c->session, hs))
		ret = FAILED;
out_free:
	sheath_hs_free(hs);
	return ret;
}

static int run(struct connection *c)
{
	struct sheath_config *cfg = sheath_config_new();
	int fd, ret;

	if (!cfg)
		return say("%s", sheath_error());
	ret = configure(c, cfg);
	if (!ret) {
		fd = tcp_connect(c->host, c->port, c->family, CONNECT_MS);
		ret = fd < 0 ? FAILED : talk(c, cfg, fd);
		if (fd >= 0)
			close(fd);
	}
	sheath_config_free(cfg);
	return ret;
}

/**
 * command_connect() - sheath connect
 * @argc: arguments
 * @argv: the first is the name of the command
 *
 * Return: exit status.
 */
int command_connect(int argc, char **argv)
{
	struct connection c = { .family = AF_UNSPEC, .timeout_s = HANDSHAKE_S };
	int ret = parse_options(&c, argc, argv);

	if (ret)
		return ret;
	if (c.help) {
		fputs(help, stdout);
		return 0;
	}
	signal(SIGPIPE, SIG_IGN);
	if (c.json)
		c.facts = json_object_new_object();
	ret = run(&c);
	if (c.json)
		report_print(c.json, c.facts);
	return ret;
}
