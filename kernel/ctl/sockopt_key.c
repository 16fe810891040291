// SPDX-License-Identifier: GPL-2.0
/*
 * The socket options that take keys: TLS_TX, TLS_RX, SHEATH_KEY, SHEATH_KEYS.
 *
 * User memory is read, and ciphers are loaded, before the lock of the socket is taken.
 */
#include "ctl/sockopt_key.h"

#include <linux/build_bug.h>
#include <linux/slab.h>
#include <linux/tls.h>

#include "core/compat.h"
#include "core/conn.h"
#include "core/stats.h"
#include "ctl/keys.h"
#include "record/suite.h"
#include "rx/rx.h"
#include "tx/rekey.h"
#include "tx/tx.h"

/* the largest of the structures TLS_TX and TLS_RX take */
union crypto_info {
	struct tls_crypto_info				info;
	struct tls12_crypto_info_aes_gcm_256		aes_gcm_256;
	struct tls12_crypto_info_chacha20_poly1305	chacha20_poly1305;
	u8						raw[64];
};

static struct sheath_dir *get_dir(const struct sheath_conn *conn, int optname)
{
	if (optname == TLS_TX)
		return conn->tx ? &conn->tx->dir : NULL;
	return conn->rx ? &conn->rx->dir : NULL;
}

/* in-tree TLS treats what the application did not choose like this; the first key says so */
static void set_app_defaults(struct sheath_conn *conn)
{
	conn->in_tree = 1;
	if (!conn->ctrl_set)
		conn->ctrl_app = 1;
	if (!conn->eof_set)
		conn->eof_lenient = 1;
}

static int read_crypto_info(sockptr_t optval, unsigned int optlen, union crypto_info *ci)
{
	const struct sheath_suite *suite;

	if (sockptr_is_null(optval) || optlen < sizeof(ci->info) || optlen > sizeof(*ci))
		return -EINVAL;
	if (copy_from_sockptr(ci, optval, optlen))
		return -EFAULT;
	suite = sheath_suite_find(ci->info.cipher_type);
	if (!suite || ci->info.version < suite->first || ci->info.version > suite->last ||
	    optlen != suite->info_len)
		return -EINVAL;
	return 0;
}

static void fill_key(struct sheath_key_params *key, const union crypto_info *ci, u32 flags)
{
	const struct sheath_suite *suite = sheath_suite_find(ci->info.cipher_type);

	key->flags = flags;
	/* a second key replaces the first; the application sees to the KeyUpdate itself */
	key->next = true;
	key->version = ci->info.version;
	key->cipher = ci->info.cipher_type;
	key->rec_seq = sheath_framing_get_u64(ci->raw + suite->info_seq);
	key->key_len = suite->key_len;
	key->iv_len = SHEATH_NONCE_LEN;
	memcpy(key->key, ci->raw + suite->info_key, suite->key_len);
	memcpy(key->iv, ci->raw + suite->info_salt, suite->salt_len);
	memcpy(key->iv + suite->salt_len, ci->raw + suite->info_iv,
	       SHEATH_NONCE_LEN - suite->salt_len);
}

/* the set of TLS_TX and TLS_RX */
static int read_info(struct sheath_key_set *set, int optname, sockptr_t optval,
		     unsigned int optlen)
{
	union crypto_info ci;
	int rc = read_crypto_info(optval, optlen, &ci);

	if (!rc) {
		set->n_keys = 1;
		fill_key(&set->key[0], &ci, optname == TLS_TX ? SHEATH_KEY_TX : SHEATH_KEY_RX);
	}
	memzero_explicit(&ci, sizeof(ci));
	return rc;
}

/* a length that is too long for its field is left for the judge, who knows no such suite */
static void take(u8 *to, size_t room, const u8 *from, u32 len)
{
	memcpy(to, from, min_t(size_t, len, room));
}

static int fill_params(struct sheath_key_params *key, const struct sheath_key *in)
{
	*key = (struct sheath_key_params){
		.version = in->version, .cipher = in->cipher,
		.epoch = in->epoch, .rec_seq = in->rec_seq,
		.key_len = in->key_len, .iv_len = in->iv_len,
		.secret_len = in->secret_len, .secret.hash = in->hash,
		.mac = in->mac, .mac_key_len = in->mac_key_len,
		.compression = in->compression, .history_len = in->history_len,
	};
	take(key->key, sizeof(key->key), in->key, in->key_len);
	take(key->iv, sizeof(key->iv), in->iv, in->iv_len);
	take(key->secret.data, sizeof(key->secret.data), in->secret, in->secret_len);
	take(key->mac_key, sizeof(key->mac_key), in->mac_key, in->mac_key_len);
	take(key->history, sizeof(key->history), in->history, in->history_len);
	return sheath_key_flags(key, in->flags, NULL);
}

static int read_key(struct sheath_key_set *set, sockptr_t optval, size_t off, unsigned int len)
{
	struct sheath_key in;
	int rc;

	rc = sheath_compat_copy_struct(&in, sizeof(in), sheath_compat_sockptr_at(optval, off), len);
	if (!rc)
		rc = fill_params(&set->key[set->n_keys++], &in);
	memzero_explicit(&in, sizeof(in));
	return rc;
}

/* the set of SHEATH_KEYS: a head and as many keys as it says, each as long as it says */
static int read_keys(struct sheath_key_set *set, sockptr_t optval, unsigned int optlen)
{
	const size_t head = offsetof(struct sheath_keys, key);
	struct sheath_keys in;
	unsigned int i;
	int rc = 0;

	BUILD_BUG_ON(sizeof(in) != head + 2 * sizeof(struct sheath_key));
	if (sockptr_is_null(optval) || optlen < head)
		return -EINVAL;
	if (copy_from_sockptr(&in, optval, head))
		return -EFAULT;
	if (in.reserved[0] || in.reserved[1] || in.n_keys > ARRAY_SIZE(set->key) ||
	    in.key_size > PAGE_SIZE || optlen != head + in.n_keys * in.key_size)
		return -EINVAL;
	set->tx_limit = in.tx_limit;
	set->peer.role = in.role;
	set->peer.suite = in.suite;
	set->peer.group = in.group;
	for (i = 0; !rc && i < in.n_keys; i++)
		rc = read_key(set, optval, head + i * in.key_size, in.key_size);
	return rc;
}

static int read_set(struct sheath_key_set *set, int optname, sockptr_t optval,
		    unsigned int optlen)
{
	switch (optname) {
	case SHEATH_KEYS:
		return read_keys(set, optval, optlen);
	case SHEATH_KEY:
		return read_key(set, optval, 0, optlen);
	default:
		return read_info(set, optname, optval, optlen);
	}
}

static int install(struct sheath_conn *conn, int optname, struct sheath_key_set *set)
{
	struct sheath_fresh *fresh = sheath_keys_prepare(set, SHEATH_ALG_LOAD, NULL);
	bool first;
	int rc;

	if (IS_ERR(fresh))
		return PTR_ERR(fresh);
	lock_sock(conn->sk);
	first = !conn->version;
	rc = sheath_keys_commit(conn, fresh, NULL);
	if (!rc && (optname == TLS_TX || optname == TLS_RX)) {
		get_dir(conn, optname)->key_shown = true;
		if (first)
			set_app_defaults(conn);
	}
	release_sock(conn->sk);
	sheath_keys_free(fresh);
	return rc;
}

/**
 * sheath_sockopt_is_key() - does an option at SOL_TLS set keys?
 * @optname: option
 */
bool sheath_sockopt_is_key(int optname)
{
	return optname == TLS_TX || optname == TLS_RX || optname == SHEATH_KEY ||
	       optname == SHEATH_KEYS;
}

/**
 * sheath_sockopt_set_key() - install the keys of a socket option
 * @conn: connection
 * @optname: for which sheath_sockopt_is_key()
 * @optval: value
 * @optlen: its length
 *
 * Context: process, lock not held; may sleep and load modules.
 *
 * Return: 0; %-EFAULT; %-E2BIG for a structure with more in it than we know; or as
 * sheath_keys_prepare() and sheath_keys_commit().
 */
int sheath_sockopt_set_key(struct sheath_conn *conn, int optname, sockptr_t optval,
			   unsigned int optlen)
{
	struct sheath_key_set *set = kzalloc(sizeof(*set), GFP_KERNEL);
	int rc;

	if (!set)
		return -ENOMEM;
	rc = read_set(set, optname, optval, optlen) ?: install(conn, optname, set);
	if (rc)
		sheath_stat_inc(sock_net(conn->sk), SHEATH_STAT_KEY_REFUSED);
	kfree_sensitive(set);
	return rc;
}

/**
 * sheath_sockopt_crypto_info() - get TLS_TX, TLS_RX
 * @conn: connection
 * @optname: one of the two
 * @optval: buffer
 * @len: its length
 * @optlen: that of the value
 *
 * Context: lock_sock() held.
 */
int sheath_sockopt_crypto_info(struct sheath_conn *conn, int optname, char __user *optval, int len,
			       int __user *optlen)
{
	const struct sheath_dir *dir = get_dir(conn, optname);
	const struct sheath_suite *suite;
	union crypto_info ci = { };
	int rc = 0;

	if (len < (int)sizeof(ci.info))
		return -EINVAL;
	if (!dir)
		return -EBUSY;
	suite = dir->suite;
	ci.info.version = dir->ver->version;
	ci.info.cipher_type = suite->cipher;
	if (len != sizeof(ci.info)) {
		if (len != suite->info_len)
			return -EINVAL;
		/* salts and static IVs are secret too: only the owner of the key sees them */
		if (dir->key_shown) {
			memcpy(ci.raw + suite->info_key, dir->key, suite->key_len);
			memcpy(ci.raw + suite->info_salt, dir->iv, suite->salt_len);
			memcpy(ci.raw + suite->info_iv, dir->iv + suite->salt_len,
			       SHEATH_NONCE_LEN - suite->salt_len);
		}
		if (dir->prepend > SHEATH_HEADER_LEN && optname == TLS_TX)
			sheath_framing_put_u64(ci.raw + suite->info_iv, dir->explicit_nonce);
		sheath_framing_put_u64(ci.raw + suite->info_seq, dir->seq);
	}
	if (copy_to_user(optval, &ci, len) || put_user(len, optlen))
		rc = -EFAULT;
	memzero_explicit(&ci, sizeof(ci));
	return rc;
}
