// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Configurations: one object for both roles, shared by any number of handshakes.
 *
 * The setters build GnuTLS credentials at once, so that a bad file is reported where it is
 * named and not by the first connection.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "datum.h"
#include "error.h"
#include "pem.h"
#include "priority.h"
#include "sni.h"

struct sheath_config *sheath_config_new(void)
{
	struct sheath_config *cfg = calloc(1, sizeof(*cfg));
	int ret;

	if (!cfg) {
		sheath_fail("out of memory");
		return NULL;
	}
	cfg->refs = 1;
	cfg->verify_cert = true;
	cfg->verify_name = true;
	cfg->tickets = true;
	ret = gnutls_certificate_allocate_credentials(&cfg->server_cred);
	if (!ret)
		ret = gnutls_certificate_allocate_credentials(&cfg->client_cred);
	if (!ret)
		ret = gnutls_certificate_set_known_dh_params(cfg->server_cred,
							     GNUTLS_SEC_PARAM_MEDIUM);
	if (!ret)
		ret = gnutls_session_ticket_key_generate(&cfg->ticket_key);
	if (ret)
		sheath_fail_gnutls(ret, "cannot make a configuration");
	if (!ret && !sheath_priority_update(cfg))
		return cfg;
	sheath_config_free(cfg);
	return NULL;
}

/**
 * sheath_config_get() - take a reference
 * @cfg: configuration, given back with sheath_config_free()
 */
void sheath_config_get(struct sheath_config *cfg)
{
	__atomic_add_fetch(&cfg->refs, 1, __ATOMIC_RELAXED);
}

void sheath_config_free(struct sheath_config *cfg)
{
	if (!cfg || __atomic_sub_fetch(&cfg->refs, 1, __ATOMIC_ACQ_REL))
		return;
	if (cfg->server_cred)
		gnutls_certificate_free_credentials(cfg->server_cred);
	if (cfg->client_cred)
		gnutls_certificate_free_credentials(cfg->client_cred);
	sheath_sni_free(cfg);
	sheath_pem_free_list(cfg->ca);
	sheath_psk_free(cfg);
	sheath_datum_wipe(&cfg->ticket_key);
	sheath_cache_free(cfg->cache);
	if (cfg->algorithms)
		gnutls_priority_deinit(cfg->algorithms);
	free(cfg->priority);
	free(cfg);
}

/* Authorities of the application take the place of the system's, if a client has loaded them. */
static int drop_system_ca(struct sheath_config *cfg)
{
	gnutls_x509_trust_list_t list;
	int ret;

	if (!cfg->system_ca)
		return 0;
	ret = gnutls_x509_trust_list_init(&list, 0);
	if (ret)
		return sheath_fail_gnutls(ret, "cannot drop the system's authorities");
	gnutls_certificate_set_trust_list(cfg->client_cred, list, 0);
	cfg->system_ca = false;
	return 0;
}

int sheath_config_set_ca_file(struct sheath_config *cfg, const char *path)
{
	struct sheath_pem pem;
	int ret = sheath_pem_read(&pem, path);

	if (!ret)
		ret = sheath_pem_add_authorities(cfg->server_cred, &pem);
	if (!ret)
		ret = drop_system_ca(cfg);
	if (!ret)
		ret = sheath_pem_add_authorities(cfg->client_cred, &pem);
	if (!ret)
		ret = sheath_pem_keep(&cfg->ca, &pem);
	cfg->has_ca |= !ret;
	cfg->generation++;
	sheath_pem_free(&pem);
	return ret;
}

static int add_pair(struct sheath_config *cfg, const struct sheath_pem *cert,
		    const struct sheath_pem *key)
{
	gnutls_x509_crt_t leaf;

	if (sheath_pem_first_cert(cert, &leaf))
		return -1;
	if (!sheath_sni_add(cfg, leaf)) {
		gnutls_x509_crt_deinit(leaf);
		return sheath_fail("out of memory");
	}
	/* the certificates of a server's credentials are those of the list, in its order */
	if (sheath_pem_add_pair(cfg->client_cred, cert, key) ||
	    sheath_pem_add_pair(cfg->server_cred, cert, key)) {
		sheath_sni_drop_last(cfg);
		return -1;
	}
	cfg->has_keypair = true;
	cfg->generation++;
	return 0;
}

int sheath_config_set_keypair_file(struct sheath_config *cfg, const char *cert, const char *key)
{
	struct sheath_pem c, k = { .what = key };
	int ret = sheath_pem_read(&c, cert);

	if (!ret)
		ret = sheath_pem_read(&k, key);
	if (!ret)
		ret = add_pair(cfg, &c, &k);
	sheath_pem_free(&c);
	sheath_pem_free(&k);
	return ret;
}

int sheath_config_set_keypair_mem(struct sheath_config *cfg, const void *cert, size_t cert_len,
				  const void *key, size_t key_len)
{
	const struct sheath_pem c = {
		.what = "the certificate", .text = (void *)cert, .len = cert_len,
	};
	const struct sheath_pem k = {
		.what = "the key", .text = (void *)key, .len = key_len,
	};

	return add_pair(cfg, &c, &k);
}

int sheath_config_set_alpn(struct sheath_config *cfg, const char *protocols)
{
	size_t len = strlen(protocols);
	unsigned int n = 0;
	char *name, *rest;

	if (len >= sizeof(cfg->alpn_text))
		return sheath_fail("the list of application protocols is longer than %d bytes",
				   SHEATH_ALPN_LEN - 1);
	cfg->n_alpn = 0;
	memcpy(cfg->alpn_text, protocols, len + 1);
	rest = len ? cfg->alpn_text : NULL;
	while ((name = strsep(&rest, ","))) {
		if (!*name)
			return sheath_fail("an application protocol in \"%s\" is empty",
					   protocols);
		if (n == SHEATH_ALPN_MAX)
			return sheath_fail("more than %d application protocols",
					   SHEATH_ALPN_MAX);
		cfg->alpn[n].data = (unsigned char *)name;
		cfg->alpn[n++].size = strlen(name);
	}
	cfg->n_alpn = n;
	return 0;
}

int sheath_config_set_protocols(struct sheath_config *cfg, uint32_t protocols)
{
	uint32_t old = cfg->protocols;

	if (!protocols || (protocols & ~SHEATH_PROTOCOLS_ALL))
		return sheath_fail("bad set of protocol versions %#x", protocols);
	cfg->protocols = protocols;
	if (!sheath_priority_update(cfg))
		return 0;
	cfg->protocols = old;
	return -1;
}

int sheath_config_set_priority(struct sheath_config *cfg, const char *priority)
{
	char *copy = strdup(priority);
	char *old = cfg->priority;

	if (!copy)
		return sheath_fail("out of memory");
	cfg->priority = copy;
	if (sheath_priority_update(cfg)) {
		cfg->priority = old;
		free(copy);
		return -1;
	}
	free(old);
	return 0;
}

void sheath_config_insecure_noverifycert(struct sheath_config *cfg)
{
	cfg->verify_cert = false;
}

void sheath_config_insecure_noverifyname(struct sheath_config *cfg)
{
	cfg->verify_name = false;
}

void sheath_config_verify_client(struct sheath_config *cfg)
{
	cfg->client_cert = SHEATH_CLIENT_CERT_REQUIRE;
}

void sheath_config_verify_client_optional(struct sheath_config *cfg)
{
	cfg->client_cert = SHEATH_CLIENT_CERT_OPTIONAL;
}

int sheath_config_set_ticket_key(struct sheath_config *cfg, const void *key, size_t len)
{
	if (len != SHEATH_TICKET_KEY_LEN || cfg->ticket_key.size != len)
		return sheath_fail("a ticket key has %d bytes, not %zu", SHEATH_TICKET_KEY_LEN,
				   len);
	memcpy(cfg->ticket_key.data, key, len);
	cfg->tickets = true;
	return 0;
}

void sheath_config_no_tickets(struct sheath_config *cfg)
{
	cfg->tickets = false;
}

int sheath_config_set_session_cache(struct sheath_config *cfg, unsigned int entries)
{
	struct sheath_cache *cache = NULL;

	if (entries) {
		cache = sheath_cache_new(entries);
		if (!cache)
			return sheath_fail("out of memory");
	}
	sheath_cache_free(cfg->cache);
	cfg->cache = cache;
	return 0;
}

void sheath_config_want_tickets(struct sheath_config *cfg, unsigned int wait_ms)
{
	cfg->ticket_wait_ms = wait_ms;
}
