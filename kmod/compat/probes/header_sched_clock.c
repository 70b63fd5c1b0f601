// SPDX-License-Identifier: GPL-2.0
// linux/sched/clock.h exists.
#include <linux/sched.h>
#include <linux/sched/clock.h>
