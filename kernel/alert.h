/* SPDX-License-Identifier: GPL-2.0 */
/* Alerts: which one a refusal sends, and sending it. */
#ifndef SHEATH_ALERT_H
#define SHEATH_ALERT_H

#include <linux/types.h>

#include "core/stats.h"

struct sheath_conn;

/* RFC 8446 section 6 */
enum sheath_alert {
	SHEATH_ALERT_CLOSE_NOTIFY = 0,
	SHEATH_ALERT_UNEXPECTED_MESSAGE = 10,
	SHEATH_ALERT_BAD_RECORD_MAC = 20,
	SHEATH_ALERT_RECORD_OVERFLOW = 22,
	SHEATH_ALERT_DECOMPRESSION_FAILURE = 30,
	SHEATH_ALERT_DECODE_ERROR = 50,
	SHEATH_ALERT_PROTOCOL_VERSION = 70,
	SHEATH_ALERT_INTERNAL_ERROR = 80,
	SHEATH_ALERT_USER_CANCELED = 90,
	SHEATH_ALERT_NO_RENEGOTIATION = 100,
};

enum sheath_alert_level {
	SHEATH_ALERT_WARNING = 1,
	SHEATH_ALERT_FATAL = 2,
};

#define SHEATH_ALERT_LEN	2

void sheath_alert_warn(struct sheath_conn *conn, enum sheath_alert desc);
int sheath_alert_close_notify(struct sheath_conn *conn);
int sheath_alert_fatal(struct sheath_conn *conn, int err, enum sheath_alert desc,
		       enum sheath_stat stat);

#endif /* SHEATH_ALERT_H */
