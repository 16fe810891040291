/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files below the directory that is served. */
#ifndef FILES_H
#define FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/**
 * struct site - what is served
 * @root: descriptor of the directory
 * @dotfiles: names that begin with a dot, too
 */
struct site {
	int	root;
	bool	dotfiles;
};

/**
 * struct file - an open regular file
 * @fd: descriptor
 * @size: bytes
 * @mtime: when it was changed last
 * @type: value for Content-Type
 */
struct file {
	int		fd;
	uint64_t	size;
	struct timespec	mtime;
	const char	*type;
};

bool files_decode(const char *path, size_t len, char *out, size_t size);
int files_open(const struct site *site, const char *path, struct file *file);

#endif /* FILES_H */
