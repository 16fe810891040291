// SPDX-License-Identifier: GPL-2.0
/* KeyUpdate while allocations fail: the stream is whole. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "fault.h"
#include "secret_fixture.h"
#include "update.h"

/* the answer is sealed when there is memory for it, and before data in any case */
TEST_F(secret, answer_without_memory)
{
	bool can = st_faults_ready(), hit = can;
	unsigned int nth;
	uint8_t out[ST_RECORD_MAX], type;
	char buf[8];
	ssize_t n;

	for (nth = 1; hit && nth < ST_FAULTS_MAX; nth++) {
		ASSERT_EQ(0, st_peer_send(&self->p, HANDSHAKE, update_both, sizeof(update_both)));
		peer_next(self);
		ASSERT_EQ(0, st_peer_send(&self->p, DATA, "abc", 3));
		st_fault_begin(nth);
		n = recv(self->p.fd, buf, sizeof(buf), 0);
		hit = st_fault_end();
		if (n < 0) {
			/* writing to the buffer may fail, too */
			EXPECT_TRUE(errno == ENOMEM || errno == EFAULT);
			n = recv(self->p.fd, buf, sizeof(buf), 0);
		}
		ASSERT_EQ(3, n);
		EXPECT_EQ(1, st_info(self->p.fd).rx_epoch);
		ASSERT_EQ(4, send(self->p.fd, "more", 4, 0));
		ASSERT_EQ(5, st_recv_record(self->p.raw, &self->p.from, &type, out));
		EXPECT_EQ(HANDSHAKE, type);
		EXPECT_EQ(0, memcmp(out, update, 5));
		socket_next(self);
		ASSERT_TRUE(st_peer_expect(&self->p, DATA, "more", 4));
		EXPECT_EQ(1, st_info(self->p.fd).tx_epoch);
		/* another answer at once is for another connection */
		st_peer_close(&self->p);
		ASSERT_EQ(0, open_secret(self));
	}
	EXPECT_LT(nth, ST_FAULTS_MAX);
	if (can) {
		EXPECT_LT(5, nth);
	} else {
		ksft_print_msg("this kernel cannot make allocations fail\n");
	}
}

/* one record, or two if the first was closed before the memory was gone */
static bool expect_abcdef(struct st_peer *p)
{
	uint8_t out[ST_RECORD_MAX], type;
	int n = st_recv_record(p->raw, &p->from, &type, out);

	return n == 6 || (n == 3 && st_peer_expect(p, DATA, "def", 3));
}

/* a change that was asked for and could not be made leaves the stream as it was */
TEST_F(secret, update_without_memory)
{
	bool can = st_faults_ready(), hit = can;
	unsigned int nth, refused = 0;
	int rc, err;

	for (nth = 1; hit && nth < ST_FAULTS_MAX; nth++) {
		ASSERT_EQ(3, send(self->p.fd, "abc", 3, MSG_MORE));
		st_fault_begin(nth);
		rc = st_rekey(self->p.fd, 0);
		err = rc ? errno : 0;
		hit = st_fault_end();
		/* reading the arguments may fail, too, or the cipher in the middle of a record */
		EXPECT_TRUE(!err || err == ENOMEM || err == EFAULT ||
			    (err == EIO && st_info(self->p.fd).state != SHEATH_STATE_UP));
		EXPECT_EQ(rc ? 0 : 1, st_info(self->p.fd).tx_epoch);
		/* a cipher that fails within a record ends the session */
		if (st_info(self->p.fd).state == SHEATH_STATE_UP) {
			refused += !!rc;
			ASSERT_EQ(3, send(self->p.fd, "def", 3, 0));
			if (rc) {
				EXPECT_TRUE(expect_abcdef(&self->p));
			} else {
				EXPECT_TRUE(st_peer_expect(&self->p, DATA, "abc", 3));
				EXPECT_TRUE(st_peer_expect(&self->p, HANDSHAKE, update, 5));
				socket_next(self);
				EXPECT_TRUE(st_peer_expect(&self->p, DATA, "def", 3));
			}
		}
		st_peer_close(&self->p);
		ASSERT_EQ(0, open_secret(self));
	}
	EXPECT_LT(nth, ST_FAULTS_MAX);
	if (can) {
		EXPECT_LT(5, refused);
	}
}

TEST_HARNESS_MAIN
