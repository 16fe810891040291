/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's zlib by that of user space, in the memory it is given. */
#ifndef SHIM_LINUX_ZLIB_H
#define SHIM_LINUX_ZLIB_H

/* a member of the same size that zlib hands to its allocator */
#define opaque workspace
/* functions of these names are the kernel's own */
#define compress shim_zlib_compress
#define crypt shim_libc_crypt
#define ZLIB_CONST
#include <zlib.h>
#undef opaque
#undef compress
#undef crypt

size_t zlib_inflate_workspacesize(void);
size_t zlib_deflate_workspacesize(int window_bits, int mem_level);
int zlib_inflateInit2(struct z_stream_s *z, int window_bits);
int zlib_deflateInit2(struct z_stream_s *z, int level, int method, int window_bits, int mem_level,
		      int strategy);
int zlib_inflate(struct z_stream_s *z, int flush);
int zlib_deflate(struct z_stream_s *z, int flush);

#endif /* SHIM_LINUX_ZLIB_H */
