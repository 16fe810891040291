/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving privileges up. */
#ifndef USER_H
#define USER_H

int user_become(const char *name);

#endif /* USER_H */
