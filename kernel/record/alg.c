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
 * one with it, and AF_ALG lets any user load one. It is made again before its next use, by a
 * work item: in a process that is being killed the crypto API fails as if there were no such
 * algorithm, and a user who kills his own must not take it away from the others. For the same
 * reason a failure of later is never the last word.
 */
#include "record/alg.h"

#include <crypto/aead.h>
#include <crypto/hash.h>
#include <crypto/internal/cipher.h>
#include <crypto/skcipher.h>
#include <linux/crypto.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <linux/sheath.h>

#include "record/mac.h"
#include "record/secret.h"
#include "record/suite.h"

#define ALGS_MAX	32
/* between two searches for what is gone and could not be made again: they run modprobe */
#define SEARCH_PAUSE	(10 * HZ)

/**
 * struct alg - an algorithm some suite needs
 * @name: in the crypto API
 * @touch: allocates and frees one; 0 or a negative errno
 * @missing: this kernel has none
 * @failed: it went, and could not be made again
 * @pause_end: in jiffies, when to look for it again; written before @failed
 */
struct alg {
	const char	*name;
	int		(*touch)(const char *name);
	bool		missing;
	bool		failed;
	unsigned long	pause_end;
};

/* filled by sheath_alg_init(); remake() alone changes what says it failed */
static struct alg algs[ALGS_MAX];
static unsigned int n_algs;

static void remake(struct work_struct *work);
static DECLARE_WORK(remake_work, remake);
/* how often it ran to its end, and who waits for that */
static unsigned int remade;
static DECLARE_WAIT_QUEUE_HEAD(remade_wait);

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
	rc = touch_fn(name);
	if (fatal_signal_pending(current))
		return -EINTR;
	if (rc && rc != -ENOMEM && rc != -EINTR) {
		alg->missing = true;
		rc = 0;
	}
	return rc;
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

static bool may_search(const struct alg *alg)
{
	/* pairs with smp_store_release() in search() */
	return !smp_load_acquire(&alg->failed) || time_after_eq(jiffies, READ_ONCE(alg->pause_end));
}

static void search(struct alg *alg)
{
	bool failed = alg->touch(alg->name);

	WRITE_ONCE(alg->pause_end, jiffies + SEARCH_PAUSE);
	/* pairs with smp_load_acquire() in may_search() */
	smp_store_release(&alg->failed, failed);
}

static void remake(struct work_struct *work)
{
	unsigned int i;

	for (i = 0; i < n_algs; i++) {
		if (!algs[i].missing && !is_at_hand(algs[i].name) && may_search(&algs[i]))
			search(&algs[i]);
	}
	WRITE_ONCE(remade, remade + 1);
	wake_up_all(&remade_wait);
}

/*
 * A run that was under way may have passed the algorithm before it went; so there is a second
 * one.
 */
static int wait_remade(const struct alg *alg)
{
	unsigned int i;

	for (i = 0; i < 2 && !is_at_hand(alg->name); i++) {
		unsigned int before = READ_ONCE(remade);

		queue_work(system_long_wq, &remake_work);
		if (wait_event_killable(remade_wait, READ_ONCE(remade) != before))
			return -EINTR;
	}
	return is_at_hand(alg->name) ? 0 : -EAGAIN;
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

	return !name || (alg && !alg->missing);
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
 * * %-EAGAIN	- it is being loaded; with SHEATH_ALG_LOAD: it went, and cannot be made now
 * * %-EINTR	- the caller is being killed
 */
int sheath_alg_ready(const char *name, enum sheath_alg_how how)
{
	struct alg *alg;

	if (!sheath_alg_exists(name))
		return -ENOENT;
	if (!name || is_at_hand(name))
		return 0;
	alg = find(name);
	if (!may_search(alg))
		return -EAGAIN;
	if (how == SHEATH_ALG_LOAD)
		return wait_remade(alg);
	queue_work(system_long_wq, &remake_work);
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
