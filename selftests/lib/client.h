/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A client of the family "sheath" that keeps whole answers: their attributes, their text, and
 * every byte of them. Requests are put together by hand, because most of them are wrong on
 * purpose; libnl finds the family and reads the attributes.
 */
#ifndef SELFTEST_CLIENT_H
#define SELFTEST_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/sheath_nl.h>

#include <netlink/attr.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#define ST_CLIENT_S	10	/* seconds an answer may take */

/**
 * struct st_client - a netlink socket
 * @nl: libnl's socket
 * @fd: its descriptor
 * @family: number of the family "sheath"
 * @seq: of the last request
 */
struct st_client {
	struct nl_sock	*nl;
	int		fd;
	int		family;
	uint32_t	seq;
};

struct st_request {
	union {
		struct nlmsghdr	nlh;
		uint8_t		buf[4096];
	};
};

/**
 * struct st_answer - all that came after a request, up to the acknowledgment
 * @err: errno of the acknowledgment, negative, or 0; -ECOMM if none came
 * @text: what the kernel said about a refusal, "" if nothing
 * @n_replies: messages that came before the acknowledgment
 * @cmd: command of the last of them
 * @tb: its attributes
 * @len: bytes of @raw
 * @raw: messages as they came
 */
struct st_answer {
	int		err;
	char		text[256];
	int		n_replies;
	uint8_t		cmd;
	struct nlattr	*tb[SHEATH_A_MAX + 1];
	size_t		len;
	uint8_t		raw[16384];
};

/* 0 or -1 */
int st_client_open(struct st_client *c);
void st_client_close(struct st_client *c);
/* listen to events; 0 or -1 with errno */
int st_client_join(struct st_client *c);

/* an empty request that wants an acknowledgment */
void st_request_init(struct st_request *r, const struct st_client *c, int cmd);
/* add an attribute; where it is */
void *st_request_put(struct st_request *r, int type, const void *data, size_t len);
void st_put_u32(struct st_request *r, int type, uint32_t v);
void st_put_u64(struct st_request *r, int type, uint64_t v);
/* what is put between the two is in the nest */
struct nlattr *st_nest_start(struct st_request *r, int type);
void st_nest_end(struct st_request *r, struct nlattr *nest);

/* send and wait; returns @a->err */
int st_client_ask(struct st_client *c, struct st_request *r, struct st_answer *a);
/*
 * Ask with the @nth allocation failing. Returns true if it came to that. An acknowledgment
 * that found no memory is lost, @a->err is -ECOMM then.
 */
bool st_ask_with_fault(struct st_client *c, struct st_request *r, struct st_answer *a,
		       unsigned int nth);
/* take the next event off @c; false if there is none */
bool st_next_event(struct st_client *c, struct st_answer *a);

/* session-get; returns @a->err */
int st_ask_session(struct st_client *c, int fd, struct st_answer *a);
int st_ask_cookie(struct st_client *c, uint64_t cookie, struct st_answer *a);
uint64_t st_cookie(int fd);

/* an attribute of the last reply; all bits set if it is not there */
uint32_t st_attr_u32(const struct st_answer *a, int type);
uint64_t st_attr_u64(const struct st_answer *a, int type);

/* 6.1 calls the start of a dump without a place for the text */
bool st_dump_refusal_has_text(void);

#endif /* SELFTEST_CLIENT_H */
