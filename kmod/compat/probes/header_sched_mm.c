// SPDX-License-Identifier: GPL-2.0
// linux/sched/mm.h exists.
#include <linux/sched.h>
#include <linux/sched/mm.h>
