/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Certificates for tests, made in memory and in a temporary folder. */
#ifndef PKI_H
#define PKI_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

/**
 * struct pki_cert - a certificate and its key
 * @crt: certificate
 * @key: private key
 * @cert_pem: the certificate as text, terminated
 * @key_pem: the key as text, terminated
 * @cert_file: path of @cert_pem
 * @key_file: path of @key_pem
 */
struct pki_cert {
	gnutls_x509_crt_t	crt;
	gnutls_x509_privkey_t	key;
	gnutls_datum_t		cert_pem;
	gnutls_datum_t		key_pem;
	char			cert_file[128];
	char			key_file[128];
};

/**
 * struct pki_spec - what a certificate is to be
 * @name: common name and DNS name
 * @issuer: who signs it, NULL: itself
 * @rsa: key of RSA, else of ECDSA
 * @bits: of an RSA key, 0: 2048
 * @address: IPv4 or IPv6 address beside the name, NULL: none
 * @client: for clients, else for servers; an authority is neither
 * @ca: an authority
 * @expired: it was valid until yesterday
 * @extra_names: more DNS names, to make it large
 */
struct pki_spec {
	const char		*name;
	const struct pki_cert	*issuer;
	bool			rsa;
	unsigned int		bits;
	const char		*address;
	bool			client;
	bool			ca;
	bool			expired;
	unsigned int		extra_names;
};

/**
 * struct pki - all certificates of a test
 * @ca: the authority that is trusted
 * @other_ca: one that is not
 * @ecdsa: server "localhost"
 * @rsa: server "localhost"
 * @expired: server "localhost", no more
 * @elsewhere: server "elsewhere.test"
 * @foreign: server "localhost" of @other_ca
 * @large: server "localhost" with a certificate of some 20 kB
 * @client: client "alice"
 * @foreign_client: client "mallory" of @other_ca
 * @wildcard: server "*.two.test"
 * @inner: server "www.two.test"
 * @upper: server "Three.TEST"
 * @ipv4: server "four.test" and 127.0.0.1
 * @ipv6: server "six.test" and fe80::1
 * @weak: server "localhost" with an RSA key of 1024 bits
 */
struct pki {
	struct pki_cert	ca, other_ca, ecdsa, rsa, expired, elsewhere, foreign, large;
	struct pki_cert	client, foreign_client;
	struct pki_cert	wildcard, inner, upper, ipv4, ipv6, weak;
};

struct pki *pki_new(void);
void pki_free(struct pki *pki);

#endif /* PKI_H */
