/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A session whose keys change by netlink, and a listener to events: the fixture of tests of that.
 * The other end makes and reads records in user space.
 */
#ifndef SELFTEST_REKEY_FIXTURE_H
#define SELFTEST_REKEY_FIXTURE_H

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"
#include "key_attrs.h"
#include "peer.h"
#include "secret.h"

#define GCM		TLS_CIPHER_AES_GCM_128
#define TLS_HANDSHAKE	22
#define TLS_DATA	23

static const uint8_t key_update[] = { 24, 0, 0, 1, 0 };
static const uint8_t key_update_both[] = { 24, 0, 0, 1, 1 };

FIXTURE(rekey)
{
	struct st_client c, ear;
	struct st_answer a;
	struct st_request r;
	struct st_peer p;
	struct st_secret to, from;
	struct st_key next_to, next_from;	/* where there is no secret */
	struct st_key_attrs tx, rx;
};

static int open_attached(struct st_peer *p)
{
	int fd[2];

	if (st_pair(AF_INET, fd))
		return -1;
	p->fd = fd[0];
	p->raw = fd[1];
	return st_attach(p->fd, ST_SHEATH);
}

FIXTURE_SETUP(rekey)
{
	ASSERT_EQ(0, st_client_open(&self->c));
	ASSERT_EQ(0, st_client_open(&self->ear));
	ASSERT_EQ(0, open_attached(&self->p));
	self->to = st_secret(GCM, 1);
	self->from = st_secret(GCM, 2);
	self->next_to = st_key(TLS_1_3_VERSION, GCM, 0, 3);
	self->next_from = st_key(TLS_1_3_VERSION, GCM, 0, 4);
	st_key_attrs_init(&self->tx, SHEATH_KEY_TX);
	st_key_attrs_init(&self->rx, SHEATH_KEY_RX);
}

FIXTURE_TEARDOWN(rekey)
{
	st_param("limit_soft", "0");
	st_param("limit_hard", "0");
	st_peer_close(&self->p);
	st_client_close(&self->c);
	st_client_close(&self->ear);
}

static int push_secrets(FIXTURE_DATA(rekey) *self)
{
	self->rx.secret = self->to;
	self->tx.secret = self->from;
	self->p.to = st_secret_key(&self->to, GCM);
	self->p.from = st_secret_key(&self->from, GCM);
	return st_ask_keys(&self->c, self->p.fd, &self->tx, &self->rx, &self->a);
}

static int push_keys(FIXTURE_DATA(rekey) *self)
{
	self->p.to = st_key(TLS_1_3_VERSION, GCM, 0, 1);
	self->p.from = st_key(TLS_1_3_VERSION, GCM, 0, 2);
	st_key_attrs_are(&self->rx, &self->p.to, 0);
	st_key_attrs_are(&self->tx, &self->p.from, 0);
	return st_ask_keys(&self->c, self->p.fd, &self->tx, &self->rx, &self->a);
}

static void peer_next(FIXTURE_DATA(rekey) *self)
{
	st_secret_next(&self->to);
	self->p.to = st_secret_key(&self->to, GCM);
}

static void socket_next(FIXTURE_DATA(rekey) *self)
{
	st_secret_next(&self->from);
	self->p.from = st_secret_key(&self->from, GCM);
}

static bool gets(struct st_peer *p, const char *text)
{
	char buf[64];
	int len = strlen(text);

	return !st_peer_send(p, TLS_DATA, text, len) && recv(p->fd, buf, sizeof(buf), 0) == len;
}

static bool sends(struct st_peer *p, const char *text)
{
	int len = strlen(text);

	return send(p->fd, text, len, 0) == len && st_peer_expect(p, TLS_DATA, text, len);
}

#endif /* SELFTEST_REKEY_FIXTURE_H */
