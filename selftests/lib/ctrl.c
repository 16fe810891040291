// SPDX-License-Identifier: GPL-2.0
/* Records that are not application data. */
#include "ctrl.h"

#include <string.h>
#include <sys/socket.h>

ssize_t st_get(int fd, int flags)
{
	char buf[64];

	return recv(fd, buf, sizeof(buf), flags);
}

size_t st_ticket(uint8_t *p, size_t body)
{
	p[0] = 4;
	p[1] = 0;
	p[2] = body >> 8;
	p[3] = body;
	memset(p + 4, 24, body);
	return 4 + body;
}
