/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records by OpenSSL's ciphers, from the keys that would be pushed. */
#ifndef RECORD_H
#define RECORD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/sheath.h>

#define RECORD_LEN_MAX	(5 + 16384 + 256)

ssize_t record_read(int fd, uint8_t *record);
ssize_t record_open(struct sheath_key *key, const uint8_t *record, size_t len, uint8_t *plain,
		    uint8_t *type);
size_t record_seal(struct sheath_key *key, uint8_t type, const void *plain, size_t len,
		   uint8_t *record);

#endif /* RECORD_H */
