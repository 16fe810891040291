// SPDX-License-Identifier: GPL-2.0
/* A sheath socket whose other end is a plain one that makes records in user space. */
#include "peer.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

int st_peer_open(struct st_peer *p, uint16_t version, uint16_t cipher, bool app)
{
	int fd[2];

	if (st_pair(AF_INET, fd))
		return -1;
	p->fd = fd[0];
	p->raw = fd[1];
	p->to = st_key(version, cipher, 0, 1);
	p->from = st_key(version, cipher, 0, 2);
	if (app)
		return st_set(p->fd, ST_SHEATH, TLS_RX, &p->to) ||
		       st_set(p->fd, ST_SHEATH, TLS_TX, &p->from) ? -1 : 0;
	return st_set_sheath(p->fd, TLS_RX, &p->to) ||
	       st_set_sheath(p->fd, TLS_TX, &p->from) ? -1 : 0;
}

int st_peer_open_keys(struct st_peer *p, const struct st_key *to, const struct st_key *from)
{
	int fd[2];

	if (st_pair(AF_INET, fd))
		return -1;
	p->fd = fd[0];
	p->raw = fd[1];
	p->to = *to;
	p->from = *from;
	return st_set_sheath(p->fd, TLS_RX, to) || st_set_sheath(p->fd, TLS_TX, from) ? -1 : 0;
}

void st_peer_close(struct st_peer *p)
{
	if (p->fd >= 0)
		close(p->fd);
	if (p->raw >= 0)
		close(p->raw);
	p->fd = -1;
	p->raw = -1;
}

int st_peer_send(struct st_peer *p, uint8_t type, const void *data, size_t len)
{
	return st_send_record(p->raw, &p->to, type, data, len);
}

bool st_peer_expect(struct st_peer *p, uint8_t type, const void *data, size_t len)
{
	uint8_t out[ST_RECORD_MAX], got;
	int n = st_recv_record(p->raw, &p->from, &got, out);

	return n == (int)len && got == type && !memcmp(out, data, len);
}

bool st_peer_ended(struct st_peer *p)
{
	char c;

	return st_poll(p->raw, POLLIN, 5000) && recv(p->raw, &c, 1, MSG_DONTWAIT) == 0;
}
