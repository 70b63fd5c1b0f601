// SPDX-License-Identifier: LGPL-2.1-or-later
/* Names of pods and containers as a node's own folders tell them: the kubelet's logs, Docker's and Podman's state. No server is asked. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroups.h"

#define AGAIN_NS	1000000000ULL	/* no sooner are the folders read again */
#define NAMES_MAX	8192U		/* of each kind */
#define STATE_MAX	(16U << 20)	/* bytes of a file that tells names */
#define ID_DIGITS	64

/** struct name - @key: uid of a pod, or id of a container; @pod: "NAMESPACE/NAME"; @name: of a container, else 0. All are numbers of texts */
struct name {
	uint32_t key, pod, name;
};

struct names {
	struct name *list;
	size_t nr, room;
};

struct ktally_pods {
	char root[PATH_MAX];
	struct ktally_strtab *texts;
	struct names pods, containers;
	uint64_t read_ns;	/* when they were read; 0: never */
	bool unnamed;		/* one was asked for that is not there */
};

struct ktally_pods *ktally_pods_new(const char *root)
{
	struct ktally_pods *pods = calloc(1, sizeof(*pods));

	if (!pods)
		return NULL;
	pods->texts = ktally_strtab_new();
	if (!pods->texts || (size_t)snprintf(pods->root, sizeof(pods->root), "%s", root) >= sizeof(pods->root)) {
		ktally_pods_free(pods);
		return NULL;
	}
	return pods;
}

void ktally_pods_free(struct ktally_pods *pods)
{
	if (!pods)
		return;
	ktally_strtab_free(pods->texts);
	free(pods->pods.list);
	free(pods->containers.list);
	free(pods);
}

static const struct name *find(const struct names *names, uint32_t key)
{
	size_t i;

	for (i = names->nr; i-- > 0;)
		if (names->list[i].key == key)
			return &names->list[i];
	return NULL;
}

/* What is known stays as it is. Without memory a name is not known. */
static void add(struct names *names, struct name name)
{
	struct name *list;

	if (find(names, name.key) || names->nr >= NAMES_MAX)
		return;
	if (names->nr == names->room) {
		list = realloc(names->list, (names->room ? names->room * 2 : 64) * sizeof(*list));
		if (!list)
			return;
		names->list = list;
		names->room = names->room ? names->room * 2 : 64;
	}
	names->list[names->nr++] = name;
}

static uint32_t join(struct ktally_pods *pods, const char *space, size_t space_len, const char *name, size_t name_len)
{
	char text[NAME_MAX * 2 + 2];

	snprintf(text, sizeof(text), "%.*s/%.*s", (int)space_len, space, (int)name_len, name);
	return ktally_strtab_add(pods->texts, text);
}

/* NAMESPACE_NAME_UID: none of the three has a '_'. */
void ktally_pods_take_pod(struct ktally_pods *pods, const char *entry)
{
	const char *name = strchr(entry, '_'), *uid = name ? strchr(name + 1, '_') : NULL;

	if (!uid || name == entry || uid == name + 1 || !uid[1] || strchr(uid + 1, '_'))
		return;
	add(&pods->pods, (struct name){ .key = ktally_strtab_add(pods->texts, uid + 1),
					.pod = join(pods, entry, name - entry, name + 1, uid - name - 1) });
}

static bool is_id(const char *text)
{
	size_t i;

	for (i = 0; i < ID_DIGITS; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	return true;
}

/* POD_NAMESPACE_CONTAINER-ID.log */
void ktally_pods_take_container(struct ktally_pods *pods, const char *entry)
{
	const char *space = strchr(entry, '_'), *name = space ? strchr(space + 1, '_') : NULL, *dash = name ? strrchr(name, '-') : NULL;
	char id[ID_DIGITS + 1], text[NAME_MAX + 1];

	if (!dash || dash == name + 1 || !is_id(dash + 1) || strcmp(dash + 1 + ID_DIGITS, ".log"))
		return;
	memcpy(id, dash + 1, ID_DIGITS);
	id[ID_DIGITS] = 0;
	snprintf(text, sizeof(text), "%.*s", (int)(dash - name - 1), name + 1);
	add(&pods->containers, (struct name){ .key = ktally_strtab_add(pods->texts, id), .name = ktally_strtab_add(pods->texts, text),
					      .pod = join(pods, space + 1, name - space - 1, entry, space - entry) });
}

static void read_folder(struct ktally_pods *pods, const char *folder, void (*take)(struct ktally_pods *pods, const char *entry))
{
	const struct dirent *entry;
	char path[PATH_MAX + 64];
	DIR *dir;

	snprintf(path, sizeof(path), "%s%s", pods->root, folder);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		take(pods, entry->d_name);
	if (dir)
		closedir(dir);
}

static void read_folders(struct ktally_pods *pods, uint64_t now)
{
	pods->read_ns = now ? now : 1;
	pods->unnamed = false;
	read_folder(pods, "/var/log/pods", ktally_pods_take_pod);
	read_folder(pods, "/var/log/containers", ktally_pods_take_container);
}

void ktally_pods_poll(struct ktally_pods *pods, uint64_t now)
{
	if (pods->unnamed && (!pods->read_ns || now - pods->read_ns >= AGAIN_NS))
		read_folders(pods, now);
}

const char *ktally_pods_name(struct ktally_pods *pods, const char *uid, const char *id)
{
	const struct name *name = *uid ? find(&pods->pods, ktally_strtab_add(pods->texts, uid)) : NULL;

	if (!name && *id)
		name = find(&pods->containers, ktally_strtab_add(pods->texts, id));
	if (!name && *uid)
		pods->unnamed = true;
	return name && name->pod ? ktally_strtab_get(pods->texts, name->pod) : NULL;
}

/* ---- names of containers that Kubernetes has not made ---- */

/* All of a file below the root, with a NUL; NULL: it cannot be had. Freed by the caller */
static char *read_state(const struct ktally_pods *pods, const char *path)
{
	char full[2 * PATH_MAX], *text = NULL;
	struct stat st;
	ssize_t got;
	int fd;

	snprintf(full, sizeof(full), "%s%s", pods->root, path);
	fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return NULL;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size <= STATE_MAX)
		text = malloc(st.st_size + 1);
	got = text ? read(fd, text, st.st_size) : -1;
	close(fd);
	if (got < 0) {
		free(text);
		return NULL;
	}
	text[got] = 0;
	return text;
}

/* "Name":"/NAME" in the file that Docker has of the container. */
static bool docker_calls(const struct ktally_pods *pods, const char *id, const char *name)
{
	char path[256], member[NAME_MAX + 16], *text;
	bool found;

	if ((size_t)snprintf(path, sizeof(path), "/var/lib/docker/containers/%s/config.v2.json", id) >= sizeof(path) || strchr(id, '/') ||
	    (size_t)snprintf(member, sizeof(member), "\"Name\":\"/%s\"", name) >= sizeof(member))
		return false;
	text = read_state(pods, path);
	found = text && strstr(text, member);
	free(text);
	return found;
}

/* "id":"ID","names":["NAME"] in the list that Podman has of all. */
static bool podman_calls(const struct ktally_pods *pods, const char *id, const char *name)
{
	char member[NAME_MAX + 256], *text;
	bool found;

	if ((size_t)snprintf(member, sizeof(member), "\"id\":\"%s\",\"names\":[\"%s\"", id, name) >= sizeof(member))
		return false;
	text = read_state(pods, "/var/lib/containers/storage/overlay-containers/containers.json");
	found = text && strstr(text, member);
	free(text);
	return found;
}

bool ktally_pods_container_is(struct ktally_pods *pods, const char *id, const char *name)
{
	const struct name *known;

	if (!pods->read_ns)
		read_folders(pods, 0);
	known = find(&pods->containers, ktally_strtab_add(pods->texts, id));
	if (known)
		return !strcmp(ktally_strtab_get(pods->texts, known->name), name);
	return !strpbrk(name, "\"\\/") && (docker_calls(pods, id, name) || podman_calls(pods, id, name));
}
