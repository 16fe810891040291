/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command line options that shape the TLS configuration of either role. */
#ifndef TLS_OPTS_H
#define TLS_OPTS_H

#include <getopt.h>

#include "libsheath.h"

/* Values of getopt_long() for options without a letter. */
enum {
	OPT_CERT = 256,
	OPT_KEY,
	OPT_ALPN,
	OPT_PRIORITY,
	OPT_PSK,
	OPT_TLS_LAST = OPT_PSK,
	OPT_OWN,		/* each command continues here */
};

/* Certificates and keys that may be given. */
#define PAIRS_MAX	32

#define TLS_LONG_OPTIONS \
	{ "cert",	required_argument,	NULL,	OPT_CERT }, \
	{ "key",	required_argument,	NULL,	OPT_KEY }, \
	{ "alpn",	required_argument,	NULL,	OPT_ALPN }, \
	{ "priority",	required_argument,	NULL,	OPT_PRIORITY }, \
	{ "psk",	required_argument,	NULL,	OPT_PSK }

/**
 * struct tls_opts - what was given
 * @cert: --cert, each time it was given
 * @n_certs: how often that was
 * @key: --key, likewise
 * @n_keys: how often that was
 * @alpn: --alpn
 * @priority: --priority
 * @psk: --psk
 */
struct tls_opts {
	const char	*cert[PAIRS_MAX];
	unsigned int	n_certs;
	const char	*key[PAIRS_MAX];
	unsigned int	n_keys;
	const char	*alpn;
	const char	*priority;
	const char	*psk;
};

int tls_opts_take(struct tls_opts *opts, int option, const char *arg);
int tls_opts_check(const struct tls_opts *opts);
int tls_opts_apply(const struct tls_opts *opts, struct sheath_config *cfg);

#endif /* TLS_OPTS_H */
