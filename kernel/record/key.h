/* SPDX-License-Identifier: GPL-2.0 */
/* The key of one direction, as whoever pushed it gave it. */
#ifndef SHEATH_KEY_H
#define SHEATH_KEY_H

#include <linux/types.h>

#include <linux/sheath.h>

#include "record/secret.h"

/**
 * struct sheath_key_params - one direction's key, parsed but not yet judged
 * @flags: SHEATH_KEY_RX or SHEATH_KEY_TX; filled in by sheath_key_flags(), as are @update,
 *	@etm and @truncated
 * @update: enum sheath_rekey_tx: what goes out under the key that is replaced
 * @version: as pushed
 * @cipher: TLS_CIPHER_* or SHEATH_CIPHER_* as pushed
 * @epoch: 0 for the first key, then one more than the last
 * @next: whichever epoch is due, @epoch is filled in by sheath_keys_commit()
 * @rec_seq: sequence number of the next record
 * @key_len: bytes of @key as pushed, which may be more than it has room for, as all lengths
 *	here, until the key was judged
 * @iv_len: bytes of @iv: 4 or 12 for AEAD, a block or 0 for CBC, else 0
 * @secret: instead of @key and @iv, which are filled in by sheath_keys_prepare()
 * @secret_len: bytes of @secret, as pushed
 * @key: secret; whoever filled it wipes the structure
 * @iv: 12 bytes: the static IV, or salt and explicit nonce; 4 bytes: the salt; a block: the IV
 * @etm: encrypt-then-MAC
 * @truncated: 10 bytes of MAC
 * @mac: enum sheath_mac, 0 for none
 * @mac_key_len: bytes of @mac_key
 * @mac_key: secret
 * @compression: enum sheath_compression
 * @history_len: bytes of @history, 0 without compression
 * @history: fragment of Finished, as it was compressed
 */
struct sheath_key_params {
	u32	flags;
	u32	update;
	u32	version;
	u32	cipher;
	u32	epoch;
	bool	next;
	u64	rec_seq;
	u32	key_len;
	u32	iv_len;
	u8	key[SHEATH_KEY_MAX];
	u8	iv[SHEATH_IV_MAX];
	u32	secret_len;
	struct sheath_secret secret;
	bool	etm;
	bool	truncated;
	u32	mac;
	u32	mac_key_len;
	u8	mac_key[SHEATH_MAC_KEY_MAX];
	u32	compression;
	u32	history_len;
	u8	history[SHEATH_HISTORY_MAX];
};

#define SHEATH_KEY_FLAGS	(SHEATH_KEY_RX | SHEATH_KEY_TX | \
				 SHEATH_KEY_SEND_KEY_UPDATE | SHEATH_KEY_REQUEST_PEER | \
				 SHEATH_KEY_ENCRYPT_THEN_MAC | SHEATH_KEY_TRUNCATED_HMAC)

#endif /* SHEATH_KEY_H */
