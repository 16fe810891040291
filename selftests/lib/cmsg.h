/* SPDX-License-Identifier: GPL-2.0 */
/* Records of any type, by the control messages of <linux/tls.h>. */
#ifndef SELFTEST_CMSG_H
#define SELFTEST_CMSG_H

#include <stdint.h>
#include <sys/socket.h>

/* sendmsg() of one record of @type */
ssize_t st_send_type(int fd, uint8_t type, const void *data, size_t len, int flags);
/* recvmsg(); @type becomes that of the record, -1 if none was told */
ssize_t st_recv_type(int fd, void *data, size_t len, int *type);

#endif /* SELFTEST_CMSG_H */
