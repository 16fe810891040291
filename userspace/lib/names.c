// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Numbers of the IANA registries for what GnuTLS knows by names of its own.
 */
#include "names.h"

#include <stdbool.h>
#include <linux/sheath.h>

static const struct {
	gnutls_group_t	gnutls;
	unsigned int	iana;
} groups[] = {
	{ GNUTLS_GROUP_SECP192R1,	19 },
	{ GNUTLS_GROUP_SECP224R1,	21 },
	{ GNUTLS_GROUP_SECP256R1,	23 },
	{ GNUTLS_GROUP_SECP384R1,	24 },
	{ GNUTLS_GROUP_SECP521R1,	25 },
	{ GNUTLS_GROUP_X25519,		29 },
	{ GNUTLS_GROUP_X448,		30 },
	{ GNUTLS_GROUP_FFDHE2048,	256 },
	{ GNUTLS_GROUP_FFDHE3072,	257 },
	{ GNUTLS_GROUP_FFDHE4096,	258 },
	{ GNUTLS_GROUP_FFDHE6144,	259 },
	{ GNUTLS_GROUP_FFDHE8192,	260 },
};

/**
 * sheath_version_of() - the protocol version
 * @session: session
 *
 * Return: as on the wire; 0 for one that is never handed over.
 */
unsigned int sheath_version_of(gnutls_session_t session)
{
	switch (gnutls_protocol_get_version(session)) {
	case GNUTLS_TLS1_0:
		return SHEATH_TLS_1_0_VERSION;
	case GNUTLS_TLS1_1:
		return SHEATH_TLS_1_1_VERSION;
	case GNUTLS_TLS1_2:
		return TLS_1_2_VERSION;
	case GNUTLS_TLS1_3:
		return TLS_1_3_VERSION;
	default:
		return 0;
	}
}

/**
 * sheath_group_of() - the group of the key exchange
 * @session: session with a complete handshake
 *
 * Return: its number, 0 if there was none or a custom one.
 */
unsigned int sheath_group_of(gnutls_session_t session)
{
	gnutls_group_t group = gnutls_group_get(session);

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (groups[i].gnutls == group)
			return groups[i].iana;
	return 0;
}

/**
 * sheath_suite_of() - the cipher suite
 * @session: session with a complete handshake
 *
 * GnuTLS has no number for the suite of a session, but lists all suites with their parts.
 * Those of TLS 1.3 do not name a key exchange.
 *
 * Return: its number, 0 if unknown.
 */
unsigned int sheath_suite_of(gnutls_session_t session)
{
	bool tls13 = gnutls_protocol_get_version(session) == GNUTLS_TLS1_3;
	gnutls_kx_algorithm_t kx;
	gnutls_cipher_algorithm_t cipher;
	gnutls_mac_algorithm_t mac;
	gnutls_protocol_t min;
	unsigned char id[2];

	for (size_t i = 0; gnutls_cipher_suite_info(i, id, &kx, &cipher, &mac, &min); i++) {
		if ((min == GNUTLS_TLS1_3) != tls13 || cipher != gnutls_cipher_get(session) ||
		    mac != gnutls_mac_get(session))
			continue;
		if (tls13 || kx == gnutls_kx_get(session))
			return id[0] << 8 | id[1];
	}
	return 0;
}

/**
 * sheath_version_name() - the protocol version in words
 * @session: session
 *
 * Return: as "TLS1.3", never NULL.
 */
const char *sheath_version_name(gnutls_session_t session)
{
	const char *name = gnutls_protocol_get_name(gnutls_protocol_get_version(session));

	return name ? name : "this version of TLS";
}

/**
 * sheath_kx_of() - the key exchange in words
 * @session: session with a complete handshake
 *
 * In TLS 1.3 it has nothing to do with the certificate, though GnuTLS names it as if.
 *
 * Return: as "ECDHE-RSA" or, in TLS 1.3, "ECDHE"; NULL if unknown.
 */
const char *sheath_kx_of(gnutls_session_t session)
{
	gnutls_kx_algorithm_t kx = gnutls_kx_get(session);

	if (gnutls_protocol_get_version(session) == GNUTLS_TLS1_3) {
		if (kx == GNUTLS_KX_ECDHE_RSA || kx == GNUTLS_KX_ECDHE_ECDSA)
			return "ECDHE";
		if (kx == GNUTLS_KX_DHE_RSA)
			return "DHE";
	}
	return gnutls_kx_get_name(kx);
}
