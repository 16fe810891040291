/* SPDX-License-Identifier: GPL-2.0 */
/* The record engine: one direction's keys and number, records in and out of scatterlists. */
#ifndef SHEATH_RECORD_H
#define SHEATH_RECORD_H

#include <crypto/aead.h>
#include <linux/types.h>

#include "framing.h"
#include "secret.h"
#include "sgl.h"
#include "suite.h"

struct crypto_cipher;
struct sheath_key_params;

/**
 * struct sheath_dir - protection of one direction of one connection
 * @suite: how
 * @ver: which protocol
 * @aead: transform, keyed
 * @req: the only request on it; records are processed one after the other
 * @block: bare block cipher with the same key, NULL if @suite needs none
 * @stream_key: the key again, for suites whose key stream has no block cipher
 * @seq: number of the next record
 * @explicit_nonce: explicit part of the nonce of the next record sealed
 * @seq_end: the last number was used
 * @prepend: bytes before the ciphertext: header and explicit nonce
 * @append: bytes after it: inner type and tag
 * @iv: static IV, or salt and explicit nonce
 * @nonce: IV for the crypto API, of the record in work
 * @aad: additional data of the record in work
 * @key: the key, to tell whether the next one differs
 * @key_shown: getsockopt(TLS_TX/TLS_RX) shows the key: it came by setsockopt
 * @secret: what the key came from, and the next one comes from
 *
 * Not locked: whoever owns the structure lets one record at a time in.
 */
struct sheath_dir {
	const struct sheath_suite	*suite;
	const struct sheath_version	*ver;
	struct crypto_aead		*aead;
	struct aead_request		*req;
	struct crypto_cipher		*block;
	u32				stream_key[8];
	u64				seq;
	u64				explicit_nonce;
	bool				seq_end;
	u8				prepend;
	u8				append;
	u8				iv[SHEATH_NONCE_LEN];
	u8				nonce[16];
	u8				aad[16];
	u8				key[SHEATH_KEY_MAX];
	bool				key_shown;
	struct sheath_secret		secret;
};

int sheath_dir_init(struct sheath_dir *dir, const struct sheath_suite *suite,
		    const struct sheath_version *ver, const struct sheath_key_params *key);
void sheath_dir_exit(struct sheath_dir *dir);
void sheath_dir_move(struct sheath_dir *to, struct sheath_dir *from);

unsigned int sheath_record_seal_begin(struct sheath_dir *dir, u8 type, u32 len, u8 *prepend,
				      u8 *append);
int sheath_record_seal(struct sheath_dir *dir, u32 len, struct sheath_sgl *src,
		       struct sheath_sgl *dst);
int sheath_record_check(const struct sheath_dir *dir, const struct sheath_header *h);
unsigned int sheath_record_open_begin(struct sheath_dir *dir, const struct sheath_header *h,
				      const u8 *explicit_nonce);
u8 sheath_record_inner_type(struct sheath_dir *dir, u32 pos, u8 byte);
int sheath_record_open(struct sheath_dir *dir, u32 len, struct sheath_sgl *src,
		       struct sheath_sgl *dst);

#endif /* SHEATH_RECORD_H */
