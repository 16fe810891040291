/* SPDX-License-Identifier: GPL-2.0 */
/* HMAC of records, over scatterlists and, where the padding is a secret, in constant time. */
#ifndef SHEATH_MAC_H
#define SHEATH_MAC_H

#include <linux/types.h>

#include "record/cbc_ct.h"
#include "record/sgl.h"

struct crypto_shash;
struct sheath_key_params;

/* the key, and as many bytes of pad that both come near a block: RFC 6101 section 5.2.3.1 */
#define SHEATH_SSL3_PAD_LEN	40
#define SHEATH_SSL3_PREFIX_MAX	(20 + SHEATH_SSL3_PAD_LEN)
/* seq_num | type | length */
#define SHEATH_SSL3_AAD_LEN	11
/* RFC 6066 section 7 */
#define SHEATH_TRUNCATED_LEN	10

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
 * @len: bytes of MAC in a record, fewer than @alg has for a truncated one
 * @ssl3: not an HMAC, but what came before it
 * @hmac: transform, keyed; NULL for @ssl3
 * @hash: the bare hash, NULL where no padding is a secret
 * @fresh: exported state of @hash after one block, to put states of ours into
 * @prefix: @ssl3: what the inner and the outer hash begin with
 * @inner: state of the hash after the key and ipad (RFC 2104 section 2), or its first one
 * @outer: likewise opad
 * @ct: record in work
 */
struct sheath_hmac {
	const struct sheath_mac_alg	*alg;
	u8				len;
	bool				ssl3;
	struct crypto_shash		*hmac;
	struct crypto_shash		*hash;
	void				*fresh;
	u8				prefix[2][SHEATH_SSL3_PREFIX_MAX];
	u8				inner[SHEATH_CT_STATE_MAX];
	u8				outer[SHEATH_CT_STATE_MAX];
	struct sheath_ct		ct;
};

const struct sheath_mac_alg *sheath_mac_find(u32 mac);

struct sheath_hmac *sheath_mac_alloc(const struct sheath_mac_alg *alg,
				     const struct sheath_key_params *key, bool ssl3,
				     bool secret_padding);
void sheath_mac_free(struct sheath_hmac *mac);
int sheath_mac_list(struct sheath_hmac *mac, const struct sheath_sgl *l, u32 len, u8 *digest);
long sheath_mac_verify_ct(struct sheath_hmac *mac, const u8 *aad, const struct sheath_sgl *l,
			  u32 len, u32 n_block);
long sheath_mac_unpad(struct sheath_hmac *mac, const struct sheath_sgl *l, u32 len);

#endif /* SHEATH_MAC_H */
