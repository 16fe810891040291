// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is refused unless a priority string asks for it, and what is preferred?
 */
#include <stdio.h>
#include <string.h>

#include "libsheath.h"
#include "link.h"
#include "peer.h"
#include "sink.h"
#include "tap.h"

/* Of both ends, whatever one of them does not need. */
#define PSK	"0123456789abcdef0123456789abcdef"

/**
 * struct weak - what an old peer insists on
 * @what: its name
 * @peer: how OpenSSL is set up; its version, certificate and role are added
 * @psk: both ends have a pre-shared key, and no certificate
 * @priority: with which libsheath takes it
 */
struct weak {
	const char		*what;
	struct peer_spec	peer;
	bool			psk;
	const char		*priority;
};

static const struct weak weaks[] = {
	{ "key exchange by RSA",
	  { .version = TLS1_2_VERSION, .ciphers = "AES128-GCM-SHA256:@SECLEVEL=0" }, false,
	  "NORMAL" },
	{ "SHA-1 in signatures",
	  { .version = TLS1_2_VERSION, .ciphers = "ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0",
	    .sigalgs = "RSA+SHA1" }, false, "NORMAL" },
	{ "a pre-shared key alone, TLS 1.2",
	  { .version = TLS1_2_VERSION, .ciphers = "PSK-AES128-GCM-SHA256" }, true,
	  "NORMAL:+PSK" },
};

/* Returns what the handshake did; @group is set to the group, NULL: there was none. */
static int meet(const struct pki *pki, struct peer_spec spec, bool psk, const char *priority,
		const struct pki_cert *cert, bool server, unsigned int *group)
{
	struct sheath_config *cfg = sheath_config_new();
	struct sheath_hs *hs;
	SSL_CTX *ctx;
	struct link l;
	SSL *ssl;
	int ret;

	spec.server = !server;
	spec.psk = psk ? PSK : NULL;
	spec.cert = psk || server ? NULL : cert;
	if (psk)
		sheath_config_add_psk(cfg, "tester", PSK, strlen(PSK));
	else if (server)
		sheath_config_set_keypair_file(cfg, cert->cert_file, cert->key_file);
	else
		sheath_config_set_ca_file(cfg, pki->ca.cert_file);
	if (priority && sheath_config_set_priority(cfg, priority))
		tap_bail("%s", sheath_error());
	ctx = peer_ctx(&spec);
	link_open(&l, false);
	ssl = peer_new(ctx, l.b, !server);
	hs = server ? sheath_server(l.a, cfg) : sheath_client(l.a, psk ? NULL : "localhost", cfg);
	sink_use(hs);
	ret = link_handshake(&l, hs, ssl);
	*group = sheath_group(hs);
	sheath_hs_free(hs);
	sheath_config_free(cfg);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	link_close(&l);
	return ret;
}

static void test_weak(const struct pki *pki, const struct weak *w, bool server)
{
	const char *role = server ? "server" : "client";
	unsigned int group;

	tap(meet(pki, w->peer, w->psk, NULL, &pki->rsa, server, &group), "%s: refuses %s", role,
	    w->what);
	if (!tap(!meet(pki, w->peer, w->psk, w->priority, &pki->rsa, server, &group),
		 "%s: unless it is asked for: %s", role, w->priority))
		printf("# %s\n", sheath_error());
}

/* A peer that can do without a group is not kept from it, and one that insists is refused. */
static void test_psk_alone(const struct pki *pki, bool server)
{
	struct peer_spec spec = { .version = TLS1_3_VERSION, .alone = true };
	unsigned int group = 0;

	tap(!meet(pki, spec, true, NULL, NULL, server, &group) && group,
	    "%s: a pre-shared key in TLS 1.3 comes with a group", server ? "server" : "client");
}

static void test_short_key(const struct pki *pki, int version)
{
	struct peer_spec spec = { .version = version,
				  .ciphers = "ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0" };
	unsigned int group;

	tap(meet(pki, spec, false, NULL, &pki->weak, false, &group) == -1,
	    "TLS 1.%d: an RSA key of 1024 bits is refused", version - TLS1_VERSION);
	tap(!meet(pki, spec, false, "NORMAL:%PROFILE_LOW", &pki->weak, false, &group),
	    "unless it is asked for");
}

static void test_group(const struct pki *pki, int version)
{
	struct peer_spec spec = { .version = version };
	unsigned int group = 0;

	tap(!meet(pki, spec, false, NULL, &pki->ecdsa, false, &group) && group == 29,
	    "TLS 1.%d: X25519 is preferred", version - TLS1_VERSION);
	spec.groups = "P-521";
	tap(!meet(pki, spec, false, NULL, &pki->ecdsa, false, &group) && group == 25,
	    "and P-521 is taken");
	spec.groups = "X448";
	tap(!meet(pki, spec, false, NULL, &pki->ecdsa, false, &group) && group == 30,
	    "and X448");
}

int main(void)
{
	struct pki *pki = pki_new();

	for (int server = 0; server < 2; server++) {
		for (size_t i = 0; i < sizeof(weaks) / sizeof(weaks[0]); i++)
			test_weak(pki, &weaks[i], server);
		test_psk_alone(pki, server);
	}
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		test_short_key(pki, version);
		test_group(pki, version);
	}
	pki_free(pki);
	return tap_end();
}
