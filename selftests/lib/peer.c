// SPDX-License-Identifier: GPL-2.0
/* A sheath socket whose other end is a plain one that makes records in user space. */
#include "peer.h"
#include "zip.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static int peer_pair(struct st_peer *p, const struct st_key *to, const struct st_key *from)
{
	int fd[2];

	if (st_pair(AF_INET, fd))
		return -1;
	p->fd = fd[0];
	p->raw = fd[1];
	p->to = *to;
	p->from = *from;
	return 0;
}

int st_peer_open(struct st_peer *p, uint16_t version, uint16_t cipher, bool app)
{
	struct st_key to = st_key(version, cipher, 0, 1), from = st_key(version, cipher, 0, 2);

	if (!app)
		return st_peer_open_keys(p, &to, &from);
	return peer_pair(p, &to, &from) || st_set(p->fd, ST_SHEATH, TLS_RX, &to) ||
	       st_set(p->fd, ST_SHEATH, TLS_TX, &from) ? -1 : 0;
}

int st_peer_open_keys(struct st_peer *p, const struct st_key *to, const struct st_key *from)
{
	return peer_pair(p, to, from) || st_set_sheath(p->fd, TLS_RX, to) ||
	       st_set_sheath(p->fd, TLS_TX, from) ? -1 : 0;
}

void st_peer_close(struct st_peer *p)
{
	if (p->fd >= 0)
		close(p->fd);
	if (p->raw >= 0)
		close(p->raw);
	p->fd = -1;
	p->raw = -1;
	st_zip_free(p->to.zip);
	st_zip_free(p->from.zip);
	p->to.zip = NULL;
	p->from.zip = NULL;
}

int st_peer_send(struct st_peer *p, uint8_t type, const void *data, size_t len)
{
	return st_send_record(p->raw, &p->to, type, data, len);
}

void st_peer_reset(struct st_peer *p)
{
	struct linger now = { .l_onoff = 1 };

	setsockopt(p->raw, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(p->raw);
	p->raw = -1;
	st_poll(p->fd, POLLHUP, 5000);
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

const char *st_peer_died(struct st_peer *p, int err, uint8_t desc, const char *counter,
			 long long before)
{
	uint8_t alert[] = { 2, desc }, buf[16384];
	socklen_t len = sizeof(int);
	int i;

	if (recv(p->fd, buf, sizeof(buf), 0) != 4 || memcmp(buf, "good", 4))
		return "the good record before it";
	for (i = 0; i < 3; i++) {
		if (recv(p->fd, buf, sizeof(buf), i == 2 ? MSG_PEEK : 0) != -1)
			return "something was received";
		if (errno != err)
			return strerror(errno);
	}
	if (st_stat(counter) != before + 1)
		return "the counter";
	if (send(p->fd, "x", 1, MSG_NOSIGNAL) != -1)
		return "something was sent";
	if (!st_peer_expect(p, 21, alert, sizeof(alert)))
		return "the alert";
	if (!(st_poll(p->fd, POLLIN, 0) & POLLERR))
		return "poll";
	/* who takes the error of the socket does not heal the session by it */
	if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &i, &len))
		return "SO_ERROR";
	if (recv(p->fd, buf, sizeof(buf), 0) != -1 || errno != err)
		return "the error after SO_ERROR";
	/* a reset if there is something unread, else the end; no second alert in either case */
	close(p->fd);
	p->fd = -1;
	if (recv(p->raw, buf, sizeof(buf), 0) > 0)
		return "something after the alert";
	return NULL;
}
