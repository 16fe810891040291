/* SPDX-License-Identifier: GPL-2.0 */
/* How much memory there is. */
#ifndef SELFTEST_MEM_H
#define SELFTEST_MEM_H

/* a line of /proc/meminfo, in kB; -1 if there is no such line */
long st_mem(const char *what);
/* kB that are free or can be made so, when nothing is on its way back any more */
long st_mem_free(void);

#endif /* SELFTEST_MEM_H */
