// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The answer to one HTTP request: which file, which part of it, which headers.
 */
#include "response.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "condition.h"
#include "files.h"
#include "range.h"

static const char *reason(int status)
{
	switch (status) {
	case 200: return "OK";
	case 206: return "Partial Content";
	case 301: return "Moved Permanently";
	case 304: return "Not Modified";
	case 400: return "Bad Request";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 412: return "Precondition Failed";
	case 413: return "Content Too Large";
	case 414: return "URI Too Long";
	case 416: return "Range Not Satisfiable";
	case 417: return "Expectation Failed";
	case 431: return "Request Header Fields Too Large";
	case 501: return "Not Implemented";
	case 505: return "HTTP Version Not Supported";
	default: return "Internal Server Error";
	}
}

__attribute__((format(printf, 2, 3)))
static void add(struct response *res, const char *fmt, ...)
{
	size_t room = sizeof(res->head) - res->head_len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(res->head + res->head_len, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		res->head_len += (size_t)n < room ? (size_t)n : room - 1;
}

static void http_date(char *out, size_t size, time_t t)
{
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, size, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

static void begin(struct response *res, int status)
{
	char date[64];

	http_date(date, sizeof(date), time(NULL));
	res->status = status;
	add(res, "HTTP/1.1 %d %s\r\nDate: %s\r\nServer: sheath\r\n", status, reason(status), date);
	if (!res->keep_alive)
		add(res, "Connection: close\r\n");
}

/* The few words of an error fit behind its headers. */
static void finish_short(struct response *res, bool head_only)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%d %s\n", res->status, reason(res->status));

	add(res, "Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n", n);
	res->header_len = res->head_len;
	if (!head_only)
		add(res, "%s", text);
}

static void make_error(struct response *res, int status, bool head_only)
{
	begin(res, status);
	if (status == 405)
		add(res, "Allow: GET, HEAD\r\n");
	finish_short(res, head_only);
}

/* The escaped form goes back as it came, so it needs no escaping. */
static void make_redirect(struct response *res, const char *path, int len, const char *query,
			  int query_len, bool head_only)
{
	begin(res, 301);
	add(res, "Location: %.*s/%s%.*s\r\n", len, path, query ? "?" : "", query_len,
	    query ? query : "");
	finish_short(res, head_only);
}

static void make_version(struct version *v, const struct file *file)
{
	snprintf(v->etag, sizeof(v->etag), "\"%llx-%llx.%lx\"", (unsigned long long)file->size,
		 (unsigned long long)file->mtime.tv_sec, file->mtime.tv_nsec);
	http_date(v->date, sizeof(v->date), file->mtime.tv_sec);
	v->mtime = file->mtime.tv_sec;
}

static void add_version(struct response *res, const struct version *v)
{
	add(res, "Last-Modified: %s\r\nETag: %s\r\n\r\n", v->date, v->etag);
	res->header_len = res->head_len;
}

/* Answers without the file. Returns false if the file is to be sent. */
static bool make_condition(struct response *res, const struct request *req,
			   const struct version *v)
{
	switch (condition_of(req, v)) {
	case CONDITION_NOT_MODIFIED:
		begin(res, 304);
		add_version(res, v);
		return true;
	case CONDITION_FAILED:
		make_error(res, 412, req->method == HTTP_HEAD);
		return true;
	default:
		return false;
	}
}

/* Range is defined for GET alone. */
static enum range choose_range(const struct request *req, const struct version *v, uint64_t size,
			       uint64_t *first, uint64_t *last)
{
	if (req->method != HTTP_GET || req->seen[HEADER_RANGE] != 1 || !condition_range(req, v))
		return RANGE_ALL;
	return range_parse(req->value[HEADER_RANGE], size, first, last);
}

/* Returns true if the response has taken the descriptor of @file over. */
static bool make_file(struct response *res, const struct request *req, const struct file *file)
{
	uint64_t first = 0, last = file->size ? file->size - 1 : 0;
	struct version v;
	enum range range;

	make_version(&v, file);
	if (make_condition(res, req, &v))
		return false;
	range = choose_range(req, &v, file->size, &first, &last);
	if (range == RANGE_NOT_SATISFIABLE) {
		begin(res, 416);
		add(res, "Content-Range: bytes */%llu\r\n", (unsigned long long)file->size);
		finish_short(res, false);
		return false;
	}
	begin(res, range == RANGE_PART ? 206 : 200);
	if (range == RANGE_PART)
		add(res, "Content-Range: bytes %llu-%llu/%llu\r\n", (unsigned long long)first,
		    (unsigned long long)last, (unsigned long long)file->size);
	res->left = file->size ? last - first + 1 : 0;
	add(res, "Content-Type: %s%s\r\nContent-Length: %zu\r\nAccept-Ranges: bytes\r\n",
	    file->type, strncmp(file->type, "text/", 5) ? "" : "; charset=utf-8", res->left);
	add_version(res, &v);
	if (req->method == HTTP_HEAD)
		res->left = 0;
	res->fd = file->fd;
	res->offset = first;
	return true;
}

static int status_of(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return 403;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EIO:
		return 500;
	default:
		return 404;
	}
}

static void make_failure(struct response *res, int error, bool head_only)
{
	int status = status_of(error);

	if (status == 500)
		res->error = error;
	make_error(res, status, head_only);
}

static void answer_path(struct response *res, const struct request *req, const struct site *site,
			const struct http_parser_url *url)
{
	bool head_only = req->method == HTTP_HEAD;
	const char *raw = req->target + url->field_data[UF_PATH].off;
	const char *query = url->field_set & (1 << UF_QUERY) ?
			    req->target + url->field_data[UF_QUERY].off : NULL;
	int len = url->field_data[UF_PATH].len, error;
	char path[sizeof(req->target)];
	struct file file;

	/* Two slashes at the front of a Location would make what follows a host. */
	for (; len > 1 && raw[1] == '/'; len--)
		raw++;
	/* RFC 3986 has no such character, and browsers take it for a slash */
	if (memchr(raw, '\\', len) || !files_decode(raw, len, path, sizeof(path)))
		return make_error(res, 400, head_only);
	error = files_open(site, path, &file);
	if (error == EISDIR)
		make_redirect(res, raw, len, query, url->field_data[UF_QUERY].len, head_only);
	else if (error)
		make_failure(res, error, head_only);
	else if (!make_file(res, req, &file))
		close(file.fd);
}

static void answer(struct response *res, const struct request *req, const struct site *site)
{
	bool head_only = req->method == HTTP_HEAD;
	struct http_parser_url url;

	http_parser_url_init(&url);
	if (req->method != HTTP_GET && !head_only)
		make_error(res, 405, false);
	else if (http_parser_parse_url(req->target, req->target_len, 0, &url) ||
		 !(url.field_set & (1 << UF_PATH)))
		make_error(res, 400, head_only);
	else
		answer_path(res, req, site, &url);
}

/**
 * response_make() - answer a request
 * @res: filled in, to be given to response_release()
 * @req: request that is complete, or refused
 * @site: what is served
 * @keep_alive: false to end the connection whatever the client likes
 */
void response_make(struct response *res, const struct request *req, const struct site *site,
		   bool keep_alive)
{
	memset(res, 0, sizeof(*res));
	res->fd = -1;
	/* A client of HTTP/1.0 would want to be told of each connection that stays open. */
	res->keep_alive = keep_alive && req->keep_alive && !req->status &&
			  req->parser.http_minor;
	if (req->status)
		make_error(res, req->status, req->method_known && req->method == HTTP_HEAD);
	else
		answer(res, req, site);
}

/**
 * response_release() - close the file of a response
 * @res: response
 */
void response_release(struct response *res)
{
	if (res->fd >= 0)
		close(res->fd);
	res->fd = -1;
}
