/* SPDX-License-Identifier: GPL-2.0 */
/* Alerts: which one a refusal sends, and sending it. */
#ifndef SHEATH_ALERT_H
#define SHEATH_ALERT_H

#include <linux/types.h>

#include "core/stats.h"
#include "record/framing.h"

struct sheath_conn;

void sheath_alert_warn(struct sheath_conn *conn, enum sheath_alert desc);
int sheath_alert_fatal(struct sheath_conn *conn, int err, enum sheath_alert desc,
		       enum sheath_stat stat);

#endif /* SHEATH_ALERT_H */
