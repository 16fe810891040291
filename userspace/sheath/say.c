// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the program tells its user when something is wrong: one line each.
 */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>

static void line(const char *fmt, va_list ap, const char *hint)
{
	char text[1024];

	vsnprintf(text, sizeof(text), fmt, ap);
	fprintf(stderr, "sheath: %s%s\n", text, hint);
}

/**
 * say() - print an error
 * @fmt: as in printf(3), no newline
 *
 * Return: FAILED, for the caller to return.
 */
int say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line(fmt, ap, "");
	va_end(ap);
	return FAILED;
}

/**
 * say_usage() - print what is wrong with the command line
 * @fmt: as in printf(3), no newline
 *
 * Return: USAGE, for the caller to return.
 */
int say_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line(fmt, ap, " (try --help)");
	va_end(ap);
	return USAGE;
}
