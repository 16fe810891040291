/* SPDX-License-Identifier: GPL-2.0 */
/* Has another thread of this process gone to sleep in a system call? */
#ifndef SELFTEST_ASLEEP_H
#define SELFTEST_ASLEEP_H

#include <stdbool.h>
#include <sys/types.h>

/* wait, as ST_COMES_TRUE(), until thread *@tid sleeps; 0 there: it has not begun */
bool st_falls_asleep(const volatile pid_t *tid);
/* likewise, but for a lock, where no signal ends its sleep */
bool st_waits_for_lock(const volatile pid_t *tid);

#endif /* SELFTEST_ASLEEP_H */
