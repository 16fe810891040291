/* SPDX-License-Identifier: GPL-2.0 */
/* Types, and marks that mean something to sparse only. */
#ifndef SHIM_LINUX_TYPES_H
#define SHIM_LINUX_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include_next <linux/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;
typedef unsigned int gfp_t;

#define __user
#define __percpu
#define __init
#define U16_MAX UINT16_MAX
#define U64_MAX UINT64_MAX
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define ALIGN(n, a) (((n) + (a) - 1) & ~((__typeof__(n))(a) - 1))

#endif /* SHIM_LINUX_TYPES_H */
