// SPDX-License-Identifier: LGPL-2.1-or-later
/* Containers and pods by the paths of their cgroups: as container runtimes and kubelets name them, version 1 and 2 alike. */
#include <ctype.h>
#include <string.h>

#include "libktally.h"

#define ID_MIN 12	/* hex digits; all known runtimes have 64 */
#define ID_MAX 64

/** enum what - what stands where the container is named */
enum what {
	WHAT_ID,	/* hex digits */
	WHAT_NAME,	/* any text */
	WHAT_ESCAPED,	/* any text, as systemd writes it in unit names */
};

/** struct shape - a folder that is a container: what stands between @prefix and @suffix; @runtime NULL: it is none, though it looks like one */
static const struct shape {
	const char *prefix, *suffix, *runtime;
	enum what what;
} shapes[] = {
	{ "crio-conmon-", "", NULL, WHAT_NAME },
	{ "libpod-conmon-", "", NULL, WHAT_NAME },
	{ "lxc.monitor.", "", NULL, WHAT_NAME },
	{ "docker-", ".scope", "docker", WHAT_ID },
	{ "cri-containerd-", ".scope", "containerd", WHAT_ID },
	{ "nerdctl-", ".scope", "containerd", WHAT_ID },
	{ "crio-", ".scope", "cri-o", WHAT_ID },
	{ "crio-", "", "cri-o", WHAT_ID },
	{ "libpod-payload-", "", "podman", WHAT_ID },
	{ "libpod-", ".scope", "podman", WHAT_ID },
	{ "libpod-", "", "podman", WHAT_ID },
	{ "lxc.payload.", "", "lxc", WHAT_NAME },
	{ "machine-", ".scope", "machine", WHAT_ESCAPED },
	{ "systemd-nspawn@", ".service", "machine", WHAT_ESCAPED },
};

/** struct inside - a folder directly inside of @folder is a container */
static const struct inside {
	const char *folder, *runtime;
	enum what what;
} insides[] = {
	{ "docker", "docker", WHAT_ID },
	{ "lxc", "lxc", WHAT_NAME },
	{ "lxc.payload", "lxc", WHAT_NAME },
	{ "mesos", "mesos", WHAT_NAME },
};

#define NR(array) (sizeof(array) / sizeof((array)[0]))

/** struct part - a folder of a path, without slashes */
struct part {
	const char *text;
	size_t len;
};

static bool is(const struct part *part, const char *text)
{
	return part->len == strlen(text) && !memcmp(part->text, text, part->len);
}

static bool is_hex(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!isdigit((unsigned char)text[i]) && (text[i] < 'a' || text[i] > 'f'))
			return false;
	return true;
}

static int hex_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Unit names have \x2d for what cannot stand there. Text that would end early, or is no path's, stays as it is. */
static size_t unescape(char *text, size_t len)
{
	size_t from, to = 0;
	int high, low;

	for (from = 0; from < len; from++) {
		high = len - from > 3 && text[from] == '\\' && text[from + 1] == 'x' ? hex_digit(text[from + 2]) : -1;
		low = high >= 0 ? hex_digit(text[from + 3]) : -1;
		if (low < 0 || !(high | low)) {
			text[to++] = text[from];
			continue;
		}
		text[to++] = high << 4 | low;
		from += 3;
	}
	return to;
}

/* Takes the text as the container's, if it can be one. */
static bool take(struct ktally_container *container, const char *runtime, enum what what, const char *text, size_t len)
{
	if (!len || len >= sizeof(container->id) || (what == WHAT_ID && (len < ID_MIN || len > ID_MAX || !is_hex(text, len))))
		return false;
	memcpy(container->id, text, len);
	if (what == WHAT_ESCAPED)
		len = unescape(container->id, len);
	container->id[len] = 0;
	container->runtime = runtime;
	return true;
}

/* Return: 1: a container, 0: nothing, -1: a folder that looks like one and is none */
static int take_shape(struct ktally_container *container, const struct part *part)
{
	size_t prefix, suffix, i;

	for (i = 0; i < NR(shapes); i++) {
		prefix = strlen(shapes[i].prefix);
		suffix = strlen(shapes[i].suffix);
		if (part->len < prefix + suffix || memcmp(part->text, shapes[i].prefix, prefix) ||
		    memcmp(part->text + part->len - suffix, shapes[i].suffix, suffix))
			continue;
		if (!shapes[i].runtime)
			return -1;
		if (take(container, shapes[i].runtime, shapes[i].what, part->text + prefix, part->len - prefix - suffix))
			return 1;
	}
	return 0;
}

static bool take_inside(struct ktally_container *container, const struct part *part, const struct part *parent)
{
	size_t i;

	for (i = 0; i < NR(insides); i++)
		if (is(parent, insides[i].folder) && take(container, insides[i].runtime, insides[i].what, part->text, part->len))
			return true;
	/* A whole id stands for itself, whoever made it: in a pod's folder, in that of ECS and others. */
	return part->len == ID_MAX && take(container, "oci", WHAT_ID, part->text, part->len);
}

/* kubepods-burstable-podUID.slice:cri-containerd:ID, where runtime and kubelet disagree about who names cgroups. */
static bool take_colons(struct ktally_container *container, const struct part *part)
{
	const char *last = memrchr(part->text, ':', part->len), *middle = last ? memrchr(part->text, ':', last - part->text) : NULL;
	size_t len = last ? part->text + part->len - last - 1 : 0;
	struct part by;

	if (!middle)
		return false;
	by = (struct part){ middle + 1, last - middle - 1 };
	return take(container, is(&by, "cri-containerd") ? "containerd" : is(&by, "crio") ? "cri-o" : "oci", WHAT_ID, last + 1, len);
}

static bool take_uid(struct ktally_container *container, const char *text, size_t len)
{
	size_t i;

	if (len < 32 || len >= sizeof(container->pod))
		return false;
	for (i = 0; i < len; i++) {
		if (!is_hex(text + i, 1) && text[i] != '-' && text[i] != '_')
			return false;
		container->pod[i] = text[i] == '_' ? '-' : text[i];
	}
	container->pod[len] = 0;
	return true;
}

/* podUID below kubepods; ...kubepods...-podUID.slice; machine-libpod_pod_ID.slice of podman. */
static bool take_pod(struct ktally_container *container, const struct part *part, bool in_kubepods)
{
	static const char podman[] = "machine-libpod_pod_";
	const char *slice = memmem(part->text, part->len, ".slice", 6), *pod;
	size_t len = slice ? (size_t)(slice - part->text) : part->len;

	if (in_kubepods && part->len > 3 && !memcmp(part->text, "pod", 3) && take_uid(container, part->text + 3, part->len - 3))
		return true;
	if (!slice)
		return false;
	if (len > strlen(podman) && !memcmp(part->text, podman, strlen(podman)))
		return take_uid(container, part->text + strlen(podman), len - strlen(podman));
	pod = memmem(part->text, len, "kubepods", 8);
	pod = pod ? memmem(pod, len - (pod - part->text), "-pod", 4) : NULL;
	return pod && take_uid(container, pod + 4, len - (pod - part->text) - 4);
}

static bool take_container(struct ktally_container *container, const struct part *part, const struct part *parent)
{
	int shaped = take_shape(container, part);

	return shaped ? shaped > 0 : take_inside(container, part, parent) || take_colons(container, part);
}

bool ktally_container_of(struct ktally_container *container, const char *path)
{
	struct part parent = { "", 0 }, part;
	bool in_kubepods = false;

	memset(container, 0, sizeof(*container));
	container->runtime = "";
	/* From outside in: containers in containers have the last word. */
	for (path += strspn(path, "/"); *path; path = part.text + part.len, path += strspn(path, "/")) {
		part = (struct part){ path, strcspn(path, "/") };
		take_container(container, &part, &parent);
		take_pod(container, &part, in_kubepods);
		in_kubepods |= is(&part, "kubepods");
		parent = part;
	}
	return *container->id || *container->pod;
}
