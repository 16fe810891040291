// SPDX-License-Identifier: GPL-2.0
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEBUGFS	"/sys/kernel/debug/"

/* open once for each thread: opening it would be subject to faults itself */
static __thread int nth_fd = -1;

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	ssize_t n = write(fd, text, strlen(text));

	close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

static int write_nth(unsigned int nth)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%u", nth);

	return pwrite(nth_fd, text, n, 0) == n ? 0 : -1;
}

bool st_faults_ready(void)
{
	static const char *const files[] = {
		"failslab/ignore-gfp-wait", "fail_page_alloc/ignore-gfp-wait",
		"fail_page_alloc/ignore-gfp-highmem",
	};
	static const char *const quiet[] = {
		"failslab/verbose", "fail_page_alloc/verbose", "fail_usercopy/verbose",
		"fail_page_alloc/min-order",
	};
	char path[64];
	unsigned int i;

	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth_fd < 0)
		return false;
	for (i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), DEBUGFS "%s", files[i]);
		if (write_file(path, "N"))
			return false;
	}
	for (i = 0; i < sizeof(quiet) / sizeof(*quiet); i++) {
		snprintf(path, sizeof(path), DEBUGFS "%s", quiet[i]);
		if (write_file(path, "0"))
			return false;
	}
	return true;
}

void st_fault_begin(unsigned int nth)
{
	if (nth_fd >= 0 && write_nth(nth))
		abort();
}

bool st_fault_end(void)
{
	int saved = errno;
	char text[16] = "";
	bool hit;

	if (nth_fd < 0)
		return false;
	/* this call may be the one that fails */
	hit = pread(nth_fd, text, sizeof(text) - 1, 0) > 0 && !atoi(text);
	while (write_nth(0))
		;
	errno = saved;
	return hit;
}

int st_fault_packets(bool on)
{
	static const struct {
		const char *path, *on, *off;
	} set[] = {
		{ "/sys/kernel/slab/skbuff_fclone_cache/failslab", "1", "0" },
		{ "/proc/thread-self/make-it-fail", "1", "0" },
		{ DEBUGFS "failslab/task-filter", "Y", "N" },
		{ DEBUGFS "failslab/cache-filter", "Y", "N" },
		{ DEBUGFS "failslab/times", "-1", "1" },
		{ DEBUGFS "failslab/probability", "100", "0" },
	};
	unsigned int i, n = sizeof(set) / sizeof(*set);
	int rc = 0;

	for (i = 0; i < n; i++)
		rc |= write_file(on ? set[i].path : set[n - 1 - i].path,
				 on ? set[i].on : set[n - 1 - i].off);
	return rc;
}
