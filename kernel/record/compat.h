/* SPDX-License-Identifier: GPL-2.0 */
/* What differs between kernels in the crypto API and for modules: see core/compat.h. */
#ifndef SHEATH_RECORD_COMPAT_H
#define SHEATH_RECORD_COMPAT_H

#include <crypto/chacha.h>
#include <linux/module.h>
#include <linux/version.h>

/* 6.13 has the name of a namespace as a string (commit cdd30ebb1b9f) */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define SHEATH_COMPAT_IMPORT_NS(ns)	MODULE_IMPORT_NS(#ns)
#else
#define SHEATH_COMPAT_IMPORT_NS(ns)	MODULE_IMPORT_NS(ns)
#endif

/* 6.16 gave the state of ChaCha a type (commit 98066f2f8901) */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
#define sheath_compat_chacha(state)	(state)
#else
struct chacha_state {
	u32 x[CHACHA_STATE_WORDS];
};

#define sheath_compat_chacha(state)	((state)->x)
#endif

#endif /* SHEATH_RECORD_COMPAT_H */
