/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Ciphers and MACs that fail when they are told to, for tests. They stand before the kernel's
 * own of the same names, and have those do the work.
 */
#ifndef SELFTEST_KCRYPT_ABI_H
#define SELFTEST_KCRYPT_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KCRYPT_PATH	"/sys/kernel/debug/kcrypt"

/* what is counted: calls of ciphers, and pieces given to a MAC */
enum kcrypt_op {
	KCRYPT_ENCRYPT,
	KCRYPT_DECRYPT,
	KCRYPT_MAC,
};

/**
 * enum kcrypt_how - what becomes of a call
 * @KCRYPT_BEFORE: it fails, and nothing is done
 * @KCRYPT_AFTER: it fails, and all is done
 * @KCRYPT_DEFER: another thread does it, and tells what came of it, or the error
 * @KCRYPT_BACKLOG: likewise, after a time in a queue; ciphers only
 */
enum kcrypt_how {
	KCRYPT_BEFORE,
	KCRYPT_AFTER,
	KCRYPT_DEFER,
	KCRYPT_BACKLOG,
};

/**
 * struct kcrypt_fault - calls to come
 * @op: enum kcrypt_op
 * @how: enum kcrypt_how
 * @nth: the first one that is meant, 0: none any more
 * @times: how many are meant
 * @error: errno, or 0
 */
struct kcrypt_fault {
	__u32 op;
	__u32 how;
	__u32 nth;
	__u32 times;
	__u32 error;
};

/* from now on ciphers that are allocated are ours */
#define KCRYPT_ADD	_IO('c', 1)
/* not any more; EBUSY while one is in use. Closing the file tries it, too. */
#define KCRYPT_DEL	_IO('c', 2)
#define KCRYPT_FAULT	_IOW('c', 3, struct kcrypt_fault)
/* how many calls were met since the last KCRYPT_FAULT */
#define KCRYPT_HITS	_IOR('c', 4, __u32)

#endif /* SELFTEST_KCRYPT_ABI_H */
