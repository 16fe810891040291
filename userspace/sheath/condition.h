/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conditions of a request. */
#ifndef CONDITION_H
#define CONDITION_H

#include <stdbool.h>
#include <time.h>

#include "request.h"

/**
 * struct version - what tells one content of a file from another
 * @etag: value for ETag, a strong one
 * @date: value for Last-Modified
 * @mtime: the same time
 */
struct version {
	char	etag[64];
	char	date[64];
	time_t	mtime;
};

enum condition {
	CONDITION_MET,
	CONDITION_NOT_MODIFIED,	/* the client has it: 304 */
	CONDITION_FAILED,	/* the client wants another: 412 */
};

enum condition condition_of(const struct request *req, const struct version *v);
bool condition_range(const struct request *req, const struct version *v);

#endif /* CONDITION_H */
