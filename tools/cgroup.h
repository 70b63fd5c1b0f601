/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Control groups: the folder that a path means, and the path that an id means. */
#ifndef _KTALLY_CGROUP_H
#define _KTALLY_CGROUP_H

#include <stddef.h>
#include <stdint.h>

/**
 * cgroup_resolve - the cgroup that @text names
 * @text: a folder, or a path in the hierarchy of version 2; "CONTROLLER:PATH" for one of version 1
 * @id: out: inode number of its folder
 * @controller: out: of version 1, "" for version 2
 *
 * Return: exit code, after saying on stderr what is wrong
 */
int cgroup_resolve(const char *text, uint64_t *id, char *controller, size_t size);

/** cgroup_name - path of the cgroup of version 2 with that id, "/" for the root; NULL: there is none now. The text stays */
const char *cgroup_name(uint64_t id);

#endif /* _KTALLY_CGROUP_H */
