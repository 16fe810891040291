/* SPDX-License-Identifier: GPL-2.0 */
/* Changing the sending key: KeyUpdate, keys that replace others, limits of use. */
#ifndef SHEATH_TX_REKEY_H
#define SHEATH_TX_REKEY_H

#include <linux/types.h>

#include "record/direction.h"

struct sheath_conn;
struct sheath_tx;

/* RFC 8446 section 4.6.3: msg_type, length, request_update */
#define SHEATH_MSG_KEY_UPDATE	24
#define SHEATH_KEY_UPDATE_LEN	1
/**
 * enum sheath_rekey_tx - what precedes the next record sent
 * @SHEATH_REKEY_NONE: nothing
 * @SHEATH_REKEY_SELF: KeyUpdate, update_not_requested
 * @SHEATH_REKEY_BOTH: KeyUpdate, update_requested
 */
enum sheath_rekey_tx {
	SHEATH_REKEY_NONE,
	SHEATH_REKEY_SELF,
	SHEATH_REKEY_BOTH,
};

/* records that may be sealed beyond the hard limit to end the use of a key: KeyUpdate, alerts */
#define SHEATH_REKEY_RESERVE	16

/* lock_sock() held, may sleep */
void sheath_rekey_limits(struct sheath_tx *tx);
int sheath_rekey_request(struct sheath_conn *conn, enum sheath_rekey_tx what);
int sheath_rekey_replace_tx(struct sheath_conn *conn, struct sheath_dir *next,
			    enum sheath_rekey_tx what);
int sheath_rekey_before_record(struct sheath_conn *conn, u8 type);
void sheath_rekey_answer(struct sheath_conn *conn);
void sheath_rekey_sent(struct sheath_conn *conn);
u64 sheath_rekey_records_left(const struct sheath_conn *conn);

#endif /* SHEATH_TX_REKEY_H */
