/* SPDX-License-Identifier: GPL-2.0 */
/* Owning a socket without waiting for whoever owns it. */
#ifndef SHEATH_OWN_H
#define SHEATH_OWN_H

#include <linux/types.h>

struct sock;

bool sheath_own_try(struct sock *sk);

#endif /* SHEATH_OWN_H */
