/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers on the command line. */
#ifndef NUMBER_H
#define NUMBER_H

int number_parse(const char *text, unsigned int min, unsigned int max, const char *what,
		 unsigned int *value);

#endif /* NUMBER_H */
