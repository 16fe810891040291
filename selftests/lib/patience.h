/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How long to wait for what has to come. A limit is for a machine as selftests/slow describes
 * it; SHEATH_SLOW, which run-guest measures, tells by what factor this one is slower. The limits
 * of the harness, and every alarm(), grow by it as well.
 */
#ifndef SELFTEST_PATIENCE_H
#define SELFTEST_PATIENCE_H

#include <stdbool.h>
#include <unistd.h>

/* @ms on this machine; negative stays for ever */
int st_patience(int ms);
/* let a receive on @fd end after @ms, as st_patience(); 0 or -1 */
int st_be_patient(int fd, int ms);

/* wait until @cond is true, 5 s at most; was it in the end? */
#define ST_COMES_TRUE(cond) ({							\
	int left_ = st_patience(5000);						\
	bool true_;								\
										\
	while (!(true_ = (cond)) && left_-- > 0)				\
		usleep(1000);							\
	true_;									\
})

#endif /* SELFTEST_PATIENCE_H */
