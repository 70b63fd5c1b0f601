// SPDX-License-Identifier: GPL-2.0-or-later
/* Kernel functions that probes can be placed on, by name or pattern. */
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "functions.h"
#include "out.h"

/* The first of these that can be read: what ftrace can trace is what probes can be placed on; else all functions. */
static const char *const lists[] = {
	"/sys/kernel/tracing/available_filter_functions", "/sys/kernel/debug/tracing/available_filter_functions", "/proc/kallsyms",
};
static const char *const blacklists[] = { "/sys/kernel/debug/kprobes/blacklist" };

static FILE *open_first(const char *const *paths, size_t nr, const char **path)
{
	FILE *file = NULL;
	size_t n;

	for (n = 0; n < nr && !file; n++) {
		file = fopen(paths[n], "re");
		*path = paths[n];
	}
	return file;
}

static void add(struct functions *functions, const char *name)
{
	functions->names = out_realloc(functions->names, (functions->nr + 1) * sizeof(*functions->names));
	functions->names[functions->nr++] = out_text("%s", name);
}

/* The name in a line of a list. Return: false if it is no function */
static bool name_of(const char *path, const char *line, char *name, size_t size)
{
	char type = 't', text[256];

	if (!strcmp(path, "/proc/kallsyms")) {
		if (sscanf(line, "%*s %c %255s", &type, text) != 2)
			return false;
	} else if (sscanf(line, "%255s", text) != 1) {
		return false;
	}
	/* "name.cold" and "__pfx_name" are parts of functions, not functions. */
	if (tolower((unsigned char)type) != 't' || strstr(text, ".cold") || !strncmp(text, "__pfx_", 6) || !strncmp(text, "__ftrace_invalid", 16))
		return false;
	return (size_t)snprintf(name, size, "%s", text) < size;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What the kernel itself refuses; the list holds "0xSTART-0xEND NAME". */
static struct functions refused(void)
{
	struct functions found = { 0 };
	char line[512], name[256];
	const char *path;
	FILE *file = open_first(blacklists, 1, &path);

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %255s", name) == 1)
			add(&found, name);
	if (file)
		fclose(file);
	if (found.nr)
		qsort(found.names, found.nr, sizeof(*found.names), compare);
	return found;
}

/* Two functions of one name are one: a probe is placed by name. */
static void sort_unique(struct functions *functions, unsigned int first)
{
	char **names = functions->names + first;
	unsigned int n, kept = 0, nr = functions->nr - first;

	if (!nr)
		return;
	qsort(names, nr, sizeof(*names), compare);
	for (n = 0; n < nr; n++) {
		if (kept && !strcmp(names[kept - 1], names[n]))
			free(names[n]);
		else
			names[kept++] = names[n];
	}
	functions->nr = first + kept;
}

static int add_matches(struct functions *functions, const char *pattern, FILE *file, const char *path)
{
	struct functions not = refused();
	unsigned int before = functions->nr;
	char line[512], name[256], *key = name;

	while (fgets(line, sizeof(line), file))
		if (name_of(path, line, name, sizeof(name)) && !fnmatch(pattern, name, 0) &&
		    !(not.nr && bsearch(&key, not.names, not.nr, sizeof(*not.names), compare)))
			add(functions, name);
	functions_clear(&not);
	sort_unique(functions, before);
	return functions->nr - before;
}

int functions_add(struct functions *functions, const char *name, unsigned int max)
{
	const char *path;
	FILE *file;
	int found;

	if (!name[strcspn(name, "*?[")]) {
		add(functions, name);
		found = 1;
	} else {
		file = open_first(lists, sizeof(lists) / sizeof(lists[0]), &path);
		if (!file) {
			out_error("'%s': the kernel's functions cannot be listed: %s: %s", name, path, strerror(errno));
			return EXIT_FAILED;
		}
		found = add_matches(functions, name, file, path);
		fclose(file);
	}
	if (!found) {
		out_error("no function of the kernel that can be probed matches '%s'", name);
		return EXIT_USAGE;
	}
	if (functions->nr > max) {
		out_error("'%s': %u functions are too many, %u can be probed at once: a narrower pattern helps", name, functions->nr, max);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

void functions_clear(struct functions *functions)
{
	unsigned int n;

	for (n = 0; n < functions->nr; n++)
		free(functions->names[n]);
	free(functions->names);
	*functions = (struct functions){ 0 };
}
