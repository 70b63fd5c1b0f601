// SPDX-License-Identifier: GPL-2.0
// linux/sched/task.h exists.
#include <linux/sched.h>
#include <linux/sched/task.h>
