// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One HTTP request, read by libhttp-parser in whatever pieces it comes.
 */
#include "request.h"

#include <string.h>
#include <strings.h>

static const char *const names[HEADER_KINDS] = {
	[HEADER_HOST]		= "host",
	[HEADER_RANGE]		= "range",
	[HEADER_IF_RANGE]	= "if-range",
};

static enum request_header kind_of(const struct request *req)
{
	for (int i = HEADER_OTHER + 1; i < HEADER_KINDS; i++)
		if (strlen(names[i]) == req->name_len &&
		    !strncasecmp(names[i], req->name, req->name_len))
			return i;
	return HEADER_OTHER;
}

static int refuse(struct request *req, int status)
{
	req->status = status;
	return 1;
}

static int on_url(http_parser *parser, const char *at, size_t len)
{
	struct request *req = parser->data;

	if (len >= sizeof(req->target) - req->target_len)
		return refuse(req, 414);
	memcpy(req->target + req->target_len, at, len);
	req->target_len += len;
	return 0;
}

/* A name longer than any that matters is cut, and then is none of them. */
static int on_field(http_parser *parser, const char *at, size_t len)
{
	struct request *req = parser->data;

	if (req->in_value) {
		req->in_value = false;
		req->name_len = 0;
	}
	if (len > sizeof(req->name) - req->name_len)
		len = sizeof(req->name) - req->name_len;
	memcpy(req->name + req->name_len, at, len);
	req->name_len += len;
	return 0;
}

static int on_value(http_parser *parser, const char *at, size_t len)
{
	struct request *req = parser->data;
	char *value;

	if (!req->in_value) {
		req->in_value = true;
		req->kind = kind_of(req);
		req->seen[req->kind]++;
		req->value_len = 0;
	}
	value = req->value[req->kind];
	if (len >= sizeof(req->value[0]) - req->value_len) {
		len = 0;
		req->value_len = 0;
	}
	memcpy(value + req->value_len, at, len);
	req->value_len += len;
	value[req->value_len] = '\0';
	return 0;
}

/* RFC 9112 section 3.2: exactly one Host in a request of HTTP/1.1. */
static int on_headers(http_parser *parser)
{
	struct request *req = parser->data;

	req->method = parser->method;
	if (parser->http_major != 1)
		return refuse(req, 505);
	if (parser->http_minor && req->seen[HEADER_HOST] != 1)
		return refuse(req, 400);
	return 0;
}

static int on_body(http_parser *parser, const char *at, size_t len)
{
	struct request *req = parser->data;

	(void)at;
	req->body += len;
	return req->body > REQUEST_BODY_MAX ? refuse(req, 413) : 0;
}

static int on_complete(http_parser *parser)
{
	struct request *req = parser->data;

	req->complete = true;
	req->keep_alive = http_should_keep_alive(parser);
	http_parser_pause(parser, 1);
	return 0;
}

static const http_parser_settings settings = {
	.on_url			= on_url,
	.on_header_field	= on_field,
	.on_header_value	= on_value,
	.on_headers_complete	= on_headers,
	.on_body		= on_body,
	.on_message_complete	= on_complete,
};

/**
 * request_init() - begin with a new request
 * @req: filled in
 */
void request_init(struct request *req)
{
	memset(req, 0, sizeof(*req));
	http_parser_init(&req->parser, HTTP_REQUEST);
	http_parser_set_max_header_size(REQUEST_HEADER_MAX);
	req->parser.data = req;
}

/**
 * request_feed() - read on
 * @req: request that is neither complete nor refused
 * @data: bytes received
 * @len: number of them
 *
 * Return: bytes that belong to the request. Those after a complete one are the next.
 */
size_t request_feed(struct request *req, const char *data, size_t len)
{
	size_t n = http_parser_execute(&req->parser, &settings, data, len);
	enum http_errno error = HTTP_PARSER_ERRNO(&req->parser);

	if (error != HPE_OK && error != HPE_PAUSED && !req->status)
		req->status = error == HPE_HEADER_OVERFLOW ? 431 : 400;
	return n;
}
