/* SPDX-License-Identifier: GPL-2.0 */
/* The version of the module, of libsheath and of the programs: here and nowhere else. */
#ifndef SHEATH_VERSION_H
#define SHEATH_VERSION_H

#define SHEATH_VERSION "0.1.0"

#endif /* SHEATH_VERSION_H */
