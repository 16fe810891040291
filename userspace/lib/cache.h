/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TLS 1.2 sessions of a server, by session id. */
#ifndef SHEATH_CACHE_H
#define SHEATH_CACHE_H

#include <gnutls/gnutls.h>

struct sheath_cache;

struct sheath_cache *sheath_cache_new(unsigned int entries);
void sheath_cache_free(struct sheath_cache *cache);
void sheath_cache_attach(struct sheath_cache *cache, gnutls_session_t session);

#endif /* SHEATH_CACHE_H */
