// SPDX-License-Identifier: GPL-2.0
/* How much memory there is. */
#include "mem.h"

#include <stdio.h>
#include <string.h>

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
