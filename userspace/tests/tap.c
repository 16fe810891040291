// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Test results in the Test Anything Protocol.
 */
#include "tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static int n_tests, n_failed;

/**
 * tap() - report a test
 * @good: it passed
 * @fmt: its name, as in printf(3)
 *
 * Return: @good.
 */
bool tap(bool good, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", good ? "" : "not ", ++n_tests);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	n_failed += !good;
	return good;
}

/**
 * tap_end() - report how many tests there were
 *
 * Return: exit status.
 */
int tap_end(void)
{
	printf("1..%d\n", n_tests);
	return n_failed || !n_tests;
}

/**
 * tap_bail() - give up: the test itself does not work
 * @fmt: why, as in printf(3)
 */
void tap_bail(const char *fmt, ...)
{
	va_list ap;

	printf("Bail out! ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	exit(1);
}
