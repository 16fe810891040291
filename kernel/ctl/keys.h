/* SPDX-License-Identifier: GPL-2.0 */
/* Key material on its way from user space into a direction, whichever door it came through. */
#ifndef SHEATH_KEYS_H
#define SHEATH_KEYS_H

#include <linux/netlink.h>
#include <linux/types.h>

#include <linux/sheath.h>

#include "record/alg.h"
#include "record/key.h"

struct sheath_conn;
struct sheath_fresh;

/**
 * struct sheath_key_set - everything one push installs
 * @n_keys: 1 or 2 entries of @key in use
 * @key: at most one for each direction
 * @tx_limit: the peer's record_size_limit (RFC 8449) for the payload, 64 (TLS 1.3: 63) to
 *	16384; 0: 2^14
 * @peer: results of the handshake; zero where nobody said
 */
struct sheath_key_set {
	unsigned int		n_keys;
	struct sheath_key_params key[2];
	u32			tx_limit;
	struct {
		u32 role, suite, group;
	} peer;
};

/* ctl/judge.c */
int sheath_key_flags(struct sheath_key_params *key, u32 flags, struct netlink_ext_ack *extack);
int sheath_keys_judge(const struct sheath_key_set *set, enum sheath_alg_how how,
		      struct netlink_ext_ack *extack);

/* ctl/keys.c */
struct sheath_fresh *sheath_keys_prepare(struct sheath_key_set *set, enum sheath_alg_how how,
					 struct netlink_ext_ack *extack);
int sheath_keys_commit(struct sheath_conn *conn, struct sheath_fresh *fresh,
		       struct netlink_ext_ack *extack);
void sheath_keys_free(struct sheath_fresh *fresh);

#endif /* SHEATH_KEYS_H */
