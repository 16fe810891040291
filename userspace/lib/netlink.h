/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests to the generic netlink family "sheath". */
#ifndef SHEATH_NETLINK_H
#define SHEATH_NETLINK_H

#include "keys.h"

void sheath_netlink_forget(void);
uint64_t sheath_netlink_features(void);
int sheath_netlink_key_set(int fd, struct sheath_handover *ho);

#endif /* SHEATH_NETLINK_H */
