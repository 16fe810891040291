// SPDX-License-Identifier: GPL-2.0
/* A module that does wrong when it is loaded, for check-rig: what the rigs have to notice. */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/delay.h>

static char *what = "";
module_param(what, charp, 0444);

static DEFINE_SPINLOCK(a);
static DEFINE_SPINLOCK(b);

static void lockdep(void)
{
	spin_lock(&a);
	spin_lock(&b);
	spin_unlock(&b);
	spin_unlock(&a);
	spin_lock(&b);
	spin_lock(&a);
	spin_unlock(&a);
	spin_unlock(&b);
}

static void kasan(void)
{
	char *p = kmalloc(64, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(p);
	if (p)
		READ_ONCE(p[64]);
	kfree(p);
}

static void atomic(void)
{
	spin_lock(&a);
	msleep(1);
	spin_unlock(&a);
}

/* several: kmemleak misses one that what is left in some other memory still points to */
static void leak(void)
{
	char *p;
	int i;

	for (i = 0; i < 16; i++) {
		p = kmalloc(64, GFP_KERNEL);
		OPTIMIZER_HIDE_VAR(p);
	}
}

static void warn(void)
{
	WARN_ON(1);
}

static void die(void)
{
	panic("trouble");
}

static const struct {
	const char *name;
	void (*make)(void);
} troubles[] = {
	{ "lockdep", lockdep },
	{ "kasan", kasan },
	{ "atomic", atomic },
	{ "leak", leak },
	{ "warn", warn },
	{ "panic", die },
};

static int __init trouble_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(troubles); i++)
		if (!strcmp(what, troubles[i].name))
			troubles[i].make();
	return 0;
}

static void __exit trouble_exit(void)
{
}

module_init(trouble_init);
module_exit(trouble_exit);
MODULE_DESCRIPTION("What the rigs of sheath have to notice");
MODULE_LICENSE("GPL");
