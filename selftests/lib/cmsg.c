// SPDX-License-Identifier: GPL-2.0
/* Records of any type, by the control messages of <linux/tls.h>. */
#include "cmsg.h"

#include <stddef.h>
#include <sys/uio.h>

#include <linux/sheath.h>

ssize_t st_send_type(int fd, uint8_t type, const void *data, size_t len, int flags)
{
	char ctl[CMSG_SPACE(1)] = { 0 };
	struct iovec iov = { (void *)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl,
			      .msg_controllen = sizeof(ctl) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_TLS;
	c->cmsg_type = TLS_SET_RECORD_TYPE;
	c->cmsg_len = CMSG_LEN(1);
	*CMSG_DATA(c) = type;
	return sendmsg(fd, &msg, flags);
}

ssize_t st_recv_type(int fd, void *data, size_t len, int *type)
{
	char ctl[CMSG_SPACE(1)];
	struct iovec iov = { data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl,
			      .msg_controllen = sizeof(ctl) };
	ssize_t n = recvmsg(fd, &msg, 0);
	struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&msg);

	*type = c && c->cmsg_level == SOL_TLS && c->cmsg_type == TLS_GET_RECORD_TYPE ?
		*CMSG_DATA(c) : -1;
	return n;
}
