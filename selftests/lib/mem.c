// SPDX-License-Identifier: GPL-2.0
/* How much memory there is. */
#include "mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

long st_mem(const char *what)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128], name[64];
	long kb, found = -1;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63[^:]: %ld", name, &kb) == 2 && !strcmp(name, what))
			found = kb;
	}
	if (f)
		fclose(f);
	return found;
}

/* kB that CPUs keep at hand, which are free as well */
static long at_hand(void)
{
	FILE *f = fopen("/proc/zoneinfo", "r");
	long pages, sum = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " count: %ld", &pages) == 1)
			sum += pages * (sysconf(_SC_PAGESIZE) / 1024);
	}
	if (f)
		fclose(f);
	return sum;
}

long st_mem_free(void)
{
	long was = -1, now = 0;
	int i;

	for (i = 0; i < 10 && labs(was - now) > 64; i++) {
		was = now;
		usleep(20000);
		now = st_mem("MemAvailable") + at_hand();
	}
	return now;
}
