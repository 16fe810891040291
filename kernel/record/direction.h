/* SPDX-License-Identifier: GPL-2.0 */
/* The record engine: one direction's keys and number, records in and out of scatterlists. */
#ifndef SHEATH_DIRECTION_H
#define SHEATH_DIRECTION_H

#include <crypto/aead.h>
#include <linux/types.h>

#include <linux/sheath.h>

#include "record/compress.h"
#include "record/framing.h"
#include "record/secret.h"
#include "record/sgl.h"
#include "record/suite.h"

struct crypto_cipher;
struct crypto_skcipher;
struct sheath_key_params;
struct sheath_hmac;
struct skcipher_request;

/**
 * struct sheath_protect - a way to protect records: AEAD, or cipher and MAC in one order
 * @init: sets up the transforms of @dir, whose fields that come from the key are set, and the
 *	lengths; what it set up is undone by @exit, also if it fails
 * @exit: see @init; @dir may be set up in part
 * @append: bytes behind @len bytes of content, NULL: always @dir->append
 * @seal_begin: writes the rest of @prepend and @append, readies IV and additional data;
 *	returns the length of the latter
 * @seal: see sheath_record_seal()
 * @check: see sheath_record_check(); the length only
 * @open_begin: readies IV and additional data of a record with header @h and what of @prepend
 *	is behind it; returns the length of the latter
 * @open: see sheath_record_open()
 * @snapshot: see sheath_record_snapshot()
 * @direct: what is opened is content (and an inner type), to the last byte
 */
struct sheath_protect {
	int		(*init)(struct sheath_dir *dir, const struct sheath_key_params *key);
	void		(*exit)(struct sheath_dir *dir);
	unsigned int	(*append)(const struct sheath_dir *dir, u32 len);
	unsigned int	(*seal_begin)(struct sheath_dir *dir, const struct sheath_header *h,
				      u8 *prepend, u8 *append);
	int		(*seal)(struct sheath_dir *dir, u32 len, struct sheath_sgl *src,
				struct sheath_sgl *dst);
	int		(*check)(const struct sheath_dir *dir, const struct sheath_header *h);
	unsigned int	(*open_begin)(struct sheath_dir *dir, const struct sheath_header *h,
				      const u8 *explicit_iv);
	long		(*open)(struct sheath_dir *dir, u32 len, struct sheath_sgl *src,
				struct sheath_sgl *dst);
	bool		snapshot;
	bool		direct;
};

extern const struct sheath_protect sheath_protect_aead;
extern const struct sheath_protect sheath_protect_mte;
extern const struct sheath_protect sheath_protect_etm;
extern const struct sheath_protect sheath_protect_null;

/**
 * struct sheath_dir - protection of one direction of one connection
 * @suite: how
 * @ver: which protocol
 * @protect: the functions of @suite and of the order of cipher and MAC
 * @aead: transform, keyed; NULL if @suite is none
 * @req: the only request on it; records are processed one after the other
 * @block: bare block cipher with the same key, NULL if @suite needs none
 * @stream_key: the key again, for suites whose key stream has no block cipher
 * @seq: number of the next record
 * @explicit_nonce: explicit part of the nonce of the next record sealed
 * @seq_end: the last number was used
 * @cbc: transform, keyed; NULL if @suite has none
 * @cbc_req: the only request on it
 * @mac: MAC, NULL for AEAD
 * @n_block: bytes of a block of @cbc
 * @blocks: blocks @cbc went over
 * @splits: data is sealed as a record of one byte and one of the rest
 * @compress: compression state, NULL: fragments are protected as they are
 * @content_max: bytes a protected fragment may have
 * @append_at: where @append of the record in work is
 * @prepend: bytes before the ciphertext: header and explicit nonce or IV
 * @append: bytes after the content, at most: inner type and tag, or MAC and padding
 * @append_min: likewise, at least
 * @cut: bytes at the end of a sealed record that are not opened, but verified: the tag, or
 *	the MAC over ciphertext
 * @iv: static IV, salt and explicit nonce, or the last block of ciphertext
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
	const struct sheath_protect	*protect;
	struct crypto_aead		*aead;
	struct aead_request		*req;
	struct crypto_cipher		*block;
	u32				stream_key[8];
	u64				seq;
	u64				explicit_nonce;
	bool				seq_end;
	struct crypto_skcipher		*cbc;
	struct skcipher_request		*cbc_req;
	struct sheath_hmac		*mac;
	u64				blocks;
	u8				*append_at;
	u8				n_block;
	bool				splits;
	struct sheath_compress		*compress;
	u32				content_max;
	u8				prepend;
	u8				append;
	u8				append_min;
	u8				cut;
	u8				iv[SHEATH_IV_MAX];
	u8				nonce[16];
	u8				aad[SHEATH_AAD12_LEN + SHEATH_IV_MAX];
	u8				key[SHEATH_KEY_MAX];
	bool				key_shown;
	struct sheath_secret		secret;
};

/* bytes behind @len bytes of content */
static inline unsigned int sheath_record_append(const struct sheath_dir *dir, u32 len)
{
	return dir->protect->append ? dir->protect->append(dir, len) : dir->append;
}

/* payload is read more than once, or by what must not see it change: it is sealed out of a copy */
static inline bool sheath_record_snapshot(const struct sheath_dir *dir)
{
	return dir->protect->snapshot || dir->compress;
}

/* the most payload a record can be made of */
static inline u32 sheath_record_payload_max(const struct sheath_dir *dir)
{
	/* once more for a record that is split */
	return SHEATH_PLAIN_MAX - (dir->compress ? 2 * SHEATH_COMPRESS_GROWTH : 0);
}

/* the most content a record of @len bytes, header included, can have */
static inline u32 sheath_record_content(const struct sheath_dir *dir, u32 len)
{
	return dir->compress ? SHEATH_PLAIN_MAX : len - dir->prepend - dir->append_min;
}

/* bytes of the first of the records that @len bytes of content are sealed as */
static inline u32 sheath_record_first(const struct sheath_dir *dir, u8 type, u32 len)
{
	return dir->splits && type == SHEATH_CT_DATA && len > 1 ? 1 : len;
}

int sheath_dir_init(struct sheath_dir *dir, const struct sheath_suite *suite,
		    const struct sheath_version *ver, const struct sheath_key_params *key);
int sheath_dir_next(const struct sheath_dir *dir, struct sheath_dir *next);
void sheath_dir_exit(struct sheath_dir *dir);
void sheath_dir_move(struct sheath_dir *to, struct sheath_dir *from);

unsigned int sheath_record_seal_begin(struct sheath_dir *dir, u8 type, u32 len, u8 *prepend,
				      u8 *append);
int sheath_record_seal(struct sheath_dir *dir, u32 len, struct sheath_sgl *src,
		       struct sheath_sgl *dst);
int sheath_record_check(const struct sheath_dir *dir, const struct sheath_header *h);
unsigned int sheath_record_open_begin(struct sheath_dir *dir, const struct sheath_header *h,
				      const u8 *explicit_iv);
void sheath_record_look_ahead(struct sheath_dir *dir, u32 ahead);
u8 sheath_record_inner_type(struct sheath_dir *dir, u32 pos, u8 byte);
long sheath_record_open(struct sheath_dir *dir, u32 len, struct sheath_sgl *src,
			struct sheath_sgl *dst);
u32 sheath_record_mac_blocks(const struct sheath_dir *dir);
u32 sheath_record_cost(const struct sheath_dir *dir, u32 len);

#endif /* SHEATH_DIRECTION_H */
