// SPDX-License-Identifier: GPL-2.0-or-later
/* ktally list: what can be measured here. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include <libktally.h>

#include "cmd.h"
#include "list.h"
#include "out.h"
#include "run.h"

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
	[KTALLY_SOURCE_CGROUP]		= "cgroup",
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

	for (n = 0; n < source->nr_fields; n++) {
		const struct ktally_source_field *field = &source->fields[n];
		char name[80];

		if (field->element && field->size)
			snprintf(name, sizeof(name), "%s[%u]", field->name, field->size / field->element);
		else
			snprintf(name, sizeof(name), "%s%s", field->name, field->element ? "[]" : "");
		if (!field->size && !field->element)
			printf("    %-24s %s of any length\n", name, type_name(field->type));
		else
			printf("    %-24s %s, %u bytes\n", name, type_name(field->type), field->element ? field->element : field->size);
	}
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

/** struct list - a list on its way out; @found: what was in it so far */
struct list {
	const struct cmd_call *call;
	const struct list_cfg *cfg;
	struct ktally_json json;
	unsigned int found;
};

static void show_source(struct list *list, const struct ktally_source_info *source)
{
	if (!list->found++)
		list_begin(&list->json, list->cfg->common.json, "sources");
	if (list->cfg->common.json)
		json_source(&list->json, source);
	else
		text_source(source, list->cfg);
}

/* The module's own: tracepoints with a typed handler, and what stands for the other kinds. */
static void show_handlers(struct list *list, const struct ktally_catalogue *cat)
{
	unsigned int n;

	for (n = 0; n < cat->nr_sources; n++)
		if (wanted(cat->sources[n].name, list->call))
			show_source(list, &cat->sources[n]);
}

/* Fields cost a look into a file an event. */
static void show_events(struct list *list, const struct ktally_catalogue *cat)
{
	bool fields = list->cfg->fields || list->cfg->common.json;
	const struct ktally_source_info *info;
	struct ktally_source_info bare;
	struct ktally_error err;
	const char *name;
	unsigned int n;

	for (n = 0; (name = ktally_tracefs_name(cat->tracefs, n)); n++) {
		const struct ktally_source_info *handler = ktally_catalogue_find(cat, name);

		if (!wanted(name, list->call) || (handler && handler->available))
			continue;
		bare = (struct ktally_source_info){ .kind = KTALLY_SOURCE_EVENT, .available = cat->features & KTALLY_FEATURE_EVENT };
		snprintf(bare.name, sizeof(bare.name), "%s", name);
		info = &bare;
		if (fields && ktally_tracefs_find(cat->tracefs, name, &info, &err)) {
			out_warn("%s", err.text);
			info = &bare;
		}
		show_source(list, info);
	}
}

/* Names that the library knows; whether a CPU has the counter only the kernel can tell, when it is asked to count. */
static void show_counters(struct list *list, const struct ktally_catalogue *cat)
{
	struct ktally_source_info info = { .kind = KTALLY_SOURCE_PERF, .available = cat->features & KTALLY_FEATURE_PERF };
	const char *name;
	unsigned int n;

	for (n = 0; (name = ktally_pmu_name(n)); n++) {
		if (!wanted(name, list->call))
			continue;
		snprintf(info.name, sizeof(info.name), "%s", name);
		show_source(list, &info);
	}
}

static int list_sources(const struct cmd_call *call)
{
	struct list list = { .call = call, .cfg = call->cfg };
	struct ktally_catalogue cat = { 0 };
	struct ktally_client *client = NULL;
	struct ktally_error err = { .pos = -1 };
	int status;

	status = run_connect(&client);
	if (status)
		return status;
	status = ktally_client_catalogue(client, &cat, &err);
	if (status) {
		status = out_failure(status, &err);
	} else {
		show_handlers(&list, &cat);
		if (cat.tracefs)
			show_events(&list, &cat);
		show_counters(&list, &cat);
		if (!list.found) {
			out_error("no source matches '%s'; 'ktally list' shows all, 'ktally list kprobe:GLOB' kernel functions", call->args[0]);
			status = EXIT_FAILED;
		}
	}
	if (list.found)
		list_end(&list.json, list.cfg->common.json);
	if (!status && !cat.tracefs)
		out_note("trace events without a handler of their own are not shown: mount tracefs and run as root");
	ktally_catalogue_clear(&cat);
	ktally_client_close(client);
	return status;
}

static int run_list(const struct cmd_call *call)
{
	const struct list_cfg *cfg = call->cfg;
	bool names = false;
	int n;

	for (n = 0; n < call->nr_args; n++)
		names |= list_is_names(call->args[n]);
	if (names && call->nr_args > 1) {
		out_error("ktally list: a kprobe:GLOB, uprobe:FILE:GLOB or usdt:FILE:GLOB is listed alone");
		return EXIT_USAGE;
	}
	return names ? list_names(call->args[0], cfg->common.json) : list_sources(call);
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
	"Tracepoints have handlers of their own and are cheapest; any other trace event is an event, and counters are perf's.",
	"kprobe:GLOB lists the kernel functions that can be probed, as far as this kernel tells them; uprobe:FILE:GLOB the functions of a program "
	"or library, and usdt:FILE:GLOB the USDT probes in it, as PROVIDER:NAME. FILE is a path, or a name that is looked for as the shell and the loader do.",
	NULL,
};

static const char *const list_examples[] = {
	"ktally list -f 'sched:*'", "see the scheduler's tracepoints and what they carry",
	"ktally list 'kprobe:vfs_*'", "see the functions of the file system layer",
	"ktally list 'uprobe:libc:*alloc*'", "see the allocators of the C library",
	"ktally list 'usdt:libstdc++:*'", "see the probes that a library was built with",
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
