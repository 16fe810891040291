/* SPDX-License-Identifier: GPL-2.0 */
/* Connections with keys, for the kernel selftests. */
#ifndef SELFTEST_SOCK_H
#define SELFTEST_SOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <linux/sheath.h>

#ifndef TCP_ULP
#define TCP_ULP 31
#endif

struct st_zip;

#define ST_IN_TREE	"tls"		/* the independent end */
#define ST_SHEATH	SHEATH_ULP_NAME

/**
 * struct st_key - key of one direction, as both ULPs and the user-space records take it
 * @version: 0x0300 to 0x0304
 * @cipher: TLS_CIPHER_* or SHEATH_CIPHER_*
 * @key_len: bytes of @key
 * @key: key
 * @iv_len: bytes of @iv
 * @iv: static IV; for GCM and CCM of TLS 1.2 salt (4) and first explicit nonce (8); for CBC of
 *	TLS 1.0 the last block of ciphertext
 * @seq: sequence number of the first record
 * @mac: enum sheath_mac, 0 for AEAD
 * @etm: encrypt-then-MAC
 * @truncated: the MAC has 10 bytes
 * @mac_len: bytes of @mac_key
 * @mac_key: MAC key
 * @zip: stream of compressed fragments, NULL: they are not
 */
struct st_key {
	uint16_t version;
	uint16_t cipher;
	unsigned int key_len;
	uint8_t key[32];
	unsigned int iv_len;
	uint8_t iv[16];
	uint64_t seq;
	uint8_t mac;
	bool etm;
	bool truncated;
	unsigned int mac_len;
	uint8_t mac_key[48];
	struct st_zip *zip;
};

/* a key made of @seed, the same for the same arguments */
struct st_key st_key(uint16_t version, uint16_t cipher, uint64_t seq, unsigned int seed);
/* likewise for a suite with a MAC */
struct st_key st_key_mac(uint16_t version, uint16_t cipher, uint8_t mac, bool etm, uint64_t seq,
			 unsigned int seed);
/* the structure TLS_TX and TLS_RX take; @buf has 64 bytes; returns its length */
unsigned int st_crypto_info(const struct st_key *k, void *buf);

/* a connected pair over loopback, AF_INET or AF_INET6; 0 or -1 */
int st_pair(int family, int fd[2]);
void st_pair_close(int fd[2]);
/* attach; asserts by TCP_ULP readback that it is really there; 0 or -1 with errno */
int st_attach(int fd, const char *ulp);
/* st_attach() unless it is attached, then TLS_TX or TLS_RX */
int st_set(int fd, const char *ulp, int dir, const struct st_key *k);
/* by SHEATH_KEY: control records are the module's then */
int st_set_sheath(int fd, int dir, const struct st_key *k);
/* the same for an AEAD key of a later epoch; @fd is attached */
int st_set_epoch(int fd, int dir, const struct st_key *k, uint32_t epoch);

/* a pair with fd[0] sending to fd[1] and back, each end with its ULP; "" leaves it plain */
int st_pair_keyed(int family, int fd[2], const char *ulp0, const char *ulp1, uint16_t version,
		  uint16_t cipher);

/* write a parameter of the module; 0 or -1 */
int st_param(const char *name, const char *value);

/* what a record of TLS 1.3 with @len bytes takes of the parameters limit_soft and limit_hard */
#define ST_COST(len) (((len) + 1 + 15) / 16 + 2)
/* set one of them; 0 or -1 */
int st_limit(const char *name, unsigned long blocks);

/* a line of /proc/net/sheath_stat; -1 if there is no such line */
long long st_stat(const char *name);

/* bytes that are a function of their position */
void st_fill(void *buf, size_t len, uint64_t pos);
bool st_check(const void *buf, size_t len, uint64_t pos);

/* all of it, or -1 */
int st_send_all(int fd, const void *buf, size_t len, int flags);
int st_recv_all(int fd, void *buf, size_t len);

/* wait for @events up to @ms, as st_patience(); the events that came, 0 on time-out */
int st_poll(int fd, short events, int ms);

#endif /* SELFTEST_SOCK_H */
