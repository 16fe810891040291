// SPDX-License-Identifier: GPL-2.0
/* The compressed stream of a direction (RFC 3749), by zlib. */
#include "zip.h"

#include <stdlib.h>
#include <string.h>

struct st_zip *st_zip_new(int bits)
{
	struct st_zip *zip = calloc(1, sizeof(*zip));
	uint8_t back[ST_FINISHED_LEN];
	int n;

	if (!zip)
		return NULL;
	memcpy(zip->finished, "\x14\0\0\x0cOver and out", ST_FINISHED_LEN);
	if (deflateInit2(&zip->def, Z_DEFAULT_COMPRESSION, Z_DEFLATED, bits, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK || inflateInit(&zip->inf) != Z_OK)
		abort();
	n = st_zip_deflate(zip, zip->finished, ST_FINISHED_LEN, zip->history,
			   sizeof(zip->history));
	if (n < 0 || st_zip_inflate(zip, zip->history, n, back, sizeof(back)) != sizeof(back))
		abort();
	zip->n_history = n;
	return zip;
}

void st_zip_free(struct st_zip *zip)
{
	if (!zip)
		return;
	deflateEnd(&zip->def);
	inflateEnd(&zip->inf);
	free(zip);
}

/* all of @data, to @out; how much it became, or -1 */
static int run(z_stream *z, int (*step)(z_stream *z, int flush), const void *data, size_t len,
	       uint8_t *out, size_t room)
{
	int rc;

	z->next_in = (void *)data;
	z->avail_in = len;
	z->next_out = out;
	z->avail_out = room;
	rc = step(z, Z_SYNC_FLUSH);
	return (rc == Z_OK || rc == Z_BUF_ERROR) && !z->avail_in ? (int)(room - z->avail_out) : -1;
}

int st_zip_deflate(struct st_zip *zip, const void *data, size_t len, uint8_t *out, size_t room)
{
	int n = run(&zip->def, deflate, data, len, out, room);

	/* without room left there may be more to come */
	return n == (int)room ? -1 : n;
}

int st_zip_inflate(struct st_zip *zip, const void *data, size_t len, uint8_t *out, size_t room)
{
	return run(&zip->inf, inflate, data, len, out, room);
}
