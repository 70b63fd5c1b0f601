// SPDX-License-Identifier: LGPL-2.1-or-later
/* Writes the report for people: what was measured where, each table, the accounting. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "export.h"
#include "export_text.h"
#include "units.h"
#include "utf8.h"

static void put_head(const struct ktally_report *report, FILE *out)
{
	time_t seconds = report->start_real_ns / 1000000000;
	char when[64] = "", duration[32];
	struct tm tm;

	if (report->title && *report->title)
		fprintf(out, "%s\n", report->title);
	if (report->hostname && *report->hostname)
		fprintf(out, "on %s", report->hostname);
	if (report->release && *report->release)
		fprintf(out, ", Linux %s %s", report->release, report->machine ? report->machine : "");
	if (report->start_real_ns && gmtime_r(&seconds, &tm))
		strftime(when, sizeof(when), ", from %Y-%m-%d %H:%M:%S UTC", &tm);
	ktally_units_scaled(KTALLY_KIND_NS, report->duration_ns, duration, sizeof(duration));
	if (report->duration_ns)
		fprintf(out, "%s for %s\n", when, duration);
	else
		fputc('\n', out);
}

static void put_table_head(const struct ktally_report *report, const struct ktally_table *table, FILE *out)
{
	uint64_t hits = ktally_text_hits(table);
	char time[32];

	fprintf(out, "\n%s: %" PRIu64 " %s", table->schema.name, hits, report->hits ? report->hits : report->period_ns ? "samples" : "hits");
	if (report->period_ns) {
		ktally_units_scaled(KTALLY_KIND_NS, (double)hits * report->period_ns, time, sizeof(time));
		fprintf(out, ", about %s of CPU time", time);
	}
	if (!ktally_table_whole(table))
		fprintf(out, ", %zu row%s", table->nr_rows, table->nr_rows == 1 ? "" : "s");
	fputc('\n', out);
}

int ktally_export_text(const struct ktally_report *report, FILE *out, struct ktally_error *err)
{
	unsigned int i;
	int ret = 0;

	put_head(report, out);
	for (i = 0; i < report->snapshot->nr_tables && !ret; i++) {
		const struct ktally_table *table = &report->snapshot->tables[i];

		put_table_head(report, table, out);
		if ((report->period_ns || report->functions) && ktally_table_has_stack(table))
			ret = ktally_text_profile(report, table, out, err);
		if (!ret)
			ret = ktally_text_table(report, table, out, err);
	}
	if (!ret)
		ktally_text_accounting(report, out);
	return ret;
}
