/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One HTTP request. */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <http_parser.h>

#define REQUEST_HEADER_MAX	16384
#define REQUEST_BODY_MAX	65536

/* The headers that matter here. */
enum request_header {
	HEADER_OTHER,
	HEADER_HOST,
	HEADER_RANGE,
	HEADER_IF_RANGE,
	HEADER_IF_MATCH,
	HEADER_IF_NONE_MATCH,
	HEADER_IF_MODIFIED_SINCE,
	HEADER_IF_UNMODIFIED_SINCE,
	HEADER_EXPECT,
	HEADER_TRANSFER_ENCODING,
	HEADER_USER_AGENT,
	HEADER_REFERER,
	HEADER_KINDS,
};

/**
 * struct request - what has been read of a request
 * @parser: state of the parser
 * @method: enum http_method
 * @method_known: the method was read
 * @target: request target, terminated
 * @value: headers, terminated, "" if absent; lines of one header are joined by commas, and what
 *	is too long is ""
 * @seen: how often a header was there
 * @name: name of the header being read, lower or upper case as it came
 * @name_len: its bytes
 * @target_len: bytes of @target
 * @value_len: bytes of each value
 * @value_too_long: it did not fit
 * @kind: which header it is, known once the name is complete
 * @in_value: a value is being read
 * @body: bytes of the body, which are skipped
 * @answered_early: its body is not waited for
 * @keep_alive: the connection may go on after the response
 * @complete: all of it was read
 * @status: 0, or the status to refuse it with
 */
struct request {
	http_parser	parser;
	unsigned int	method;
	bool		method_known;
	char		target[4096];
	char		value[HEADER_KINDS][256];
	unsigned int	seen[HEADER_KINDS];
	char		name[32];
	size_t		name_len;
	size_t		target_len;
	size_t		value_len[HEADER_KINDS];
	bool		value_too_long[HEADER_KINDS];
	enum request_header kind;
	bool		in_value;
	uint64_t	body;
	bool		answered_early;
	bool		keep_alive;
	bool		complete;
	int		status;
};

void request_init(struct request *req);
size_t request_feed(struct request *req, const char *data, size_t len);

#endif /* REQUEST_H */
