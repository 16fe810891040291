/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting for descriptors. */
#ifndef LOOP_H
#define LOOP_H

#include <stdint.h>

/**
 * struct source - a descriptor that is waited for
 * @fd: descriptor
 * @events: EPOLLIN, EPOLLOUT or both; 0: not registered
 * @ready: called with what is ready; may free the source
 */
struct source {
	int		fd;
	uint32_t	events;
	void		(*ready)(struct source *src, uint32_t events);
};

int loop_open(void);
int loop_want(int loop, struct source *src, uint32_t events);
int loop_turn(int loop, int timeout_ms);

#endif /* LOOP_H */
