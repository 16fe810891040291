/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attaching to a socket, by itself. */
#ifndef SHEATH_LIB_ULP_H
#define SHEATH_LIB_ULP_H

#ifndef TCP_ULP
#define TCP_ULP		31
#endif

int sheath_set_ulp(int fd);

#endif /* SHEATH_LIB_ULP_H */
