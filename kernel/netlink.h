/* SPDX-License-Identifier: GPL-2.0 */
/* The generic netlink family. */
#ifndef SHEATH_NETLINK_H
#define SHEATH_NETLINK_H

int sheath_netlink_init(void);
void sheath_netlink_exit(void);

#endif /* SHEATH_NETLINK_H */
