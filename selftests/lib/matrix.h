/* SPDX-License-Identifier: GPL-2.0 */
/* Version x cipher x who is the in-tree end, as variants of a fixture. */
#ifndef SELFTEST_MATRIX_H
#define SELFTEST_MATRIX_H

#include "sock.h"

/* fields of FIXTURE_VARIANT(): fd[0] with @tx sends, fd[1] with @rx receives */
#define ST_VARIANT_FIELDS						\
	uint16_t version;						\
	uint16_t cipher;						\
	int family;							\
	const char *tx;							\
	const char *rx;

#define ST_VARIANT(fixture, name, v, c, f, t, r)			\
FIXTURE_VARIANT_ADD(fixture, name)					\
{									\
	.version = v,							\
	.cipher = c,							\
	.family = f,							\
	.tx = t,							\
	.rx = r,							\
};

#define ST_VARIANTS_CIPHER(fixture, name, c)				\
	ST_VARIANT(fixture, 12_##name##_sends, TLS_1_2_VERSION, c,	\
		   AF_INET, ST_SHEATH, ST_IN_TREE)			\
	ST_VARIANT(fixture, 12_##name##_receives, TLS_1_2_VERSION, c,	\
		   AF_INET6, ST_IN_TREE, ST_SHEATH)			\
	ST_VARIANT(fixture, 13_##name##_sends, TLS_1_3_VERSION, c,	\
		   AF_INET6, ST_SHEATH, ST_IN_TREE)			\
	ST_VARIANT(fixture, 13_##name##_receives, TLS_1_3_VERSION, c,	\
		   AF_INET, ST_IN_TREE, ST_SHEATH)

/* all of it */
#define ST_VARIANTS(fixture)						\
	ST_VARIANTS_CIPHER(fixture, aes128gcm, TLS_CIPHER_AES_GCM_128)	\
	ST_VARIANTS_CIPHER(fixture, aes256gcm, TLS_CIPHER_AES_GCM_256)	\
	ST_VARIANTS_CIPHER(fixture, aes128ccm, TLS_CIPHER_AES_CCM_128)	\
	ST_VARIANTS_CIPHER(fixture, chacha20, TLS_CIPHER_CHACHA20_POLY1305)

/* for what does not depend on the cipher: both record layouts, sheath sends or receives */
#define ST_VARIANTS_SENDS(fixture)					\
	ST_VARIANT(fixture, 12, TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_128, \
		   AF_INET, ST_SHEATH, ST_IN_TREE)			\
	ST_VARIANT(fixture, 13, TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_256, \
		   AF_INET6, ST_SHEATH, ST_IN_TREE)

#define ST_VARIANTS_RECEIVES(fixture)					\
	ST_VARIANT(fixture, 12, TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_128, \
		   AF_INET, ST_IN_TREE, ST_SHEATH)			\
	ST_VARIANT(fixture, 13, TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_256, \
		   AF_INET6, ST_IN_TREE, ST_SHEATH)

#endif /* SELFTEST_MATRIX_H */
