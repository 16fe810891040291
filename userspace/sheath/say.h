/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the program tells its user when something is wrong. */
#ifndef SAY_H
#define SAY_H

#include "outlet.h"

/* Exit statuses. */
#define FAILED	1	/* the job could not be done */
#define USAGE	2	/* the command line makes no sense */

void say_through(struct outlet *o);
int say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int say_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif /* SAY_H */
