/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints, below events/sheath. They show what happens to records and keys, and never a
 * byte of either.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM sheath

#if !defined(SHEATH_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define SHEATH_TRACE_H

#include <linux/tracepoint.h>

/* a key protects a direction from now on; epoch 0 is the first one there */
TRACE_EVENT(sheath_key,
	TP_PROTO(u64 cookie, bool tx, u32 epoch, u16 version, u16 cipher, u64 seq),
	TP_ARGS(cookie, tx, epoch, version, cipher, seq),
	TP_STRUCT__entry(
		__field(u64, cookie)
		__field(u64, seq)
		__field(u32, epoch)
		__field(u16, version)
		__field(u16, cipher)
		__field(bool, tx)
	),
	TP_fast_assign(
		__entry->cookie = cookie;
		__entry->seq = seq;
		__entry->epoch = epoch;
		__entry->version = version;
		__entry->cipher = cipher;
		__entry->tx = tx;
	),
	TP_printk("cookie=%llu %s epoch=%u version=0x%04x cipher=%u seq=%llu", __entry->cookie,
		  __entry->tx ? "tx" : "rx", __entry->epoch, __entry->version, __entry->cipher,
		  __entry->seq)
);

/*
 * @type: as in the record's header, inside it for a TLS 1.3 record that was sealed
 * @len: bytes of content that were sealed; of the record as received, for one that was opened
 * @verdict: 0 or a negative errno
 */
DECLARE_EVENT_CLASS(sheath_record,
	TP_PROTO(u64 cookie, u32 epoch, u64 seq, u8 type, u32 len, int verdict),
	TP_ARGS(cookie, epoch, seq, type, len, verdict),
	TP_STRUCT__entry(
		__field(u64, cookie)
		__field(u64, seq)
		__field(u32, epoch)
		__field(u32, len)
		__field(int, verdict)
		__field(u8, type)
	),
	TP_fast_assign(
		__entry->cookie = cookie;
		__entry->seq = seq;
		__entry->epoch = epoch;
		__entry->len = len;
		__entry->verdict = verdict;
		__entry->type = type;
	),
	TP_printk("cookie=%llu epoch=%u seq=%llu type=%u len=%u verdict=%d", __entry->cookie,
		  __entry->epoch, __entry->seq, __entry->type, __entry->len, __entry->verdict)
);

DEFINE_EVENT(sheath_record, sheath_record_sealed,
	TP_PROTO(u64 cookie, u32 epoch, u64 seq, u8 type, u32 len, int verdict),
	TP_ARGS(cookie, epoch, seq, type, len, verdict)
);

DEFINE_EVENT(sheath_record, sheath_record_opened,
	TP_PROTO(u64 cookie, u32 epoch, u64 seq, u8 type, u32 len, int verdict),
	TP_ARGS(cookie, epoch, seq, type, len, verdict)
);

/* @value: level << 8 | description */
TRACE_EVENT(sheath_alert,
	TP_PROTO(u64 cookie, bool tx, u16 value),
	TP_ARGS(cookie, tx, value),
	TP_STRUCT__entry(
		__field(u64, cookie)
		__field(u16, value)
		__field(bool, tx)
	),
	TP_fast_assign(
		__entry->cookie = cookie;
		__entry->value = value;
		__entry->tx = tx;
	),
	TP_printk("cookie=%llu %s level=%u description=%u", __entry->cookie,
		  __entry->tx ? "tx" : "rx", __entry->value >> 8, __entry->value & 0xff)
);

/* @event: enum sheath_event, as netlink tells it */
TRACE_EVENT(sheath_event,
	TP_PROTO(u64 cookie, u32 event),
	TP_ARGS(cookie, event),
	TP_STRUCT__entry(
		__field(u64, cookie)
		__field(u32, event)
	),
	TP_fast_assign(
		__entry->cookie = cookie;
		__entry->event = event;
	),
	TP_printk("cookie=%llu event=%u", __entry->cookie, __entry->event)
);

/* keys were not installed: a negative errno */
TRACE_EVENT(sheath_refused,
	TP_PROTO(u64 cookie, int verdict),
	TP_ARGS(cookie, verdict),
	TP_STRUCT__entry(
		__field(u64, cookie)
		__field(int, verdict)
	),
	TP_fast_assign(
		__entry->cookie = cookie;
		__entry->verdict = verdict;
	),
	TP_printk("cookie=%llu verdict=%d", __entry->cookie, __entry->verdict)
);

/* TCP did not take all that is sealed: @pending bytes are left */
TRACE_EVENT(sheath_push_short,
	TP_PROTO(u64 cookie, u32 pending),
	TP_ARGS(cookie, pending),
	TP_STRUCT__entry(
		__field(u64, cookie)
		__field(u32, pending)
	),
	TP_fast_assign(
		__entry->cookie = cookie;
		__entry->pending = pending;
	),
	TP_printk("cookie=%llu pending=%u", __entry->cookie, __entry->pending)
);

#endif /* SHEATH_TRACE_H */

/* relative to what -I names */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH core
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
