// SPDX-License-Identifier: GPL-2.0
/*
 * The family "sheath": what family-get says, and the policies the kernel lists of it.
 *
 * Wants to be root, with sheath loaded.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/sheath.h>
#include <linux/sheath_nl.h>

#include <netlink/attr.h>
#include <netlink/genl/genl.h>

#include "kselftest_harness.h"
#include "netlink_fixture.h"

TEST_F(netlink, family_get)
{
	bool has[ARRAY_SIZE(st_key_suites)] = { 0 };
	struct nlattr *nla;
	unsigned int i;
	int rem;

	st_request_init(&self->r, &self->c, SHEATH_CMD_FAMILY_GET);
	ASSERT_EQ(0, st_client_ask(&self->c, &self->r, &self->a));
	EXPECT_EQ(1, self->a.n_replies);
	EXPECT_EQ(SHEATH_CMD_FAMILY_GET, self->a.cmd);
	EXPECT_EQ(SHEATH_FEATURE_TLS12 | SHEATH_FEATURE_TLS13 | SHEATH_FEATURE_SECRET |
		  SHEATH_FEATURE_TLS10 | SHEATH_FEATURE_MAC | SHEATH_FEATURE_DEFLATE,
		  st_attr_u64(&self->a, SHEATH_A_FEATURES));

	nla = (struct nlattr *)(self->a.raw + NLMSG_LENGTH(GENL_HDRLEN));
	rem = ((struct nlmsghdr *)self->a.raw)->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN);
	for (; nla_ok(nla, rem); nla = nla_next(nla, &rem)) {
		for (i = 0; i < ARRAY_SIZE(st_key_suites); i++) {
			if (nla_type(nla) == SHEATH_A_CIPHERS &&
			    nla_get_u32(nla) == st_key_suites[i].cipher)
				has[i] = true;
		}
	}
	for (i = 0; i < ARRAY_SIZE(st_key_suites); i++) {
		EXPECT_TRUE(has[i]) {
			TH_LOG("no %s", st_key_suites[i].name);
		}
	}
}

TEST_F(netlink, family_get_takes_no_attribute)
{
	int type;

	for (type = 1; type <= SHEATH_A_MAX + 1; type++) {
		st_request_init(&self->r, &self->c, SHEATH_CMD_FAMILY_GET);
		st_put_u32(&self->r, type, 1);
		EXPECT_REFUSED(&self->c, &self->r, EINVAL, "");
	}
}

TEST_F(netlink, family_get_header)
{
	st_request_init(&self->r, &self->c, SHEATH_CMD_FAMILY_GET);
	((struct genlmsghdr *)NLMSG_DATA(&self->r.nlh))->reserved = 1;
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "reserved");
	st_request_init(&self->r, &self->c, SHEATH_CMD_FAMILY_GET);
	self->r.nlh.nlmsg_flags |= NLM_F_EXCL;
	EXPECT_REFUSED(&self->c, &self->r, EINVAL, "flags");
}

/* The kernel's own list of our policies: the module's are left out of it, in good order. */
TEST_F(netlink, policies_can_be_asked_for)
{
	struct nlmsghdr *nlh;
	uint8_t buf[16384];
	int left, err = 1;

	st_request_init(&self->r, &self->c, CTRL_CMD_GETPOLICY);
	self->r.nlh.nlmsg_type = GENL_ID_CTRL;
	self->r.nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	st_request_put(&self->r, CTRL_ATTR_FAMILY_NAME, SHEATH_FAMILY_NAME,
		       sizeof(SHEATH_FAMILY_NAME));
	ASSERT_LT(0, send(self->c.fd, &self->r, self->r.nlh.nlmsg_len, 0));
	while (err == 1) {
		left = recv(self->c.fd, buf, sizeof(buf), 0);
		ASSERT_LT(0, left);
		for (nlh = (void *)buf; NLMSG_OK(nlh, left); nlh = NLMSG_NEXT(nlh, left)) {
			if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR)
				memcpy(&err, NLMSG_DATA(nlh), sizeof(err));
		}
	}
	EXPECT_EQ(0, err);
}

TEST_HARNESS_MAIN
