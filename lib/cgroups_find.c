// SPDX-License-Identifier: LGPL-2.1-or-later
/* From the name of a container or pod to its cgroup, and rows of one container or pod made one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cgroups.h"
#include "snapshot.h"

#define DIGITS_MIN 12	/* of an id, to stand for all of it */

/* ---- by name ---- */

/**
 * struct search - what is looked for, and what was found
 * @path: that all cgroups found are in
 * @what: number of the container or pod found, 0: none yet
 * @others: of several the names, as many as fit
 */
struct search {
	struct ktally_cgroups *cgroups;
	const char *container, *pod;
	char path[PATH_MAX];
	uint32_t what;
	struct ktally_strtab *seen;
	char others[300];
	bool several;
};

static bool is_container(struct search *search, const char *id)
{
	size_t len = strlen(search->container);

	return !strcmp(id, search->container) || (len >= DIGITS_MIN && strspn(search->container, "0123456789abcdef") == len && !strncmp(id, search->container, len)) ||
	       ktally_pods_container_is(search->cgroups->pods, id, search->container);
}

static bool is_pod(struct search *search, const struct ktally_cgroup *cgroup)
{
	const char *uid = ktally_strtab_get(search->cgroups->texts, cgroup->pod), *name, *slash;

	if (!strcmp(uid, search->pod))
		return true;
	name = ktally_cgroups_pod(search->cgroups, cgroup->id);
	slash = name ? strchr(name, '/') : NULL;
	return name && (!strcmp(name, search->pod) || (slash && !strcmp(slash + 1, search->pod)));
}

/* Cuts @path to the part that is of @other too, in whole folders. */
static void cut_to_common(char *path, const char *other)
{
	size_t i, end = 0;

	for (i = 0; path[i] && path[i] == other[i]; i++)
		if (path[i] == '/')
			end = i;
	if ((!path[i] || path[i] == '/') && (!other[i] || other[i] == '/'))
		end = i;
	path[end] = 0;
}

static bool is_there(const struct ktally_cgroups *cgroups, const struct ktally_cgroup *cgroup)
{
	char folder[2 * PATH_MAX];
	struct stat st;

	snprintf(folder, sizeof(folder), "%s%s", cgroups->mount, cgroup->path);
	return !stat(folder, &st) && st.st_ino == cgroup->id;
}

/* Several of the same name: of the first ones what tells them apart is said. */
static void note(struct search *search, const struct ktally_cgroup *cgroup, uint32_t what)
{
	uint32_t known = ktally_strtab_count(search->seen);
	size_t len = strlen(search->others);
	const char *text = search->pod ? ktally_cgroups_pod(search->cgroups, cgroup->id) : ktally_strtab_get(search->cgroups->texts, what);

	if (ktally_strtab_add(search->seen, text ? text : "") < known)
		return;
	snprintf(search->others + len, sizeof(search->others) - len, "%s%s", len ? ", " : "", text);
}

static uint32_t what_of(const struct search *search, const struct ktally_cgroup *cgroup)
{
	return search->pod ? cgroup->pod : cgroup->container;
}

static void take(struct search *search, const struct ktally_cgroup *cgroup)
{
	uint32_t what = what_of(search, cgroup);
	const char *id = what ? ktally_strtab_get(search->cgroups->texts, what) : "";

	if (!what || !(search->pod ? is_pod(search, cgroup) : is_container(search, id)) || !is_there(search->cgroups, cgroup))
		return;
	note(search, cgroup, what);
	search->several |= search->what && search->what != what;
	search->what = what;
}

/* What all its cgroups are in, also those that the name alone would not have found. */
static void gather(struct search *search)
{
	bool first = true;
	size_t i;

	for (i = 0; i < search->cgroups->nr; i++) {
		const struct ktally_cgroup *cgroup = &search->cgroups->list[i];

		if (what_of(search, cgroup) != search->what || !is_there(search->cgroups, cgroup))
			continue;
		if (first)
			snprintf(search->path, sizeof(search->path), "%s", cgroup->path);
		else
			cut_to_common(search->path, cgroup->path);
		first = false;
	}
}

static int not_found(const struct search *search, struct ktally_error *err)
{
	const char *name = search->pod ? search->pod : search->container, *what = search->pod ? "pod" : "container";

	return ktally_fail(err, -ENOENT, "no %s '%s' runs here: none of the cgroups in %s is of one called so", what, name, search->cgroups->mount);
}

int ktally_cgroups_find(struct ktally_cgroups *cgroups, const char *container, const char *pod, uint64_t *id, struct ktally_error *err)
{
	struct search search = { .cgroups = cgroups, .container = container, .pod = pod };
	struct ktally_container whose;
	char folder[2 * PATH_MAX];
	struct stat st;
	size_t i;

	search.seen = ktally_strtab_new();
	if (!search.seen)
		return ktally_fail(err, -ENOMEM, "out of memory");
	ktally_cgroups_poll(cgroups);
	for (i = 0; i < cgroups->nr; i++)
		take(&search, &cgroups->list[i]);
	ktally_strtab_free(search.seen);
	if (!search.what)
		return not_found(&search, err);
	if (search.several)
		return ktally_fail(err, -EEXIST, "%s '%s' could be any of these: %s", pod ? "pod" : "container", pod ? pod : container, search.others);
	gather(&search);
	/* What else is below a folder that is not its own would be measured with it. */
	ktally_container_of(&whose, search.path);
	if (strcmp(pod ? whose.pod : whose.id, ktally_strtab_get(cgroups->texts, search.what)))
		return ktally_fail(err, -EEXIST, "the cgroups of %s '%s' are in no folder of their own: all that they have in common is %s", pod ? "pod" : "container",
				   pod ? pod : container, *search.path ? search.path : "/");
	snprintf(folder, sizeof(folder), "%s%s", cgroups->mount, search.path);
	if (stat(folder, &st))
		return ktally_fail(err, -ENOENT, "the cgroup %s of %s '%s' is gone", search.path, pod ? "pod" : "container", pod ? pod : container);
	*id = st.st_ino;
	return 0;
}

/* ---- rows ---- */

/** struct folding - @container, @pod: by number of the text, the first cgroup of it; those after stand for it too */
struct folding {
	struct ktally_cgroups *cgroups;
	uint64_t *container, *pod;
	uint32_t nr;
};

/* 0 is in none. What is not known stays as it is. */
static uint64_t stand_in(struct folding *folding, enum ktally_kind kind, uint64_t id)
{
	const struct ktally_cgroup *cgroup = ktally_cgroups_get(folding->cgroups, id);
	uint64_t *first = kind == KTALLY_KIND_POD ? folding->pod : folding->container;
	uint32_t what;

	if (!cgroup)
		return id;
	what = kind == KTALLY_KIND_POD ? cgroup->pod : cgroup->container;
	if (!what)
		return 0;
	/* One that was learnt of just now. */
	if (what >= folding->nr)
		return id;
	if (!first[what])
		first[what] = id;
	return first[what];
}

static bool rekey(const struct ktally_schema *schema, uint64_t *key, void *arg)
{
	bool any = false;
	unsigned int i;

	for (i = 0; i < schema->nr_keys; i++) {
		const struct ktally_field *field = &schema->keys[i];

		if (field->kind != KTALLY_KIND_CONTAINER && field->kind != KTALLY_KIND_POD)
			continue;
		any = true;
		if (key && field->word < KTALLY_KEYS_MAX)
			key[field->word] = stand_in(arg, field->kind, key[field->word]);
	}
	return any;
}

/* Learns of all cgroups in keys before any stands for others. */
static void learn(struct ktally_cgroups *cgroups, const struct ktally_snapshot *snapshot)
{
	unsigned int t, k;
	size_t r;

	for (t = 0; t < snapshot->nr_tables; t++) {
		const struct ktally_table *table = &snapshot->tables[t];

		for (k = 0; k < table->schema.nr_keys; k++) {
			const struct ktally_field *field = &table->schema.keys[k];

			if (field->kind != KTALLY_KIND_CONTAINER && field->kind != KTALLY_KIND_POD)
				continue;
			for (r = 0; r < table->nr_rows; r++)
				ktally_cgroups_get(cgroups, table->rows[r].key[field->word]);
		}
	}
}

int ktally_cgroups_fold(struct ktally_cgroups *cgroups, struct ktally_snapshot *snapshot, struct ktally_error *err)
{
	struct folding folding = { .cgroups = cgroups };
	int ret = -ENOMEM;

	learn(cgroups, snapshot);
	folding.nr = ktally_strtab_count(cgroups->texts);
	folding.container = calloc(folding.nr + 1, sizeof(*folding.container));
	folding.pod = calloc(folding.nr + 1, sizeof(*folding.pod));
	if (folding.container && folding.pod)
		ret = ktally_snapshot_rekey(snapshot, rekey, &folding);
	free(folding.container);
	free(folding.pod);
	return ret ? ktally_fail(err, ret, "out of memory while rows of containers are made one") : 0;
}
