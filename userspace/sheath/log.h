/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a server tells. */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <json-c/json.h>

#include "libsheath.h"
#include "outlet.h"
#include "request.h"
#include "response.h"

/**
 * struct log - where and how
 * @verbose: tell of each handshake, request and error
 * @json: as JSON, all of it on standard output
 * @out: standard output, the access log
 * @err: standard error
 * @trouble_at: milliseconds when the last trouble of the server was told
 * @troubles_hidden: those since
 */
struct log {
	bool		verbose;
	bool		json;
	struct outlet	out;
	struct outlet	err;
	int64_t		trouble_at;
	uint64_t	troubles_hidden;
};

/**
 * struct exchange - a request and what became of it
 * @peer: name of the other end
 * @req: request
 * @res: response
 * @ms: milliseconds from the first byte of the one to the last of the other
 */
struct exchange {
	const char		*peer;
	const struct request	*req;
	const struct response	*res;
	int64_t			ms;
};

void log_open(struct log *log, bool verbose, bool json);
void log_close(struct log *log);
void log_json(struct log *log, struct json_object *obj);
void log_note(struct log *log, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_trouble(struct log *log, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void log_handshake(struct log *log, const char *peer, const struct sheath_hs *hs);
void log_request(struct log *log, const struct exchange *x);
void log_error(struct log *log, const char *peer, const char *doing, const char *why);
void log_lost(struct log *log);

#endif /* LOG_H */
