// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a request asks for: ranges of a file, and the path to it.
 */
#include <string.h>

#include "files.h"
#include "range.h"
#include "tap.h"

static const struct {
	const char	*header;
	uint64_t	size;
	enum range	want;
	uint64_t	first;
	uint64_t	last;
} ranges[] = {
	{ "bytes=0-0", 100, RANGE_PART, 0, 0 },
	{ "bytes=0-99", 100, RANGE_PART, 0, 99 },
	{ "bytes=10-", 100, RANGE_PART, 10, 99 },
	{ "bytes=99-", 100, RANGE_PART, 99, 99 },
	{ "bytes=10-1000", 100, RANGE_PART, 10, 99 },
	{ "bytes=-1", 100, RANGE_PART, 99, 99 },
	{ "bytes=-100", 100, RANGE_PART, 0, 99 },
	{ "bytes=-1000", 100, RANGE_PART, 0, 99 },
	{ "BYTES=1-2", 100, RANGE_PART, 1, 2 },
	{ "bytes=0-18446744073709551615", 100, RANGE_PART, 0, 99 },
	{ "bytes=0-99999999999999999999999", 100, RANGE_PART, 0, 99 },
	{ "bytes=-99999999999999999999999", 100, RANGE_PART, 0, 99 },
	{ "bytes=100-", 100, RANGE_NOT_SATISFIABLE, 0, 0 },
	{ "bytes=99999999999999999999999-", 100, RANGE_NOT_SATISFIABLE, 0, 0 },
	{ "bytes=-0", 100, RANGE_NOT_SATISFIABLE, 0, 0 },
	{ "bytes=0-", 0, RANGE_NOT_SATISFIABLE, 0, 0 },
	{ "bytes=-5", 0, RANGE_NOT_SATISFIABLE, 0, 0 },
	{ "bytes=5-4", 100, RANGE_ALL, 0, 0 },
	{ "bytes=0-1,4-5", 100, RANGE_ALL, 0, 0 },
	{ "bytes=", 100, RANGE_ALL, 0, 0 },
	{ "bytes=-", 100, RANGE_ALL, 0, 0 },
	{ "bytes=a-b", 100, RANGE_ALL, 0, 0 },
	{ "bytes=1", 100, RANGE_ALL, 0, 0 },
	{ "bytes=--1", 100, RANGE_ALL, 0, 0 },
	{ "lines=1-2", 100, RANGE_ALL, 0, 0 },
	{ "", 100, RANGE_ALL, 0, 0 },
};

static void test_ranges(void)
{
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		uint64_t first = 0, last = 0;
		enum range got = range_parse(ranges[i].header, ranges[i].size, &first, &last);

		tap(got == ranges[i].want && first == ranges[i].first && last == ranges[i].last,
		    "range \"%s\" of %llu", ranges[i].header, (unsigned long long)ranges[i].size);
	}
}

static const struct {
	const char	*path;
	const char	*want;		/* NULL: refused */
} paths[] = {
	{ "/", "." },
	{ "///", "." },
	{ "/a", "a" },
	{ "//a//b", "a//b" },
	{ "/a%20b", "a b" },
	{ "/%2e%2e/x", "../x" },	/* the kernel refuses to follow it */
	{ "/%2Fetc", "etc" },
	{ "/%", NULL },
	{ "/%4", NULL },
	{ "/%zz", NULL },
	{ "/a%00b", NULL },
	{ "/123456789", NULL },		/* too long for the buffer */
};

static void test_paths(void)
{
	char out[9];

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		bool good = files_decode(paths[i].path, strlen(paths[i].path), out, sizeof(out));

		tap(good == !!paths[i].want && (!good || !strcmp(out, paths[i].want)),
		    "path %s", paths[i].path);
	}
}

int main(void)
{
	test_ranges();
	test_paths();
	return tap_end();
}
