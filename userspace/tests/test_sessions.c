// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is a session good for the peer it was made with, and for nobody else?
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libsheath.h"
#include "link.h"
#include "pki.h"
#include "sink.h"
#include "tap.h"

#define KEY	"0123456789abcdef0123456789abcdef"

/* what a configuration has */
#define CERT	1	/* a server: a certificate; a client: the authority */
#define PSK	2	/* a pre-shared key */
#define OTHER	4	/* one of another identity */

static struct sheath_config *config(const struct pki *pki, bool server, unsigned int has,
				    uint32_t version)
{
	struct sheath_config *cfg = sheath_config_new();

	if (has & CERT && server)
		sheath_config_set_keypair_file(cfg, pki->ecdsa.cert_file, pki->ecdsa.key_file);
	if (has & CERT && !server)
		sheath_config_set_ca_file(cfg, pki->ca.cert_file);
	if (has & PSK)
		sheath_config_add_psk(cfg, "tester", KEY, strlen(KEY));
	if (has & OTHER)
		sheath_config_add_psk(cfg, "other", KEY, strlen(KEY));
	if (server)
		sheath_config_set_protocols(cfg, version);
	sheath_config_want_tickets(cfg, server ? 0 : 1000);
	return cfg;
}

/**
 * struct visit - a connection, and how it went
 * @data: session to be resumed, NULL: none; then the one that was made
 * @len: bytes of it
 * @taken: the session was taken
 * @ret: of the handshake
 * @resumed: both ends say so
 * @psk: a pre-shared key was used
 * @error: of the session that was not taken
 */
struct visit {
	void	*data;
	size_t	len;
	bool	taken;
	int	ret;
	bool	resumed;
	bool	psk;
	char	error[200];
};

static void visit(struct visit *v, struct sheath_config *server, struct sheath_config *client,
		  const char *name)
{
	struct sheath_hs *c, *s;
	struct link l;

	link_open(&l, false);
	c = sheath_client(l.a, name, client);
	s = sheath_server(l.b, server);
	sink_use(s);
	sink_use(c);
	v->taken = v->data && !sheath_set_session(c, v->data, v->len);
	snprintf(v->error, sizeof(v->error), "%s", sheath_error());
	v->ret = link_handshake_both(&l, c, s);
	v->resumed = sheath_resumed(c) && sheath_resumed(s);
	v->psk = sheath_psk_identity(c) != NULL;
	if (!v->data && !v->ret && sheath_get_session(c, &v->data, &v->len))
		v->data = NULL;
	sheath_hs_free(c);
	sheath_hs_free(s);
	link_close(&l);
}

/**
 * struct reuse - a session of one client in the hands of another
 * @what: its name
 * @server: what the server has
 * @then: what the server has to which it is brought
 * @first: what the client has that makes it
 * @second: what the one has that brings it
 * @name: the name it is brought for; it was made for localhost
 * @resumes: it is to be resumed
 * @error: else, why it is not taken
 * @good: a full handshake succeeds
 */
struct reuse {
	const char	*what;
	unsigned int	server, then, first, second;
	const char	*name;
	bool		resumes;
	const char	*error;
	bool		good;
};

static const struct reuse reuses[] = {
	{ "the same client", CERT, CERT, CERT, CERT, "localhost", true, NULL, true },
	{ "the name in capitals", CERT, CERT, CERT, CERT, "LocalHost", true, NULL, true },
	{ "another name", CERT, CERT, CERT, CERT, "elsewhere.test", false, "another peer", false },
	{ "the same client with a key", PSK, PSK, PSK, PSK, "localhost", true, NULL, true },
	{ "no key, though the session was begun with one", PSK, PSK, PSK, CERT, "localhost", false,
	  "pre-shared key", false },
	{ "no key, and the server has a certificate now", PSK, PSK | CERT, PSK, CERT, "localhost",
	  false, "pre-shared key", true },
	{ "another key", PSK, OTHER, PSK, OTHER, "localhost", false, "pre-shared key", true },
	{ "another name with the same key", PSK, PSK, PSK, PSK, "elsewhere.test", false,
	  "another peer", true },
	{ "a certificate, and a key of another server", CERT, CERT, CERT | PSK, CERT | PSK,
	  "localhost", true, NULL, true },
	{ "a certificate of a server that has the key, too", CERT | PSK, CERT | PSK, CERT | PSK,
	  CERT | PSK, "localhost", true, NULL, true },
};

/* GnuTLS resumes no session under another spelling of its name. */
static void test_reuse(const struct pki *pki, const struct reuse *r, uint32_t version)
{
	struct sheath_config *server = config(pki, true, r->server, version);
	struct sheath_config *other = config(pki, true, r->then, version);
	struct sheath_config *then = r->then == r->server ? server : other;
	struct sheath_config *first = config(pki, false, r->first, version);
	struct sheath_config *second = config(pki, false, r->second, version);
	const char *v = version == SHEATH_PROTOCOL_TLS_1_2 ? "1.2" : "1.3";
	struct visit visited = { NULL };

	visit(&visited, server, first, "localhost");
	tap(!visited.ret && visited.data, "TLS %s: %s: a session", v, r->what);
	visit(&visited, then, second, r->name);
	if (!tap(r->resumes ? visited.taken && !visited.ret &&
		 (visited.resumed || strcmp(r->name, "localhost")) :
		 !visited.taken && strstr(visited.error, r->error) && !visited.resumed &&
		 !visited.ret == r->good, "%s", r->resumes ? "is resumed" : "is not resumed"))
		printf("# taken %d, handshake %d, resumed %d: %s\n", visited.taken, visited.ret,
		       visited.resumed, visited.error);
	sheath_session_free(visited.data, visited.len);
	sheath_config_free(server);
	sheath_config_free(other);
	sheath_config_free(first);
	sheath_config_free(second);
}

/* The proof of a session is written into it: a program that changes it gains nothing. */
static void test_forged(const struct pki *pki, uint32_t version)
{
	struct sheath_config *server = config(pki, true, PSK, version);
	struct sheath_config *first = config(pki, false, PSK, version);
	struct sheath_config *second = config(pki, false, CERT, version);
	struct visit v = { NULL };

	visit(&v, server, first, "localhost");
	((char *)v.data)[4] = 0;
	visit(&v, server, second, "localhost");
	tap(v.taken && v.ret, "a session of a key is none of a certificate: refused");
	sheath_session_free(v.data, v.len);
	sheath_config_free(server);
	sheath_config_free(first);
	sheath_config_free(second);
}

/*
 * Two servers share a ticket key: one takes pre-shared keys, the other certificates. A ticket of
 * the first proves nothing to the second.
 */
static void test_shared_tickets(const struct pki *pki, uint32_t version, unsigned int second)
{
	static const char key[SHEATH_TICKET_KEY_LEN] = "shared";
	struct sheath_config *a = config(pki, true, PSK, version);
	struct sheath_config *b = config(pki, true, CERT | second, version);
	struct sheath_config *client = config(pki, false, CERT | PSK, version);
	struct visit v = { NULL };

	sheath_config_set_ticket_key(a, key, sizeof(key));
	sheath_config_set_ticket_key(b, key, sizeof(key));
	sheath_config_set_ca_file(b, pki->ca.cert_file);
	sheath_config_verify_client(b);
	visit(&v, a, client, "localhost");
	visit(&v, b, client, "localhost");
	tap(v.taken && !v.ret == (second == PSK), "a ticket for a key where certificates are "
	    "required%s", second == PSK ? ", and the key is known" :
	    second ? ", and another key is known: refused" : ": refused");
	sheath_session_free(v.data, v.len);
	sheath_config_free(a);
	sheath_config_free(b);
	sheath_config_free(client);
}

/* The other way round: a ticket that anybody gets is none for whom a key is required of. */
static void test_anybody(const struct pki *pki, uint32_t version)
{
	static const char key[SHEATH_TICKET_KEY_LEN] = "shared";
	struct sheath_config *a = config(pki, true, CERT, version);
	struct sheath_config *b = config(pki, true, PSK, version);
	struct sheath_config *client = config(pki, false, CERT, version);
	struct visit v = { NULL };

	sheath_config_set_ticket_key(a, key, sizeof(key));
	sheath_config_set_ticket_key(b, key, sizeof(key));
	visit(&v, a, client, "localhost");
	visit(&v, b, client, "localhost");
	tap(v.taken && v.ret, "a ticket for nothing where a key is required: refused");
	sheath_session_free(v.data, v.len);
	sheath_config_free(a);
	sheath_config_free(b);
	sheath_config_free(client);
}

/* Whatever is cut off or changed: never more than an error. */
static void test_broken(const struct pki *pki)
{
	struct sheath_config *server = config(pki, true, CERT, SHEATH_PROTOCOL_TLS_1_2);
	struct sheath_config *client = config(pki, false, CERT, SHEATH_PROTOCOL_TLS_1_2);
	struct visit v = { NULL };
	struct sheath_hs *hs;
	unsigned int taken = 0;

	visit(&v, server, client, "localhost");
	for (size_t len = 0; len < v.len && len < 64; len++) {
		char *copy = malloc(len + 1);

		memcpy(copy, v.data, len);
		hs = sheath_client(0, "localhost", client);
		taken += !sheath_set_session(hs, copy, len);
		sheath_hs_free(hs);
		free(copy);
	}
	tap(v.data && !taken, "a session that was cut off is not taken");
	taken = 0;
	for (size_t i = 0; i < 9; i++) {
		((char *)v.data)[i] ^= 0xff;
		hs = sheath_client(0, "localhost", client);
		taken += !sheath_set_session(hs, v.data, v.len);
		sheath_hs_free(hs);
		((char *)v.data)[i] ^= 0xff;
	}
	tap(v.data && !taken, "nor one whose head was changed");
	sheath_session_free(v.data, v.len);
	sheath_config_free(server);
	sheath_config_free(client);
}

int main(void)
{
	static const uint32_t versions[] = { SHEATH_PROTOCOL_TLS_1_2, SHEATH_PROTOCOL_TLS_1_3 };
	struct pki *pki = pki_new();

	for (size_t v = 0; v < 2; v++) {
		for (size_t i = 0; i < sizeof(reuses) / sizeof(reuses[0]); i++)
			test_reuse(pki, &reuses[i], versions[v]);
		test_forged(pki, versions[v]);
		test_anybody(pki, versions[v]);
		test_shared_tickets(pki, versions[v], 0);
		test_shared_tickets(pki, versions[v], OTHER);
		test_shared_tickets(pki, versions[v], PSK);
	}
	test_broken(pki);
	pki_free(pki);
	return tap_end();
}
