// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Are the keys, IVs and sequence numbers that would be pushed those the peer uses?
 *
 * After the handshake records of OpenSSL are opened, and records for it are sealed, with
 * nothing but what was handed over; the keys of TLS 1.3 are also derived from the traffic
 * secrets once more.
 */
#include <stdio.h>
#include <string.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>

#include "libsheath.h"
#include "link.h"
#include "peer.h"
#include "record.h"
#include "sink.h"
#include "tap.h"

#define N_RECORDS	3
#define OLD(version)	"NONE:+VERS-TLS" #version ":+ECDHE-ECDSA:+GROUP-X25519:+GROUP-SECP256R1:" \
			"+SIGN-ALL:+CTYPE-X509:+COMP-NULL:"

/* @priority: what GnuTLS has to be told, NULL: the default will do */
static const struct {
	int		version;
	const char	*openssl;
	unsigned int	suite;
	unsigned int	cipher;
	const char	*priority;
	unsigned int	mac;
	bool		etm;
} suites[] = {
#define AEAD(version, openssl, suite, cipher) { version, openssl, suite, cipher, NULL, 0, false }
	AEAD(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", 0xc02b, TLS_CIPHER_AES_GCM_128),
	AEAD(TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384", 0xc02c, TLS_CIPHER_AES_GCM_256),
	AEAD(TLS1_2_VERSION, "ECDHE-ECDSA-AES128-CCM", 0xc0ac, TLS_CIPHER_AES_CCM_128),
	AEAD(TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305", 0xcca9, TLS_CIPHER_CHACHA20_POLY1305),
	AEAD(TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", 0x1301, TLS_CIPHER_AES_GCM_128),
	AEAD(TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384", 0x1302, TLS_CIPHER_AES_GCM_256),
	AEAD(TLS1_3_VERSION, "TLS_AES_128_CCM_SHA256", 0x1304, TLS_CIPHER_AES_CCM_128),
	AEAD(TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256", 0x1303, TLS_CIPHER_CHACHA20_POLY1305),
	{ TLS1_VERSION, "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0", 0xc009, SHEATH_CIPHER_AES_128_CBC,
	  OLD(1.0) "+AES-128-CBC:+SHA1:%NO_ETM", SHEATH_MAC_SHA1, false },
	{ TLS1_VERSION, "ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0", 0xc00a, SHEATH_CIPHER_AES_256_CBC,
	  OLD(1.0) "+AES-256-CBC:+SHA1", SHEATH_MAC_SHA1, true },
	{ TLS1_1_VERSION, "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0", 0xc009, SHEATH_CIPHER_AES_128_CBC,
	  OLD(1.1) "+AES-128-CBC:+SHA1:%NO_ETM", SHEATH_MAC_SHA1, false },
	{ TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256", 0xc023, SHEATH_CIPHER_AES_128_CBC,
	  OLD(1.2) "+AES-128-CBC:+SHA256:%NO_ETM", SHEATH_MAC_SHA256, false },
	{ TLS1_2_VERSION, "ECDHE-ECDSA-AES256-SHA384", 0xc024, SHEATH_CIPHER_AES_256_CBC,
	  OLD(1.2) "+AES-256-CBC:+SHA384", SHEATH_MAC_SHA384, true },
	{ TLS1_2_VERSION, "ECDHE-ECDSA-CAMELLIA128-SHA256", 0xc072,
	  SHEATH_CIPHER_CAMELLIA_128_CBC, OLD(1.2) "+CAMELLIA-128-CBC:+SHA256",
	  SHEATH_MAC_SHA256, true },
	{ TLS1_2_VERSION, "ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0", 0xc006, SHEATH_CIPHER_NULL,
	  OLD(1.2) "+NULL:+SHA1", SHEATH_MAC_SHA1, false },
};

/* HKDF-Expand-Label of RFC 8446 section 7.1 with an empty context. */
static void expand(const char *digest, const uint8_t *secret, size_t secret_len,
		   const char *label, uint8_t *out, size_t len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
	uint8_t info[32];
	size_t n = strlen(label) + 6;
	OSSL_PARAM params[5];

	info[0] = len >> 8;
	info[1] = len;
	info[2] = n;
	memcpy(info + 3, "tls13 ", 6);
	memcpy(info + 9, label, n - 6);
	info[3 + n] = 0;
	params[0] = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
	params[1] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)digest, 0);
	params[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)secret,
						      secret_len);
	params[3] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, n + 4);
	params[4] = OSSL_PARAM_construct_end();
	if (EVP_KDF_derive(ctx, out, len, params) <= 0)
		tap_bail("HKDF");
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

static bool derives(const struct sheath_key *key, const uint8_t *secret, size_t len)
{
	const char *digest = len == 48 ? "SHA2-384" : "SHA2-256";
	uint8_t k[SHEATH_KEY_MAX], iv[12];

	if (len != 32 && len != 48)
		return false;
	expand(digest, secret, len, "key", k, key->key_len);
	expand(digest, secret, len, "iv", iv, sizeof(iv));
	return !memcmp(k, key->key, key->key_len) && !memcmp(iv, key->iv, sizeof(iv));
}

/*
 * Opens records from the peer; tickets come first from a server of TLS 1.3, and an empty record
 * before each where the next IV is known.
 */
static bool receive(int fd, struct sheath_key key, SSL *ssl)
{
	uint8_t record[RECORD_LEN_MAX], plain[RECORD_LEN_MAX], type;
	char text[32];

	for (int i = 0; i < N_RECORDS; i++) {
		int n = sprintf(text, "record %d of OpenSSL", i);
		ssize_t len;

		if (SSL_write(ssl, text, n) != n)
			return false;
		do {
			len = record_read(fd, record);
			if (len > 0)
				len = record_open(&key, record, len, plain, &type);
		} while (!len || (len > 0 && type == 22));
		if (len != n || type != 23 || memcmp(plain, text, n))
			return false;
	}
	return true;
}

static bool transmit(int fd, struct sheath_key key, SSL *ssl)
{
	uint8_t record[RECORD_LEN_MAX];
	char text[32], got[64];

	for (int i = 0; i < N_RECORDS; i++) {
		int n = sprintf(text, "record %d of ours", i);
		size_t len = record_seal(&key, 23, text, n, record);

		if (write(fd, record, len) != (ssize_t)len ||
		    SSL_read(ssl, got, sizeof(got)) != n || memcmp(got, text, n))
			return false;
	}
	return true;
}

static void set_blocking(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
}

/* Was @secret handed over beside the key it makes, and nothing else? */
static bool beside(const struct sheath_key *key, const uint8_t *secret, size_t len)
{
	return key->secret_len == len && !memcmp(key->secret, secret, len) &&
	       key->hash == (len == 48 ? SHEATH_HASH_SHA384 : SHEATH_HASH_SHA256);
}

static void check_handover(size_t i, bool server, const char *what)
{
	const struct sheath_handover *ho = &sink_log.ho;

	tap(sink_log.attached == 1 && sink_log.installed == 1, "%s: handed over once", what);
	tap(ho->suite == suites[i].suite && ho->tx.cipher == suites[i].cipher &&
	    ho->rx.cipher == suites[i].cipher && ho->group == 29 &&
	    ho->role == (server ? SHEATH_ROLE_SERVER : SHEATH_ROLE_CLIENT) &&
	    (int)ho->tx.version == suites[i].version && (int)ho->rx.version == suites[i].version,
	    "%s: suite, group, role and version", what);
	tap(ho->tx.mac == suites[i].mac && ho->rx.mac == suites[i].mac &&
	    !(ho->tx.flags & SHEATH_KEY_ENCRYPT_THEN_MAC) == !suites[i].etm &&
	    !(ho->rx.flags & SHEATH_KEY_ENCRYPT_THEN_MAC) == !suites[i].etm,
	    "%s: MAC and the order of it", what);
	if (suites[i].version <= TLS1_2_VERSION) {
		tap(ho->tx.rec_seq == 1 && ho->rx.rec_seq == 1, "%s: sequence 1 and 1", what);
		tap(!ho->tx.secret_len && !ho->rx.secret_len, "%s: no secrets", what);
	} else {
		tap(beside(&ho->tx, sink_log.secrets.tx, sink_log.secrets.len) &&
		    beside(&ho->rx, sink_log.secrets.rx, sink_log.secrets.len),
		    "%s: secrets beside the keys", what);
		tap(derives(&ho->tx, sink_log.secrets.tx, sink_log.secrets.len) &&
		    derives(&ho->rx, sink_log.secrets.rx, sink_log.secrets.len),
		    "%s: keys derive from the secrets", what);
	}
}

static void test_suite(const struct pki *pki, size_t i, bool server, bool trickle)
{
	bool tls13 = suites[i].version == TLS1_3_VERSION;
	struct peer_spec spec = {
		.server = !server, .version = suites[i].version, .cert = &pki->ecdsa,
		.ciphers = tls13 ? NULL : suites[i].openssl,
		.suites = tls13 ? suites[i].openssl : NULL,
		/* OpenSSL wants the curve of the certificate among its groups. */
		.groups = server ? "X25519:P-256" : "X25519",
	};
	struct sheath_config *cfg = sheath_config_new();
	SSL_CTX *ctx = peer_ctx(&spec);
	struct sheath_hs *hs;
	struct link l;
	char what[96];
	SSL *ssl;

	snprintf(what, sizeof(what), "%#x %s%s, %s%s", suites[i].version, suites[i].openssl,
		 suites[i].etm ? " etm" : "", server ? "server" : "client",
		 trickle ? ", byte by byte" : "");
	link_open(&l, trickle);
	if (suites[i].priority && sheath_config_set_priority(cfg, suites[i].priority))
		tap_bail(sheath_error());
	sheath_config_set_ca_file(cfg, pki->ca.cert_file);
	sheath_config_set_keypair_file(cfg, pki->ecdsa.cert_file, pki->ecdsa.key_file);
	hs = server ? sheath_server(l.a, cfg) : sheath_client(l.a, "localhost", cfg);
	ssl = peer_new(ctx, l.b, !server);
	sink_use(hs);
	sink_log.takes_secrets = !trickle;
	if (tap(!link_handshake(&l, hs, ssl), "%s: handshake", what)) {
		check_handover(i, server, what);
		tap(sheath_has_secrets(hs) == (tls13 && !trickle), "%s: has secrets: %d", what,
		    sheath_has_secrets(hs));
		tap(sink_log.kept == (tls13 && !server ? 4 : 0), "%s: %u tickets are kept", what,
		    sink_log.kept);
		if (!trickle) {
			set_blocking(l.a);
			set_blocking(l.b);
			tap(receive(l.a, sink_log.ho.rx, ssl), "%s: records received", what);
			tap(transmit(l.a, sink_log.ho.tx, ssl), "%s: records sent", what);
		}
	} else {
		printf("# %s\n", sheath_error());
	}
	sheath_hs_free(hs);
	sheath_config_free(cfg);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	link_close(&l);
}

/* Data that comes with the last message of the handshake stays in the socket. */
static void test_glued(const struct pki *pki, int version)
{
	struct peer_spec spec = { .version = version };
	struct sheath_config *cfg = sheath_config_new();
	uint8_t record[RECORD_LEN_MAX], plain[RECORD_LEN_MAX], type;
	static const char text[] = "at once";
	SSL_CTX *ctx = peer_ctx(&spec);
	int ours = 1, theirs = 1;
	struct sheath_hs *hs;
	ssize_t len = -1;
	struct link l;
	SSL *ssl;

	link_open(&l, false);
	sheath_config_set_keypair_file(cfg, pki->ecdsa.cert_file, pki->ecdsa.key_file);
	hs = sheath_server(l.a, cfg);
	ssl = peer_new(ctx, l.b, false);
	sink_use(hs);
	for (int i = 0; i < 100 && ours > 0; i++) {
		/* In TLS 1.2 a server that resumes nothing has the last word. */
		theirs = peer_step(ssl);
		if (!theirs)
			SSL_write(ssl, text, sizeof(text));
		ours = sheath_handshake(hs);
	}
	if (version == TLS1_2_VERSION && !peer_step(ssl))
		SSL_write(ssl, text, sizeof(text));
	set_blocking(l.a);
	if (!ours)
		len = record_read(l.a, record);
	if (len > 0)
		len = record_open(&sink_log.ho.rx, record, len, plain, &type);
	tap(len == (ssize_t)sizeof(text) && type == 23 && !memcmp(plain, text, sizeof(text)),
	    "TLS 1.%d: data behind Finished is left for the kernel", version - TLS1_VERSION);
	sheath_hs_free(hs);
	sheath_config_free(cfg);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	link_close(&l);
}

int main(void)
{
	struct pki *pki = pki_new();

	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		for (int server = 0; server < 2; server++)
			for (int trickle = 0; trickle < 2; trickle++)
				test_suite(pki, i, server, trickle);
	test_glued(pki, TLS1_2_VERSION);
	test_glued(pki, TLS1_3_VERSION);
	pki_free(pki);
	return tap_end();
}
