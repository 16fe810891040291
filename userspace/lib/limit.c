// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How large a record the peer takes: record_size_limit (RFC 8449) and, from clients that
 * are too old for it, max_fragment_length (RFC 6066 section 4).
 *
 * GnuTLS honours both when it sends but tells neither, so the messages that carry them are
 * looked at as they pass.
 */
#include "limit.h"

#include "keys.h"

#define EXT_MAX_FRAGMENT_LENGTH	1
#define EXT_RECORD_SIZE_LIMIT	28

/* version, random, length of the session id */
#define HELLO_FIXED_LEN		(2 + 32 + 1)
/* cipher suite, compression method */
#define HELLO_CHOICE_LEN	(2 + 1)

static int on_extension(void *ctx, unsigned int id, const unsigned char *data, unsigned int len)
{
	struct sheath_hs *hs = ctx;

	if (id == EXT_RECORD_SIZE_LIMIT && len == 2)
		hs->wire_limit = data[0] << 8 | data[1];
	if (id == EXT_MAX_FRAGMENT_LENGTH && len == 1 && data[0] >= 1 && data[0] <= 4)
		hs->fragment_limit = 256u << data[0];
	return 0;
}

/* Cuts a ServerHello down to its extensions. */
static int skip_server_hello(gnutls_datum_t *msg)
{
	size_t skip;

	if (msg->size < HELLO_FIXED_LEN)
		return -1;
	skip = HELLO_FIXED_LEN + msg->data[HELLO_FIXED_LEN - 1] + HELLO_CHOICE_LEN;
	if (msg->size < skip + 2)
		return -1;
	msg->data += skip;
	msg->size -= skip;
	return 0;
}

/* A message that cannot be read is none of ours to refuse: GnuTLS does so. */
static int on_message(gnutls_session_t session, unsigned int type, unsigned int when,
		      unsigned int incoming, const gnutls_datum_t *msg)
{
	struct sheath_hs *hs = gnutls_session_get_ptr(session);
	gnutls_datum_t part = *msg;

	(void)when;
	if (!incoming)
		return 0;
	if (hs->server && type == GNUTLS_HANDSHAKE_CLIENT_HELLO)
		gnutls_ext_raw_parse(hs, on_extension, &part,
				     GNUTLS_EXT_RAW_FLAG_TLS_CLIENT_HELLO);
	if (!hs->server && type == GNUTLS_HANDSHAKE_SERVER_HELLO && !skip_server_hello(&part))
		gnutls_ext_raw_parse(hs, on_extension, &part, 0);
	if (!hs->server && type == GNUTLS_HANDSHAKE_ENCRYPTED_EXTENSIONS)
		gnutls_ext_raw_parse(hs, on_extension, &part, 0);
	return 0;
}

/**
 * sheath_limit_watch() - look out for the peer's limit
 * @hs: handshake that has not begun
 */
void sheath_limit_watch(struct sheath_hs *hs)
{
	gnutls_handshake_set_hook_function(hs->session, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_POST,
					   on_message);
}

/**
 * sheath_limit_of() - what the peer takes
 * @hs: complete handshake
 *
 * Return: bytes of payload in a record, 0 if the peer set no limit below the usual one.
 */
unsigned int sheath_limit_of(const struct sheath_hs *hs)
{
	unsigned int limit = hs->wire_limit;

	/* RFC 8449 section 4: in TLS 1.3 the limit includes the content type. */
	if (limit && gnutls_protocol_get_version(hs->session) == GNUTLS_TLS1_3)
		limit--;
	/* Section 5: it overrides max_fragment_length. */
	if (!limit)
		limit = hs->fragment_limit;
	return limit < SHEATH_RECORD_MAX ? limit : 0;
}
