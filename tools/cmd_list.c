// SPDX-License-Identifier: GPL-2.0-or-later
/* ktally list: what can be measured here. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libktally.h>

#include "cmd.h"
#include "out.h"
#include "run.h"

#define KPROBE "kprobe:"

struct list_cfg {
	struct opt_common common;
	bool fields;
};

static const char *const kind_names[] = {
	[KTALLY_SOURCE_UNSPEC]		= "",
	[KTALLY_SOURCE_TIMER]		= "timer",
	[KTALLY_SOURCE_PERF]		= "perf",
	[KTALLY_SOURCE_TRACEPOINT]	= "tracepoint",
	[KTALLY_SOURCE_KPROBE]		= "kprobe",
	[KTALLY_SOURCE_PROCESS]		= "process",
	[KTALLY_SOURCE_KRETPROBE]	= "kretprobe",
	[KTALLY_SOURCE_UPROBE]		= "uprobe",
	[KTALLY_SOURCE_URETPROBE]	= "uretprobe",
	[KTALLY_SOURCE_EVENT]		= "event",
};
_Static_assert(sizeof(kind_names) / sizeof(kind_names[0]) == __KTALLY_SOURCE_END, "every kind of source needs its row");

static const char *const type_names[] = {
	[KTALLY_TYPE_UNSPEC]	= "",
	[KTALLY_TYPE_UINT]	= "unsigned",
	[KTALLY_TYPE_INT]	= "signed",
	[KTALLY_TYPE_STRING]	= "string",
	[KTALLY_TYPE_KPTR]	= "kernel pointer",
	[KTALLY_TYPE_UPTR]	= "user pointer",
};
_Static_assert(sizeof(type_names) / sizeof(type_names[0]) == __KTALLY_TYPE_END, "every type needs its row");

static const char *kind_name(unsigned int kind)
{
	return kind < __KTALLY_SOURCE_END ? kind_names[kind] : "?";
}

static const char *type_name(unsigned int type)
{
	return type < __KTALLY_TYPE_END ? type_names[type] : "?";
}

static bool wanted(const char *name, const struct cmd_call *call)
{
	int n;

	for (n = 0; n < call->nr_args; n++)
		if (!fnmatch(call->args[n], name, 0) || strstr(name, call->args[n]))
			return true;
	return !call->nr_args;
}

static void text_fields(const struct ktally_source_info *source)
{
	unsigned int n;

	for (n = 0; n < source->nr_fields; n++)
		printf("    %-24s %s, %u bytes\n", source->fields[n].name, type_name(source->fields[n].type), source->fields[n].size);
}

static void text_source(const struct ktally_source_info *source, const struct list_cfg *cfg)
{
	if (cfg->common.quiet) {
		if (source->available)
			puts(source->name);
	} else {
		printf("%s%-36s%s %-11s %s%s%s\n", out_style(stdout, OUT_BOLD), source->name, out_style(stdout, OUT_PLAIN),
		       kind_name(source->kind), out_style(stdout, source->available ? OUT_GOOD : OUT_WARN),
		       source->available ? "available" : "not on this kernel", out_style(stdout, OUT_PLAIN));
	}
	if (cfg->fields)
		text_fields(source);
}

static void json_source(struct ktally_json *json, const struct ktally_source_info *source)
{
	unsigned int n;

	ktally_json_open(json, NULL, '{');
	ktally_json_string(json, "name", source->name);
	ktally_json_string(json, "kind", kind_name(source->kind));
	ktally_json_bool(json, "available", source->available);
	ktally_json_open(json, "fields", '[');
	for (n = 0; n < source->nr_fields; n++) {
		ktally_json_open(json, NULL, '{');
		ktally_json_string(json, "name", source->fields[n].name);
		ktally_json_string(json, "type", type_name(source->fields[n].type));
		ktally_json_u64(json, "size", source->fields[n].size);
		ktally_json_close(json, '}');
	}
	ktally_json_close(json, ']');
	ktally_json_close(json, '}');
}

/* Not before it is known that there is something to say: a failed list has no output. */
static void list_begin(const struct list_cfg *cfg, struct ktally_json *json, const char *what)
{
	if (!cfg->common.json) {
		out_page();
		return;
	}
	ktally_json_init(json, stdout, true);
	ktally_json_open(json, NULL, '{');
	ktally_json_string(json, "schema", "ktally-list/1");
	ktally_json_open(json, what, '[');
}

static void list_end(const struct list_cfg *cfg, struct ktally_json *json)
{
	if (!cfg->common.json)
		return;
	ktally_json_close(json, ']');
	ktally_json_close(json, '}');
}

static int list_sources(const struct cmd_call *call)
{
	const struct list_cfg *cfg = call->cfg;
	struct ktally_catalogue cat = { 0 };
	struct ktally_client *client = NULL;
	struct ktally_error err = { .pos = -1 };
	struct ktally_json json;
	unsigned int n, found = 0;
	int status;

	status = run_connect(&client);
	if (status)
		return status;
	status = ktally_client_catalogue(client, &cat, &err);
	if (status)
		status = out_failure(status, &err);
	for (n = 0; !status && n < cat.nr_sources; n++) {
		if (!wanted(cat.sources[n].name, call))
			continue;
		if (!found++)
			list_begin(cfg, &json, "sources");
		if (cfg->common.json)
			json_source(&json, &cat.sources[n]);
		else
			text_source(&cat.sources[n], cfg);
	}
	if (!status && !found) {
		out_error("no source matches '%s'; 'ktally list' shows all, 'ktally list kprobe:GLOB' kernel functions", call->args[0]);
		status = EXIT_FAILED;
	}
	if (found)
		list_end(cfg, &json);
	ktally_catalogue_clear(&cat);
	ktally_client_close(client);
	return status;
}

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

static int list_functions(const char *glob, const struct list_cfg *cfg)
{
	struct ktally_json json;
	char **names = NULL, *line = NULL, *name;
	size_t size = 0, nr = 0, room = 0, n;
	bool filter_list;
	FILE *file = open_functions(&filter_list);

	if (!file) {
		out_error("/proc/kallsyms cannot be read: %s", strerror(errno));
		return EXIT_FAILED;
	}
	while (getline(&line, &size, file) > 0) {
		name = function_of(line, filter_list);
		if (!name || fnmatch(*glob ? glob : "*", name, 0))
			continue;
		if (nr == room) {
			room = room ? 2 * room : 1024;
			names = out_realloc(names, room * sizeof(*names));
		}
		names[nr++] = out_text("%s", name);
	}
	free(line);
	fclose(file);
	if (nr)
		qsort(names, nr, sizeof(*names), compare_names);
	if (nr)
		list_begin(cfg, &json, "functions");
	for (n = 0; n < nr; n++) {
		if (n && !strcmp(names[n], names[n - 1]))
			continue;
		if (cfg->common.json) {
			char *full = out_text(KPROBE "%s", names[n]);

			ktally_json_string(&json, NULL, full);
			free(full);
		} else {
			printf(KPROBE "%s\n", names[n]);
		}
	}
	if (nr)
		list_end(cfg, &json);
	for (n = 0; n < nr; n++)
		free(names[n]);
	free(names);
	if (nr)
		return EXIT_OK;
	out_error("no kernel function matches '%s'", glob);
	return EXIT_FAILED;
}

static int run_list(const struct cmd_call *call)
{
	const struct list_cfg *cfg = call->cfg;
	size_t prefix = strlen(KPROBE);
	bool functions = false;
	int n;

	for (n = 0; n < call->nr_args; n++)
		functions |= !strncmp(call->args[n], KPROBE, prefix);
	if (functions && call->nr_args > 1) {
		out_error("ktally list: a " KPROBE "GLOB is listed alone");
		return EXIT_USAGE;
	}
	return functions ? list_functions(call->args[0] + prefix, cfg) : list_sources(call);
}

static const struct opt list_opts[] = {
	OPT_ROW(struct list_cfg, OPT_FLAG, 'f', "fields", fields, NULL, "also show the fields of each source and their types"),
	OPT_ROW_JSON(struct list_cfg),
	OPT_ROW(struct list_cfg, OPT_FLAG, 'q', "quiet", common.quiet, NULL, "only the names of what is available"),
	OPT_ROW_HELP(struct list_cfg),
	OPT_ROW_END,
};

static const char *const list_text[] = {
	"Shows the sources that events can be made of. A GLOB keeps those whose name it matches, or that contain it.",
	"kprobe:GLOB lists the kernel functions that can be probed, as far as this kernel tells them.",
	NULL,
};

static const char *const list_examples[] = {
	"ktally list -f 'sched:*'", "see the scheduler's tracepoints and what they carry",
	"ktally list 'kprobe:vfs_*'", "see the functions of the file system layer",
	NULL,
};

const struct cmd cmd_list = {
	.name = "list",
	.path = "list",
	.args = "[GLOB...]",
	.max_args = -1,
	.summary = "show what can be measured here",
	.text = list_text,
	.examples = list_examples,
	.opts = list_opts,
	.cfg_size = sizeof(struct list_cfg),
	.run = run_list,
};
