/* SPDX-License-Identifier: GPL-2.0 */
/* Records that are not application data: types, messages, and the suites for tests of them. */
#ifndef SELFTEST_CTRL_H
#define SELFTEST_CTRL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/sheath.h>

enum { ALERT = 21, HANDSHAKE = 22, DATA = 23 };

#define V12 TLS_1_2_VERSION
#define V13 TLS_1_3_VERSION

static const uint8_t close_notify[] = { 1, 0 };

/* receive up to 64 bytes and forget them */
ssize_t st_get(int fd, int flags);
/* write a NewSessionTicket with @body bytes behind its header to @p; its length */
size_t st_ticket(uint8_t *p, size_t body);

/* the versions and suites a fixture has as variants */
#define VARIANTS_12_13(fixture)							\
FIXTURE_VARIANT(fixture) { uint16_t version, cipher; };			\
FIXTURE_VARIANT_ADD(fixture, tls12_gcm) { V12, TLS_CIPHER_AES_GCM_128 };	\
FIXTURE_VARIANT_ADD(fixture, tls12_ccm) { V12, TLS_CIPHER_AES_CCM_128 };	\
FIXTURE_VARIANT_ADD(fixture, tls13_gcm) { V13, TLS_CIPHER_AES_GCM_256 };	\
FIXTURE_VARIANT_ADD(fixture, tls13_ccm) { V13, TLS_CIPHER_AES_CCM_128 };	\
FIXTURE_VARIANT_ADD(fixture, tls13_chacha) { V13, TLS_CIPHER_CHACHA20_POLY1305 }

#endif /* SELFTEST_CTRL_H */
