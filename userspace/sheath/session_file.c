// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sessions between two runs of the program. The file holds secrets: only its owner may
 * read it, and it is replaced as a whole.
 */
#include "session_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "say.h"

#define SESSION_MAX	65536

/**
 * session_file_load() - try to resume the session of a file
 * @path: file; one that is not there is no error
 * @hs: handshake that has not begun
 *
 * A session that cannot be had costs a full handshake and a line on standard error, no more.
 */
void session_file_load(const char *path, struct sheath_hs *hs)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *data = malloc(SESSION_MAX);
	ssize_t n = -1;

	if (fd >= 0 && data)
		n = read(fd, data, SESSION_MAX);
	if (n < 0 && (fd >= 0 || errno != ENOENT))
		say("cannot read %s: %s; a full handshake instead", path, strerror(errno));
	if (n > 0 && sheath_set_session(hs, data, n))
		say("%s: %s; a full handshake instead", path, sheath_error());
	if (fd >= 0)
		close(fd);
	sheath_session_free(data, SESSION_MAX);
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0)
			return -1;
		data += n;
		len -= n;
	}
	return 0;
}

static int replace(const char *path, const void *data, size_t len)
{
	char *temp;
	int fd, ret = -1;

	if (asprintf(&temp, "%s.XXXXXX", path) < 0)
		return -1;
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd >= 0) {
		ret = write_all(fd, data, len);
		close(fd);
		if (!ret)
			ret = rename(temp, path);
		if (ret)
			unlink(temp);
	}
	free(temp);
	return ret;
}

/**
 * session_file_save() - keep a session for the next run
 * @path: file
 * @hs: complete handshake; one that cannot be resumed leaves the file as it is
 *
 * Return: 0, or an exit status after an error was printed.
 */
int session_file_save(const char *path, struct sheath_hs *hs)
{
	void *data;
	size_t len;
	int ret;

	if (sheath_get_session(hs, &data, &len))
		return 0;
	ret = replace(path, data, len);
	if (ret)
		ret = say("cannot write %s: %s", path, strerror(errno));
	sheath_session_free(data, len);
	return ret;
}
