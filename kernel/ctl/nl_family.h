/* SPDX-License-Identifier: GPL-2.0 */
/* The generic netlink family. */
#ifndef SHEATH_NL_FAMILY_H
#define SHEATH_NL_FAMILY_H

int sheath_netlink_init(void);
void sheath_netlink_exit(void);

#endif /* SHEATH_NL_FAMILY_H */
