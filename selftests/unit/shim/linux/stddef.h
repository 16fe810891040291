/* SPDX-License-Identifier: GPL-2.0 */
/* offsetof(), and what the headers of the kernel's interface want. */
#ifndef SHIM_LINUX_STDDEF_H
#define SHIM_LINUX_STDDEF_H

#include <stddef.h>
#include_next <linux/stddef.h>

#endif /* SHIM_LINUX_STDDEF_H */
