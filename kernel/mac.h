/* SPDX-License-Identifier: GPL-2.0 */
/* HMAC of records, over scatterlists and, where the padding is a secret, in constant time. */
#ifndef SHEATH_MAC_H
#define SHEATH_MAC_H

#include <linux/types.h>

#include "cbc_ct.h"
#include "sgl.h"

struct crypto_shash;

/**
 * struct sheath_mac_alg - a hash function records are authenticated with
 * @mac: enum sheath_mac
 * @hmac: name of the HMAC in the crypto API
 * @hash: name of the bare hash
 * @len: bytes of MAC, and of its key
 * @since: the first version that has suites with it
 * @ct: the hash, for the constant-time check
 */
struct sheath_mac_alg {
	u8		mac;
	const char	*hmac;
	const char	*hash;
	u8		len;
	u16		since;
	const struct sheath_ct_hash *ct;
};

/**
 * struct sheath_hmac - MAC of one direction
 * @alg: how
 * @hmac: transform, keyed
 * @hash: the bare hash, NULL where no padding is a secret
 * @fresh: exported state of @hash after one block, to put states of ours into
 * @inner: state of the hash after the key and ipad (RFC 2104 section 2)
 * @outer: likewise opad
 * @ct: record in work
 */
struct sheath_hmac {
	const struct sheath_mac_alg	*alg;
	struct crypto_shash		*hmac;
	struct crypto_shash		*hash;
	void				*fresh;
	u8				inner[SHEATH_CT_STATE_MAX];
	u8				outer[SHEATH_CT_STATE_MAX];
	struct sheath_ct		ct;
};

const struct sheath_mac_alg *sheath_mac_find(u32 mac);

struct sheath_hmac *sheath_mac_alloc(const struct sheath_mac_alg *alg, const u8 *key,
				    bool secret_padding);
void sheath_mac_free(struct sheath_hmac *mac);
int sheath_mac_list(struct sheath_hmac *mac, const struct sheath_sgl *l, u32 len, u8 *digest);
long sheath_mac_verify_ct(struct sheath_hmac *mac, const u8 *aad, const struct sheath_sgl *l,
			  u32 len);
long sheath_mac_unpad(struct sheath_hmac *mac, const struct sheath_sgl *l, u32 len);

#endif /* SHEATH_MAC_H */
