// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files below the directory that is served. The kernel keeps the walk below it
 * (RESOLVE_BENEATH), whatever a path or a symbolic link says.
 */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "mime.h"

#define INDEX	"index.html"

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/**
 * files_decode() - from the path of a URL to one of the file system
 * @path: path, begins with a slash, not terminated
 * @len: its bytes
 * @out: set to the path below the root, without slashes in front: "." for the root itself
 * @size: bytes of @out
 *
 * Return: false if it cannot be a path: a bad escape, a zero byte, too long.
 */
bool files_decode(const char *path, size_t len, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = path[i];

		if (c == '%') {
			int high = i + 2 < len ? hex(path[i + 1]) : -1;
			int low = i + 2 < len ? hex(path[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = high << 4 | low;
			i += 2;
		}
		if (!c || n + 1 >= size)
			return false;
		if (c == '/' && !n)
			continue;
		out[n++] = c;
	}
	if (!n)
		out[n++] = '.';
	out[n] = '\0';
	return true;
}

static int open_beneath(int root, const char *path)
{
	struct open_how how = {
		/* O_NONBLOCK: to open a FIFO must not wait for its writer */
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};

	return syscall(SYS_openat2, root, path, &how, sizeof(how));
}

static int open_index(int dir)
{
	int fd = open_beneath(dir, INDEX);
	int error = errno;

	close(dir);
	errno = error;
	return fd;
}

/*
 * A name that begins with a dot is not meant for the public: .git, .htpasswd, .env. RFC 8615 has
 * one that is, at the root.
 */
static bool is_hidden(const char *path)
{
	static const char well_known[] = ".well-known/";
	size_t len;

	if (!strncmp(path, well_known, sizeof(well_known) - 1))
		path += sizeof(well_known) - 1;
	for (; *path; path += len + strspn(path + len, "/")) {
		len = strcspn(path, "/");
		if (*path == '.' && len != 1 && (len != 2 || path[1] != '.'))
			return true;
	}
	return false;
}

/**
 * files_open() - open a file
 * @site: what is served
 * @path: from files_decode(); a directory with a slash at the end stands for its index.html
 * @file: filled in; the caller closes the descriptor
 *
 * Return: 0, or a positive errno; EISDIR for a directory without a slash at the end.
 */
int files_open(const struct site *site, const char *path, struct file *file)
{
	bool slash = !strcmp(path, ".") || path[strlen(path) - 1] == '/';
	struct stat st;
	int fd;

	if (!site->dotfiles && is_hidden(path))
		return ENOENT;
	fd = open_beneath(site->root, path);
	if (fd < 0)
		return errno;
	if (!fstat(fd, &st) && S_ISDIR(st.st_mode)) {
		if (!slash) {
			close(fd);
			return EISDIR;
		}
		fd = open_index(fd);
		path = INDEX;
		if (fd < 0)
			return errno;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return ENOENT;
	}
	file->fd = fd;
	file->size = st.st_size;
	file->mtime = st.st_mtim;
	file->type = mime_type(path);
	return 0;
}
