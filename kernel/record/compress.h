/* SPDX-License-Identifier: GPL-2.0 */
/* Compression of fragments before they are protected: DEFLATE, RFC 3749. */
#ifndef SHEATH_COMPRESS_H
#define SHEATH_COMPRESS_H

#include <linux/err.h>
#include <linux/kconfig.h>
#include <linux/types.h>
#include <linux/zlib.h>

#include "record/sgl.h"

/* what a receiver has to put up with: RFC 5246 section 6.2.2 */
#define SHEATH_COMPRESSED_GROWTH	1024
/* what a fragment of ours may grow by: a stored block, an empty one, and the bits before */
#define SHEATH_COMPRESS_GROWTH		64

/**
 * struct sheath_compress - compression state of one direction
 * @z: stream of zlib, over all the records of the connection
 * @workspace: its memory
 * @workspace_len: bytes of @workspace
 * @rx: it decompresses
 * @page: 2^14 bytes, for what comes out; content is there until the next record
 *
 * Owned by whoever owns the direction.
 */
struct sheath_compress {
	struct z_stream_s	z;
	void			*workspace;
	size_t			workspace_len;
	bool			rx;
	struct page		*page;
};

/* a kernel may be without zlib */
#define SHEATH_HAS_DEFLATE	\
	(IS_ENABLED(CONFIG_ZLIB_DEFLATE) && IS_ENABLED(CONFIG_ZLIB_INFLATE))

#if SHEATH_HAS_DEFLATE
struct sheath_compress *sheath_compress_alloc(bool rx, const u8 *history, u32 len);
void sheath_compress_free(struct sheath_compress *c);
int sheath_compress(struct sheath_compress *c, const u8 *from, u32 len, u32 at);
long sheath_decompress(struct sheath_compress *c, const struct sheath_sgl *l, u32 len);
#else
static inline struct sheath_compress *sheath_compress_alloc(bool rx, const u8 *history, u32 len)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static inline void sheath_compress_free(struct sheath_compress *c)
{
}

static inline int sheath_compress(struct sheath_compress *c, const u8 *from, u32 len, u32 at)
{
	return -EOPNOTSUPP;
}

static inline long sheath_decompress(struct sheath_compress *c, const struct sheath_sgl *l,
				     u32 len)
{
	return -EOPNOTSUPP;
}
#endif

#endif /* SHEATH_COMPRESS_H */
