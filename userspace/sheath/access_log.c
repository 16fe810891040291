// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a server tells about its connections: a line each on standard output.
 */
#include "access_log.h"

#include <stdio.h>
#include <string.h>

#include "report.h"

static struct json_object *event(const char *what, const char *peer)
{
	struct json_object *obj = json_object_new_object();

	report_add_string(obj, "event", what);
	report_add_string(obj, "peer", peer);
	return obj;
}

/**
 * log_handshake() - a handshake is over
 * @srv: server
 * @peer: name of the other end
 * @hs: the handshake, NULL if it failed as sheath_error() says
 */
void log_handshake(const struct server *srv, const char *peer, const struct sheath_hs *hs)
{
	struct json_object *obj;

	if (srv->json) {
		obj = event("handshake", peer);
		if (hs)
			report_json(obj, hs);
		else
			report_add_string(obj, "error", sheath_error());
		report_print(stdout, obj);
		return;
	}
	if (hs)
		printf("%s %s, %s%s\n", peer, sheath_suite_name(hs), sheath_kx_name(hs),
		       sheath_resumed(hs) ? ", resumed" : "");
	else
		printf("%s %s\n", peer, sheath_error());
	fflush(stdout);
}

/* A target can hold any byte above space, and a request that was refused perhaps none. */
static void clean(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (; *text && n + 1 < size; text++)
		out[n++] = (unsigned char)*text > ' ' && (unsigned char)*text < 0x7f ? *text : '?';
	out[n] = '\0';
}

/**
 * log_request() - a request is about to be answered
 * @srv: server
 * @peer: name of the other end
 * @req: request
 * @res: response
 */
void log_request(const struct server *srv, const char *peer, const struct request *req,
		 const struct response *res)
{
	const char *method = req->method_known ? http_method_str(req->method) : "-";
	struct json_object *obj;
	char target[256];

	clean(target, sizeof(target), req->target);
	if (srv->json) {
		obj = event("request", peer);
		report_add_string(obj, "method", method);
		report_add_string(obj, "target", target);
		report_add_number(obj, "status", res->status);
		report_add_number(obj, "bytes", res->left);
		report_print(stdout, obj);
		return;
	}
	printf("%s %s %s %d %zu\n", peer, method, target, res->status, res->left);
	fflush(stdout);
}

/**
 * log_error() - a connection ended early
 * @srv: server
 * @peer: name of the other end
 * @doing: what the server was doing
 * @error: errno
 */
void log_error(const struct server *srv, const char *peer, const char *doing, int error)
{
	struct json_object *obj;

	if (srv->json) {
		obj = event("error", peer);
		report_add_string(obj, "doing", doing);
		report_add_string(obj, "error", strerror(error));
		report_print(stdout, obj);
		return;
	}
	printf("%s %s: %s\n", peer, doing, strerror(error));
	fflush(stdout);
}
