/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The name of a peer. */
#ifndef SHEATH_HOSTNAME_H
#define SHEATH_HOSTNAME_H

#include <stdbool.h>

bool sheath_is_address(const char *name);
char *sheath_hostname(const char *name);

#endif /* SHEATH_HOSTNAME_H */
