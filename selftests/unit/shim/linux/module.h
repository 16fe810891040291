/* SPDX-License-Identifier: GPL-2.0 */
/* Nothing of a module. */
#ifndef SHIM_LINUX_MODULE_H
#define SHIM_LINUX_MODULE_H

#define MODULE_IMPORT_NS(ns) struct shim_module

#endif /* SHIM_LINUX_MODULE_H */
