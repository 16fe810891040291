// SPDX-License-Identifier: GPL-2.0
/*
 * rekey_server PORT CERT KEY FILE TIMES PAYLOAD PACE: accept one client, hand the traffic
 * secrets of the handshake to the kernel, and send FILE that many times by sendfile(), in
 * records of PAYLOAD bytes at most (0: whatever the module does), at PACE bytes a second at
 * most (0: no limit). Prints how often the sending and the receiving key changed.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gnutls/gnutls.h>

#include <linux/sheath.h>

#define PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3"

struct secrets {
	uint8_t read[SHEATH_SECRET_MAX];
	uint8_t write[SHEATH_SECRET_MAX];
	size_t len;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void must(int rc, const char *what)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, gnutls_strerror(rc));
	exit(1);
}

static int accept_one(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int l = socket(AF_INET, SOCK_STREAM, 0), on = 1, fd;

	if (l < 0 || setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(l, (struct sockaddr *)&a, sizeof(a)) || listen(l, 1))
		die("listen");
	fd = accept(l, NULL, NULL);
	if (fd < 0)
		die("accept");
	close(l);
	return fd;
}

static int keep_secrets(gnutls_session_t s, gnutls_record_encryption_level_t level,
			const void *secret_read, const void *secret_write, size_t len)
{
	struct secrets *to = gnutls_session_get_ptr(s);

	if (level != GNUTLS_ENCRYPTION_LEVEL_APPLICATION)
		return 0;
	/* each direction may come by itself */
	if (secret_read)
		memcpy(to->read, secret_read, len);
	if (secret_write)
		memcpy(to->write, secret_write, len);
	to->len = len;
	return 0;
}

static uint16_t cipher_of(gnutls_session_t s)
{
	switch (gnutls_cipher_get(s)) {
	case GNUTLS_CIPHER_AES_128_GCM:
		return TLS_CIPHER_AES_GCM_128;
	case GNUTLS_CIPHER_AES_256_GCM:
		return TLS_CIPHER_AES_GCM_256;
	case GNUTLS_CIPHER_CHACHA20_POLY1305:
		return TLS_CIPHER_CHACHA20_POLY1305;
	default:
		fprintf(stderr, "a cipher nobody asked for\n");
		exit(1);
	}
}

static uint64_t seq_of(gnutls_session_t s, unsigned int reading)
{
	unsigned char seq[8];
	uint64_t n = 0;
	int i;

	must(gnutls_record_get_state(s, reading, NULL, NULL, NULL, seq), "state");
	for (i = 0; i < 8; i++)
		n = n << 8 | seq[i];
	return n;
}

static void push(gnutls_session_t s, int fd, const struct secrets *from, bool reading)
{
	struct sheath_key k = {
		.flags = reading ? SHEATH_KEY_RX : SHEATH_KEY_TX,
		.version = 0x0304, .cipher = cipher_of(s), .rec_seq = seq_of(s, reading),
		.hash = from->len == 48 ? SHEATH_HASH_SHA384 : SHEATH_HASH_SHA256,
		.secret_len = from->len,
	};

	memcpy(k.secret, reading ? from->read : from->write, from->len);
	if (setsockopt(fd, SOL_TLS, SHEATH_KEY, &k, sizeof(k)))
		die("SHEATH_KEY");
}

static void send_file(int fd, const char *name, long times)
{
	int file = open(name, O_RDONLY);
	struct stat st;

	if (file < 0 || fstat(file, &st))
		die(name);
	while (times--) {
		off_t off = 0;

		while (off < st.st_size) {
			if (sendfile(fd, file, &off, st.st_size - off) <= 0)
				die("sendfile");
		}
	}
	close(file);
}

static void handshake(gnutls_session_t s, int fd, char **argv, struct secrets *secrets)
{
	gnutls_certificate_credentials_t cred;
	int rc;

	must(gnutls_certificate_allocate_credentials(&cred), "credentials");
	must(gnutls_certificate_set_x509_key_file(cred, argv[2], argv[3], GNUTLS_X509_FMT_PEM), argv[2]);
	must(gnutls_priority_set_direct(s, PRIORITY, NULL), "priority");
	must(gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, cred), "credentials");
	gnutls_session_set_ptr(s, secrets);
	gnutls_handshake_set_secret_function(s, keep_secrets);
	gnutls_transport_set_int(s, fd);
	do {
		rc = gnutls_handshake(s);
	} while (rc < 0 && !gnutls_error_is_fatal(rc));
	must(rc, "handshake");
	if (gnutls_record_check_pending(s) || !secrets->len) {
		fprintf(stderr, "the session cannot be handed over\n");
		exit(1);
	}
}

static void protect(gnutls_session_t s, int fd, const struct secrets *secrets, char **argv)
{
	uint16_t payload = atoi(argv[6]);
	uint64_t pace = atoll(argv[7]);

	if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, SHEATH_ULP_NAME, strlen(SHEATH_ULP_NAME)))
		die("TCP_ULP");
	push(s, fd, secrets, true);
	push(s, fd, secrets, false);
	if (payload && setsockopt(fd, SOL_TLS, TLS_TX_MAX_PAYLOAD_LEN, &payload, sizeof(payload)))
		die("TLS_TX_MAX_PAYLOAD_LEN");
	if (pace && setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &pace, sizeof(pace)))
		die("SO_MAX_PACING_RATE");
}

int main(int argc, char **argv)
{
	struct secrets secrets = { .len = 0 };
	struct sheath_info info = { 0 };
	socklen_t len = sizeof(info);
	gnutls_session_t s;
	char byte;
	int fd;

	if (argc != 8)
		return 2;
	fd = accept_one(atoi(argv[1]));
	must(gnutls_init(&s, GNUTLS_SERVER | GNUTLS_NO_TICKETS), "init");
	handshake(s, fd, argv, &secrets);
	protect(s, fd, &secrets, argv);
	send_file(fd, argv[4], atol(argv[5]));
	if (getsockopt(fd, SOL_TLS, SHEATH_INFO, &info, &len))
		die("SHEATH_INFO");
	if (shutdown(fd, SHUT_WR))
		die("shutdown");
	/* the client has everything when it ends its direction, too */
	while (read(fd, &byte, 1) > 0)
		;
	printf("%u %u\n", info.tx_epoch, info.rx_epoch);
	return 0;
}
