// SPDX-License-Identifier: LGPL-2.1-or-later
/* Memory of GnuTLS with a secret in it. */
#include "datum.h"

/**
 * sheath_datum_wipe() - wipe and free a secret
 * @datum: from gnutls_malloc(), or empty; empty afterwards
 */
void sheath_datum_wipe(gnutls_datum_t *datum)
{
	if (datum->data)
		gnutls_memset(datum->data, 0, datum->size);
	gnutls_free(datum->data);
	datum->data = NULL;
	datum->size = 0;
}
