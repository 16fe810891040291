// SPDX-License-Identifier: GPL-2.0
/*
 * Cipher and MAC: MAC-then-encrypt (RFC 5246 section 6.2.3.2; RFC 2246 for an IV that is the
 * last block of ciphertext), encrypt-then-MAC (RFC 7366), and MAC alone (section 6.2.3.1).
 *
 * Payload is read twice, so it is a copy that is sealed, in place; pages of others could
 * change in between.
 */
#include <crypto/algapi.h>
#include <crypto/skcipher.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/string.h>

#include "record/direction.h"
#include "record/key.h"
#include "record/mac.h"

/* records of a peer that has the same limit may be under way when it is reached */
#define BLOCKS_GRACE	4096

static int mac_init(struct sheath_dir *dir, const struct sheath_key_params *key,
		    bool secret_padding)
{
	const struct sheath_mac_alg *alg = sheath_mac_find(key->mac);
	struct sheath_hmac *mac = sheath_mac_alloc(alg, key, dir->ver->ssl3, secret_padding);

	if (IS_ERR(mac))
		return PTR_ERR(mac);
	dir->mac = mac;
	dir->prepend = SHEATH_HEADER_LEN;
	dir->append = mac->len;
	dir->append_min = mac->len;
	return 0;
}

static int cbc_init(struct sheath_dir *dir, const struct sheath_key_params *key)
{
	int rc;

	dir->cbc = crypto_alloc_skcipher(dir->suite->alg, 0, 0);
	if (IS_ERR(dir->cbc)) {
		rc = PTR_ERR(dir->cbc);
		dir->cbc = NULL;
		return rc;
	}
	rc = crypto_skcipher_setkey(dir->cbc, dir->key, dir->suite->key_len);
	if (rc)
		return rc;
	dir->cbc_req = skcipher_request_alloc(dir->cbc, GFP_KERNEL);
	if (!dir->cbc_req)
		return -ENOMEM;
	dir->n_block = crypto_skcipher_blocksize(dir->cbc);
	dir->prepend += dir->ver->chains_iv ? 0 : dir->n_block;
	dir->append += dir->n_block;
	dir->append_min += 1;
	/* who knows the IV of the next record may choose its first block: RFC 4346 section F.3 */
	dir->splits = dir->ver->chains_iv && key->flags == SHEATH_KEY_TX;
	return 0;
}

static int mte_init(struct sheath_dir *dir, const struct sheath_key_params *key)
{
	return mac_init(dir, key, key->flags == SHEATH_KEY_RX) ?: cbc_init(dir, key);
}

static int etm_init(struct sheath_dir *dir, const struct sheath_key_params *key)
{
	int rc = mac_init(dir, key, false) ?: cbc_init(dir, key);

	if (!rc)
		dir->cut = dir->mac->len;
	return rc;
}

static int null_init(struct sheath_dir *dir, const struct sheath_key_params *key)
{
	return mac_init(dir, key, false);
}

static void mac_exit(struct sheath_dir *dir)
{
	if (dir->cbc_req)
		skcipher_request_free(dir->cbc_req);
	if (dir->cbc)
		crypto_free_skcipher(dir->cbc);
	sheath_mac_free(dir->mac);
}

/* bytes of padding behind @len bytes, padding_length included */
static u32 pad_len(const struct sheath_dir *dir, u32 len)
{
	return dir->n_block - len % dir->n_block;
}

static unsigned int mte_append(const struct sheath_dir *dir, u32 len)
{
	return dir->mac->len + pad_len(dir, len + dir->mac->len);
}

static unsigned int etm_append(const struct sheath_dir *dir, u32 len)
{
	return dir->mac->len + pad_len(dir, len);
}

/* RFC 6101 section 5.2.3.1: seq_num | type | length */
static unsigned int strip_version(u8 *aad)
{
	memmove(aad + SHEATH_SSL3_AAD_LEN - 2, aad + SHEATH_AAD12_LEN - 2, 2);
	return SHEATH_SSL3_AAD_LEN;
}

/* seq_num | type | version | length: RFC 5246 section 6.2.3.1 */
static unsigned int put_aad(struct sheath_dir *dir, const struct sheath_header *h, u32 len)
{
	struct sheath_header plain = *h;

	plain.len = len;
	sheath_framing_aad12(dir->aad, dir->seq, &plain);
	return dir->ver->ssl3 ? strip_version(dir->aad) : SHEATH_AAD12_LEN;
}

/* RFC 7366 section 3: the IV and the length of the ciphertext, which includes it, count */
static unsigned int put_aad_etm(struct sheath_dir *dir, const struct sheath_header *h)
{
	unsigned int iv_len = dir->prepend - SHEATH_HEADER_LEN;

	memcpy(dir->aad + SHEATH_AAD12_LEN, dir->nonce, iv_len);
	return put_aad(dir, h, h->len - dir->cut) + iv_len;
}

/* RFC 4346 section 6.2.3.2: an IV nobody can foresee, for each record */
static void make_iv(struct sheath_dir *dir, u8 *prepend)
{
	if (dir->ver->chains_iv)
		return;
	get_random_bytes(prepend + SHEATH_HEADER_LEN, dir->n_block);
	memcpy(dir->nonce, prepend + SHEATH_HEADER_LEN, dir->n_block);
}

static unsigned int mte_seal_begin(struct sheath_dir *dir, const struct sheath_header *h,
				   u8 *prepend, u8 *append)
{
	make_iv(dir, prepend);
	dir->append_at = append;
	/* the header does not tell how much of it is content */
	return put_aad(dir, h, 0);
}

static unsigned int etm_seal_begin(struct sheath_dir *dir, const struct sheath_header *h,
				   u8 *prepend, u8 *append)
{
	make_iv(dir, prepend);
	dir->append_at = append;
	return put_aad_etm(dir, h);
}

static unsigned int null_seal_begin(struct sheath_dir *dir, const struct sheath_header *h,
				    u8 *prepend, u8 *append)
{
	dir->append_at = append;
	return put_aad(dir, h, h->len - dir->append);
}

/* the lists begin with additional data, which the cipher knows nothing of */
static int crypt(struct sheath_dir *dir, int (*fn)(struct skcipher_request *), u32 len,
		 struct sheath_sgl *src, struct sheath_sgl *dst)
{
	u8 *iv = dir->ver->chains_iv ? dir->iv : dir->nonce;
	DECLARE_CRYPTO_WAIT(wait);

	skcipher_request_set_callback(dir->cbc_req,
				      CRYPTO_TFM_REQ_MAY_SLEEP | CRYPTO_TFM_REQ_MAY_BACKLOG,
				      crypto_req_done, &wait);
	skcipher_request_set_crypt(dir->cbc_req, &src->sg[1], &dst->sg[1], len, iv);
	dir->blocks += len / dir->n_block;
	if (dir->suite->limits_blocks && dir->blocks >= dir->suite->limit_hard + BLOCKS_GRACE)
		dir->seq_end = true;
	/* CBC of the crypto API leaves the last block of ciphertext in @iv */
	return crypto_wait_req(fn(dir->cbc_req), &wait);
}

static void put_padding(u8 *at, u32 n)
{
	memset(at, n - 1, n);
}

static int mte_seal(struct sheath_dir *dir, u32 len, struct sheath_sgl *src,
		    struct sheath_sgl *dst)
{
	u32 mac_len = dir->mac->len, pad = pad_len(dir, len + mac_len);
	int rc;

	sheath_framing_put_u16(dir->aad + dst->sg[0].length - 2, len);
	rc = sheath_mac_list(dir->mac, dst, len, dir->append_at);
	if (rc)
		return rc;
	put_padding(dir->append_at + mac_len, pad);
	return crypt(dir, crypto_skcipher_encrypt, len + mac_len + pad, dst, dst);
}

static int etm_seal(struct sheath_dir *dir, u32 len, struct sheath_sgl *src,
		    struct sheath_sgl *dst)
{
	u32 pad = pad_len(dir, len);

	put_padding(dir->append_at, pad);
	return crypt(dir, crypto_skcipher_encrypt, len + pad, dst, dst) ?:
	       sheath_mac_list(dir->mac, dst, len + pad, dir->append_at + pad);
}

static int null_seal(struct sheath_dir *dir, u32 len, struct sheath_sgl *src,
		     struct sheath_sgl *dst)
{
	return sheath_mac_list(dir->mac, dst, len, dir->append_at);
}

/* every length that is looked at is public: nothing was decrypted yet */
static int check(const struct sheath_dir *dir, const struct sheath_header *h, u32 min, u32 max,
		 u32 unaligned)
{
	u32 iv_len = dir->prepend - SHEATH_HEADER_LEN;

	if (h->len > dir->content_max + max + iv_len)
		return -EMSGSIZE;
	if (h->len < min + iv_len)
		return -EBADMSG;
	return dir->n_block && (h->len - iv_len - unaligned) % dir->n_block ? -EBADMSG : 0;
}

static int mte_check(const struct sheath_dir *dir, const struct sheath_header *h)
{
	u32 mac_len = dir->mac->len;

	return check(dir, h, mac_len + 1,
		     mac_len + (dir->ver->ssl3 ? dir->n_block : SHEATH_CT_PAD_MAX), 0);
}

static int etm_check(const struct sheath_dir *dir, const struct sheath_header *h)
{
	return check(dir, h, dir->n_block + dir->cut, SHEATH_CT_PAD_MAX + dir->cut, dir->cut);
}

static int null_check(const struct sheath_dir *dir, const struct sheath_header *h)
{
	return check(dir, h, dir->append, dir->append, 0);
}

static void take_iv(struct sheath_dir *dir, const u8 *explicit_iv)
{
	memcpy(dir->nonce, explicit_iv, dir->prepend - SHEATH_HEADER_LEN);
}

static unsigned int mte_open_begin(struct sheath_dir *dir, const struct sheath_header *h,
				   const u8 *explicit_iv)
{
	take_iv(dir, explicit_iv);
	/* how long the content is will turn out */
	return put_aad(dir, h, 0);
}

static unsigned int etm_open_begin(struct sheath_dir *dir, const struct sheath_header *h,
				   const u8 *explicit_iv)
{
	take_iv(dir, explicit_iv);
	return put_aad_etm(dir, h);
}

static unsigned int null_open_begin(struct sheath_dir *dir, const struct sheath_header *h,
				    const u8 *explicit_iv)
{
	return put_aad(dir, h, h->len - dir->append);
}

/**
 * struct chain - what one record leaves for the next
 * @iv: IV, where it is the last block of ciphertext
 * @blocks: as in struct sheath_dir
 * @seq_end: likewise
 */
struct chain {
	u8	iv[SHEATH_IV_MAX];
	u64	blocks;
	bool	seq_end;
};

static struct chain chain_get(const struct sheath_dir *dir)
{
	struct chain c = { .blocks = dir->blocks, .seq_end = dir->seq_end };

	memcpy(c.iv, dir->iv, sizeof(c.iv));
	return c;
}

/* a record that is opened again for want of memory begins where it began before */
static long chain_back(struct sheath_dir *dir, const struct chain *c, long rc)
{
	if (likely(rc != -ENOMEM))
		return rc;
	memcpy(dir->iv, c->iv, sizeof(c->iv));
	dir->blocks = c->blocks;
	dir->seq_end = c->seq_end;
	return rc;
}

static long mte_open(struct sheath_dir *dir, u32 len, struct sheath_sgl *src,
		     struct sheath_sgl *dst)
{
	const struct chain c = chain_get(dir);

	return chain_back(dir, &c, crypt(dir, crypto_skcipher_decrypt, len, src, dst) ?:
			  sheath_mac_verify_ct(dir->mac, dir->aad, dst, len, dir->n_block));
}

static int verify(struct sheath_dir *dir, const struct sheath_sgl *l, u32 len)
{
	u8 want[SHEATH_CT_MAC_MAX], got[SHEATH_CT_MAC_MAX];
	u32 n = dir->mac->len;
	int rc = sheath_mac_list(dir->mac, l, len, want);

	sheath_sgl_copy(l, len, got, n);
	if (!rc && crypto_memneq(want, got, n))
		rc = -EBADMSG;
	memzero_explicit(want, sizeof(want));
	return rc;
}

static long etm_open(struct sheath_dir *dir, u32 len, struct sheath_sgl *src,
		     struct sheath_sgl *dst)
{
	const struct chain c = chain_get(dir);
	u32 n = len - dir->cut;

	return chain_back(dir, &c, verify(dir, src, n) ?:
			  crypt(dir, crypto_skcipher_decrypt, n, src, dst) ?:
			  sheath_mac_unpad(dir->mac, dst, n));
}

/* what is delivered is what was verified: the bytes in @dst, whoever writes to @src */
static long null_open(struct sheath_dir *dir, u32 len, struct sheath_sgl *src,
		      struct sheath_sgl *dst)
{
	u32 n = len - dir->append, off = 0;
	unsigned int i;

	for (i = 1; i < dst->n; i++) {
		sheath_sgl_copy(src, off, sg_virt(&dst->sg[i]), dst->sg[i].length);
		off += dst->sg[i].length;
	}
	return verify(dir, dst, n) ?: (long)n;
}

const struct sheath_protect sheath_protect_mte = {
	.init = mte_init,
	.exit = mac_exit,
	.append = mte_append,
	.seal_begin = mte_seal_begin,
	.seal = mte_seal,
	.check = mte_check,
	.open_begin = mte_open_begin,
	.open = mte_open,
	.snapshot = true,
};

const struct sheath_protect sheath_protect_etm = {
	.init = etm_init,
	.exit = mac_exit,
	.append = etm_append,
	.seal_begin = etm_seal_begin,
	.seal = etm_seal,
	.check = etm_check,
	.open_begin = etm_open_begin,
	.open = etm_open,
	.snapshot = true,
};

const struct sheath_protect sheath_protect_null = {
	.init = null_init,
	.exit = mac_exit,
	.seal_begin = null_seal_begin,
	.seal = null_seal,
	.check = null_check,
	.open_begin = null_open_begin,
	.open = null_open,
	.snapshot = true,
};
