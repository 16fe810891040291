// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the program tells its user when something is wrong: one line each.
 */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>

static struct outlet *outlet;

/**
 * say_through() - have lines go where nobody waits for their reader
 * @o: outlet, NULL: standard error again
 */
void say_through(struct outlet *o)
{
	outlet = o;
}

static void line(const char *fmt, va_list ap, const char *hint)
{
	char text[1024], all[1100];

	vsnprintf(text, sizeof(text), fmt, ap);
	snprintf(all, sizeof(all), "sheath: %s%s\n", text, hint);
	if (outlet)
		outlet_line(outlet, all);
	else
		fputs(all, stderr);
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
