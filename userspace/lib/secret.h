/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Traffic secrets of TLS 1.3 beside the keys that come from them. */
#ifndef SHEATH_LIB_SECRET_H
#define SHEATH_LIB_SECRET_H

#include <stddef.h>
#include <stdint.h>
#include <linux/sheath.h>

int sheath_secret_add(struct sheath_key *key, const uint8_t *secret, size_t len);

#endif /* SHEATH_LIB_SECRET_H */
