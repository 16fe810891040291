/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Time for deadlines. */
#ifndef SHEATH_CLOCK_H
#define SHEATH_CLOCK_H

#include <stdint.h>
#include <time.h>

/**
 * sheath_clock_ms() - a clock that nobody sets
 *
 * Return: milliseconds since some moment.
 */
static inline int64_t sheath_clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

#endif /* SHEATH_CLOCK_H */
