// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where the hierarchies of cgroups are mounted. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cgroups.h"

bool ktally_cgroup_has_word(const char *list, const char *word)
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
		if (path[0] == '\\' && strspn(path + 1, "01234567") >= 3) {
			*to++ = (path[1] - '0') << 6 | (path[2] - '0') << 3 | (path[3] - '0');
			path += 4;
		} else {
			*to++ = *path++;
		}
	}
	*to = 0;
}

int ktally_cgroup_find_mount(const char *mountinfo, const char *controller, char *mount, size_t size)
{
	FILE *file = fopen(mountinfo, "re");
	char line[4096], root[2048], at[2048], type[64], options[1024], *dash;
	bool whole = false, found;

	mount[0] = 0;
	/* Part of a hierarchy may be mounted elsewhere too, such as in a container's root. */
	while (file && !whole && fgets(line, sizeof(line), file)) {
		dash = strstr(line, " - ");
		if (!dash || sscanf(line, "%*s %*s %*s %2047s %2047s", root, at) != 2 || sscanf(dash, " - %63s %*s %1023s", type, options) != 2)
			continue;
		found = *controller ? !strcmp(type, "cgroup") && ktally_cgroup_has_word(options, controller) : !strcmp(type, "cgroup2");
		unescape(at);
		if (!found || (*mount && strcmp(root, "/")) || strlen(at) >= size)
			continue;
		strcpy(mount, at);
		whole = !strcmp(root, "/");
	}
	if (file)
		fclose(file);
	return *mount ? (int)strlen(mount) : -ENOENT;
}

int ktally_cgroup_mount(const char *controller, char *mount, size_t size)
{
	return ktally_cgroup_find_mount("/proc/self/mountinfo", controller, mount, size);
}
