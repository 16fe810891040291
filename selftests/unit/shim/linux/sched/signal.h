/* SPDX-License-Identifier: GPL-2.0 */
/* Is the one process there is being killed? */
#ifndef SHIM_LINUX_SCHED_SIGNAL_H
#define SHIM_LINUX_SCHED_SIGNAL_H

#include <linux/types.h>

#include "shim.h"

#define current NULL
#define fatal_signal_pending(task) ((void)(task), shim_killed)

#endif /* SHIM_LINUX_SCHED_SIGNAL_H */
