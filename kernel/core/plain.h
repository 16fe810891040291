/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads inside the base protocol, with bytes in the clear. It may release the lock, and they
 * would go on in the clear after a key came: while one is there, its direction gets none.
 */
#ifndef SHEATH_PLAIN_H
#define SHEATH_PLAIN_H

#include "core/conn.h"

/**
 * sheath_plain_tx_begin() - enter the base protocol to send
 * @conn: connection
 *
 * Context: lock_sock() held.
 * Return: false if the direction has a key: nothing may pass in the clear.
 */
static inline bool sheath_plain_tx_begin(struct sheath_conn *conn)
{
	if (conn->tx)
		return false;
	conn->n_plain_tx++;
	return true;
}

/**
 * sheath_plain_rx_begin() - enter the base protocol to receive
 * @conn: connection
 *
 * Context: lock_sock() held.
 * Return: false if the direction has a key: nothing may pass in the clear.
 */
static inline bool sheath_plain_rx_begin(struct sheath_conn *conn)
{
	if (conn->rx)
		return false;
	conn->n_plain_rx++;
	return true;
}

void sheath_plain_tx_end(struct sheath_conn *conn);
void sheath_plain_rx_end(struct sheath_conn *conn);
int sheath_plain_begin(struct sheath_conn *conn);
void sheath_plain_end(struct sheath_conn *conn);

#endif /* SHEATH_PLAIN_H */
