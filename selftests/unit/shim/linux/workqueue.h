/* SPDX-License-Identifier: GPL-2.0 */
/* Work for later, which is when a test says so. */
#ifndef SHIM_LINUX_WORKQUEUE_H
#define SHIM_LINUX_WORKQUEUE_H

struct work_struct {
	void	(*fn)(struct work_struct *work);
};

#define DECLARE_WORK(name, f) struct work_struct name = { .fn = (f) }

#define system_long_wq NULL
#define queue_work(queue, work) schedule_work(work)

void schedule_work(struct work_struct *work);
void cancel_work_sync(struct work_struct *work);

#endif /* SHIM_LINUX_WORKQUEUE_H */
