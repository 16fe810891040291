// SPDX-License-Identifier: GPL-2.0
/* Judging keys by themselves, whichever door they came through and whatever the socket has. */
#include "ctl/keys.h"

#include <linux/netlink.h>

#include "core/legacy_param.h"
#include "record/alg.h"
#include "record/mac.h"
#include "record/suite.h"
#include "tx/rekey.h"

static int judge_mac(const struct sheath_suite *suite, const struct sheath_version *ver,
		     const struct sheath_key_params *key, struct netlink_ext_ack *extack)
{
	const struct sheath_mac_alg *alg = sheath_mac_find(key->mac);

	if (ver->ssl3 && !sheath_legacy(SHEATH_LEGACY_SSL3)) {
		NL_SET_ERR_MSG(extack, "version: SSL 3.0 is insecure; add ssl3 to the module parameter legacy to allow it");
		return -EACCES;
	}
	if (key->truncated && !sheath_legacy(SHEATH_LEGACY_TRUNCATED_HMAC)) {
		NL_SET_ERR_MSG(extack, "flags: truncated-hmac is insecure; add it to the module parameter legacy to allow it");
		return -EACCES;
	}
	if ((key->etm && !suite->protect_etm) || ((key->etm || key->truncated) && ver->ssl3)) {
		NL_SET_ERR_MSG(extack, "flags: encrypt-then-mac is for CBC ciphers only; SSL 3.0 has neither it nor truncated-hmac");
		return -EINVAL;
	}
	if (suite->tag_len) {
		if (!key->mac && !key->mac_key_len && !key->truncated)
			return 0;
		NL_SET_ERR_MSG(extack, "mac: an AEAD cipher takes no mac, mac-key or truncated-hmac");
		return -EINVAL;
	}
	if (!alg) {
		NL_SET_ERR_MSG(extack, "mac: missing or unknown, and the cipher needs one");
		return key->mac ? -EOPNOTSUPP : -EINVAL;
	}
	if (ver->version < alg->since) {
		NL_SET_ERR_MSG(extack, "mac: no cipher suite of this version uses it");
		return -EINVAL;
	}
	if (key->mac_key_len != alg->len) {
		NL_SET_ERR_MSG(extack, "mac-key: wrong length for this mac");
		return -EINVAL;
	}
	return 0;
}

static int judge_compression(const struct sheath_version *ver, const struct sheath_key_params *key,
			     struct netlink_ext_ack *extack)
{
	if (!key->compression) {
		if (!key->history_len)
			return 0;
		NL_SET_ERR_MSG(extack, "history: given without compression");
		return -EINVAL;
	}
	if (key->compression != SHEATH_COMPRESSION_DEFLATE) {
		NL_SET_ERR_MSG(extack, "compression: method is not supported");
		return -EOPNOTSUPP;
	}
	if (!ver->has_compression) {
		NL_SET_ERR_MSG(extack, "compression: not available in this version");
		return -EINVAL;
	}
	if (!sheath_legacy(SHEATH_LEGACY_DEFLATE)) {
		NL_SET_ERR_MSG(extack, "compression: deflate leaks plaintext (CRIME); add deflate to the module parameter legacy to allow it");
		return -EACCES;
	}
	if (!key->history_len) {
		NL_SET_ERR_MSG(extack, "history: missing, compression needs the compressed Finished message");
		return -EINVAL;
	}
	return 0;
}

static bool is_iv_len(const struct sheath_suite *suite, const struct sheath_version *ver, u32 len)
{
	if (!suite->tag_len)
		return len == (ver->chains_iv ? suite->block_len : 0);
	return len == SHEATH_NONCE_LEN ||
	       (ver->has_explicit && suite->explicit_len && len == suite->salt_len);
}

static int judge_lengths(const struct sheath_suite *suite, const struct sheath_version *ver,
			 const struct sheath_key_params *key, struct netlink_ext_ack *extack)
{
	if (key->secret.hash || key->secret_len) {
		if (!ver->has_key_update) {
			NL_SET_ERR_MSG(extack, "secret: this version has no traffic secrets");
			return -EINVAL;
		}
		if (!key->secret_len || key->secret_len != sheath_secret_len(key->secret.hash)) {
			NL_SET_ERR_MSG(extack, "secret: wrong length for this hash");
			return -EINVAL;
		}
		if (key->secret.hash != suite->hash) {
			NL_SET_ERR_MSG(extack, "hash: the cipher uses another hash");
			return -EINVAL;
		}
		if (key->key_len || key->iv_len) {
			NL_SET_ERR_MSG(extack, "secret: given together with cipher-key or iv, which are derived from it");
			return -EINVAL;
		}
		return 0;
	}
	if (key->key_len != suite->key_len) {
		NL_SET_ERR_MSG(extack, "cipher-key: wrong length for this cipher");
		return -EINVAL;
	}
	if (!is_iv_len(suite, ver, key->iv_len)) {
		NL_SET_ERR_MSG(extack, "iv: wrong length; AEAD takes 12 bytes, or 4 for GCM and CCM in TLS 1.2, CBC in TLS 1.0 takes one block, others none");
		return -EINVAL;
	}
	return 0;
}

/* the algorithms, as far as this kernel has them */
static int judge_algs(const struct sheath_suite *suite, const struct sheath_key_params *key,
		      enum sheath_alg_how how, struct netlink_ext_ack *extack)
{
	const struct sheath_mac_alg *mac = sheath_mac_find(key->mac);
	int rc = sheath_alg_ready(suite->block_alg, how) ?: sheath_alg_ready(suite->alg, how) ?:
		 sheath_alg_ready(sheath_secret_hmac(key->secret.hash), how);

	if (!rc && mac)
		rc = sheath_alg_ready(mac->hash, how) ?: sheath_alg_ready(mac->hmac, how);
	switch (rc) {
	case 0:
		return 0;
	case -ENOENT:
		NL_SET_ERR_MSG(extack, "cipher: this kernel lacks an algorithm for it");
		return -EOPNOTSUPP;
	case -EAGAIN:
		NL_SET_ERR_MSG(extack, "cipher: being loaded, try again");
		return rc;
	default:
		NL_SET_ERR_MSG(extack, "cipher: could not be set up");
		return rc;
	}
}

/**
 * sheath_key_flags() - the flags of a key
 * @key: filled in
 * @flags: SHEATH_KEY_* as pushed
 * @extack: for the reason of a refusal, may be NULL
 *
 * Return: 0 or %-EINVAL.
 */
int sheath_key_flags(struct sheath_key_params *key, u32 flags, struct netlink_ext_ack *extack)
{
	if (flags & ~SHEATH_KEY_FLAGS) {
		NL_SET_ERR_MSG(extack, "flags: unknown flag");
		return -EINVAL;
	}
	key->flags = flags & (SHEATH_KEY_RX | SHEATH_KEY_TX);
	key->etm = flags & SHEATH_KEY_ENCRYPT_THEN_MAC;
	key->truncated = flags & SHEATH_KEY_TRUNCATED_HMAC;
	if (key->flags != SHEATH_KEY_RX && key->flags != SHEATH_KEY_TX) {
		NL_SET_ERR_MSG(extack, "flags: exactly one of rx and tx must be set");
		return -EINVAL;
	}
	if (flags & SHEATH_KEY_SEND_KEY_UPDATE) {
		key->update = flags & SHEATH_KEY_REQUEST_PEER ? SHEATH_REKEY_BOTH :
								SHEATH_REKEY_SELF;
	} else if (flags & SHEATH_KEY_REQUEST_PEER) {
		NL_SET_ERR_MSG(extack, "flags: request-peer needs send-key-update");
		return -EINVAL;
	}
	return 0;
}

/* numbers and lengths that nothing has, as the tables of netlink have them */
static int judge_ranges(const struct sheath_key_params *key, struct netlink_ext_ack *extack)
{
	if (key->secret.hash <= SHEATH_HASH_SHA384 && key->mac <= SHEATH_MAC_SHA384 &&
	    key->compression <= SHEATH_COMPRESSION_DEFLATE &&
	    key->key_len <= SHEATH_KEY_MAX && key->iv_len <= SHEATH_IV_MAX &&
	    key->secret_len <= SHEATH_SECRET_MAX && key->mac_key_len <= SHEATH_MAC_KEY_MAX &&
	    key->history_len <= SHEATH_HISTORY_MAX)
		return 0;
	NL_SET_ERR_MSG(extack, "key: hash, mac, compression or a length is out of range");
	return -ERANGE;
}

static int judge_key(const struct sheath_key_params *key, enum sheath_alg_how how,
		     struct netlink_ext_ack *extack)
{
	const struct sheath_suite *suite = sheath_suite_find(key->cipher);
	const struct sheath_version *ver = sheath_version_find(key->version);
	int rc = judge_ranges(key, extack);

	if (rc)
		return rc;
	if (!ver) {
		NL_SET_ERR_MSG(extack, "version: not supported");
		return -EOPNOTSUPP;
	}
	if (!suite) {
		NL_SET_ERR_MSG(extack, "cipher: not supported");
		return -EOPNOTSUPP;
	}
	if (ver->version < suite->first || ver->version > suite->last) {
		NL_SET_ERR_MSG(extack, "cipher: not available in this version");
		return -EINVAL;
	}
	return judge_mac(suite, ver, key, extack) ?:
	       judge_compression(ver, key, extack) ?:
	       judge_lengths(suite, ver, key, extack) ?:
	       judge_algs(suite, key, how, extack);
}

static int judge_facts(const struct sheath_key_set *set, struct netlink_ext_ack *extack)
{
	if (set->peer.role > SHEATH_ROLE_SERVER) {
		NL_SET_ERR_MSG(extack, "role: neither client nor server");
		return -ERANGE;
	}
	if (set->peer.suite > U16_MAX || set->peer.group > U16_MAX) {
		NL_SET_ERR_MSG(extack, "suite, group: must be at most 65535");
		return -ERANGE;
	}
	if (!set->tx_limit)
		return 0;
	if (set->tx_limit > SHEATH_PLAIN_MAX ||
	    set->tx_limit < sheath_version_find(set->key[0].version)->payload_min) {
		NL_SET_ERR_MSG(extack, "tx-limit: must be 64 to 16384 bytes, or 63 to 16384 in TLS 1.3");
		return -ERANGE;
	}
	return 0;
}

/**
 * sheath_keys_judge() - may these keys be installed somewhere?
 * @set: keys
 * @how: whether ciphers may be loaded
 * @extack: for the reason of a refusal, may be NULL
 *
 * Context: process, sleeps; no lock of a socket held.
 *
 * Return: 0, or what sheath_keys_prepare() returns for a refusal.
 */
int sheath_keys_judge(const struct sheath_key_set *set, enum sheath_alg_how how,
		      struct netlink_ext_ack *extack)
{
	unsigned int i;
	int rc;

	if (!set->n_keys) {
		NL_SET_ERR_MSG(extack, "key: missing");
		return -EINVAL;
	}
	if (set->n_keys == 2 && set->key[0].flags == set->key[1].flags) {
		NL_SET_ERR_MSG(extack, "key: two keys for the same direction");
		return -EINVAL;
	}
	for (i = 0; i < set->n_keys; i++) {
		rc = judge_key(&set->key[i], how, extack);
		if (rc)
			return rc;
	}
	if (set->n_keys == 2 && (set->key[0].version != set->key[1].version ||
				 set->key[0].cipher != set->key[1].cipher)) {
		NL_SET_ERR_MSG(extack, "key: version or cipher differs from the other direction");
		return -EINVAL;
	}
	return judge_facts(set, extack);
}
