// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which of several certificates a client is shown, by the name it asks for.
 *
 * GnuTLS chooses among the certificates by algorithms, and prefers those that have the very name in
 * them, byte by byte. Domain names have no case, and certificates have wildcards: so GnuTLS is
 * given credentials with those certificates only that are for the name, and chooses among them.
 */
#include "sni.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "hs.h"
#include "pem.h"

#define NAME_LEN	256

/**
 * struct sheath_leaf - the certificate of a key pair
 * @next: the one added after it
 * @crt: certificate
 */
struct sheath_leaf {
	struct sheath_leaf	*next;
	gnutls_x509_crt_t	crt;
};

/**
 * struct sheath_choice - credentials with some of the key pairs
 * @next: any other
 * @generation: state of the configuration they were made of
 * @n: number of key pairs in it
 * @cred: credentials
 * @has: which of the key pairs they have
 */
struct sheath_choice {
	struct sheath_choice	*next;
	unsigned int		generation;
	unsigned int		n;
	gnutls_certificate_credentials_t cred;
	bool			has[];
};

/**
 * sheath_sni_add() - note a certificate that was added to a configuration
 * @cfg: configuration
 * @crt: certificate, taken over if there is memory
 *
 * Return: false without memory.
 */
bool sheath_sni_add(struct sheath_config *cfg, gnutls_x509_crt_t crt)
{
	struct sheath_leaf *leaf = malloc(sizeof(*leaf)), **tail = &cfg->leaves;

	if (!leaf)
		return false;
	*leaf = (struct sheath_leaf){ .crt = crt };
	while (*tail)
		tail = &(*tail)->next;
	*tail = leaf;
	cfg->n_leaves++;
	return true;
}

/**
 * sheath_sni_drop_last() - undo sheath_sni_add()
 * @cfg: configuration with a certificate
 */
void sheath_sni_drop_last(struct sheath_config *cfg)
{
	struct sheath_leaf **last = &cfg->leaves;

	while ((*last)->next)
		last = &(*last)->next;
	gnutls_x509_crt_deinit((*last)->crt);
	free(*last);
	*last = NULL;
	cfg->n_leaves--;
}

/**
 * sheath_sni_free() - forget the certificates of a configuration
 * @cfg: configuration that no handshake uses
 */
void sheath_sni_free(struct sheath_config *cfg)
{
	struct sheath_choice *c, *next_choice;
	struct sheath_leaf *l, *next;

	for (l = cfg->leaves; l; l = next) {
		next = l->next;
		gnutls_x509_crt_deinit(l->crt);
		free(l);
	}
	for (c = cfg->choices; c; c = next_choice) {
		next_choice = c->next;
		gnutls_certificate_free_credentials(c->cred);
		free(c);
	}
}

/* Name number @i of a certificate, as GnuTLS has it: the common name counts without others. */
static bool name_of(gnutls_x509_crt_t crt, unsigned int i, char name[NAME_LEN])
{
	size_t len = NAME_LEN - 1;
	int type;

	memset(name, 0, NAME_LEN);
	type = gnutls_x509_crt_get_subject_alt_name(crt, i, name, &len, NULL);
	if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE && !i) {
		len = NAME_LEN - 1;
		return !gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0,
						      name, &len);
	}
	if (type != GNUTLS_SAN_DNSNAME)
		name[0] = '\0';
	return type != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
}

static bool is_wildcard_of(gnutls_x509_crt_t crt, const char *name, const char *wanted)
{
	const char *rest = strchr(wanted, '.');

	return name[0] == '*' && rest && !strcasecmp(name + 1, rest) &&
	       gnutls_x509_crt_check_hostname(crt, wanted);
}

static bool is_for(gnutls_x509_crt_t crt, const char *wanted, bool wildcard)
{
	char name[NAME_LEN];

	for (unsigned int i = 0; name_of(crt, i, name); i++)
		if (wildcard ? is_wildcard_of(crt, name, wanted) : !strcasecmp(name, wanted))
			return true;
	return false;
}

/* Marks the key pairs for a name. Returns the number of them. */
static unsigned int mark(const struct sheath_config *cfg, const char *wanted, bool wildcard,
			 bool *has)
{
	unsigned int i = 0, n = 0;

	for (const struct sheath_leaf *l = cfg->leaves; l; l = l->next, i++) {
		has[i] = is_for(l->crt, wanted, wildcard);
		n += has[i];
	}
	return n;
}

static int copy_pair(gnutls_certificate_credentials_t to, gnutls_certificate_credentials_t from,
		     unsigned int index)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t *list;
	unsigned int n;
	int ret = gnutls_certificate_get_x509_key(from, index, &key);

	if (ret)
		return ret;
	ret = gnutls_certificate_get_x509_crt(from, index, &list, &n);
	if (!ret) {
		ret = gnutls_certificate_set_x509_key(to, list, n, key);
		for (unsigned int i = 0; i < n; i++)
			gnutls_x509_crt_deinit(list[i]);
		gnutls_free(list);
	}
	gnutls_x509_privkey_deinit(key);
	return ret;
}

static int fill(const struct sheath_config *cfg, struct sheath_choice *c)
{
	int ret = gnutls_certificate_set_known_dh_params(c->cred, GNUTLS_SEC_PARAM_MEDIUM);

	for (unsigned int i = 0; i < c->n && ret >= 0; i++)
		if (c->has[i])
			ret = copy_pair(c->cred, cfg->server_cred, i);
	for (const struct sheath_pem *ca = cfg->ca; ca && ret >= 0; ca = ca->next)
		ret = sheath_pem_add_authorities(c->cred, ca);
	return ret < 0 ? -1 : 0;
}

static struct sheath_choice *choice_new(struct sheath_config *cfg, const bool *has)
{
	struct sheath_choice *c = malloc(sizeof(*c) + cfg->n_leaves * sizeof(c->has[0]));

	if (!c)
		return NULL;
	*c = (struct sheath_choice){ .n = cfg->n_leaves, .generation = cfg->generation };
	memcpy(c->has, has, c->n * sizeof(c->has[0]));
	if (gnutls_certificate_allocate_credentials(&c->cred))
		goto out_free;
	if (fill(cfg, c))
		goto out_cred;
	c->next = cfg->choices;
	cfg->choices = c;
	return c;

out_cred:
	gnutls_certificate_free_credentials(c->cred);
out_free:
	free(c);
	return NULL;
}

/* Made once; those of a configuration that was changed since stay for handshakes under way. */
static struct sheath_choice *choose(struct sheath_config *cfg, const bool *has)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct sheath_choice *c;

	pthread_mutex_lock(&lock);
	for (c = cfg->choices; c; c = c->next)
		if (c->generation == cfg->generation && c->n == cfg->n_leaves &&
		    !memcmp(c->has, has, c->n * sizeof(*has)))
			break;
	if (!c)
		c = choice_new(cfg, has);
	pthread_mutex_unlock(&lock);
	return c;
}

/* Where nothing is for the name the choice is left to GnuTLS. */
static int on_client_hello(gnutls_session_t session)
{
	struct sheath_hs *hs = gnutls_session_get_ptr(session);
	struct sheath_config *cfg = hs->cfg;
	struct sheath_choice *choice;
	char name[NAME_LEN];
	size_t len = sizeof(name) - 1;
	unsigned int type;
	bool *has;
	int ret = 0;

	if (gnutls_server_name_get(session, name, &len, &type, 0))
		return 0;
	name[len] = '\0';
	has = malloc(cfg->n_leaves * sizeof(*has));
	if (!has)
		return GNUTLS_E_MEMORY_ERROR;
	if (mark(cfg, name, false, has) || mark(cfg, name, true, has)) {
		choice = choose(cfg, has);
		ret = !choice ? GNUTLS_E_MEMORY_ERROR :
		      gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, choice->cred);
	}
	free(has);
	return ret;
}

/**
 * sheath_sni_watch() - have a server choose its certificate by name
 * @hs: handshake of a server that has not begun
 */
void sheath_sni_watch(struct sheath_hs *hs)
{
	if (hs->cfg->n_leaves > 1)
		gnutls_handshake_set_post_client_hello_function(hs->session, on_client_hello);
}
