// SPDX-License-Identifier: GPL-2.0
/* Threads inside the base protocol, with bytes in the clear. */
#include "core/plain.h"

#include <net/sock.h>

/**
 * sheath_plain_tx_end() - undo sheath_plain_tx_begin()
 * @conn: connection
 *
 * Context: process, lock not held.
 */
void sheath_plain_tx_end(struct sheath_conn *conn)
{
	lock_sock(conn->sk);
	conn->n_plain_tx--;
	release_sock(conn->sk);
}

/**
 * sheath_plain_rx_end() - undo sheath_plain_rx_begin()
 * @conn: connection
 *
 * Context: process, lock not held.
 */
void sheath_plain_rx_end(struct sheath_conn *conn)
{
	lock_sock(conn->sk);
	conn->n_plain_rx--;
	release_sock(conn->sk);
}

/**
 * sheath_plain_begin() - enter the base protocol for both directions
 * @conn: connection
 *
 * Context: process, lock not held.
 *
 * Return:
 * * 0			- no key comes until sheath_plain_end()
 * * %-EOPNOTSUPP	- a direction has a key
 */
int sheath_plain_begin(struct sheath_conn *conn)
{
	int rc = -EOPNOTSUPP;

	lock_sock(conn->sk);
	if (!conn->tx && !conn->rx) {
		conn->n_plain_tx++;
		conn->n_plain_rx++;
		rc = 0;
	}
	release_sock(conn->sk);
	return rc;
}

/**
 * sheath_plain_end() - undo sheath_plain_begin()
 * @conn: connection
 *
 * Context: process, lock not held.
 */
void sheath_plain_end(struct sheath_conn *conn)
{
	lock_sock(conn->sk);
	conn->n_plain_tx--;
	conn->n_plain_rx--;
	release_sock(conn->sk);
}
