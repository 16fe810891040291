// SPDX-License-Identifier: GPL-2.0
/* The tracepoints, once. */
#include <linux/types.h>

#define CREATE_TRACE_POINTS
#include "core/trace.h"
