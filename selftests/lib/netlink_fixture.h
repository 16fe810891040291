/* SPDX-License-Identifier: GPL-2.0 */
/* A client of the family, and a connection it may ask about: the fixture of its tests. */
#ifndef SELFTEST_NETLINK_FIXTURE_H
#define SELFTEST_NETLINK_FIXTURE_H

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"
#include "key_attrs.h"
#include "sock.h"

FIXTURE(netlink)
{
	struct st_client c;
	struct st_answer a;
	struct st_request r;
	int fd[2];		/* fd[0] is attached */
	struct st_key_attrs tx, rx;
};

FIXTURE_SETUP(netlink)
{
	ASSERT_EQ(0, st_client_open(&self->c));
	ASSERT_EQ(0, st_pair(AF_INET, self->fd));
	ASSERT_EQ(0, st_attach(self->fd[0], ST_SHEATH));
	st_key_attrs_init(&self->tx, SHEATH_KEY_TX);
	st_key_attrs_init(&self->rx, SHEATH_KEY_RX);
}

FIXTURE_TEARDOWN(netlink)
{
	st_pair_close(self->fd);
	st_client_close(&self->c);
}

#endif /* SELFTEST_NETLINK_FIXTURE_H */
