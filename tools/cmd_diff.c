// SPDX-License-Identifier: GPL-2.0-or-later
/* ktally diff: compares two recordings, by function, by stack or by key. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "recordings.h"
#include "result.h"

#define TOP_DEFAULT	40
#define NAME_SHOWN	120	/* characters: stacks are long, and their leaf is what differs */

struct diff_cfg {
	struct opt_common common;
	struct opt_texts files;
	const char *by, *scale, *format, *symfs;
	unsigned int top;
};

/** struct sides - what is compared */
struct sides {
	struct ktally_recording *recording[2];
	const struct ktally_report *report[2];
	const char *path[2];
	struct ktally_diff_opts opts;
};

static const char *const scale_words[] = {
	[KTALLY_DIFF_TOTAL] = "total",
	[KTALLY_DIFF_DURATION] = "duration",
	[KTALLY_DIFF_NONE] = "none",
};

static void choose(struct ktally_diff_opts *opts, const struct diff_cfg *cfg)
{
	unsigned int n;

	for (n = 0; cfg->scale && n < sizeof(scale_words) / sizeof(scale_words[0]); n++)
		if (!strcmp(cfg->scale, scale_words[n]))
			opts->scale = n;
	if (!cfg->by || !strcmp(cfg->by, "function"))
		return;
	if (!strcmp(cfg->by, "stack")) {
		opts->by = KTALLY_DIFF_STACKS;
		return;
	}
	opts->by = KTALLY_DIFF_KEYS;
	opts->keys = strcmp(cfg->by, "key") ? cfg->by : NULL;
}

/* ---- text ---- */

static double share(double part, double whole)
{
	return whole > 0 ? 100 * part / whole : 0;
}

static const char *scale_sentence(enum ktally_diff_scale scale)
{
	switch (scale) {
	case KTALLY_DIFF_TOTAL:
		return "numbers of the first are scaled so that both have the same total: shares are compared";
	case KTALLY_DIFF_DURATION:
		return "numbers of the first are scaled to the duration of the second: rates are compared";
	default:
		return "numbers are not scaled";
	}
}

static void put_amount(struct out_table *table, const struct ktally_diff *diff, double value)
{
	char text[32];

	if (diff->unit == KTALLY_KIND_NS)
		out_table_cell(table, OUT_PLAIN, "%s", out_duration((uint64_t)value, text, sizeof(text)));
	else if (diff->unit == KTALLY_KIND_BYTES)
		out_table_cell(table, OUT_PLAIN, "%s", out_bytes((uint64_t)value, text, sizeof(text)));
	else
		out_table_cell(table, OUT_PLAIN, "%.0f", value);
}

static enum out_style style_of(double points)
{
	return points >= 0.5 ? OUT_BAD : points <= -0.5 ? OUT_GOOD : OUT_PLAIN;
}

static void put_points(struct out_table *table, double points)
{
	out_table_cell(table, style_of(points), "%+.2f", points);
}

/* The leaf end of what is too long. */
static const char *tail(const char *name, char *buf, size_t size)
{
	size_t len = strlen(name);

	if (len <= NAME_SHOWN)
		return name;
	name += len - NAME_SHOWN;
	while (((unsigned char)*name & 0xc0) == 0x80)
		name++;
	snprintf(buf, size, "..%s", name);
	return buf;
}

static void put_row(struct out_table *table, const struct ktally_diff *diff, const struct ktally_diff_row *row, bool functions)
{
	double before = diff->total[0] * diff->factor, after = diff->total[1];
	char text[NAME_SHOWN + 8];

	put_points(table, share(row->self[1], after) - share(row->self[0], before));
	out_table_cell(table, OUT_PLAIN, "%.2f", share(row->self[0], before));
	out_table_cell(table, OUT_PLAIN, "%.2f", share(row->self[1], after));
	put_amount(table, diff, row->self[0]);
	put_amount(table, diff, row->self[1]);
	if (functions) {
		put_points(table, share(row->total[1], after) - share(row->total[0], before));
		out_table_cell(table, OUT_PLAIN, "%.2f", share(row->total[0], before));
		out_table_cell(table, OUT_PLAIN, "%.2f", share(row->total[1], after));
	}
	out_table_cell(table, OUT_PLAIN, "%s", tail(row->name, text, sizeof(text)));
	if (functions)
		out_table_cell(table, OUT_DIM, "%s", row->module);
}

static void put_sides(const struct sides *sides, const struct ktally_diff *diff)
{
	char amount[32], duration[32];
	unsigned int n;

	for (n = 0; n < 2; n++) {
		const struct ktally_report *report = sides->report[n];

		if (diff->unit == KTALLY_KIND_NS)
			out_duration(diff->total[n], amount, sizeof(amount));
		else
			snprintf(amount, sizeof(amount), "%" PRIu64, diff->total[n]);
		printf("%s  %s: %s on %s, %s %s in %s\n", n ? "after " : "before", sides->path[n], report->title, report->hostname, amount, diff->unit_name,
		       out_duration(report->duration_ns, duration, sizeof(duration)));
	}
	printf("%s\n\n", scale_sentence(sides->opts.scale));
}

static void put_text(const struct sides *sides, const struct ktally_diff *diff, unsigned int top)
{
	static const char *const functions[] = { ">self +/-", ">before%", ">after%", ">before", ">after", ">total +/-", ">before%", ">after%", "function",
						 "module", NULL };
	static const char *const stacks[] = { ">+/-", ">before%", ">after%", ">before", ">after", "stack", NULL };
	static const char *const keys[] = { ">+/-", ">before%", ">after%", ">before", ">after", "key", NULL };
	bool by_function = sides->opts.by == KTALLY_DIFF_FUNCTIONS;
	struct out_table table;
	size_t n, shown = diff->nr < top ? diff->nr : top;

	put_sides(sides, diff);
	out_table_init(&table, by_function ? functions : sides->opts.by == KTALLY_DIFF_STACKS ? stacks : keys);
	for (n = 0; n < shown; n++)
		put_row(&table, diff, &diff->rows[n], by_function);
	out_table_print(&table, stdout);
	if (shown < diff->nr)
		printf("... and %zu rows more that changed less (--top; json has all)\n", diff->nr - shown);
}

/* ---- JSON ---- */

static void json_side(struct ktally_json *json, const struct sides *sides, const struct ktally_diff *diff, unsigned int n)
{
	const struct ktally_report *report = sides->report[n];

	ktally_json_open(json, n ? "after" : "before", '{');
	ktally_json_string(json, "file", sides->path[n]);
	ktally_json_string(json, "title", report->title);
	ktally_json_string(json, "hostname", report->hostname);
	ktally_json_u64(json, "time_ns", report->start_real_ns);
	ktally_json_u64(json, "duration_ns", report->duration_ns);
	ktally_json_u64(json, "total", diff->total[n]);
	if (report->damage)
		ktally_json_string(json, "damage", report->damage);
	ktally_json_close(json, '}');
}

static void json_numbers(struct ktally_json *json, const char *key, const struct ktally_diff *diff, const double numbers[2])
{
	double before = share(numbers[0], diff->total[0] * diff->factor), after = share(numbers[1], diff->total[1]);

	ktally_json_open(json, key, '{');
	ktally_json_double(json, "before", numbers[0]);
	ktally_json_double(json, "after", numbers[1]);
	ktally_json_double(json, "change", numbers[1] - numbers[0]);
	ktally_json_double(json, "before_percent", before);
	ktally_json_double(json, "after_percent", after);
	ktally_json_double(json, "points", after - before);
	ktally_json_close(json, '}');
}

static void put_json(const struct sides *sides, const struct ktally_diff *diff)
{
	static const char *const by[] = { [KTALLY_DIFF_FUNCTIONS] = "function", [KTALLY_DIFF_STACKS] = "stack", [KTALLY_DIFF_KEYS] = "key" };
	bool functions = sides->opts.by == KTALLY_DIFF_FUNCTIONS;
	struct ktally_json json;
	size_t n;

	ktally_json_init(&json, stdout, false);
	ktally_json_open(&json, NULL, '{');
	ktally_json_string(&json, "schema", "ktally/diff/1");
	ktally_json_string(&json, "by", by[sides->opts.by]);
	ktally_json_string(&json, "unit", diff->unit_name);
	ktally_json_string(&json, "normalized_by", scale_words[sides->opts.scale]);
	ktally_json_double(&json, "before_factor", diff->factor);
	json_side(&json, sides, diff, 0);
	json_side(&json, sides, diff, 1);
	ktally_json_open(&json, "rows", '[');
	for (n = 0; n < diff->nr; n++) {
		const struct ktally_diff_row *row = &diff->rows[n];

		ktally_json_open(&json, NULL, '{');
		ktally_json_string(&json, "name", row->name);
		if (functions)
			ktally_json_string(&json, "module", row->module);
		json_numbers(&json, functions ? "self" : "value", diff, row->self);
		if (functions)
			json_numbers(&json, "total", diff, row->total);
		ktally_json_close(&json, '}');
	}
	ktally_json_close(&json, ']');
	ktally_json_close(&json, '}');
	putchar('\n');
}

/* ---- */

static int write_rows(const struct sides *sides, const struct diff_cfg *cfg, bool json)
{
	struct ktally_error err = { .pos = -1 };
	struct ktally_diff *diff;
	int ret = ktally_diff_new(&diff, sides->report[0], sides->report[1], &sides->opts, &err);

	if (ret)
		return out_failure(ret, &err);
	out_page();
	if (json)
		put_json(sides, diff);
	else
		put_text(sides, diff, cfg->top ? cfg->top : TOP_DEFAULT);
	ktally_diff_free(diff);
	return EXIT_OK;
}

/** struct picture - what result_write_with() writes */
struct picture {
	const struct sides *sides;
	int (*draw)(const struct ktally_report *before, const struct ktally_report *after, enum ktally_diff_scale scale, FILE *out, struct ktally_error *err);
};

static int draw(FILE *out, void *arg, struct ktally_error *err)
{
	const struct picture *picture = arg;

	return picture->draw(picture->sides->report[0], picture->sides->report[1], picture->sides->opts.scale, out, err);
}

/* The formats of a comparison of stacks, by the suffix of a file. NULL, after saying so: none */
static bool picture_for(const char *path, struct picture *picture)
{
	const struct ktally_exporter *exporter = ktally_exporter_for_file(path);

	picture->draw = NULL;
	if (exporter && !strcmp(exporter->name, "flamegraph"))
		picture->draw = ktally_diff_flamegraph;
	else if (exporter && !strcmp(exporter->name, "folded"))
		picture->draw = ktally_diff_folded;
	if (!picture->draw)
		out_error("'%s': a comparison is written to files .svg (flame graph) and .folded (two columns); text and JSON go to standard output", path);
	return picture->draw;
}

static int write_files(const struct sides *sides, const struct diff_cfg *cfg)
{
	struct picture picture = { .sides = sides };
	unsigned int n;
	int status = EXIT_OK;

	for (n = 0; n < cfg->files.nr && !status; n++)
		status = picture_for(cfg->files.items[n], &picture) ? result_write_with(cfg->files.items[n], draw, &picture) : EXIT_USAGE;
	return status;
}

static int write_stdout(const struct sides *sides, const struct diff_cfg *cfg)
{
	const char *format = cfg->format ? cfg->format : cfg->common.json ? "json" : "text";
	struct picture picture = { .sides = sides, .draw = !strcmp(format, "folded") ? ktally_diff_folded : ktally_diff_flamegraph };
	struct ktally_error err = { .pos = -1 };
	int ret;

	if (cfg->files.nr && !cfg->format && !cfg->common.json)
		return EXIT_OK;
	if (!strcmp(format, "text") || !strcmp(format, "json"))
		return write_rows(sides, cfg, !strcmp(format, "json"));
	out_page();
	ret = draw(stdout, &picture, &err);
	return ret ? out_failure(ret, &err) : EXIT_OK;
}

static int compare(struct sides *sides, const struct diff_cfg *cfg)
{
	bool lost = false;
	unsigned int n;
	int status = write_stdout(sides, cfg);

	if (!status)
		status = write_files(sides, cfg);
	for (n = 0; n < 2; n++)
		lost |= result_tell_losses(sides->report[n]);
	return !status && lost && cfg->common.strict ? EXIT_INCOMPLETE : status;
}

static int run_diff(const struct cmd_call *call)
{
	const struct diff_cfg *cfg = call->cfg;
	struct sides sides = { .path = { call->args[0], call->args[1] } };
	struct picture picture;
	unsigned int n;
	int status = EXIT_OK;

	for (n = 0; n < cfg->files.nr; n++)
		if (!picture_for(cfg->files.items[n], &picture))
			return EXIT_USAGE;
	if (cfg->common.json && cfg->format && strcmp(cfg->format, "json")) {
		out_error("--json and --output %s contradict each other", cfg->format);
		return EXIT_USAGE;
	}
	choose(&sides.opts, cfg);
	for (n = 0; n < 2 && !status; n++) {
		status = recording_open(&sides.recording[n], sides.path[n], cfg->symfs);
		if (!status)
			sides.report[n] = ktally_recording_report(sides.recording[n]);
	}
	if (!status)
		status = compare(&sides, cfg);
	ktally_recording_close(sides.recording[0]);
	ktally_recording_close(sides.recording[1]);
	return status;
}

static const struct opt diff_opts[] = {
	OPT_ROW_GROUP("What to compare"),
	OPT_ROW(struct diff_cfg, OPT_TEXT, 'b', "by", by, "WHAT", "function, stack, key, or names of keys such as comm,id: rows that agree in these are one (function)"),
	OPT_ROW(struct diff_cfg, OPT_CHOICE, 0, "normalize", scale, "total|duration|none", "scale the first recording to the total or the duration of the second "
		"(total)"),
	OPT_ROW(struct diff_cfg, OPT_TEXT, 0, "symfs", symfs, "DIR", "look for the programs and libraries of the recorded machine in DIR first"),
	OPT_ROW_UINT(struct diff_cfg, 'n', "top", top, "N", 1, 1000000000, "rows that text shows (40)"),
	OPT_ROW_GROUP("Result"),
	OPT_ROW(struct diff_cfg, OPT_FILES, 'o', "out", files, "FILE", "FILE.svg: a flame graph; FILE.folded: stacks with two counts"),
	OPT_ROW(struct diff_cfg, OPT_CHOICE, 0, "output", format, "text|json|folded|flamegraph", "write it to standard output in this format (text unless -o is given)"),
	OPT_ROW_JSON(struct diff_cfg),
	OPT_ROW_STRICT(struct diff_cfg),
	OPT_ROW_QUIET(struct diff_cfg),
	OPT_ROW_HELP(struct diff_cfg),
	OPT_ROW_END,
};

static const char *const diff_text[] = {
	"Compares two recordings: what changed most comes first. Shares are of the total of their recording, and their differences are percentage points. "
	"Numbers of the first recording are scaled, so that both can be compared: by default to the total of the second, which compares shares; "
	"--normalize duration compares rates.",
	"By function: self is what a function itself took, total what it and all it called took. By key: rows of tables, which need no stacks.",
	"In the flame graph the width of a frame is what it is after, and the colour what changed: red is more, blue is less, white as before. "
	"What is gone has no width: compare the other way round to see it.",
	NULL,
};

static const char *const diff_examples[] = {
	"ktally diff before.rec after.rec", "see which functions take more or less than before",
	"ktally diff before.rec after.rec -o diff.svg", "draw what changed",
	"ktally diff --by comm --normalize duration monday.rec tuesday.rec", "compare what each program took per second",
	"ktally diff --output folded before.rec after.rec", "feed other tools: a stack and two counts a line",
	NULL,
};

const struct cmd cmd_diff = {
	.name = "diff",
	.path = "diff",
	.args = "BEFORE AFTER",
	.min_args = 2,
	.max_args = 2,
	.summary = "compare two recordings",
	.text = diff_text,
	.examples = diff_examples,
	.opts = diff_opts,
	.cfg_size = sizeof(struct diff_cfg),
	.run = run_diff,
};
