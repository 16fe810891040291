// SPDX-License-Identifier: GPL-2.0
/*
 * The record engine. It knows suites, sequence numbers and scatterlists, not sockets.
 *
 * A record is sealed in two steps, because the caller lays it out: seal_begin() writes the
 * bytes that stand before and behind the ciphertext and readies nonce and additional data,
 * seal() runs the cipher. Opening mirrors that, with a look at the inner type in between.
 *
 *	header | explicit nonce | ciphertext ...... | inner type | tag
 *	header | IV             | ciphertext ...... | MAC | padding		(MAC-then-encrypt)
 *	header | IV             | ciphertext ...... | padding | MAC		(encrypt-then-MAC)
 *	'------ prepend -------'                    '--- append ------'
 *
 * Each scatterlist starts with @dir->aad. How a record is protected is up to the functions of
 * @dir->protect (record/aead.c, record/cipher_mac.c).
 */
#include "record/direction.h"

#include <linux/slab.h>
#include <linux/string.h>

#include "record/key.h"
#include "record/mac.h"

/* of every AEAD whose keys are good for a limited number of blocks */
#define LIMIT_BLOCK	16

static int init_compress(struct sheath_dir *dir, const struct sheath_key_params *key)
{
	struct sheath_compress *c;

	if (!key->compression)
		return 0;
	c = sheath_compress_alloc(key->flags == SHEATH_KEY_RX, key->history, key->history_len);
	if (IS_ERR(c))
		return PTR_ERR(c);
	dir->compress = c;
	return 0;
}

/**
 * sheath_dir_init() - key one direction
 * @dir: zeroed
 * @suite: suite
 * @ver: version
 * @key: lengths already judged
 *
 * Context: process, may sleep and load modules.
 *
 * Return:
 * * 0		- done; sheath_dir_exit() undoes it
 * * %-ENOENT	- this kernel has no such algorithm
 * * %-EILSEQ, %-EOPNOTSUPP	- see sheath_compress_alloc()
 * * other	- from the crypto API; nothing is held
 */
int sheath_dir_init(struct sheath_dir *dir, const struct sheath_suite *suite,
		    const struct sheath_version *ver, const struct sheath_key_params *key)
{
	int rc;

	dir->suite = suite;
	dir->ver = ver;
	dir->protect = key->etm ? suite->protect_etm : suite->protect;
	dir->seq = key->rec_seq;
	dir->secret = key->secret;
	memcpy(dir->key, key->key, suite->key_len);
	memcpy(dir->iv, key->iv, key->iv_len);
	dir->content_max = SHEATH_PLAIN_MAX + (key->compression ? SHEATH_COMPRESSED_GROWTH : 0);
	rc = dir->protect->init(dir, key) ?: init_compress(dir, key);
	if (rc)
		sheath_dir_exit(dir);
	/* one number is left, and a record that is split takes two */
	else if (dir->seq > U64_MAX - dir->splits)
		dir->seq_end = true;
	return rc;
}

/**
 * sheath_dir_next() - key what follows a direction at a KeyUpdate
 * @dir: keyed, with its traffic secret
 * @next: zeroed
 *
 * RFC 8446 section 7.2.
 *
 * Context: process, may sleep.
 *
 * Return: 0, or a negative errno: no memory, or from the crypto API; nothing is held then.
 */
int sheath_dir_next(const struct sheath_dir *dir, struct sheath_dir *next)
{
	struct sheath_key_params *key = kzalloc(sizeof(*key), GFP_KERNEL);
	int rc;

	if (!key)
		return -ENOMEM;
	rc = sheath_secret_next(&dir->secret, &key->secret) ?:
	     sheath_secret_keys(&key->secret, dir->suite, key) ?:
	     sheath_dir_init(next, dir->suite, dir->ver, key);
	kfree_sensitive(key);
	return rc;
}

/**
 * sheath_dir_exit() - forget the keys
 * @dir: a direction, or a zeroed structure
 *
 * Context: process.
 */
void sheath_dir_exit(struct sheath_dir *dir)
{
	if (dir->protect)
		dir->protect->exit(dir);
	sheath_compress_free(dir->compress);
	memzero_explicit(dir, sizeof(*dir));
}

/**
 * sheath_dir_move() - keys from one place to another
 * @to: a direction, which is forgotten, or a zeroed structure
 * @from: zeroed by this
 *
 * Context: process.
 */
void sheath_dir_move(struct sheath_dir *to, struct sheath_dir *from)
{
	sheath_dir_exit(to);
	*to = *from;
	memzero_explicit(from, sizeof(*from));
}

/* two records may come of one: a direction that splits ends one number earlier */
static void advance(struct sheath_dir *dir)
{
	dir->explicit_nonce++;
	if (dir->seq == U64_MAX - dir->splits)
		dir->seq_end = true;
	if (dir->seq != U64_MAX)
		dir->seq++;
}

/**
 * sheath_record_seal_begin() - write what surrounds the ciphertext
 * @dir: sending direction with a sequence number left
 * @type: content type
 * @len: bytes of content, at most 2^14; compressed, if they are to be
 * @prepend: @dir->prepend bytes: header and explicit nonce or IV are written here
 * @append: sheath_record_append() bytes, belongs to the record until it is sealed
 *
 * Return: the length of the additional data; the caller puts @dir->aad with this length
 * first in both lists.
 */
unsigned int sheath_record_seal_begin(struct sheath_dir *dir, u8 type, u32 len, u8 *prepend,
				      u8 *append)
{
	struct sheath_header h = {
		.type = type,
		.version = dir->ver->wire_version,
		.len = dir->prepend - SHEATH_HEADER_LEN + len + sheath_record_append(dir, len),
	};

	if (dir->ver->has_inner_type) {
		append[0] = type;
		h.type = SHEATH_CT_DATA;
	}
	sheath_framing_put_header(prepend, &h);
	return dir->protect->seal_begin(dir, &h, prepend, append);
}

/**
 * sheath_record_seal() - encrypt and use up a sequence number
 * @dir: after sheath_record_seal_begin()
 * @len: bytes of content
 * @src: additional data | content | append, less @dir->cut
 * @dst: additional data | ciphertext | append; may be the same memory, or list, as @src, and
 *	has to be the same memory if @dir->protect->snapshot
 *
 * Context: process, may sleep.
 *
 * A cipher that fails, be it for want of memory, may have done half of its work, and where @src and
 * @dst are the same memory half of the content is gone then. Where they are not, @src is memory
 * that others write to. So what would be sealed in a second attempt need not be what was in the
 * first, and no number is used for two contents.
 *
 * Return: 0, or a negative errno; the number is used up in either case, and the caller
 * gives up the direction.
 */
int sheath_record_seal(struct sheath_dir *dir, u32 len, struct sheath_sgl *src,
		       struct sheath_sgl *dst)
{
	int rc = dir->protect->seal(dir, len, src, dst);

	advance(dir);
	return rc;
}

/**
 * sheath_record_check() - judge a header before anything is waited for or allocated
 * @dir: receiving direction
 * @h: header as received
 *
 * Of several faults, in-tree TLS reports the length first.
 *
 * Return:
 * * 0			- worth receiving
 * * %-EINVAL		- up to TLS 1.2: wrong version; 1.3 ignores it (RFC 8446 section 5.1)
 * * %-EMSGSIZE		- too long
 * * %-EBADMSG		- no length a record of this suite can have
 * * %-EPROTO		- TLS 1.3: outer type is not application_data
 */
int sheath_record_check(const struct sheath_dir *dir, const struct sheath_header *h)
{
	int rc = dir->protect->check(dir, h);

	if (rc)
		return rc;
	if (!dir->ver->has_inner_type)
		return h->version == dir->ver->wire_version ? 0 : -EINVAL;
	return h->type == SHEATH_CT_DATA ? 0 : -EPROTO;
}

/**
 * sheath_record_open_begin() - ready nonce and additional data of a received record
 * @dir: receiving direction with a sequence number left
 * @h: header as received, judged
 * @explicit_iv: what of @dir->prepend is behind the header
 *
 * Return: the length of the additional data; the caller puts @dir->aad with this length
 * first in both lists.
 */
unsigned int sheath_record_open_begin(struct sheath_dir *dir, const struct sheath_header *h,
				      const u8 *explicit_iv)
{
	return dir->protect->open_begin(dir, h, explicit_iv);
}

/**
 * sheath_record_inner_type() - decrypt one byte of a record before it is authenticated
 * @dir: after sheath_record_open_begin() or sheath_record_look_ahead()
 * @pos: position of the byte in the ciphertext
 * @byte: ciphertext
 *
 * With the last byte before the tag this tells whether a TLS 1.3 record is unpadded
 * application data, and with that where its content may be decrypted to. Nothing else
 * may depend on the result until the record has been opened.
 *
 * Return: the plaintext byte.
 */
u8 sheath_record_inner_type(struct sheath_dir *dir, u32 pos, u8 byte)
{
	return byte ^ dir->suite->keystream(dir, pos);
}

/**
 * sheath_record_open() - verify, decrypt, use up a sequence number
 * @dir: after sheath_record_open_begin()
 * @len: bytes behind @dir->prepend
 * @src: additional data | these bytes
 * @dst: additional data | room for @len - @dir->cut bytes; content comes first
 *
 * Context: process, may sleep.
 *
 * Return: bytes of content, with inner type and padding in TLS 1.3, or
 * * %-EBADMSG		- it does not verify; @dst may hold anything and must be wiped
 * * %-EMSGSIZE		- it does, and has more than @dir->content_max bytes; likewise
 * * %-ENOMEM		- the cipher had no memory; likewise, but the number is not used up: the same
 *			  record may be opened again, from sheath_record_open_begin() on
 * * other		- from the crypto API; likewise, and the number is used up
 */
long sheath_record_open(struct sheath_dir *dir, u32 len, struct sheath_sgl *src,
			struct sheath_sgl *dst)
{
	long content = dir->protect->open(dir, len, src, dst);

	if (content == -ENOMEM)
		return content;
	advance(dir);
	return content > (long)dir->content_max + dir->ver->has_inner_type ? -EMSGSIZE : content;
}

/**
 * sheath_record_cost() - how much of the limit of its key a record uses up
 * @dir: direction
 * @len: bytes of content
 *
 * Return: blocks the cipher goes over; for AEAD two beside those of the content and of the
 * inner type: what nonce and lengths cost.
 */
u32 sheath_record_cost(const struct sheath_dir *dir, u32 len)
{
	if (dir->n_block)
		return (len + dir->append) / dir->n_block;
	return DIV_ROUND_UP(len + dir->ver->has_inner_type, LIMIT_BLOCK) + 2;
}

/**
 * sheath_record_mac_blocks() - what the check of secret padding cost
 * @dir: direction
 *
 * It may depend on the length of the record, and on nothing else.
 *
 * Return: blocks hashed one by one for the record opened last.
 */
u32 sheath_record_mac_blocks(const struct sheath_dir *dir)
{
	return dir->mac ? dir->mac->ct.n_compress : 0;
}
