// SPDX-License-Identifier: GPL-2.0
#include "nl.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "patience.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK	270
#endif

#define ANSWER_MS	10000

int st_nl_open_only(struct st_nl *nl)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int on = 1;

	memset(nl, 0, sizeof(*nl));
	nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (nl->fd < 0)
		return -1;
	return bind(nl->fd, (const void *)&kernel, sizeof(kernel)) ||
	       setsockopt(nl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)) ||
	       setsockopt(nl->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)) ||
	       st_be_patient(nl->fd, ANSWER_MS) ? -1 : 0;
}

int st_nl_open(struct st_nl *nl)
{
	int family;

	if (st_nl_open_only(nl))
		return -1;
	family = st_nl_family(nl, SHEATH_FAMILY_NAME);
	nl->family = family;
	return family < 0 ? -1 : 0;
}

void st_nl_close(struct st_nl *nl)
{
	close(nl->fd);
}

void st_req_init(struct st_req *r, uint16_t family, uint8_t cmd, uint16_t flags)
{
	memset(r, 0, sizeof(*r));
	r->nlh.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	r->nlh.nlmsg_type = family;
	r->nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	r->genl.cmd = cmd;
	r->genl.version = 1;
}

struct nlattr *st_req_put(struct st_req *r, int type, const void *data, unsigned int len)
{
	struct nlattr *nla = (void *)((uint8_t *)r + NLMSG_ALIGN(r->nlh.nlmsg_len));

	nla->nla_type = type;
	nla->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy((uint8_t *)nla + NLA_HDRLEN, data, len);
	r->nlh.nlmsg_len = NLMSG_ALIGN(r->nlh.nlmsg_len) + NLA_ALIGN(nla->nla_len);
	return nla;
}

void st_req_u32(struct st_req *r, int type, uint32_t value)
{
	st_req_put(r, type, &value, sizeof(value));
}

void st_req_u64(struct st_req *r, int type, uint64_t value)
{
	st_req_put(r, type, &value, sizeof(value));
}

static void take_text(struct st_nl *nl, const struct nlmsghdr *nlh)
{
	const struct nlattr *nla = (const void *)((const uint8_t *)NLMSG_DATA(nlh) +
						  sizeof(struct nlmsgerr));
	const uint8_t *end = (const uint8_t *)nlh + nlh->nlmsg_len;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	for (; (const uint8_t *)nla + NLA_HDRLEN <= end && nla->nla_len >= NLA_HDRLEN;
	     nla = (const void *)((const uint8_t *)nla + NLA_ALIGN(nla->nla_len))) {
		if (nla->nla_type != NLMSGERR_ATTR_MSG)
			continue;
		strncpy(nl->text, (const char *)nla + NLA_HDRLEN, sizeof(nl->text) - 1);
		return;
	}
}

/* 1: not the end of the answer yet */
static int take(struct st_nl *nl, const struct nlmsghdr *nlh, int *family)
{
	const uint8_t *attrs = (const uint8_t *)NLMSG_DATA(nlh) + GENL_HDRLEN;
	const struct nlattr *nla = (const void *)attrs;

	if (nlh->nlmsg_seq != nl->seq)
		return 1;
	switch (nlh->nlmsg_type) {
	case NLMSG_ERROR:
		take_text(nl, nlh);
		return ((const struct nlmsgerr *)NLMSG_DATA(nlh))->error;
	case NLMSG_DONE:
		return *(const int *)NLMSG_DATA(nlh);
	}
	nl->n_replies++;
	for (; family && (const uint8_t *)nla < (const uint8_t *)nlh + nlh->nlmsg_len;
	     nla = (const void *)((const uint8_t *)nla + NLA_ALIGN(nla->nla_len))) {
		if (nla->nla_type == CTRL_ATTR_FAMILY_ID)
			*family = *(const uint16_t *)((const uint8_t *)nla + NLA_HDRLEN);
	}
	return 1;
}

static int ask(struct st_nl *nl, struct st_req *r, int *family)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	uint8_t buf[16384] __attribute__((aligned(8)));
	struct nlmsghdr *nlh;
	int rc = 1, left;

	nl->n_replies = 0;
	memset(nl->text, 0, sizeof(nl->text));
	r->nlh.nlmsg_seq = ++nl->seq;
	if (sendto(nl->fd, r, r->nlh.nlmsg_len, 0, nl->addressed ? (const void *)&kernel : NULL,
		   nl->addressed ? sizeof(kernel) : 0) != (ssize_t)r->nlh.nlmsg_len)
		return ST_NL_NO_ANSWER;
	while (rc == 1) {
		left = recv(nl->fd, buf, sizeof(buf), 0);
		if (left <= 0)
			return ST_NL_NO_ANSWER;
		for (nlh = (void *)buf; rc == 1 && NLMSG_OK(nlh, left);
		     nlh = NLMSG_NEXT(nlh, left))
			rc = take(nl, nlh, family);
	}
	return rc;
}

int st_nl_ask(struct st_nl *nl, struct st_req *r)
{
	return ask(nl, r, NULL);
}

int st_nl_family(struct st_nl *nl, const char *name)
{
	struct st_req r;
	int rc, family = 0;

	st_req_init(&r, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	st_req_put(&r, CTRL_ATTR_FAMILY_NAME, name, strlen(name) + 1);
	rc = ask(nl, &r, &family);
	return rc ?: family;
}

static void put_known(struct st_req *r, int type, uint32_t value)
{
	if (value)
		st_req_u32(r, type, value);
}

static void put_bytes(struct st_req *r, int type, const void *data, uint32_t len, size_t room)
{
	uint8_t copy[256] = { 0 };

	memcpy(copy, data, len < room ? len : room);
	if (len)
		st_req_put(r, type, copy, len < sizeof(copy) ? len : sizeof(copy));
}

static void put_key(struct st_req *r, const struct sheath_key *k)
{
	struct nlattr *nest = st_req_put(r, SHEATH_A_KEY | NLA_F_NESTED, "", 0);

	st_req_u32(r, SHEATH_A_KEY_FLAGS, k->flags);
	st_req_u32(r, SHEATH_A_KEY_VERSION, k->version);
	st_req_u32(r, SHEATH_A_KEY_CIPHER, k->cipher);
	st_req_u64(r, SHEATH_A_KEY_REC_SEQ, k->rec_seq);
	put_known(r, SHEATH_A_KEY_EPOCH, k->epoch);
	put_bytes(r, SHEATH_A_KEY_CIPHER_KEY, k->key, k->key_len, sizeof(k->key));
	put_bytes(r, SHEATH_A_KEY_IV, k->iv, k->iv_len, sizeof(k->iv));
	put_known(r, SHEATH_A_KEY_HASH, k->hash);
	put_bytes(r, SHEATH_A_KEY_SECRET, k->secret, k->secret_len, sizeof(k->secret));
	put_known(r, SHEATH_A_KEY_MAC, k->mac);
	put_bytes(r, SHEATH_A_KEY_MAC_KEY, k->mac_key, k->mac_key_len, sizeof(k->mac_key));
	put_known(r, SHEATH_A_KEY_COMPRESSION, k->compression);
	put_bytes(r, SHEATH_A_KEY_HISTORY, k->history, k->history_len, sizeof(k->history));
	nest->nla_len = (uint8_t *)r + r->nlh.nlmsg_len - (uint8_t *)nest;
}

int st_nl_key_set(struct st_nl *nl, int fd, const struct sheath_keys *keys)
{
	struct st_req r;
	unsigned int i;

	st_req_init(&r, nl->family, SHEATH_CMD_KEY_SET, 0);
	st_req_u32(&r, SHEATH_A_SOCKFD, fd);
	put_known(&r, SHEATH_A_ROLE, keys->role);
	put_known(&r, SHEATH_A_SUITE, keys->suite);
	put_known(&r, SHEATH_A_GROUP, keys->group);
	put_known(&r, SHEATH_A_TX_LIMIT, keys->tx_limit);
	for (i = 0; i < keys->n_keys; i++)
		put_key(&r, &keys->key[i]);
	return st_nl_ask(nl, &r);
}
