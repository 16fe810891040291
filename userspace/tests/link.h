/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection between two ends in one process. */
#ifndef LINK_H
#define LINK_H

#include <stdbool.h>
#include <openssl/ssl.h>

#include "hs.h"

/**
 * struct link - two sockets and what lies between
 * @a: our end
 * @b: the end of the peer
 * @mid: the far sides of both when bytes pass one by one, else -1
 */
struct link {
	int	a;
	int	b;
	int	mid[2];
};

void link_open(struct link *l, bool trickle);
void link_close(struct link *l);
bool link_trickle(struct link *l);
int link_handshake(struct link *l, struct sheath_hs *hs, SSL *ssl);
int link_handshake_both(struct link *l, struct sheath_hs *a, struct sheath_hs *b);

#endif /* LINK_H */
