// SPDX-License-Identifier: GPL-2.0
/*
 * How libsheath brings keys into the kernel: over netlink, having asked for the family once, and
 * by the socket option where netlink is not to be had, or the socket is busy.
 *
 * The functions of the C library that libnl calls are ours here. Wants to be root.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/sheath_nl.h>

#include "kselftest_harness.h"
#include "libsheath.h"
#include "patience.h"
#include "push.h"
#include "record.h"
#include "secret.h"
#include "sock.h"
#include "wedge.h"

#define CIPHER	TLS_CIPHER_AES_GCM_128

/* errno of socket(AF_NETLINK), 0: it works */
static int forbidden;
/* requests that went out; of the next one the family is a wrong one */
static volatile unsigned int requests;
static bool wrong_family;

int socket(int domain, int type, int protocol)
{
	if (domain == AF_NETLINK && forbidden) {
		errno = forbidden;
		return -1;
	}
	return syscall(SYS_socket, domain, type, protocol);
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	struct nlmsghdr *nlh = msg->msg_iov->iov_base;
	int domain = 0;
	socklen_t len = sizeof(domain);

	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len);
	if (domain == AF_NETLINK) {
		requests++;
		if (wrong_family)
			nlh->nlmsg_type = 0x7ffe;
		wrong_family = false;
	}
	return syscall(SYS_sendmsg, fd, msg, flags);
}

static void fill(struct sheath_key *k, uint32_t flags, unsigned int seed, bool secret)
{
	struct st_secret s = st_secret(CIPHER, seed);
	struct st_key key = st_secret_key(&s, CIPHER);

	*k = (struct sheath_key){
		.flags = flags, .version = TLS_1_3_VERSION, .cipher = CIPHER,
		.key_len = key.key_len, .iv_len = key.iv_len,
	};
	memcpy(k->key, key.key, key.key_len);
	memcpy(k->iv, key.iv, key.iv_len);
	if (!secret)
		return;
	k->hash = s.hash;
	k->secret_len = s.len;
	memcpy(k->secret, s.data, s.len);
}

static struct sheath_handover handover(bool secrets)
{
	struct sheath_handover ho = {
		.role = SHEATH_ROLE_CLIENT, .suite = 0x1301, .group = 29, .tx_limit = 1000,
	};

	fill(&ho.tx, SHEATH_KEY_TX, 1, secrets);
	fill(&ho.rx, SHEATH_KEY_RX, 2, secrets);
	return ho;
}

FIXTURE(install)
{
	int fd[2];
};

FIXTURE_SETUP(install)
{
	forbidden = 0;
	wrong_family = false;
	ASSERT_EQ(0, st_pair(AF_INET, self->fd));
	ASSERT_EQ(0, sheath_sink_kernel.attach(self->fd[0]));
}

FIXTURE_TEARDOWN(install)
{
	close(self->fd[0]);
	close(self->fd[1]);
}

/* the socket has all that was handed over, and the first record fits the key; NULL, or what not */
static const char *wrong(const int fd[2], bool secrets)
{
	struct st_secret s = st_secret(CIPHER, 1);
	struct st_key from = st_secret_key(&s, CIPHER);
	uint8_t out[ST_RECORD_MAX], data[1200] = { 0 }, type;
	struct sheath_info info = { 0 };
	socklen_t len = sizeof(info);
	uint32_t none = 0;

	if (getsockopt(fd[0], SOL_TLS, SHEATH_INFO, &info, &len) ||
	    info.flags != (SHEATH_INFO_TX | SHEATH_INFO_RX))
		return "keys";
	if (info.role != SHEATH_ROLE_CLIENT || info.suite != 0x1301 || info.group != 29)
		return "facts";
	if (send(fd[0], data, sizeof(data), 0) != sizeof(data) ||
	    st_recv_record(fd[1], &from, &type, out) != 1000)
		return "the first record";
	/* only the owner of a secret can change the key */
	if (!setsockopt(fd[0], SOL_TLS, SHEATH_REKEY, &none, sizeof(none)) != secrets)
		return "secrets";
	return NULL;
}

#define EXPECT_INSTALLED(self, secrets) do {						\
	struct sheath_handover ho_ = handover(secrets);					\
	const char *text_;								\
											\
	EXPECT_EQ(0, sheath_sink_kernel.install((self)->fd[0], &ho_))			\
		TH_LOG("%s", sheath_error());						\
	EXPECT_EQ(secrets, !!ho_.secrets_taken);					\
	text_ = wrong((self)->fd, secrets);						\
	EXPECT_EQ(NULL, text_) TH_LOG("wrong: %s", text_);				\
} while (0)

TEST_F(install, by_netlink)
{
	requests = 0;
	EXPECT_INSTALLED(self, false);
	EXPECT_LT(0, requests);
}

TEST_F(install, secrets)
{
	EXPECT_INSTALLED(self, true);
}

/* the family is looked for once in the life of a process */
TEST_F(install, family_once)
{
	int fd[2];

	EXPECT_INSTALLED(self, true);
	close(self->fd[0]);
	close(self->fd[1]);
	ASSERT_EQ(0, st_pair(AF_INET, fd));
	memcpy(self->fd, fd, sizeof(fd));
	ASSERT_EQ(0, sheath_sink_kernel.attach(fd[0]));
	requests = 0;
	EXPECT_INSTALLED(self, true);
	EXPECT_EQ(1, requests);
}

/* a module that was loaded anew has another number */
TEST_F(install, family_gone)
{
	uint64_t features;

	ASSERT_EQ(1, sheath_available(&features));
	wrong_family = true;
	requests = 0;
	EXPECT_INSTALLED(self, true);
	EXPECT_FALSE(wrong_family);
	EXPECT_LT(1, requests);
}

TEST_F(install, no_netlink)
{
	static const int why[] = { EAFNOSUPPORT, EPERM, EACCES, EMFILE, EPROTONOSUPPORT };
	unsigned int i;
	int fd[2];

	requests = 0;
	for (i = 0; i < sizeof(why) / sizeof(*why); i++) {
		forbidden = why[i];
		EXPECT_INSTALLED(self, i % 2);
		ASSERT_EQ(0, st_pair(AF_INET, fd));
		close(self->fd[0]);
		close(self->fd[1]);
		memcpy(self->fd, fd, sizeof(fd));
		ASSERT_EQ(0, sheath_sink_kernel.attach(fd[0]));
	}
	EXPECT_EQ(0, requests);
	forbidden = 0;
}

/* the socket is of the network namespace we come from */
TEST_F(install, other_namespace)
{
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	EXPECT_INSTALLED(self, true);
}

static long get_info(int fd, void *page)
{
	socklen_t len = sizeof(struct sheath_info);

	return getsockopt(fd, SOL_TLS, SHEATH_INFO, page, &len);
}

/* the other thread is done some time after netlink was given up */
static void *end_later(void *arg)
{
	unsigned int seen = 0;

	while (requests < 3 || seen != requests) {
		seen = requests;
		usleep(st_patience(50) * 1000);
	}
	return (void *)st_wedge_end(arg);
}

/* another thread is inside a call on the socket, for long */
TEST_F(install, busy)
{
	struct st_wedge w = { 0 };
	pthread_t thread;
	void *result;

	ASSERT_EQ(0, st_wedge_begin(&w, self->fd[0], get_info));
	requests = 0;
	ASSERT_EQ(0, pthread_create(&thread, NULL, end_later, &w));
	EXPECT_INSTALLED(self, true);
	/* more than once */
	EXPECT_LT(3, requests);
	pthread_join(thread, &result);
	EXPECT_EQ(NULL, result);
}

/* what the keys are refused for is told, whatever the way */
TEST_F(install, refused)
{
	struct sheath_handover ho = handover(false);

	ho.tx.cipher = 999;
	ho.rx.cipher = 999;
	EXPECT_EQ(-1, sheath_sink_kernel.install(self->fd[0], &ho));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_NE(NULL, strstr(sheath_error(), "refuses the keys"));
	forbidden = EPERM;
	EXPECT_EQ(-1, sheath_sink_kernel.install(self->fd[0], &ho));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_NE(NULL, strstr(sheath_error(), "refuses the keys"));
	forbidden = 0;
}

TEST_HARNESS_MAIN
