// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is the kernel module there? A server that cannot encrypt a single connection should say so
 * when it is started.
 */
#include "module.h"

#include <errno.h>
#include <unistd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/**
 * module_missing() - does the kernel know no protocol "sheath"?
 *
 * A socket that is not connected is refused by a protocol that is there, for another reason.
 * Who may load modules has it loaded.
 *
 * Return: true if it is not there, false if it is, or if that cannot be found out.
 */
bool module_missing(void)
{
	static const char name[] = "sheath";
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool missing;

	if (fd < 0)
		return false;
	missing = setsockopt(fd, IPPROTO_TCP, TCP_ULP, name, sizeof(name)) && errno == ENOENT;
	close(fd);
	return missing;
}
