/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A directory to serve. */
#ifndef WEBDIR_H
#define WEBDIR_H

#include <sys/types.h>

#define WEBDIR_LONG	(1 << 20)
#define WEBDIR_HUGE	(256 << 20)

void webdir_make(void);
void webdir_remove(void);
const char *webdir_path(void);
void webdir_resize(const char *name, off_t size);

#endif /* WEBDIR_H */
