/* SPDX-License-Identifier: GPL-2.0 */
/* Records made and read in user space with OpenSSL: an implementation that is not ours. */
#ifndef SELFTEST_RECORD_H
#define SELFTEST_RECORD_H

#include "sock.h"

#define ST_RECORD_MAX	(16384 + 2048 + 5)

/**
 * struct st_record - a record to be made
 * @type: content type, the inner one in TLS 1.3
 * @data: content
 * @len: bytes of it
 * @pad: zeros behind the inner type, TLS 1.3
 * @no_type: TLS 1.3: all-zero inner plaintext of @pad bytes, @len has to be 0
 * @outer_type: if not 0, what the header says instead of what it should
 * @version: likewise
 * @flip: if not 0, the bit of byte @flip - 1 behind the header that is turned over
 * @blocks: CBC: blocks of padding more than needed
 * @bad_pad: CBC: if not 0, padding byte @bad_pad - 1, counted from the last, is turned over
 * @bad_mac: if not 0, likewise byte @bad_mac - 1 of the MAC
 * @raw: not to be compressed: it is, or what it is no DEFLATE undoes
 */
struct st_record {
	uint8_t type;
	const void *data;
	size_t len;
	size_t pad;
	bool no_type;
	uint8_t outer_type;
	uint16_t version;
	size_t flip;
	unsigned int blocks;
	unsigned int bad_pad;
	unsigned int bad_mac;
	bool raw;
};

/*
 * write it to @out, which has ST_RECORD_MAX bytes, compressed if the key has a stream for that;
 * uses up k->seq; its length, or -1
 */
int st_seal(struct st_key *k, const struct st_record *r, uint8_t *out);

/* seal data of @type and send it on a plain socket; 0 or -1 */
int st_send_record(int fd, struct st_key *k, uint8_t type, const void *data, size_t len);

/*
 * Receive one record on a plain socket and open it; uses up k->seq. The length of the content,
 * its type in @type; -1 if there is none (end of file, reset) and -2 if it does not verify.
 */
int st_recv_record(int fd, struct st_key *k, uint8_t *type, uint8_t *out);

/* record_mac.c: the same for suites with a MAC; @body is behind the header, opened in place */
int st_mac_seal(struct st_key *k, const struct st_record *r, uint8_t *out);
int st_mac_open(struct st_key *k, const uint8_t *head, uint8_t *body, size_t len, uint8_t *out);

#endif /* SELFTEST_RECORD_H */
