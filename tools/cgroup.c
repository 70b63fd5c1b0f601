// SPDX-License-Identifier: GPL-2.0-or-later
/* Control groups: the folder that a path means, and the path that an id means. */
#include <errno.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cgroup.h"
#include "cmd.h"
#include "out.h"

/* "cpu" in "rw,cpu,cpuacct" */
static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (; list; list = strchr(list, ',') ? strchr(list, ',') + 1 : NULL)
		if (!strncmp(list, word, len) && (list[len] == ',' || !list[len]))
			return true;
	return false;
}

/* mountinfo writes blanks and backslashes of a path as octal. */
static void unescape(char *path)
{
	char *to = path;

	while (*path) {
		if (path[0] == '\\' && path[1] && path[2] && path[3]) {
			*to++ = (path[1] - '0') << 6 | (path[2] - '0') << 3 | (path[3] - '0');
			path += 4;
		} else {
			*to++ = *path++;
		}
	}
	*to = 0;
}

/* Where the hierarchy of @controller ("": version 2) is mounted. Return: its length, 0 if it is not. */
static size_t find_mount(const char *controller, char *mount, size_t size)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char line[4096], at[2048], type[64], options[1024], *dash;
	bool found = false;

	mount[0] = 0;
	while (file && !found && fgets(line, sizeof(line), file)) {
		dash = strstr(line, " - ");
		if (!dash || sscanf(line, "%*s %*s %*s %*s %2047s", at) != 1 || sscanf(dash, " - %63s %*s %1023s", type, options) != 2)
			continue;
		found = *controller ? !strcmp(type, "cgroup") && has_word(options, controller) : !strcmp(type, "cgroup2");
		if (found) {
			unescape(at);
			found = (size_t)snprintf(mount, size, "%s", at) < size;
		}
	}
	if (file)
		fclose(file);
	return found ? strlen(mount) : 0;
}

/* A word and ':' in front of a path that has no '/' before. */
static const char *split_controller(const char *text, char *controller, size_t size)
{
	const char *colon = strchr(text, ':'), *slash = strchr(text, '/');
	size_t len = colon ? (size_t)(colon - text) : 0;

	controller[0] = 0;
	if (!len || len >= size || (slash && slash < colon))
		return text;
	memcpy(controller, text, len);
	controller[len] = 0;
	return colon + 1;
}

int cgroup_resolve(const char *text, uint64_t *id, char *controller, size_t size)
{
	const char *path = split_controller(text, controller, size);
	char mount[2048], *folder;
	size_t len = find_mount(controller, mount, sizeof(mount));
	struct stat st;
	int err;

	if (!len) {
		if (*controller)
			out_error("--cgroup %s: no hierarchy of version 1 with the controller '%s' is mounted; /proc/cgroups lists them", text, controller);
		else
			out_error("--cgroup %s: no hierarchy of version 2 is mounted; for version 1 write CONTROLLER:PATH, such as cpu:%s", text, path);
		return EXIT_FAILED;
	}
	if (!strncmp(path, mount, len) && (path[len] == '/' || !path[len]))
		folder = out_text("%s", path);
	else
		folder = out_text("%s/%s", mount, path + strspn(path, "/"));
	err = stat(folder, &st) ? errno : S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
	if (err)
		out_error("--cgroup %s: %s: %s", text, folder, err == ENOENT ? "there is no such cgroup" : strerror(err));
	free(folder);
	*id = st.st_ino;
	return err ? EXIT_FAILED : EXIT_OK;
}

/* ---- names ---- */

/** struct named - a cgroup that was there when it was looked for */
struct named {
	uint64_t id;
	char *path;
};

static struct {
	struct named *items;
	size_t nr, root;	/* @root: length of the mount point */
	bool known;
} names;

static int add_name(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *inside = path + names.root;

	(void)ftw;
	if (type != FTW_D && type != FTW_DNR)
		return 0;
	names.items = out_realloc(names.items, (names.nr + 1) * sizeof(*names.items));
	names.items[names.nr++] = (struct named){ .id = st->st_ino, .path = out_text("%s", *inside ? inside : "/") };
	return 0;
}

const char *cgroup_name(uint64_t id)
{
	char mount[2048];
	size_t n;

	if (!names.known) {
		names.known = true;
		names.root = find_mount("", mount, sizeof(mount));
		if (names.root)
			nftw(mount, add_name, 16, FTW_PHYS | FTW_MOUNT);
	}
	for (n = 0; n < names.nr; n++)
		if (names.items[n].id == id)
			return names.items[n].path;
	return NULL;
}
