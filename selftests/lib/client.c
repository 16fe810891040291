// SPDX-License-Identifier: GPL-2.0
/* A client of the family "sheath" that keeps whole answers. */
#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>

#include "fault.h"
#include "patience.h"

int st_client_open(struct st_client *c)
{
	const int on = 1;

	memset(c, 0, sizeof(*c));
	c->nl = nl_socket_alloc();
	if (!c->nl || genl_connect(c->nl))
		return -1;
	c->family = genl_ctrl_resolve(c->nl, SHEATH_FAMILY_NAME);
	if (c->family < 0)
		return -1;
	c->fd = nl_socket_get_fd(c->nl);
	c->seq = 1000;
	if (setsockopt(c->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)) ||
	    st_be_patient(c->fd, 1000 * ST_CLIENT_S))
		return -1;
	return 0;
}

void st_client_close(struct st_client *c)
{
	nl_socket_free(c->nl);
}

int st_client_join(struct st_client *c)
{
	int group = genl_ctrl_resolve_grp(c->nl, SHEATH_FAMILY_NAME, SHEATH_MCGRP_SESSION);

	if (group < 0)
		return -1;
	return setsockopt(c->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group));
}

void *st_request_put(struct st_request *r, int type, const void *data, size_t len)
{
	struct nlattr *nla = (void *)(r->buf + NLMSG_ALIGN(r->nlh.nlmsg_len));

	nla->nla_type = type;
	nla->nla_len = NLA_HDRLEN + len;
	memcpy((uint8_t *)nla + NLA_HDRLEN, data, len);
	r->nlh.nlmsg_len = NLMSG_ALIGN(r->nlh.nlmsg_len) + NLA_ALIGN(nla->nla_len);
	return nla;
}

void st_put_u32(struct st_request *r, int type, uint32_t v)
{
	st_request_put(r, type, &v, sizeof(v));
}

void st_put_u64(struct st_request *r, int type, uint64_t v)
{
	st_request_put(r, type, &v, sizeof(v));
}

struct nlattr *st_nest_start(struct st_request *r, int type)
{
	return st_request_put(r, type | NLA_F_NESTED, "", 0);
}

void st_nest_end(struct st_request *r, struct nlattr *nest)
{
	nest->nla_len = r->buf + r->nlh.nlmsg_len - (uint8_t *)nest;
}

void st_request_init(struct st_request *r, const struct st_client *c, int cmd)
{
	struct genlmsghdr *hdr = NLMSG_DATA(&r->nlh);

	memset(r, 0, sizeof(*r));
	r->nlh.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	r->nlh.nlmsg_type = c->family;
	r->nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	hdr->cmd = cmd;
	hdr->version = SHEATH_FAMILY_VERSION;
}

/* The text the kernel gave with an acknowledgment, if any. */
static void answer_text(struct st_answer *a, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = NLMSG_DATA(nlh);
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1];
	size_t off = NLMSG_HDRLEN + sizeof(*e);

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		off += e->msg.nlmsg_len - sizeof(e->msg);
	off = NLMSG_ALIGN(off);
	if (nla_parse(tb, NLMSGERR_ATTR_MAX, (struct nlattr *)((uint8_t *)nlh + off),
		      nlh->nlmsg_len - off, NULL) || !tb[NLMSGERR_ATTR_MSG])
		return;
	nla_strlcpy(a->text, tb[NLMSGERR_ATTR_MSG], sizeof(a->text));
}

/* Returns true if @nlh was the last message of the answer. */
static bool answer_add(struct st_answer *a, const struct st_client *c, struct nlmsghdr *nlh)
{
	if (nlh->nlmsg_seq != c->seq)
		return false;
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		a->err = ((struct nlmsgerr *)NLMSG_DATA(nlh))->error;
		answer_text(a, nlh);
		return true;
	}
	if (nlh->nlmsg_type == c->family) {
		a->n_replies++;
		a->cmd = ((struct genlmsghdr *)NLMSG_DATA(nlh))->cmd;
		nla_parse(a->tb, SHEATH_A_MAX,
			  (struct nlattr *)((uint8_t *)NLMSG_DATA(nlh) + GENL_HDRLEN),
			  nlh->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN), NULL);
	}
	return false;
}

/* Waits for the acknowledgment; returns its errno, negative, or 0. */
static int client_wait(struct st_client *c, struct st_answer *a)
{
	struct nlmsghdr *nlh;
	ssize_t n;
	int left;

	for (;;) {
		n = recv(c->fd, a->raw + a->len, sizeof(a->raw) - a->len, 0);
		if (n <= 0)
			return a->err = -ECOMM;
		nlh = (struct nlmsghdr *)(a->raw + a->len);
		a->len += NLMSG_ALIGN(n);
		for (left = n; NLMSG_OK(nlh, left); nlh = NLMSG_NEXT(nlh, left)) {
			if (answer_add(a, c, nlh))
				return a->err;
		}
	}
}

int st_client_ask(struct st_client *c, struct st_request *r, struct st_answer *a)
{
	memset(a, 0, sizeof(*a));
	r->nlh.nlmsg_seq = ++c->seq;
	if (send(c->fd, r, r->nlh.nlmsg_len, 0) != (ssize_t)r->nlh.nlmsg_len)
		return a->err = -ECOMM;
	return client_wait(c, a);
}

bool st_ask_with_fault(struct st_client *c, struct st_request *r, struct st_answer *a,
			      unsigned int nth)
{
	struct st_request sent = *r;
	bool hit;
	ssize_t n;

	memset(a, 0, sizeof(*a));
	sent.nlh.nlmsg_seq = ++c->seq;
	st_fault_begin(nth);
	n = send(c->fd, &sent, sent.nlh.nlmsg_len, 0);
	hit = st_fault_end();
	if (n < 0) {
		a->err = -ECOMM;
		return hit;
	}
	client_wait(c, a);
	return hit;
}

bool st_next_event(struct st_client *c, struct st_answer *a)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)a->raw;
	ssize_t n;

	memset(a, 0, sizeof(*a));
	n = recv(c->fd, a->raw, sizeof(a->raw), MSG_DONTWAIT);
	if (n <= 0)
		return false;
	a->len = n;
	a->cmd = ((struct genlmsghdr *)NLMSG_DATA(nlh))->cmd;
	nla_parse(a->tb, SHEATH_A_MAX, (struct nlattr *)((uint8_t *)NLMSG_DATA(nlh) + GENL_HDRLEN),
		  nlh->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN), NULL);
	return true;
}

int st_ask_session(struct st_client *c, int fd, struct st_answer *a)
{
	struct st_request r;

	st_request_init(&r, c, SHEATH_CMD_SESSION_GET);
	st_put_u32(&r, SHEATH_A_SOCKFD, fd);
	return st_client_ask(c, &r, a);
}

int st_ask_cookie(struct st_client *c, uint64_t cookie, struct st_answer *a)
{
	struct st_request r;

	st_request_init(&r, c, SHEATH_CMD_SESSION_GET);
	st_put_u64(&r, SHEATH_A_COOKIE, cookie);
	return st_client_ask(c, &r, a);
}

uint64_t st_cookie(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len);
	return cookie;
}

uint32_t st_attr_u32(const struct st_answer *a, int type)
{
	return a->tb[type] ? nla_get_u32(a->tb[type]) : UINT32_MAX;
}

uint64_t st_attr_u64(const struct st_answer *a, int type)
{
	return a->tb[type] ? nla_get_u64(a->tb[type]) : UINT64_MAX;
}

bool st_dump_refusal_has_text(void)
{
	struct utsname u;
	int major, minor;

	if (uname(&u) || sscanf(u.release, "%d.%d", &major, &minor) != 2)
		return false;
	return major > 6 || (major == 6 && minor >= 12);
}
