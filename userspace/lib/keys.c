// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Taking keys, IVs and sequence numbers out of a GnuTLS session.
 *
 * GnuTLS uses the sequence number as the explicit nonce of the GCM and CCM suites of
 * TLS 1.2, so the salt and the sequence number are all the kernel needs to go on without
 * ever repeating a nonce.
 *
 * For TLS 1.0 it tells the IV it began with, and not the one it has come to: the last block
 * of ciphertext, which was seen on its way through the transport.
 */
#include "keys.h"

#include <string.h>

#include "cipher.h"
#include "error.h"
#include "names.h"
#include "transport.h"

static uint64_t from_be64(const unsigned char *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

static int odd_state(gnutls_cipher_algorithm_t algorithm, unsigned int key_len,
		     unsigned int iv_len, unsigned int mac_len, struct sheath_key *key)
{
	memset(key, 0, sizeof(*key));
	return sheath_fail("GnuTLS tells a key of %u, an IV of %u and a MAC key of %u bytes for %s",
			   key_len, iv_len, mac_len, gnutls_cipher_get_name(algorithm));
}

static int read_mac(gnutls_session_t session, const struct sheath_cipher *cipher,
		    const gnutls_datum_t *secret, const gnutls_datum_t *mac,
		    struct sheath_key *key)
{
	gnutls_mac_algorithm_t algorithm = gnutls_mac_get(session);

	key->mac = sheath_cipher_mac(algorithm);
	if (!key->mac) {
		memset(key, 0, sizeof(*key));
		return sheath_fail("the kernel module does not speak %s",
				   gnutls_mac_get_name(algorithm));
	}
	if (secret->size != cipher->key_len || mac->size != gnutls_mac_get_key_size(algorithm) ||
	    mac->size > sizeof(key->mac_key))
		return odd_state(cipher->gnutls, secret->size, 0, mac->size, key);
	if (gnutls_session_etm_status(session))
		key->flags |= SHEATH_KEY_ENCRYPT_THEN_MAC;
	key->key_len = secret->size;
	key->mac_key_len = mac->size;
	if (secret->size)
		memcpy(key->key, secret->data, secret->size);
	memcpy(key->mac_key, mac->data, mac->size);
	return 0;
}

/**
 * sheath_key_read() - read the state of one direction
 * @session: session with a complete handshake
 * @direction: SHEATH_KEY_RX or SHEATH_KEY_TX
 * @key: filled in, but for the IV of CBC; the caller wipes it
 *
 * Return: 0, or -1 with @key zeroed: the version or the cipher is none the module speaks.
 */
int sheath_key_read(gnutls_session_t session, unsigned int direction, struct sheath_key *key)
{
	gnutls_cipher_algorithm_t algorithm = gnutls_cipher_get(session);
	const struct sheath_cipher *cipher = sheath_cipher_find(algorithm);
	gnutls_datum_t mac, iv, secret;
	unsigned char seq[8];
	size_t iv_len;
	int ret;

	memset(key, 0, sizeof(*key));
	key->version = sheath_version_of(session);
	if (!key->version)
		return sheath_fail("the kernel module does not speak %s",
				   sheath_version_name(session));
	if (!cipher)
		return sheath_fail("the kernel module does not speak %s",
				   gnutls_cipher_get_name(algorithm));
	ret = gnutls_record_get_state(session, direction == SHEATH_KEY_RX, &mac, &iv, &secret,
				      seq);
	if (ret)
		return sheath_fail_gnutls(ret, "GnuTLS does not tell the record keys");

	key->flags = direction;
	key->cipher = cipher->kernel;
	key->rec_seq = from_be64(seq);
	if (cipher->has_mac)
		return read_mac(session, cipher, &secret, &mac, key);
	iv_len = key->version == TLS_1_3_VERSION ? SHEATH_IV13_LEN : cipher->iv12_len;
	if (secret.size != cipher->key_len || iv.size != iv_len)
		return odd_state(algorithm, secret.size, iv.size, 0, key);
	key->key_len = secret.size;
	key->iv_len = iv.size;
	memcpy(key->key, secret.data, secret.size);
	memcpy(key->iv, iv.data, iv.size);
	return 0;
}

/*
 * TLS 1.0: the block of ciphertext the next record of CBC begins from; with the MAC over
 * ciphertext (RFC 7366) it stands before that.
 */
static int add_iv(gnutls_session_t session, const struct sheath_framing *f, struct sheath_key *key)
{
	const struct sheath_cipher *cipher = sheath_cipher_find(gnutls_cipher_get(session));
	size_t behind = key->flags & SHEATH_KEY_ENCRYPT_THEN_MAC ? key->mac_key_len : 0;

	if (key->version != SHEATH_TLS_1_0_VERSION || !cipher->block_len)
		return 0;
	if (!f)
		return sheath_fail("CBC of TLS 1.0 goes to the kernel only after a handshake by "
				   "this library");
	if (f->n_tail < cipher->block_len + behind)
		return sheath_fail("the last record of the handshake is too short");
	key->iv_len = cipher->block_len;
	memcpy(key->iv, f->tail + f->n_tail - behind - key->iv_len, key->iv_len);
	return 0;
}

/* Data that GnuTLS holds cannot be given to the kernel, and must not vanish either. */
static int check_drained(gnutls_session_t session)
{
	size_t rx = gnutls_record_check_pending(session);
	size_t tx = gnutls_record_check_corked(session);

	if (rx)
		return sheath_fail("%zu bytes received wait in GnuTLS: read them first", rx);
	if (tx)
		return sheath_fail("%zu bytes to be sent wait in GnuTLS: uncork it first", tx);
	return 0;
}

/**
 * sheath_handover_read() - read everything that goes to the kernel
 * @session: session with a complete handshake
 * @t: what its records went through, NULL if that was not ours
 * @ho: filled in but for role and tx_limit, which are set to 0; the caller wipes it, after
 *	a failure as well
 */
int sheath_handover_read(gnutls_session_t session, const struct sheath_transport *t,
			 struct sheath_handover *ho)
{
	memset(ho, 0, sizeof(*ho));
	if (check_drained(session) ||
	    sheath_key_read(session, SHEATH_KEY_TX, &ho->tx) ||
	    sheath_key_read(session, SHEATH_KEY_RX, &ho->rx) ||
	    add_iv(session, t ? &t->tx : NULL, &ho->tx) ||
	    add_iv(session, t ? &t->rx : NULL, &ho->rx))
		return -1;
	ho->suite = sheath_suite_of(session);
	ho->group = sheath_group_of(session);
	return 0;
}
