/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Range header of HTTP. */
#ifndef RANGE_H
#define RANGE_H

#include <stdint.h>

enum range {
	RANGE_ALL,		/* no range that can be served: send everything */
	RANGE_PART,
	RANGE_NOT_SATISFIABLE,
};

enum range range_parse(const char *header, uint64_t size, uint64_t *first, uint64_t *last);

#endif /* RANGE_H */
