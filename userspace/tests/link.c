// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A connection between two ends in one process. The bytes pass at once, or one by one so
 * that every read and every wait of a handshake is cut everywhere.
 */
#include "link.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <sys/socket.h>

#include "libsheath.h"
#include "peer.h"
#include "tap.h"

/* More turns than any handshake has bytes. */
#define TURNS	200000

static void pair(int *x, int *y)
{
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sv))
		tap_bail("socketpair");
	*x = sv[0];
	*y = sv[1];
}

/**
 * link_open() - make a connection
 * @l: filled in
 * @trickle: bytes pass one by one, when link_trickle() is called
 */
void link_open(struct link *l, bool trickle)
{
	l->mid[0] = l->mid[1] = -1;
	if (trickle) {
		pair(&l->a, &l->mid[0]);
		pair(&l->b, &l->mid[1]);
	} else {
		pair(&l->a, &l->b);
	}
}

/**
 * link_close() - close all sockets
 * @l: connection
 */
void link_close(struct link *l)
{
	close(l->a);
	close(l->b);
	for (int i = 0; i < 2; i++)
		if (l->mid[i] >= 0)
			close(l->mid[i]);
}

/**
 * link_trickle() - pass one byte each way
 * @l: connection
 *
 * Return: true if there was one.
 */
bool link_trickle(struct link *l)
{
	bool moved = false;
	char byte;

	for (int i = 0; i < 2 && l->mid[0] >= 0; i++)
		if (recv(l->mid[i], &byte, 1, MSG_DONTWAIT) == 1 &&
		    send(l->mid[!i], &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1)
			moved = true;
	return moved;
}

/**
 * link_handshake() - shake hands with OpenSSL
 * @l: connection
 * @hs: our end
 * @ssl: the other end
 *
 * Return: what sheath_handshake() returned at last; 1 if it never came to an end, -2 if it
 * did but OpenSSL failed.
 */
int link_handshake(struct link *l, struct sheath_hs *hs, SSL *ssl)
{
	int ours = 1, theirs = 1;

	for (int i = 0; i < TURNS && (ours > 0 || theirs > 0); i++) {
		if (ours > 0)
			ours = sheath_handshake(hs);
		if (theirs > 0)
			theirs = peer_step(ssl);
		link_trickle(l);
		if (ours < 0)
			break;
		if (theirs < 0 && ours == 0)
			break;
	}
	return ours ? ours : theirs ? -2 : 0;
}

/**
 * link_handshake_both() - shake hands with ourselves
 * @l: connection
 * @a: one end
 * @b: the other end
 *
 * Return: 0 if both succeeded, else -1.
 */
int link_handshake_both(struct link *l, struct sheath_hs *a, struct sheath_hs *b)
{
	int ra = 1, rb = 1;

	for (int i = 0; i < TURNS && (ra > 0 || rb > 0); i++) {
		if (ra > 0)
			ra = sheath_handshake(a);
		if (rb > 0)
			rb = sheath_handshake(b);
		link_trickle(l);
	}
	return ra || rb ? -1 : 0;
}
