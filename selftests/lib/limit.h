/* SPDX-License-Identifier: GPL-2.0 */
/* What keeps TCP from taking all that a sender has. */
#ifndef SELFTEST_LIMIT_H
#define SELFTEST_LIMIT_H

#include <stdbool.h>

enum st_limit {
	ST_LIMIT_NONE,
	ST_LIMIT_LOWAT,		/* TCP_NOTSENT_LOWAT of 16384 */
	ST_LIMIT_LOWAT_ALL,	/* net.ipv4.tcp_notsent_lowat of 131072 */
	ST_LIMIT_SNDBUF,	/* the smallest SO_SNDBUF */
	ST_LIMIT_576,		/* a packet for each segment: MTU of 576 */
	ST_LIMIT_1500,		/* likewise with 1500 */
	ST_LIMIT_NETEM,		/* a slow line */
	ST_LIMIT_MEMCG,		/* memory.max of the socket's memory cgroup */
};

/*
 * Put this process under @l, in a network namespace of its own where that needs one. Root only.
 * NULL, or what this guest lacks for it.
 */
const char *st_limit_begin(enum st_limit l);
void st_limit_end(enum st_limit l);
/* a connected pair; fd[0] is what is limited, and fd[1] has a small receive buffer; 0 or -1 */
int st_limit_pair(enum st_limit l, int fd[2]);

#endif /* SELFTEST_LIMIT_H */
