/* SPDX-License-Identifier: GPL-2.0 */
/* TCP segments made by hand, for what TCP does to a stream that no sender asks for. */
#ifndef SELFTEST_SEGMENT_H
#define SELFTEST_SEGMENT_H

#include <netinet/in.h>

#include "sock.h"

#define ST_SEGMENT_MAX	16000	/* bytes of payload; loopback takes them in one packet */

#define ST_FIN	0x01
#define ST_RST	0x04
#define ST_PSH	0x08
#define ST_ACK	0x10
#define ST_URG	0x20

/**
 * struct st_segments - one end of an IPv4 connection as a test plays it
 * @quiet: the end's socket, in repair mode: it keeps the kernel from resetting the
 *	connection and sends nothing by itself
 * @raw: where segments leave
 * @src: address of @quiet
 * @dst: address of the other end
 * @seq: sequence number of the first byte the other end expects
 * @ack: number acknowledged in every segment
 */
struct st_segments {
	int quiet;
	int raw;
	struct sockaddr_in src;
	struct sockaddr_in dst;
	uint32_t seq;
	uint32_t ack;
};

/* @fd: a plain IPv4 end, taken over; 0 or -1 */
int st_segments_open(struct st_segments *s, int fd);
void st_segments_close(struct st_segments *s);
/*
 * Send bytes that stand @off behind the first one, with @flags beside ST_ACK; @urg is the
 * urgent pointer, valid with ST_URG. 0 or -1.
 */
int st_segment(struct st_segments *s, uint32_t off, const void *data, size_t len, int flags,
	       unsigned int urg);

#endif /* SELFTEST_SEGMENT_H */
