// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From a configuration to the algorithms of its sessions.
 *
 * A suite that the kernel module does not speak must not be negotiated: it would be noticed
 * only when the handshake is over. So whatever the application chose, the other versions
 * and ciphers are taken out at the end of the priority string.
 */
#include "priority.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cipher.h"
#include "error.h"

/*
 * AES-128 first: the strength is that of the usual groups, and it is the fastest. RFC 9325: no
 * key exchange without forward secrecy, no SHA-1 in signatures, no RSA key below 2048 bits.
 */
#define DEFAULT		"NORMAL:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:" \
			"+AES-128-CCM:-RSA:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1:-SIGN-DSA-SHA1:" \
			"-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:" \
			"+GROUP-SECP521R1:+GROUP-X448:+GROUP-FFDHE2048:+GROUP-FFDHE3072:" \
			"+GROUP-FFDHE4096:+GROUP-FFDHE6144:+GROUP-FFDHE8192:%PROFILE_MEDIUM"
#define WITH_PSK	":+ECDHE-PSK:+DHE-PSK"

static const struct {
	gnutls_protocol_t gnutls;
	uint32_t protocol;
	const char *by_name;
} versions[] = {
	{ GNUTLS_TLS1_0, SHEATH_PROTOCOL_TLS_1_0, "+VERS-TLS1.0" },
	{ GNUTLS_TLS1_1, SHEATH_PROTOCOL_TLS_1_1, "+VERS-TLS1.1" },
	{ GNUTLS_TLS1_2, SHEATH_PROTOCOL_TLS_1_2, NULL },
	{ GNUTLS_TLS1_3, SHEATH_PROTOCOL_TLS_1_3, NULL },
};

/* "NORMAL" has old versions in it that nobody asked for */
static bool has_version(const struct sheath_config *cfg, gnutls_protocol_t version)
{
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		if (versions[i].gnutls != version)
			continue;
		if (cfg->protocols)
			return cfg->protocols & versions[i].protocol;
		return !versions[i].by_name ||
		       (cfg->priority && strstr(cfg->priority, versions[i].by_name));
	}
	return false;
}

static void exclude_versions(FILE *out, const struct sheath_config *cfg)
{
	for (const gnutls_protocol_t *p = gnutls_protocol_list(); *p; p++)
		if (!has_version(cfg, *p))
			fprintf(out, ":-VERS-%s", gnutls_protocol_get_name(*p));
}

static void exclude_ciphers(FILE *out)
{
	for (const gnutls_cipher_algorithm_t *c = gnutls_cipher_list(); *c; c++)
		if (!sheath_cipher_find(*c))
			fprintf(out, ":-%s", gnutls_cipher_get_name(*c));
}

static char *compose(const struct sheath_config *cfg)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	if (cfg->priority)
		fputs(cfg->priority, out);
	else
		fprintf(out, "%s%s", DEFAULT, cfg->psk ? WITH_PSK : "");
	exclude_versions(out, cfg);
	exclude_ciphers(out);
	/* RFC 8449 section 4: a peer may ask for 64; GnuTLS would end the handshake below 512 */
	fputs(":%ALLOW_SMALL_RECORDS", out);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

/* GnuTLS accepts a list that came out empty, and then fails in the handshake. */
static int check_not_empty(gnutls_priority_t cache)
{
	const unsigned int *list;

	if (gnutls_priority_cipher_list(cache, &list) <= 0)
		return sheath_fail("the priority string leaves no cipher the kernel module "
				   "speaks");
	if (gnutls_priority_protocol_list(cache, &list) <= 0)
		return sheath_fail("the priority string leaves no version the kernel module "
				   "speaks");
	return 0;
}

/* Quotes what the application wrote from the bad word on, and nothing that was added to it. */
static void bad_word(const struct sheath_config *cfg, size_t offset)
{
	size_t len = cfg->priority ? strlen(cfg->priority) : 0;

	if (offset < len)
		sheath_fail("bad priority string at \"%.40s\"", cfg->priority + offset);
	else
		sheath_fail("bad priority string: GnuTLS does not know what was added to it");
}

static gnutls_priority_t make(const struct sheath_config *cfg)
{
	gnutls_priority_t cache = NULL;
	const char *where = NULL;
	char *text = compose(cfg);
	int ret;

	if (!text) {
		sheath_fail("out of memory");
		return NULL;
	}
	ret = gnutls_priority_init(&cache, text, &where);
	if (ret == GNUTLS_E_INVALID_REQUEST && where)
		bad_word(cfg, where - text);
	else if (ret == GNUTLS_E_NO_PRIORITIES_WERE_SET)
		sheath_fail("the priority string leaves nothing the kernel module speaks");
	else if (ret)
		sheath_fail_gnutls(ret, "bad priority string");
	if (!ret && check_not_empty(cache)) {
		gnutls_priority_deinit(cache);
		cache = NULL;
	}
	free(text);
	return ret ? NULL : cache;
}

/**
 * sheath_priority_update() - work out the algorithms again
 * @cfg: configuration something was changed in. After a failure it has those it had before.
 */
int sheath_priority_update(struct sheath_config *cfg)
{
	gnutls_priority_t made = make(cfg);

	if (!made)
		return -1;
	if (cfg->algorithms)
		gnutls_priority_deinit(cfg->algorithms);
	cfg->algorithms = made;
	return 0;
}
