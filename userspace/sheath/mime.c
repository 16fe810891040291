// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Types of files by the ends of their names: as the machine's table has them, and a table of
 * what web sites are made of for machines that have none.
 */
#include "mime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct mime {
	const char	*suffix;	/* without the dot */
	const char	*type;
};

/* In the order of strcasecmp(). */
static const struct mime builtin[] = {
	{ "atom", "application/atom+xml" },
	{ "avif", "image/avif" },
	{ "bmp", "image/bmp" },
	{ "bz2", "application/x-bzip2" },
	{ "css", "text/css" },
	{ "csv", "text/csv" },
	{ "epub", "application/epub+zip" },
	{ "flac", "audio/flac" },
	{ "gif", "image/gif" },
	{ "gz", "application/gzip" },
	{ "htm", "text/html" },
	{ "html", "text/html" },
	{ "ico", "image/vnd.microsoft.icon" },
	{ "ics", "text/calendar" },
	{ "jpeg", "image/jpeg" },
	{ "jpg", "image/jpeg" },
	{ "js", "text/javascript" },
	{ "json", "application/json" },
	{ "jxl", "image/jxl" },
	{ "log", "text/plain" },
	{ "m4a", "audio/mp4" },
	{ "m4v", "video/mp4" },
	{ "map", "application/json" },
	{ "md", "text/plain" },
	{ "mjs", "text/javascript" },
	{ "mkv", "video/x-matroska" },
	{ "mov", "video/quicktime" },
	{ "mp3", "audio/mpeg" },
	{ "mp4", "video/mp4" },
	{ "mpg", "video/mpeg" },
	{ "oga", "audio/ogg" },
	{ "ogg", "audio/ogg" },
	{ "ogv", "video/ogg" },
	{ "opus", "audio/ogg" },
	{ "otf", "font/otf" },
	{ "pdf", "application/pdf" },
	{ "png", "image/png" },
	{ "rss", "application/rss+xml" },
	{ "svg", "image/svg+xml" },
	{ "tar", "application/x-tar" },
	{ "tgz", "application/gzip" },
	{ "tif", "image/tiff" },
	{ "tiff", "image/tiff" },
	{ "ttf", "font/ttf" },
	{ "txt", "text/plain" },
	{ "vtt", "text/vtt" },
	{ "wasm", "application/wasm" },
	{ "wav", "audio/x-wav" },
	{ "webm", "video/webm" },
	{ "webmanifest", "application/manifest+json" },
	{ "webp", "image/webp" },
	{ "woff", "font/woff" },
	{ "woff2", "font/woff2" },
	{ "xhtml", "application/xhtml+xml" },
	{ "xml", "application/xml" },
	{ "xz", "application/x-xz" },
	{ "zip", "application/zip" },
	{ "zst", "application/zstd" },
};

/* The table of the machine: @loaded points into @text. */
static char *text;
static struct mime *loaded;
static size_t n_loaded;

static int compare(const void *a, const void *b)
{
	return strcasecmp(((const struct mime *)a)->suffix, ((const struct mime *)b)->suffix);
}

static int add(const char *suffix, const char *type)
{
	struct mime *more;

	/* room for a power of two */
	if (!(n_loaded & (n_loaded - 1))) {
		more = realloc(loaded, (n_loaded ? 2 * n_loaded : 1) * sizeof(*loaded));
		if (!more)
			return -1;
		loaded = more;
	}
	loaded[n_loaded++] = (struct mime){ suffix, type };
	return 0;
}

/* A type, then the suffixes of it; a # begins a comment. */
static int take_line(char *line)
{
	static const char blank[] = " \t\r";
	char *rest, *type, *suffix;

	line[strcspn(line, "#")] = '\0';
	type = strtok_r(line, blank, &rest);
	if (!type || !strchr(type, '/'))
		return 0;
	while ((suffix = strtok_r(NULL, blank, &rest)))
		if (add(suffix, type))
			return -1;
	return 0;
}

static int read_all(const char *path)
{
	FILE *in = fopen(path, "re");
	size_t size = 0;
	int ret = 0;

	if (!in)
		return -1;
	if (getdelim(&text, &size, '\0', in) < 0) {
		ret = ferror(in) ? -1 : 0;
		mime_forget();
	}
	fclose(in);
	return ret;
}

/**
 * mime_load() - go by the table of a file from now on
 * @path: as mime.types(5) of Apache: a type and its suffixes on a line
 *
 * Return: 0, or -1 with errno set; the table of the program is used then.
 */
int mime_load(const char *path)
{
	char *rest;

	mime_forget();
	if (read_all(path))
		return -1;
	if (!text)
		return 0;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (take_line(line)) {
			mime_forget();
			return -1;
		}
	}
	if (n_loaded)
		qsort(loaded, n_loaded, sizeof(*loaded), compare);
	return 0;
}

/** mime_forget() - go by the table of the program alone */
void mime_forget(void)
{
	free(loaded);
	free(text);
	loaded = NULL;
	text = NULL;
	n_loaded = 0;
}

/**
 * mime_type() - what is in a file?
 * @name: its name
 *
 * Return: its type, which lasts until the next mime_load().
 */
const char *mime_type(const char *name)
{
	const char *dot = strrchr(name, '.');
	struct mime key = { .suffix = dot ? dot + 1 : "" };
	const struct mime *found = NULL;

	if (!dot || strchr(dot, '/'))
		return "application/octet-stream";
	if (n_loaded)
		found = bsearch(&key, loaded, n_loaded, sizeof(*loaded), compare);
	if (!found)
		found = bsearch(&key, builtin, sizeof(builtin) / sizeof(builtin[0]),
				sizeof(builtin[0]), compare);
	return found ? found->type : "application/octet-stream";
}
