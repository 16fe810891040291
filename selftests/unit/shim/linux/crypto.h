/* SPDX-License-Identifier: GPL-2.0 */
/* The crypto API: what all kinds of algorithms have. */
#ifndef SHIM_LINUX_CRYPTO_H
#define SHIM_LINUX_CRYPTO_H

#include <linux/err.h>
#include <linux/slab.h>

#define CRYPTO_ALG_TESTED 0u
#define CRYPTO_NOLOAD 0u
#define CRYPTO_TFM_REQ_MAY_SLEEP 0u
#define CRYPTO_TFM_REQ_MAY_BACKLOG 0u

/* requests are over when the call is */
struct crypto_wait {
	int	unused;
};

#define DECLARE_CRYPTO_WAIT(wait) struct crypto_wait wait = { 0 }
#define crypto_wait_req(rc, wait) ((void)(wait), (rc))
#define crypto_req_done NULL

bool crypto_has_alg(const char *name, u32 type, u32 mask);

#endif /* SHIM_LINUX_CRYPTO_H */
