// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Numbers on the command line.
 */
#include "number.h"

#include <errno.h>
#include <stdlib.h>

#include "say.h"

/**
 * number_parse() - read a number
 * @text: digits and nothing else
 * @min: smallest that will do
 * @max: largest that will do
 * @what: what it counts, for the error
 * @value: set to it
 *
 * Return: 0, or an exit status after an error was printed.
 */
int number_parse(const char *text, unsigned int min, unsigned int max, const char *what,
		 unsigned int *value)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || n < min || n > max)
		return say_usage("\"%s\" is not a number of %s from %u to %u", text, what, min,
				 max);
	*value = n;
	return 0;
}
