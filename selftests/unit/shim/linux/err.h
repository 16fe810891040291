/* SPDX-License-Identifier: GPL-2.0 */
/* Errors as pointers. */
#ifndef SHIM_LINUX_ERR_H
#define SHIM_LINUX_ERR_H

#include <errno.h>

#include <linux/compiler.h>
#include <linux/errno.h>

#define ERR_PTR(rc) ((void *)(long)(rc))
#define PTR_ERR(p) ((long)(p))
#define IS_ERR(p) ((unsigned long)(p) >= (unsigned long)-4095)

#endif /* SHIM_LINUX_ERR_H */
