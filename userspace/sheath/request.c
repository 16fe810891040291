// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One HTTP request, read by libhttp-parser in whatever pieces it comes.
 */
#include "request.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

static const char *const names[HEADER_KINDS] = {
	[HEADER_HOST]		= "host",
	[HEADER_RANGE]		= "range",
	[HEADER_IF_RANGE]	= "if-range",
	[HEADER_IF_MATCH]	= "if-match",
	[HEADER_IF_NONE_MATCH]	= "if-none-match",
	[HEADER_IF_MODIFIED_SINCE] = "if-modified-since",
	[HEADER_IF_UNMODIFIED_SINCE] = "if-unmodified-since",
	[HEADER_EXPECT]		= "expect",
	[HEADER_TRANSFER_ENCODING] = "transfer-encoding",
	[HEADER_USER_AGENT]	= "user-agent",
	[HEADER_REFERER]	= "referer",
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

	req->method = parser->method;
	req->method_known = true;
	if (len >= sizeof(req->target) - req->target_len)
		return refuse(req, 414);
	memcpy(req->target + req->target_len, at, len);
	req->target_len += len;
	return 0;
}

/*
 * A name longer than any that matters is cut, and then is none of them. RFC 9112 section 5.1: no
 * white space before the colon.
 */
static int on_field(http_parser *parser, const char *at, size_t len)
{
	struct request *req = parser->data;

	if (memchr(at, ' ', len) || memchr(at, '\t', len))
		return refuse(req, 400);
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

static void append(struct request *req, const char *data, size_t len)
{
	char *value = req->value[req->kind];
	size_t *value_len = &req->value_len[req->kind];

	if (len >= sizeof(req->value[0]) - *value_len)
		req->value_too_long[req->kind] = true;
	if (req->value_too_long[req->kind])
		len = *value_len = 0;
	memcpy(value + *value_len, data, len);
	*value_len += len;
	value[*value_len] = '\0';
}

static int on_value(http_parser *parser, const char *at, size_t len)
{
	struct request *req = parser->data;

	if (!req->in_value) {
		req->in_value = true;
		req->kind = kind_of(req);
		/* RFC 9110 section 5.3: lines of one field are a list */
		if (req->seen[req->kind]++)
			append(req, ", ", 2);
	}
	append(req, at, len);
	return 0;
}

static bool has_body(const http_parser *parser)
{
	return (parser->flags & F_CHUNKED) ||
	       (parser->content_length && parser->content_length != ULLONG_MAX);
}

/* RFC 9110 section 10.1.1: who waits to be asked for the body gets an answer instead. */
static int on_expect(struct request *req)
{
	if (strcasecmp(req->value[HEADER_EXPECT], "100-continue"))
		return refuse(req, 417);
	req->answered_early = true;
	return 1;
}

/* What will not be done is told before a body comes, which nobody needs. */
static int on_unwanted_body(http_parser *parser)
{
	struct request *req = parser->data;

	if (parser->method != HTTP_GET && parser->method != HTTP_HEAD)
		return refuse(req, 405);
	if (!(parser->flags & F_CHUNKED) && parser->content_length > REQUEST_BODY_MAX)
		return refuse(req, 413);
	return parser->http_minor && req->seen[HEADER_EXPECT] ? on_expect(req) : 0;
}

/* RFC 9112 section 3.2: exactly one Host in a request of HTTP/1.1; 6.1: no coding but chunked. */
static int on_headers(http_parser *parser)
{
	struct request *req = parser->data;

	if (parser->http_major != 1)
		return refuse(req, 505);
	if (parser->http_minor && req->seen[HEADER_HOST] != 1)
		return refuse(req, 400);
	if (req->seen[HEADER_TRANSFER_ENCODING] &&
	    strcasecmp(req->value[HEADER_TRANSFER_ENCODING], "chunked"))
		return refuse(req, 501);
	return has_body(parser) ? on_unwanted_body(parser) : 0;
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
	req->keep_alive = http_should_keep_alive(parser) && !req->answered_early;
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
