/* SPDX-License-Identifier: GPL-2.0 */
/* Threads that sleep inside TCP, whenever they went there. */
#ifndef SHEATH_ASLEEP_H
#define SHEATH_ASLEEP_H

#include <linux/types.h>

struct sock;

bool sheath_asleep_tx(const struct sock *sk);
bool sheath_asleep_rx(const struct sock *sk);

#endif /* SHEATH_ASLEEP_H */
