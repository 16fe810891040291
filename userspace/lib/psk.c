// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Pre-shared keys of a configuration.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "datum.h"
#include "error.h"
#include "hs.h"
#include "priority.h"

#define KEY_MAX		256
#define IDENTITY_MAX	255

/* The keys are few, and a server looks for one once a handshake. */
static int find_key(gnutls_session_t session, const char *identity, gnutls_datum_t *key)
{
	const struct sheath_hs *hs = gnutls_session_get_ptr(session);

	for (const struct sheath_psk *p = hs->cfg->psk; p; p = p->next) {
		if (strcmp(p->identity, identity))
			continue;
		key->data = gnutls_malloc(p->key.size);
		if (!key->data)
			return GNUTLS_E_MEMORY_ERROR;
		memcpy(key->data, p->key.data, p->key.size);
		key->size = p->key.size;
		return 0;
	}
	return GNUTLS_E_INSUFFICIENT_CREDENTIALS;
}

/* The client names its only key when the handshake begins, a server is asked for one. */
static int make_credentials(struct sheath_config *cfg, const struct sheath_psk *first)
{
	int ret = gnutls_psk_allocate_client_credentials(&cfg->psk_client);

	if (ret)
		return ret;
	ret = gnutls_psk_set_client_credentials(cfg->psk_client, first->identity, &first->key,
						GNUTLS_PSK_KEY_RAW);
	if (!ret)
		ret = gnutls_psk_allocate_server_credentials(&cfg->psk_server);
	if (ret)
		return ret;
	gnutls_psk_set_server_credentials_function(cfg->psk_server, find_key);
	return gnutls_psk_set_server_known_dh_params(cfg->psk_server, GNUTLS_SEC_PARAM_MEDIUM);
}

static void psk_free(struct sheath_psk *psk)
{
	sheath_datum_wipe(&psk->key);
	free(psk->identity);
	free(psk);
}

/**
 * sheath_psk_free() - wipe and free the keys of a configuration
 * @cfg: configuration
 */
void sheath_psk_free(struct sheath_config *cfg)
{
	struct sheath_psk *next;

	if (cfg->psk_client)
		gnutls_psk_free_client_credentials(cfg->psk_client);
	if (cfg->psk_server)
		gnutls_psk_free_server_credentials(cfg->psk_server);
	cfg->psk_client = NULL;
	cfg->psk_server = NULL;
	for (struct sheath_psk *p = cfg->psk; p; p = next) {
		next = p->next;
		psk_free(p);
	}
	cfg->psk = NULL;
}

static struct sheath_psk *psk_new(const char *identity, const void *key, size_t key_len)
{
	struct sheath_psk *psk = calloc(1, sizeof(*psk));

	if (!psk)
		return NULL;
	psk->identity = strdup(identity);
	psk->key.data = gnutls_malloc(key_len);
	if (!psk->identity || !psk->key.data) {
		psk_free(psk);
		return NULL;
	}
	memcpy(psk->key.data, key, key_len);
	psk->key.size = key_len;
	return psk;
}

int sheath_config_add_psk(struct sheath_config *cfg, const char *identity, const void *key,
			  size_t key_len)
{
	struct sheath_psk **tail = &cfg->psk;
	int ret;

	if (!*identity || strlen(identity) > IDENTITY_MAX)
		return sheath_fail("the identity of a pre-shared key has 1 to %d bytes",
				   IDENTITY_MAX);
	if (!key_len || key_len > KEY_MAX)
		return sheath_fail("a pre-shared key has 1 to %d bytes", KEY_MAX);
	while (*tail) {
		if (!strcmp((*tail)->identity, identity))
			return sheath_fail("two pre-shared keys have the identity \"%s\"",
					   identity);
		tail = &(*tail)->next;
	}
	*tail = psk_new(identity, key, key_len);
	if (!*tail)
		return sheath_fail("out of memory");
	if (cfg->psk_client)
		return 0;
	ret = make_credentials(cfg, *tail);
	if (!ret && !sheath_priority_update(cfg))
		return 0;
	if (ret)
		sheath_fail_gnutls(ret, "cannot use a pre-shared key");
	sheath_psk_free(cfg);
	return -1;
}

/**
 * sheath_psk_attach() - let a session use the keys of its configuration
 * @cfg: configuration, with or without keys
 * @session: session
 * @server: the end it is
 *
 * Return: 0 or GNUTLS_E_*.
 */
int sheath_psk_attach(const struct sheath_config *cfg, gnutls_session_t session, bool server)
{
	if (!cfg->psk)
		return 0;
	return gnutls_credentials_set(session, GNUTLS_CRD_PSK,
				      server ? (void *)cfg->psk_server : (void *)cfg->psk_client);
}
