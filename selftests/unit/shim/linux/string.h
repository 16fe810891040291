/* SPDX-License-Identifier: GPL-2.0 */
/* Bytes. */
#ifndef SHIM_LINUX_STRING_H
#define SHIM_LINUX_STRING_H

#include <string.h>

#include <linux/compiler.h>

#define memzero_explicit(p, n) explicit_bzero(p, n)

#endif /* SHIM_LINUX_STRING_H */
