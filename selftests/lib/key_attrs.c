// SPDX-License-Identifier: GPL-2.0
/* Keys as the attributes of key-set have them, right or wrong. */
#define _GNU_SOURCE
#include "key_attrs.h"

#include <string.h>

const struct st_key_suite st_key_suites[ST_N_KEY_SUITES] = {
	{ "AES-128-GCM", TLS_CIPHER_AES_GCM_128, 16 },
	{ "AES-256-GCM", TLS_CIPHER_AES_GCM_256, 32 },
	{ "AES-128-CCM", TLS_CIPHER_AES_CCM_128, 16 },
	{ "ChaCha20-Poly1305", TLS_CIPHER_CHACHA20_POLY1305, 32 },
};

void st_key_attrs_init(struct st_key_attrs *k, uint32_t flags)
{
	unsigned int i;

	memset(k, 0, sizeof(*k));
	k->suite = &st_key_suites[0];
	k->flags = flags;
	k->version = TLS_1_3_VERSION;
	k->iv_len = 12;
	for (i = 0; i < sizeof(k->key); i++)
		k->key[i] = (flags == SHEATH_KEY_TX ? 0xc1 : 0x63) + 7 * i;
	for (i = 0; i < sizeof(k->iv); i++)
		k->iv[i] = (flags == SHEATH_KEY_TX ? 0x1d : 0x96) + 5 * i;
}

void st_key_attrs_are(struct st_key_attrs *k, const struct st_key *from, uint32_t epoch)
{
	memcpy(k->key, from->key, from->key_len);
	memcpy(k->iv, from->iv, sizeof(k->iv));
	k->epoch = epoch;
	k->secret.len = 0;
}

int st_key_attrs_peer(int fd, int dir, const struct st_key_attrs *k)
{
	struct st_key key = {
		.version = k->version,
		.cipher = k->suite->cipher,
		.key_len = k->suite->key_len,
		.iv_len = sizeof(k->iv),
		.seq = k->seq,
	};

	memcpy(key.key, k->key, sizeof(k->key));
	memcpy(key.iv, k->iv, sizeof(k->iv));
	return st_set(fd, ST_IN_TREE, dir, &key);
}

void st_request_key_set(struct st_request *r, const struct st_client *c, int fd)
{
	st_request_init(r, c, SHEATH_CMD_KEY_SET);
	st_put_u32(r, SHEATH_A_SOCKFD, fd);
}

static bool key_has(const struct st_key_attrs *k, int type)
{
	return !(k->without & 1u << type);
}

struct nlattr *st_put_key(struct st_request *r, const struct st_key_attrs *k)
{
	struct nlattr *nest = st_nest_start(r, SHEATH_A_KEY);

	if (key_has(k, SHEATH_A_KEY_FLAGS))
		st_put_u32(r, SHEATH_A_KEY_FLAGS, k->flags);
	if (key_has(k, SHEATH_A_KEY_VERSION))
		st_put_u32(r, SHEATH_A_KEY_VERSION, k->version);
	if (key_has(k, SHEATH_A_KEY_CIPHER))
		st_put_u32(r, SHEATH_A_KEY_CIPHER, k->suite->cipher);
	if (key_has(k, SHEATH_A_KEY_REC_SEQ))
		st_put_u64(r, SHEATH_A_KEY_REC_SEQ, k->seq);
	if (k->epoch)
		st_put_u32(r, SHEATH_A_KEY_EPOCH, k->epoch);
	if (k->secret.len) {
		st_put_u32(r, SHEATH_A_KEY_HASH, k->secret.hash);
		st_request_put(r, SHEATH_A_KEY_SECRET, k->secret.data, k->secret.len);
		st_nest_end(r, nest);
		return nest;
	}
	if (key_has(k, SHEATH_A_KEY_CIPHER_KEY))
		st_request_put(r, SHEATH_A_KEY_CIPHER_KEY, k->key, k->suite->key_len);
	if (key_has(k, SHEATH_A_KEY_IV))
		st_request_put(r, SHEATH_A_KEY_IV, k->iv, k->iv_len);
	st_nest_end(r, nest);
	return nest;
}

int st_ask_keys(struct st_client *c, int fd, const struct st_key_attrs *a_key,
		const struct st_key_attrs *b_key, struct st_answer *a)
{
	struct st_request r;

	st_request_key_set(&r, c, fd);
	if (a_key)
		st_put_key(&r, a_key);
	if (b_key)
		st_put_key(&r, b_key);
	return st_client_ask(c, &r, a);
}

bool st_answer_leaks(const struct st_answer *a)
{
	static const uint32_t dir[] = { SHEATH_KEY_RX, SHEATH_KEY_TX };
	struct st_key_attrs k;
	unsigned int i;
	size_t off;

	for (i = 0; i < sizeof(dir) / sizeof(*dir); i++) {
		st_key_attrs_init(&k, dir[i]);
		for (off = 0; off + 8 <= sizeof(k.key); off++) {
			if (memmem(a->raw, a->len, k.key + off, 8))
				return true;
		}
	}
	return false;
}
