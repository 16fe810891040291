// SPDX-License-Identifier: GPL-2.0
/*
 * DEFLATE between fragmentation and protection (RFC 3749, RFC 5246 section 6.2.2).
 *
 * All the records of a direction are one stream of zlib, flushed at the end of each, so what
 * was in a record may be referred to by later ones. The stream begins with Finished, which
 * whoever did the handshake compressed. The receiver needs that fragment, to know what may be
 * referred to. The sender refers to nothing before its own first byte, and goes on behind the
 * header of the stream with bare blocks.
 *
 * How long a record is tells how well it could be compressed, and with that what is in it, to
 * anybody who can add bytes of his own (CRIME). Nothing here can help that.
 */
#include "record/compress.h"

#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "record/framing.h"
#include "record/pool.h"

/* RFC 1950 section 2.2: deflate, with a window of so many bits */
#define METHOD_DEFLATE	8
#define WINDOW_BITS	15
#define FLAG_DICTIONARY	0x20
/* zlib's default; with it a fragment is no more than one block, which may be a stored one */
#define MEM_LEVEL	8

/* CMF and FLG of RFC 1950 section 2.2 */
static bool is_header(const u8 *p, u32 len)
{
	return len > 2 && (p[0] & 0xf) == METHOD_DEFLATE && p[0] >> 4 <= WINDOW_BITS - 8 &&
	       !(p[1] & FLAG_DICTIONARY) && !((p[0] << 8 | p[1]) % 31);
}

static int set_up(struct sheath_compress *c)
{
	int rc;

	c->workspace_len = c->rx ? zlib_inflate_workspacesize() :
				   zlib_deflate_workspacesize(WINDOW_BITS, MEM_LEVEL);
	c->workspace = kvzalloc(c->workspace_len, GFP_KERNEL_ACCOUNT);
	c->page = sheath_pool_get(GFP_KERNEL);
	if (!c->workspace || !c->page)
		return -ENOMEM;
	c->z.workspace = c->workspace;
	if (c->rx)
		rc = zlib_inflateInit2(&c->z, WINDOW_BITS);
	else
		rc = zlib_deflateInit2(&c->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -WINDOW_BITS,
				       MEM_LEVEL, Z_DEFAULT_STRATEGY);
	return rc == Z_OK ? 0 : -EINVAL;
}

/* Return: 0, or %-EILSEQ if it is no DEFLATE or more than there is room for */
static int inflate_part(struct sheath_compress *c, const u8 *from, u32 len)
{
	u8 more;
	int rc;

	c->z.next_in = from;
	c->z.avail_in = len;
	rc = zlib_inflate(&c->z, Z_SYNC_FLUSH);
	/* at the very end of the room there may be something left that makes no more bytes */
	if ((rc == Z_OK || rc == Z_BUF_ERROR) && !c->z.avail_out) {
		u8 *end = c->z.next_out;

		c->z.next_out = &more;
		c->z.avail_out = sizeof(more);
		rc = zlib_inflate(&c->z, Z_SYNC_FLUSH);
		if (!c->z.avail_out)
			return -EILSEQ;
		c->z.next_out = end;
		c->z.avail_out = 0;
	}
	/* the end of the stream would leave the records behind it without one */
	return (rc == Z_OK || rc == Z_BUF_ERROR) && !c->z.avail_in ? 0 : -EILSEQ;
}

static void inflate_begin(struct sheath_compress *c)
{
	c->z.next_out = page_address(c->page);
	c->z.avail_out = SHEATH_PLAIN_MAX;
}

static int take_history(struct sheath_compress *c, const u8 *history, u32 len)
{
	if (!is_header(history, len))
		return -EILSEQ;
	/* ours refer to as much as WINDOW_BITS allow for, and the header is out */
	if (!c->rx)
		return history[0] >> 4 == WINDOW_BITS - 8 ? 0 : -EOPNOTSUPP;
	inflate_begin(c);
	return inflate_part(c, history, len);
}

/**
 * sheath_compress_alloc() - begin in the middle of a stream
 * @rx: to decompress
 * @history: fragment of Finished in this direction, as it was compressed
 * @len: bytes of it
 *
 * Context: process, may sleep.
 *
 * Return: state, or an error pointer:
 * * %-EILSEQ		- @history does not begin a stream of zlib
 * * %-EOPNOTSUPP	- its window is not that of zlib's default; or this kernel has no zlib
 * * %-ENOMEM
 */
struct sheath_compress *sheath_compress_alloc(bool rx, const u8 *history, u32 len)
{
	struct sheath_compress *c = kzalloc(sizeof(*c), GFP_KERNEL_ACCOUNT);
	int rc;

	if (!c)
		return ERR_PTR(-ENOMEM);
	c->rx = rx;
	rc = set_up(c) ?: take_history(c, history, len);
	if (!rc)
		return c;
	sheath_compress_free(c);
	return ERR_PTR(rc);
}

/**
 * sheath_compress_free() - forget what was said
 * @c: state or NULL
 *
 * Context: process.
 */
void sheath_compress_free(struct sheath_compress *c)
{
	if (!c)
		return;
	if (c->page) {
		memset(page_address(c->page), 0, SHEATH_PLAIN_MAX);
		put_page(c->page);
	}
	if (c->workspace) {
		memzero_explicit(c->workspace, c->workspace_len);
		kvfree(c->workspace);
	}
	kfree_sensitive(c);
}

/**
 * sheath_compress() - compress a fragment
 * @c: state of a sending direction
 * @from: fragment
 * @len: bytes of it
 * @at: where in @c->page the result begins; there is room for @len and
 *	SHEATH_COMPRESS_GROWTH
 *
 * The result has to reach the peer, or the direction is over.
 *
 * Return: bytes of the result, or %-EIO.
 */
int sheath_compress(struct sheath_compress *c, const u8 *from, u32 len, u32 at)
{
	u32 room = min_t(u32, len + SHEATH_COMPRESS_GROWTH, SHEATH_PLAIN_MAX - at);
	int rc;

	c->z.next_in = from;
	c->z.avail_in = len;
	c->z.next_out = page_address(c->page) + at;
	c->z.avail_out = room;
	rc = zlib_deflate(&c->z, Z_SYNC_FLUSH);
	/* an empty fragment behind another one has nothing to flush */
	if (rc != Z_OK && (rc != Z_BUF_ERROR || len))
		return -EIO;
	return !c->z.avail_in && c->z.avail_out ? room - c->z.avail_out : -EIO;
}

/**
 * sheath_decompress() - decompress a fragment
 * @c: state of a receiving direction
 * @l: additional data, then the fragment
 * @len: bytes of the fragment
 *
 * Return: bytes of the result, at most 2^14, in @c->page; %-EILSEQ if there is none: it is no
 * DEFLATE, ends the stream, or there would be more.
 */
long sheath_decompress(struct sheath_compress *c, const struct sheath_sgl *l, u32 len)
{
	unsigned int i;
	int rc = 0;

	inflate_begin(c);
	for (i = 1; i < l->n && len && !rc; i++) {
		u32 part = min(len, l->sg[i].length);

		rc = inflate_part(c, sg_virt((struct scatterlist *)&l->sg[i]), part);
		len -= part;
	}
	if (rc)
		memset(page_address(c->page), 0, SHEATH_PLAIN_MAX);
	return rc ?: (long)(SHEATH_PLAIN_MAX - c->z.avail_out);
}
