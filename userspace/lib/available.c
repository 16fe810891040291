// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Is the kernel module there?
 *
 * A socket that is not connected is asked to attach: that fails in either case, with ENOENT if
 * nobody has the name of the ULP. It needs no privilege, no peer and no netlink. Only the
 * answer yes is kept, and only until an attach says otherwise.
 */
#include "available.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "error.h"
#include "libsheath.h"
#include "netlink.h"
#include "ulp.h"

static bool seen;

/**
 * sheath_available_missing() - note that the module is not there
 *
 * Return: -1, with errno ENOENT.
 */
int sheath_available_missing(void)
{
	__atomic_store_n(&seen, false, __ATOMIC_RELAXED);
	sheath_netlink_forget();
	sheath_fail("the kernel module sheath is not loaded: as root, modprobe sheath");
	errno = ENOENT;
	return -1;
}

static bool probe(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool there = false;

	if (fd < 0)
		fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		sheath_fail_errno("cannot open a socket to look for the kernel module sheath");
		return false;
	}
	if (!sheath_set_ulp(fd) || errno == ENOTCONN)
		there = true;
	else if (errno == ENOENT)
		sheath_available_missing();
	else
		sheath_fail_errno("cannot look for the kernel module sheath");
	close(fd);
	return there;
}

int sheath_available(uint64_t *features)
{
	if (features)
		*features = 0;
	if (!__atomic_load_n(&seen, __ATOMIC_RELAXED)) {
		if (!probe())
			return 0;
		__atomic_store_n(&seen, true, __ATOMIC_RELAXED);
	}
	if (features)
		*features = sheath_netlink_features();
	return 1;
}
