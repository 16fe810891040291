/* SPDX-License-Identifier: GPL-2.0 */
/* Tables: what a cipher suite and a protocol version mean to the record layer. */
#ifndef SHEATH_SUITE_H
#define SHEATH_SUITE_H

#include <linux/types.h>

struct sheath_dir;
struct sheath_header;
struct sheath_protect;

/**
 * struct sheath_suite - one way to protect records
 * @cipher: TLS_CIPHER_* of <linux/tls.h>, or SHEATH_CIPHER_*
 * @first: first version that has it
 * @last: last one
 * @protect: how records are sealed and opened
 * @protect_etm: likewise with encrypt-then-MAC, NULL if there is no such thing
 * @alg: name of the AEAD or of the cipher in the kernel's crypto API, NULL: none
 * @block_alg: name of the bare block cipher that makes its key stream, NULL if it has none
 * @key_len: bytes of key
 * @block_len: CBC: bytes of a block
 * @tag_len: bytes of tag; 0: a MAC takes its place
 * @salt_len: bytes of the nonce that are never sent in TLS 1.2
 * @explicit_len: bytes of the nonce each TLS 1.2 record carries: 8, or 0 for RFC 7905
 * @iv_prefix: value of the byte the crypto API wants before the nonce, 0: none (RFC 3610
 *	section 2.3 for CCM: the length of its counter field less one)
 * @hash: enum sheath_hash of its traffic secrets in TLS 1.3, 0: it has none we know of
 * @limit_soft: full records of TLS 1.3 after which a key should be replaced, 0: any number;
 *	smaller ones count by what sheath_record_cost() says
 * @limit_hard: full records of TLS 1.3 a key is good for, 0: any number; likewise
 * @limits_blocks: the limits are in blocks of the cipher, and hold for every version
 * @info_len: size of the structure TLS_TX and TLS_RX take, 0: they do not take it
 * @info_iv: offset of its iv field, info_key, info_salt, info_seq likewise
 * @info_key: see @info_iv
 * @info_salt: see @info_iv
 * @info_seq: see @info_iv
 * @keystream: one byte of key stream, see sheath_record_inner_type()
 */
struct sheath_suite {
	u16		cipher;
	u16		first;
	u16		last;
	const struct sheath_protect *protect;
	const struct sheath_protect *protect_etm;
	const char	*alg;
	const char	*block_alg;
	u8		key_len;
	u8		block_len;
	u8		tag_len;
	u8		salt_len;
	u8		explicit_len;
	u8		iv_prefix;
	u8		hash;
	u32		limit_soft;
	u32		limit_hard;
	bool		limits_blocks;
	u8		info_len;
	u8		info_iv;
	u8		info_key;
	u8		info_salt;
	u8		info_seq;
	u8		(*keystream)(struct sheath_dir *dir, u32 pos);
};

/**
 * struct sheath_version - one protocol version
 * @version: ProtocolVersion
 * @wire_version: what the header of a record says
 * @chains_iv: the IV of a CBC record is the last block of the record before
 * @ssl3: MAC and padding are those of SSL 3.0: RFC 6101 section 5.2.3
 * @has_inner_type: the content type is the last byte before the padding, encrypted
 * @has_explicit: records carry the explicit part of the nonce, where the suite has one
 * @has_compression: fragments may be compressed
 * @has_key_update: keys can be replaced, and are good for a limited number of records
 * @payload_min: the least payload a peer may limit records to
 * @aad: AEAD: fills @dir->aad for the record @h, returns its length; @h->len as on the wire
 */
struct sheath_version {
	u16		version;
	u16		wire_version;
	bool		chains_iv;
	bool		ssl3;
	bool		has_inner_type;
	bool		has_explicit;
	bool		has_compression;
	bool		has_key_update;
	u16		payload_min;
	unsigned int	(*aad)(struct sheath_dir *dir, const struct sheath_header *h);
};

const struct sheath_suite *sheath_suite_find(u32 cipher);
const struct sheath_version *sheath_version_find(u32 version);
u16 sheath_suite_nth(unsigned int i);

#endif /* SHEATH_SUITE_H */
