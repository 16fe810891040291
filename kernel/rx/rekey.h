/* SPDX-License-Identifier: GPL-2.0 */
/* Changing the receiving key: KeyUpdates of the peer, keys that replace others. */
#ifndef SHEATH_RX_REKEY_H
#define SHEATH_RX_REKEY_H

#include <linux/types.h>

struct sheath_conn;
struct sheath_dir;

/* limit of KeyUpdates per second, with or without data between them; more is an attack */
#define SHEATH_RX_UPDATE_MAX	8

/* lock_sock() held, may sleep */
void sheath_rekey_replace_rx(struct sheath_conn *conn, struct sheath_dir *next);
int sheath_rekey_follow(struct sheath_conn *conn);
int sheath_rekey_received(struct sheath_conn *conn, bool request);

#endif /* SHEATH_RX_REKEY_H */
