// SPDX-License-Identifier: GPL-2.0
/* Has another thread of this process gone to sleep in a system call? */
#include "asleep.h"
#include "patience.h"

#include <stdio.h>

static char state_of(pid_t tid)
{
	char path[64], state = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	fclose(f);
	return state;
}

bool st_falls_asleep(const volatile pid_t *tid)
{
	return ST_COMES_TRUE(*tid && state_of(*tid) == 'S');
}

bool st_waits_for_lock(const volatile pid_t *tid)
{
	return ST_COMES_TRUE(*tid && state_of(*tid) == 'D');
}
