// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Making and freeing handshakes.
 */
#include "hs.h"

#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "error.h"
#include "hostname.h"
#include "libsheath.h"
#include "limit.h"
#include "sni.h"
#include "verify.h"

/* Both secrets come with each call, NULL where that direction has none yet. */
static int on_secret(gnutls_session_t session, gnutls_record_encryption_level_t level,
		     const void *rx, const void *tx, size_t len)
{
	struct sheath_hs *hs = gnutls_session_get_ptr(session);

	if (level != GNUTLS_ENCRYPTION_LEVEL_APPLICATION || len > SHEATH_SECRET_MAX)
		return 0;
	if (rx)
		memcpy(hs->secrets.rx, rx, len);
	if (tx)
		memcpy(hs->secrets.tx, tx, len);
	hs->secrets.len = len;
	return 0;
}

static int setup_role(struct sheath_hs *hs)
{
	const struct sheath_config *cfg = hs->cfg;

	if (hs->server) {
		sheath_sni_watch(hs);
		if (cfg->cache)
			sheath_cache_attach(cfg->cache, hs->session);
		return cfg->tickets ?
		       gnutls_session_ticket_enable_server(hs->session, &cfg->ticket_key) : 0;
	}
	/* RFC 6066 section 3: addresses are not permitted in server_name. */
	if (!hs->name || sheath_is_address(hs->name))
		return 0;
	return gnutls_server_name_set(hs->session, GNUTLS_NAME_DNS, hs->name, strlen(hs->name));
}

/* A client may find no common protocol and go on, a server must not (RFC 7301). */
static int setup_alpn(struct sheath_hs *hs)
{
	const struct sheath_config *cfg = hs->cfg;

	if (!cfg->n_alpn)
		return 0;
	return gnutls_alpn_set_protocols(hs->session, cfg->alpn, cfg->n_alpn, !hs->server ? 0 :
					 GNUTLS_ALPN_MANDATORY | GNUTLS_ALPN_SERVER_PRECEDENCE);
}

static int setup(struct sheath_hs *hs)
{
	unsigned int flags = (hs->server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_NONBLOCK;
	int ret;

	if (!hs->cfg->tickets)
		flags |= GNUTLS_NO_TICKETS;
	ret = gnutls_init(&hs->session, flags);
	if (ret)
		return sheath_fail_gnutls(ret, "cannot make a session");
	gnutls_session_set_ptr(hs->session, hs);
	ret = gnutls_priority_set(hs->session, hs->cfg->algorithms);
	if (!ret)
		ret = gnutls_credentials_set(hs->session, GNUTLS_CRD_CERTIFICATE, hs->server ?
					     hs->cfg->server_cred : hs->cfg->client_cred);
	if (!ret)
		ret = sheath_psk_attach(hs->cfg, hs->session, hs->server);
	if (!ret)
		ret = setup_alpn(hs);
	if (!ret)
		ret = setup_role(hs);
	if (ret)
		return sheath_fail_gnutls(ret, "cannot set up a session");
	gnutls_handshake_set_secret_function(hs->session, on_secret);
	sheath_limit_watch(hs);
	return sheath_verify_setup(hs);
}

static struct sheath_hs *hs_new(int fd, const char *name, struct sheath_config *cfg, bool server)
{
	struct sheath_hs *hs = calloc(1, sizeof(*hs));

	if (!hs) {
		sheath_fail("out of memory");
		return NULL;
	}
	sheath_config_get(cfg);
	hs->cfg = cfg;
	hs->server = server;
	hs->sink = &sheath_sink_kernel;
	hs->name = name ? sheath_hostname(name) : NULL;
	if (name && !hs->name) {
		sheath_fail("out of memory");
		goto out_free;
	}
	if (setup(hs))
		goto out_free;
	sheath_transport_init(&hs->transport, hs->session, fd);
	return hs;

out_free:
	sheath_hs_free(hs);
	return NULL;
}

struct sheath_hs *sheath_client(int fd, const char *name, struct sheath_config *cfg)
{
	if (!name && cfg->verify_cert && cfg->verify_name && !cfg->psk) {
		sheath_fail("no name to verify the server against");
		return NULL;
	}
	return hs_new(fd, name, cfg, false);
}

struct sheath_hs *sheath_server(int fd, struct sheath_config *cfg)
{
	if (!cfg->has_keypair && !cfg->psk) {
		sheath_fail("a server needs a certificate with its key, or a pre-shared key");
		return NULL;
	}
	return hs_new(fd, NULL, cfg, true);
}

void sheath_hs_free(struct sheath_hs *hs)
{
	if (!hs)
		return;
	if (hs->session)
		gnutls_deinit(hs->session);
	gnutls_free(hs->verdict.data);
	sheath_config_free(hs->cfg);
	free(hs->name);
	explicit_bzero(hs, sizeof(*hs));
	free(hs);
}
