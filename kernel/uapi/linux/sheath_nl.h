/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/*
 * Generic netlink family "sheath": sessions, keys and events.
 *
 * kernel/netlink/sheath.yaml describes every number here; selftests/ynl_agree.py holds the
 * two together. enum sheath_role, enum sheath_state, enum sheath_hash, enum sheath_mac, enum
 * sheath_compression and the key flags not named here are in <linux/sheath.h>, the socket
 * options share them.
 */
#ifndef _UAPI_LINUX_SHEATH_NL_H
#define _UAPI_LINUX_SHEATH_NL_H

#include <linux/sheath.h>

#define SHEATH_FAMILY_NAME	"sheath"
#define SHEATH_FAMILY_VERSION	1

#define SHEATH_MCGRP_SESSION	"session"

/* flags of a key, with SHEATH_KEY_RX and SHEATH_KEY_TX */
#define SHEATH_KEY_SEND_KEY_UPDATE	(1u << 2)
#define SHEATH_KEY_REQUEST_PEER		(1u << 3)

/**
 * enum sheath_event - why a session-ntf was sent
 * @SHEATH_EVENT_UP: A direction got its first key
 * @SHEATH_EVENT_REKEY_RX: The peer changed its key, state tells whether ours followed
 * @SHEATH_EVENT_REKEY_TX: The sending key was replaced
 * @SHEATH_EVENT_LIMIT_SOFT: A key should be replaced soon
 * @SHEATH_EVENT_LIMIT_HARD: A key may not be used any more
 * @SHEATH_EVENT_ALERT_RX: An alert that ends the session came in
 * @SHEATH_EVENT_ALERT_TX: A fatal alert went out
 * @SHEATH_EVENT_DOWN: The session is over
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
};

/**
 * enum sheath_feature - what this module can do
 * @SHEATH_FEATURE_TLS12: Records of TLS 1.2
 * @SHEATH_FEATURE_TLS13: Records of TLS 1.3
 * @SHEATH_FEATURE_HANDSHAKE: Applications can ask for a handshake, helpers can take it
 * @SHEATH_FEATURE_SECRET: Keys can be given as a TLS 1.3 traffic secret
 * @SHEATH_FEATURE_PREFILL: The rx-prefill attribute is taken
 * @SHEATH_FEATURE_HANDLE_IOCTL: Handles take key-set and hs-done by ioctl
 * @SHEATH_FEATURE_PEER_CERT: The peer-cert attribute is kept for the application
 * @SHEATH_FEATURE_LISTENER: The ULP can be attached to a listening socket
 * @SHEATH_FEATURE_TLS10: Records of TLS 1.0 and TLS 1.1
 * @SHEATH_FEATURE_MAC: Suites that are not AEAD, by mac and mac-key
 * @SHEATH_FEATURE_DEFLATE: Compression up to TLS 1.2, by compression and history
 */
enum sheath_feature {
	SHEATH_FEATURE_TLS12 = 1,
	SHEATH_FEATURE_TLS13 = 2,
	SHEATH_FEATURE_HANDSHAKE = 4,
	SHEATH_FEATURE_SECRET = 8,
	SHEATH_FEATURE_PREFILL = 16,
	SHEATH_FEATURE_HANDLE_IOCTL = 32,
	SHEATH_FEATURE_PEER_CERT = 64,
	SHEATH_FEATURE_LISTENER = 128,
	SHEATH_FEATURE_TLS10 = 256,
	SHEATH_FEATURE_MAC = 512,
	SHEATH_FEATURE_DEFLATE = 1024,
};

/**
 * enum sheath_hs_flag - options and results of a handshake
 * @SHEATH_HS_FLAG_ASYNC: The application polls for the end of the handshake
 * @SHEATH_HS_FLAG_WAIT_HANDLER: Queue the request while no helper listens
 * @SHEATH_HS_FLAG_WANT_PEER_CERT: The application wants the certificate of the peer
 * @SHEATH_HS_FLAG_KEEP_HANDLE: The helper keeps its handle after the handshake
 * @SHEATH_HS_FLAG_RESUMED: The session was resumed
 * @SHEATH_HS_FLAG_PEER_VERIFIED: The name and the chain of the peer were verified
 * @SHEATH_HS_FLAG_PEER_CERT_PRESENT: The peer presented a certificate
 */
enum sheath_hs_flag {
	SHEATH_HS_FLAG_ASYNC = 1,
	SHEATH_HS_FLAG_WAIT_HANDLER = 2,
	SHEATH_HS_FLAG_WANT_PEER_CERT = 4,
	SHEATH_HS_FLAG_KEEP_HANDLE = 8,
	SHEATH_HS_FLAG_RESUMED = 16,
	SHEATH_HS_FLAG_PEER_VERIFIED = 32,
	SHEATH_HS_FLAG_PEER_CERT_PRESENT = 64,
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
	SHEATH_A_HANDLE,
	SHEATH_A_SOCKFD,
	SHEATH_A_COOKIE,
	SHEATH_A_FEATURES,
	SHEATH_A_CIPHERS,
	SHEATH_A_MAX_PENDING,
	SHEATH_A_PENDING,
	SHEATH_A_STATE,
	SHEATH_A_EVENT,
	SHEATH_A_ROLE,
	SHEATH_A_REKEY_FLAGS,
	SHEATH_A_HS_FLAGS,
	SHEATH_A_TIMEOUT,
	SHEATH_A_HOSTNAME,
	SHEATH_A_ALPN,
	SHEATH_A_PROFILE,
	SHEATH_A_UID,
	SHEATH_A_GID,
	SHEATH_A_PID,
	SHEATH_A_SK_UID,
	SHEATH_A_CGROUP,
	SHEATH_A_LADDR,
	SHEATH_A_RADDR,
	SHEATH_A_KEY,
	SHEATH_A_STATUS,
	SHEATH_A_ALERT,
	SHEATH_A_MESSAGE,
	SHEATH_A_VERSION,
	SHEATH_A_SUITE,
	SHEATH_A_GROUP,
	SHEATH_A_PEER_NAME,
	SHEATH_A_PEER_HASH,
	SHEATH_A_PEER_CERT,
	SHEATH_A_RX_PREFILL,
	SHEATH_A_TX_LIMIT,
	SHEATH_A_TX_EPOCH,
	SHEATH_A_RX_EPOCH,
	SHEATH_A_TX_SEQ,
	SHEATH_A_RX_SEQ,
	SHEATH_A_STATS,

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
