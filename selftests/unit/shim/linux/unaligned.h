/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers wherever they lie. */
#ifndef SHIM_LINUX_UNALIGNED_H
#define SHIM_LINUX_UNALIGNED_H

#include <linux/types.h>

static inline u32 get_unaligned_le32(const void *p)
{
	const u8 *b = p;

	return b[0] | b[1] << 8 | b[2] << 16 | (u32)b[3] << 24;
}

#endif /* SHIM_LINUX_UNALIGNED_H */
