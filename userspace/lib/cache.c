// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * TLS 1.2 sessions of a server, by session id.
 *
 * A ring: a new session takes the place of the oldest. Handshakes of several threads share
 * it, so a mutex covers each call; GnuTLS checks the age of what it gets. Sessions are
 * secrets and are wiped when they leave.
 */
#include "cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "datum.h"

#define ID_MAX	32

struct entry {
	unsigned char	id[ID_MAX];
	unsigned int	id_len;		/* 0: unused */
	gnutls_datum_t	session;
};

/**
 * struct sheath_cache - the ring
 * @lock: covers all that follows
 * @size: number of entries
 * @next: the oldest one
 * @ring: entries
 */
struct sheath_cache {
	pthread_mutex_t	lock;
	unsigned int	size;
	unsigned int	next;
	struct entry	ring[];
};

static struct entry *find(struct sheath_cache *c, gnutls_datum_t id)
{
	for (unsigned int i = 0; i < c->size; i++)
		if (id.size && c->ring[i].id_len == id.size &&
		    !memcmp(c->ring[i].id, id.data, id.size))
			return &c->ring[i];
	return NULL;
}

static void clear(struct entry *e)
{
	sheath_datum_wipe(&e->session);
	e->id_len = 0;
}

static int copy(gnutls_datum_t *to, gnutls_datum_t from)
{
	to->data = gnutls_malloc(from.size);
	if (!to->data)
		return -1;
	memcpy(to->data, from.data, from.size);
	to->size = from.size;
	return 0;
}

static int store(void *ptr, gnutls_datum_t id, gnutls_datum_t session)
{
	struct sheath_cache *c = ptr;
	struct entry *e;
	int ret = -1;

	if (!id.size || id.size > ID_MAX)
		return -1;
	pthread_mutex_lock(&c->lock);
	e = find(c, id);
	if (!e) {
		e = &c->ring[c->next];
		c->next = (c->next + 1) % c->size;
	}
	clear(e);
	if (!copy(&e->session, session)) {
		memcpy(e->id, id.data, id.size);
		e->id_len = id.size;
		ret = 0;
	}
	pthread_mutex_unlock(&c->lock);
	return ret;
}

static gnutls_datum_t retrieve(void *ptr, gnutls_datum_t id)
{
	struct sheath_cache *c = ptr;
	gnutls_datum_t session = { NULL, 0 };
	struct entry *e;

	pthread_mutex_lock(&c->lock);
	e = find(c, id);
	if (e)
		copy(&session, e->session);
	pthread_mutex_unlock(&c->lock);
	return session;
}

static int forget(void *ptr, gnutls_datum_t id)
{
	struct sheath_cache *c = ptr;
	struct entry *e;

	pthread_mutex_lock(&c->lock);
	e = find(c, id);
	if (e)
		clear(e);
	pthread_mutex_unlock(&c->lock);
	return e ? 0 : -1;
}

/**
 * sheath_cache_new() - an empty cache
 * @entries: sessions it has room for, at least 1
 *
 * Return: the cache, NULL without memory.
 */
struct sheath_cache *sheath_cache_new(unsigned int entries)
{
	struct sheath_cache *c = calloc(1, sizeof(*c) + (size_t)entries * sizeof(c->ring[0]));

	if (!c)
		return NULL;
	pthread_mutex_init(&c->lock, NULL);
	c->size = entries;
	return c;
}

/**
 * sheath_cache_free() - wipe and free a cache that no session uses
 * @cache: cache or NULL
 */
void sheath_cache_free(struct sheath_cache *cache)
{
	if (!cache)
		return;
	for (unsigned int i = 0; i < cache->size; i++)
		clear(&cache->ring[i]);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

/**
 * sheath_cache_attach() - let a server's session use a cache
 * @cache: cache, outlives @session
 * @session: session
 */
void sheath_cache_attach(struct sheath_cache *cache, gnutls_session_t session)
{
	gnutls_db_set_store_function(session, store);
	gnutls_db_set_retrieve_function(session, retrieve);
	gnutls_db_set_remove_function(session, forget);
	gnutls_db_set_ptr(session, cache);
}
