// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Resumption as a client: session data out of one handshake and into the next.
 *
 * A session shows no certificate when it is resumed, or the one that it was begun with. So what
 * GnuTLS has of it travels with the name of the peer and with how the peer proved to be that: it
 * is good for the same name only, and if a pre-shared key was the proof, for whoever has that.
 *
 *	tag			4 bytes
 *	how			1 byte, enum proof
 *	length of the name	2 bytes
 *	length of the identity	2 bytes
 *	name, identity, data of GnuTLS
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "datum.h"
#include "error.h"
#include "facts.h"
#include "hs.h"
#include "libsheath.h"
#include "tickets.h"

#define TAG		"shS1"
#define TAG_LEN		4
#define FIXED_LEN	(TAG_LEN + 5)
#define NAME_MAX_LEN	UINT16_MAX

/* how the peer proved who it is */
enum proof {
	PROOF_CERTIFICATE,
	PROOF_PSK,
};

/**
 * struct parts - session data, taken apart
 * @proof: enum proof
 * @name: of the peer, "" if there was none
 * @identity: of the pre-shared key, "" if there was none
 * @data: what GnuTLS has of it
 *
 * The texts are not terminated; they lie in the session data, as @data does.
 */
struct parts {
	uint8_t		proof;
	gnutls_datum_t	name;
	gnutls_datum_t	identity;
	gnutls_datum_t	data;
};

static gnutls_datum_t take(const uint8_t **p, size_t len)
{
	gnutls_datum_t part = { (unsigned char *)*p, len };

	*p += len;
	return part;
}

static bool take_apart(const void *session, size_t len, struct parts *parts)
{
	const uint8_t *p = session;
	size_t name, identity;

	if (len < FIXED_LEN || memcmp(p, TAG, TAG_LEN))
		return false;
	parts->proof = p[TAG_LEN];
	name = p[TAG_LEN + 1] << 8 | p[TAG_LEN + 2];
	identity = p[TAG_LEN + 3] << 8 | p[TAG_LEN + 4];
	p += FIXED_LEN;
	len -= FIXED_LEN;
	if (len <= name + identity || parts->proof > PROOF_PSK)
		return false;
	parts->name = take(&p, name);
	parts->identity = take(&p, identity);
	parts->data = take(&p, len - name - identity);
	return true;
}

static bool same(const gnutls_datum_t *part, const char *text)
{
	text = text ? text : "";
	return part->size == strlen(text) &&
	       !strncasecmp((const char *)part->data, text, part->size);
}

/*
 * Is the session one of the peer that is wanted? A pre-shared key is not offered beside a session
 * that a certificate began: GnuTLS would forget the certificate.
 */
static int check_peer(struct sheath_hs *hs, const struct parts *parts)
{
	const struct sheath_psk *psk = hs->cfg->psk;

	if (!same(&parts->name, hs->name))
		return sheath_fail("this session is of another peer than %s",
				   hs->name ? hs->name : "one without a name");
	if (parts->proof == PROOF_CERTIFICATE)
		return 0;
	if (!psk || strlen(psk->identity) != parts->identity.size ||
	    memcmp(psk->identity, parts->identity.data, parts->identity.size))
		return sheath_fail("this session was begun with a pre-shared key that this "
				   "configuration does not have");
	return 0;
}

static int withhold_psk(struct sheath_hs *hs)
{
	int ret;

	gnutls_credentials_clear(hs->session);
	ret = gnutls_credentials_set(hs->session, GNUTLS_CRD_CERTIFICATE, hs->cfg->client_cred);
	return ret ? sheath_fail_gnutls(ret, "cannot resume this session") : 0;
}

int sheath_set_session(struct sheath_hs *hs, const void *data, size_t len)
{
	struct parts parts;
	int ret;

	if (hs->server || hs->step != SHEATH_STEP_ATTACH)
		return sheath_fail("only a client that has not begun can resume a session");
	if (!take_apart(data, len, &parts))
		return sheath_fail("cannot resume this session: it is none, or of another version of "
				   "libsheath");
	if (check_peer(hs, &parts))
		return -1;
	ret = gnutls_session_set_data(hs->session, parts.data.data, parts.data.size);
	if (ret)
		return sheath_fail_gnutls(ret, "cannot resume this session");
	return hs->cfg->psk && parts.proof == PROOF_CERTIFICATE ? withhold_psk(hs) : 0;
}

/* In TLS 1.3 GnuTLS would read from the socket until a ticket comes, had it none. */
static int check_resumable(struct sheath_hs *hs)
{
	if (hs->server || hs->step != SHEATH_STEP_DONE)
		return sheath_fail("only a client whose handshake is complete has a session");
	if (hs->name && strlen(hs->name) > NAME_MAX_LEN)
		return sheath_fail("the name of the server is too long");
	if (sheath_tickets_harvest(hs))
		return -1;
	if (gnutls_protocol_get_version(hs->session) == GNUTLS_TLS1_3 &&
	    !sheath_tickets_received(hs))
		return sheath_fail("the server sent no session ticket yet");
	return 0;
}

static uint8_t *put(uint8_t *p, const void *from, size_t len)
{
	memcpy(p, from, len);
	return p + len;
}

/* Allocated; NULL without memory. */
static void *put_together(const struct sheath_hs *hs, const gnutls_datum_t *session, size_t *len)
{
	const char *name = hs->name ? hs->name : "", *identity = hs->psk_identity;
	size_t name_len = strlen(name), identity_len = strlen(identity);
	bool psk = sheath_facts_used_psk(hs);
	const uint8_t how[] = {
		psk ? PROOF_PSK : PROOF_CERTIFICATE,
		name_len >> 8, name_len, identity_len >> 8, identity_len,
	};
	uint8_t *data, *p;

	*len = FIXED_LEN + name_len + identity_len + session->size;
	data = p = malloc(*len);
	if (!data)
		return NULL;
	p = put(p, TAG, TAG_LEN);
	p = put(p, how, sizeof(how));
	p = put(p, name, name_len);
	p = put(p, identity, identity_len);
	put(p, session->data, session->size);
	return data;
}

int sheath_get_session(struct sheath_hs *hs, void **data, size_t *len)
{
	gnutls_datum_t session = { NULL, 0 };
	int ret;

	if (check_resumable(hs))
		return -1;
	ret = gnutls_session_get_data2(hs->session, &session);
	if (ret)
		return sheath_fail_gnutls(ret, "this session cannot be resumed");
	*data = put_together(hs, &session, len);
	sheath_datum_wipe(&session);
	return *data ? 0 : sheath_fail("out of memory");
}

void sheath_session_free(void *data, size_t len)
{
	if (data)
		explicit_bzero(data, len);
	free(data);
}
