// SPDX-License-Identifier: GPL-2.0
/*
 * Which algorithms this kernel has.
 *
 * The crypto API does not remember what it failed to find: each time it is asked it runs
 * modprobe, up to a dozen times for a mode of a cipher that is not there. So each algorithm is
 * allocated once when the module is loaded. What is missing then stays missing until the module
 * is loaded again, and nobody's request asks for it.
 *
 * What was there can go: a faster cipher that is loaded later takes the modes of the slower
 * one with it. It is made again before its next use, see sheath_alg_ready().
 */
#include "record/alg.h"

#include <crypto/aead.h>
#include <crypto/hash.h>
#include <crypto/internal/cipher.h>
#include <crypto/skcipher.h>
#include <linux/crypto.h>
#include <linux/err.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include <linux/sheath.h>

#include "record/mac.h"
#include "record/secret.h"
#include "record/suite.h"

#define ALGS_MAX	32

/**
 * struct alg - an algorithm some suite needs
 * @name: in the crypto API
 * @touch: allocates and frees one; 0 or a negative errno
 * @missing: this kernel has none
 */
struct alg {
	const char	*name;
	int		(*touch)(const char *name);
	bool		missing;
};

/* filled by sheath_alg_init(); @missing alone changes later */
static struct alg algs[ALGS_MAX];
static unsigned int n_algs;

static void remake(struct work_struct *work);
static DECLARE_WORK(remake_work, remake);

/* an allocation also brings in what a cipher falls back to, a question for its name does not */
#define TOUCH(kind)							\
static int touch_##kind(const char *name)				\
{									\
	struct crypto_##kind *tfm = crypto_alloc_##kind(name, 0, 0);	\
									\
	if (IS_ERR(tfm))						\
		return PTR_ERR(tfm);					\
	crypto_free_##kind(tfm);					\
	return 0;							\
}

TOUCH(aead)
TOUCH(cipher)
TOUCH(skcipher)
TOUCH(shash)

static struct alg *find(const char *name)
{
	unsigned int i;

	for (i = 0; i < n_algs; i++) {
		if (!strcmp(algs[i].name, name))
			return &algs[i];
	}
	return NULL;
}

/* Return: 0, or why it cannot be had right now; %-ENOENT if it cannot at all */
static int touch(struct alg *alg)
{
	int rc = alg->touch(alg->name);

	switch (rc) {
	case 0:
	case -ENOMEM:
	case -EINTR:
	case -ERESTARTSYS:
		return rc;
	default:
		WRITE_ONCE(alg->missing, true);
		return -ENOENT;
	}
}

static int add(const char *name, int (*touch_fn)(const char *name))
{
	struct alg *alg = &algs[n_algs];
	int rc;

	if (!name || find(name))
		return 0;
	if (WARN_ON_ONCE(n_algs == ARRAY_SIZE(algs)))
		return -ENOSPC;
	n_algs++;
	alg->name = name;
	alg->touch = touch_fn;
	rc = touch(alg);
	return rc == -ENOENT ? 0 : rc;
}

/* a mode of a cipher that is missing would be looked for in a dozen ways */
static int add_suite(const struct sheath_suite *suite)
{
	int rc = add(suite->block_alg, touch_cipher);

	if (rc || !suite->alg || (suite->block_alg && !sheath_alg_exists(suite->block_alg)))
		return rc;
	return add(suite->alg, suite->tag_len ? touch_aead : touch_skcipher);
}

/* what is registered and tested, without a search for what is not */
static bool is_at_hand(const char *name)
{
	return crypto_has_alg(name, CRYPTO_ALG_TESTED, CRYPTO_ALG_TESTED | CRYPTO_NOLOAD);
}

static void remake(struct work_struct *work)
{
	unsigned int i;

	for (i = 0; i < n_algs; i++) {
		if (!READ_ONCE(algs[i].missing) && !is_at_hand(algs[i].name))
			touch(&algs[i]);
	}
}

/**
 * sheath_alg_exists() - has this kernel an algorithm?
 * @name: in the crypto API; NULL needs none
 *
 * Context: any.
 */
bool sheath_alg_exists(const char *name)
{
	const struct alg *alg = name ? find(name) : NULL;

	return !name || (alg && !READ_ONCE(alg->missing));
}

/**
 * sheath_alg_ready() - have an algorithm at hand, so that its allocation loads nothing
 * @name: in the crypto API; NULL needs none
 * @how: whether this may load modules
 *
 * With SHEATH_ALG_DEFER nothing is loaded here, but on Linux 6.1, which has no way to ask for
 * an algorithm without making it: there one that went is made again while the caller waits.
 *
 * Context: process, sleeps.
 *
 * Return:
 * * 0		- at hand
 * * %-ENOENT	- this kernel has none
 * * %-EAGAIN	- it is being loaded, with SHEATH_ALG_DEFER
 * * %-ENOMEM, %-EINTR, %-ERESTARTSYS - from the crypto API
 */
int sheath_alg_ready(const char *name, enum sheath_alg_how how)
{
	struct alg *alg;

	if (!sheath_alg_exists(name))
		return -ENOENT;
	if (!name || is_at_hand(name))
		return 0;
	alg = find(name);
	if (how == SHEATH_ALG_LOAD)
		return touch(alg);
	schedule_work(&remake_work);
	return -EAGAIN;
}

/**
 * sheath_alg_init() - find out what this kernel has, and load it
 *
 * Context: process, sleeps and loads modules.
 *
 * Return: 0, %-ENOMEM, or %-EINTR if whoever loads the module gave up.
 */
int sheath_alg_init(void)
{
	const struct sheath_mac_alg *mac;
	unsigned int i;
	u16 cipher;
	int rc = 0;

	for (i = SHEATH_HASH_SHA256; !rc && i <= SHEATH_HASH_SHA384; i++)
		rc = add(sheath_secret_hmac(i), touch_shash);
	for (i = SHEATH_MAC_SHA1; !rc && (mac = sheath_mac_find(i)); i++)
		rc = add(mac->hash, touch_shash) ?: add(mac->hmac, touch_shash);
	for (i = 0; !rc && (cipher = sheath_suite_nth(i)); i++)
		rc = add_suite(sheath_suite_find(cipher));
	return rc;
}

/**
 * sheath_alg_exit() - undo sheath_alg_init()
 *
 * Context: process, sleeps. Nobody asks any more.
 */
void sheath_alg_exit(void)
{
	cancel_work_sync(&remake_work);
}
