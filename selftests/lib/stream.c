// SPDX-License-Identifier: GPL-2.0
#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FULL	16384

static size_t least(uint64_t a, size_t b)
{
	return a < b ? a : b;
}

long long st_fill_socket(int fd, uint64_t pos, uint64_t len, size_t chunk)
{
	char *buf = malloc(chunk);
	uint64_t sent = 0;
	ssize_t n = 1;

	while (n > 0 && sent < len) {
		size_t part = least(len - sent, chunk);

		st_fill(buf, part, pos + sent);
		n = send(fd, buf, part, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0)
			sent += n;
	}
	free(buf);
	return n < 0 && errno != EAGAIN ? -1 : (long long)sent;
}

int st_write(int fd, uint64_t pos, uint64_t len, size_t chunk)
{
	char *buf = malloc(chunk);
	int rc = 0;

	while (!rc && len) {
		size_t part = least(len, chunk);

		st_fill(buf, part, pos);
		if (st_send_all(fd, buf, part, 0))
			rc = errno;
		pos += part;
		len -= part;
	}
	free(buf);
	return rc;
}

int st_expect(int fd, uint64_t pos, uint64_t len, size_t chunk)
{
	char *buf = malloc(chunk);
	int rc = 0;

	while (!rc && len) {
		ssize_t n = recv(fd, buf, least(len, chunk), 0);

		if (n <= 0) {
			rc = n ? errno : EPIPE;
		} else {
			if (!st_check(buf, n, pos))
				rc = EILSEQ;
			pos += n;
			len -= n;
		}
	}
	free(buf);
	return rc;
}

bool st_passes(int from, int to, size_t len)
{
	uint8_t *out = malloc(len), *in = calloc(1, len);
	bool same;

	st_fill(out, len, 0);
	same = !st_send_all(from, out, len, 0) && !st_recv_all(to, in, len) &&
	       !memcmp(in, out, len);
	free(out);
	free(in);
	return same;
}

int st_expect_eof(int fd)
{
	char c;
	ssize_t n = recv(fd, &c, 1, 0);

	return !n ? 0 : n < 0 ? errno : EMSGSIZE;
}

static void *run(void *arg)
{
	struct st_job *j = arg;

	j->rc = j->fn(j->fd, j->pos, j->len, j->chunk);
	return NULL;
}

int st_job_start(struct st_job *j, int (*fn)(int fd, uint64_t pos, uint64_t len, size_t chunk),
		 int fd, uint64_t pos, uint64_t len, size_t chunk)
{
	j->fn = fn;
	j->fd = fd;
	j->pos = pos;
	j->len = len;
	j->chunk = chunk;
	return pthread_create(&j->thread, NULL, run, j);
}

int st_job_end(struct st_job *j)
{
	int rc = pthread_join(j->thread, NULL);

	return rc ? rc : j->rc;
}

int st_relay_open(struct st_relay *r, const char *tx, const char *rx, uint16_t version,
		  uint16_t cipher, uint64_t seq)
{
	struct st_key k = st_key(version, cipher, seq, 1);
	int fd[2];

	r->feed = -1;
	r->rx = -1;
	if (st_pair(AF_INET, fd))
		return -1;
	r->tx = fd[0];
	r->tap = fd[1];
	if (st_pair(AF_INET, fd))
		return -1;
	r->feed = fd[0];
	r->rx = fd[1];
	return st_set(r->tx, tx, TLS_TX, &k) || st_set(r->rx, rx, TLS_RX, &k) ? -1 : 0;
}

void st_relay_close(struct st_relay *r)
{
	close(r->tx);
	close(r->tap);
	close(r->feed);
	close(r->rx);
}

int st_relay_take(struct st_relay *r, void *buf)
{
	uint8_t *p = buf;
	int len;

	if (st_recv_all(r->tap, p, 5))
		return -1;
	len = p[3] << 8 | p[4];
	if (5 + len > ST_RECORD_MAX || st_recv_all(r->tap, p + 5, len))
		return -1;
	return 5 + len;
}

int st_relay_make(struct st_relay *r, uint64_t pos, size_t len, void *buf)
{
	uint8_t *p = buf;

	while (len) {
		size_t part = least(len, FULL);
		int n;

		if (st_write(r->tx, pos, part, part))
			return -1;
		n = st_relay_take(r, p);
		if (n < 0)
			return -1;
		p += n;
		pos += part;
		len -= part;
	}
	return p - (uint8_t *)buf;
}
