// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sheath serve: an HTTPS server for the files of a directory.
 */
#include "commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "mime.h"
#include "report.h"
#include "say.h"
#include "selfsigned.h"
#include "serve_opts.h"
#include "server.h"
#include "tcp.h"
#include "user.h"

/* Sessions kept when there are no tickets. */
#define CACHE_ENTRIES	1024

/**
 * struct service - a server and what it was made of
 * @srv: the server
 * @opts: command line
 * @cert: self-signed certificate, made once; empty if another is used
 * @key: its private key
 * @fingerprint: its SHA-256, "" without one
 */
struct service {
	struct server		srv;
	struct serve_opts	opts;
	gnutls_datum_t		cert;
	gnutls_datum_t		key;
	char			fingerprint[FINGERPRINT_LEN];
};

static int use_selfsigned(struct service *sv, struct sheath_config *cfg)
{
	int ret = 0;

	if (!sv->cert.data)
		ret = selfsigned_make(&sv->cert, &sv->key, sv->fingerprint);
	if (!ret && sheath_config_set_keypair_mem(cfg, sv->cert.data, sv->cert.size,
						  sv->key.data, sv->key.size))
		ret = say("%s", sheath_error());
	return ret;
}

static int use_ticket_key(struct sheath_config *cfg, const char *path)
{
	unsigned char key[SHEATH_TICKET_KEY_LEN + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret = 0;
	ssize_t n = fd < 0 ? -1 : read(fd, key, sizeof(key));

	if (n < 0)
		ret = say("cannot read %s: %s", path, strerror(errno));
	else if (n != SHEATH_TICKET_KEY_LEN)
		ret = say("%s: a ticket key has %d bytes", path, SHEATH_TICKET_KEY_LEN);
	else if (sheath_config_set_ticket_key(cfg, key, n))
		ret = say("%s: %s", path, sheath_error());
	if (fd >= 0)
		close(fd);
	explicit_bzero(key, sizeof(key));
	return ret;
}

static int verify_clients(const struct serve_opts *o, struct sheath_config *cfg)
{
	if (sheath_config_set_ca_file(cfg, o->client_ca))
		return say("%s", sheath_error());
	if (o->client_optional)
		sheath_config_verify_client_optional(cfg);
	else
		sheath_config_verify_client(cfg);
	return 0;
}

static int configure(struct service *sv, struct sheath_config *cfg)
{
	const struct serve_opts *o = &sv->opts;
	int ret;

	if (sheath_config_set_alpn(cfg, "http/1.1"))
		return say("%s", sheath_error());
	ret = tls_opts_apply(&o->tls, cfg);
	if (!ret && !o->tls.n_certs && !o->tls.psk)
		ret = use_selfsigned(sv, cfg);
	if (!ret && o->client_ca)
		ret = verify_clients(o, cfg);
	if (!ret && o->ticket_key)
		ret = use_ticket_key(cfg, o->ticket_key);
	if (ret)
		return ret;
	if (o->no_tickets)
		sheath_config_no_tickets(cfg);
	if (sheath_config_set_session_cache(cfg, CACHE_ENTRIES))
		return say("%s", sheath_error());
	return 0;
}

/* Reads all that can change while the server runs, and only then puts it in place. */
static int load(struct service *sv)
{
	struct sheath_config *cfg = sheath_config_new();
	int root, ret = cfg ? configure(sv, cfg) : say("%s", sheath_error());

	if (ret)
		goto fail;
	root = open(sv->opts.dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0) {
		ret = say("cannot serve %s: %s", sv->opts.dir, strerror(errno));
		goto fail;
	}
	/* handshakes under way keep theirs */
	sheath_config_free(sv->srv.cfg);
	sv->srv.cfg = cfg;
	if (sv->srv.site.root >= 0)
		close(sv->srv.site.root);
	sv->srv.site.root = root;
	return 0;
fail:
	sheath_config_free(cfg);
	return ret;
}

static void reload(struct server *srv)
{
	struct service *sv = (struct service *)((char *)srv - offsetof(struct service, srv));

	if (load(sv))
		log_note(srv->log, "the configuration stays as it was");
	else
		log_note(srv->log, "the configuration was read anew");
}

static int load_types(const struct serve_opts *o)
{
	const char *path = o->mime_types ? o->mime_types : MIME_FILE;

	if (mime_load(path) && o->mime_types)
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

/*
 * Whoever starts a server wants to know at once that it could not serve anybody. Root has the
 * module loaded by asking.
 */
static int check_module(void)
{
	return sheath_available(NULL) ? 0 : say("%s", sheath_error());
}

static int run(struct service *sv)
{
	struct server *srv = &sv->srv;
	int ret;

	srv->listener.fd = server_listen(sv->opts.address, sv->opts.port);
	if (srv->listener.fd < 0)
		return FAILED;
	ret = check_module();
	if (!ret && sv->opts.user)
		ret = user_become(sv->opts.user);
	if (!ret)
		ret = server_start(srv);
	if (ret)
		return ret;
	announce(srv->log, srv->listener.fd, sv->fingerprint);
	return server_run(srv);
}

static int serve(struct service *sv)
{
	static struct log log;
	int ret = load_types(&sv->opts);

	if (!ret)
		ret = load(sv);
	if (!ret) {
		log_open(&log, sv->opts.log, sv->opts.json);
		sv->srv.log = &log;
		ret = run(sv);
		log_close(&log);
		close(sv->srv.site.root);
	}
	sheath_config_free(sv->srv.cfg);
	selfsigned_free(&sv->cert, &sv->key);
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
	struct service sv = { .fingerprint = "" };
	int ret = serve_opts_parse(&sv.opts, argc, argv);

	if (ret)
		return ret;
	if (sv.opts.help) {
		fputs(serve_help, stdout);
		return 0;
	}
	sv.srv = (struct server){
		.reload = reload,
		.site = { .root = -1, .dotfiles = sv.opts.dotfiles },
		.max_accept = sv.opts.max_accept,
		.max_clients = sv.opts.max_clients,
		.max_per_address = sv.opts.max_per_address,
		.handshake_ms = sv.opts.timeout_s * 1000,
	};
	return serve(&sv);
}
