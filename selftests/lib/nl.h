/* SPDX-License-Identifier: GPL-2.0 */
/* Requests to generic netlink families by hand, with a limit of time on each answer. */
#ifndef SELFTEST_NL_H
#define SELFTEST_NL_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/sheath.h>
#include <linux/sheath_nl.h>

/* what st_nl_ask() returns when no answer came in time */
#define ST_NL_NO_ANSWER	(-1000)

/**
 * struct st_nl - a netlink socket, and what it was answered last
 * @fd: descriptor
 * @family: number of the family "sheath"
 * @seq: of the last request
 * @n_replies: messages that came before the acknowledgment
 * @addressed: requests name their destination
 * @text: what the kernel said about a refusal, "" if nothing
 */
struct st_nl {
	int		fd;
	uint16_t	family;
	uint32_t	seq;
	unsigned int	n_replies;
	bool		addressed;
	char		text[256];
};

struct st_req {
	struct nlmsghdr		nlh;
	struct genlmsghdr	genl;
	uint8_t			attrs[2048];
};

/* 0 or -1 */
int st_nl_open(struct st_nl *nl);
/* no family is looked for */
int st_nl_open_only(struct st_nl *nl);
void st_nl_close(struct st_nl *nl);

void st_req_init(struct st_req *r, uint16_t family, uint8_t cmd, uint16_t flags);
struct nlattr *st_req_put(struct st_req *r, int type, const void *data, unsigned int len);
void st_req_u32(struct st_req *r, int type, uint32_t value);
void st_req_u64(struct st_req *r, int type, uint64_t value);
/* send and wait; 0, a negative errno of the kernel, or ST_NL_NO_ANSWER */
int st_nl_ask(struct st_nl *nl, struct st_req *r);

/* number of a family, or a negative errno, or ST_NL_NO_ANSWER */
int st_nl_family(struct st_nl *nl, const char *name);
/* key-set with all that @keys says; fields that are 0 are left out */
int st_nl_key_set(struct st_nl *nl, int fd, const struct sheath_keys *keys);

#endif /* SELFTEST_NL_H */
