// SPDX-License-Identifier: GPL-2.0
/* TCP segments made by hand, for what TCP does to a stream that no sender asks for. */
#include "segment.h"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/ip.h>
#include <string.h>
#include <unistd.h>

#define WINDOW	512	/* in units of the scale of the connection: enough for an alert */

struct pseudo {
	uint32_t src, dst;
	uint8_t zero, protocol;
	uint16_t len;
};

static uint32_t sum(const void *data, size_t len, uint32_t s)
{
	const uint8_t *p = data;
	size_t i;

	for (i = 0; i < len; i++)
		s += i & 1 ? p[i] : p[i] << 8;
	return s;
}

static uint16_t fold(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return htons(~s);
}

static int get_seq(int fd, int queue, uint32_t *seq)
{
	socklen_t len = sizeof(*seq);

	return setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_QUEUE, &queue, sizeof(queue)) ||
	       getsockopt(fd, IPPROTO_TCP, TCP_QUEUE_SEQ, seq, &len) ? -1 : 0;
}

int st_segments_open(struct st_segments *s, int fd)
{
	socklen_t len = sizeof(s->src);
	int one = 1;

	s->quiet = fd;
	s->raw = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	if (s->raw < 0 || getsockname(fd, (struct sockaddr *)&s->src, &len) ||
	    getpeername(fd, (struct sockaddr *)&s->dst, &len))
		return -1;
	if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &one, sizeof(one)))
		return -1;
	return get_seq(fd, TCP_SEND_QUEUE, &s->seq) || get_seq(fd, TCP_RECV_QUEUE, &s->ack) ? -1 : 0;
}

void st_segments_close(struct st_segments *s)
{
	/* in repair mode this sends nothing */
	close(s->quiet);
	close(s->raw);
}

int st_segment(struct st_segments *s, uint32_t off, const void *data, size_t len, int flags,
	       unsigned int urg)
{
	struct {
		struct iphdr ip;
		struct tcphdr tcp;
		uint8_t data[ST_SEGMENT_MAX];
	} p = {
		.ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP,
			.saddr = s->src.sin_addr.s_addr, .daddr = s->dst.sin_addr.s_addr },
		.tcp = { .source = s->src.sin_port, .dest = s->dst.sin_port, .doff = 5,
			 .seq = htonl(s->seq + off), .ack_seq = htonl(s->ack),
			 .window = htons(WINDOW), .urg_ptr = htons(urg) },
	};
	struct pseudo ph = {
		.src = p.ip.saddr, .dst = p.ip.daddr, .protocol = IPPROTO_TCP,
		.len = htons(sizeof(p.tcp) + len),
	};
	size_t total = sizeof(p.ip) + sizeof(p.tcp) + len;

	if (len > sizeof(p.data))
		return -1;
	memcpy(p.data, data, len);
	((uint8_t *)&p.tcp)[13] = flags | ST_ACK;
	p.tcp.check = fold(sum(&p.tcp, sizeof(p.tcp) + len, sum(&ph, sizeof(ph), 0)));
	/* length and checksum of the outer header are the kernel's business */
	return sendto(s->raw, &p, total, 0, (struct sockaddr *)&s->dst, sizeof(s->dst)) ==
	       (ssize_t)total ? 0 : -1;
}
