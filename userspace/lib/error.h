/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The error text of each thread. */
#ifndef SHEATH_ERROR_H
#define SHEATH_ERROR_H

int sheath_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int sheath_fail_errno(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int sheath_fail_gnutls(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif /* SHEATH_ERROR_H */
