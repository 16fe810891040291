// SPDX-License-Identifier: GPL-2.0
/*
 * No answer shows a key, whatever is wrong with the request.
 *
 * Wants to be root, with sheath loaded.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/sheath.h>
#include <linux/sheath_nl.h>

#include <netlink/genl/genl.h>

#include "kselftest_harness.h"
#include "netlink_fixture.h"

/* A message the core refuses does come back with the key in it: the check can fail. */
TEST_F(netlink, leak_check_can_fail)
{
	st_request_init(&self->r, &self->c, SHEATH_CMD_SESSION_GET);
	st_put_key(&self->r, &self->tx);
	EXPECT_EQ(-EINVAL, st_client_ask(&self->c, &self->r, &self->a));
	EXPECT_TRUE(st_answer_leaks(&self->a));
}

TEST_F(netlink, success_and_refusal_show_no_key)
{
	const int on = 1;

	ASSERT_EQ(0, st_ask_keys(&self->c, self->fd[0], &self->tx, &self->rx, &self->a));
	EXPECT_FALSE(st_answer_leaks(&self->a));
	ASSERT_EQ(-EBUSY, st_ask_keys(&self->c, self->fd[0], &self->tx, &self->rx, &self->a));
	EXPECT_FALSE(st_answer_leaks(&self->a));
	/* the refused request came back in full, with nothing in it */
	EXPECT_GT(self->a.len, 2 * NLMSG_HDRLEN + 2 * sizeof(self->tx.key) + 100);
	ASSERT_EQ(0, setsockopt(self->c.fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)));
	ASSERT_EQ(-EBUSY, st_ask_keys(&self->c, self->fd[0], &self->tx, &self->rx, &self->a));
	EXPECT_FALSE(st_answer_leaks(&self->a));
	EXPECT_NE(0, strlen(self->a.text));
}

/* What a header can say wrong: a dump of what there is none of, no request for an answer. */
TEST_F(netlink, odd_headers_show_no_key)
{
	static const struct { uint16_t flags; int err; } odd[] = {
		{ NLM_F_REQUEST | NLM_F_DUMP, -EOPNOTSUPP },
		{ NLM_F_REQUEST | NLM_F_DUMP | NLM_F_ACK, -EOPNOTSUPP },
		{ NLM_F_REQUEST | NLM_F_DUMP | NLM_F_ECHO | NLM_F_ATOMIC, -EOPNOTSUPP },
		{ NLM_F_REQUEST | NLM_F_ACK | NLM_F_ROOT, -EINVAL },
		{ NLM_F_REQUEST | NLM_F_ACK | NLM_F_MATCH, -EINVAL },
		{ NLM_F_ACK, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(odd); i++) {
		st_request_key_set(&self->r, &self->c, self->fd[0]);
		self->r.nlh.nlmsg_flags = odd[i].flags;
		st_put_key(&self->r, &self->tx);
		EXPECT_EQ(odd[i].err, st_client_ask(&self->c, &self->r, &self->a)) TH_LOG("%u", i);
		EXPECT_FALSE(st_answer_leaks(&self->a)) TH_LOG("%u", i);
	}
	/* none of them was taken for a key */
	EXPECT_EQ(0, st_ask_keys(&self->c, self->fd[0], &self->tx, &self->rx, &self->a));
}

/* Whatever is wrong with the attributes: the answer has no key in it. */
TEST_F(netlink, damaged_requests_show_no_key)
{
	unsigned int i, n, at, seed = 1;
	size_t head = NLMSG_LENGTH(GENL_HDRLEN);

	for (i = 0; i < 3000; i++) {
		st_request_key_set(&self->r, &self->c, -1);
		st_put_key(&self->r, &self->tx);
		st_put_key(&self->r, &self->rx);
		for (n = rand_r(&seed) % 4; n; n--) {
			at = head + rand_r(&seed) % (self->r.nlh.nlmsg_len - head);
			self->r.buf[at] = rand_r(&seed);
		}
		if (rand_r(&seed) % 2)
			self->r.nlh.nlmsg_len = head +
				rand_r(&seed) % (self->r.nlh.nlmsg_len - head + 1);
		ASSERT_GT(0, st_client_ask(&self->c, &self->r, &self->a));
		ASSERT_NE(-ECOMM, self->a.err);
		ASSERT_FALSE(st_answer_leaks(&self->a)) {
			TH_LOG("round %u: %s", i, self->a.text);
		}
		ASSERT_NE(0, strlen(self->a.text)) {
			TH_LOG("round %u: no text with %d", i, self->a.err);
		}
	}
}

TEST_HARNESS_MAIN
