/* SPDX-License-Identifier: GPL-2.0 */
/* The compressed stream of a direction (RFC 3749), by zlib: an implementation that is not ours. */
#ifndef SELFTEST_ZIP_H
#define SELFTEST_ZIP_H

#include <zlib.h>

#include "sock.h"

/* what Finished of TLS would be: type, uint24 length, verify_data */
#define ST_FINISHED_LEN	16

/**
 * struct st_zip - both ends of a stream that began with Finished
 * @def: one end
 * @inf: the other one
 * @finished: content of the first fragment
 * @history: that fragment, compressed
 * @n_history: bytes of it
 */
struct st_zip {
	z_stream def;
	z_stream inf;
	uint8_t finished[ST_FINISHED_LEN];
	uint8_t history[SHEATH_HISTORY_MAX];
	unsigned int n_history;
};

/* a stream with a window of 2^@bits bytes, NULL if there is none */
struct st_zip *st_zip_new(int bits);
void st_zip_free(struct st_zip *zip);

/* the next fragment, flushed, to @out; its length or -1 */
int st_zip_deflate(struct st_zip *zip, const void *data, size_t len, uint8_t *out, size_t room);
int st_zip_inflate(struct st_zip *zip, const void *data, size_t len, uint8_t *out, size_t room);

#endif /* SELFTEST_ZIP_H */
