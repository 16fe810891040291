/* SPDX-License-Identifier: GPL-2.0 */
/* Time, which stands still unless a test moves it. */
#ifndef SHIM_LINUX_JIFFIES_H
#define SHIM_LINUX_JIFFIES_H

#define HZ 250
#define time_after_eq(a, b) ((long)((a) - (b)) >= 0)

extern unsigned long jiffies;

#endif /* SHIM_LINUX_JIFFIES_H */
