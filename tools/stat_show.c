// SPDX-License-Identifier: GPL-2.0-or-later
/* Shows a result of 'ktally stat': a list for a total, a table for rows by CPU, process or cgroup; JSON; CSV. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "out.h"
#include "stat.h"

#define COLUMNS_MAX 30	/* of a table by CPU, process or cgroup */

static const char *const by_names[] = {
	[STAT_TOTAL] = "total", [STAT_CPU] = "cpu", [STAT_PROCESS] = "process", [STAT_CGROUP] = "cgroup",
};
_Static_assert(sizeof(by_names) / sizeof(by_names[0]) == __STAT_BY_END, "every kind of row needs its name");

/* Metrics that need no row of their own in a table, where they would be told again and again. */
static const char *const for_lists[] = { "cpus-counted", "context-switches-per-second", "cpu-migrations-per-second", "page-faults-per-second",
					 "branches-per-instruction" };

static bool in_tables(const struct ktally_metric *metric)
{
	size_t n;

	for (n = 0; n < sizeof(for_lists) / sizeof(for_lists[0]); n++)
		if (!strcmp(metric->name, for_lists[n]))
			return false;
	return true;
}

static double shown_value(const struct counter *counter, double value)
{
	return counter->plan.scale ? value * counter->plan.scale : value;
}

static bool is_clock(const struct counter *counter)
{
	return !strncmp(counter->name, "cpu-clock", 9) || !strncmp(counter->name, "task-clock", 10);
}

/* "1,234,567" */
static void format_count(double value, char *buf, size_t size)
{
	char digits[40];
	size_t len, i, used = 0;

	if (value != floor(value) || fabs(value) > 1e18) {
		snprintf(buf, size, "%.2f", value);
		return;
	}
	len = snprintf(digits, sizeof(digits), "%.0f", fabs(value));
	if (value < 0)
		buf[used++] = '-';
	for (i = 0; i < len && used + 2 < size; i++) {
		if (i && (len - i) % 3 == 0)
			buf[used++] = ',';
		buf[used++] = digits[i];
	}
	buf[used] = 0;
}

/* What stands for a value that is none, or the value. */
static void format_cell(const struct counter *counter, const struct stat_cell *cell, char *buf, size_t size)
{
	double value = stat_value(cell);

	if (counter->missing[0])
		snprintf(buf, size, "<not supported>");
	else if (isnan(value))
		snprintf(buf, size, "<not counted>");
	else if (is_clock(counter))
		snprintf(buf, size, "%.2f ms", value / 1e6);
	else
		format_count(rint(shown_value(counter, value) * 100) / 100, buf, size);
}

static double running_percent(const struct stat_cell *cell)
{
	return cell->enabled ? 100.0 * cell->running / cell->enabled : 100;
}

static unsigned int metrics_of(const struct stat_view *view, const struct stat_row *row, struct ktally_metric *metrics)
{
	const struct counter_set *set = &view->stat->set;
	struct ktally_reading readings[KTALLY_COUNTERS_MAX];
	unsigned int c;

	for (c = 0; c < set->nr; c++)
		readings[c] = (struct ktally_reading){ .name = set->items[c].name, .value = stat_value(&row->cells[c]) };
	return ktally_metrics(readings, set->nr, view->elapsed_ns, metrics, KTALLY_METRICS_MAX);
}

/* ---- text ---- */

static void list_counter(const struct stat_view *view, const struct stat_row *row, unsigned int c, const struct ktally_metric *metrics, unsigned int nr,
			 struct out_table *table)
{
	const struct counter *counter = &view->stat->set.items[c];
	const struct stat_cell *cell = &row->cells[c];
	char value[64], running[32] = "";
	bool first = true;
	unsigned int m;

	format_cell(counter, cell, value, sizeof(value));
	if (!counter->missing[0] && !isnan(stat_value(cell)) && cell->running < cell->enabled)
		snprintf(running, sizeof(running), "%.1f %%", running_percent(cell));
	for (m = 0; m < nr || first; m++) {
		const struct ktally_metric *metric = m < nr && metrics[m].counter == c ? &metrics[m] : NULL;

		if (m < nr && !metric)
			continue;
		out_table_cell(table, counter->missing[0] ? OUT_DIM : OUT_BOLD, "%s", first ? value : "");
		out_table_cell(table, OUT_PLAIN, "%s%s%s", first ? counter->name : "", first && counter->plan.unit[0] && !is_clock(counter) ? ", " : "",
			       first && !is_clock(counter) ? counter->plan.unit : "");
		out_table_cell(table, OUT_PLAIN, metric ? "%.2f" : "", metric ? metric->value : 0);
		out_table_cell(table, OUT_PLAIN, "%s", metric ? metric->text : "");
		out_table_cell(table, OUT_DIM, "%s", first ? running : "");
		first = false;
	}
}

static void text_list(const struct stat_view *view, FILE *out)
{
	static const char *const headings[] = { ">COUNTED", "COUNTER", ">THAT IS", "", ">OF THE TIME", NULL };
	struct ktally_metric metrics[KTALLY_METRICS_MAX];
	const struct stat_row *row = view->rows->nr ? &view->rows->rows[0] : NULL;
	struct stat_row empty = { 0 };
	struct out_table table;
	unsigned int nr, c;

	for (c = 0; c < KTALLY_COUNTERS_MAX; c++)
		empty.cells[c].value = NAN;
	row = row ? row : &empty;
	nr = metrics_of(view, row, metrics);
	out_table_init(&table, headings);
	for (c = 0; c < view->stat->set.nr; c++)
		list_counter(view, row, c, metrics, nr, &table);
	out_table_print(&table, out);
}

static const char *key_text(const struct stat_view *view, const struct stat_row *row, char *buf, size_t size)
{
	const char *name;

	if (view->stat->by == STAT_CGROUP) {
		name = cgroup_name(row->key);
		if (name)
			return name;
	}
	if (view->stat->by == STAT_PROCESS && !strcmp(row->comm, "*other*"))
		return "";
	snprintf(buf, size, "%" PRIu64, row->key);
	return buf;
}

/* The metrics of a table: those that any row has. */
static unsigned int table_metrics(const struct stat_view *view, struct ktally_metric *found)
{
	struct ktally_metric metrics[KTALLY_METRICS_MAX];
	unsigned int n, m, f, nr, nr_found = 0;

	for (n = 0; n < view->rows->nr; n++) {
		nr = metrics_of(view, &view->rows->rows[n], metrics);
		for (m = 0; m < nr; m++) {
			for (f = 0; f < nr_found && strcmp(found[f].name, metrics[m].name); f++)
				;
			if (f == nr_found && in_tables(&metrics[m]) && nr_found < KTALLY_METRICS_MAX)
				found[nr_found++] = metrics[m];
		}
	}
	return nr_found;
}

static void table_row(const struct stat_view *view, const struct stat_row *row, const struct ktally_metric *shown, unsigned int nr_shown,
		      struct out_table *table)
{
	const struct counter_set *set = &view->stat->set;
	struct ktally_metric metrics[KTALLY_METRICS_MAX];
	unsigned int nr = metrics_of(view, row, metrics), c, m, s;
	char text[64];

	out_table_cell(table, OUT_BOLD, "%s", key_text(view, row, text, sizeof(text)));
	if (view->stat->by == STAT_PROCESS)
		out_table_cell(table, OUT_PLAIN, "%s", row->comm);
	for (c = 0; c < set->nr; c++) {
		if (set->items[c].missing[0])
			continue;
		format_cell(&set->items[c], &row->cells[c], text, sizeof(text));
		out_table_cell(table, OUT_PLAIN, "%s", text);
	}
	for (s = 0; s < nr_shown; s++) {
		for (m = 0; m < nr && strcmp(metrics[m].name, shown[s].name); m++)
			;
		out_table_cell(table, OUT_PLAIN, m < nr ? "%.2f" : "-", m < nr ? metrics[m].value : 0);
	}
}

static void text_table(const struct stat_view *view, FILE *out)
{
	const char *headings[COLUMNS_MAX + 2] = { NULL };
	char *names[COLUMNS_MAX + 2] = { NULL };
	struct ktally_metric shown[KTALLY_METRICS_MAX];
	unsigned int nr_shown = table_metrics(view, shown), nr = 0, nr_names = 0, c, n, limit;
	struct out_table table;

	headings[nr++] = view->stat->by == STAT_CGROUP ? "CGROUP" : view->stat->by == STAT_PROCESS ? ">PID" : ">CPU";
	if (view->stat->by == STAT_PROCESS)
		headings[nr++] = "PROGRAM";
	for (c = 0; c < view->stat->set.nr && nr < COLUMNS_MAX; c++)
		if (!view->stat->set.items[c].missing[0])
			headings[nr++] = names[nr_names++] = out_text(">%s", view->stat->set.items[c].name);
	if (nr_shown > COLUMNS_MAX - nr)
		nr_shown = COLUMNS_MAX - nr;
	for (c = 0; c < nr_shown; c++)
		headings[nr++] = names[nr_names++] = out_text(">%s", shown[c].name);
	out_table_init(&table, headings);
	limit = view->stat->top && view->stat->top < view->rows->nr ? view->stat->top : view->rows->nr;
	for (n = 0; n < limit; n++)
		table_row(view, &view->rows->rows[n], shown, nr_shown, &table);
	if (limit)
		out_table_print(&table, out);
	else
		fputs("nothing ran\n", out);
	if (limit < view->rows->nr)
		fprintf(out, "... and %u more rows (json and csv have all)\n", view->rows->nr - limit);
	for (c = 0; c < nr_names; c++)
		free(names[c]);
}

void stat_text(const struct stat_view *view, FILE *out)
{
	const struct ktally_report *report = view->report;
	char elapsed[32];

	if (view->since_ns)
		fprintf(out, "--- %.3f s after the start\n", view->since_ns / 1e9);
	else
		fprintf(out, "%s\non %s, Linux %s %s, for %s\n\n", report->title, report->hostname, report->release, report->machine,
			out_duration(view->elapsed_ns, elapsed, sizeof(elapsed)));
	if (view->stat->by == STAT_TOTAL)
		text_list(view, out);
	else
		text_table(view, out);
	if (!view->since_ns && view->stat->by_switch && ktally_report_complete(report, NULL, 0))
		fputs("\ncomplete: nothing was lost\n", out);
}

/* ---- JSON ---- */

static void json_key(const struct stat_view *view, const struct stat_row *row, struct ktally_json *json)
{
	const char *name;

	ktally_json_open(json, "key", '{');
	if (view->stat->by == STAT_CPU)
		ktally_json_u64(json, "cpu", row->key);
	if (view->stat->by == STAT_PROCESS) {
		ktally_json_u64(json, "pid", row->key);
		ktally_json_string(json, "comm", row->comm);
	}
	if (view->stat->by == STAT_CGROUP) {
		name = cgroup_name(row->key);
		ktally_json_u64(json, "cgroup", row->key);
		if (name)
			ktally_json_string(json, "path", name);
	}
	ktally_json_close(json, '}');
}

static void json_counter(const struct counter *counter, const struct stat_cell *cell, struct ktally_json *json)
{
	double value = stat_value(cell);

	ktally_json_open(json, NULL, '{');
	ktally_json_string(json, "name", counter->name);
	ktally_json_string(json, "state", counter->missing[0] ? "not supported" : isnan(value) ? "not counted" : "counted");
	if (counter->missing[0])
		ktally_json_string(json, "why", counter->missing);
	if (!counter->missing[0] && !isnan(value)) {
		ktally_json_double(json, "value", shown_value(counter, value));
		ktally_json_double(json, "counted", cell->value);
		ktally_json_double(json, "running_percent", running_percent(cell));
	}
	ktally_json_string(json, "unit", is_clock(counter) ? "ns" : counter->plan.unit);
	ktally_json_close(json, '}');
}

static void json_row(const struct stat_view *view, const struct stat_row *row, struct ktally_json *json)
{
	struct ktally_metric metrics[KTALLY_METRICS_MAX];
	unsigned int nr = metrics_of(view, row, metrics), n;

	ktally_json_open(json, NULL, '{');
	json_key(view, row, json);
	ktally_json_open(json, "counters", '[');
	for (n = 0; n < view->stat->set.nr; n++)
		json_counter(&view->stat->set.items[n], &row->cells[n], json);
	ktally_json_close(json, ']');
	ktally_json_open(json, "metrics", '[');
	for (n = 0; n < nr; n++) {
		ktally_json_open(json, NULL, '{');
		ktally_json_string(json, "name", metrics[n].name);
		ktally_json_double(json, "value", metrics[n].value);
		ktally_json_string(json, "text", metrics[n].text);
		ktally_json_string(json, "counter", view->stat->set.items[metrics[n].counter].name);
		ktally_json_close(json, '}');
	}
	ktally_json_close(json, ']');
	ktally_json_close(json, '}');
}

void stat_json(const struct stat_view *view, FILE *out)
{
	const struct ktally_report *report = view->report;
	char why[4096], *line, *rest;
	struct ktally_json json;
	unsigned int n;
	bool complete = view->since_ns || ktally_report_complete(report, why, sizeof(why));

	ktally_json_init(&json, out, false);
	ktally_json_open(&json, NULL, '{');
	ktally_json_string(&json, "schema", "ktally-stat/1");
	ktally_json_string(&json, "title", report->title);
	ktally_json_open(&json, "host", '{');
	ktally_json_string(&json, "name", report->hostname);
	ktally_json_string(&json, "release", report->release);
	ktally_json_string(&json, "machine", report->machine);
	ktally_json_close(&json, '}');
	ktally_json_u64(&json, "time_ns", report->start_real_ns);
	ktally_json_string(&json, "part", view->since_ns ? "interval" : "whole");
	ktally_json_u64(&json, "end_ns", view->since_ns ? view->since_ns : view->elapsed_ns);
	ktally_json_u64(&json, "duration_ns", view->elapsed_ns);
	ktally_json_string(&json, "by", by_names[view->stat->by]);
	ktally_json_open(&json, "rows", '[');
	for (n = 0; n < view->rows->nr; n++)
		json_row(view, &view->rows->rows[n], &json);
	ktally_json_close(&json, ']');
	ktally_json_bool(&json, "complete", complete);
	ktally_json_open(&json, "losses", '[');
	for (line = complete ? NULL : strtok_r(why, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		ktally_json_string(&json, NULL, line);
	ktally_json_close(&json, ']');
	ktally_json_close(&json, '}');
	fputc('\n', out);
}

/* ---- CSV ---- */

static void csv_text(const char *text, FILE *out)
{
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++)
		fputs(*text == '"' ? "\"\"" : (char [2]){ *text, 0 }, out);
	fputc('"', out);
}

/* The columns that every line of a row begins with. */
static void csv_key(const struct stat_view *view, const struct stat_row *row, FILE *out)
{
	char buf[32];

	fprintf(out, "%.9f,", (view->since_ns ? view->since_ns : view->elapsed_ns) / 1e9);
	if (view->stat->by != STAT_TOTAL) {
		csv_text(key_text(view, row, buf, sizeof(buf)), out);
		fputc(',', out);
	}
	if (view->stat->by == STAT_PROCESS) {
		csv_text(row->comm, out);
		fputc(',', out);
	}
}

static void csv_row(const struct stat_view *view, const struct stat_row *row, FILE *out)
{
	struct ktally_metric metrics[KTALLY_METRICS_MAX];
	unsigned int nr = metrics_of(view, row, metrics), n;

	for (n = 0; n < view->stat->set.nr; n++) {
		const struct counter *counter = &view->stat->set.items[n];
		double value = stat_value(&row->cells[n]);

		csv_key(view, row, out);
		fputs("counter,", out);
		csv_text(counter->name, out);
		if (counter->missing[0])
			fputs(",<not supported>,,\r\n", out);
		else if (isnan(value))
			fputs(",<not counted>,,0\r\n", out);
		else
			fprintf(out, ",%.15g,%s,%.2f\r\n", shown_value(counter, value), is_clock(counter) ? "ns" : counter->plan.unit,
				running_percent(&row->cells[n]));
	}
	for (n = 0; n < nr; n++) {
		csv_key(view, row, out);
		fprintf(out, "metric,%s,%.15g,", metrics[n].name, metrics[n].value);
		csv_text(metrics[n].text, out);
		fputs(",\r\n", out);
	}
}

void stat_csv(const struct stat_view *view, FILE *out)
{
	static const char *const keys[] = { [STAT_TOTAL] = "", [STAT_CPU] = "cpu,", [STAT_PROCESS] = "pid,comm,", [STAT_CGROUP] = "cgroup," };
	unsigned int n;

	if (!view->since_ns || view->since_ns == view->elapsed_ns)	/* the first interval begins at the start */
		fprintf(out, "seconds,%skind,name,value,unit,running_percent\r\n", keys[view->stat->by]);
	for (n = 0; n < view->rows->nr; n++)
		csv_row(view, &view->rows->rows[n], out);
}
