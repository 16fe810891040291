// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Resumption as a client: session data out of one handshake and into the next.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "hs.h"
#include "libsheath.h"
#include "tickets.h"

int sheath_set_session(struct sheath_hs *hs, const void *data, size_t len)
{
	int ret;

	if (hs->server || hs->step != SHEATH_STEP_ATTACH)
		return sheath_fail("only a client that has not begun can resume a session");
	ret = gnutls_session_set_data(hs->session, data, len);
	if (ret)
		return sheath_fail_gnutls(ret, "cannot resume this session");
	return 0;
}

/* In TLS 1.3 GnuTLS would read from the socket until a ticket comes, had it none. */
static int check_resumable(struct sheath_hs *hs)
{
	if (hs->server || hs->step != SHEATH_STEP_DONE)
		return sheath_fail("only a client whose handshake is complete has a session");
	if (sheath_tickets_harvest(hs))
		return -1;
	if (gnutls_protocol_get_version(hs->session) == GNUTLS_TLS1_3 &&
	    !sheath_tickets_received(hs))
		return sheath_fail("the server sent no session ticket yet");
	return 0;
}

int sheath_get_session(struct sheath_hs *hs, void **data, size_t *len)
{
	gnutls_datum_t session = { NULL, 0 };
	int ret;

	if (check_resumable(hs))
		return -1;
	ret = gnutls_session_get_data2(hs->session, &session);
	if (ret)
		return sheath_fail_gnutls(ret, "this session cannot be resumed");
	*data = malloc(session.size);
	if (*data) {
		memcpy(*data, session.data, session.size);
		*len = session.size;
	}
	sheath_datum_wipe(&session);
	return *data ? 0 : sheath_fail("out of memory");
}

void sheath_session_free(void *data, size_t len)
{
	if (data)
		explicit_bzero(data, len);
	free(data);
}
