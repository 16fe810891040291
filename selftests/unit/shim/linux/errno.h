/* SPDX-License-Identifier: GPL-2.0 */
/* Error numbers, those that user space never sees included. */
#ifndef SHIM_LINUX_ERRNO_H
#define SHIM_LINUX_ERRNO_H

#include_next <linux/errno.h>

#define ERESTARTSYS 512

#endif /* SHIM_LINUX_ERRNO_H */
