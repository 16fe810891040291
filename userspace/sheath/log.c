// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a server tells: requests on standard output, as the Combined Log Format of web servers
 * with the milliseconds behind; the rest on standard error. As JSON all of it is one stream.
 */
#include "log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "report.h"
#include "say.h"

/* Troubles of the server come in swarms: one line in so many milliseconds. */
#define TROUBLE_MS	1000

/**
 * log_open() - begin to tell
 * @log: filled in, to be given to log_close(); say() goes through it until then
 * @verbose: tell of each handshake, request and error
 * @json: as JSON
 */
void log_open(struct log *log, bool verbose, bool json)
{
	log->verbose = verbose;
	log->json = json;
	log->trouble_at = INT64_MIN / 2;
	log->troubles_hidden = 0;
	outlet_open(&log->out, STDOUT_FILENO);
	outlet_open(&log->err, STDERR_FILENO);
	say_through(&log->err);
}

/**
 * log_close() - end it
 * @log: log
 */
void log_close(struct log *log)
{
	log_lost(log);
	say_through(NULL);
	outlet_close(&log->out);
	outlet_close(&log->err);
}

/**
 * log_json() - an object as a line of standard output
 * @log: log
 * @obj: object, freed
 */
void log_json(struct log *log, struct json_object *obj)
{
	char *line;

	if (asprintf(&line, "%s\n", report_line(obj)) >= 0) {
		outlet_line(&log->out, line);
		free(line);
	}
	json_object_put(obj);
}

static void now_text(char *out, size_t size, const char *form)
{
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	if (!strftime(out, size, form, &tm))
		*out = '\0';
}

static struct json_object *event(const char *what, const char *peer)
{
	struct json_object *obj = json_object_new_object();
	char now[40];

	now_text(now, sizeof(now), "%Y-%m-%dT%H:%M:%S%z");
	report_add_string(obj, "event", what);
	report_add_string(obj, "time", now);
	report_add_string(obj, "peer", peer);
	return obj;
}

/* A line of standard error, with the time. */
static void tell(struct log *log, const char *who, const char *text)
{
	char line[1200], now[40];

	now_text(now, sizeof(now), "%d/%b/%Y:%H:%M:%S %z");
	snprintf(line, sizeof(line), "[%s] %s%s%s\n", now, who ? who : "", who ? " " : "", text);
	outlet_line(&log->err, line);
}

/**
 * log_note() - something the operator did or wants to know
 * @log: log
 * @fmt: as in printf(3), no newline
 */
void log_note(struct log *log, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	tell(log, NULL, text);
}

/**
 * log_trouble() - the server itself cannot do its work
 * @log: log
 * @fmt: as in printf(3), no newline
 *
 * Told whatever the options are, but not more often than each TROUBLE_MS.
 */
void log_trouble(struct log *log, const char *fmt, ...)
{
	int64_t now = sheath_clock_ms();
	char text[1024];
	va_list ap;

	if (now - log->trouble_at < TROUBLE_MS) {
		log->troubles_hidden++;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (log->troubles_hidden)
		log_note(log, "%s (and %" PRIu64 " more troubles)", text, log->troubles_hidden);
	else
		tell(log, NULL, text);
	log->trouble_at = now;
	log->troubles_hidden = 0;
}

/**
 * log_handshake() - a handshake is over
 * @log: log
 * @peer: name of the other end
 * @hs: the handshake, NULL if it failed as sheath_error() says
 */
void log_handshake(struct log *log, const char *peer, const struct sheath_hs *hs)
{
	struct json_object *obj;
	char text[512];

	if (!log->verbose)
		return;
	if (log->json) {
		obj = event("handshake", peer);
		if (hs)
			report_json(obj, hs);
		else
			report_add_string(obj, "error", sheath_error());
		log_json(log, obj);
		return;
	}
	if (hs)
		snprintf(text, sizeof(text), "%s, %s%s", sheath_suite_name(hs),
			 sheath_kx_name(hs), sheath_resumed(hs) ? ", resumed" : "");
	tell(log, peer, hs ? text : sheath_error());
}

/* Text of a client must neither end its field nor steer a terminal. */
static const char *clean(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (; *text && n + 1 < size; text++)
		out[n++] = *text < ' ' || *text > '~' || strchr("\"\\", *text) ? '?' : *text;
	out[n] = '\0';
	return n ? out : "-";
}

static uint64_t body_sent(const struct response *res)
{
	return res->body_sent + (res->head_sent > res->header_len ?
				 res->head_sent - res->header_len : 0);
}

static void request_json(struct log *log, const struct exchange *x, const char *method,
			 const char *target, const char *agent, const char *referer)
{
	struct json_object *obj = event("request", x->peer);

	report_add_string(obj, "method", method);
	report_add_string(obj, "target", target);
	report_add_number(obj, "status", x->res->status);
	report_add_number(obj, "bytes", body_sent(x->res));
	report_add_number(obj, "milliseconds", x->ms);
	report_add_string(obj, "user_agent", agent);
	report_add_string(obj, "referer", referer);
	log_json(log, obj);
}

/* Tools want an address there, not a port: "[2001:db8::1]:443" becomes "2001:db8::1". */
static void host_of(char *out, size_t size, const char *peer)
{
	const char *end = strrchr(peer, ':');
	int len = end ? end - peer : (int)strlen(peer);

	if (len > 2 && *peer == '[')
		snprintf(out, size, "%.*s", len - 2, peer + 1);
	else
		snprintf(out, size, "%.*s", len, peer);
}

static void request_text(struct log *log, const struct exchange *x, const char *method,
			 const char *target, const char *agent, const char *referer)
{
	const http_parser *parser = &x->req->parser;
	char line[2048], now[40], host[64], what[600];

	host_of(host, sizeof(host), x->peer);
	now_text(now, sizeof(now), "%d/%b/%Y:%H:%M:%S %z");
	if (x->req->method_known)
		snprintf(what, sizeof(what), "%s %s HTTP/%u.%u", method, target,
			 parser->http_major, parser->http_minor);
	else
		snprintf(what, sizeof(what), "-");
	snprintf(line, sizeof(line), "%s - - [%s] \"%s\" %d %" PRIu64 " \"%s\" \"%s\" %" PRId64
		 "\n", host, now, what, x->res->status, body_sent(x->res), referer, agent, x->ms);
	outlet_line(&log->out, line);
}

/**
 * log_request() - a request was answered, or its answer cut short
 * @log: log
 * @x: request and response
 */
void log_request(struct log *log, const struct exchange *x)
{
	char target[512], agent[256], referer[256];

	if (!log->verbose)
		return;
	(log->json ? request_json : request_text)(log, x,
		x->req->method_known ? http_method_str(x->req->method) : "-",
		clean(target, sizeof(target), x->req->target),
		clean(agent, sizeof(agent), x->req->value[HEADER_USER_AGENT]),
		clean(referer, sizeof(referer), x->req->value[HEADER_REFERER]));
}

/**
 * log_error() - a connection ended early
 * @log: log
 * @peer: name of the other end
 * @doing: what the server was doing
 * @why: what went wrong
 */
void log_error(struct log *log, const char *peer, const char *doing, const char *why)
{
	struct json_object *obj;
	char text[256];

	if (!log->verbose)
		return;
	if (log->json) {
		obj = event("error", peer);
		report_add_string(obj, "doing", doing);
		report_add_string(obj, "error", why);
		log_json(log, obj);
		return;
	}
	snprintf(text, sizeof(text), "%s: %s", doing, why);
	tell(log, peer, text);
}

/**
 * log_lost() - tell of lines that nobody was ready to read, if there are any
 * @log: log
 */
void log_lost(struct log *log)
{
	uint64_t lost = log->out.lost + log->err.lost;
	struct json_object *obj;

	if (!lost)
		return;
	log->out.lost = log->err.lost = 0;
	log_note(log, "%" PRIu64 " lines of the log were lost: its reader is too slow", lost);
	/* that line, too: the next one has all of them */
	if (log->err.lost)
		log->err.lost = lost;
	if (!log->json)
		return;
	obj = event("lost", NULL);
	report_add_number(obj, "lines", lost);
	log_json(log, obj);
}
