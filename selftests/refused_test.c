// SPDX-License-Identifier: GPL-2.0
/*
 * A program that may open no netlink socket, as services that are confined may not: libsheath
 * gives the keys to the kernel by the socket's own option. The other end is GnuTLS.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>

#include "kselftest_harness.h"
#include "libsheath.h"
#include "patience.h"
#include "sock.h"

#define PRIO	"NORMAL:-KX-ALL:+ECDHE-PSK:-VERS-ALL:+"
#define WAIT_MS	10000

/* where the kernel has no filters: the C library's, for this program and its libraries */
static int refused;

int socket(int domain, int type, int protocol)
{
	if (domain == AF_NETLINK && refused) {
		errno = refused;
		return -1;
	}
	return syscall(__NR_socket, domain, type, protocol);
}

/* socket(AF_NETLINK, ...) of this thread fails with @err from now on; 0 or -1 */
static int filter_netlink(int err)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = sizeof(code) / sizeof(*code), .filter = code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) ? -1 : 0;
}

FIXTURE(refused)
{
	int fd[2];
	gnutls_session_t s[2];		/* client, server */
	gnutls_psk_client_credentials_t client;
	gnutls_psk_server_credentials_t server;
};

FIXTURE_VARIANT(refused) { const char *prio; int err; unsigned int ours; };
FIXTURE_VARIANT_ADD(refused, client13) { PRIO "VERS-TLS1.3", EPERM, 0 };
FIXTURE_VARIANT_ADD(refused, server13) { PRIO "VERS-TLS1.3", EAFNOSUPPORT, 1 };
FIXTURE_VARIANT_ADD(refused, client12) { PRIO "VERS-TLS1.2", EACCES, 0 };
FIXTURE_VARIANT_ADD(refused, server12) { PRIO "VERS-TLS1.2", EPERM, 1 };
/* nothing is refused: the same by netlink */
FIXTURE_VARIANT_ADD(refused, not) { PRIO "VERS-TLS1.3", 0, 0 };

static const gnutls_datum_t psk = { (unsigned char *)"0123456789abcdef", 16 };

static int give_psk(gnutls_session_t s, const char *user, gnutls_datum_t *key)
{
	key->data = gnutls_malloc(psk.size);
	key->size = psk.size;
	return key->data ? (memcpy(key->data, psk.data, psk.size), 0) : -1;
}

static int session_open(FIXTURE_DATA(refused) *self, const char *prio, unsigned int i)
{
	unsigned int flags = (i ? GNUTLS_SERVER | GNUTLS_NO_TICKETS : GNUTLS_CLIENT) |
			     GNUTLS_NONBLOCK;
	void *cred = i ? (void *)self->server : (void *)self->client;

	if (gnutls_init(&self->s[i], flags) ||
	    gnutls_priority_set_direct(self->s[i], prio, NULL) ||
	    gnutls_credentials_set(self->s[i], GNUTLS_CRD_PSK, cred) ||
	    fcntl(self->fd[i], F_SETFL, O_NONBLOCK))
		return -1;
	gnutls_transport_set_int(self->s[i], self->fd[i]);
	return 0;
}

/* one step of each end; have both come to an end? */
static bool both_done(FIXTURE_DATA(refused) *self, int rc[2])
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (rc[i] == GNUTLS_E_AGAIN || rc[i] == GNUTLS_E_INTERRUPTED)
			rc[i] = gnutls_handshake(self->s[i]);
	}
	return rc[0] != GNUTLS_E_AGAIN && rc[1] != GNUTLS_E_AGAIN;
}

FIXTURE_SETUP(refused)
{
	int rc[2] = { GNUTLS_E_AGAIN, GNUTLS_E_AGAIN };
	unsigned int i;

	ASSERT_EQ(0, st_pair(AF_INET, self->fd));
	ASSERT_EQ(0, gnutls_psk_allocate_client_credentials(&self->client));
	ASSERT_EQ(0, gnutls_psk_set_client_credentials(self->client, "user", &psk,
						       GNUTLS_PSK_KEY_RAW));
	ASSERT_EQ(0, gnutls_psk_allocate_server_credentials(&self->server));
	gnutls_psk_set_server_credentials_function(self->server, give_psk);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, session_open(self, variant->prio, i));
	ASSERT_TRUE(ST_COMES_TRUE(both_done(self, rc)));
	ASSERT_EQ(0, rc[0]) TH_LOG("%s", gnutls_strerror(rc[0]));
	ASSERT_EQ(0, rc[1]) TH_LOG("%s", gnutls_strerror(rc[1]));
	/* the kernel's end waits as any other socket */
	ASSERT_EQ(0, fcntl(self->fd[variant->ours], F_SETFL, 0));
	ASSERT_EQ(0, st_be_patient(self->fd[variant->ours], WAIT_MS));
	if (variant->err && filter_netlink(variant->err)) {
		ASSERT_EQ(EINVAL, errno);
		refused = variant->err;
	}
}

FIXTURE_TEARDOWN(refused)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		gnutls_deinit(self->s[i]);
		close(self->fd[i]);
	}
	gnutls_psk_free_client_credentials(self->client);
	gnutls_psk_free_server_credentials(self->server);
}

TEST_F(refused, keys_by_the_socket)
{
	unsigned int ours = variant->ours;
	gnutls_session_t peer = self->s[!ours];
	int fd = self->fd[ours], nl;
	struct sheath_info info;
	char buf[64];
	ssize_t n;

	nl = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	EXPECT_EQ(!variant->err, nl >= 0);
	EXPECT_EQ(variant->err, nl < 0 ? errno : 0);

	EXPECT_EQ(1, sheath_available(NULL));
	ASSERT_EQ(0, sheath_push_gnutls(fd, self->s[ours], ours ? SHEATH_PUSH_SERVER :
								      SHEATH_PUSH_CLIENT)) TH_LOG("%s", sheath_error());
	ASSERT_EQ(0, sheath_info(fd, &info, sizeof(info)));
	EXPECT_EQ(SHEATH_STATE_UP, info.state);
	EXPECT_EQ(ours ? SHEATH_ROLE_SERVER : SHEATH_ROLE_CLIENT, info.role);

	ASSERT_EQ(5, send(fd, "there", 5, 0));
	ASSERT_TRUE(ST_COMES_TRUE((n = gnutls_record_recv(peer, buf, sizeof(buf))) !=
				  GNUTLS_E_AGAIN));
	ASSERT_EQ(5, n);
	EXPECT_EQ(0, memcmp(buf, "there", 5));
	ASSERT_EQ(8, gnutls_record_send(peer, "and back", 8));
	ASSERT_EQ(8, recv(fd, buf, sizeof(buf), 0));
	EXPECT_EQ(0, memcmp(buf, "and back", 8));
	/* the end is told, too */
	ASSERT_EQ(0, shutdown(fd, SHUT_WR));
	ASSERT_TRUE(ST_COMES_TRUE((n = gnutls_record_recv(peer, buf, sizeof(buf))) !=
				  GNUTLS_E_AGAIN));
	EXPECT_EQ(0, n);
}

TEST_HARNESS_MAIN
