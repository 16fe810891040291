/* SPDX-License-Identifier: GPL-2.0 */
/* Key material on its way from user space into a direction, whichever door it came through. */
#ifndef SHEATH_KEYS_H
#define SHEATH_KEYS_H

#include <linux/netlink.h>
#include <linux/types.h>

#include <linux/sheath.h>

#include "record/alg.h"
#include "record/secret.h"

struct sheath_conn;
struct sheath_fresh;

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

/**
 * struct sheath_key_set - everything one push installs
 * @n_keys: 1 or 2 entries of @key in use
 * @key: at most one for each direction
 * @tx_limit: the peer's record_size_limit (RFC 8449) for the payload, 64 (TLS 1.3: 63) to
 *	16384; 0: 2^14
 * @peer: results of the handshake; zero where nobody said
 */
struct sheath_key_set {
	unsigned int		n_keys;
	struct sheath_key_params key[2];
	u32			tx_limit;
	struct {
		u32 role, suite, group;
	} peer;
};

#define SHEATH_KEY_FLAGS	(SHEATH_KEY_RX | SHEATH_KEY_TX | \
				 SHEATH_KEY_SEND_KEY_UPDATE | SHEATH_KEY_REQUEST_PEER | \
				 SHEATH_KEY_ENCRYPT_THEN_MAC | SHEATH_KEY_TRUNCATED_HMAC)

/* ctl/judge.c */
int sheath_key_flags(struct sheath_key_params *key, u32 flags, struct netlink_ext_ack *extack);
int sheath_keys_judge(const struct sheath_key_set *set, enum sheath_alg_how how,
		      struct netlink_ext_ack *extack);

/* ctl/keys.c */
struct sheath_fresh *sheath_keys_prepare(struct sheath_key_set *set, enum sheath_alg_how how,
					 struct netlink_ext_ack *extack);
int sheath_keys_commit(struct sheath_conn *conn, struct sheath_fresh *fresh,
		       struct netlink_ext_ack *extack);
void sheath_keys_free(struct sheath_fresh *fresh);

#endif /* SHEATH_KEYS_H */
