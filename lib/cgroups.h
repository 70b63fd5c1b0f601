/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of known cgroups: what cgroups.c keeps, for those who look for one, and where names of pods come from. */
#ifndef KTALLY_CGROUPS_H
#define KTALLY_CGROUPS_H

#include <limits.h>

#include "libktally.h"
#include "strtab.h"

struct ktally_pods;

/** struct ktally_cgroup - one that was seen; @container and @pod are numbers of texts, 0: in none */
struct ktally_cgroup {
	uint64_t id;
	char *path;
	uint32_t container, pod;
};

/**
 * struct ktally_cgroups - all that were seen, and what tells of new ones
 * @mount: folder of the hierarchy; @controller: whose, "": version 2
 * @list: in the order they were seen; @slots: numbers from 1 of them, by hash of their ids
 * @watch: inotify, -1 if it cannot be had; @watched: number in @list by watch descriptor
 * @unwatched: some have no watch, so that all are looked at each time
 * @looked_ns: when all were looked at
 */
struct ktally_cgroups {
	char mount[PATH_MAX], controller[32];
	int mount_fd;
	struct ktally_cgroup *list;
	size_t nr, room, nr_slots;
	uint32_t *slots;
	struct ktally_strtab *texts;
	int watch;
	uint32_t *watched;
	size_t nr_watched;
	bool unwatched;
	uint64_t looked_ns;
	struct ktally_pods *pods;
};

/** ktally_cgroup_has_word - whether @word is in @list, such as "cpu" in "rw,cpu,cpuacct" */
bool ktally_cgroup_has_word(const char *list, const char *word);
/** ktally_cgroup_find_mount - ktally_cgroup_mount() by a file like /proc/self/mountinfo */
int ktally_cgroup_find_mount(const char *mountinfo, const char *controller, char *mount, size_t size);

/** ktally_cgroups_get - the cgroup with that id, learning of it if it is new; NULL: not known. Valid until the next one is learnt */
const struct ktally_cgroup *ktally_cgroups_get(struct ktally_cgroups *cgroups, uint64_t id);

/** ktally_pods_new - of the log folders below @root. NULL: no memory */
struct ktally_pods *ktally_pods_new(const char *root);
void ktally_pods_free(struct ktally_pods *pods);
/** ktally_pods_poll - read the folders again if there was a pod without a name, at most once a second. @now: CLOCK_MONOTONIC ns */
void ktally_pods_poll(struct ktally_pods *pods, uint64_t now);
/** ktally_pods_take_pod, ktally_pods_take_container - learn of an entry of ROOT/var/log/pods, of ROOT/var/log/containers; others are ignored */
void ktally_pods_take_pod(struct ktally_pods *pods, const char *entry);
void ktally_pods_take_container(struct ktally_pods *pods, const char *entry);
/** ktally_pods_name - "NAMESPACE/NAME" of the pod @uid, or of container @id's; NULL: not known. Valid until the next call */
const char *ktally_pods_name(struct ktally_pods *pods, const char *uid, const char *id);
/** ktally_pods_container_is - whether container @id is called @name, by the links that a node has, or what Docker and Podman have in their folders */
bool ktally_pods_container_is(struct ktally_pods *pods, const char *id, const char *name);

#endif /* KTALLY_CGROUPS_H */
