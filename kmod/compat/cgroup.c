// SPDX-License-Identifier: GPL-2.0
/* Names the control group of the current task. */
#include <linux/cgroup.h>
#include <linux/kernfs.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "compat/cgroup.h"

#if defined(KTALLY_HAVE_CGROUP_KN_ID)
#define node_id(node)	((node)->id)
#elif defined(KTALLY_HAVE_CGROUP_KN_ID_INO)
#define node_id(node)	((node)->id.ino)
#elif defined(KTALLY_HAVE_CGROUP_KN_INO)
#define node_id(node)	((node)->ino)
#endif

u64 ktally_cgroup_id(void)
{
	u64 id = 0;

#ifdef node_id
	/* Not the sched flavor: before 4.20 it does not keep what kfree_rcu() frees. */
	rcu_read_lock();
	id = node_id(task_css_set(current)->dfl_cgrp->kn);
	rcu_read_unlock();
#endif
	return id;
}
