// SPDX-License-Identifier: GPL-2.0
/* What libsheath asks the kernel, beside handshakes. */
#define _GNU_SOURCE
#include <linux/sheath_nl.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "libsheath.h"
#include "peer.h"

#define CANARY	0xa5

/* a program may know a shorter or a longer structure than the kernel */
union room {
	struct sheath_info info;
	unsigned char byte[2 * sizeof(struct sheath_info)];
};

static bool all(const union room *r, size_t from, unsigned char value)
{
	for (; from < sizeof(r->byte); from++)
		if (r->byte[from] != value)
			return false;
	return true;
}

FIXTURE(info) { struct st_peer p; union room r; struct sheath_info whole; };

FIXTURE_SETUP(info)
{
	socklen_t len = sizeof(self->whole);

	ASSERT_EQ(0, st_peer_open(&self->p, TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_128, false));
	ASSERT_EQ(0, getsockopt(self->p.fd, SOL_TLS, SHEATH_INFO, &self->whole, &len));
	memset(&self->r, CANARY, sizeof(self->r));
}

FIXTURE_TEARDOWN(info)
{
	st_peer_close(&self->p);
}

TEST_F(info, whole)
{
	ASSERT_EQ(0, sheath_info(self->p.fd, &self->r.info, sizeof(self->whole)));
	EXPECT_EQ(0, memcmp(&self->r.info, &self->whole, sizeof(self->whole)));
	EXPECT_TRUE(all(&self->r, sizeof(self->whole), CANARY));
}

TEST_F(info, of_a_program_that_knows_less)
{
	size_t size = offsetof(struct sheath_info, tx_seq);

	ASSERT_EQ(0, sheath_info(self->p.fd, &self->r.info, size));
	EXPECT_EQ(0, memcmp(&self->r.info, &self->whole, size));
	EXPECT_TRUE(all(&self->r, size, CANARY));
}

TEST_F(info, of_a_program_that_knows_more)
{
	ASSERT_EQ(0, sheath_info(self->p.fd, &self->r.info, sizeof(self->r)));
	EXPECT_EQ(0, memcmp(&self->r.info, &self->whole, sizeof(self->whole)));
	EXPECT_TRUE(all(&self->r, sizeof(self->whole), 0));
}

TEST_F(info, too_small)
{
	EXPECT_EQ(-1, sheath_info(self->p.fd, &self->r.info, 2));
	EXPECT_NE(NULL, strstr(sheath_error(), "cannot ask"));
	EXPECT_TRUE(all(&self->r, 2, CANARY));
}

TEST(available)
{
	uint64_t features = 0;

	EXPECT_EQ(1, sheath_available(NULL));
	EXPECT_EQ(1, sheath_available(&features));
	EXPECT_EQ(SHEATH_FEATURE_TLS12 | SHEATH_FEATURE_TLS13,
		  features & (SHEATH_FEATURE_TLS12 | SHEATH_FEATURE_TLS13));
}

TEST_HARNESS_MAIN
