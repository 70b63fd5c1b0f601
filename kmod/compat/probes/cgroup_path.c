// SPDX-License-Identifier: GPL-2.0
// cgroup_path() returns an int: before 3.15, and since
// "kernfs: make kernfs_path*() behave in the style of strlcpy()", 4.9.
#include <linux/cgroup.h>

int probe(struct cgroup *group, char *buf);

int probe(struct cgroup *group, char *buf)
{
	return cgroup_path(group, buf, 16);
}
