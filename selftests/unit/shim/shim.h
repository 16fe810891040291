/* SPDX-License-Identifier: GPL-2.0 */
/* What a test can do to the kernel that the record engine believes to be in. */
#ifndef SHIM_SHIM_H
#define SHIM_SHIM_H

#include <stdbool.h>

/* calls that may fail go well so many times, then one fails; negative: none does */
extern long shim_fail_after;
/* what a cipher or a hash at work fails with; at first EIO */
extern int shim_errno;
/* is it the turn of this call to fail? */
bool shim_fails(void);

/* warnings of the code under test */
extern unsigned int shim_warnings;

/* an algorithm that this kernel is without; NULL: it has all of them */
extern const char *shim_alg_missing;
/* one that is not at hand until it is allocated, which ends this; NULL: none */
extern const char *shim_alg_away;

/* how the state that a hash exports differs from what is hoped for */
enum shim_state {
	SHIM_STATE_WORDS_FIRST,
	SHIM_STATE_WORDS_LAST,
	SHIM_STATE_SHORT,
};
extern enum shim_state shim_state;

/* pages that are allocated, and whether those to come are of the last reserves */
extern unsigned int shim_pages;
extern bool shim_pfmemalloc;

/* the process is being killed */
extern bool shim_killed;

/* run what schedule_work() left; whether there was something */
bool shim_work(void);

#endif /* SHIM_SHIM_H */
