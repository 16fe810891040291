// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Waiting for descriptors with epoll, level triggered.
 *
 * One event a turn: a source may free another one, whose event would then be stale.
 */
#include "loop.h"

#include <errno.h>
#include <sys/epoll.h>

/**
 * loop_open() - make a loop
 *
 * Return: its descriptor, -1 with errno set.
 */
int loop_open(void)
{
	return epoll_create1(EPOLL_CLOEXEC);
}

/**
 * loop_want() - change what is waited for
 * @loop: descriptor of the loop
 * @src: source; epoll forgets it when its descriptor is closed
 * @events: EPOLL*, 0: nothing
 *
 * Return: 0, or -1 with errno set.
 */
int loop_want(int loop, struct source *src, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = src };
	int op = EPOLL_CTL_MOD;

	if (events == src->events)
		return 0;
	if (!src->events)
		op = EPOLL_CTL_ADD;
	else if (!events)
		op = EPOLL_CTL_DEL;
	if (epoll_ctl(loop, op, src->fd, &ev))
		return -1;
	src->events = events;
	return 0;
}

/**
 * loop_turn() - wait, and serve one source
 * @loop: descriptor of the loop
 * @timeout_ms: milliseconds to wait, -1: any time
 *
 * Return: 0, or -1 with errno set.
 */
int loop_turn(int loop, int timeout_ms)
{
	struct epoll_event ev;
	struct source *src;
	int n = epoll_wait(loop, &ev, 1, timeout_ms);

	if (n < 0)
		return errno == EINTR ? 0 : -1;
	if (n) {
		src = ev.data.ptr;
		src->ready(src, ev.events);
	}
	return 0;
}
