/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/*
 * Generic netlink family "sheath": sessions, keys and events.
 *
 * kernel/netlink/sheath.yaml describes every number here; selftests/ynl_agree.py holds the
 * two together. enum sheath_role, enum sheath_state, enum sheath_hash, enum sheath_mac, enum
 * sheath_compression and the flags of a key are in <linux/sheath.h>, the socket options share
 * them.
 */
#ifndef _UAPI_LINUX_SHEATH_NL_H
#define _UAPI_LINUX_SHEATH_NL_H

#include <linux/sheath.h>

#define SHEATH_FAMILY_NAME	"sheath"
#define SHEATH_FAMILY_VERSION	1

#define SHEATH_MCGRP_SESSION	"session"

/**
 * enum sheath_event - why a session-ntf was sent
 * @SHEATH_EVENT_UP: A direction got its first key
 * @SHEATH_EVENT_REKEY_RX: The peer changed its key, state tells whether ours followed
 * @SHEATH_EVENT_REKEY_TX: The sending key was replaced
 * @SHEATH_EVENT_LIMIT_SOFT: A key should be replaced soon
 * @SHEATH_EVENT_LIMIT_HARD: The use of a key has reached its limit
 * @SHEATH_EVENT_ALERT_RX: close_notify or a fatal alert came in
 * @SHEATH_EVENT_ALERT_TX: A fatal alert went out
 * @SHEATH_EVENT_DOWN: The session is over
 * @SHEATH_EVENT_FAILED: The session failed, status and alert tell why
 * @SHEATH_EVENT_UPDATE_DUE: The peer asks for another sending key, and the module has no secret
 */
enum sheath_event {
	SHEATH_EVENT_UP = 1,
	SHEATH_EVENT_REKEY_RX,
	SHEATH_EVENT_REKEY_TX,
	SHEATH_EVENT_LIMIT_SOFT,
	SHEATH_EVENT_LIMIT_HARD,
	SHEATH_EVENT_ALERT_RX,
	SHEATH_EVENT_ALERT_TX,
	SHEATH_EVENT_DOWN,
	SHEATH_EVENT_FAILED,
	SHEATH_EVENT_UPDATE_DUE,
};

/**
 * enum sheath_feature - what this module can do
 * @SHEATH_FEATURE_TLS12: Records of TLS 1.2
 * @SHEATH_FEATURE_TLS13: Records of TLS 1.3
 * @SHEATH_FEATURE_SECRET: Keys can be given as a TLS 1.3 traffic secret
 * @SHEATH_FEATURE_TLS10: Records of TLS 1.0 and TLS 1.1
 * @SHEATH_FEATURE_MAC: Suites that are not AEAD, by mac and mac-key
 * @SHEATH_FEATURE_DEFLATE: Compression up to TLS 1.2, by compression and history
 */
enum sheath_feature {
	SHEATH_FEATURE_TLS12 = 1,
	SHEATH_FEATURE_TLS13 = 2,
	SHEATH_FEATURE_SECRET = 4,
	SHEATH_FEATURE_TLS10 = 8,
	SHEATH_FEATURE_MAC = 16,
	SHEATH_FEATURE_DEFLATE = 32,
};

enum {
	SHEATH_A_KEY_FLAGS = 1,
	SHEATH_A_KEY_VERSION,
	SHEATH_A_KEY_CIPHER,
	SHEATH_A_KEY_EPOCH,
	SHEATH_A_KEY_REC_SEQ,
	SHEATH_A_KEY_PAD,
	SHEATH_A_KEY_SECRET,
	SHEATH_A_KEY_HASH,
	SHEATH_A_KEY_CIPHER_KEY,
	SHEATH_A_KEY_IV,
	SHEATH_A_KEY_MAC,
	SHEATH_A_KEY_MAC_KEY,
	SHEATH_A_KEY_COMPRESSION,
	SHEATH_A_KEY_HISTORY,

	__SHEATH_A_KEY_MAX,
	SHEATH_A_KEY_MAX = (__SHEATH_A_KEY_MAX - 1)
};

enum {
	SHEATH_A_STATS_PAD = 1,
	SHEATH_A_STATS_TX_RECORDS,
	SHEATH_A_STATS_TX_BYTES,
	SHEATH_A_STATS_RX_RECORDS,
	SHEATH_A_STATS_RX_BYTES,
	SHEATH_A_STATS_RX_AUTH_FAIL,
	SHEATH_A_STATS_TX_REKEYS,
	SHEATH_A_STATS_RX_REKEYS,
	SHEATH_A_STATS_CTRL_DROPPED,

	__SHEATH_A_STATS_MAX,
	SHEATH_A_STATS_MAX = (__SHEATH_A_STATS_MAX - 1)
};

enum {
	SHEATH_A_PAD = 1,
	SHEATH_A_SOCKFD,
	SHEATH_A_COOKIE,
	SHEATH_A_FEATURES,
	SHEATH_A_CIPHERS,
	SHEATH_A_STATE,
	SHEATH_A_EVENT,
	SHEATH_A_ROLE,
	SHEATH_A_REKEY_FLAGS,
	SHEATH_A_UID,
	SHEATH_A_LADDR,
	SHEATH_A_RADDR,
	SHEATH_A_KEY,
	SHEATH_A_STATUS,
	SHEATH_A_ALERT,
	SHEATH_A_VERSION,
	SHEATH_A_SUITE,
	SHEATH_A_GROUP,
	SHEATH_A_TX_LIMIT,
	SHEATH_A_TX_EPOCH,
	SHEATH_A_RX_EPOCH,
	SHEATH_A_TX_SEQ,
	SHEATH_A_RX_SEQ,
	SHEATH_A_STATS,
	SHEATH_A_UPDATE_DUE,

	__SHEATH_A_MAX,
	SHEATH_A_MAX = (__SHEATH_A_MAX - 1)
};

enum {
	SHEATH_CMD_FAMILY_GET = 1,
	SHEATH_CMD_SESSION_GET = 2,
	SHEATH_CMD_SESSION_NTF = 3,
	SHEATH_CMD_KEY_SET = 7,
	SHEATH_CMD_REKEY = 8,

	__SHEATH_CMD_MAX,
	SHEATH_CMD_MAX = (__SHEATH_CMD_MAX - 1)
};

#endif /* _UAPI_LINUX_SHEATH_NL_H */
