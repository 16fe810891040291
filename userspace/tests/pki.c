// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Certificates for tests, made in memory and in a temporary folder.
 */
#include <stdbool.h>

#include "pki.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>

#include "tap.h"

#define DAY	(24 * 60 * 60)

static char folder[64];

static void must(int ret, const char *what)
{
	if (ret < 0)
		tap_bail("%s: %s", what, gnutls_strerror(ret));
}

static void write_file(char *path, size_t size, const char *name, const char *suffix,
		       const gnutls_datum_t *text)
{
	static int serial;
	FILE *out;

	snprintf(path, size, "%s/%s%d.%s", folder, name, serial++, suffix);
	out = fopen(path, "w");
	if (!out || fwrite(text->data, 1, text->size, out) != text->size || fclose(out))
		tap_bail("cannot write %s", path);
}

static void add_names(gnutls_x509_crt_t crt, const struct pki_spec *spec)
{
	char name[128];

	must(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, spec->name,
					   strlen(spec->name)), "name");
	must(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, spec->name,
						  strlen(spec->name), GNUTLS_FSAN_SET), "name");
	for (unsigned int i = 0; i < spec->extra_names; i++) {
		snprintf(name, sizeof(name), "%s-%060u.test", spec->name, i);
		must(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, name,
							  strlen(name), GNUTLS_FSAN_APPEND),
		     "more names");
	}
}

static void add_address(gnutls_x509_crt_t crt, const char *text)
{
	unsigned char addr[16];
	unsigned int len = 4;

	if (inet_pton(AF_INET, text, addr) != 1)
		len = inet_pton(AF_INET6, text, addr) == 1 ? 16 : 0;
	must(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, addr, len,
						  GNUTLS_FSAN_APPEND), "address");
}

static void add_usage(gnutls_x509_crt_t crt, const struct pki_spec *spec)
{
	if (spec->ca) {
		must(gnutls_x509_crt_set_basic_constraints(crt, 1, -1), "constraints");
		must(gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_KEY_CERT_SIGN), "usage");
		return;
	}
	must(gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE |
					   (spec->rsa ? GNUTLS_KEY_KEY_ENCIPHERMENT : 0)),
	     "usage");
	must(gnutls_x509_crt_set_key_purpose_oid(crt, spec->client ? GNUTLS_KP_TLS_WWW_CLIENT :
						 GNUTLS_KP_TLS_WWW_SERVER, 0), "purpose");
}

static void cert_make(struct pki_cert *c, struct pki_spec spec)
{
	const struct pki_cert *issuer = spec.issuer ? spec.issuer : c;
	static unsigned char serial = 1;
	time_t now = time(NULL);

	must(gnutls_x509_privkey_init(&c->key), "key");
	must(gnutls_x509_privkey_generate(c->key, spec.rsa ? GNUTLS_PK_RSA : GNUTLS_PK_ECDSA,
					  spec.rsa ? spec.bits ? spec.bits : 2048 :
					  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
	     "key");
	must(gnutls_x509_crt_init(&c->crt), "certificate");
	must(gnutls_x509_crt_set_version(c->crt, 3), "version");
	must(gnutls_x509_crt_set_serial(c->crt, &serial, 1), "serial");
	serial++;
	must(gnutls_x509_crt_set_activation_time(c->crt, now - 10 * DAY), "time");
	must(gnutls_x509_crt_set_expiration_time(c->crt, now + (spec.expired ? -DAY : DAY)),
	     "time");
	must(gnutls_x509_crt_set_key(c->crt, c->key), "key");
	add_names(c->crt, &spec);
	if (spec.address)
		add_address(c->crt, spec.address);
	add_usage(c->crt, &spec);
	must(gnutls_x509_crt_sign2(c->crt, issuer->crt, issuer->key, GNUTLS_DIG_SHA256, 0),
	     "signature");
	must(gnutls_x509_crt_export2(c->crt, GNUTLS_X509_FMT_PEM, &c->cert_pem), "export");
	must(gnutls_x509_privkey_export2(c->key, GNUTLS_X509_FMT_PEM, &c->key_pem), "export");
	write_file(c->cert_file, sizeof(c->cert_file), spec.name, "crt", &c->cert_pem);
	write_file(c->key_file, sizeof(c->key_file), spec.name, "key", &c->key_pem);
}

static void cert_free(struct pki_cert *c)
{
	unlink(c->cert_file);
	unlink(c->key_file);
	gnutls_free(c->cert_pem.data);
	gnutls_free(c->key_pem.data);
	gnutls_x509_crt_deinit(c->crt);
	gnutls_x509_privkey_deinit(c->key);
}

/**
 * pki_new() - make all certificates
 *
 * Return: to be given to pki_free().
 */
struct pki *pki_new(void)
{
	struct pki *p = calloc(1, sizeof(*p));
	const char *base = getenv("TMPDIR");

	snprintf(folder, sizeof(folder), "%.40s/sheath-test-XXXXXX", base ? base : "/tmp");
	if (!p || !mkdtemp(folder))
		tap_bail("cannot make a temporary folder");
	cert_make(&p->ca, (struct pki_spec){ .name = "ca", .ca = true });
	cert_make(&p->other_ca, (struct pki_spec){ .name = "other ca", .ca = true });
	cert_make(&p->ecdsa, (struct pki_spec){ .name = "localhost", .issuer = &p->ca });
	cert_make(&p->rsa, (struct pki_spec){ .name = "localhost", .issuer = &p->ca,
					      .rsa = true });
	cert_make(&p->expired, (struct pki_spec){ .name = "localhost", .issuer = &p->ca,
						  .expired = true });
	cert_make(&p->elsewhere, (struct pki_spec){ .name = "elsewhere.test",
						    .issuer = &p->ca });
	cert_make(&p->foreign, (struct pki_spec){ .name = "localhost", .issuer = &p->other_ca });
	cert_make(&p->large, (struct pki_spec){ .name = "localhost", .issuer = &p->ca,
						.extra_names = 250 });
	cert_make(&p->client, (struct pki_spec){ .name = "alice", .issuer = &p->ca,
						 .client = true });
	cert_make(&p->foreign_client, (struct pki_spec){ .name = "mallory", .client = true,
							 .issuer = &p->other_ca });
	cert_make(&p->wildcard, (struct pki_spec){ .name = "*.two.test", .issuer = &p->ca });
	cert_make(&p->inner, (struct pki_spec){ .name = "www.two.test", .issuer = &p->ca });
	cert_make(&p->upper, (struct pki_spec){ .name = "Three.TEST", .issuer = &p->ca });
	cert_make(&p->ipv4, (struct pki_spec){ .name = "four.test", .issuer = &p->ca,
					       .address = "127.0.0.1" });
	cert_make(&p->ipv6, (struct pki_spec){ .name = "six.test", .issuer = &p->ca,
					       .address = "fe80::1" });
	cert_make(&p->weak, (struct pki_spec){ .name = "localhost", .issuer = &p->ca,
					       .rsa = true, .bits = 1024 });
	return p;
}

/**
 * pki_free() - free and remove all certificates
 * @pki: from pki_new()
 */
void pki_free(struct pki *p)
{
	struct pki_cert *all[] = {
		&p->ca, &p->other_ca, &p->ecdsa, &p->rsa, &p->expired, &p->elsewhere,
		&p->foreign, &p->large, &p->client, &p->foreign_client,
		&p->wildcard, &p->inner, &p->upper, &p->ipv4, &p->ipv6, &p->weak,
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		cert_free(all[i]);
	rmdir(folder);
	free(p);
}
