// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists what has too many names to be a source each: functions of the kernel and of programs, USDT probes of a file. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "list.h"
#include "out.h"

/** struct names - sorted, some twice */
struct names {
	char **name;
	size_t nr, room;
};

/** struct kind - a prefix; @of_file: NULL for the kernel's functions */
static const struct kind {
	const char *prefix, *what;
	int (*of_file)(char ***names, const char *path, struct ktally_error *err);
} kinds[] = {
	{ "kprobe:", "kernel function", NULL },
	{ "kretprobe:", "kernel function", NULL },
	{ "uprobe:", "function", ktally_uprobe_names },
	{ "uretprobe:", "function", ktally_uprobe_names },
	{ "usdt:", "USDT probe", ktally_usdt_names },
};

static const struct kind *find_kind(const char *arg)
{
	size_t n;

	for (n = 0; n < sizeof(kinds) / sizeof(kinds[0]); n++)
		if (!strncmp(arg, kinds[n].prefix, strlen(kinds[n].prefix)))
			return &kinds[n];
	return NULL;
}

bool list_is_names(const char *arg)
{
	return find_kind(arg);
}

void list_begin(struct ktally_json *json, bool as_json, const char *what)
{
	if (!as_json) {
		out_page();
		return;
	}
	ktally_json_init(json, stdout, true);
	ktally_json_open(json, NULL, '{');
	ktally_json_string(json, "schema", "ktally-list/1");
	ktally_json_open(json, what, '[');
}

void list_end(struct ktally_json *json, bool as_json)
{
	if (!as_json)
		return;
	ktally_json_close(json, ']');
	ktally_json_close(json, '}');
}

/* ---- the kernel's ---- */

static FILE *open_functions(bool *filter_list)
{
	static const char *const lists[] = {
		"/sys/kernel/tracing/available_filter_functions", "/sys/kernel/debug/tracing/available_filter_functions",
	};
	FILE *file;
	unsigned int n;

	*filter_list = true;
	for (n = 0; n < 2; n++) {
		file = fopen(lists[n], "re");
		if (file)
			return file;
	}
	*filter_list = false;
	return fopen("/proc/kallsyms", "re");
}

/* "name [module]" or "address type name [module]", of which only text symbols are functions. */
static char *function_of(char *line, bool filter_list)
{
	char *name = line, *type;

	if (!filter_list) {
		type = strchr(line, ' ');
		if (!type || !strchr("tTwW", type[1]) || type[2] != ' ')
			return NULL;
		name = type + 3;
	}
	name[strcspn(name, " \t\n")] = 0;
	return *name ? name : NULL;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int kernel_names(struct names *names)
{
	char *line = NULL, *name;
	bool filter_list;
	size_t size = 0;
	FILE *file = open_functions(&filter_list);

	if (!file) {
		out_error("/proc/kallsyms cannot be read: %s", strerror(errno));
		return EXIT_FAILED;
	}
	while (getline(&line, &size, file) > 0) {
		name = function_of(line, filter_list);
		if (!name)
			continue;
		if (names->nr == names->room) {
			names->room = names->room ? 2 * names->room : 1024;
			names->name = out_realloc(names->name, names->room * sizeof(*names->name));
		}
		names->name[names->nr++] = out_text("%s", name);
	}
	free(line);
	fclose(file);
	if (names->nr)
		qsort(names->name, names->nr, sizeof(*names->name), compare_names);
	return 0;
}

/* ---- a file's ---- */

/* FILE:GLOB; no GLOB means all. A path with ':' is rare and its file can be reached by a link. */
static int file_names(const struct kind *kind, const char *rest, struct names *names, char **file, const char **glob)
{
	struct ktally_error err = { .pos = -1 };
	size_t len = strcspn(rest, ":");
	int nr;

	if (!len) {
		out_error("expected a file: ktally list '%sFILE:GLOB'", kind->prefix);
		return EXIT_USAGE;
	}
	*file = out_text("%.*s", (int)len, rest);
	*glob = rest[len] ? rest + len + 1 : "";
	nr = kind->of_file(&names->name, *file, &err);
	if (nr < 0)
		return out_failure(nr, &err);
	names->nr = nr;
	return 0;
}

/* A glob without a provider is for the name alone. */
static bool matches(const char *glob, const char *name)
{
	const char *colon = strchr(name, ':');

	return !*glob || !fnmatch(glob, name, 0) || (colon && !strchr(glob, ':') && !fnmatch(glob, colon + 1, 0));
}

static size_t show(const struct names *names, const char *before, const char *glob, bool as_json)
{
	struct ktally_json json;
	size_t n, found = 0;

	for (n = 0; n < names->nr; n++) {
		if ((n && !strcmp(names->name[n], names->name[n - 1])) || !matches(glob, names->name[n]))
			continue;
		if (!found++)
			list_begin(&json, as_json, "functions");
		if (as_json) {
			char *full = out_text("%s%s", before, names->name[n]);

			ktally_json_string(&json, NULL, full);
			free(full);
		} else {
			printf("%s%s\n", before, names->name[n]);
		}
	}
	if (found)
		list_end(&json, as_json);
	return found;
}

int list_names(const char *arg, bool as_json)
{
	const struct kind *kind = find_kind(arg);
	const char *glob = arg + strlen(kind->prefix);
	char *file = NULL, *before;
	struct names names = { 0 };
	int status;

	status = kind->of_file ? file_names(kind, glob, &names, &file, &glob) : kernel_names(&names);
	if (status)
		goto out;
	before = out_text("%s%s%s", kind->prefix, file ? file : "", file ? ":" : "");
	if (!show(&names, before, glob, as_json)) {
		out_error("no %s%s%s matches '%s'", kind->what, file ? " of " : "", file ? file : "", glob);
		status = EXIT_FAILED;
	}
	free(before);
out:
	ktally_names_free(names.name, names.nr);
	free(file);
	return status;
}
