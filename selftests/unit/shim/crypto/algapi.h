/* SPDX-License-Identifier: GPL-2.0 */
/* Comparing secrets. */
#ifndef SHIM_CRYPTO_ALGAPI_H
#define SHIM_CRYPTO_ALGAPI_H

#include <openssl/crypto.h>

#include <linux/crypto.h>

#define crypto_memneq(a, b, n) CRYPTO_memcmp(a, b, n)

#endif /* SHIM_CRYPTO_ALGAPI_H */
