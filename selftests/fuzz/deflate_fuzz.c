// SPDX-License-Identifier: GPL-2.0
/*
 * DEFLATE: fragments that a peer compressed, against zlib on its own; and fragments that the
 * engine compressed, which zlib has to undo.
 */
#include "fuzz.h"
#include "record/pool.h"
#include "zip.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return sheath_pool_init();
}

/* of the peer: bytes as they come, or what zlib makes of a pattern, with one that is wrong */
static u8 *fragment(struct input *in, struct st_zip *zip, size_t *len)
{
	static u8 pattern[70000];
	u8 how = take(in), *p = malloc(SHEATH_PLAIN_MAX);
	size_t n = take(in), period;
	const u8 *from;

	if (how & 1) {
		from = take_bytes(in, n << 2 | 3, len);
		memcpy(p, from, *len);
		return p;
	}
	n = n << 8 | take(in);
	from = take_bytes(in, how >> 3, &period);
	for (size_t i = 0; i < n; i++)
		pattern[i] = period ? from[i % period] : i >> 8;
	*len = st_zip_deflate(zip, pattern, n, p, SHEATH_PLAIN_MAX);
	must(*len <= SHEATH_PLAIN_MAX);
	if (how & 2 && *len)
		p[take(in) * 64 % *len] ^= take(in);
	return p;
}

static void decompress(struct input *in)
{
	static u8 want[SHEATH_PLAIN_MAX + 1];
	struct st_zip *zip = st_zip_new(15);
	struct sheath_compress *c = sheath_compress_alloc(true, zip->history, zip->n_history);
	static struct sheath_sgl l;
	long got = 0;

	must(!IS_ERR(c));
	sheath_sgl_init(&l);
	while (in->n && got >= 0) {
		size_t len, first;
		u8 *copy = fragment(in, zip, &len);
		int n;

		first = len / 3;
		sheath_sgl_reset(&l);
		must(sheath_sgl_add_buf(&l, copy, 1) && sheath_sgl_add_buf(&l, copy, first) &&
		     sheath_sgl_add_buf(&l, copy + first, len - first));
		sheath_sgl_end(&l);
		got = sheath_decompress(c, &l, len);
		n = st_zip_inflate(zip, copy, len, want, sizeof(want));
		must(got <= SHEATH_PLAIN_MAX && (got >= 0 || got == -EILSEQ));
		must(got < 0 ? n < 0 || n > SHEATH_PLAIN_MAX :
		     got == n && !memcmp(page_address(c->page), want, n));
		free(copy);
	}
	sheath_compress_free(c);
	st_zip_free(zip);
}

static void compress_(struct input *in)
{
	static u8 back[SHEATH_PLAIN_MAX];
	struct st_zip *zip = st_zip_new(15);
	struct sheath_compress *c = sheath_compress_alloc(false, zip->history, zip->n_history);

	must(!IS_ERR(c));
	while (in->n) {
		size_t len;
		const u8 *p = take_bytes(in, take(in) << 2, &len);
		int n = sheath_compress(c, p, len, 0);

		must(n >= 0 && (size_t)n <= len + SHEATH_COMPRESS_GROWTH);
		must(st_zip_inflate(zip, page_address(c->page), n, back, sizeof(back)) == (int)len &&
		     !memcmp(back, p, len));
	}
	sheath_compress_free(c);
	st_zip_free(zip);
}

int LLVMFuzzerTestOneInput(const u8 *p, size_t n)
{
	struct input in = { p, n };

	if (take(&in) & 1)
		compress_(&in);
	else
		decompress(&in);
	return 0;
}
