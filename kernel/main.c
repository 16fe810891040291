// SPDX-License-Identifier: GPL-2.0
/* Loading and unloading. */
#include <linux/module.h>
#include <net/tcp.h>

#include "core/stats.h"
#include "ctl/nl_family.h"
#include "ctl/session.h"
#include "record/alg.h"
#include "record/pool.h"
#include "ulp/tls_name.h"
#include "ulp/ulp.h"
#include "version.h"

#if BITS_PER_LONG < 64
#error "socket cookies, which have 64 bits, index the table of sessions"
#endif

static int __init sheath_module_init(void)
{
	int rc = sheath_pool_init();

	if (rc)
		return rc;
	rc = sheath_alg_init();
	if (rc)
		goto out_pool;
	rc = sheath_stats_init();
	if (rc)
		goto out_alg;
	rc = sheath_session_init();
	if (rc)
		goto out_stats;
	rc = sheath_netlink_init();
	if (rc)
		goto out_session;
	/* last: from here on sockets come */
	rc = sheath_ulp_register();
	if (rc)
		goto out_netlink;
	sheath_alias_init();
	return 0;

out_netlink:
	sheath_netlink_exit();
out_session:
	sheath_session_exit();
out_stats:
	sheath_stats_exit();
out_alg:
	sheath_alg_exit();
out_pool:
	sheath_pool_exit();
	return rc;
}

static void __exit sheath_module_exit(void)
{
	sheath_alias_exit();
	sheath_ulp_unregister();
	sheath_netlink_exit();
	sheath_session_exit();
	sheath_stats_exit();
	sheath_alg_exit();
	sheath_pool_exit();
}

module_init(sheath_module_init);
module_exit(sheath_module_exit);
MODULE_DESCRIPTION("TLS records on TCP sockets");
MODULE_LICENSE("GPL");
MODULE_VERSION(SHEATH_VERSION);
MODULE_ALIAS_TCP_ULP("sheath");
MODULE_SOFTDEP("pre: gcm ccm chacha20poly1305");
