/* SPDX-License-Identifier: GPL-2.0 */
/* Sessions whose keys change, seen by their sockets; messages and suites for tests of that. */
#ifndef SELFTEST_UPDATE_H
#define SELFTEST_UPDATE_H

#include <stdint.h>
#include <sys/types.h>

#include <linux/sheath.h>

#include "ctrl.h"

static const uint8_t update[] = { 24, 0, 0, 1, 0 };
static const uint8_t update_both[] = { 24, 0, 0, 1, 1 };

struct sheath_info st_info(int fd);
/* by SHEATH_REKEY; 0 or -1 with errno */
int st_rekey(int fd, uint32_t flags);
/* receive a record, and its type; 0 if none was told */
ssize_t st_get_ctrl(int fd, uint8_t *type, void *buf, size_t len);

/* the suites a fixture has as variants */
#define VARIANTS(fixture)							\
FIXTURE_VARIANT(fixture) { uint16_t cipher; };					\
FIXTURE_VARIANT_ADD(fixture, gcm128) { TLS_CIPHER_AES_GCM_128 };		\
FIXTURE_VARIANT_ADD(fixture, gcm256) { TLS_CIPHER_AES_GCM_256 };		\
FIXTURE_VARIANT_ADD(fixture, ccm128) { TLS_CIPHER_AES_CCM_128 };		\
FIXTURE_VARIANT_ADD(fixture, chacha) { TLS_CIPHER_CHACHA20_POLY1305 }

/* for fixtures with a peer p */
#define EXPECT_GETS(text) do {							\
	ASSERT_EQ(0, st_peer_send(&self->p, DATA, text, strlen(text)));		\
	EXPECT_EQ(strlen(text), st_get(self->p.fd, 0));				\
} while (0)

#define EXPECT_SENDS(text) do {							\
	ASSERT_EQ(strlen(text), send(self->p.fd, text, strlen(text), 0));	\
	EXPECT_TRUE(st_peer_expect(&self->p, DATA, text, strlen(text)));	\
} while (0)

#endif /* SELFTEST_UPDATE_H */
