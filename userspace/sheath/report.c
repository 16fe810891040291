// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What was negotiated, for people and for programs.
 */
#include "report.h"

#include <inttypes.h>
#include <time.h>
#include <gnutls/x509.h>

#define HASH_LEN	32

/* What is shown of a certificate. */
struct cert_facts {
	gnutls_datum_t	subject;
	gnutls_datum_t	issuer;
	char		not_before[32];
	char		not_after[32];
	char		hash[2 * HASH_LEN + 1];
};

static void time_text(char *out, size_t size, time_t t)
{
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static void hash_text(const gnutls_datum_t *der, char *out)
{
	unsigned char hash[HASH_LEN];
	size_t len = sizeof(hash);

	out[0] = '\0';
	if (gnutls_fingerprint(GNUTLS_DIG_SHA256, der, hash, &len))
		return;
	for (size_t i = 0; i < len; i++)
		sprintf(out + 2 * i, "%02x", hash[i]);
}

static int cert_read(const struct sheath_hs *hs, unsigned int index, struct cert_facts *facts)
{
	const unsigned char *data;
	gnutls_x509_crt_t crt;
	gnutls_datum_t der;
	size_t len;
	int ret;

	*facts = (struct cert_facts){ 0 };
	if (sheath_peer_cert(hs, index, &data, &len) || gnutls_x509_crt_init(&crt))
		return -1;
	der.data = (unsigned char *)data;
	der.size = len;
	ret = gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER);
	if (!ret) {
		gnutls_x509_crt_get_dn3(crt, &facts->subject, 0);
		gnutls_x509_crt_get_issuer_dn3(crt, &facts->issuer, 0);
		time_text(facts->not_before, sizeof(facts->not_before),
			  gnutls_x509_crt_get_activation_time(crt));
		time_text(facts->not_after, sizeof(facts->not_after),
			  gnutls_x509_crt_get_expiration_time(crt));
		hash_text(&der, facts->hash);
	}
	gnutls_x509_crt_deinit(crt);
	return ret ? -1 : 0;
}

static void cert_free(struct cert_facts *facts)
{
	gnutls_free(facts->subject.data);
	gnutls_free(facts->issuer.data);
}

static const char *text_of(gnutls_datum_t datum)
{
	return datum.data ? (const char *)datum.data : "";
}

static const char *version_name(const struct sheath_hs *hs)
{
	switch (sheath_version(hs)) {
	case 0x0301:
		return "TLS 1.0";
	case 0x0302:
		return "TLS 1.1";
	case 0x0303:
		return "TLS 1.2";
	case 0x0304:
		return "TLS 1.3";
	default:
		return NULL;
	}
}

static const char *or_none(const char *text)
{
	return text ? text : "none";
}

/* What a certificate says comes from the peer: it must not steer the terminal. */
static void print_clean(FILE *out, const char *label, const char *text)
{
	fprintf(out, "  %s: ", label);
	for (; *text; text++)
		fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, out);
	fputc('\n', out);
}

static void text_certs(FILE *out, const struct sheath_hs *hs)
{
	struct cert_facts facts;

	for (unsigned int i = 0; i < sheath_peer_certs(hs); i++) {
		fprintf(out, "certificate %u\n", i);
		if (cert_read(hs, i, &facts)) {
			fprintf(out, "  cannot be read\n");
			continue;
		}
		print_clean(out, "subject", text_of(facts.subject));
		print_clean(out, "issuer", text_of(facts.issuer));
		fprintf(out, "  valid: %s to %s\n  SHA-256: %s\n", facts.not_before,
			facts.not_after, facts.hash);
		cert_free(&facts);
	}
}

/**
 * report_text() - print what was negotiated
 * @out: stream
 * @hs: complete handshake
 */
void report_text(FILE *out, const struct sheath_hs *hs)
{
	uint64_t tx, rx;

	sheath_sequence(hs, &tx, &rx);
	fprintf(out, "version: %s\n", or_none(version_name(hs)));
	fprintf(out, "cipher suite: %s (0x%04x)\n", or_none(sheath_suite_name(hs)),
		sheath_suite(hs));
	if (sheath_encrypt_then_mac(hs))
		fprintf(out, "encrypt-then-MAC: yes\n");
	fprintf(out, "key exchange: %s\n", or_none(sheath_kx_name(hs)));
	fprintf(out, "group: %s (%u)\n", or_none(sheath_group_name(hs)), sheath_group(hs));
	fprintf(out, "ALPN: %s\n", or_none(sheath_alpn(hs)));
	if (sheath_servername(hs))
		print_clean(out, "name asked for", sheath_servername(hs));
	if (sheath_psk_identity(hs))
		print_clean(out, "pre-shared key", sheath_psk_identity(hs));
	fprintf(out, "resumed: %s\n", sheath_resumed(hs) ? "yes" : "no");
	fprintf(out, "session ticket: %s\n", sheath_tickets(hs) ? "received" : "none");
	fprintf(out, "record payload: at most %u bytes\n", sheath_tx_limit(hs));
	fprintf(out, "pushed: %s\n", sheath_has_secrets(hs) ? "traffic secrets" : "keys");
	fprintf(out, "sequence numbers pushed: send %" PRIu64 ", receive %" PRIu64 "\n", tx, rx);
	text_certs(out, hs);
	fprintf(out, "verdict: %s\n", sheath_peer_verdict(hs));
}

/**
 * report_add_string() - add a text to a JSON object
 * @obj: object
 * @name: member
 * @value: text; NULL becomes null
 */
void report_add_string(struct json_object *obj, const char *name, const char *value)
{
	json_object_object_add(obj, name, value ? json_object_new_string(value) : NULL);
}

/**
 * report_add_number() - add a number to a JSON object
 * @obj: object
 * @name: member
 * @value: number
 */
void report_add_number(struct json_object *obj, const char *name, uint64_t value)
{
	json_object_object_add(obj, name, json_object_new_uint64(value));
}

static void add_bool(struct json_object *obj, const char *name, int value)
{
	json_object_object_add(obj, name, json_object_new_boolean(value));
}

static struct json_object *json_certs(const struct sheath_hs *hs)
{
	struct json_object *list = json_object_new_array();
	struct cert_facts facts;

	for (unsigned int i = 0; i < sheath_peer_certs(hs); i++) {
		struct json_object *obj = json_object_new_object();

		if (!cert_read(hs, i, &facts)) {
			report_add_string(obj, "subject", text_of(facts.subject));
			report_add_string(obj, "issuer", text_of(facts.issuer));
			report_add_string(obj, "not_before", facts.not_before);
			report_add_string(obj, "not_after", facts.not_after);
			report_add_string(obj, "sha256", facts.hash);
			cert_free(&facts);
		}
		json_object_array_add(list, obj);
	}
	return list;
}

/**
 * report_json() - add what was negotiated to a JSON object
 * @obj: object
 * @hs: complete handshake
 */
void report_json(struct json_object *obj, const struct sheath_hs *hs)
{
	uint64_t tx, rx;

	sheath_sequence(hs, &tx, &rx);
	report_add_string(obj, "version", version_name(hs));
	report_add_number(obj, "version_id", sheath_version(hs));
	report_add_string(obj, "suite", sheath_suite_name(hs));
	report_add_number(obj, "suite_id", sheath_suite(hs));
	add_bool(obj, "encrypt_then_mac", sheath_encrypt_then_mac(hs));
	report_add_string(obj, "key_exchange", sheath_kx_name(hs));
	report_add_string(obj, "group", sheath_group_name(hs));
	report_add_number(obj, "group_id", sheath_group(hs));
	report_add_string(obj, "alpn", sheath_alpn(hs));
	report_add_string(obj, "servername", sheath_servername(hs));
	report_add_string(obj, "psk_identity", sheath_psk_identity(hs));
	add_bool(obj, "resumed", sheath_resumed(hs));
	add_bool(obj, "ticket", sheath_tickets(hs));
	add_bool(obj, "secrets", sheath_has_secrets(hs));
	report_add_number(obj, "tx_limit", sheath_tx_limit(hs));
	report_add_number(obj, "tx_seq", tx);
	report_add_number(obj, "rx_seq", rx);
	add_bool(obj, "verified", !sheath_peer_status(hs));
	report_add_string(obj, "verdict", sheath_peer_verdict(hs));
	json_object_object_add(obj, "certificates", json_certs(hs));
}

/**
 * report_line() - a JSON object as one line
 * @obj: object
 *
 * Return: its text without a newline, which lives as long as @obj.
 */
const char *report_line(struct json_object *obj)
{
	return json_object_to_json_string_ext(obj, JSON_C_TO_STRING_PLAIN |
					      JSON_C_TO_STRING_NOSLASHESCAPE);
}

/**
 * report_print() - print a JSON object on a line of its own, and free it
 * @out: stream, flushed afterwards
 * @obj: object
 */
void report_print(FILE *out, struct json_object *obj)
{
	fprintf(out, "%s\n", report_line(obj));
	fflush(out);
	json_object_put(obj);
}
