/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP connections and the names of their ends. */
#ifndef TCP_H
#define TCP_H

#include <stdbool.h>
#include <stddef.h>

int tcp_check(const char *host, const char *port);
int tcp_connect(const char *host, const char *port, int family, int timeout_ms);
void tcp_name(int fd, bool peer, char *out, size_t size);

#endif /* TCP_H */
