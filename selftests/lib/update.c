// SPDX-License-Identifier: GPL-2.0
/* Sessions whose keys change, seen by their sockets. */
#include "update.h"
#include "cmsg.h"

#include <sys/socket.h>

struct sheath_info st_info(int fd)
{
	struct sheath_info i = { 0 };
	socklen_t len = sizeof(i);

	getsockopt(fd, SOL_TLS, SHEATH_INFO, &i, &len);
	return i;
}

int st_rekey(int fd, uint32_t flags)
{
	return setsockopt(fd, SOL_TLS, SHEATH_REKEY, &flags, sizeof(flags));
}

ssize_t st_get_ctrl(int fd, uint8_t *type, void *buf, size_t len)
{
	int got;
	ssize_t n = st_recv_type(fd, buf, len, &got);

	*type = got < 0 ? 0 : got;
	return n;
}
