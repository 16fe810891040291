/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory of GnuTLS with a secret in it. */
#ifndef SHEATH_DATUM_H
#define SHEATH_DATUM_H

#include <gnutls/gnutls.h>

void sheath_datum_wipe(gnutls_datum_t *datum);

#endif /* SHEATH_DATUM_H */
