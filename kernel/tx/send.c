// SPDX-License-Identifier: GPL-2.0
/*
 * Sending: the loop around gather, seal and push.
 *
 *	caller's bytes --gather--> open record --seal--> pending --push--> TCP
 *
 * Bytes count as sent once they are in a record, sealed or open. So a short count or EAGAIN
 * means that the rest was never looked at, and the pending ciphertext goes out from the
 * next call, or from sk_write_space() when there is none.
 */
#include "tx/tx.h"

#include <linux/net.h>
#include <linux/net_tstamp.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <net/tcp.h>


/**
 * sheath_tx_alloc() - a pipeline without keys
 *
 * Return: pipeline, or NULL.
 */
struct sheath_tx *sheath_tx_alloc(void)
{
	struct sheath_tx *tx = kzalloc(sizeof(*tx), GFP_KERNEL_ACCOUNT);

	if (!tx)
		return NULL;
	tx->limit = SHEATH_PLAIN_MAX;
	sheath_sgl_init(&tx->src);
	sheath_sgl_init(&tx->dst);
	return tx;
}

/**
 * sheath_tx_free() - give up everything, keys included
 * @tx: pipeline or NULL
 */
void sheath_tx_free(struct sheath_tx *tx)
{
	if (!tx)
		return;
	sheath_tx_open_drop(tx);
	sheath_tx_pend_drop(tx);
	WARN_ON_ONCE(tx->charged);
	if (tx->small)
		put_page(tx->small);
	if (tx->seam)
		put_page(tx->seam);
	sheath_dir_exit(&tx->dir);
	memzero_explicit(tx, sizeof(*tx));
	kfree_rcu(tx, rcu);
}

/**
 * sheath_tx_seq() - number of the next record
 * @conn: context
 *
 * Context: lock_sock() or rcu_read_lock() held.
 *
 * Return: the number, 0 without a sending key.
 */
u64 sheath_tx_seq(const struct sheath_conn *conn)
{
	const struct sheath_tx *tx = READ_ONCE(conn->tx);

	return tx ? READ_ONCE(tx->dir.seq) : 0;
}

static int may_send(const struct sheath_conn *conn)
{
	if (conn->err)
		return -conn->err;
	return conn->tx->closed || conn->sk->sk_shutdown & SEND_SHUTDOWN ? -EPIPE : 0;
}

/* until nothing is pending and TCP has room; may release the lock */
static int wait_writable(struct sheath_conn *conn, long *timeo)
{
	struct sock *sk = conn->sk;
	int rc;

	for (;;) {
		rc = may_send(conn);
		if (rc)
			return rc;
		rc = sheath_tx_push(conn, false);
		if (rc && rc != -EAGAIN)
			return sock_error(sk) ?: rc;
		if (!rc && sk_stream_memory_free(sk))
			return 0;
		rc = sk_stream_wait_memory(sk, timeo);
		if (rc) {
			/* the only wake-up for room may have come to this sender: push now */
			sheath_tx_push(conn, false);
			return rc;
		}
	}
}

/* a send of no bytes and without MSG_MORE closes the record that MSG_MORE left open */
static int end_open(struct sheath_conn *conn, long *timeo)
{
	int rc;

	if (conn->tx->open == SHEATH_TX_NONE)
		return may_send(conn);
	rc = wait_writable(conn, timeo);
	return rc ?: sheath_tx_flush_open(conn);
}

/*
 * Control messages at SOL_SOCKET are checked as TCP checks them; TCP acts on SO_TIMESTAMPING only.
 * Time stamps of sent bytes are refused: a record may have the bytes of several messages, so no
 * time belongs to one of them.
 */
static int check_cmsg(struct sock *sk, struct msghdr *msg)
{
	struct sockcm_cookie sockc;
	u32 flags;

	sockcm_init(&sockc, sk);
	flags = sockc.tsflags;
	if (sock_cmsg_send(sk, msg, &sockc))
		return -EINVAL;
	return (sockc.tsflags ^ flags) & SOF_TIMESTAMPING_TX_RECORD_MASK ? -EOPNOTSUPP : 0;
}

/* the content type a caller asks for; TLS_SET_RECORD_TYPE of <linux/tls.h> */
static int parse_cmsg(struct msghdr *msg, u8 *type)
{
	struct cmsghdr *cmsg;
	bool found = false;

	for_each_cmsghdr(cmsg, msg) {
		if (!CMSG_OK(msg, cmsg))
			return -EINVAL;
		if (cmsg->cmsg_level != SOL_TLS)
			continue;
		if (cmsg->cmsg_type != TLS_SET_RECORD_TYPE || found ||
		    cmsg->cmsg_len < CMSG_LEN(sizeof(*type)) || msg->msg_flags & MSG_MORE)
			return -EINVAL;
		*type = *(u8 *)CMSG_DATA(cmsg);
		found = true;
	}
	return 0;
}

/*
 * Flags that cannot mean for records what they mean for TCP: a byte out of the stream, data in a
 * SYN, memory that is the caller's again only after a notice. All other flags keep their meaning.
 */
static bool flags_refused(const struct sock *sk, const struct msghdr *msg)
{
	return msg->msg_flags & (MSG_OOB | MSG_FASTOPEN) ||
	       (msg->msg_flags & MSG_ZEROCOPY &&
		(msg->msg_ubuf || sock_flag(sk, SOCK_ZEROCOPY)));
}

/* bytes gathered at once: as many as TCP has room for, and one record at least */
static u32 batch(const struct sock *sk)
{
	return clamp_t(u32, sheath_tx_room(sk), 1, SHEATH_TX_BATCH);
}

static int send_records(struct sheath_conn *conn, struct msghdr *msg, u8 type, long *timeo)
{
	struct sheath_tx *tx = conn->tx;
	bool more = msg->msg_flags & MSG_MORE;
	int rc;

	do {
		rc = wait_writable(conn, timeo);
		if (rc)
			return rc;
		if (tx->open != SHEATH_TX_NONE && tx->open_type != type) {
			rc = sheath_tx_seal_open(conn);
			if (rc)
				return rc;
		}
		rc = sheath_tx_gather(conn, msg, type, more, batch(conn->sk));
		if (tx->n_pend) {
			int pushed = sheath_tx_push(conn, more || (!rc && msg_data_left(msg)));

			if (pushed && pushed != -EAGAIN)
				return pushed;
		}
	} while (!rc && msg_data_left(msg));
	return rc;
}

/* an application that sends its own close_notify or fatal alert ends the direction by it */
static bool ends_tx(u8 type, const u8 *alert, size_t size)
{
	return type == SHEATH_CT_ALERT && size == SHEATH_ALERT_LEN &&
	       (alert[0] == SHEATH_ALERT_FATAL || alert[1] == SHEATH_ALERT_CLOSE_NOTIFY);
}

static void peek_alert(const struct msghdr *msg, size_t size, u8 *alert)
{
	struct iov_iter copy = msg->msg_iter;

	if (size == SHEATH_ALERT_LEN && !copy_from_iter_full(alert, size, &copy))
		memset(alert, 0xff, SHEATH_ALERT_LEN);
}

static u8 first_byte(const struct msghdr *msg, size_t size)
{
	struct iov_iter copy = msg->msg_iter;
	u8 byte = 0;

	return size && copy_from_iter(&byte, 1, &copy) ? byte : 0;
}

/**
 * sheath_tx_sendmsg() - sendmsg() on a connection with a sending key
 * @conn: connection
 * @msg: message
 * @size: bytes in it
 *
 * Context: lock_sock() held, released while waiting; may sleep.
 *
 * Return: bytes taken, or
 * * %-EAGAIN		- no room; never after part of @msg was taken
 * * %-EINTR, %-ERESTARTSYS - a signal, before anything was taken
 * * %-EPIPE		- close_notify was sent; SIGPIPE unless MSG_NOSIGNAL
 * * %-EINVAL		- bad control message; MSG_MORE with MSG_EOR or a control record; a
 *			  KeyUpdate where the module sends them itself
 * * %-EOPNOTSUPP	- a flag, or a request for time stamps, that makes no sense on records
 * * %-EMSGSIZE		- an alert longer than two bytes
 * * %-EKEYEXPIRED	- no sequence number is left, or the key is used up
 * * other		- what ended the session or the connection
 */
int sheath_tx_sendmsg(struct sheath_conn *conn, struct msghdr *msg, size_t size)
{
	u8 type = SHEATH_CT_DATA, alert[SHEATH_ALERT_LEN] = { 0xff, 0xff };
	struct sock *sk = conn->sk;
	bool key_update;
	size_t taken;
	long timeo;
	int rc;

	sheath_conn_owned(conn);
	if (flags_refused(sk, msg))
		return -EOPNOTSUPP;
	if ((msg->msg_flags & (MSG_MORE | MSG_EOR)) == (MSG_MORE | MSG_EOR))
		return -EINVAL;
	if (msg->msg_controllen) {
		rc = check_cmsg(sk, msg) ?: parse_cmsg(msg, &type);
		if (rc)
			return rc;
	}
	if (type == SHEATH_CT_ALERT && size > SHEATH_ALERT_LEN)
		return -EMSGSIZE;
	/* the peer would follow to its next key, while the module keeps the old one */
	key_update = type == SHEATH_CT_HANDSHAKE && first_byte(msg, size) == SHEATH_MSG_KEY_UPDATE;
	if (key_update && conn->tx->dir.secret.hash)
		return -EINVAL;

	timeo = sock_sndtimeo(sk, msg->msg_flags & MSG_DONTWAIT);
	if (!size) {
		rc = msg->msg_flags & MSG_MORE ? may_send(conn) : end_open(conn, &timeo);
		return sk_stream_error(sk, msg->msg_flags, rc);
	}
	peek_alert(msg, size, alert);
	rc = send_records(conn, msg, type, &timeo);
	sheath_tx_charge(conn);
	sheath_tx_open_left(conn);
	taken = size - msg_data_left(msg);
	if (taken == size && ends_tx(type, alert, size))
		conn->tx->closed = true;
	if (key_update && taken == SHEATH_MSG_HEAD_LEN + SHEATH_KEY_UPDATE_LEN)
		sheath_rekey_sent(conn);
	/* return the session's sticky error: for -EPIPE, sk_stream_error() would clear sk_err */
	if (!taken && rc == -EPIPE && conn->err)
		rc = -conn->err;
	return taken ? taken : sk_stream_error(sk, msg->msg_flags, rc);
}
