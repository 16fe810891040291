// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The way into the kernel: attach the ULP, push the keys, ask and close afterwards.
 */
#include "push.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "available.h"
#include "error.h"
#include "libsheath.h"
#include "netlink.h"
#include "ulp.h"

/* TCP_ULP_NAME_MAX of the kernel, which is in no header for userspace. */
#define ULP_NAME_MAX	16

static int is_attached(int fd)
{
	char name[ULP_NAME_MAX] = "";
	socklen_t len = sizeof(name);

	return !getsockopt(fd, IPPROTO_TCP, TCP_ULP, name, &len) &&
	       !strncmp(name, SHEATH_ULP_NAME, sizeof(name));
}

static int kernel_attach(int fd)
{
	if (!sheath_set_ulp(fd))
		return 0;
	if (errno == EEXIST && is_attached(fd))
		return 0;
	if (errno == ENOENT)
		return sheath_available_missing();
	if (errno == EEXIST)
		return sheath_fail("another protocol is attached to the socket");
	return sheath_fail_errno("cannot attach \"" SHEATH_ULP_NAME "\" to the socket");
}

/*
 * The socket's own option: needs nothing but the socket, and waits for whoever is inside a call
 * on it. A module that has it takes secrets.
 */
static int option_key_set(int fd, struct sheath_handover *ho)
{
	struct sheath_keys keys = {
		.n_keys = 2, .key_size = sizeof(struct sheath_key), .role = ho->role,
		.suite = ho->suite, .group = ho->group, .tx_limit = ho->tx_limit,
		.key = { ho->tx, ho->rx },
	};
	int ret, saved;

	ho->secrets_taken = ho->tx.secret_len && ho->rx.secret_len;
	for (int i = 0; i < 2; i++) {
		struct sheath_key *key = &keys.key[i];

		if (ho->secrets_taken) {
			key->key_len = 0;
			key->iv_len = 0;
		} else {
			key->secret_len = 0;
			key->hash = 0;
		}
	}
	ret = setsockopt(fd, SOL_TLS, SHEATH_KEYS, &keys, sizeof(keys));
	saved = errno;
	explicit_bzero(&keys, sizeof(keys));
	if (!ret)
		return 0;
	errno = saved;
	sheath_fail_errno("the kernel refuses the keys");
	errno = saved;
	return -1;
}

static int kernel_install(int fd, struct sheath_handover *ho)
{
	int ret = sheath_netlink_key_set(fd, ho);

	return ret > 0 ? option_key_set(fd, ho) : ret;
}

static void kernel_keep(int fd, uint32_t n)
{
	setsockopt(fd, SOL_TLS, SHEATH_TICKET, &n, sizeof(n));
}

static size_t kernel_take(int fd, void *buf, size_t size)
{
	socklen_t len = (socklen_t)size;

	return getsockopt(fd, SOL_TLS, SHEATH_TICKET, buf, &len) ? 0 : len;
}

const struct sheath_sink sheath_sink_kernel = {
	.attach		= kernel_attach,
	.install	= kernel_install,
	.keep		= kernel_keep,
	.take		= kernel_take,
};

int sheath_push_gnutls(int fd, gnutls_session_t session, unsigned int flags)
{
	struct sheath_handover ho;
	int ret = -1;

	if ((flags & ~(SHEATH_PUSH_CLIENT | SHEATH_PUSH_SERVER)) ||
	    flags == (SHEATH_PUSH_CLIENT | SHEATH_PUSH_SERVER))
		return sheath_fail("sheath_push_gnutls: bad flags %#x", flags);
	if (!sheath_handover_read(session, NULL, &ho)) {
		if (flags)
			ho.role = flags == SHEATH_PUSH_CLIENT ? SHEATH_ROLE_CLIENT :
								SHEATH_ROLE_SERVER;
		ret = sheath_sink_kernel.attach(fd);
		if (!ret)
			ret = sheath_sink_kernel.install(fd, &ho);
	}
	explicit_bzero(&ho, sizeof(ho));
	return ret;
}

int sheath_info(int fd, struct sheath_info *info, size_t size)
{
	socklen_t len = size < INT_MAX ? size : INT_MAX;

	/* The kernel fills as much as it knows, or as there is room for. */
	memset(info, 0, size);
	if (getsockopt(fd, SOL_TLS, SHEATH_INFO, info, &len))
		return sheath_fail_errno("cannot ask the socket for its session");
	return 0;
}

int sheath_close_notify(int fd)
{
	if (setsockopt(fd, SOL_TLS, SHEATH_CLOSE_NOTIFY, NULL, 0))
		return sheath_fail_errno("cannot send close_notify");
	return 0;
}

int sheath_rekey(int fd, unsigned int flags)
{
	uint32_t value = flags;

	if (setsockopt(fd, SOL_TLS, SHEATH_REKEY, &value, sizeof(value)))
		return sheath_fail_errno("cannot change the sending key");
	return 0;
}
