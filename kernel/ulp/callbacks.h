/* SPDX-License-Identifier: GPL-2.0 */
/* What TCP calls when bytes came, and when its owner lets go of the socket. */
#ifndef SHEATH_CALLBACKS_H
#define SHEATH_CALLBACKS_H

struct sheath_conn;
struct sock;

void sheath_release_cb(struct sock *sk);
void sheath_callbacks_swap(struct sheath_conn *conn);
void sheath_callbacks_restore(struct sheath_conn *conn);

#endif /* SHEATH_CALLBACKS_H */
