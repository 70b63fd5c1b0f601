// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which hierarchy of cgroups names containers here: that of version 2, or one of version 1. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cgroups.h"

#define LINES_MAX 65536	/* bytes of a process's list of cgroups */

/* "" is version 2. Container runtimes use all that are mounted, but for those that somebody else has taken for himself. */
static const char *const controllers[] = {
	"", "memory", "cpu", "pids", "cpuacct", "devices", "freezer", "blkio", "cpuset", "net_cls", "net_prio", "perf_event", "hugetlb", "rdma", "misc",
};
#define NR (sizeof(controllers) / sizeof(controllers[0]))

/**
 * struct look - what was found
 * @usable: a bit for each controller: mounted, and the module tells its numbers
 * @named: processes in containers, by controller
 * @all: a bit for each controller that tells of the process at hand
 * @where: "CONTROLLERS:PATH" of the first process, for each set of those that tell of it: what a choice leaves out
 */
struct look {
	uint32_t usable;
	unsigned int named[NR], processes;
	struct gap {
		uint32_t by;
		unsigned int nr;
		char where[KTALLY_CGROUP_WHERE_MAX];
	} gaps[16];
	unsigned int nr_gaps;
};

/* The path behind the second colon of "ID:CONTROLLERS:PATH"; NULL: no such line. Both texts end at the line. */
static char *split(char *line, const char **list)
{
	char *first = strchr(line, ':'), *second = first ? strchr(first + 1, ':') : NULL;

	if (!second)
		return NULL;
	*second = 0;
	*list = first + 1;
	return second + 1;
}

/* A bit for each hierarchy that the list is of. */
static uint32_t bits_of(const char *list)
{
	uint32_t bits = 0;
	unsigned int i;

	if (!*list)
		return 1;
	for (i = 1; i < NR; i++)
		if (ktally_cgroup_has_word(list, controllers[i]))
			bits |= 1U << i;
	return bits;
}

/* Too many different ones: the last place is for all that find none. */
static void note_gap(struct look *look, uint32_t by, const char *where)
{
	const unsigned int places = sizeof(look->gaps) / sizeof(look->gaps[0]);
	unsigned int i;

	for (i = 0; i < look->nr_gaps && look->gaps[i].by != by; i++)
		;
	if (i == places)
		i--;
	if (i == look->nr_gaps) {
		look->gaps[i].by = by;
		snprintf(look->gaps[i].where, sizeof(look->gaps[i].where), "%s", where);
		look->nr_gaps++;
	}
	look->gaps[i].nr++;
}

static void look_at(struct look *look, char *text)
{
	struct ktally_container container;
	char where[KTALLY_CGROUP_WHERE_MAX], *line, *path, *next;
	const char *list;
	bool any = false;
	uint32_t by = 0;
	unsigned int i;

	for (line = text; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		path = split(line, &list);
		if (!path || !ktally_container_of(&container, path))
			continue;
		if (!any)
			snprintf(where, sizeof(where), "%s:%s", list, path);
		any = true;
		by |= bits_of(list);
	}
	if (!any)
		return;
	look->processes++;
	note_gap(look, by, where);
	for (i = 0; i < NR; i++)
		look->named[i] += by >> i & 1;
}

static bool read_process(int proc, const char *pid, char *text, size_t size)
{
	char path[300];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, text, size - 1);
	if (fd >= 0)
		close(fd);
	if (got < 0)
		return false;
	text[got] = 0;
	return true;
}

static void look_at_all(struct look *look, const char *proc)
{
	const struct dirent *entry;
	char text[LINES_MAX];
	DIR *dir = opendir(proc);

	while (dir && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]) && read_process(dirfd(dir), entry->d_name, text, sizeof(text)))
			look_at(look, text);
	if (dir)
		closedir(dir);
}

static void look_at_mounts(struct look *look, const char *proc, uint64_t features)
{
	char path[PATH_MAX], mount[PATH_MAX];
	unsigned int i;

	snprintf(path, sizeof(path), "%s/self/mountinfo", proc);
	for (i = 0; i < NR; i++)
		if ((features & (i ? KTALLY_FEATURE_CGROUP_V1 : KTALLY_FEATURE_CGROUP)) &&
		    ktally_cgroup_find_mount(path, controllers[i], mount, sizeof(mount)) > 0)
			look->usable |= 1U << i;
}

/* Of nothing but files that all groups have: systemd's, and an engine puts its containers elsewhere. */
static bool is_bare(const char *proc)
{
	char path[PATH_MAX], mount[PATH_MAX / 2], text[256];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "%s/self/mountinfo", proc);
	if (ktally_cgroup_find_mount(path, "", mount, sizeof(mount)) <= 0)
		return true;
	snprintf(path, sizeof(path), "%s/cgroup.controllers", mount);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (fd >= 0)
		close(fd);
	return got <= 1;
}

/* The one that tells of most. None tells of any: version 2 if it has controllers, else one that does. */
static unsigned int best_of(const struct look *look, const char *proc)
{
	unsigned int best = NR, i;

	for (i = 0; i < NR; i++)
		if ((look->usable >> i & 1) && (best == NR || look->named[i] > look->named[best]))
			best = i;
	if (best == 0 && !look->named[0] && look->usable != 1 && is_bare(proc))
		best = __builtin_ctz(look->usable & ~1U);
	return best;
}

static void tell_gaps(const struct look *look, unsigned int best, struct ktally_cgroup_choice *choice)
{
	unsigned int i;

	for (i = 0; i < look->nr_gaps; i++) {
		if (look->gaps[i].by >> best & 1)
			continue;
		if (!choice->unseen)
			memcpy(choice->where, look->gaps[i].where, sizeof(choice->where));
		choice->unseen += look->gaps[i].nr;
	}
}

static int no_hierarchy(uint64_t features, struct ktally_error *err)
{
	if (!(features & (KTALLY_FEATURE_CGROUP | KTALLY_FEATURE_CGROUP_V1)))
		return ktally_fail(err, -EOPNOTSUPP, "this kernel gives the module no numbers of cgroups; `ktally doctor` says why");
	return ktally_fail(err, -EOPNOTSUPP, "no hierarchy of cgroups that has numbers is mounted: neither version 2 nor one of version 1 with a controller "
			   "(one with a name only, such as systemd's, has none)");
}

int ktally_cgroups_choose(struct ktally_cgroup_choice *choice, uint64_t features, const char *proc, struct ktally_error *err)
{
	struct look look = { 0 };
	unsigned int best;

	memset(choice, 0, sizeof(*choice));
	if (!proc)
		proc = "/proc";
	look_at_mounts(&look, proc, features);
	if (!look.usable)
		return no_hierarchy(features, err);
	look_at_all(&look, proc);
	best = best_of(&look, proc);
	snprintf(choice->controller, sizeof(choice->controller), "%s", controllers[best]);
	choice->seen = look.named[best];
	tell_gaps(&look, best, choice);
	if (choice->unseen && !choice->seen)
		return ktally_fail(err, -ENODATA, "%u processes are in containers, such as %s, but only in hierarchies of cgroups that %s: no key can tell these "
				   "containers apart", choice->unseen, choice->where,
				   strstr(choice->where, "name=") ? "have a name and no controller, whose groups the kernel gives no module" : "are not mounted here");
	return 0;
}
