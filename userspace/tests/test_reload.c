// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The certificates, keys and directories of `sheath serve`: several of them, other ones after
 * SIGHUP, and a user that may not read them.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <gnutls/x509.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "pki.h"
#include "served.h"
#include "tap.h"
#include "webdir.h"

#define WAIT_MS		60000
#define V12		"NORMAL:-VERS-ALL:+VERS-TLS1.2"

static struct pki *pki;

/**
 * struct visit - one handshake of a client
 * @name: it asks for, NULL: none
 * @session: to be resumed, and then the new one; TLS 1.2
 * @resumed: it was resumed
 * @cert: what the server presented, empty if it was resumed or failed
 */
struct visit {
	const char	*name;
	gnutls_datum_t	session;
	bool		resumed;
	gnutls_datum_t	cert;
};

static void forget(struct visit *v)
{
	gnutls_free(v->cert.data);
	gnutls_free(v->session.data);
	*v = (struct visit){ .name = v->name };
}

static void note(struct visit *v, gnutls_session_t session)
{
	const gnutls_datum_t *peer;
	unsigned int n;

	v->resumed = gnutls_session_is_resumed(session);
	gnutls_free(v->session.data);
	gnutls_session_get_data2(session, &v->session);
	peer = gnutls_certificate_get_peers(session, &n);
	if (!peer || !n)
		return;
	gnutls_free(v->cert.data);
	v->cert.data = gnutls_malloc(peer->size);
	v->cert.size = peer->size;
	memcpy(v->cert.data, peer->data, peer->size);
}

/* Returns whether the handshake went well. */
static bool visit(const struct served *s, struct visit *v)
{
	gnutls_certificate_credentials_t cred;
	gnutls_session_t session;
	int fd = served_connect(s), ret;

	gnutls_certificate_allocate_credentials(&cred);
	gnutls_init(&session, GNUTLS_CLIENT);
	gnutls_priority_set_direct(session, V12, NULL);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, cred);
	if (v->name)
		gnutls_server_name_set(session, GNUTLS_NAME_DNS, v->name, strlen(v->name));
	if (v->session.data)
		gnutls_session_set_data(session, v->session.data, v->session.size);
	gnutls_transport_set_int(session, fd);
	gnutls_handshake_set_timeout(session, WAIT_MS);
	do
		ret = gnutls_handshake(session);
	while (ret < 0 && !gnutls_error_is_fatal(ret));
	if (!ret)
		note(v, session);
	gnutls_deinit(session);
	gnutls_certificate_free_credentials(cred);
	close(fd);
	return !ret;
}

static bool same_cert(const struct visit *v, const struct pki_cert *want)
{
	gnutls_datum_t der;
	bool same;

	if (gnutls_x509_crt_export2(want->crt, GNUTLS_X509_FMT_DER, &der))
		tap_bail("cannot encode a certificate");
	same = v->cert.size == der.size && !memcmp(v->cert.data, der.data, der.size);
	gnutls_free(der.data);
	return same;
}

/* Does the server present this certificate to a client that asks for @name? */
static bool presents(const struct served *s, const char *name, const struct pki_cert *want)
{
	struct visit v = { .name = name };
	bool good = visit(s, &v) && same_cert(&v, want);

	forget(&v);
	return good;
}

static const char *file_of(const char *name)
{
	static char path[64][128];
	static unsigned int n;
	char *p = path[n++ % 64];

	snprintf(p, sizeof(path[0]), "%s-%s", webdir_path(), name);
	return p;
}

static void write_file(const char *name, const void *data, size_t len)
{
	int fd = open(file_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		tap_bail("cannot write %s", file_of(name));
	close(fd);
}

static void install(const struct pki_cert *cert)
{
	write_file("cert", cert->cert_pem.data, cert->cert_pem.size);
	write_file("key", cert->key_pem.data, cert->key_pem.size);
}

static void start(struct served *s, enum served_mode mode, const char *const *args)
{
	char text[8192] = "";

	served_start(s, mode, args);
	if (s->port)
		return;
	served_said(s->err, text, sizeof(text), "\n", 1000);
	tap_bail("the server does not start: %s", text);
}

static bool hang_up(const struct served *s, const char *word)
{
	char text[8192] = "";

	kill(s->pid, SIGHUP);
	return served_said(s->err, text, sizeof(text), word, WAIT_MS);
}

static void test_certificates(void)
{
	const char *args[] = { "--cert", file_of("cert"), "--key", file_of("key"), webdir_path(),
			       NULL };
	struct served s;

	install(&pki->ecdsa);
	start(&s, SERVED_TLS, args);
	tap(presents(&s, NULL, &pki->ecdsa), "the first certificate");
	install(&pki->rsa);
	tap(presents(&s, NULL, &pki->ecdsa), "the first, while nobody has said anything");
	tap(hang_up(&s, "was read anew"), "SIGHUP is answered");
	tap(presents(&s, NULL, &pki->rsa), "the second certificate after SIGHUP");
	write_file("key", "rubbish", 7);
	tap(hang_up(&s, "stays as it was"), "SIGHUP with a bad key is answered");
	tap(presents(&s, NULL, &pki->rsa), "the second certificate after that");
	install(&pki->ecdsa);
	tap(hang_up(&s, "was read anew"), "SIGHUP with a good one");
	tap(presents(&s, NULL, &pki->ecdsa), "the first certificate again");
	tap(!served_stop(&s), "and the server ends");
}

static void test_selfsigned(void)
{
	const char *args[] = { webdir_path(), NULL };
	struct visit before = { .name = NULL }, after = { .name = NULL };
	struct served s;

	start(&s, SERVED_TLS, args);
	tap(visit(&s, &before) && hang_up(&s, "was read anew") && visit(&s, &after) &&
	    before.cert.size && before.cert.size == after.cert.size &&
	    !memcmp(before.cert.data, after.cert.data, before.cert.size),
	    "a self-signed certificate stays");
	forget(&before);
	forget(&after);
	served_stop(&s);
}

static void test_pairs(void)
{
	const char *args[] = {
		"--cert", pki->ecdsa.cert_file, "--key", pki->ecdsa.key_file,
		"--cert", pki->elsewhere.cert_file, "--key", pki->elsewhere.key_file,
		webdir_path(), NULL,
	};
	struct served s;

	start(&s, SERVED_TLS, args);
	tap(presents(&s, "localhost", &pki->ecdsa), "the certificate of localhost");
	tap(presents(&s, "elsewhere.test", &pki->elsewhere), "the certificate of elsewhere.test");
	served_stop(&s);
}

/* Is a session of one server resumed by another, which is started later? */
static bool resumed_elsewhere(const char *const *args)
{
	struct visit v = { .name = NULL };
	struct served s;
	bool good;

	start(&s, SERVED_TLS, args);
	good = visit(&s, &v);
	served_stop(&s);
	start(&s, SERVED_TLS, args);
	good = good && visit(&s, &v) && v.resumed;
	forget(&v);
	served_stop(&s);
	return good;
}

static void test_ticket_key(void)
{
	const char *args[] = { "--cert", pki->ecdsa.cert_file, "--key", pki->ecdsa.key_file,
			       "--ticket-key", file_of("tickets"), webdir_path(), NULL };
	const char *without[] = { "--cert", pki->ecdsa.cert_file, "--key", pki->ecdsa.key_file,
				  webdir_path(), NULL };
	unsigned char key[65];
	char text[1024] = "";
	struct served s;

	memset(key, 'k', sizeof(key));
	write_file("tickets", key, 64);
	tap(resumed_elsewhere(args), "a ticket key outlives the server");
	tap(!resumed_elsewhere(without), "a server without one has its own");
	for (size_t len = 63; len <= 65; len += 2) {
		write_file("tickets", key, len);
		served_start(&s, SERVED_TLS, args);
		*text = '\0';
		served_said(s.err, text, sizeof(text), "\n", WAIT_MS);
		tap(strstr(text, "64 bytes") && served_status(&s, WAIT_MS) == 1,
		    "a ticket key of %zu bytes", len);
	}
}

/* Requests go on over one connection while the configuration is read anew. */
static void test_connections(void)
{
	static const char request[] = "GET /short HTTP/1.1\r\nHost: x\r\n\r\n";
	const char *args[] = { webdir_path(), NULL };
	char answer[1024];
	struct served s;
	int fd, good = 0;

	start(&s, SERVED_PLAIN, args);
	fd = served_connect(&s);
	for (int i = 0; i < 20; i++) {
		kill(s.pid, SIGHUP);
		if (write(fd, request, strlen(request)) < 0)
			break;
		good += read(fd, answer, sizeof(answer)) > 0;
	}
	tap(good == 20, "a connection goes on while SIGHUP comes: %d", good);
	close(fd);
	tap(!served_stop(&s), "and the server ends");
}

static void test_directory(void)
{
	static const char request[] = "GET /which HTTP/1.0\r\n\r\n";
	const char *args[] = { file_of("current"), NULL };
	char answer[1024];
	struct served s;

	mkdir(file_of("one"), 0755);
	mkdir(file_of("two"), 0755);
	write_file("one/which", "first", 5);
	write_file("two/which", "second", 6);
	if (symlink(file_of("one"), file_of("current")))
		tap_bail("symlink");
	start(&s, SERVED_PLAIN, args);
	served_ask(&s, request, answer, sizeof(answer));
	tap(strstr(answer, "first"), "the first release");
	if (symlink(file_of("two"), file_of("next")) || rename(file_of("next"), file_of("current")))
		tap_bail("rename");
	tap(hang_up(&s, "was read anew"), "SIGHUP is answered");
	served_ask(&s, request, answer, sizeof(answer));
	tap(strstr(answer, "second"), "the second release after SIGHUP");
	unlink(file_of("current"));
	tap(hang_up(&s, "stays as it was"), "SIGHUP without a directory");
	served_ask(&s, request, answer, sizeof(answer));
	tap(strstr(answer, "second"), "the second release after that");
	served_stop(&s);
	unlink(file_of("one/which"));
	unlink(file_of("two/which"));
	rmdir(file_of("one"));
	rmdir(file_of("two"));
}

static bool proc_says(const struct served *s, const char *line)
{
	char path[64], text[8192];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", s->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return strstr(text, line);
}

/* The key is for root alone; so is the port, which is why somebody starts as root. */
static void test_user(void)
{
	const char *args[] = { "--user", "nobody", "--cert", file_of("cert"), "--key",
			       file_of("key"), webdir_path(), NULL };
	struct served s;

	if (geteuid()) {
		tap(true, "--user # SKIP not root");
		return;
	}
	install(&pki->ecdsa);
	start(&s, SERVED_TLS, args);
	tap(proc_says(&s, "\nUid:\t65534\t65534\t65534\t65534\n") &&
	    proc_says(&s, "\nGid:\t65534\t65534\t65534\t65534\n") &&
	    proc_says(&s, "\nGroups:\t65534 \n") && proc_says(&s, "\nCapEff:\t0000000000000000\n") &&
	    proc_says(&s, "\nCapPrm:\t0000000000000000\n"), "the server is nobody");
	tap(presents(&s, NULL, &pki->ecdsa), "and serves with a key of root's");
	tap(hang_up(&s, "stays as it was"), "which it cannot read once more");
	tap(presents(&s, NULL, &pki->ecdsa), "and does not need to");
	served_stop(&s);
}

int main(void)
{
	static const char *const names[] = { "cert", "key", "tickets" };

	webdir_make();
	pki = pki_new();
	test_certificates();
	test_selfsigned();
	test_pairs();
	test_ticket_key();
	test_connections();
	test_directory();
	test_user();
	pki_free(pki);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(file_of(names[i]));
	webdir_remove();
	return tap_end();
}
