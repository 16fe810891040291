// SPDX-License-Identifier: GPL-2.0
/* Has another thread of this process gone to sleep in a system call? */
#include "asleep.h"

#include <stdio.h>
#include <unistd.h>

bool st_falls_asleep(const volatile pid_t *tid)
{
	char path[64], state;
	FILE *f;
	int i;

	for (i = 0; i < 5000; i++, usleep(1000)) {
		snprintf(path, sizeof(path), "/proc/self/task/%d/stat", *tid);
		f = *tid ? fopen(path, "r") : NULL;
		state = 0;
		if (f) {
			if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
				state = 0;
			fclose(f);
		}
		if (state == 'S')
			return true;
	}
	return false;
}
