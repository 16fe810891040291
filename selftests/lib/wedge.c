// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "wedge.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/userfaultfd.h>

#include "patience.h"

static void *run(void *arg)
{
	struct st_wedge *w = arg;

	return (void *)w->call(w->fd, w->page);
}

static int make_page(struct st_wedge *w)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	w->uffd = syscall(__NR_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	w->page = mmap(NULL, ST_WEDGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);
	if (w->uffd < 0 || w->page == MAP_FAILED || ioctl(w->uffd, UFFDIO_API, &api))
		return -1;
	reg.range.start = (unsigned long)w->page;
	reg.range.len = ST_WEDGE_PAGE;
	return ioctl(w->uffd, UFFDIO_REGISTER, &reg);
}

int st_wedge_begin(struct st_wedge *w, int fd, long (*call)(int fd, void *page))
{
	struct pollfd pfd = { .events = POLLIN };

	w->fd = fd;
	w->call = call;
	if (make_page(w) || pthread_create(&w->thread, NULL, run, w))
		return -1;
	pfd.fd = w->uffd;
	w->stuck = poll(&pfd, 1, st_patience(10000)) == 1;
	return w->stuck ? 0 : -1;
}

long st_wedge_end(struct st_wedge *w)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (unsigned long)w->page, .len = ST_WEDGE_PAGE },
	};
	void *result;

	ioctl(w->uffd, UFFDIO_ZEROPAGE, &zero);
	pthread_join(w->thread, &result);
	munmap(w->page, ST_WEDGE_PAGE);
	close(w->uffd);
	w->stuck = false;
	return (long)result;
}
