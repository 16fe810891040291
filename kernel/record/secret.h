/* SPDX-License-Identifier: GPL-2.0 */
/* Traffic secrets of TLS 1.3: what keys come from, and what comes after them. */
#ifndef SHEATH_SECRET_H
#define SHEATH_SECRET_H

#include <linux/types.h>

#include <linux/sheath.h>

struct sheath_key_params;
struct sheath_suite;

/**
 * struct sheath_secret - application traffic secret of one direction
 * @hash: enum sheath_hash, 0: there is no secret
 * @data: secret, as many bytes as the hash has
 */
struct sheath_secret {
	u32	hash;
	u8	data[SHEATH_SECRET_MAX];
};

unsigned int sheath_secret_len(u32 hash);
const char *sheath_secret_hmac(u32 hash);
int sheath_secret_keys(const struct sheath_secret *secret, const struct sheath_suite *suite,
		       struct sheath_key_params *key);
int sheath_secret_next(const struct sheath_secret *secret, struct sheath_secret *next);

#endif /* SHEATH_SECRET_H */
