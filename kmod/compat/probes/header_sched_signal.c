// SPDX-License-Identifier: GPL-2.0
// linux/sched/signal.h exists.
#include <linux/sched.h>
#include <linux/sched/signal.h>
