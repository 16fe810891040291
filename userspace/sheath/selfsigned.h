/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A certificate for those who have none. */
#ifndef SELFSIGNED_H
#define SELFSIGNED_H

#include <gnutls/gnutls.h>

#define FINGERPRINT_LEN	(32 * 3)

int selfsigned_make(gnutls_datum_t *cert, gnutls_datum_t *key, char fingerprint[FINGERPRINT_LEN]);
void selfsigned_free(gnutls_datum_t *cert, gnutls_datum_t *key);

#endif /* SELFSIGNED_H */
