/* SPDX-License-Identifier: GPL-2.0 */
/* The less of two. */
#ifndef SHIM_LINUX_MINMAX_H
#define SHIM_LINUX_MINMAX_H

#define min_t(type, a, b) ({ type x_ = (a), y_ = (b); x_ < y_ ? x_ : y_; })
#define min(a, b) ({ __typeof__(a) x_ = (a); __typeof__(b) y_ = (b); x_ < y_ ? x_ : y_; })

#endif /* SHIM_LINUX_MINMAX_H */
