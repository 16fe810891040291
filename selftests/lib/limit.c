// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "limit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMORY_MAX	"131072"
/* where they are, as a shell may have some of its own that know less */
#define IP		"/usr/sbin/ip"
#define TC		"/usr/sbin/tc"
#define RECEIVE_BUFFER	65536

static char cgroups[] = "/tmp/cgroupXXXXXX";

static int write_file(const char *dir, const char *name, const char *text)
{
	char path[128];
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "%s%s", dir, name);
	fd = open(path, O_WRONLY);
	n = write(fd, text, strlen(text));
	close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

/* a network namespace, and @cmd run in it */
static const char *own_network(const char *cmd)
{
	if (unshare(CLONE_NEWNET) || system(IP " link set lo up"))
		return "no network namespace";
	return system(cmd) ? cmd : NULL;
}

static const char *own_cgroup(void)
{
	char dir[64];

	if (!mkdtemp(cgroups) || mount("none", cgroups, "cgroup2", 0, NULL))
		return "no cgroup2";
	snprintf(dir, sizeof(dir), "%s/limited", cgroups);
	if (write_file(cgroups, "/cgroup.subtree_control", "+memory") || mkdir(dir, 0700))
		return "no memory cgroup";
	return write_file(dir, "/memory.max", "max") ? "no memory.max" : NULL;
}

const char *st_limit_begin(enum st_limit l)
{
	switch (l) {
	case ST_LIMIT_LOWAT_ALL:
		return own_network("echo 131072 >/proc/sys/net/ipv4/tcp_notsent_lowat");
	case ST_LIMIT_576:
		return own_network(IP " link set dev lo mtu 576 gso_max_segs 1");
	case ST_LIMIT_1500:
		return own_network(IP " link set dev lo mtu 1500 gso_max_segs 1");
	case ST_LIMIT_NETEM:
		return own_network(TC " qdisc add dev lo root netem delay 2ms rate 200mbit");
	case ST_LIMIT_MEMCG:
		return own_cgroup();
	default:
		return NULL;
	}
}

void st_limit_end(enum st_limit l)
{
	char dir[64];

	if (l != ST_LIMIT_MEMCG)
		return;
	/* busy as long as TCP has not finished with its sockets: it stays with the guest then */
	snprintf(dir, sizeof(dir), "%s/limited", cgroups);
	rmdir(dir);
	umount(cgroups);
	rmdir(cgroups);
}

/* a socket belongs to the cgroup of who made it; who did is to have its memory, and to leave */
static int cgroup_socket(void)
{
	int fd;

	if (write_file(cgroups, "/limited/memory.max", "max") ||
	    write_file(cgroups, "/limited/cgroup.procs", "0"))
		return -1;
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (write_file(cgroups, "/cgroup.procs", "0") ||
	    write_file(cgroups, "/limited/memory.max", MEMORY_MAX))
		return -1;
	return fd;
}

static int limited_socket(enum st_limit l)
{
	int fd = l == ST_LIMIT_MEMCG ? cgroup_socket() : socket(AF_INET, SOCK_STREAM, 0);
	int mark = 16384, small = 1;

	if (l == ST_LIMIT_LOWAT &&
	    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &mark, sizeof(mark)))
		return -1;
	if (l == ST_LIMIT_SNDBUF && setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)))
		return -1;
	return fd;
}

int st_limit_pair(enum st_limit l, int fd[2])
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM, 0), size = RECEIVE_BUFFER, one = 1;
	socklen_t len = sizeof(sa);

	fd[1] = -1;
	fd[0] = limited_socket(l);
	if (fd[0] < 0 || setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) ||
	    bind(listener, (void *)&sa, len) || listen(listener, 1) ||
	    getsockname(listener, (void *)&sa, &len) || connect(fd[0], (void *)&sa, len))
		goto out_close;
	fd[1] = accept(listener, NULL, NULL);
	setsockopt(fd[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd[1], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
out_close:
	close(listener);
	return fd[1] < 0 ? -1 : 0;
}
