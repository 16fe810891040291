// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The error text of each thread: set by whoever finds the error, read by the application
 * after the public function has returned. Texts never hold secrets.
 */
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "libsheath.h"

static __thread char text[512];

const char *sheath_error(void)
{
	return text;
}

static int set(const char *fmt, va_list ap, const char *reason)
{
	char line[sizeof(text)];
	int n = vsnprintf(line, sizeof(line), fmt, ap);

	if (reason && n >= 0 && (size_t)n < sizeof(line))
		snprintf(line + n, sizeof(line) - n, ": %s", reason);
	memcpy(text, line, sizeof(text));
	return -1;
}

/**
 * sheath_fail() - note an error
 * @fmt: as in printf(3); one line, no newline. May use the current text.
 *
 * Return: -1, for the caller to return.
 */
int sheath_fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(fmt, ap, NULL);
	va_end(ap);
	return -1;
}

/**
 * sheath_fail_errno() - note an error with the meaning of errno
 * @fmt: what failed
 *
 * Return: -1. errno is kept.
 */
int sheath_fail_errno(const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	set(fmt, ap, strerror(saved));
	va_end(ap);
	errno = saved;
	return -1;
}

/**
 * sheath_fail_gnutls() - note an error of GnuTLS
 * @code: GNUTLS_E_*
 * @fmt: what failed
 *
 * Return: -1.
 */
int sheath_fail_gnutls(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(fmt, ap, gnutls_strerror(code));
	va_end(ap);
	return -1;
}
