// SPDX-License-Identifier: GPL-2.0-or-later
/* Control groups: the folder that a path or a container means, and what an id means. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cgroup.h"
#include "cmd.h"
#include "out.h"

/* Opened when somebody asks, for as long as the program runs. */
static struct ktally_cgroups *all;
static struct ktally_cgroup_choice choice;
static bool tried, chosen;

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
	int len = ktally_cgroup_mount(controller, mount, sizeof(mount)), err;
	struct stat st;

	if (len <= 0) {
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

int cgroup_scope(const struct cgroup_options *options, struct ktally_plan *plan, uint64_t features)
{
	struct ktally_error err = { .pos = -1 };
	int ret, status;

	if (!!options->cgroup + !!options->container + !!options->pod > 1) {
		out_error("--cgroup, --container and --pod exclude each other: a measurement is of one cgroup");
		return EXIT_USAGE;
	}
	if (options->cgroup)
		return cgroup_resolve(options->cgroup, &plan->cgroup, plan->controller, sizeof(plan->controller));
	if (!options->container && !options->pod)
		return EXIT_OK;
	status = cgroup_open(features);
	if (status)
		return status;
	snprintf(plan->controller, sizeof(plan->controller), "%s", choice.controller);
	ret = ktally_cgroups_find(all, options->container, options->pod, &plan->cgroup, &err);
	return ret ? out_failure(ret, &err) : EXIT_OK;
}

/* ---- all of them ---- */

static int open_all(const char *controller, struct ktally_error *err)
{
	return all ? 0 : ktally_cgroups_open(&all, controller, getenv("KTALLY_NODE_ROOT"), err);
}

int cgroup_choose(uint64_t features, bool containers)
{
	struct ktally_error err = { .pos = -1 };
	int ret = chosen ? 0 : ktally_cgroups_choose(&choice, features, NULL, &err);

	if (ret && (containers || ret != -ENODATA))
		return out_failure(ret, &err);
	chosen |= !ret;
	return EXIT_OK;
}

const char *cgroup_controller(void)
{
	return choice.controller;
}

static void tell_unseen(void)
{
	static bool told;

	if (choice.unseen && !told)
		out_warn("%u processes are in containers of which the cgroups of %s%s do not tell, such as %s: they count as in none; measure one with "
			 "--cgroup CONTROLLER:PATH", choice.unseen, *choice.controller ? "version 1, controller " : "version 2", choice.controller, choice.where);
	told = true;
}

int cgroup_open(uint64_t features)
{
	struct ktally_error err = { .pos = -1 };
	int status = cgroup_choose(features, true), ret;

	if (status)
		return status;
	ret = open_all(choice.controller, &err);
	if (!ret)
		tell_unseen();
	return ret ? out_failure(ret, &err) : EXIT_OK;
}

int cgroup_open_for(const struct ktally_schema *schema, const char *controller, struct ktally_error *err)
{
	unsigned int n;

	for (n = 0; n < schema->nr_keys; n++)
		if (schema->keys[n].kind == KTALLY_KIND_CONTAINER || schema->keys[n].kind == KTALLY_KIND_POD)
			return open_all(controller, err);
	return 0;
}

struct ktally_cgroups *cgroup_all(void)
{
	return all;
}

void cgroup_poll(void)
{
	if (all)
		ktally_cgroups_poll(all);
}

void cgroup_record(const struct ktally_record *record)
{
	if (all)
		ktally_cgroups_record(all, record);
}

int cgroup_fold(struct ktally_snapshot *snapshot, struct ktally_error *err)
{
	return all ? ktally_cgroups_fold(all, snapshot, err) : 0;
}

const char *cgroup_name(uint64_t id)
{
	struct ktally_error err;

	if (!all && !tried)
		ktally_cgroups_open(&all, choice.controller, NULL, &err);
	tried = true;
	return all ? ktally_cgroups_path(all, id) : NULL;
}
