/* SPDX-License-Identifier: GPL-2.0 */
/* Of what differs between kernels, what the record engine knows of. */
#ifndef SHIM_CORE_COMPAT_H
#define SHIM_CORE_COMPAT_H

#include <crypto/chacha.h>
#include <linux/module.h>

struct chacha_state {
	u32 x[CHACHA_STATE_WORDS];
};

#define sheath_compat_chacha(state)	((state)->x)
#define SHEATH_COMPAT_IMPORT_NS(ns)	MODULE_IMPORT_NS(ns)

#endif /* SHIM_CORE_COMPAT_H */
