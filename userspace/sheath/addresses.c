// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How many connections each address has. Of IPv6 the first 64 bits count: every customer has
 * all the rest.
 */
#include "addresses.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>

/* Of IPv4 the mapped form, of IPv6 the front with zeroes behind. */
#define KEY_LEN	16

/**
 * struct address - one that has connections
 * @next: in the list of its bucket
 * @prev: likewise, the link that points here
 * @key: see above
 * @n: its connections
 */
struct address {
	struct address	*next;
	struct address	**prev;
	uint8_t		key[KEY_LEN];
	unsigned int	n;
};

/**
 * addresses_init() - begin with none
 * @all: filled in
 */
void addresses_init(struct addresses *all)
{
	memset(all, 0, sizeof(*all));
	if (getrandom(&all->seed, sizeof(all->seed), 0) != sizeof(all->seed))
		all->seed = (uintptr_t)all;
}

static void read_key(int fd, uint8_t key[KEY_LEN])
{
	struct sockaddr_storage ss = { 0 };
	const struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&ss;
	const struct sockaddr_in *v4 = (struct sockaddr_in *)&ss;
	socklen_t len = sizeof(ss);

	memset(key, 0, KEY_LEN);
	if (getpeername(fd, (struct sockaddr *)&ss, &len))
		return;
	if (ss.ss_family == AF_INET) {
		memset(key + 10, 0xff, 2);
		memcpy(key + 12, &v4->sin_addr, 4);
	} else if (ss.ss_family == AF_INET6) {
		memcpy(key, &v6->sin6_addr, IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) ? 16 : 8);
	}
}

/* A multiplication by the secret for each byte, of which the high bits count. */
static unsigned int bucket_of(const struct addresses *all, const uint8_t key[KEY_LEN])
{
	uint64_t hash = all->seed;

	for (int i = 0; i < KEY_LEN; i++)
		hash = (hash ^ key[i]) * (all->seed | 1);
	return hash >> 32 & (ADDRESS_BUCKETS - 1);
}

static struct address *new_address(struct address **bucket, const uint8_t key[KEY_LEN])
{
	struct address *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	memcpy(a->key, key, KEY_LEN);
	a->next = *bucket;
	a->prev = bucket;
	if (a->next)
		a->next->prev = &a->next;
	*bucket = a;
	return a;
}

/**
 * addresses_enter() - one more connection
 * @all: addresses
 * @fd: its socket
 * @max: connections an address may have, 0: any number
 *
 * Return: the address, to be given to addresses_leave(); NULL with errno set: EUSERS if it has
 * too many.
 */
struct address *addresses_enter(struct addresses *all, int fd, unsigned int max)
{
	struct address **bucket, *a;
	uint8_t key[KEY_LEN];

	read_key(fd, key);
	bucket = &all->buckets[bucket_of(all, key)];
	for (a = *bucket; a; a = a->next)
		if (!memcmp(a->key, key, KEY_LEN))
			break;
	if (!a)
		a = new_address(bucket, key);
	if (!a)
		return NULL;
	if (max && a->n >= max) {
		errno = EUSERS;
		return NULL;
	}
	a->n++;
	return a;
}

/**
 * addresses_leave() - one connection less
 * @a: the address it has, NULL: none
 */
void addresses_leave(struct address *a)
{
	if (!a || --a->n)
		return;
	*a->prev = a->next;
	if (a->next)
		a->next->prev = a->prev;
	free(a);
}
