// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who the peer is.
 *
 * GnuTLS calls back when a certificate came in. It does not when a session is resumed, and
 * the session may come from a file or from a configuration that verified nothing: so the chain
 * kept in the session is verified again, with today's date. One without a chain, that was begun
 * with a pre-shared key, is for a configuration with that key only.
 */
#include "verify.h"

#include <pthread.h>
#include <gnutls/x509.h>

#include "error.h"
#include "facts.h"

/* Puts the verdict into words, for those who ask for it whatever it is. */
static void tell(struct sheath_hs *hs)
{
	gnutls_free(hs->verdict.data);
	hs->verdict.data = NULL;
	gnutls_certificate_verification_status_print(hs->peer_status, GNUTLS_CRT_X509,
						     &hs->verdict, 0);
	/* GnuTLS leaves a space for a sentence to follow. */
	while (hs->verdict.size && hs->verdict.data[hs->verdict.size - 1] == ' ')
		hs->verdict.data[--hs->verdict.size] = '\0';
}

static int verify_chain(struct sheath_hs *hs)
{
	gnutls_typed_vdata_st data[2];
	unsigned int n = 0;
	int ret;

	data[n].type = GNUTLS_DT_KEY_PURPOSE_OID;
	data[n].data = (void *)(hs->server ? GNUTLS_KP_TLS_WWW_CLIENT : GNUTLS_KP_TLS_WWW_SERVER);
	data[n++].size = 0;
	if (!hs->server && hs->name && hs->cfg->verify_name) {
		data[n].type = GNUTLS_DT_DNS_HOSTNAME;
		data[n].data = (void *)hs->name;
		data[n++].size = 0;
	}
	ret = gnutls_certificate_verify_peers(hs->session, data, n, &hs->peer_status);
	if (ret) {
		hs->peer_status = GNUTLS_CERT_INVALID;
		sheath_fail_gnutls(ret, "cannot verify the peer's certificate");
	}
	tell(hs);
	if (!hs->cfg->verify_cert)
		return 0;
	if (!hs->server && !hs->name && hs->cfg->verify_name)
		return sheath_fail("the server shows a certificate and there is no name to verify");
	if (!ret && hs->peer_status)
		sheath_fail("the peer's certificate is not accepted: %s", hs->verdict.data);
	return ret || hs->peer_status ? -1 : 0;
}

/**
 * sheath_verify_peer() - is the peer who it should be?
 * @hs: handshake that has come far enough to have the peer's certificate
 */
int sheath_verify_peer(struct sheath_hs *hs)
{
	unsigned int n = 0;

	if (gnutls_certificate_get_peers(hs->session, &n) && n)
		return verify_chain(hs);
	if (sheath_facts_knows_psk(hs))
		return 0;
	if (hs->server && !hs->cfg->has_keypair)
		return sheath_fail("the client has no pre-shared key");
	if (hs->server && hs->cfg->client_cert == SHEATH_CLIENT_CERT_REQUIRE)
		return sheath_fail("the client has no certificate");
	if (!hs->server && hs->cfg->verify_cert)
		return sheath_fail("the server has no certificate");
	return 0;
}

static int on_certificate(gnutls_session_t session)
{
	return sheath_verify_peer(gnutls_session_get_ptr(session)) ?
	       GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR : 0;
}

/* Loaded when the first client needs them: a server never does, and they are many. */
static int trust_system(struct sheath_config *cfg)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	int ret = 0;

	pthread_mutex_lock(&lock);
	if (!cfg->has_ca && !cfg->system_ca)
		ret = gnutls_certificate_set_x509_system_trust(cfg->client_cred);
	if (!cfg->has_ca && ret >= 0)
		cfg->system_ca = true;
	pthread_mutex_unlock(&lock);
	return ret < 0 ? sheath_fail_gnutls(ret, "cannot load the system's authorities") : 0;
}

/**
 * sheath_verify_setup() - have the peer verified
 * @hs: handshake that has not begun
 */
int sheath_verify_setup(struct sheath_hs *hs)
{
	hs->peer_status = GNUTLS_CERT_INVALID;
	if (!hs->server && hs->cfg->verify_cert && trust_system(hs->cfg))
		return -1;
	if (hs->server && hs->cfg->client_cert != SHEATH_CLIENT_CERT_NONE) {
		if (!hs->cfg->has_ca && hs->cfg->verify_cert)
			return sheath_fail("no authority to verify client certificates with");
		gnutls_certificate_server_set_request(hs->session,
				hs->cfg->client_cert == SHEATH_CLIENT_CERT_REQUIRE ?
				GNUTLS_CERT_REQUIRE : GNUTLS_CERT_REQUEST);
	}
	gnutls_session_set_verify_function(hs->session, on_certificate);
	return 0;
}
