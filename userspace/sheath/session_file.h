/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sessions between two runs of the program. */
#ifndef SESSION_FILE_H
#define SESSION_FILE_H

#include "libsheath.h"

void session_file_load(const char *path, struct sheath_hs *hs);
int session_file_save(const char *path, struct sheath_hs *hs);

#endif /* SESSION_FILE_H */
