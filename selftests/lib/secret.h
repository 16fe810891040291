/* SPDX-License-Identifier: GPL-2.0 */
/* Traffic secrets of TLS 1.3, derived in user space with OpenSSL's HMAC. */
#ifndef SELFTEST_SECRET_H
#define SELFTEST_SECRET_H

#include "sock.h"

/**
 * struct st_secret - application traffic secret of one direction
 * @hash: enum sheath_hash
 * @len: bytes of @data
 * @data: secret
 */
struct st_secret {
	uint32_t hash;
	unsigned int len;
	uint8_t data[SHEATH_SECRET_MAX];
};

/* a secret made of @seed, with the hash that goes with @cipher */
struct st_secret st_secret(uint16_t cipher, unsigned int seed);
/* key and IV it stands for, sequence number 0: RFC 8446 section 7.3 */
struct st_key st_secret_key(const struct st_secret *s, uint16_t cipher);
/* the one after a KeyUpdate: RFC 8446 section 7.2 */
void st_secret_next(struct st_secret *s);
/* by SHEATH_KEY, first epoch; 0 or -1 */
int st_set_secret(int fd, int dir, uint16_t cipher, const struct st_secret *s);

#endif /* SELFTEST_SECRET_H */
