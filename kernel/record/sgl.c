// SPDX-License-Identifier: GPL-2.0
/* Bytes out of a scatterlist. */
#include "record/sgl.h"

#include <linux/minmax.h>
#include <linux/string.h>

/**
 * sheath_sgl_copy() - copy bytes of a record
 * @l: list: additional data, which does not count, then the record
 * @off: where in the record to begin
 * @to: at least @len bytes
 * @len: bytes, which are there
 *
 * Context: any.
 */
void sheath_sgl_copy(const struct sheath_sgl *l, u32 off, u8 *to, u32 len)
{
	unsigned int i;

	for (i = 1; i < l->n && len; i++) {
		const struct scatterlist *sg = &l->sg[i];
		u32 part;

		if (off >= sg->length) {
			off -= sg->length;
			continue;
		}
		part = min(sg->length - off, len);
		memcpy(to, sg_virt((struct scatterlist *)sg) + off, part);
		to += part;
		len -= part;
		off = 0;
	}
}
