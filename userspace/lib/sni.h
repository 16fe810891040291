/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which of several certificates a client is shown. */
#ifndef SHEATH_SNI_H
#define SHEATH_SNI_H

#include <stdbool.h>
#include <gnutls/x509.h>

struct sheath_config;
struct sheath_hs;

bool sheath_sni_add(struct sheath_config *cfg, gnutls_x509_crt_t crt);
void sheath_sni_drop_last(struct sheath_config *cfg);
void sheath_sni_free(struct sheath_config *cfg);
void sheath_sni_watch(struct sheath_hs *hs);

#endif /* SHEATH_SNI_H */
