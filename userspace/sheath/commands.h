/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of the program. */
#ifndef COMMANDS_H
#define COMMANDS_H

int command_serve(int argc, char **argv);
int command_connect(int argc, char **argv);

#endif /* COMMANDS_H */
