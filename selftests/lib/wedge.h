/* SPDX-License-Identifier: GPL-2.0 */
/* A thread that keeps the lock of a socket, because a page of its memory does not come. */
#ifndef SELFTEST_WEDGE_H
#define SELFTEST_WEDGE_H

#include <pthread.h>
#include <stdbool.h>

#define ST_WEDGE_PAGE	4096

/**
 * struct st_wedge - the thread, and the page it waits for
 * @fd: socket
 * @call: what it is inside of
 * @uffd: userfaultfd
 * @page: page
 * @thread: thread
 * @stuck: it waits
 */
struct st_wedge {
	int		fd;
	long		(*call)(int fd, void *page);
	int		uffd;
	void		*page;
	pthread_t	thread;
	bool		stuck;
};

/* returns when the thread waits for the page inside @call(@fd, page); 0 or -1. Root only. */
int st_wedge_begin(struct st_wedge *w, int fd, long (*call)(int fd, void *page));
/* the page comes; what the call returned */
long st_wedge_end(struct st_wedge *w);

#endif /* SELFTEST_WEDGE_H */
