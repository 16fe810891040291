// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sheath: TLS connections whose records the kernel handles, for shell users.
 */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "say.h"

static const char help[] =
"usage: sheath serve [options] DIR            serve the files of DIR by HTTPS\n"
"       sheath connect [options] HOST PORT    standard input and output over TLS\n"
"       sheath --version\n"
"       sheath COMMAND --help\n";

static const struct {
	const char	*name;
	int		(*run)(int argc, char **argv);
} commands[] = {
	{ "serve",	command_serve },
	{ "connect",	command_connect },
};

int main(int argc, char **argv)
{
	if (argc < 2)
		return say_usage("no command");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		fputs(help, stdout);
		return 0;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("sheath " SHEATH_VERSION);
		return 0;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		/* getopt_long() begins its messages with it */
		argv[1] = (char *)"sheath";
		return commands[i].run(argc - 1, argv + 1);
	}
	return say_usage("there is no command \"%s\"", argv[1]);
}
