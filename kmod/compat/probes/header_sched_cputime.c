// SPDX-License-Identifier: GPL-2.0
// linux/sched/cputime.h exists.
#include <linux/sched.h>
#include <linux/sched/cputime.h>
