// SPDX-License-Identifier: LGPL-2.1-or-later
/* Processes of which only cgroups of version 1 tell that they are in containers: for the kernel's ids they are in none. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "libktally.h"

#define LINES_MAX 65536	/* bytes of a process's list of cgroups */

/* The path behind the second colon of "ID:CONTROLLERS:PATH"; NULL: no such line. Both texts end at the line. */
static char *split(char *line, const char **controllers)
{
	char *first = strchr(line, ':'), *second = first ? strchr(first + 1, ':') : NULL;

	if (!second)
		return NULL;
	*second = 0;
	*controllers = first + 1;
	return second + 1;
}

/* Whether a line of version 1 tells of a container, and that of version 2, which has no controllers, does not. */
static bool only_v1(char *text, char *where, size_t size)
{
	struct ktally_container container;
	const char *controllers;
	bool old = false, new = false;
	char *line, *path, *next;

	for (line = text; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		path = split(line, &controllers);
		if (!path || !ktally_container_of(&container, path))
			continue;
		if (!*controllers)
			new = true;
		else if (!old)
			snprintf(where, size, "%s:%s", controllers, path);
		old |= !!*controllers;
	}
	return old && !new;
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

unsigned int ktally_containers_of_v1(const char *proc, char *where, size_t size)
{
	static const char *const controllers[] = { "memory", "cpu", "pids", "freezer", "name=systemd" };
	char text[LINES_MAX], mount[4096];
	const struct dirent *entry;
	unsigned int nr = 0, i;
	DIR *dir;

	/* Without such a hierarchy there is nothing to look for, however many processes there are. */
	for (i = 0; !proc && i < sizeof(controllers) / sizeof(*controllers); i++)
		if (ktally_cgroup_mount(controllers[i], mount, sizeof(mount)) > 0)
			proc = "/proc";
	dir = proc ? opendir(proc) : NULL;
	while (dir && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]) && read_process(dirfd(dir), entry->d_name, text, sizeof(text)))
			nr += only_v1(text, nr ? text : where, nr ? 0 : size);
	if (dir)
		closedir(dir);
	return nr;
}
