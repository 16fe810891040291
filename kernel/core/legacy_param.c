// SPDX-License-Identifier: GPL-2.0
/* What is unsafe and off, unless the administrator asks for it. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "core/legacy_param.h"

#include <linux/bits.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

static const char *const names[SHEATH_LEGACY_MAX] = {
	[SHEATH_LEGACY_SSL3] = "ssl3",
	[SHEATH_LEGACY_TRUNCATED_HMAC] = "truncated-hmac",
	[SHEATH_LEGACY_DEFLATE] = "deflate",
};

static unsigned long allowed;

/* keys that are in use stay so when a name is taken out again */
static int set_legacy(const char *val, const struct kernel_param *kp)
{
	char *copy = kstrdup(val, GFP_KERNEL), *rest, *name;
	unsigned long bits = 0;
	int what, rc = 0;

	if (!copy)
		return -ENOMEM;
	rest = strim(copy);
	while (!rc && (name = strsep(&rest, ",")) && *name) {
		what = match_string(names, SHEATH_LEGACY_MAX, name);
		if (what < 0) {
			pr_err("legacy: there is no \"%s\"\n", name);
			rc = -EINVAL;
		} else {
			pr_warn("legacy: %s enabled; it is insecure\n", name);
			bits |= BIT(what);
		}
	}
	if (!rc)
		WRITE_ONCE(allowed, bits);
	kfree(copy);
	return rc;
}

static int get_legacy(char *buf, const struct kernel_param *kp)
{
	int i, n = 0;

	for (i = 0; i < SHEATH_LEGACY_MAX; i++) {
		if (sheath_legacy(i))
			n += sysfs_emit_at(buf, n, "%s%s", n ? "," : "", names[i]);
	}
	return n + sysfs_emit_at(buf, n, "\n");
}

static const struct kernel_param_ops legacy_ops = {
	.set = set_legacy,
	.get = get_legacy,
};
module_param_cb(legacy, &legacy_ops, NULL, 0644);
MODULE_PARM_DESC(legacy, "what is unsafe and still to be had: ssl3,truncated-hmac,deflate");

/**
 * sheath_legacy() - may it be had?
 * @what: which
 *
 * Context: any.
 */
bool sheath_legacy(enum sheath_legacy what)
{
	return READ_ONCE(allowed) & BIT(what);
}
