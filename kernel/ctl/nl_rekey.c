// SPDX-License-Identifier: GPL-2.0
/* rekey: a KeyUpdate on request. */
#include "ctl/nl.h"

#include <net/genetlink.h>
#include <net/sock.h>

#include "core/conn.h"
#include "core/own.h"
#include "record/alg.h"
#include "tx/rekey.h"
#include "tx/tx.h"

static int nl_rekey_flags(struct genl_info *info, enum sheath_rekey_tx *what)
{
	const struct nlattr *attr = info->attrs[SHEATH_A_REKEY_FLAGS];
	u32 flags;

	if (!attr) {
		NL_SET_ERR_ATTR_MISS(info->extack, NULL, SHEATH_A_REKEY_FLAGS);
		NL_SET_ERR_MSG(info->extack, "rekey-flags: missing");
		return -EINVAL;
	}
	flags = nla_get_u32(attr);
	if ((flags | SHEATH_KEY_REQUEST_PEER) != (SHEATH_KEY_TX | SHEATH_KEY_REQUEST_PEER)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "rekey-flags: must be tx, or tx and request-peer");
		return -EINVAL;
	}
	*what = flags & SHEATH_KEY_REQUEST_PEER ? SHEATH_REKEY_BOTH : SHEATH_REKEY_SELF;
	return 0;
}

/* Algorithms that derive the next key are loaded elsewhere, never while the socket is owned. */
static bool nl_algs_ready(const struct sheath_tx *tx)
{
	const struct sheath_dir *dir = &tx->dir;

	return !sheath_alg_ready(dir->suite->block_alg, SHEATH_ALG_DEFER) &&
	       !sheath_alg_ready(dir->suite->alg, SHEATH_ALG_DEFER) &&
	       !sheath_alg_ready(sheath_secret_hmac(dir->secret.hash), SHEATH_ALG_DEFER);
}

static int nl_rekey_owned(struct sock *sk, struct genl_info *info, enum sheath_rekey_tx what)
{
	struct sheath_conn *conn = sheath_conn_get(sk);
	int err;

	if (!sheath_conn_attached(sk)) {
		NL_SET_ERR_MSG(info->extack, "socket: the sheath ULP is not attached");
		return -ENOPROTOOPT;
	}
	if (conn->tx && !nl_algs_ready(conn->tx)) {
		NL_SET_ERR_MSG(info->extack, "cipher: being loaded, try again");
		return -EBUSY;
	}
	err = sheath_rekey_request(conn, what);
	switch (err) {
	case 0:
		break;
	case -ENOTCONN:
		NL_SET_ERR_MSG(info->extack, "socket: there is no sending key");
		break;
	case -EOPNOTSUPP:
		NL_SET_ERR_MSG(info->extack, "secret: the sending key came without one");
		break;
	case -EPIPE:
		NL_SET_ERR_MSG(info->extack, "socket: close_notify has been sent");
		break;
	default:
		NL_SET_ERR_MSG(info->extack, "socket: the sending key could not be changed");
	}
	return err;
}

static int nl_rekey_sk(struct sock *sk, struct genl_info *info, enum sheath_rekey_tx what)
{
	struct sk_buff *reply;
	void *hdr;
	int err;

	reply = sheath_nl_reply_start(info, SHEATH_NL_EPOCHS_SIZE, &hdr);
	if (!reply)
		return sheath_nl_no_memory(info->extack);
	if (sheath_own_try(sk)) {
		err = nl_rekey_owned(sk, info, what);
		if (!err)
			sheath_nl_put_done(reply, hdr, sheath_conn_get(sk));
		release_sock(sk);
	} else {
		NL_SET_ERR_MSG(info->extack, "socket: in use by another call, try again");
		err = -EBUSY;
	}
	if (err) {
		nlmsg_free(reply);
		return err;
	}
	genlmsg_reply(reply, info);
	return 0;
}

/**
 * sheath_nl_rekey() - SHEATH_CMD_REKEY
 * @skb: request
 * @info: request
 *
 * Return: 0; %-EBUSY while another call owns the socket; %-ENOPROTOOPT for a socket without
 * the ULP; or as sheath_nl_whose_get() and sheath_rekey_request().
 */
int sheath_nl_rekey(struct sk_buff *skb, struct genl_info *info)
{
	struct sheath_nl_whose whose;
	enum sheath_rekey_tx what;
	int err;

	err = sheath_nl_check_request(info);
	if (err)
		return err;
	err = nl_rekey_flags(info, &what);
	if (err)
		return err;
	err = sheath_nl_whose_get(skb, info, &whose);
	if (err)
		return err;
	err = nl_rekey_sk(whose.sk, info, what);
	sheath_nl_whose_put(&whose);
	return err;
}

