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

int st_zip_deflate(struct st_zip *zip, const void *data, size_t len, uint8_t *out, size_t room)
{
	int rc;

	zip->def.next_in = (void *)data;
	zip->def.avail_in = len;
	zip->def.next_out = out;
	zip->def.avail_out = room;
	rc = deflate(&zip->def, Z_SYNC_FLUSH);
	if ((rc != Z_OK && rc != Z_BUF_ERROR) || zip->def.avail_in || !zip->def.avail_out)
		return -1;
	return room - zip->def.avail_out;
}

int st_zip_inflate(struct st_zip *zip, const void *data, size_t len, uint8_t *out, size_t room)
{
	int rc;

	zip->inf.next_in = (void *)data;
	zip->inf.avail_in = len;
	zip->inf.next_out = out;
	zip->inf.avail_out = room;
	rc = inflate(&zip->inf, Z_SYNC_FLUSH);
	if ((rc != Z_OK && rc != Z_BUF_ERROR) || zip->inf.avail_in)
		return -1;
	return room - zip->inf.avail_out;
}
