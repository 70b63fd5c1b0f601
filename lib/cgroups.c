// SPDX-License-Identifier: LGPL-2.1-or-later
/* The cgroups of one hierarchy by their ids: all that were seen since the beginning, those that are gone included. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cgroups.h"
#include "hash.h"
#include "reader.h"

#define CGROUPS_MAX	(1U << 18)	/* what comes later is not known */
#define WATCHES_MAX	(1U << 16)
#define LOOK_NS		1000000000ULL	/* where watches are not to be had all are looked at so often */
#define DEPTH_MAX	64
#define HANDLE_KERNFS	0xfe		/* type of a file handle that is the id of a cgroup: from 5.5 on */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* ---- the list ---- */

static size_t slot_of(const struct ktally_cgroups *cgroups, uint64_t id)
{
	size_t at = ktally_hash_words(&id, 1) & (cgroups->nr_slots - 1);

	while (cgroups->slots[at] && cgroups->list[cgroups->slots[at] - 1].id != id)
		at = (at + 1) & (cgroups->nr_slots - 1);
	return at;
}

static bool make_room(struct ktally_cgroups *cgroups)
{
	size_t room = cgroups->room ? cgroups->room * 2 : 256, nr_slots = room * 2, i;
	struct ktally_cgroup *list;
	uint32_t *slots;

	if (cgroups->nr < cgroups->room)
		return true;
	list = cgroups->nr < CGROUPS_MAX ? realloc(cgroups->list, room * sizeof(*list)) : NULL;
	if (!list)
		return false;
	cgroups->list = list;
	slots = calloc(nr_slots, sizeof(*slots));
	if (!slots)
		return false;
	free(cgroups->slots);
	cgroups->slots = slots;
	cgroups->nr_slots = nr_slots;
	cgroups->room = room;
	for (i = 0; i < cgroups->nr; i++)
		slots[slot_of(cgroups, list[i].id)] = i + 1;
	return true;
}

static bool name_it(struct ktally_cgroups *cgroups, struct ktally_cgroup *cgroup, uint64_t id, const char *path)
{
	struct ktally_container container;
	char *copy = strdup(path);

	if (!copy)
		return false;
	ktally_container_of(&container, path);
	free(cgroup->path);
	*cgroup = (struct ktally_cgroup){ .id = id, .path = copy, .container = ktally_strtab_add(cgroups->texts, container.id),
					  .pod = ktally_strtab_add(cgroups->texts, container.pod) };
	if (cgroup->pod || cgroup->container)
		ktally_pods_name(cgroups->pods, container.pod, container.id);
	return true;
}

/* Return: its number from 1, 0: no room. @fresh: it was not known, or by another path: version 1 can rename, and kernels before 4.14 use numbers again */
static uint32_t add(struct ktally_cgroups *cgroups, uint64_t id, const char *path, bool *fresh)
{
	uint32_t number;
	size_t at;

	*fresh = false;
	if (!make_room(cgroups))
		return 0;
	at = slot_of(cgroups, id);
	number = cgroups->slots[at];
	if (number && !strcmp(cgroups->list[number - 1].path, path))
		return number;
	if (!number)
		cgroups->list[cgroups->nr] = (struct ktally_cgroup){ 0 };
	*fresh = name_it(cgroups, &cgroups->list[number ? number - 1 : cgroups->nr], id, path);
	if (*fresh && !number)
		cgroups->slots[at] = number = ++cgroups->nr;
	return number;
}

/* ---- looking ---- */

static void watch(struct ktally_cgroups *cgroups, const char *folder, uint32_t number)
{
	int wd = cgroups->watch < 0 ? -1 : inotify_add_watch(cgroups->watch, folder, IN_CREATE | IN_ONLYDIR);
	size_t room = cgroups->nr_watched ? cgroups->nr_watched * 2 : 256;
	uint32_t *watched;

	/* Gone already: no reason to look at all others each time. */
	if (wd < 0 && errno == ENOENT)
		return;
	if (wd < 0 || (unsigned int)wd >= WATCHES_MAX) {
		cgroups->unwatched = true;
		return;
	}
	while (room <= (size_t)wd)
		room *= 2;
	if ((size_t)wd >= cgroups->nr_watched) {
		watched = realloc(cgroups->watched, room * sizeof(*watched));
		if (!watched) {
			cgroups->unwatched = true;
			return;
		}
		memset(watched + cgroups->nr_watched, 0, (room - cgroups->nr_watched) * sizeof(*watched));
		cgroups->watched = watched;
		cgroups->nr_watched = room;
	}
	cgroups->watched[wd] = number;
}

static void look(struct ktally_cgroups *cgroups, const char *path, unsigned int depth);

static void look_inside(struct ktally_cgroups *cgroups, const char *folder, const char *path, unsigned int depth)
{
	const struct dirent *entry;
	char child[PATH_MAX];
	DIR *dir = opendir(folder);

	while (dir && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if ((size_t)snprintf(child, sizeof(child), "%s/%s", path[1] ? path : "", entry->d_name) < sizeof(child))
			look(cgroups, child, depth + 1);
	}
	if (dir)
		closedir(dir);
}

/* A cgroup and all below it. The watch comes first: what is made between the two is seen by one of them, or by both. */
static void look(struct ktally_cgroups *cgroups, const char *path, unsigned int depth)
{
	char folder[2 * PATH_MAX];
	struct stat st;
	uint32_t number;
	bool fresh;

	snprintf(folder, sizeof(folder), "%s%s", cgroups->mount, path[1] ? path : "");
	if (depth > DEPTH_MAX || lstat(folder, &st) || !S_ISDIR(st.st_mode))
		return;
	number = add(cgroups, st.st_ino, path, &fresh);
	if (fresh)
		watch(cgroups, folder, number);
	look_inside(cgroups, folder, path, depth);
}

static void look_at_all(struct ktally_cgroups *cgroups)
{
	look(cgroups, "/", 0);
	cgroups->looked_ns = now_ns();
}

/* ---- news ---- */

static void take_event(struct ktally_cgroups *cgroups, const struct inotify_event *event)
{
	uint32_t number = event->wd >= 0 && (size_t)event->wd < cgroups->nr_watched ? cgroups->watched[event->wd] : 0;
	char path[PATH_MAX];
	const char *parent;

	if (event->mask & IN_Q_OVERFLOW) {
		look_at_all(cgroups);
		return;
	}
	if (!(event->mask & IN_CREATE) || !(event->mask & IN_ISDIR) || !number || !event->len)
		return;
	parent = cgroups->list[number - 1].path;
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", parent[1] ? parent : "", event->name) < sizeof(path))
		look(cgroups, path, 0);
}

void ktally_cgroups_poll(struct ktally_cgroups *cgroups)
{
	char buf[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	const struct inotify_event *event;
	ssize_t got, at;

	while (cgroups->watch >= 0 && (got = read(cgroups->watch, buf, sizeof(buf))) > 0) {
		for (at = 0; at < got; at += sizeof(*event) + event->len) {
			event = (const void *)(buf + at);
			take_event(cgroups, event);
		}
	}
	if (cgroups->unwatched && now_ns() - cgroups->looked_ns >= LOOK_NS)
		look_at_all(cgroups);
	ktally_pods_poll(cgroups->pods, now_ns());
}

/* The kernel finds a cgroup that is there by its id. */
static void look_by_handle(struct ktally_cgroups *cgroups, uint64_t id)
{
	struct { struct file_handle head; uint64_t id; } handle = { .head = { .handle_bytes = sizeof(id), .handle_type = HANDLE_KERNFS }, .id = id };
	size_t len = strlen(cgroups->mount);
	char link[64], path[PATH_MAX];
	ssize_t got;
	int fd;

	/* The handle lies where f_handle does. */
	_Static_assert(offsetof(struct file_handle, f_handle) == 8, "a handle of 8 bytes follows its head");
	fd = cgroups->mount_fd < 0 ? -1 : open_by_handle_at(cgroups->mount_fd, &handle.head, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	got = readlink(link, path, sizeof(path) - 1);
	close(fd);
	if (got <= 0)
		return;
	path[got] = 0;
	if (!strncmp(path, cgroups->mount, len) && (path[len] == '/' || !path[len]))
		look(cgroups, path[len] ? path + len : "/", 0);
}

const struct ktally_cgroup *ktally_cgroups_get(struct ktally_cgroups *cgroups, uint64_t id)
{
	size_t at = slot_of(cgroups, id);

	if (!cgroups->slots[at] && id) {
		ktally_cgroups_poll(cgroups);
		at = slot_of(cgroups, id);
		if (!cgroups->slots[at])
			look_by_handle(cgroups, id);
		at = slot_of(cgroups, id);
	}
	return cgroups->slots[at] ? &cgroups->list[cgroups->slots[at] - 1] : NULL;
}

static bool is_there(const struct ktally_cgroups *cgroups, const char *path, uint64_t id)
{
	char folder[2 * PATH_MAX];
	struct stat st;

	snprintf(folder, sizeof(folder), "%s%s", cgroups->mount, path[1] ? path : "");
	return !lstat(folder, &st) && st.st_ino == id;
}

/* The folder knows better, if it is there: then it is watched, too. */
int ktally_cgroups_record(struct ktally_cgroups *cgroups, const struct ktally_record *record)
{
	const struct ktally_group *group = (const struct ktally_group *)record;
	bool fresh;
	size_t at;

	if (!ktally_record_valid(record, record->size))
		return -EBADMSG;
	if (record->type != KTALLY_RECORD_CGROUP || group->path[0] != '/' || !group->id || strlen(group->path) >= PATH_MAX)
		return 0;
	at = slot_of(cgroups, group->id);
	if (cgroups->slots[at] && is_there(cgroups, cgroups->list[cgroups->slots[at] - 1].path, group->id))
		return 0;
	if (is_there(cgroups, group->path, group->id)) {
		look(cgroups, group->path, 0);
		return 0;
	}
	return add(cgroups, group->id, group->path, &fresh) ? 0 : -ENOMEM;
}

const char *ktally_cgroups_controller(const struct ktally_cgroups *cgroups, const char **mount)
{
	if (mount)
		*mount = cgroups->mount;
	return cgroups->controller;
}

const char *ktally_cgroups_path(struct ktally_cgroups *cgroups, uint64_t id)
{
	const struct ktally_cgroup *cgroup = ktally_cgroups_get(cgroups, id);

	return cgroup ? cgroup->path : NULL;
}

/* Of no id at all: kernels say 0 of what is in no cgroup of version 2. */
const char *ktally_cgroups_container(struct ktally_cgroups *cgroups, uint64_t id)
{
	const struct ktally_cgroup *cgroup = ktally_cgroups_get(cgroups, id);

	return cgroup ? ktally_strtab_get(cgroups->texts, cgroup->container) : id ? NULL : "";
}

const char *ktally_cgroups_pod(struct ktally_cgroups *cgroups, uint64_t id)
{
	const struct ktally_cgroup *cgroup = ktally_cgroups_get(cgroups, id);
	const char *uid, *name, *container;

	if (!cgroup || !cgroup->pod)
		return cgroup || !id ? "" : NULL;
	uid = ktally_strtab_get(cgroups->texts, cgroup->pod);
	container = ktally_strtab_get(cgroups->texts, cgroup->container);
	name = ktally_pods_name(cgroups->pods, uid, container);
	if (!name) {
		ktally_pods_poll(cgroups->pods, now_ns());
		name = ktally_pods_name(cgroups->pods, uid, container);
	}
	return name ? name : uid;
}

/* ---- life ---- */

void ktally_cgroups_free(struct ktally_cgroups *cgroups)
{
	size_t i;

	if (!cgroups)
		return;
	for (i = 0; i < cgroups->nr; i++)
		free(cgroups->list[i].path);
	if (cgroups->watch >= 0)
		close(cgroups->watch);
	if (cgroups->mount_fd >= 0)
		close(cgroups->mount_fd);
	ktally_strtab_free(cgroups->texts);
	ktally_pods_free(cgroups->pods);
	free(cgroups->list);
	free(cgroups->slots);
	free(cgroups->watched);
	free(cgroups);
}

static int find_mount(struct ktally_cgroups *cgroups, const char *mount, struct ktally_error *err)
{
	if (!mount && ktally_cgroup_mount(cgroups->controller, cgroups->mount, sizeof(cgroups->mount)) < 0)
		return *cgroups->controller ?
			ktally_fail(err, -EOPNOTSUPP, "no hierarchy of cgroups of version 1 with the controller '%s' is mounted", cgroups->controller) :
			ktally_fail(err, -EOPNOTSUPP, "no hierarchy of cgroups of version 2 is mounted");
	if (mount && (size_t)snprintf(cgroups->mount, sizeof(cgroups->mount), "%s", mount) >= sizeof(cgroups->mount))
		return ktally_fail(err, -ENAMETOOLONG, "the path of the cgroup hierarchy is too long");
	cgroups->mount_fd = open(cgroups->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cgroups->mount_fd < 0)
		return ktally_fail(err, -errno, "%s: %s", cgroups->mount, strerror(errno));
	return 0;
}

static int open_hierarchy(struct ktally_cgroups **out, const char *controller, const char *mount, const char *root, struct ktally_error *err)
{
	struct ktally_cgroups *cgroups = calloc(1, sizeof(*cgroups));
	int ret;

	if (!cgroups)
		return ktally_fail(err, -ENOMEM, "out of memory");
	snprintf(cgroups->controller, sizeof(cgroups->controller), "%s", controller);
	cgroups->mount_fd = -1;
	cgroups->watch = -1;
	ret = find_mount(cgroups, mount, err);
	if (!ret) {
		cgroups->texts = ktally_strtab_new();
		cgroups->pods = ktally_pods_new(root ? root : "");
		if (!cgroups->texts || !cgroups->pods || !make_room(cgroups))
			ret = ktally_fail(err, -ENOMEM, "out of memory");
	}
	if (ret) {
		ktally_cgroups_free(cgroups);
		return ret;
	}
	cgroups->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	cgroups->unwatched = cgroups->watch < 0;
	look_at_all(cgroups);
	*out = cgroups;
	return 0;
}

int ktally_cgroups_new(struct ktally_cgroups **cgroups, const char *mount, const char *root, struct ktally_error *err)
{
	return open_hierarchy(cgroups, "", mount, root, err);
}

int ktally_cgroups_open(struct ktally_cgroups **cgroups, const char *controller, const char *root, struct ktally_error *err)
{
	return open_hierarchy(cgroups, controller, NULL, root, err);
}
