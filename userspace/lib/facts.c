// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What was negotiated.
 */
#include "facts.h"

#include <string.h>

#include "error.h"
#include "libsheath.h"
#include "names.h"
#include "tickets.h"

/**
 * sheath_facts_used_psk() - was the peer authenticated by a pre-shared key?
 * @hs: complete handshake, or one that has come to the certificates
 */
bool sheath_facts_used_psk(const struct sheath_hs *hs)
{
	return gnutls_auth_get_type(hs->session) == GNUTLS_CRD_PSK;
}

/*
 * GnuTLS has the identity for a server; a client has but one key. With RSA-PSK a server has
 * a certificate as well, and that is what it is authenticated by.
 */
static const char *psk_identity(const struct sheath_hs *hs)
{
	const char *identity = NULL;

	if (hs->server)
		identity = gnutls_psk_server_get_username(hs->session);
	else if (hs->cfg->psk && (sheath_facts_used_psk(hs) ||
				  gnutls_kx_get(hs->session) == GNUTLS_KX_RSA_PSK))
		identity = hs->cfg->psk->identity;
	return identity;
}

/**
 * sheath_facts_knows_psk() - was it a pre-shared key of this configuration?
 * @hs: see sheath_facts_used_psk()
 *
 * The session that is resumed may have been begun with another configuration.
 */
bool sheath_facts_knows_psk(const struct sheath_hs *hs)
{
	const char *identity = psk_identity(hs);

	if (!identity || !sheath_facts_used_psk(hs))
		return false;
	for (const struct sheath_psk *p = hs->cfg->psk; p; p = p->next)
		if (!strcmp(p->identity, identity))
			return true;
	return false;
}

/**
 * sheath_facts_note() - keep what GnuTLS has no string for
 * @hs: complete handshake
 */
void sheath_facts_note(struct sheath_hs *hs)
{
	size_t len = sizeof(hs->servername) - 1;
	const char *identity = psk_identity(hs);
	gnutls_datum_t alpn;
	unsigned int type;

	if (!gnutls_alpn_get_selected_protocol(hs->session, &alpn) &&
	    alpn.size < sizeof(hs->alpn))
		memcpy(hs->alpn, alpn.data, alpn.size);
	if (hs->server && gnutls_server_name_get(hs->session, hs->servername, &len, &type, 0))
		hs->servername[0] = '\0';
	if (identity && strlen(identity) < sizeof(hs->psk_identity))
		strcpy(hs->psk_identity, identity);
}

unsigned int sheath_version(const struct sheath_hs *hs)
{
	return sheath_version_of(hs->session);
}

unsigned int sheath_suite(const struct sheath_hs *hs)
{
	return sheath_suite_of(hs->session);
}

const char *sheath_suite_name(const struct sheath_hs *hs)
{
	return gnutls_ciphersuite_get(hs->session);
}

int sheath_encrypt_then_mac(const struct sheath_hs *hs)
{
	return gnutls_session_etm_status(hs->session);
}

unsigned int sheath_group(const struct sheath_hs *hs)
{
	return sheath_group_of(hs->session);
}

const char *sheath_group_name(const struct sheath_hs *hs)
{
	return gnutls_group_get_name(gnutls_group_get(hs->session));
}

const char *sheath_kx_name(const struct sheath_hs *hs)
{
	return sheath_kx_of(hs->session);
}

static const char *known(const char *text)
{
	return *text ? text : NULL;
}

const char *sheath_alpn(const struct sheath_hs *hs)
{
	return known(hs->alpn);
}

const char *sheath_servername(const struct sheath_hs *hs)
{
	return known(hs->servername);
}

const char *sheath_psk_identity(const struct sheath_hs *hs)
{
	return known(hs->psk_identity);
}

int sheath_resumed(const struct sheath_hs *hs)
{
	return gnutls_session_is_resumed(hs->session) != 0;
}

int sheath_has_secrets(const struct sheath_hs *hs)
{
	return hs->has_secrets;
}

int sheath_tickets(const struct sheath_hs *hs)
{
	return !hs->server && sheath_tickets_received(hs);
}

void sheath_sequence(const struct sheath_hs *hs, uint64_t *tx, uint64_t *rx)
{
	*tx = hs->tx_seq;
	*rx = hs->rx_seq;
}

unsigned int sheath_tx_limit(const struct sheath_hs *hs)
{
	return hs->tx_limit;
}

unsigned int sheath_peer_certs(const struct sheath_hs *hs)
{
	unsigned int n = 0;

	return gnutls_certificate_get_peers(hs->session, &n) ? n : 0;
}

int sheath_peer_cert(const struct sheath_hs *hs, unsigned int index, const unsigned char **der,
		     size_t *len)
{
	unsigned int n = 0;
	const gnutls_datum_t *list = gnutls_certificate_get_peers(hs->session, &n);

	if (!list || index >= n)
		return sheath_fail("the peer has no certificate number %u", index);
	*der = list[index].data;
	*len = list[index].size;
	return 0;
}

unsigned int sheath_peer_status(const struct sheath_hs *hs)
{
	return hs->peer_status;
}

const char *sheath_peer_verdict(const struct sheath_hs *hs)
{
	if (hs->verdict.data)
		return (const char *)hs->verdict.data;
	return hs->psk_identity[0] ? "The peer was authenticated by a pre-shared key." :
				     "The peer has no certificate.";
}
