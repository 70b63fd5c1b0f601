// SPDX-License-Identifier: LGPL-2.1-or-later
/* The table of output formats: one row each, found by name or by the suffix of a file. */
#include <errno.h>
#include <string.h>

#include "export.h"

static const struct ktally_exporter exporters[] = {
	{
		.name = "text",
		.suffix = "txt",
		.help = "tables for people: aligned columns, scaled units, histograms as bars, top functions of a profile, and the accounting",
		.write = ktally_export_text,
	},
	{
		.name = "json",
		.suffix = "json",
		.help = "one document of schema ktally/report/1: tables, rows, stacks, histogram buckets that are not empty, and the accounting",
		.write = ktally_export_json,
	},
	{
		.name = "csv",
		.suffix = "csv",
		.help = "RFC 4180, one header, numbers unscaled. A row is one line; a histogram adds a line per bucket that is not empty, with the key, "
			"its name in column hist, and lo, hi (empty: open) and count; hits and values are empty there, so that sums stay right. "
			"Column other is 1 for what found no room. Stacks are folded text, a;b;c. Several tables: a first column names the table",
		.write = ktally_export_csv,
	},
	{
		.name = "folded",
		.suffix = "folded",
		.help = "one line a stack, root first: process;frame;frame_[k] COUNT; the count is nanoseconds or bytes where a table sums those",
		.needs = KTALLY_EXPORT_STACKS,
		.write = ktally_export_folded,
	},
	{
		.name = "flamegraph",
		.suffix = "svg",
		.help = "one SVG file for a browser: click to zoom, search, light and dark; frames narrower than 0.1 pixel are folded away",
		.needs = KTALLY_EXPORT_STACKS,
		.write = ktally_export_flamegraph,
	},
	{
		.name = "pprof",
		.suffix = "pb.gz",
		.help = "profile.proto, gzipped, for `go tool pprof` and what else reads it",
		.needs = KTALLY_EXPORT_STACKS,
		.write = ktally_export_pprof,
	},
	{
		.name = "recording",
		.suffix = "rec",
		.help = "everything, with raw addresses, mappings, names and the accounting: read it later and elsewhere with `ktally report`",
		.write = ktally_export_recording,
	},
};

#define NR_EXPORTERS (sizeof(exporters) / sizeof(exporters[0]))

const struct ktally_exporter *ktally_exporter_at(unsigned int n)
{
	return n < NR_EXPORTERS ? &exporters[n] : NULL;
}

const struct ktally_exporter *ktally_exporter_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < NR_EXPORTERS; i++)
		if (!strcmp(exporters[i].name, name))
			return &exporters[i];
	return NULL;
}

static bool has_suffix(const char *path, const char *suffix)
{
	size_t path_len = strlen(path), len = strlen(suffix);

	return path_len > len + 1 && path[path_len - len - 1] == '.' && !strcmp(path + path_len - len, suffix);
}

const struct ktally_exporter *ktally_exporter_for_file(const char *path)
{
	const struct ktally_exporter *best = NULL;
	unsigned int i;

	for (i = 0; i < NR_EXPORTERS; i++)
		if (has_suffix(path, exporters[i].suffix) && (!best || strlen(best->suffix) < strlen(exporters[i].suffix)))
			best = &exporters[i];
	return best;
}

static bool any_stack(const struct ktally_snapshot *snapshot)
{
	unsigned int i;

	for (i = 0; i < snapshot->nr_tables; i++)
		if (ktally_table_has_stack(&snapshot->tables[i]))
			return true;
	return false;
}

/* Text shows but the first rows of a table, unless it counts functions of a profile. All others show every stack. */
static bool shows_all_stacks(const struct ktally_report *report, const struct ktally_exporter *exporter)
{
	if (!any_stack(report->snapshot))
		return false;
	return exporter->write != ktally_export_text || report->period_ns || report->functions;
}

int ktally_export(const struct ktally_report *report, const struct ktally_exporter *exporter, FILE *out, struct ktally_error *err)
{
	int ret;

	if ((exporter->needs & KTALLY_EXPORT_STACKS) && !any_stack(report->snapshot))
		return ktally_fail(err, -ENODATA, "format %s shows stacks, and no table here has a stack in its key; add stack to the event, or choose text, json or csv",
				   exporter->name);
	if (shows_all_stacks(report, exporter) && ktally_symbolize_all(report))
		return ktally_fail(err, -ENOMEM, "out of memory");
	errno = 0;
	ret = exporter->write(report, out, err);
	if (ret)
		return ret;
	if (!fflush(out) && !ferror(out))
		return 0;
	ret = errno ? -errno : -EIO;
	return ktally_fail(err, ret, "cannot write the %s output: %s", exporter->name, strerror(-ret));
}
