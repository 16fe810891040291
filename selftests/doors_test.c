// SPDX-License-Identifier: GPL-2.0
/*
 * The doors keys come through, SHEATH_KEYS and key-set over netlink, do the same: what one
 * installs or refuses, the other does, with the same errno and the same socket afterwards.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <linux/tls.h>

#include "kselftest_harness.h"
#include "nl.h"
#include "peer.h"
#include "secret.h"

#define GCM	TLS_CIPHER_AES_GCM_128
#define HEAD	offsetof(struct sheath_keys, key)

static void fill(struct sheath_key *k, uint32_t flags, const struct st_key *from)
{
	*k = (struct sheath_key){
		.flags = flags, .version = from->version, .cipher = from->cipher,
		.rec_seq = from->seq, .key_len = from->key_len, .iv_len = from->iv_len,
		.mac = from->mac, .mac_key_len = from->mac_len,
	};
	memcpy(k->key, from->key, from->key_len);
	memcpy(k->iv, from->iv, from->iv_len);
	memcpy(k->mac_key, from->mac_key, from->mac_len);
}

static void use_secret(struct sheath_key *k, unsigned int seed)
{
	struct st_secret s = st_secret(k->cipher, seed);

	k->key_len = 0;
	k->iv_len = 0;
	k->hash = s.hash;
	k->secret_len = s.len;
	memcpy(k->secret, s.data, s.len);
}

/**
 * struct task - one push
 * @name: for people
 * @version: of both keys, TLS_1_3_VERSION if 0
 * @change: makes it what it is out of two good keys
 * @err: errno it is refused with, 0: it is not
 * @first: keys the socket has before: by @change as well, and not refused
 */
struct task {
	const char	*name;
	uint16_t	version;
	void		(*change)(struct sheath_keys *keys);
	int		err;
	void		(*first)(struct sheath_keys *keys);
};

#define CHANGE(name, ...)	static void name(struct sheath_keys *k) { __VA_ARGS__; }

CHANGE(nothing, (void)k)
CHANGE(one_key, k->n_keys = 1)
CHANGE(facts, k->role = SHEATH_ROLE_SERVER; k->suite = 0x1301; k->group = 29)
CHANGE(limit, k->tx_limit = 512)
CHANGE(limit_least, k->tx_limit = 63)
CHANGE(secrets, use_secret(&k->key[0], 1); use_secret(&k->key[1], 2))
CHANGE(no_key, k->n_keys = 0)
CHANGE(one_direction, k->key[1].flags = k->key[0].flags)
CHANGE(no_direction, k->key[0].flags = 0)
CHANGE(two_directions, k->key[0].flags = SHEATH_KEY_RX | SHEATH_KEY_TX)
CHANGE(flag, k->key[0].flags |= 1 << 6)
CHANGE(role, k->role = 3)
CHANGE(suite, k->suite = 0x10000)
CHANGE(group, k->group = 0x10000)
CHANGE(limit_low, k->tx_limit = 62)
CHANGE(limit_high, k->tx_limit = 16385)
CHANGE(version, k->key[0].version = 0x0305)
CHANGE(version_high, k->key[0].version |= 0x10000)
CHANGE(cipher, k->key[0].cipher = 999)
CHANGE(second_cipher, k->key[1].cipher = 999)
CHANGE(epoch, k->key[0].epoch = 1)
CHANGE(key_short, k->key[0].key_len = 15)
CHANGE(key_long, k->key[1].key_len = 33)
CHANGE(iv_short, k->key[0].iv_len = 11)
CHANGE(iv_long, k->key[0].iv_len = 17)
CHANGE(hash, use_secret(&k->key[0], 1); k->key[0].hash = 3)
CHANGE(other_hash, use_secret(&k->key[0], 1); k->key[0].hash = 2; k->key[0].secret_len = 48)
CHANGE(secret_short, use_secret(&k->key[0], 1); k->key[0].secret_len = 31)
CHANGE(secret_long, use_secret(&k->key[0], 1); k->key[0].secret_len = 49)
CHANGE(mac, k->key[0].mac = 4; k->key[0].mac_key_len = 20)
CHANGE(mac_of_aead, k->key[0].mac = 1; k->key[0].mac_key_len = 20)
CHANGE(compression, k->key[0].compression = 2)
CHANGE(compression_13, k->key[0].compression = 1; k->key[0].history_len = 10)
CHANGE(history_long, k->key[0].compression = 1; k->key[0].history_len = 65)
CHANGE(etm_of_aead, k->key[0].flags |= SHEATH_KEY_ENCRYPT_THEN_MAC)
CHANGE(update_first, k->key[0].flags |= SHEATH_KEY_SEND_KEY_UPDATE)
CHANGE(request_alone, k->key[0].flags |= SHEATH_KEY_REQUEST_PEER)
CHANGE(versions_differ, k->key[1].version = TLS_1_2_VERSION)
/* a sending key in place of another */
CHANGE(next, k->n_keys = 1; k->key[0].epoch = 1; k->key[0].key[0] ^= 1)
CHANGE(next_update, next(k); k->key[0].flags |= SHEATH_KEY_SEND_KEY_UPDATE)
CHANGE(next_both, next_update(k); k->key[0].flags |= SHEATH_KEY_REQUEST_PEER)
CHANGE(next_same, next_update(k); k->key[0].key[0] ^= 1)
CHANGE(next_far, next(k); k->key[0].epoch = 2)
CHANGE(other_cipher, next(k); k->key[0].cipher = TLS_CIPHER_AES_CCM_128)

static const struct task tasks[] = {
	{ "two keys", 0, nothing },
	{ "two keys of TLS 1.2", TLS_1_2_VERSION, nothing },
	{ "one key", 0, one_key },
	{ "facts", 0, facts },
	{ "limit", 0, limit },
	{ "least limit", 0, limit_least },
	{ "secrets", 0, secrets },
	{ "next key, and no KeyUpdate", 0, next, EINVAL, nothing },
	{ "next key, KeyUpdate", 0, next_update, 0, nothing },
	{ "next key, KeyUpdate of both", 0, next_both, 0, nothing },
	{ "no key", 0, no_key, EINVAL },
	{ "two for one direction", 0, one_direction, EINVAL },
	{ "for no direction", 0, no_direction, EINVAL },
	{ "for both directions", 0, two_directions, EINVAL },
	{ "unknown flag", 0, flag, EINVAL },
	{ "role", 0, role, ERANGE },
	{ "suite", 0, suite, ERANGE },
	{ "group", 0, group, ERANGE },
	{ "limit too low", 0, limit_low, ERANGE },
	{ "limit too low for TLS 1.2", TLS_1_2_VERSION, limit_least, ERANGE },
	{ "limit too high", 0, limit_high, ERANGE },
	{ "version", 0, version, EOPNOTSUPP },
	{ "version, upper half", 0, version_high, EOPNOTSUPP },
	{ "cipher", 0, cipher, EOPNOTSUPP },
	{ "cipher of the second key", 0, second_cipher, EOPNOTSUPP },
	{ "epoch", 0, epoch, ERANGE },
	{ "key too short", 0, key_short, EINVAL },
	{ "key too long", 0, key_long, ERANGE },
	{ "IV too short", 0, iv_short, EINVAL },
	{ "IV too long", 0, iv_long, ERANGE },
	{ "hash", 0, hash, ERANGE },
	{ "hash of another suite", 0, other_hash, EINVAL },
	{ "secret too short", 0, secret_short, EINVAL },
	{ "secret too long", 0, secret_long, ERANGE },
	{ "MAC", 0, mac, ERANGE },
	{ "MAC beside AEAD", 0, mac_of_aead, EINVAL },
	{ "compression", 0, compression, ERANGE },
	{ "compression of TLS 1.3", 0, compression_13, EINVAL },
	{ "history too long", TLS_1_2_VERSION, history_long, ERANGE },
	{ "encrypt-then-MAC of AEAD", 0, etm_of_aead, EINVAL },
	{ "KeyUpdate without a key", 0, update_first, EINVAL },
	{ "request-peer alone", 0, request_alone, EINVAL },
	{ "versions differ", 0, versions_differ, EINVAL },
	{ "a key where there is one", 0, nothing, EBUSY, one_key },
	{ "the next key where there is none", 0, next, ERANGE },
	{ "the next key of TLS 1.2", TLS_1_2_VERSION, next, EBUSY, nothing },
	{ "the same key again", 0, next_same, EKEYREJECTED, nothing },
	{ "the next key but one", 0, next_far, ERANGE, nothing },
	{ "the next key of another cipher", 0, other_cipher, EINVAL, nothing },
	{ "the next key, and the peer not told", 0, next, EINVAL, secrets },
};

static struct sheath_keys keys_for(const struct task *t, void (*change)(struct sheath_keys *))
{
	uint16_t version = t->version ?: TLS_1_3_VERSION;
	struct sheath_keys keys = { .n_keys = 2, .key_size = sizeof(struct sheath_key) };
	struct st_key tx = st_key(version, GCM, 5, 1), rx = st_key(version, GCM, 7, 2);

	fill(&keys.key[0], SHEATH_KEY_TX, &tx);
	fill(&keys.key[1], SHEATH_KEY_RX, &rx);
	change(&keys);
	return keys;
}

static int by_option(int fd, const struct sheath_keys *keys)
{
	size_t len = HEAD + keys->n_keys * sizeof(keys->key[0]);

	return setsockopt(fd, SOL_TLS, SHEATH_KEYS, keys, len) ? -errno : 0;
}

static struct sheath_info info_of(int fd)
{
	struct sheath_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0xee, sizeof(info));
	getsockopt(fd, SOL_TLS, SHEATH_INFO, &info, &len);
	return info;
}

FIXTURE(doors)
{
	struct st_nl nl;
	int fd[2];
};

FIXTURE_SETUP(doors)
{
	ASSERT_EQ(0, st_nl_open(&self->nl));
	ASSERT_EQ(0, st_pair(AF_INET, self->fd));
	ASSERT_EQ(0, st_attach(self->fd[0], ST_SHEATH));
}

FIXTURE_TEARDOWN(doors)
{
	st_nl_close(&self->nl);
	close(self->fd[0]);
	close(self->fd[1]);
}

/* each task at both doors of two sockets */
TEST_F(doors, same)
{
	unsigned int i;

	for (i = 0; i < sizeof(tasks) / sizeof(*tasks); i++) {
		const struct task *t = &tasks[i];
		struct sheath_keys keys = keys_for(t, t->change);
		long long refused = st_stat("KeyRefused");
		struct sheath_info a, b;
		int one[2], two[2];

		ASSERT_EQ(0, st_pair(AF_INET, one));
		ASSERT_EQ(0, st_pair(AF_INET, two));
		ASSERT_EQ(0, st_attach(one[0], ST_SHEATH));
		ASSERT_EQ(0, st_attach(two[0], ST_SHEATH));
		if (t->first) {
			struct sheath_keys before = keys_for(t, t->first);

			ASSERT_EQ(0, by_option(one[0], &before));
			ASSERT_EQ(0, st_nl_key_set(&self->nl, two[0], &before));
		}
		EXPECT_EQ(-t->err, by_option(one[0], &keys)) TH_LOG("option: %s", t->name);
		EXPECT_EQ(-t->err, st_nl_key_set(&self->nl, two[0], &keys))
			TH_LOG("netlink: %s: %s", t->name, self->nl.text);
		EXPECT_EQ(!t->err, !*self->nl.text) TH_LOG("text: %s", t->name);
		EXPECT_EQ(refused + 2 * !!t->err, st_stat("KeyRefused")) TH_LOG("%s", t->name);
		a = info_of(one[0]);
		b = info_of(two[0]);
		EXPECT_EQ(0, memcmp(&a, &b, sizeof(a))) TH_LOG("%s", t->name);
		if (t->err && !t->first)
			EXPECT_EQ(SHEATH_STATE_ATTACHED, a.state) TH_LOG("%s", t->name);
		close(one[0]);
		close(one[1]);
		close(two[0]);
		close(two[1]);
	}
}

/* what was set is what the socket says, and the record that leaves is short enough */
TEST_F(doors, all_at_once)
{
	static const struct task t = { .name = "all" };
	struct sheath_keys keys = keys_for(&t, facts);
	struct st_key from = st_key(TLS_1_3_VERSION, GCM, 5, 1);
	uint8_t out[ST_RECORD_MAX], data[1000], type;
	struct sheath_info info;

	keys.tx_limit = 512;
	ASSERT_EQ(0, by_option(self->fd[0], &keys));
	info = info_of(self->fd[0]);
	EXPECT_EQ(SHEATH_ROLE_SERVER, info.role);
	EXPECT_EQ(0x1301, info.suite);
	EXPECT_EQ(29, info.group);
	EXPECT_EQ(SHEATH_INFO_TX | SHEATH_INFO_RX, info.flags);
	EXPECT_EQ(5, info.tx_seq);
	EXPECT_EQ(7, info.rx_seq);
	st_fill(data, sizeof(data), 0);
	ASSERT_EQ(sizeof(data), send(self->fd[0], data, sizeof(data), 0));
	EXPECT_EQ(512, st_recv_record(self->fd[1], &from, &type, out));
	EXPECT_TRUE(st_check(out, 512, 0));
	EXPECT_EQ(sizeof(data) - 512, st_recv_record(self->fd[1], &from, &type, out));
}

/* both or none: the second key is refused, and the first is not there either */
TEST_F(doors, none_of_two)
{
	static const struct task t = { .name = "one" };
	struct sheath_keys keys = keys_for(&t, one_key);

	ASSERT_EQ(0, by_option(self->fd[0], &keys));
	keys = keys_for(&t, nothing);
	keys.key[0].flags = SHEATH_KEY_RX;
	keys.key[1].flags = SHEATH_KEY_TX;
	EXPECT_EQ(-EBUSY, by_option(self->fd[0], &keys));
	EXPECT_EQ(SHEATH_INFO_TX, info_of(self->fd[0]).flags);
}

/* callers of another version of the header, and those that miscount */
TEST_F(doors, sizes)
{
	static const struct task t = { .name = "sizes" };
	struct sheath_keys good = keys_for(&t, nothing), in = good;
	struct {
		struct sheath_keys head;
		uint8_t more[64];
	} longer = { .head = good };
	const size_t key = sizeof(good.key[0]);
	int fd = self->fd[0];

#define SET(p, len)	(setsockopt(fd, SOL_TLS, SHEATH_KEYS, p, len) ? -errno : 0)
	EXPECT_EQ(-EINVAL, SET(&in, 0));
	EXPECT_EQ(-EINVAL, SET(&in, HEAD - 1));
	EXPECT_EQ(-EINVAL, SET(&in, HEAD));
	EXPECT_EQ(-EINVAL, SET(&in, sizeof(in) - 1));
	EXPECT_EQ(-EINVAL, SET(&longer, sizeof(in) + 1));
	EXPECT_EQ(-EFAULT, SET((void *)8, sizeof(in)));
	in.n_keys = 3;
	EXPECT_EQ(-EINVAL, SET(&longer, HEAD + 3 * key));
	in = good, in.n_keys = UINT32_MAX;
	EXPECT_EQ(-EINVAL, SET(&in, sizeof(in)));
	in = good, in.key_size = UINT32_MAX;
	EXPECT_EQ(-EINVAL, SET(&in, sizeof(in)));
	in = good, in.key_size = 0;
	EXPECT_EQ(-EINVAL, SET(&in, HEAD));
	in = good, in.reserved[0] = 1;
	EXPECT_EQ(-EINVAL, SET(&in, sizeof(in)));
	in = good, in.reserved[1] = 1;
	EXPECT_EQ(-EINVAL, SET(&in, sizeof(in)));
	/* longer keys than the kernel knows: refused unless the rest is zero */
	memmove((uint8_t *)&longer.head.key[1] + 16, &good.key[1], key);
	memset(&longer.head.key[1], 0, 16);
	longer.head.key_size = key + 16;
	((uint8_t *)&longer.head.key[1])[15] = 1;
	EXPECT_EQ(-E2BIG, SET(&longer, HEAD + 2 * (key + 16)));
	EXPECT_EQ(SHEATH_STATE_ATTACHED, info_of(fd).state);
	((uint8_t *)&longer.head.key[1])[15] = 0;
	EXPECT_EQ(0, SET(&longer, HEAD + 2 * (key + 16)));
	EXPECT_EQ(SHEATH_INFO_TX | SHEATH_INFO_RX, info_of(fd).flags);
}

TEST_HARNESS_MAIN
