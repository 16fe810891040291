// SPDX-License-Identifier: GPL-2.0
/*
 * The record engine. It knows suites, sequence numbers and scatterlists, not sockets.
 *
 * A record is sealed in two steps, because the caller lays it out: seal_begin() writes the
 * bytes that stand before and behind the ciphertext and readies nonce and additional data,
 * seal() runs the cipher. Opening mirrors that, with a look at the inner type in between.
 *
 *	header | explicit nonce | ciphertext ...... | inner type | tag
 *	'------ prepend -------'                    '--- append ------'
 *
 * Each scatterlist starts with @dir->aad.
 */
#include "record.h"

#include <crypto/internal/cipher.h>
#include <linux/crypto.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tls.h>

#include "keys.h"

/* what the header says in every version that exists: RFC 8446 section 5.1 */
#define WIRE_VERSION	TLS_1_2_VERSION

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
 * * other	- from the crypto API; nothing is held
 */
int sheath_dir_init(struct sheath_dir *dir, const struct sheath_suite *suite,
		    const struct sheath_version *ver, const struct sheath_key_params *key)
{
	int rc;

	dir->suite = suite;
	dir->ver = ver;
	dir->seq = key->rec_seq;
	dir->prepend = SHEATH_HEADER_LEN + (ver->has_explicit ? suite->explicit_len : 0);
	dir->append = suite->tag_len + (ver->has_inner_type ? 1 : 0);
	dir->secret = key->secret;
	memcpy(dir->key, key->key, suite->key_len);
	memcpy(dir->iv, key->iv, key->iv_len);
	dir->explicit_nonce = key->iv_len == SHEATH_NONCE_LEN ?
			      sheath_framing_get_u64(key->iv + 4) : key->rec_seq;

	/* not masked to synchronous ones: that would select the generic C code on x86 */
	dir->aead = crypto_alloc_aead(suite->alg, 0, 0);
	if (IS_ERR(dir->aead)) {
		rc = PTR_ERR(dir->aead);
		dir->aead = NULL;
		goto out_exit;
	}
	rc = crypto_aead_setkey(dir->aead, key->key, suite->key_len) ?:
	     crypto_aead_setauthsize(dir->aead, suite->tag_len);
	if (rc)
		goto out_exit;
	rc = -ENOMEM;
	dir->req = aead_request_alloc(dir->aead, GFP_KERNEL);
	if (!dir->req)
		goto out_exit;
	if (suite->block_alg) {
		dir->block = crypto_alloc_cipher(suite->block_alg, 0, 0);
		if (IS_ERR(dir->block)) {
			rc = PTR_ERR(dir->block);
			dir->block = NULL;
			goto out_exit;
		}
		rc = crypto_cipher_setkey(dir->block, key->key, suite->key_len);
		if (rc)
			goto out_exit;
	} else {
		unsigned int i;

		for (i = 0; i < suite->key_len / 4; i++)
			dir->stream_key[i] = get_unaligned_le32(key->key + 4 * i);
	}
	return 0;

out_exit:
	sheath_dir_exit(dir);
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
	if (dir->block)
		crypto_free_cipher(dir->block);
	if (dir->req)
		aead_request_free(dir->req);
	if (dir->aead)
		crypto_free_aead(dir->aead);
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

static void set_nonce(struct sheath_dir *dir, const u8 *explicit_nonce)
{
	u8 *nonce = dir->nonce;

	if (dir->suite->iv_prefix)
		*nonce++ = dir->suite->iv_prefix;
	if (dir->prepend > SHEATH_HEADER_LEN) {
		/* RFC 5288 section 3: salt | nonce_explicit */
		memcpy(nonce, dir->iv, 4);
		memcpy(nonce + 4, explicit_nonce, SHEATH_EXPLICIT_LEN);
	} else {
		sheath_framing_nonce_xor(nonce, dir->iv, dir->seq);
	}
}

static void advance(struct sheath_dir *dir)
{
	dir->explicit_nonce++;
	if (!++dir->seq) {
		dir->seq--;
		dir->seq_end = true;
	}
}

/* the transform may hand a request to a helper thread: wait for that very request */
static int crypt(struct sheath_dir *dir, int (*fn)(struct aead_request *), u32 len,
		 struct sheath_sgl *src, struct sheath_sgl *dst)
{
	DECLARE_CRYPTO_WAIT(wait);

	aead_request_set_callback(dir->req, CRYPTO_TFM_REQ_MAY_SLEEP | CRYPTO_TFM_REQ_MAY_BACKLOG,
				  crypto_req_done, &wait);
	aead_request_set_ad(dir->req, src->sg[0].length);
	aead_request_set_crypt(dir->req, src->sg, dst->sg, len, dir->nonce);
	return crypto_wait_req(fn(dir->req), &wait);
}

/**
 * sheath_record_seal_begin() - write what surrounds the ciphertext
 * @dir: sending direction with a sequence number left
 * @type: content type
 * @len: bytes of content, at most 2^14
 * @prepend: @dir->prepend bytes: header and explicit nonce are written here
 * @append: @dir->append bytes: the inner type, if there is one, is written to the first
 *
 * Return: the length of the additional data; the caller puts @dir->aad with this length
 * first in both lists.
 */
unsigned int sheath_record_seal_begin(struct sheath_dir *dir, u8 type, u32 len, u8 *prepend,
				      u8 *append)
{
	struct sheath_header h = {
		.type = type,
		.version = WIRE_VERSION,
		.len = dir->prepend - SHEATH_HEADER_LEN + len + dir->append,
	};

	if (dir->ver->has_inner_type) {
		append[0] = type;
		h.type = SHEATH_CT_DATA;
	}
	sheath_framing_put_header(prepend, &h);
	if (dir->prepend > SHEATH_HEADER_LEN)
		sheath_framing_put_u64(prepend + SHEATH_HEADER_LEN, dir->explicit_nonce);
	set_nonce(dir, prepend + SHEATH_HEADER_LEN);
	return dir->ver->aad(dir, &h);
}

/**
 * sheath_record_seal() - encrypt and use up a sequence number
 * @dir: after sheath_record_seal_begin()
 * @len: bytes of content
 * @src: additional data | content | inner type
 * @dst: additional data | ciphertext | tag; may be the same memory, or list, as @src
 *
 * Context: process, may sleep.
 *
 * Return: 0, or a negative errno; the number is used up in either case, and the caller
 * gives up the direction.
 */
int sheath_record_seal(struct sheath_dir *dir, u32 len, struct sheath_sgl *src,
		       struct sheath_sgl *dst)
{
	int rc = crypt(dir, crypto_aead_encrypt, len + dir->append - dir->suite->tag_len, src, dst);

	advance(dir);
	return rc;
}

/**
 * sheath_record_check() - judge a header before anything is waited for or allocated
 * @dir: receiving direction
 * @h: header as received
 *
 * The length of an AEAD record says how long its plaintext is, so a record that would
 * overflow 2^14 bytes is refused here although RFC 5246 section 6.2.3 and RFC 8446
 * section 5.2 allow for longer protected records. Of several faults, in-tree TLS reports
 * the length first.
 *
 * Return:
 * * 0			- worth receiving
 * * %-EINVAL		- TLS 1.2: wrong version; 1.3 ignores it (RFC 8446 section 5.1)
 * * %-EMSGSIZE		- too long
 * * %-EBADMSG		- too short for nonce, inner type and tag
 * * %-EPROTO		- TLS 1.3: outer type is not application_data
 */
int sheath_record_check(const struct sheath_dir *dir, const struct sheath_header *h)
{
	unsigned int overhead = dir->prepend - SHEATH_HEADER_LEN + dir->append;

	if (h->len > SHEATH_PLAIN_MAX + overhead)
		return -EMSGSIZE;
	if (h->len < overhead)
		return -EBADMSG;
	if (!dir->ver->has_inner_type)
		return h->version == WIRE_VERSION ? 0 : -EINVAL;
	return h->type == SHEATH_CT_DATA ? 0 : -EPROTO;
}

/**
 * sheath_record_open_begin() - ready nonce and additional data of a received record
 * @dir: receiving direction with a sequence number left
 * @h: header as received, judged
 * @explicit_nonce: the 8 bytes behind the header, where @dir->prepend counts them
 *
 * Return: the length of the additional data; the caller puts @dir->aad with this length
 * first in both lists.
 */
unsigned int sheath_record_open_begin(struct sheath_dir *dir, const struct sheath_header *h,
				      const u8 *explicit_nonce)
{
	set_nonce(dir, explicit_nonce);
	return dir->ver->aad(dir, h);
}

/**
 * sheath_record_inner_type() - decrypt one byte of a record before it is authenticated
 * @dir: after sheath_record_open_begin()
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
 * @len: bytes of ciphertext and tag
 * @src: additional data | ciphertext | tag
 * @dst: additional data | room for the plaintext, inner type and padding included
 *
 * Context: process, may sleep.
 *
 * Return:
 * * 0			- @dst holds the plaintext
 * * %-EBADMSG		- the tag does not verify; @dst may hold anything and must be wiped
 * * other		- from the crypto API; likewise
 */
int sheath_record_open(struct sheath_dir *dir, u32 len, struct sheath_sgl *src,
		       struct sheath_sgl *dst)
{
	int rc = crypt(dir, crypto_aead_decrypt, len, src, dst);

	advance(dir);
	return rc;
}
