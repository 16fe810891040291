// SPDX-License-Identifier: GPL-2.0
/* Ciphers and MACs that fail when they are told to; kcrypt.h has what they can be told. */
#include <crypto/internal/aead.h>
#include <crypto/internal/hash.h>
#include <crypto/internal/skcipher.h>
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include "kcrypt.h"

/* before any other of the name */
#define PRIORITY	9999

static struct dentry *file;
static DEFINE_MUTEX(lock);
static bool added;

static DEFINE_SPINLOCK(fault_lock);
static struct kcrypt_fault fault;
static u32 hits;

/* is this call meant? @f says what for */
static bool met(enum kcrypt_op op, struct kcrypt_fault *f)
{
	bool is_met = false;

	spin_lock_bh(&fault_lock);
	if (fault.op == op && fault.nth) {
		if (fault.nth > 1) {
			fault.nth--;
		} else if (fault.times) {
			fault.times--;
			hits++;
			is_met = true;
		}
		*f = fault;
	}
	spin_unlock_bh(&fault_lock);
	return is_met;
}

/* ---------------------------------------------------------------- AEAD */

/**
 * struct an_aead - one of ours
 * @alg: as the crypto API knows it
 * @driver: who does the work
 */
struct an_aead {
	struct aead_alg	alg;
	char		driver[CRYPTO_MAX_ALG_NAME];
};

struct aead_ctx {
	struct crypto_aead	*inner;
};

struct aead_req {
	struct work_struct	work;
	struct aead_request	*req;
	struct kcrypt_fault	fault;
	bool			encrypts;
	struct aead_request	sub;	/* last: it is longer */
};

static int aead_init(struct crypto_aead *tfm)
{
	struct an_aead *a = container_of(crypto_aead_alg(tfm), struct an_aead, alg);
	struct aead_ctx *ctx = crypto_aead_ctx(tfm);

	ctx->inner = crypto_alloc_aead(a->driver, 0, 0);
	if (IS_ERR(ctx->inner))
		return PTR_ERR(ctx->inner);
	crypto_aead_set_reqsize(tfm, sizeof(struct aead_req) + crypto_aead_reqsize(ctx->inner));
	return 0;
}

static void aead_exit(struct crypto_aead *tfm)
{
	struct aead_ctx *ctx = crypto_aead_ctx(tfm);

	crypto_free_aead(ctx->inner);
}

static int aead_setkey(struct crypto_aead *tfm, const u8 *key, unsigned int len)
{
	struct aead_ctx *ctx = crypto_aead_ctx(tfm);

	return crypto_aead_setkey(ctx->inner, key, len);
}

static int aead_setauthsize(struct crypto_aead *tfm, unsigned int len)
{
	struct aead_ctx *ctx = crypto_aead_ctx(tfm);

	return crypto_aead_setauthsize(ctx->inner, len);
}

static int aead_inner(struct aead_req *r, u32 flags, crypto_completion_t done, void *data)
{
	struct aead_ctx *ctx = crypto_aead_ctx(crypto_aead_reqtfm(r->req));

	aead_request_set_tfm(&r->sub, ctx->inner);
	aead_request_set_callback(&r->sub, flags, done, data);
	aead_request_set_ad(&r->sub, r->req->assoclen);
	aead_request_set_crypt(&r->sub, r->req->src, r->req->dst, r->req->cryptlen, r->req->iv);
	return r->encrypts ? crypto_aead_encrypt(&r->sub) : crypto_aead_decrypt(&r->sub);
}

static int aead_and_wait(struct aead_req *r)
{
	DECLARE_CRYPTO_WAIT(wait);

	return crypto_wait_req(aead_inner(r, CRYPTO_TFM_REQ_MAY_BACKLOG | CRYPTO_TFM_REQ_MAY_SLEEP,
					  crypto_req_done, &wait), &wait);
}

static void aead_later(struct work_struct *work)
{
	struct aead_req *r = container_of(work, struct aead_req, work);
	struct aead_request *req = r->req;
	int rc = aead_and_wait(r);

	rc = r->fault.error ? -(int)r->fault.error : rc;
	local_bh_disable();
	if (r->fault.how == KCRYPT_BACKLOG)
		aead_request_complete(req, -EINPROGRESS);
	aead_request_complete(req, rc);
	local_bh_enable();
}

static int aead_crypt(struct aead_request *req, bool encrypts)
{
	struct aead_req *r = aead_request_ctx(req);

	r->req = req;
	r->encrypts = encrypts;
	if (!met(encrypts ? KCRYPT_ENCRYPT : KCRYPT_DECRYPT, &r->fault))
		return aead_inner(r, req->base.flags, req->base.complete, req->base.data);
	switch (r->fault.how) {
	case KCRYPT_AFTER:
		aead_and_wait(r);
		fallthrough;
	case KCRYPT_BEFORE:
		return -(int)r->fault.error;
	}
	INIT_WORK(&r->work, aead_later);
	schedule_work(&r->work);
	return r->fault.how == KCRYPT_BACKLOG ? -EBUSY : -EINPROGRESS;
}

static int aead_encrypt(struct aead_request *req)
{
	return aead_crypt(req, true);
}

static int aead_decrypt(struct aead_request *req)
{
	return aead_crypt(req, false);
}

#define AEAD(name, drv) { .alg = {						\
	.init = aead_init, .exit = aead_exit,					\
	.setkey = aead_setkey, .setauthsize = aead_setauthsize,			\
	.encrypt = aead_encrypt, .decrypt = aead_decrypt,			\
	.ivsize = 12, .maxauthsize = 16,					\
	.base = {								\
		.cra_name = name, .cra_driver_name = drv,			\
		.cra_priority = PRIORITY, .cra_flags = CRYPTO_ALG_ASYNC,	\
		.cra_blocksize = 1, .cra_ctxsize = sizeof(struct aead_ctx),	\
		.cra_module = THIS_MODULE,					\
	},									\
} }

static struct an_aead aeads[] = {
	AEAD("gcm(aes)", "kcrypt-gcm-aes"),
	AEAD("rfc7539(chacha20,poly1305)", "kcrypt-chacha20-poly1305"),
};

/* ---------------------------------------------------------------- CBC */

struct a_cipher {
	struct skcipher_alg	alg;
	char			driver[CRYPTO_MAX_ALG_NAME];
};

struct cipher_ctx {
	struct crypto_skcipher	*inner;
};

static int cipher_init(struct crypto_skcipher *tfm)
{
	struct a_cipher *a = container_of(crypto_skcipher_alg(tfm), struct a_cipher, alg);
	struct cipher_ctx *ctx = crypto_skcipher_ctx(tfm);

	ctx->inner = crypto_alloc_skcipher(a->driver, 0, 0);
	if (IS_ERR(ctx->inner))
		return PTR_ERR(ctx->inner);
	crypto_skcipher_set_reqsize(tfm, sizeof(struct skcipher_request) +
					 crypto_skcipher_reqsize(ctx->inner));
	return 0;
}

static void cipher_exit(struct crypto_skcipher *tfm)
{
	struct cipher_ctx *ctx = crypto_skcipher_ctx(tfm);

	crypto_free_skcipher(ctx->inner);
}

static int cipher_setkey(struct crypto_skcipher *tfm, const u8 *key, unsigned int len)
{
	struct cipher_ctx *ctx = crypto_skcipher_ctx(tfm);

	return crypto_skcipher_setkey(ctx->inner, key, len);
}

static int cipher_inner(struct skcipher_request *req, bool encrypts)
{
	struct cipher_ctx *ctx = crypto_skcipher_ctx(crypto_skcipher_reqtfm(req));
	struct skcipher_request *sub = skcipher_request_ctx(req);

	skcipher_request_set_tfm(sub, ctx->inner);
	skcipher_request_set_callback(sub, req->base.flags, req->base.complete, req->base.data);
	skcipher_request_set_crypt(sub, req->src, req->dst, req->cryptlen, req->iv);
	return encrypts ? crypto_skcipher_encrypt(sub) : crypto_skcipher_decrypt(sub);
}

/* no CBC of the kernels under test is done by another thread: what is deferred is done at once */
static int cipher_crypt(struct skcipher_request *req, bool encrypts)
{
	struct kcrypt_fault f;
	int rc;

	if (!met(encrypts ? KCRYPT_ENCRYPT : KCRYPT_DECRYPT, &f))
		return cipher_inner(req, encrypts);
	rc = f.how == KCRYPT_BEFORE ? 0 : cipher_inner(req, encrypts);
	if (WARN_ON_ONCE(rc == -EINPROGRESS || rc == -EBUSY))
		return rc;
	return f.error ? -(int)f.error : rc;
}

static int cipher_encrypt(struct skcipher_request *req)
{
	return cipher_crypt(req, true);
}

static int cipher_decrypt(struct skcipher_request *req)
{
	return cipher_crypt(req, false);
}

static struct a_cipher ciphers[] = {
	{ .alg = {
		.init = cipher_init, .exit = cipher_exit, .setkey = cipher_setkey,
		.encrypt = cipher_encrypt, .decrypt = cipher_decrypt,
		.ivsize = 16, .min_keysize = 16, .max_keysize = 32,
		.base = {
			.cra_name = "cbc(aes)", .cra_driver_name = "kcrypt-cbc-aes",
			.cra_priority = PRIORITY, .cra_flags = CRYPTO_ALG_ASYNC,
			.cra_blocksize = 16, .cra_ctxsize = sizeof(struct cipher_ctx),
			.cra_module = THIS_MODULE,
		},
	} },
};

/* ---------------------------------------------------------------- MAC */

struct a_mac {
	struct shash_alg	alg;
	char			driver[CRYPTO_MAX_ALG_NAME];
};

struct mac_ctx {
	struct crypto_shash	*inner;
};

static int mac_init_tfm(struct crypto_shash *tfm)
{
	struct a_mac *a = container_of(crypto_shash_alg(tfm), struct a_mac, alg);
	struct mac_ctx *ctx = crypto_shash_ctx(tfm);

	ctx->inner = crypto_alloc_shash(a->driver, 0, 0);
	return PTR_ERR_OR_ZERO(ctx->inner);
}

static void mac_exit_tfm(struct crypto_shash *tfm)
{
	struct mac_ctx *ctx = crypto_shash_ctx(tfm);

	crypto_free_shash(ctx->inner);
}

static int mac_setkey(struct crypto_shash *tfm, const u8 *key, unsigned int len)
{
	struct mac_ctx *ctx = crypto_shash_ctx(tfm);

	return crypto_shash_setkey(ctx->inner, key, len);
}

static int mac_init(struct shash_desc *desc)
{
	struct mac_ctx *ctx = crypto_shash_ctx(desc->tfm);
	struct shash_desc *sub = shash_desc_ctx(desc);

	sub->tfm = ctx->inner;
	return crypto_shash_init(sub);
}

static int mac_update(struct shash_desc *desc, const u8 *data, unsigned int len)
{
	struct kcrypt_fault f;
	bool is_met = met(KCRYPT_MAC, &f);
	int rc = is_met && f.how == KCRYPT_BEFORE ? 0 :
		 crypto_shash_update(shash_desc_ctx(desc), data, len);

	return is_met && f.error ? -(int)f.error : rc;
}

static int mac_final(struct shash_desc *desc, u8 *out)
{
	return crypto_shash_final(shash_desc_ctx(desc), out);
}

#define MAC(name, drv) { .alg = {						\
	.init_tfm = mac_init_tfm, .exit_tfm = mac_exit_tfm, .setkey = mac_setkey, \
	.init = mac_init, .update = mac_update, .final = mac_final,		\
	.base = {								\
		.cra_name = name, .cra_driver_name = drv,			\
		.cra_priority = PRIORITY, .cra_ctxsize = sizeof(struct mac_ctx),	\
		.cra_module = THIS_MODULE,					\
	},									\
} }

static struct a_mac macs[] = {
	MAC("hmac(sha1)", "kcrypt-hmac-sha1"),
	MAC("hmac(sha256)", "kcrypt-hmac-sha256"),
};

/* ---------------------------------------------------------------- there, and not there */

/* the driver behind a name, which is the best one now */
#define FIND(a, kind) ({							\
	struct crypto_##kind *tfm_ = crypto_alloc_##kind((a)->alg.base.cra_name, 0, 0); \
										\
	if (!IS_ERR(tfm_))							\
		strscpy((a)->driver,						\
			crypto_tfm_alg_driver_name(crypto_##kind##_tfm(tfm_)),	\
			sizeof((a)->driver));					\
	tfm_;									\
})

/* the kernel's self-tests go on behind a registration: what is allocated has passed them */
#define TRY(a, kind) ({								\
	struct crypto_##kind *tfm_ =						\
		crypto_alloc_##kind((a)->alg.base.cra_driver_name, 0, 0);	\
										\
	if (!IS_ERR(tfm_))							\
		crypto_free_##kind(tfm_);					\
	PTR_ERR_OR_ZERO(tfm_);							\
})

static int add_aead(struct an_aead *a)
{
	struct crypto_aead *tfm = FIND(a, aead);

	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	crypto_free_aead(tfm);
	return crypto_register_aead(&a->alg) ?: TRY(a, aead);
}

static int add_cipher(struct a_cipher *a)
{
	struct crypto_skcipher *tfm = FIND(a, skcipher);

	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	crypto_free_skcipher(tfm);
	return crypto_register_skcipher(&a->alg) ?: TRY(a, skcipher);
}

static int add_mac(struct a_mac *a)
{
	struct crypto_shash *tfm = FIND(a, shash);

	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	a->alg.digestsize = crypto_shash_digestsize(tfm);
	/* what is put away and fetched again is the whole of it */
	a->alg.descsize = sizeof(struct shash_desc) + crypto_shash_descsize(tfm);
	a->alg.statesize = a->alg.descsize;
	a->alg.base.cra_blocksize = crypto_tfm_alg_blocksize(crypto_shash_tfm(tfm));
	crypto_free_shash(tfm);
	return crypto_register_shash(&a->alg) ?: TRY(a, shash);
}

static int add(void)
{
	unsigned int n_aead, n_cipher = 0, n_mac = 0;
	int rc = 0;

	if (added)
		return 0;
	for (n_aead = 0; n_aead < ARRAY_SIZE(aeads) && !rc; n_aead++)
		rc = add_aead(&aeads[n_aead]);
	for (; n_cipher < ARRAY_SIZE(ciphers) && !rc; n_cipher++)
		rc = add_cipher(&ciphers[n_cipher]);
	for (; n_mac < ARRAY_SIZE(macs) && !rc; n_mac++)
		rc = add_mac(&macs[n_mac]);
	/* one that is there already is no reason to take the others away: nothing uses them yet */
	WARN_ON(rc);
	added = !rc;
	return rc;
}

static bool in_use(const struct crypto_alg *alg)
{
	return refcount_read(&alg->cra_refcnt) != 1;
}

static int del(void)
{
	unsigned int i;

	if (!added)
		return 0;
	for (i = 0; i < ARRAY_SIZE(aeads); i++)
		if (in_use(&aeads[i].alg.base))
			return -EBUSY;
	for (i = 0; i < ARRAY_SIZE(ciphers); i++)
		if (in_use(&ciphers[i].alg.base))
			return -EBUSY;
	for (i = 0; i < ARRAY_SIZE(macs); i++)
		if (in_use(&macs[i].alg.base))
			return -EBUSY;
	for (i = 0; i < ARRAY_SIZE(aeads); i++)
		crypto_unregister_aead(&aeads[i].alg);
	for (i = 0; i < ARRAY_SIZE(ciphers); i++)
		crypto_unregister_skcipher(&ciphers[i].alg);
	for (i = 0; i < ARRAY_SIZE(macs); i++)
		crypto_unregister_shash(&macs[i].alg);
	added = false;
	return 0;
}

static long set_fault(const void __user *arg)
{
	struct kcrypt_fault f;

	if (copy_from_user(&f, arg, sizeof(f)))
		return -EFAULT;
	if (f.op > KCRYPT_MAC || f.how > KCRYPT_BACKLOG || f.error > MAX_ERRNO)
		return -EINVAL;
	spin_lock_bh(&fault_lock);
	fault = f;
	hits = 0;
	spin_unlock_bh(&fault_lock);
	return 0;
}

static long kcrypt_ioctl(struct file *f, unsigned int cmd, unsigned long arg)
{
	long rc = -ENOTTY;

	mutex_lock(&lock);
	switch (cmd) {
	case KCRYPT_ADD:
		rc = add();
		break;
	case KCRYPT_DEL:
		rc = del();
		break;
	case KCRYPT_FAULT:
		rc = set_fault((void __user *)arg);
		break;
	case KCRYPT_HITS:
		rc = put_user(READ_ONCE(hits), (u32 __user *)arg);
		break;
	}
	mutex_unlock(&lock);
	return rc;
}

static int kcrypt_release(struct inode *inode, struct file *f)
{
	mutex_lock(&lock);
	fault.nth = 0;
	del();
	mutex_unlock(&lock);
	return 0;
}

static const struct file_operations fops = {
	.owner		= THIS_MODULE,
	.release	= kcrypt_release,
	.unlocked_ioctl	= kcrypt_ioctl,
};

static int __init kcrypt_init(void)
{
	file = debugfs_create_file("kcrypt", 0600, NULL, NULL, &fops);
	return PTR_ERR_OR_ZERO(file);
}

static void __exit kcrypt_exit(void)
{
	debugfs_remove(file);
	WARN_ON(del());
}

module_init(kcrypt_init);
module_exit(kcrypt_exit);
MODULE_DESCRIPTION("Ciphers and MACs that fail, for the tests of sheath");
MODULE_LICENSE("GPL");
