/* SPDX-License-Identifier: GPL-2.0 */
/* What one thread needs of the compiler: nothing. */
#ifndef SHIM_LINUX_COMPILER_H
#define SHIM_LINUX_COMPILER_H

#include <linux/types.h>

#define likely(x) (x)
#define unlikely(x) (x)
#define READ_ONCE(x) (x)
#define WRITE_ONCE(x, v) ((void)((x) = (v)))
#define smp_load_acquire(p) (*(p))
#define smp_store_release(p, v) ((void)(*(p) = (v)))
#define OPTIMIZER_HIDE_VAR(v) ({ __asm__ ("" : "=r" (v) : "0" (v)); })
#define swap(a, b) do { __typeof__(a) old = (a); (a) = (b); (b) = old; } while (0)
#define likely(x) (x)
#define WARN_ON_ONCE(wrong) shim_warn(!!(wrong))

bool shim_warn(bool wrong);

#endif /* SHIM_LINUX_COMPILER_H */
