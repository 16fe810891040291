/* SPDX-License-Identifier: GPL-2.0 */
/* Session tickets that are kept for the application. */
#ifndef SHEATH_TICKET_KEEP_H
#define SHEATH_TICKET_KEEP_H

#include <linux/types.h>

struct sheath_conn;

int sheath_ticket_keep(struct sheath_conn *conn, u32 max);
bool sheath_ticket_begin(struct sheath_conn *conn, const u8 *head, u32 len);
void sheath_ticket_abandon(struct sheath_conn *conn);
void sheath_ticket_part(struct sheath_conn *conn, const u8 *p, u32 len);
bool sheath_ticket_none(const struct sheath_conn *conn);
int sheath_ticket_get(struct sheath_conn *conn, char __user *optval, int len, int __user *optlen);
void sheath_ticket_free(struct sheath_conn *conn);

#endif /* SHEATH_TICKET_KEEP_H */
