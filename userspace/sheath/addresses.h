/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many connections each address has. */
#ifndef ADDRESSES_H
#define ADDRESSES_H

#include <stdint.h>

#define ADDRESS_BUCKETS	1024

struct address;

/**
 * struct addresses - those that have connections
 * @buckets: lists by hash
 * @seed: secret of the hash, so that clients cannot choose addresses that collide
 */
struct addresses {
	struct address	*buckets[ADDRESS_BUCKETS];
	uint64_t	seed;
};

void addresses_init(struct addresses *all);
struct address *addresses_enter(struct addresses *all, int fd, unsigned int max);
void addresses_leave(struct address *a);

#endif /* ADDRESSES_H */
