// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Range header of HTTP (RFC 9110 section 14): one range of bytes. What is not understood,
 * several ranges included, may be ignored, and is.
 */
#include "range.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Reads digits at *@p. What does not fit becomes the largest number: it is past any end. */
static bool number(const char **p, uint64_t *value)
{
	const char *start = *p;

	*value = 0;
	for (; **p >= '0' && **p <= '9'; (*p)++) {
		unsigned int digit = **p - '0';

		if (*value > (UINT64_MAX - digit) / 10)
			*value = UINT64_MAX;
		else
			*value = *value * 10 + digit;
	}
	return *p != start;
}

static enum range suffix(const char *p, uint64_t size, uint64_t *first, uint64_t *last)
{
	uint64_t len;

	if (!number(&p, &len) || *p)
		return RANGE_ALL;
	if (!len || !size)
		return RANGE_NOT_SATISFIABLE;
	*first = len < size ? size - len : 0;
	*last = size - 1;
	return RANGE_PART;
}

/**
 * range_parse() - which part of a file is wanted?
 * @header: value of Range, without white space around it
 * @size: bytes of the file
 * @first: set for RANGE_PART: offset of the first byte
 * @last: set for RANGE_PART: offset of the last byte, below @size
 *
 * Return: what to answer with.
 */
enum range range_parse(const char *header, uint64_t size, uint64_t *first, uint64_t *last)
{
	static const char unit[] = "bytes=";
	const char *p = header;
	uint64_t from, to = UINT64_MAX;

	if (strncasecmp(p, unit, sizeof(unit) - 1))
		return RANGE_ALL;
	p += sizeof(unit) - 1;
	if (*p == '-')
		return suffix(p + 1, size, first, last);
	if (!number(&p, &from) || *p++ != '-')
		return RANGE_ALL;
	if (*p && (!number(&p, &to) || *p || to < from))
		return RANGE_ALL;
	if (from >= size)
		return RANGE_NOT_SATISFIABLE;
	*first = from;
	*last = to < size ? to : size - 1;
	return RANGE_PART;
}
