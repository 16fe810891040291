// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A certificate for those who have none: made in memory, good for this host's name and
 * localhost. Its fingerprint is what a user can compare.
 */
#include "selfsigned.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>

#include "say.h"

#define DAY	(24 * 60 * 60)
#define VALID	(30 * DAY)

static int set_names(gnutls_x509_crt_t crt)
{
	static const unsigned char v4[4] = { 127, 0, 0, 1 };
	static const unsigned char v6[16] = { [15] = 1 };
	char host[65] = "localhost";
	int ret;

	gethostname(host, sizeof(host) - 1);
	ret = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, host,
					    strlen(host));
	if (!ret)
		ret = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, host,
							   strlen(host), GNUTLS_FSAN_SET);
	if (!ret && strcmp(host, "localhost"))
		ret = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, "localhost",
							   9, GNUTLS_FSAN_APPEND);
	if (!ret)
		ret = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, v4,
							   sizeof(v4), GNUTLS_FSAN_APPEND);
	if (!ret)
		ret = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, v6,
							   sizeof(v6), GNUTLS_FSAN_APPEND);
	return ret;
}

static int fill(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key)
{
	unsigned char serial[16];
	time_t now = time(NULL);
	int ret = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));

	/* a positive number, as RFC 5280 section 4.1.2.2 wants it */
	serial[0] = (serial[0] & 0x7f) | 0x40;
	if (!ret)
		ret = gnutls_x509_crt_set_version(crt, 3);
	if (!ret)
		ret = gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	/* Clocks differ: valid since yesterday. */
	if (!ret)
		ret = gnutls_x509_crt_set_activation_time(crt, now - DAY);
	if (!ret)
		ret = gnutls_x509_crt_set_expiration_time(crt, now + VALID);
	if (!ret)
		ret = set_names(crt);
	if (!ret)
		ret = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (!ret)
		ret = gnutls_x509_crt_set_key_purpose_oid(crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
	if (!ret)
		ret = gnutls_x509_crt_set_key(crt, key);
	if (!ret)
		ret = gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0);
	return ret;
}

static int print_fingerprint(gnutls_x509_crt_t crt, char *out)
{
	unsigned char hash[32];
	size_t len = sizeof(hash);
	int ret = gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, hash, &len);

	for (size_t i = 0; !ret && i < len; i++)
		sprintf(out + 3 * i, i + 1 < len ? "%02X:" : "%02X", hash[i]);
	return ret;
}

/**
 * selfsigned_make() - make a key and a certificate
 * @cert: set to PEM text
 * @key: set to PEM text; both to be given to selfsigned_free()
 * @fingerprint: set to the SHA-256 of the certificate, as "AB:CD:..."
 *
 * Return: 0, or an exit status after an error was printed.
 */
int selfsigned_make(gnutls_datum_t *cert, gnutls_datum_t *key, char fingerprint[FINGERPRINT_LEN])
{
	gnutls_x509_privkey_t priv = NULL;
	gnutls_x509_crt_t crt = NULL;
	int ret = gnutls_x509_privkey_init(&priv);

	cert->data = key->data = NULL;
	if (!ret)
		ret = gnutls_x509_privkey_generate(priv, GNUTLS_PK_ECDSA,
				GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	if (!ret)
		ret = gnutls_x509_crt_init(&crt);
	if (!ret)
		ret = fill(crt, priv);
	if (!ret)
		ret = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, cert);
	if (!ret)
		ret = gnutls_x509_privkey_export2(priv, GNUTLS_X509_FMT_PEM, key);
	if (!ret)
		ret = print_fingerprint(crt, fingerprint);
	if (crt)
		gnutls_x509_crt_deinit(crt);
	if (priv)
		gnutls_x509_privkey_deinit(priv);
	if (!ret)
		return 0;
	selfsigned_free(cert, key);
	return say("cannot make a certificate: %s", gnutls_strerror(ret));
}

/**
 * selfsigned_free() - wipe the key and free both
 * @cert: from selfsigned_make()
 * @key: likewise
 */
void selfsigned_free(gnutls_datum_t *cert, gnutls_datum_t *key)
{
	if (key->data)
		gnutls_memset(key->data, 0, key->size);
	gnutls_free(key->data);
	gnutls_free(cert->data);
}
