// SPDX-License-Identifier: GPL-2.0
/* AEAD: RFC 5246 section 6.2.3.3, RFC 8446 section 5.2. */
#include <linux/crypto.h>
#include <linux/string.h>

#include <crypto/internal/cipher.h>

#include "record/direction.h"
#include "record/key.h"

static int init_keystream(struct sheath_dir *dir)
{
	const struct sheath_suite *suite = dir->suite;
	unsigned int i;

	if (!suite->block_alg) {
		for (i = 0; i < suite->key_len / 4; i++)
			dir->stream_key[i] = get_unaligned_le32(dir->key + 4 * i);
		return 0;
	}
	dir->block = crypto_alloc_cipher(suite->block_alg, 0, 0);
	if (IS_ERR(dir->block)) {
		int rc = PTR_ERR(dir->block);

		dir->block = NULL;
		return rc;
	}
	return crypto_cipher_setkey(dir->block, dir->key, suite->key_len);
}

static int aead_init(struct sheath_dir *dir, const struct sheath_key_params *key)
{
	const struct sheath_suite *suite = dir->suite;
	int rc;

	dir->prepend = SHEATH_HEADER_LEN + (dir->ver->has_explicit ? suite->explicit_len : 0);
	dir->append = suite->tag_len + (dir->ver->has_inner_type ? 1 : 0);
	dir->append_min = dir->append;
	dir->cut = suite->tag_len;
	dir->explicit_nonce = key->iv_len == SHEATH_NONCE_LEN ?
			      sheath_framing_get_u64(key->iv + 4) : key->rec_seq;

	/* not masked to synchronous ones: that would select the generic C code on x86 */
	dir->aead = crypto_alloc_aead(suite->alg, 0, 0);
	if (IS_ERR(dir->aead)) {
		rc = PTR_ERR(dir->aead);
		dir->aead = NULL;
		return rc;
	}
	rc = crypto_aead_setkey(dir->aead, dir->key, suite->key_len) ?:
	     crypto_aead_setauthsize(dir->aead, suite->tag_len);
	if (rc)
		return rc;
	dir->req = aead_request_alloc(dir->aead, GFP_KERNEL);
	return dir->req ? init_keystream(dir) : -ENOMEM;
}

static void aead_exit(struct sheath_dir *dir)
{
	if (dir->block)
		crypto_free_cipher(dir->block);
	if (dir->req)
		aead_request_free(dir->req);
	if (dir->aead)
		crypto_free_aead(dir->aead);
}

static void set_nonce(struct sheath_dir *dir, u64 seq, const u8 *explicit_nonce)
{
	u8 *nonce = dir->nonce;

	if (dir->suite->iv_prefix)
		*nonce++ = dir->suite->iv_prefix;
	if (dir->prepend > SHEATH_HEADER_LEN) {
		/* RFC 5288 section 3: salt | nonce_explicit */
		memcpy(nonce, dir->iv, 4);
		memcpy(nonce + 4, explicit_nonce, SHEATH_EXPLICIT_LEN);
	} else {
		sheath_framing_nonce_xor(nonce, dir->iv, seq);
	}
}

/**
 * sheath_record_look_ahead() - ready the nonce of a record that is not the next one
 * @dir: receiving direction of TLS 1.3
 * @ahead: how many records are before it
 *
 * For sheath_record_inner_type() only.
 */
void sheath_record_look_ahead(struct sheath_dir *dir, u32 ahead)
{
	set_nonce(dir, dir->seq + ahead, NULL);
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

static unsigned int aead_seal_begin(struct sheath_dir *dir, const struct sheath_header *h,
				    u8 *prepend, u8 *append)
{
	if (dir->prepend > SHEATH_HEADER_LEN)
		sheath_framing_put_u64(prepend + SHEATH_HEADER_LEN, dir->explicit_nonce);
	set_nonce(dir, dir->seq, prepend + SHEATH_HEADER_LEN);
	return dir->ver->aad(dir, h);
}

static int aead_seal(struct sheath_dir *dir, u32 len, struct sheath_sgl *src,
		     struct sheath_sgl *dst)
{
	return crypt(dir, crypto_aead_encrypt, len + dir->append - dir->cut, src, dst);
}

/*
 * The length of an AEAD record says how long its plaintext is, so a record that would
 * overflow 2^14 bytes is refused here although RFC 5246 section 6.2.3 and RFC 8446
 * section 5.2 allow for longer protected records.
 */
static int aead_check(const struct sheath_dir *dir, const struct sheath_header *h)
{
	unsigned int overhead = dir->prepend - SHEATH_HEADER_LEN + dir->append;

	if (h->len > dir->content_max + overhead)
		return -EMSGSIZE;
	return h->len < overhead ? -EBADMSG : 0;
}

static unsigned int aead_open_begin(struct sheath_dir *dir, const struct sheath_header *h,
				    const u8 *explicit_nonce)
{
	set_nonce(dir, dir->seq, explicit_nonce);
	return dir->ver->aad(dir, h);
}

static long aead_open(struct sheath_dir *dir, u32 len, struct sheath_sgl *src,
		      struct sheath_sgl *dst)
{
	return crypt(dir, crypto_aead_decrypt, len, src, dst) ?: (long)(len - dir->cut);
}

const struct sheath_protect sheath_protect_aead = {
	.init = aead_init,
	.exit = aead_exit,
	.seal_begin = aead_seal_begin,
	.seal = aead_seal,
	.check = aead_check,
	.open_begin = aead_open_begin,
	.open = aead_open,
	.direct = true,
};
