/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Types of files by the ends of their names. */
#ifndef MIME_H
#define MIME_H

#define MIME_FILE	"/etc/mime.types"

int mime_load(const char *path);
void mime_forget(void);
const char *mime_type(const char *name);

#endif /* MIME_H */
