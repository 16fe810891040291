/* SPDX-License-Identifier: GPL-2.0 */
/* Allocations and copies that fail, on kernels with CONFIG_FAULT_INJECTION. */
#ifndef SELFTEST_FAULT_H
#define SELFTEST_FAULT_H

#include <stdbool.h>

/* more allocations than any one call has */
#define ST_FAULTS_MAX	400

/* have every allocation take part; false on a kernel that cannot */
bool st_faults_ready(void);
/*
 * Let the @nth allocation, or copy from or to user memory, of this thread fail, once; it has
 * called st_faults_ready(), and nothing fails on a kernel that cannot.
 */
void st_fault_begin(unsigned int nth);
/* no fault any more; did it come to one? */
bool st_fault_end(void);
/* while @on, this thread has no memory for packets TCP sends; 0 or -1 */
int st_fault_packets(bool on);

#endif /* SELFTEST_FAULT_H */
