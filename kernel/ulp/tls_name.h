/* SPDX-License-Identifier: GPL-2.0 */
/* The ULP name of in-tree TLS, for programs that ask for that. */
#ifndef SHEATH_TLS_NAME_H
#define SHEATH_TLS_NAME_H

#include <linux/init.h>

void sheath_alias_init(void);
void sheath_alias_exit(void);

#endif /* SHEATH_TLS_NAME_H */
