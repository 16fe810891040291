// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Command line options that shape the TLS configuration of either role.
 */
#include "tls_opts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "say.h"

#define PSK_MAX	256

static int take_file(const char **list, unsigned int *n, const char *path, const char *option)
{
	if (*n == PAIRS_MAX)
		return say_usage("%s is given more than %d times", option, PAIRS_MAX);
	list[(*n)++] = path;
	return 0;
}

/**
 * tls_opts_take() - note an option
 * @opts: options so far
 * @option: OPT_* up to OPT_TLS_LAST
 * @arg: its argument, kept
 *
 * Return: 0, or an exit status after an error was printed.
 */
int tls_opts_take(struct tls_opts *opts, int option, const char *arg)
{
	switch (option) {
	case OPT_CERT:
		return take_file(opts->cert, &opts->n_certs, arg, "--cert");
	case OPT_KEY:
		return take_file(opts->key, &opts->n_keys, arg, "--key");
	case OPT_ALPN:
		opts->alpn = arg;
		break;
	case OPT_PRIORITY:
		opts->priority = arg;
		break;
	case OPT_PSK:
		opts->psk = arg;
		break;
	}
	return 0;
}

/**
 * tls_opts_check() - do the options fit together?
 * @opts: options
 *
 * Return: 0, or an exit status after an error was printed.
 */
int tls_opts_check(const struct tls_opts *opts)
{
	if (opts->n_certs != opts->n_keys)
		return say_usage("--cert and --key go together, one for one");
	return 0;
}

static int unhex(const char *text, unsigned char *out, size_t *len)
{
	unsigned int byte;
	int n;

	for (*len = 0; *text; text += 2) {
		if (*len == PSK_MAX || strspn(text, "0123456789abcdefABCDEF") < 2 ||
		    sscanf(text, "%2x%n", &byte, &n) != 1 || n != 2)
			return -1;
		out[(*len)++] = byte;
	}
	return *len ? 0 : -1;
}

/* A line as psktool(1) writes it: the identity, a colon, the key in hexadecimal. */
static int take_psk_line(struct sheath_config *cfg, char *line)
{
	unsigned char key[PSK_MAX];
	char *colon = strrchr(line, ':');
	size_t len;
	int ret;

	line[strcspn(line, "\r\n")] = '\0';
	if (!*line || *line == '#')
		return 0;
	if (!colon || unhex(colon + 1, key, &len))
		return -1;
	*colon = '\0';
	ret = sheath_config_add_psk(cfg, line, key, len);
	explicit_bzero(key, sizeof(key));
	return ret ? say("%s", sheath_error()) : 0;
}

static int load_psk(struct sheath_config *cfg, const char *path)
{
	char line[1024];
	int ret = 0, number = 0;
	FILE *in = fopen(path, "re");

	if (!in)
		return say("cannot read %s: %s", path, strerror(errno));
	/* The stream must not keep a copy of its own of the keys. */
	setvbuf(in, NULL, _IONBF, 0);
	while (!ret && fgets(line, sizeof(line), in)) {
		number++;
		ret = take_psk_line(cfg, line);
		if (ret < 0)
			ret = say("%s line %d is not IDENTITY:HEXKEY", path, number);
	}
	explicit_bzero(line, sizeof(line));
	fclose(in);
	return ret;
}

/**
 * tls_opts_apply() - put the options into a configuration
 * @opts: options that fit together
 * @cfg: configuration
 *
 * Return: 0, or an exit status after an error was printed.
 */
int tls_opts_apply(const struct tls_opts *opts, struct sheath_config *cfg)
{
	int ret;

	if (opts->psk) {
		ret = load_psk(cfg, opts->psk);
		if (ret)
			return ret;
	}
	for (unsigned int i = 0; i < opts->n_certs; i++)
		if (sheath_config_set_keypair_file(cfg, opts->cert[i], opts->key[i]))
			return say("%s", sheath_error());
	if ((opts->alpn && sheath_config_set_alpn(cfg, opts->alpn)) ||
	    (opts->priority && sheath_config_set_priority(cfg, opts->priority)))
		return say("%s", sheath_error());
	return 0;
}
