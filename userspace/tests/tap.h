/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Test results in the Test Anything Protocol. */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>

bool tap(bool good, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int tap_end(void);
void tap_bail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif /* TAP_H */
