// SPDX-License-Identifier: LGPL-2.1-or-later
/* Attaching to a socket, by itself. */
#include "ulp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "libsheath.h"

/**
 * sheath_set_ulp() - attach to a socket
 * @fd: socket
 *
 * Return: 0, or -1 with errno.
 */
int sheath_set_ulp(int fd)
{
	return setsockopt(fd, IPPROTO_TCP, TCP_ULP, SHEATH_ULP_NAME, sizeof(SHEATH_ULP_NAME) - 1);
}
