// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How many clients there is room for: a client that was accepted must not fail for want of a
 * descriptor, while one that waits to be accepted loses nothing but time.
 */
#include "room.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/resource.h>

#include "say.h"

/* A socket, and the file that is sent. */
#define PER_CLIENT	2
/*
 * The netlink socket of a handshake, a directory on the way to its index.html, a client that is
 * turned away, what is opened to read the configuration anew; and some.
 */
#define KEPT_BACK	8
/* Unless more are wanted: a client takes some 30 kB. */
#define CLIENTS		8192

/* The descriptors that may be opened; the soft limit is for programs that use select(2). */
static rlim_t raise_descriptors(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl))
		return 0;
	if (rl.rlim_cur != rl.rlim_max) {
		rl.rlim_cur = rl.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &rl) && getrlimit(RLIMIT_NOFILE, &rl))
			return 0;
	}
	return rl.rlim_cur;
}

/* The descriptors that are open: the lowest free one tells. */
static rlim_t used_descriptors(void)
{
	int fd = open("/", O_PATH | O_CLOEXEC);

	if (fd < 0)
		return RLIM_INFINITY;
	close(fd);
	return fd;
}

/**
 * room_for_clients() - how many clients may be connected at a time?
 * @wanted: as many as that, 0: a usual number
 *
 * Call it when all is open that stays open. The limit of descriptors is raised as far as it goes.
 *
 * Return: the number; 0 after an error was printed.
 */
unsigned int room_for_clients(unsigned int wanted)
{
	rlim_t all = raise_descriptors(), used = used_descriptors(), room = 0;

	if (used < all && all - used > KEPT_BACK)
		room = (all - used - KEPT_BACK) / PER_CLIENT;
	if (!room)
		say("there is no room for a client: %llu descriptors are all this process may have",
		    (unsigned long long)all);
	else if (room < wanted)
		say("%llu clients at most, since this process may have %llu descriptors",
		    (unsigned long long)room, (unsigned long long)all);
	if (!wanted)
		wanted = CLIENTS;
	return room < wanted ? room : wanted;
}
