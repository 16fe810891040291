/* SPDX-License-Identifier: GPL-2.0 */
/* Keys as the attributes of key-set have them, right or wrong, and what of them came back. */
#ifndef SELFTEST_KEY_ATTRS_H
#define SELFTEST_KEY_ATTRS_H

#include "client.h"
#include "secret.h"

#define ST_N_KEY_SUITES	4

struct st_key_suite {
	const char	*name;
	uint16_t	cipher;
	uint8_t		key_len;
};

extern const struct st_key_suite st_key_suites[ST_N_KEY_SUITES];

/**
 * struct st_key_attrs - key of one direction
 * @suite: cipher, and length of the key
 * @flags: SHEATH_KEY_*
 * @version: version of TLS
 * @seq: sequence number of the first record
 * @key: key
 * @iv: static IV
 * @iv_len: bytes of @iv
 * @without: attributes to leave out, by bit of their type
 * @epoch: epoch, left out if 0
 * @secret: if it has a length, instead of key and IV
 */
struct st_key_attrs {
	const struct st_key_suite	*suite;
	uint32_t			flags;
	uint32_t			version;
	uint64_t			seq;
	uint8_t				key[32];
	uint8_t				iv[12];
	uint8_t				iv_len;
	uint32_t			without;
	uint32_t			epoch;
	struct st_secret		secret;
};

/* TLS 1.3 with AES-128-GCM, the same key for the same @flags */
void st_key_attrs_init(struct st_key_attrs *k, uint32_t flags);
/* the bytes of a key of user space, for @epoch */
void st_key_attrs_are(struct st_key_attrs *k, const struct st_key *from, uint32_t epoch);
/* give the in-tree module, which is attached to @fd, the same key; @dir: TLS_TX or TLS_RX */
int st_key_attrs_peer(int fd, int dir, const struct st_key_attrs *k);

/* a key-set without a key */
void st_request_key_set(struct st_request *r, const struct st_client *c, int fd);
/* add the nest; where it is */
struct nlattr *st_put_key(struct st_request *r, const struct st_key_attrs *k);
/* key-set with up to two keys, NULL: none; returns @a->err */
int st_ask_keys(struct st_client *c, int fd, const struct st_key_attrs *a_key,
		const struct st_key_attrs *b_key, struct st_answer *a);

/* are any eight bytes in a row of a key of st_key_attrs_init() in it? */
bool st_answer_leaks(const struct st_answer *a);

/* expects @r to be refused with @want and a text that has @part in it, and no key leaked */
#define EXPECT_REFUSED(c, r, want, part)					\
	do {									\
		struct st_answer *_a = malloc(sizeof(*_a));			\
										\
		EXPECT_EQ(-(want), st_client_ask(c, r, _a));			\
		EXPECT_NE(NULL, strstr(_a->text, part)) {			\
			TH_LOG("text is \"%s\", not \"%s\"", _a->text, part);	\
		}								\
		EXPECT_NE(0, strlen(_a->text));					\
		EXPECT_EQ(0, _a->n_replies);					\
		EXPECT_FALSE(st_answer_leaks(_a));				\
		free(_a);							\
	} while (0)

#endif /* SELFTEST_KEY_ATTRS_H */
