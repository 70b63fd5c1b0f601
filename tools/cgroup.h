/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Control groups: the folder that a path or a container means, and what an id means. */
#ifndef _KTALLY_CGROUP_H
#define _KTALLY_CGROUP_H

#include <libktally.h>

/**
 * cgroup_resolve - the cgroup that @text names
 * @text: a folder, or a path in the hierarchy of version 2; "CONTROLLER:PATH" for one of version 1
 * @id: out: inode number of its folder
 * @controller: out: of version 1, "" for version 2
 *
 * Return: exit code, after saying on stderr what is wrong
 */
int cgroup_resolve(const char *text, uint64_t *id, char *controller, size_t size);

/** struct cgroup_options - --cgroup, --container and --pod: NULL if they are not given */
struct cgroup_options {
	const char *cgroup, *container, *pod;
};
/** OPT_ROWS_CGROUP - their rows in a table of options of @cfg, whose struct cgroup_options is @member */
#define OPT_ROWS_CGROUP(cfg, member) \
	OPT_ROW(cfg, OPT_TEXT, 0, "cgroup", member.cgroup, "PATH", "only tasks in this cgroup or below: its folder, or its path in the hierarchy; " \
		"of version 1 CONTROLLER:PATH"), \
	OPT_ROW(cfg, OPT_TEXT, 0, "container", member.container, "ID|NAME", "only this container: its id, 12 digits of it or more, or its name"), \
	OPT_ROW(cfg, OPT_TEXT, 0, "pod", member.pod, "NAME|UID", "only this pod: NAME, NAMESPACE/NAME or its uid")
/** cgroup_scope - make @plan measure what they name; @features: of the module. Return: exit code, after saying on stderr what is wrong */
int cgroup_scope(const struct cgroup_options *options, struct ktally_plan *plan, uint64_t features);

/** cgroup_choose - which hierarchy keys are about; @containers: it must tell these. Return: exit code */
int cgroup_choose(uint64_t features, bool containers);
/** cgroup_controller - the one that was chosen, "" for version 2 */
const char *cgroup_controller(void);
/**
 * cgroup_open - choose, and learn of all its cgroups, those to come included, so that containers and pods can be told
 * The environment variable KTALLY_NODE_ROOT names the folder that the node's own root is mounted at. Return: exit code
 */
int cgroup_open(uint64_t features);
/** cgroup_open_for - learn of all in the hierarchy of @controller, if a field of @schema needs it. Return: 0 or -errno */
int cgroup_open_for(const struct ktally_schema *schema, const char *controller, struct ktally_error *err);
/** cgroup_all - for ktally_symbolizer_cgroups(); NULL: nobody has opened them */
struct ktally_cgroups *cgroup_all(void);
/** cgroup_poll - to be called now and then while something is measured; nothing if they are not open, and so for cgroup_fold */
void cgroup_poll(void);
/** cgroup_record - learn from a record of a session */
void cgroup_record(const struct ktally_record *record);
/** cgroup_fold - make rows one that are of the same container or pod. Return: 0 or -errno */
int cgroup_fold(struct ktally_snapshot *snapshot, struct ktally_error *err);

/** cgroup_name - path of the cgroup with that id in the hierarchy that was chosen, "/" for the root; NULL: it is not known. The text stays */
const char *cgroup_name(uint64_t id);

#endif /* _KTALLY_CGROUP_H */
