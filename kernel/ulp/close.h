/* SPDX-License-Identifier: GPL-2.0 */
/* close() of an attached socket. */
#ifndef SHEATH_CLOSE_H
#define SHEATH_CLOSE_H

struct sock;

void sheath_close(struct sock *sk, long timeout);

#endif /* SHEATH_CLOSE_H */
