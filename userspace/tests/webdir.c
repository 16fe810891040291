// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A directory to serve: "short" is a line, "long" and "huge" are zeroes.
 */
#include "webdir.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/stat.h>

#include "tap.h"

static char dir[64];

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

/**
 * webdir_resize() - make a file, or make it longer or shorter
 * @name: of the file
 * @size: bytes
 */
void webdir_resize(const char *name, off_t size)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || ftruncate(fd, size))
		tap_bail("cannot write %s", path_of(name));
	close(fd);
}

/** webdir_make() - make it */
void webdir_make(void)
{
	const char *base = getenv("TMPDIR");
	FILE *out;

	snprintf(dir, sizeof(dir), "%.40s/sheath-web-XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(dir) || chmod(dir, 0755))
		tap_bail("mkdtemp");
	out = fopen(path_of("short"), "we");
	if (!out || fputs("short\n", out) < 0 || fclose(out))
		tap_bail("cannot write %s", path_of("short"));
	webdir_resize("long", WEBDIR_LONG);
	webdir_resize("huge", WEBDIR_HUGE);
}

/** webdir_remove() - remove it */
void webdir_remove(void)
{
	static const char *const names[] = { "short", "long", "huge" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(path_of(names[i]));
	rmdir(dir);
}

/**
 * webdir_path() - where is it?
 *
 * Return: its path.
 */
const char *webdir_path(void)
{
	return dir;
}
