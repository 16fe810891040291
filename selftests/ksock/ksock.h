/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * A consumer of TCP sockets inside the kernel, for tests: each open file is one, and after
 * KSOCK_TAKE does to its socket what storage and RPC drivers do.
 */
#ifndef SELFTEST_KSOCK_ABI_H
#define SELFTEST_KSOCK_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KSOCK_PATH	"/sys/kernel/debug/ksock"
#define KSOCK_PIECES	20
#define KSOCK_ALL	0xffffffffu

/**
 * struct ksock_read - a call of read_sock() and what its actor does
 * @buf: where what the actor took goes
 * @len: room there
 * @take: bytes it takes of each buffer it is shown, %KSOCK_ALL: all
 * @stop_at: call of the actor after which it wants no more, 0: never
 * @fail_at: call in which it fails instead, 0: never
 * @error: errno it fails with
 * @rc: what read_sock() returned
 * @got: bytes in @buf
 * @n_calls: of the actor
 */
struct ksock_read {
	__u64 buf;
	__u32 len;
	__u32 take;
	__u32 stop_at;
	__u32 fail_at;
	__u32 error;
	__s32 rc;
	__u32 got;
	__u32 n_calls;
};

/**
 * enum ksock_kind - memory that messages are sent from
 * @KSOCK_SINGLE: pages one behind the other, each with a reference count of its own
 * @KSOCK_COMPOUND: one compound page
 * @KSOCK_TWO: two compound pages, one behind the other
 */
enum ksock_kind {
	KSOCK_SINGLE,
	KSOCK_COMPOUND,
	KSOCK_TWO,
};

/**
 * struct ksock_memory - memory to be allocated, instead of what there was
 * @data: its content
 * @kind: enum ksock_kind
 * @order: logarithm of its pages, 1 to 4
 */
struct ksock_memory {
	__u64 data;
	__u32 kind;
	__u32 order;
};

/**
 * enum ksock_how - how a message is sent
 * @KSOCK_SENDMSG: by sock_sendmsg()
 * @KSOCK_LOCKED: by sendmsg_locked(), or sendpage_locked() where that is how to give pages away
 * @KSOCK_KVEC: by kernel_sendmsg(), which knows nothing of pages
 */
enum ksock_how {
	KSOCK_SENDMSG,
	KSOCK_LOCKED,
	KSOCK_KVEC,
};

/**
 * struct ksock_send - a message made of pieces of the memory
 * @how: enum ksock_how
 * @flags: MSG_*
 * @give: pages are given away, not copied from
 * @n: pieces, at most %KSOCK_PIECES
 * @piece: each one bvec or kvec, be it over several pages
 * @rc: bytes sent, or an errno
 */
struct ksock_send {
	__u32 how;
	__u32 flags;
	__u32 give;
	__u32 n;
	struct {
		__u32 off;
		__u32 len;
	} piece[KSOCK_PIECES];
	__s32 rc;
};

/* how often the callbacks of a consumer ran that replaced those of the socket */
struct ksock_calls {
	__u32 data_ready;
	__u32 write_space;
};

/**
 * struct ksock_find - bytes that should be nowhere in memory
 * @not: the bytes, each inverted, so that asking for them does not put them there
 * @len: how many
 * @found: how often they are there
 */
struct ksock_find {
	__u8 not[64];
	__u32 len;
	__u32 found;
};

#define KSOCK_TAKE	_IOW('k', 1, __s32)
#define KSOCK_READ	_IOWR('k', 2, struct ksock_read)
#define KSOCK_MEMORY	_IOW('k', 3, struct ksock_memory)
/* give the memory back, and have as much and more of the allocator's written over */
#define KSOCK_SCRIBBLE	_IO('k', 4)
#define KSOCK_SEND	_IOWR('k', 5, struct ksock_send)
/* 1: sk_data_ready and sk_write_space are ours and call nobody else's; 0: as they were */
#define KSOCK_HOOK	_IOW('k', 6, __s32)
#define KSOCK_CALLS	_IOR('k', 7, struct ksock_calls)
/* takes no socket */
#define KSOCK_FIND	_IOWR('k', 8, struct ksock_find)

#endif /* SELFTEST_KSOCK_ABI_H */
