// SPDX-License-Identifier: GPL-2.0
/*
 * Requests while allocations fail: what the answer says is what happened.
 *
 * Wants to be root, with sheath loaded; kernels that cannot make allocations fail see nothing fail.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <linux/sheath.h>
#include <linux/sheath_nl.h>

#include "kselftest_harness.h"
#include "fault.h"
#include "netlink_fixture.h"
#include "stream.h"

TEST_F(netlink, key_set_without_memory)
{
	bool can = st_faults_ready();
	unsigned int nth, n_refused = 0;
	int fd[2], err;
	bool hit = true;

	for (nth = 1; hit && nth < ST_FAULTS_MAX; nth++) {
		ASSERT_EQ(0, st_pair(AF_INET, fd));
		ASSERT_EQ(0, st_attach(fd[0], ST_SHEATH));
		st_request_key_set(&self->r, &self->c, fd[0]);
		st_put_key(&self->r, &self->tx);
		st_put_key(&self->r, &self->rx);
		hit = st_ask_with_fault(&self->c, &self->r, &self->a, nth) && can;
		EXPECT_FALSE(st_answer_leaks(&self->a));
		if (self->a.err && self->a.err != -ECOMM) {
			n_refused++;
			EXPECT_NE(0, strlen(self->a.text)) {
				TH_LOG("allocation %u: no text with %d", nth, self->a.err);
			}
		}

		/* it is what the answer said */
		err = self->a.err;
		ASSERT_EQ(0, st_ask_session(&self->c, fd[0], &self->a));
		if (!err) {
			EXPECT_EQ(SHEATH_STATE_UP, st_attr_u32(&self->a, SHEATH_A_STATE));
		}
		if (err && err != -ECOMM) {
			EXPECT_EQ(SHEATH_STATE_ATTACHED, st_attr_u32(&self->a, SHEATH_A_STATE));
			EXPECT_TRUE(st_passes(fd[0], fd[1], 10) && st_passes(fd[1], fd[0], 10));
		}
		st_pair_close(fd);
	}
	EXPECT_LT(nth, ST_FAULTS_MAX);
	if (can) {
		EXPECT_LT(5, n_refused);
	} else {
		ksft_print_msg("this kernel cannot make allocations fail\n");
	}
}

TEST_F(netlink, queries_without_memory)
{
	bool can = st_faults_ready();
	unsigned int nth, i;
	bool hit = true;

	for (i = 0; i < 3; i++) {
		for (nth = 1, hit = true; hit && nth < ST_FAULTS_MAX; nth++) {
			st_request_init(&self->r, &self->c,
					i ? SHEATH_CMD_SESSION_GET : SHEATH_CMD_FAMILY_GET);
			if (i == 1)
				st_put_u32(&self->r, SHEATH_A_SOCKFD, self->fd[0]);
			if (i == 2)
				st_put_u64(&self->r, SHEATH_A_COOKIE, st_cookie(self->fd[0]));
			hit = st_ask_with_fault(&self->c, &self->r, &self->a, nth) && can;
			if (!self->a.err) {
				EXPECT_EQ(1, self->a.n_replies);
			}
		}
		EXPECT_LT(nth, ST_FAULTS_MAX);
		EXPECT_EQ(0, self->a.err);
	}
}

TEST_HARNESS_MAIN
