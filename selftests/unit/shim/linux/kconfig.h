/* SPDX-License-Identifier: GPL-2.0 */
/* This kernel has everything. */
#ifndef SHIM_LINUX_KCONFIG_H
#define SHIM_LINUX_KCONFIG_H

#define IS_ENABLED(option) 1

#endif /* SHIM_LINUX_KCONFIG_H */
