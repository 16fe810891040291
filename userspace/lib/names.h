/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers of the IANA registries for what GnuTLS knows by names of its own. */
#ifndef SHEATH_NAMES_H
#define SHEATH_NAMES_H

#include <gnutls/gnutls.h>

unsigned int sheath_version_of(gnutls_session_t session);
unsigned int sheath_suite_of(gnutls_session_t session);
unsigned int sheath_group_of(gnutls_session_t session);
const char *sheath_kx_of(gnutls_session_t session);
const char *sheath_version_name(gnutls_session_t session);

#endif /* SHEATH_NAMES_H */
