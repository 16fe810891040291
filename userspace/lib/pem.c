// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Certificates and keys from files and memory, with errors that name the file and the cause.
 */
#include "pem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/stat.h>

#include "error.h"

/* All authorities of a distribution are 200 kB. */
#define FILE_MAX	(16 << 20)

static int fill(int fd, struct sheath_pem *pem, size_t size)
{
	ssize_t n = 1;

	while (n > 0 && pem->len < size) {
		n = read(fd, pem->text + pem->len, size - pem->len);
		if (n > 0)
			pem->len += n;
	}
	return n < 0 ? sheath_fail_errno("cannot load %s", pem->what) : 0;
}

/**
 * sheath_pem_read() - read a file
 * @pem: filled in; given to sheath_pem_free() in any case
 * @path: its name, which has to outlive @pem
 */
int sheath_pem_read(struct sheath_pem *pem, const char *path)
{
	struct stat st;
	int fd, ret = -1;

	*pem = (struct sheath_pem){ .what = path };
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		sheath_fail_errno("cannot load %s", path);
	} else if (st.st_size > FILE_MAX) {
		sheath_fail("cannot load %s: it is longer than %d bytes", path, FILE_MAX);
	} else {
		/* a pipe has no size */
		size_t size = S_ISREG(st.st_mode) ? (size_t)st.st_size : FILE_MAX;

		pem->text = pem->owned = malloc(size + 1);
		ret = pem->text ? fill(fd, pem, size) : sheath_fail("out of memory");
	}
	if (fd >= 0)
		close(fd);
	return ret;
}

/**
 * sheath_pem_keep() - add a copy to a list
 * @list: list; given to sheath_pem_free_list() in the end
 * @pem: what was read
 *
 * Return: 0, or -1 without memory.
 */
int sheath_pem_keep(struct sheath_pem **list, const struct sheath_pem *pem)
{
	struct sheath_pem *copy = malloc(sizeof(*copy) + pem->len);

	if (!copy)
		return sheath_fail("out of memory");
	*copy = (struct sheath_pem){ .what = "an authority", .text = (char *)(copy + 1),
				     .len = pem->len };
	memcpy(copy->text, pem->text, pem->len);
	while (*list)
		list = &(*list)->next;
	*list = copy;
	return 0;
}

/**
 * sheath_pem_free_list() - free what was kept
 * @list: list
 */
void sheath_pem_free_list(struct sheath_pem *list)
{
	struct sheath_pem *next;

	for (; list; list = next) {
		next = list->next;
		free(list);
	}
}

/**
 * sheath_pem_free() - wipe and free what was read
 * @pem: from sheath_pem_read()
 */
void sheath_pem_free(struct sheath_pem *pem)
{
	if (pem->owned)
		explicit_bzero(pem->owned, pem->len);
	free(pem->owned);
	pem->owned = NULL;
}

static gnutls_datum_t datum_of(const struct sheath_pem *pem)
{
	return (gnutls_datum_t){ (void *)pem->text, pem->len };
}

static int refuse(const struct sheath_pem *pem, int code, const char *noun)
{
	switch (code) {
	case GNUTLS_E_BASE64_DECODING_ERROR:
	case GNUTLS_E_BASE64_UNEXPECTED_HEADER_ERROR:
	case GNUTLS_E_NO_CERTIFICATE_FOUND:
	case GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE:
		return sheath_fail("cannot load %s: there is no %s in PEM form in it", pem->what,
				   noun);
	case GNUTLS_E_DECRYPTION_FAILED:
		return sheath_fail("cannot load %s: the key is encrypted; openssl pkey writes one "
				   "that is not", pem->what);
	default:
		return sheath_fail_gnutls(code, "cannot load %s", pem->what);
	}
}

/**
 * sheath_pem_first_cert() - the first certificate
 * @pem: text
 * @crt: set to it, to be given to gnutls_x509_crt_deinit()
 */
int sheath_pem_first_cert(const struct sheath_pem *pem, gnutls_x509_crt_t *crt)
{
	gnutls_datum_t text = datum_of(pem);
	gnutls_x509_crt_t *list = NULL;
	unsigned int n = 0;
	int ret = gnutls_x509_crt_list_import2(&list, &n, &text, GNUTLS_X509_FMT_PEM, 0);

	if (ret < 0)
		return refuse(pem, ret, "certificate");
	*crt = list[0];
	for (unsigned int i = 1; i < n; i++)
		gnutls_x509_crt_deinit(list[i]);
	gnutls_free(list);
	return 0;
}

static int check_key(const struct sheath_pem *pem)
{
	gnutls_datum_t text = datum_of(pem);
	gnutls_privkey_t key;
	int ret = gnutls_privkey_init(&key);

	if (ret)
		return sheath_fail_gnutls(ret, "cannot load %s", pem->what);
	ret = gnutls_privkey_import_x509_raw(key, &text, GNUTLS_X509_FMT_PEM, NULL, 0);
	gnutls_privkey_deinit(key);
	return ret < 0 ? refuse(pem, ret, "private key") : 0;
}

/**
 * sheath_pem_add_pair() - add a certificate with its key
 * @cred: where to
 * @cert: chain
 * @key: private key
 */
int sheath_pem_add_pair(gnutls_certificate_credentials_t cred, const struct sheath_pem *cert,
			const struct sheath_pem *key)
{
	gnutls_datum_t c = datum_of(cert), k = datum_of(key);
	int ret;

	if (check_key(key))
		return -1;
	ret = gnutls_certificate_set_x509_key_mem(cred, &c, &k, GNUTLS_X509_FMT_PEM);
	return ret < 0 ? sheath_fail_gnutls(ret, "cannot load %s with %s", cert->what, key->what) :
			 0;
}

/**
 * sheath_pem_add_authorities() - add certificates that are trusted
 * @cred: where to
 * @pem: one certificate or more
 */
int sheath_pem_add_authorities(gnutls_certificate_credentials_t cred,
			       const struct sheath_pem *pem)
{
	gnutls_datum_t text = datum_of(pem);
	int ret = gnutls_certificate_set_x509_trust_mem(cred, &text, GNUTLS_X509_FMT_PEM);

	return ret <= 0 ? refuse(pem, ret ? ret : GNUTLS_E_NO_CERTIFICATE_FOUND, "certificate") : 0;
}
