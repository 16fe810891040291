/* SPDX-License-Identifier: GPL-2.0 */
/* Bytes nobody can foresee. */
#ifndef SHIM_LINUX_RANDOM_H
#define SHIM_LINUX_RANDOM_H

#include <sys/random.h>

#include_next <linux/random.h>
#include <linux/compiler.h>

static inline void get_random_bytes(void *p, size_t n)
{
	WARN_ON_ONCE(getrandom(p, n, 0) != (ssize_t)n);
}

#endif /* SHIM_LINUX_RANDOM_H */
