// SPDX-License-Identifier: GPL-2.0
/*
 * The ULP name of in-tree TLS, so that programs that ask the kernel for TLS get ours.
 *
 * Names are first come, first served, and in-tree TLS ignores that its name is taken: it
 * loads, and when it is unloaded it takes a list entry back that was never in the list,
 * which is a BUG. Bonding and others pull it in, so it cannot be refused. It is kept loaded
 * instead, for good: our being unloaded before it would not help.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "ulp/tls_name.h"

#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/string.h>

#include "ulp/ulp.h"

#define IN_TREE_MODULE	"tls"

static bool compat_tls_ulp;
module_param(compat_tls_ulp, bool, 0444);
MODULE_PARM_DESC(compat_tls_ulp, "also serve the ULP name \"tls\", if in-tree TLS does not");

/*
 * Whose init came first, ours of the name or that of in-tree TLS, is known under it.
 * @registered: the name is ours
 * @held: in-tree TLS is being loaded, and we have a reference to ourselves until it is there: it
 *	must find the name either taken or free for good
 */
static DEFINE_MUTEX(registered_lock);
static bool registered;

static bool held;

/* the name must not change hands while in-tree TLS is being loaded */
static int hold_name(void)
{
	/* going: the name is taken back, and it would not be told where it looks for it */
	if (!try_module_get(THIS_MODULE))
		return -EBUSY;
	held = true;
	return 0;
}

static void let_name_go(void)
{
	if (held)
		module_put(THIS_MODULE);
	held = false;
}

/* that it cannot be removed before this returns is due to the reference its init has */
static void pin(struct module *mod)
{
	if (!registered)
		return;
	__module_get(mod);
	pr_warn("module tls is loaded, but ULP \"tls\" is served by sheath; tls stays loaded until reboot, because removing it would crash the kernel\n");
}

static int module_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct module *mod = data;
	int rc = 0;

	if (strcmp(mod->name, IN_TREE_MODULE))
		return NOTIFY_OK;
	mutex_lock(&registered_lock);
	if (event == MODULE_STATE_COMING)
		rc = hold_name();
	/* its init is over, so either it or we have the name */
	if (event == MODULE_STATE_LIVE)
		pin(mod);
	if (event == MODULE_STATE_LIVE || event == MODULE_STATE_GOING)
		let_name_go();
	mutex_unlock(&registered_lock);
	return rc ? notifier_from_errno(rc) : NOTIFY_OK;
}

static struct notifier_block module_nb = {
	.notifier_call = module_event,
};

/**
 * sheath_alias_init() - serve the ULP name "tls" as well, if that is asked for
 *
 * Without it the module works on under its own name, so nothing here is an error.
 *
 * Context: module init.
 */
void __init sheath_alias_init(void)
{
	int rc;

	if (!compat_tls_ulp)
		return;
	/* first: in-tree TLS may come at any time after our registration */
	rc = register_module_notifier(&module_nb);
	if (rc) {
		pr_warn("ULP \"tls\" is not served: no notice of modules (%d)\n", rc);
		return;
	}
	mutex_lock(&registered_lock);
	rc = sheath_ulp_register_tls();
	registered = !rc;
	mutex_unlock(&registered_lock);
	if (rc) {
		unregister_module_notifier(&module_nb);
		pr_warn("ULP \"tls\" is not served: %s (%d); ULP \"sheath\" is\n",
			rc == -EEXIST ? "in-tree TLS has the name" : "registration failed", rc);
		return;
	}
	pr_info("ULP \"tls\" is served\n");
}

/**
 * sheath_alias_exit() - undo sheath_alias_init()
 *
 * Context: module exit: no socket has the ULP.
 */
void sheath_alias_exit(void)
{
	if (!registered)
		return;
	sheath_ulp_unregister_tls();
	unregister_module_notifier(&module_nb);
}
