// SPDX-License-Identifier: GPL-2.0
/* zlib in the memory it is given: nothing of it outlives that, nothing else is used. */
#include <stdlib.h>

#include <linux/types.h>
#include <linux/zlib.h>

#include "shim.h"

/* the memory begins with how much of it is used */
#define HEAD 64
/* what it takes of both: inflate_state and a window; deflate_state and four tables */
#define INFLATE_SIZE (HEAD + 16384 + 32768)
#define DEFLATE_SIZE (HEAD + 16384 + (1 << 19))

static size_t limit;

static void *take(void *workspace, unsigned int n, unsigned int size)
{
	size_t *used = workspace, at = HEAD + *used;

	*used += ((size_t)n * size + 63) & ~63ull;
	if (HEAD + *used > limit)
		abort();
	return (char *)workspace + at;
}

static void give(void *workspace, void *p)
{
}

size_t zlib_inflate_workspacesize(void)
{
	return INFLATE_SIZE;
}

size_t zlib_deflate_workspacesize(int window_bits, int mem_level)
{
	return DEFLATE_SIZE;
}

int zlib_inflateInit2(struct z_stream_s *z, int window_bits)
{
	if (shim_fails())
		return Z_STREAM_ERROR;
	limit = INFLATE_SIZE;
	z->zalloc = take;
	z->zfree = give;
	return inflateInit2(z, window_bits);
}

int zlib_deflateInit2(struct z_stream_s *z, int level, int method, int window_bits, int mem_level,
		      int strategy)
{
	if (shim_fails())
		return Z_STREAM_ERROR;
	limit = DEFLATE_SIZE;
	z->zalloc = take;
	z->zfree = give;
	return deflateInit2(z, level, method, window_bits, mem_level, strategy);
}

int zlib_inflate(struct z_stream_s *z, int flush)
{
	limit = INFLATE_SIZE;
	return shim_fails() ? Z_STREAM_ERROR : inflate(z, flush);
}

int zlib_deflate(struct z_stream_s *z, int flush)
{
	return shim_fails() ? Z_STREAM_ERROR : deflate(z, flush);
}
