// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Can a program do without the module?
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

#include "libsheath.h"
#include "link.h"
#include "peer.h"
#include "sink.h"
#include "tap.h"

static void test_probe(void)
{
	bool there = !access("/proc/net/sheath_stat", F_OK);
	uint64_t features = UINT64_MAX;

	for (int i = 0; i < 2; i++)
		tap(sheath_available(&features) == there && !features == !there,
		    "the module is %s", there ? "there" : "not there");
	tap(sheath_available(NULL) == there, "and who does not ask for features is told the same");
	tap(there || strstr(sheath_error(), "modprobe sheath"), "what to do about it");
}

/* A handshake of ours that fails to attach, then one of the peer over the same connection. */
static void test_handshake(const struct pki *pki, int error, bool kept)
{
	struct peer_spec spec = { .server = true, .version = TLS1_3_VERSION, .cert = &pki->ecdsa };
	struct sheath_config *cfg = sheath_config_new();
	struct sheath_hs *hs;
	SSL_CTX *ctx = peer_ctx(&spec), *own;
	SSL *ssl, *mine;
	struct link l;
	int theirs = 1, ours = 1;

	link_open(&l, false);
	ssl = peer_new(ctx, l.b, true);
	spec = (struct peer_spec){ .version = TLS1_3_VERSION, .ca = &pki->ca };
	own = peer_ctx(&spec);
	mine = peer_new(own, l.a, false);
	hs = sheath_client(l.a, "localhost", cfg);
	sink_use(hs);
	sink_log.attach_fails = error;
	tap(sheath_handshake_wait(hs, 1000) == -1, "no handshake when attaching fails: %s",
	    strerror(error));
	tap(sheath_handshake(hs) == -1 && strstr(sheath_error(), "already"), "nor later");
	for (int i = 0; i < 100 && (ours > 0 || theirs > 0); i++) {
		ours = peer_step(mine);
		theirs = peer_step(ssl);
	}
	tap(kept == !(ours || theirs), "another TLS over the same connection: %s",
	    kept ? "works" : "does not");
	sheath_hs_free(hs);
	sheath_config_free(cfg);
	SSL_free(mine);
	SSL_free(ssl);
	SSL_CTX_free(own);
	SSL_CTX_free(ctx);
	link_close(&l);
}

int main(void)
{
	struct pki *pki = pki_new();

	signal(SIGPIPE, SIG_IGN);
	test_probe();
	test_handshake(pki, ENOENT, true);
	test_handshake(pki, EPERM, false);
	pki_free(pki);
	return tap_end();
}
