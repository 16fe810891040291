// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Requests to the generic netlink family "sheath".
 *
 * A socket is opened for each request: the module compares the credentials of whoever
 * opened it with those of the caller, and a process may change its credentials or its
 * network namespace between two requests.
 *
 * Keys pass through the message buffer. libnl neither wipes it nor can be told to, and
 * prints whole messages when the environment variable NLCB says so: hence callbacks that
 * ignore the environment, and a wipe before each free. The kernel sends a message it
 * refuses back to its sender unless NETLINK_CAP_ACK is set.
 */
#include "netlink.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <linux/netlink.h>
#include <linux/sheath_nl.h>
#include <netlink/attr.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "error.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK	270
#endif

/* Bytes of a key-set request with both keys: about 400. */
#define REQUEST_LEN	1024

/* How often keys are given to a socket that is busy, and the first pause, doubled each time. */
#define TRIES		4
#define PAUSE_NS	1000000

/* The kernel answers before send() returns; this is for a kernel that is broken. */
#define REPLY_TIMEOUT_S	5

/**
 * struct reply - how a request ended
 * @done: 1 once the kernel has acknowledged or refused it
 * @error: 0 or a positive errno
 * @text: what the kernel says about the refusal, "" if nothing
 */
struct reply {
	int	done;
	int	error;
	char	text[160];
};

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct reply *reply = arg;

	(void)msg;
	reply->done = 1;
	return NL_STOP;
}

/* The text follows the error, and the request is not quoted: NETLINK_CAP_ACK is set. */
static int on_error(struct sockaddr_nl *addr, struct nlmsgerr *err, void *arg)
{
	const struct nlmsghdr *hdr = (const void *)((const char *)err - NLMSG_HDRLEN);
	int len = (int)hdr->nlmsg_len - NLMSG_HDRLEN - (int)sizeof(*err);
	struct reply *reply = arg;
	struct nlattr *text;

	(void)addr;
	reply->done = 1;
	reply->error = -err->error;
	if (!(hdr->nlmsg_flags & NLM_F_ACK_TLVS) || !(hdr->nlmsg_flags & NLM_F_CAPPED) || len <= 0)
		return NL_STOP;
	text = nla_find((struct nlattr *)(err + 1), len, NLMSGERR_ATTR_MSG);
	if (text)
		nla_strlcpy(reply->text, text, sizeof(reply->text));
	return NL_STOP;
}

static int set_options(struct nl_sock *sk)
{
	struct timeval timeout = { .tv_sec = REPLY_TIMEOUT_S };
	int fd = nl_socket_get_fd(sk), on = 1;

	if (setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)))
		return sheath_fail_errno("cannot set up a netlink socket");
	return 0;
}

static struct nl_sock *open_socket(void)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	struct nl_sock *sk = cb ? nl_socket_alloc_cb(cb) : NULL;
	int ret;

	nl_cb_put(cb);
	if (!sk) {
		sheath_fail("out of memory");
		return NULL;
	}
	ret = genl_connect(sk);
	if (ret) {
		sheath_fail("cannot open a netlink socket: %s", nl_geterror(ret));
		goto out_free;
	}
	if (set_options(sk))
		goto out_free;
	return sk;

out_free:
	nl_socket_free(sk);
	return NULL;
}

/* What a suite does not have is left out. */
static int put_bytes(struct nl_msg *msg, int attr, uint32_t len, const void *data)
{
	return len ? nla_put(msg, attr, len, data) : 0;
}

static int put_key(struct nl_msg *msg, const struct sheath_key *key, bool secrets)
{
	struct nlattr *nest = nla_nest_start(msg, SHEATH_A_KEY);

	if (!nest ||
	    nla_put_u32(msg, SHEATH_A_KEY_FLAGS, key->flags) ||
	    nla_put_u32(msg, SHEATH_A_KEY_VERSION, key->version) ||
	    nla_put_u32(msg, SHEATH_A_KEY_CIPHER, key->cipher) ||
	    nla_put_u32(msg, SHEATH_A_KEY_EPOCH, key->epoch) ||
	    nla_put_u64(msg, SHEATH_A_KEY_REC_SEQ, key->rec_seq))
		return -NLE_MSGSIZE;
	if (secrets && key->secret_len ?
	    nla_put(msg, SHEATH_A_KEY_SECRET, key->secret_len, key->secret) ||
	    nla_put_u32(msg, SHEATH_A_KEY_HASH, key->hash) :
	    put_bytes(msg, SHEATH_A_KEY_CIPHER_KEY, key->key_len, key->key) ||
	    put_bytes(msg, SHEATH_A_KEY_IV, key->iv_len, key->iv))
		return -NLE_MSGSIZE;
	if (key->mac && (nla_put_u32(msg, SHEATH_A_KEY_MAC, key->mac) ||
			 nla_put(msg, SHEATH_A_KEY_MAC_KEY, key->mac_key_len, key->mac_key)))
		return -NLE_MSGSIZE;
	if (key->compression && (nla_put_u32(msg, SHEATH_A_KEY_COMPRESSION, key->compression) ||
				 nla_put(msg, SHEATH_A_KEY_HISTORY, key->history_len, key->history)))
		return -NLE_MSGSIZE;
	return nla_nest_end(msg, nest);
}

/* What is not known is left out. */
static int put_known(struct nl_msg *msg, int attr, uint32_t value)
{
	return value ? nla_put_u32(msg, attr, value) : 0;
}

static int put_handover(struct nl_msg *msg, int family, int fd, const struct sheath_handover *ho)
{
	if (!genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, NLM_F_REQUEST,
			 SHEATH_CMD_KEY_SET, SHEATH_FAMILY_VERSION) ||
	    nla_put_s32(msg, SHEATH_A_SOCKFD, fd) ||
	    put_known(msg, SHEATH_A_ROLE, ho->role) ||
	    put_known(msg, SHEATH_A_SUITE, ho->suite) ||
	    put_known(msg, SHEATH_A_GROUP, ho->group) ||
	    put_known(msg, SHEATH_A_TX_LIMIT, ho->tx_limit) ||
	    put_key(msg, &ho->tx, ho->secrets_taken) ||
	    put_key(msg, &ho->rx, ho->secrets_taken))
		return sheath_fail("the netlink message is too small for the keys");
	return 0;
}

static int on_family(struct nl_msg *msg, void *arg)
{
	struct nlattr *attr = nlmsg_find_attr(nlmsg_hdr(msg), GENL_HDRLEN, SHEATH_A_FEATURES);

	if (attr)
		*(uint64_t *)arg = nla_get_u64(attr);
	return NL_OK;
}

/*
 * Sends one message and waits for the answer. @error becomes its errno, 0 without one; @what
 * says what the kernel refuses.
 */
static int request(struct nl_sock *sk, struct nl_msg *msg, const char *what, int *error)
{
	struct nl_cb *cb = nl_socket_get_cb(sk);
	struct reply reply = { 0 };
	int ret;

	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, &reply);
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, &reply);
	ret = nl_send_auto(sk, msg);
	while (ret >= 0 && !reply.done)
		ret = nl_recvmsgs(sk, cb);
	nl_cb_put(cb);
	*error = reply.error;
	if (!reply.done)
		return sheath_fail("no answer from the kernel about %s: %s", what,
				   nl_geterror(ret));
	if (!reply.error)
		return 0;
	if (*reply.text)
		return sheath_fail("the kernel refuses %s: %s", what, reply.text);
	errno = reply.error;
	return sheath_fail_errno("the kernel refuses %s", what);
}

/* 0 without an answer: there is no harm in keys alone. */
static uint64_t ask_features(struct nl_sock *sk, int family)
{
	struct nl_cb *cb = nl_socket_get_cb(sk);
	struct nl_msg *msg = nlmsg_alloc();
	uint64_t features = 0;
	int error;

	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_family, &features);
	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, NLM_F_REQUEST,
				 SHEATH_CMD_FAMILY_GET, SHEATH_FAMILY_VERSION) ||
	    request(sk, msg, "to tell its features", &error))
		features = 0;
	nl_cb_set(cb, NL_CB_VALID, NL_CB_DEFAULT, NULL, NULL);
	nl_cb_put(cb);
	nlmsg_free(msg);
	return features;
}

/*
 * What is known of the family, found out once for the process: its number in the upper 16 bits,
 * SHEATH_FEATURE_* below; 0: nothing. A module that is loaded anew has another number.
 */
static uint64_t known;

#define FAMILY_SHIFT	48

static int family_of(uint64_t k)
{
	return (int)(k >> FAMILY_SHIFT);
}

static uint64_t features_of(uint64_t k)
{
	return k & ((UINT64_C(1) << FAMILY_SHIFT) - 1);
}

/* Returns what is known now, 0 with an error noted if that is nothing. */
static uint64_t learn(struct nl_sock *sk)
{
	int family = genl_ctrl_resolve(sk, SHEATH_FAMILY_NAME);
	uint64_t k;

	if (family < 0) {
		sheath_fail("cannot find the netlink family " SHEATH_FAMILY_NAME ": %s",
			    nl_geterror(family));
		return 0;
	}
	k = (uint64_t)family << FAMILY_SHIFT;
	k |= features_of(ask_features(sk, family));
	__atomic_store_n(&known, k, __ATOMIC_RELAXED);
	return k;
}

static uint64_t recall(struct nl_sock *sk)
{
	uint64_t k = __atomic_load_n(&known, __ATOMIC_RELAXED);

	return k ? k : learn(sk);
}

/**
 * sheath_netlink_forget() - the module went, and may come back as another
 */
void sheath_netlink_forget(void)
{
	__atomic_store_n(&known, 0, __ATOMIC_RELAXED);
}

/**
 * sheath_netlink_features() - what the module can do
 *
 * Return: SHEATH_FEATURE_*, 0 if it cannot be asked.
 */
uint64_t sheath_netlink_features(void)
{
	uint64_t k = __atomic_load_n(&known, __ATOMIC_RELAXED);
	struct nl_sock *sk;

	if (k)
		return features_of(k);
	sk = open_socket();
	if (!sk)
		return 0;
	k = learn(sk);
	nl_socket_free(sk);
	return features_of(k);
}

/* One key-set; its errno, as sheath_netlink_key_set() has it. */
static int push(struct nl_sock *sk, uint64_t k, int fd, struct sheath_handover *ho, int *error)
{
	struct nl_msg *msg = nlmsg_alloc_size(REQUEST_LEN);
	int ret = -1;

	*error = ENOMEM;
	if (!msg)
		return sheath_fail("out of memory");
	ho->secrets_taken = ho->tx.secret_len && ho->rx.secret_len &&
			    (features_of(k) & SHEATH_FEATURE_SECRET);
	if (!put_handover(msg, family_of(k), fd, ho))
		ret = request(sk, msg, "the keys", error);
	explicit_bzero(nlmsg_hdr(msg), nlmsg_get_max_size(msg));
	nlmsg_free(msg);
	return ret;
}

/*
 * Another thread inside a call on the socket makes it busy: for a moment, or until data comes.
 * A number that is no family's, or another family's, is that of a module that went.
 */
static int push_patiently(struct nl_sock *sk, uint64_t k, int fd, struct sheath_handover *ho,
			  int *error)
{
	struct timespec pause = { .tv_nsec = PAUSE_NS };
	bool fresh = false;
	uint64_t now;
	int ret, n = 0;

	for (;;) {
		ret = push(sk, k, fd, ho, error);
		if (ret && (*error == ENOENT || *error == EOPNOTSUPP) && !fresh) {
			fresh = true;
			now = learn(sk);
			if (now && now != k) {
				k = now;
				continue;
			}
		}
		if (!ret || *error != EAGAIN || ++n == TRIES)
			return ret;
		nanosleep(&pause, NULL);
		pause.tv_nsec *= 2;
	}
}

/* Refusals that are about the way, and not about the keys. */
static bool is_no_way(int error)
{
	return error == EAGAIN || error == EXDEV || error == EPERM || error == ENOENT;
}

/**
 * sheath_netlink_key_set() - install both keys of a session
 * @fd: TCP socket with the ULP attached
 * @ho: keys and facts, still to be wiped by the caller; @ho->secrets_taken is set
 *
 * Return: 0; 1 if nothing was installed, and another way may do: netlink is not to be had here,
 * is of another network namespace, or would have to wait for the socket; -1 with errno set: it
 * is 0 if it is not known whether the keys were installed, anything else if they were not.
 */
int sheath_netlink_key_set(int fd, struct sheath_handover *ho)
{
	struct nl_sock *sk = open_socket();
	int ret, error;
	uint64_t k;

	if (!sk)
		return 1;
	k = recall(sk);
	if (!k) {
		nl_socket_free(sk);
		return 1;
	}
	ret = push_patiently(sk, k, fd, ho, &error);
	nl_socket_free(sk);
	if (ret && is_no_way(error))
		return 1;
	errno = error;
	return ret;
}
