/* SPDX-License-Identifier: GPL-2.0 */
/* What the fuzz targets share: input that is taken piece by piece, and a way to say no. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/engine.h"

#define must(what) do {								\
	if (!(what)) {								\
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what);	\
		abort();							\
	}									\
} while (0)

int LLVMFuzzerTestOneInput(const u8 *p, size_t n);

/* what is left of the input */
struct input {
	const u8 *p;
	size_t n;
};

static inline u8 take(struct input *in)
{
	if (!in->n)
		return 0;
	in->n--;
	return *in->p++;
}

/* up to @len bytes where they lie; how many in @got */
static inline const u8 *take_bytes(struct input *in, size_t len, size_t *got)
{
	const u8 *p = in->p;

	*got = len < in->n ? len : in->n;
	in->p += *got;
	in->n -= *got;
	return p;
}

#endif /* FUZZ_H */
