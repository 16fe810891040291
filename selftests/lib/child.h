/* SPDX-License-Identifier: GPL-2.0 */
/* Parts of a test that run in a process of their own, which may drop what it has. */
#ifndef SELFTEST_CHILD_H
#define SELFTEST_CHILD_H

#include <errno.h>
#include <sys/types.h>

#define ST_NOBODY	65534
#define ST_CHILD_S	40	/* seconds one may take */

/* run @fn in a child; what it returned, 0 is good, or -1 */
int st_in_child(int (*fn)(void *arg), void *arg);
/* be @uid, user and group, for good; 0 is good */
int st_set_user(uid_t uid);
/* in a new network namespace; 0 or -1 */
int st_loopback_up(void);

/* for such functions, which cannot use the macros of the harness */
#define ST_MUST(cond)								\
	do {									\
		if (!(cond)) {							\
			ksft_print_msg("line %d: not true: %s (errno %d)\n",	\
				       __LINE__, #cond, errno);			\
			return 1;						\
		}								\
	} while (0)

#endif /* SELFTEST_CHILD_H */
