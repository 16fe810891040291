/* SPDX-License-Identifier: GPL-2.0 */
/* What is unsafe and off, unless the administrator asks for it. */
#ifndef SHEATH_LEGACY_PARAM_H
#define SHEATH_LEGACY_PARAM_H

#include <linux/types.h>

enum sheath_legacy {
	SHEATH_LEGACY_SSL3,		/* RFC 7568: padding that nobody checks */
	SHEATH_LEGACY_TRUNCATED_HMAC,	/* RFC 6066 section 7: MACs of 80 bits */
	SHEATH_LEGACY_DEFLATE,		/* RFC 7457 section 2.6: lengths tell what was compressed */
	SHEATH_LEGACY_MAX,
};

bool sheath_legacy(enum sheath_legacy what);

#endif /* SHEATH_LEGACY_PARAM_H */
