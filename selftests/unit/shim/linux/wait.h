/* SPDX-License-Identifier: GPL-2.0 */
/* Whoever waits runs the work he waits for. */
#ifndef SHIM_LINUX_WAIT_H
#define SHIM_LINUX_WAIT_H

#include <linux/sched/signal.h>

#define DECLARE_WAIT_QUEUE_HEAD(name) int name
#define wake_up_all(queue) ((void)(queue))
#define wait_event_killable(queue, condition) ({				\
	while (!shim_killed && !(condition))					\
		shim_wait();							\
	shim_killed ? -ERESTARTSYS : 0;						\
})

/* does what there is to do; there has to be something */
void shim_wait(void);

#endif /* SHIM_LINUX_WAIT_H */
