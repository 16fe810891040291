/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Certificates and keys from files and memory. */
#ifndef SHEATH_PEM_H
#define SHEATH_PEM_H

#include <stddef.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

/**
 * struct sheath_pem - a text in PEM form, perhaps with a secret
 * @next: the one added after it
 * @what: its name, for errors
 * @text: the text
 * @len: bytes of it
 * @owned: the same as @text if it is to be freed, else NULL
 */
struct sheath_pem {
	struct sheath_pem *next;
	const char	*what;
	char		*text;
	size_t		len;
	char		*owned;
};

int sheath_pem_read(struct sheath_pem *pem, const char *path);
int sheath_pem_keep(struct sheath_pem **list, const struct sheath_pem *pem);
void sheath_pem_free_list(struct sheath_pem *list);
void sheath_pem_free(struct sheath_pem *pem);
int sheath_pem_first_cert(const struct sheath_pem *pem, gnutls_x509_crt_t *crt);
int sheath_pem_add_pair(gnutls_certificate_credentials_t cred, const struct sheath_pem *cert,
			const struct sheath_pem *key);
int sheath_pem_add_authorities(gnutls_certificate_credentials_t cred,
			       const struct sheath_pem *pem);

#endif /* SHEATH_PEM_H */
