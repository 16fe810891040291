// SPDX-License-Identifier: GPL-2.0
/* Connections with keys, for the kernel selftests. */
#include "sock.h"
#include "patience.h"
#include "zip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* lengths of struct tls12_crypto_info_*: key, salt, iv */
static const struct {
	uint16_t cipher;
	uint8_t key, salt, iv, block;
} ciphers[] = {
	{ TLS_CIPHER_AES_GCM_128, 16, 4, 8 },
	{ TLS_CIPHER_AES_GCM_256, 32, 4, 8 },
	{ TLS_CIPHER_AES_CCM_128, 16, 4, 8 },
	{ TLS_CIPHER_CHACHA20_POLY1305, 32, 0, 12 },
	{ TLS_CIPHER_SM4_GCM, 16, 4, 8 },
	{ TLS_CIPHER_SM4_CCM, 16, 4, 8 },
	{ TLS_CIPHER_ARIA_GCM_128, 16, 4, 8 },
	{ TLS_CIPHER_ARIA_GCM_256, 32, 4, 8 },
	{ SHEATH_CIPHER_CAMELLIA_128_GCM, 16, 4, 8 },
	{ SHEATH_CIPHER_CAMELLIA_256_GCM, 32, 4, 8 },
	{ SHEATH_CIPHER_AES_256_CCM, 32, 4, 8 },
	{ SHEATH_CIPHER_AES_128_CCM_8, 16, 4, 8 },
	{ SHEATH_CIPHER_AES_256_CCM_8, 32, 4, 8 },
	{ SHEATH_CIPHER_AES_128_CBC, 16, .block = 16 },
	{ SHEATH_CIPHER_AES_256_CBC, 32, .block = 16 },
	{ SHEATH_CIPHER_CAMELLIA_128_CBC, 16, .block = 16 },
	{ SHEATH_CIPHER_CAMELLIA_256_CBC, 32, .block = 16 },
	{ SHEATH_CIPHER_DES_EDE3_CBC, 24, .block = 8 },
	{ SHEATH_CIPHER_NULL },
};

static unsigned int find(uint16_t cipher)
{
	unsigned int i = 0;

	while (i < sizeof(ciphers) / sizeof(*ciphers) - 1 && ciphers[i].cipher != cipher)
		i++;
	return i;
}

struct st_key st_key(uint16_t version, uint16_t cipher, uint64_t seq, unsigned int seed)
{
	struct st_key k = { .version = version, .cipher = cipher, .seq = seq };
	unsigned int i;

	k.key_len = ciphers[find(cipher)].key;
	for (i = 0; i < k.key_len; i++)
		k.key[i] = 17 * i + 31 * seed + cipher;
	for (i = 0; i < sizeof(k.iv); i++)
		k.iv[i] = 73 * i + 7 * seed + version;
	k.iv_len = 12;
	return k;
}

struct st_key st_key_mac(uint16_t version, uint16_t cipher, uint8_t mac, bool etm, uint64_t seq,
			 unsigned int seed)
{
	static const uint8_t len[] = { [SHEATH_MAC_SHA1] = 20, [SHEATH_MAC_SHA256] = 32,
				       [SHEATH_MAC_SHA384] = 48 };
	struct st_key k = st_key(version, cipher, seq, seed);
	unsigned int i;

	if (!mac)
		return k;
	k.iv_len = version <= SHEATH_TLS_1_0_VERSION ? ciphers[find(cipher)].block : 0;
	k.mac = mac;
	k.etm = etm;
	k.mac_len = len[mac];
	for (i = 0; i < k.mac_len; i++)
		k.mac_key[i] = 11 * i + 101 * seed + mac;
	return k;
}

unsigned int st_crypto_info(const struct st_key *k, void *buf)
{
	struct tls_crypto_info info = { .version = k->version, .cipher_type = k->cipher };
	unsigned int c = find(k->cipher), i;
	uint8_t *p = buf;

	memcpy(p, &info, sizeof(info));
	p += sizeof(info);
	memcpy(p, k->iv + ciphers[c].salt, ciphers[c].iv);
	p += ciphers[c].iv;
	memcpy(p, k->key, k->key_len);
	p += k->key_len;
	memcpy(p, k->iv, ciphers[c].salt);
	p += ciphers[c].salt;
	for (i = 0; i < 8; i++)
		*p++ = k->seq >> (56 - 8 * i);
	return p - (uint8_t *)buf;
}

int st_pair(int family, int fd[2])
{
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in a4 = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr *sa = family == AF_INET6 ? (void *)&a6 : (void *)&a4;
	socklen_t len = family == AF_INET6 ? sizeof(a6) : sizeof(a4);
	int l = socket(family, SOCK_STREAM, 0), one = 1;

	fd[0] = -1;
	fd[1] = -1;
	if (l < 0 || bind(l, sa, len) || listen(l, 1) || getsockname(l, sa, &len))
		goto out_close;
	fd[0] = socket(family, SOCK_STREAM, 0);
	if (fd[0] < 0 || connect(fd[0], sa, len))
		goto out_close;
	fd[1] = accept(l, NULL, NULL);
	setsockopt(fd[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd[1], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
out_close:
	close(l);
	return fd[1] < 0 ? -1 : 0;
}

void st_pair_close(int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

int st_attach(int fd, const char *ulp)
{
	char name[16] = "";
	socklen_t len = sizeof(name);

	if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, ulp, strlen(ulp)))
		return -1;
	if (getsockopt(fd, IPPROTO_TCP, TCP_ULP, name, &len) || strcmp(name, ulp)) {
		errno = ENOENT;
		return -1;
	}
	return 0;
}

int st_set(int fd, const char *ulp, int dir, const struct st_key *k)
{
	uint8_t buf[64];

	if (st_attach(fd, ulp) && errno != EEXIST)
		return -1;
	return setsockopt(fd, SOL_TLS, dir, buf, st_crypto_info(k, buf));
}

int st_set_sheath(int fd, int dir, const struct st_key *k)
{
	struct sheath_key sk = {
		.flags = dir == TLS_TX ? SHEATH_KEY_TX : SHEATH_KEY_RX,
		.version = k->version,
		.cipher = k->cipher,
		.rec_seq = k->seq,
		.key_len = k->key_len,
		.iv_len = k->iv_len,
		.mac = k->mac,
		.mac_key_len = k->mac_len,
	};

	memcpy(sk.key, k->key, k->key_len);
	memcpy(sk.iv, k->iv, k->iv_len);
	memcpy(sk.mac_key, k->mac_key, k->mac_len);
	sk.flags |= k->etm ? SHEATH_KEY_ENCRYPT_THEN_MAC : 0;
	if (k->zip) {
		sk.compression = SHEATH_COMPRESSION_DEFLATE;
		sk.history_len = k->zip->n_history;
		memcpy(sk.history, k->zip->history, k->zip->n_history);
	}
	sk.flags |= k->truncated ? SHEATH_KEY_TRUNCATED_HMAC : 0;
	if (st_attach(fd, ST_SHEATH) && errno != EEXIST)
		return -1;
	return setsockopt(fd, SOL_TLS, SHEATH_KEY, &sk, sizeof(sk));
}

int st_pair_keyed(int family, int fd[2], const char *ulp0, const char *ulp1, uint16_t version,
		  uint16_t cipher)
{
	struct st_key to1 = st_key(version, cipher, 0, 1), to0 = st_key(version, cipher, 0, 2);

	if (st_pair(family, fd))
		return -1;
	if (*ulp0 && (st_set(fd[0], ulp0, TLS_TX, &to1) || st_set(fd[0], ulp0, TLS_RX, &to0)))
		return -1;
	if (*ulp1 && (st_set(fd[1], ulp1, TLS_RX, &to1) || st_set(fd[1], ulp1, TLS_TX, &to0)))
		return -1;
	return 0;
}

long long st_stat(const char *name)
{
	FILE *f = fopen("/proc/net/sheath_stat", "r");
	long long v, found = -1;
	char line[64];

	while (f && fscanf(f, "%63s %lld", line, &v) == 2) {
		if (!strcmp(line, name))
			found = v;
	}
	if (f)
		fclose(f);
	return found;
}

static uint8_t at(uint64_t pos)
{
	return pos * 167 + (pos >> 8) * 13 + (pos >> 16) * 7;
}

void st_fill(void *buf, size_t len, uint64_t pos)
{
	uint8_t *p = buf;
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = at(pos + i);
}

bool st_check(const void *buf, size_t len, uint64_t pos)
{
	const uint8_t *p = buf;
	size_t i;

	for (i = 0; i < len; i++) {
		if (p[i] != at(pos + i))
			return false;
	}
	return true;
}

int st_send_all(int fd, const void *buf, size_t len, int flags)
{
	const char *p = buf;

	while (len) {
		ssize_t n = send(fd, p, len, flags | MSG_NOSIGNAL);

		if (n < 0)
			return -1;
		p += n;
		len -= n;
	}
	return 0;
}

int st_recv_all(int fd, void *buf, size_t len)
{
	char *p = buf;

	while (len) {
		ssize_t n = recv(fd, p, len, 0);

		if (n <= 0)
			return -1;
		p += n;
		len -= n;
	}
	return 0;
}

int st_poll(int fd, short events, int ms)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, st_patience(ms)) > 0 ? p.revents : 0;
}

int st_param(const char *name, const char *value)
{
	char path[80];
	int fd, rc;

	snprintf(path, sizeof(path), "/sys/module/sheath/parameters/%s", name);
	fd = open(path, O_WRONLY);
	rc = fd < 0 || write(fd, value, strlen(value)) != (ssize_t)strlen(value) ? -1 : 0;
	if (fd >= 0)
		close(fd);
	return rc;
}

int st_limit(const char *name, unsigned long blocks)
{
	char value[24];

	snprintf(value, sizeof(value), "%lu", blocks);
	return st_param(name, value);
}

int st_set_epoch(int fd, int dir, const struct st_key *k, uint32_t epoch)
{
	struct sheath_key in = {
		.flags = dir == TLS_TX ? SHEATH_KEY_TX : SHEATH_KEY_RX,
		.version = k->version, .cipher = k->cipher, .epoch = epoch, .rec_seq = k->seq,
		.key_len = k->key_len, .iv_len = k->iv_len,
	};

	memcpy(in.key, k->key, k->key_len);
	memcpy(in.iv, k->iv, k->iv_len);
	return setsockopt(fd, SOL_TLS, SHEATH_KEY, &in, sizeof(in));
}
