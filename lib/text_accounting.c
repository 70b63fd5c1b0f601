// SPDX-License-Identifier: LGPL-2.1-or-later
/* The accounting of the text report: one identity for each probe and for the rings, then every loss by name. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export_text.h"
#include "utf8.h"

static void put_term(FILE *out, bool *first, uint64_t count, const char *name)
{
	if (!count)
		return;
	fprintf(out, "%s%" PRIu64 " %s", *first ? "" : " + ", count, name);
	*first = false;
}

static void put_probe(const struct ktally_accounting *probe, FILE *out)
{
	const struct ktally_probe_count *count = &probe->count;
	char *name = ktally_utf8_clean(probe->name, 0, 0);
	bool first = true;

	fprintf(out, "    %s: %" PRIu64 " hits = ", name ? name : "?", (uint64_t)count->hits);
	free(name);
	put_term(out, &first, count->filtered, "filtered");
	put_term(out, &first, count->gated, "gated");
	put_term(out, &first, count->folded, "folded");
	put_term(out, &first, count->other, "other");
	put_term(out, &first, count->recursion, "recursion");
	put_term(out, &first, count->nmi, "nmi");
	put_term(out, &first, count->fault, "fault");
	fprintf(out, "%s : %s\n", first ? "0" : "", probe->closed ? "closes" : "DOES NOT CLOSE");
	if (probe->missed)
		fprintf(out, "        and %" PRIu64 " that the kernel dropped before they reached the probe\n", probe->missed);
}

static void put_rings(const struct ktally_ring_accounting *rings, FILE *out)
{
	if (!rings->offered && !rings->reserved && !rings->dropped)
		return;
	fprintf(out, "    rings: %" PRIu64 " records offered = %" PRIu64 " reserved + %" PRIu64 " dropped", rings->offered, rings->reserved, rings->dropped);
	fprintf(out, "; reserved = %" PRIu64 " read + %" PRIu64 " unread + %" PRIu64 " overwritten : %s\n", rings->read, rings->unread,
		rings->overwritten, rings->closed ? "closes" : "DOES NOT CLOSE");
}

void ktally_text_accounting(const struct ktally_report *report, FILE *out)
{
	char why[8192], *line, *rest;
	unsigned int i;

	fprintf(out, "\naccounting\n");
	for (i = 0; i < report->snapshot->nr_probes; i++)
		put_probe(&report->snapshot->probes[i], out);
	put_rings(&report->rings, out);
	if (ktally_report_complete(report, why, sizeof(why))) {
		fprintf(out, "    complete: nothing was lost\n");
		return;
	}
	fprintf(out, "    NOT complete:\n");
	for (line = strtok_r(why, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		fprintf(out, "        %s\n", line);
}
