// SPDX-License-Identifier: LGPL-2.1-or-later
/* The accounting of the text report: one identity for each probe, each pair and the rings, what the governor did, then every loss by name. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export_text.h"
#include "recording.h"
#include "utf8.h"

#define PROBES_ALL	8	/* up to so many are all told */

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

/* Of very many probes those that were never hit are told as a number. */
static void put_probes(const struct ktally_snapshot *snap, FILE *out)
{
	unsigned int i, idle = 0;

	for (i = 0; i < snap->nr_probes; i++) {
		const struct ktally_accounting *probe = &snap->probes[i];

		if (snap->nr_probes > PROBES_ALL && probe->closed && !probe->count.hits && !probe->missed)
			idle++;
		else
			put_probe(probe, out);
	}
	if (idle)
		fprintf(out, "    and %u more probes without a hit\n", idle);
}

static void put_pair(const struct ktally_pair_accounting *pair, FILE *out)
{
	const struct ktally_pair_count *count = &pair->count;
	char *name = ktally_utf8_clean(pair->name, 0, 0);
	bool first = true;

	fprintf(out, "    %s: %" PRIu64 " starts = ", name ? name : "?", (uint64_t)count->starts);
	free(name);
	put_term(out, &first, count->ended, "ended");
	put_term(out, &first, count->replaced, "replaced");
	put_term(out, &first, count->full, "without room");
	put_term(out, &first, count->abandoned, "abandoned");
	put_term(out, &first, pair->open, "open");
	fprintf(out, "%s : %s\n", first ? "0" : "", pair->closed ? "closes" : "DOES NOT CLOSE");
	if (count->unmatched || count->negative || count->stayed)
		fprintf(out, "        and %" PRIu64 " ends without a start, %" PRIu64 " before it, %" PRIu64 " that left it open\n",
			(uint64_t)count->unmatched, (uint64_t)count->negative, (uint64_t)count->stayed);
}

static void put_step(const struct ktally_report *report, const struct ktally_step *step, FILE *out)
{
	const struct ktally_snapshot *snap = report->snapshot;
	uint64_t start = report->start_ns;

	fprintf(out, "        at %.3f s, %.1f %% of CPU %u: ", (start && step->time >= start ? step->time - start : step->time) / 1e9,
		step->share / 10.0, step->cpu);
	switch (step->kind) {
	case KTALLY_STEP_STACKS:
		fprintf(out, step->number ? "stacks given back\n" : "no more stacks\n");
		break;
	case KTALLY_STEP_COUNTERS:
		fprintf(out, step->number ? "counters given back\n" : "no more counters\n");
		break;
	case KTALLY_STEP_GATE:
		if (step->number > 1)
			fprintf(out, "one hit in %u, which stands for all\n", step->number);
		else
			fprintf(out, "all hits again\n");
		break;
	case KTALLY_STEP_PROBE:
		fprintf(out, "probe %u off: %s\n", step->number, step->number < snap->nr_probes ? snap->probes[step->number].name : "?");
		break;
	default:
		fprintf(out, "step %u %u\n", step->kind, step->number);
	}
}

/* Its state and every step of it; a session without one has no budget. */
static void put_governor(const struct ktally_report *report, FILE *out)
{
	const struct ktally_snapshot *snap = report->snapshot;
	unsigned int i;

	if (!snap->budget)
		return;
	fprintf(out, "    governor: %.1f %% of a CPU at most, at the end %.1f %%, %u step%s\n", snap->budget / 10.0, snap->share / 10.0, snap->nr_steps,
		snap->nr_steps == 1 ? "" : "s");
	for (i = 0; i < snap->nr_steps; i++)
		put_step(report, &snap->steps[i], out);
}

static void put_rings(const struct ktally_ring_accounting *rings, FILE *out)
{
	if (!rings->offered && !rings->reserved && !rings->dropped)
		return;
	fprintf(out, "    rings: %" PRIu64 " records offered = %" PRIu64 " reserved + %" PRIu64 " dropped", rings->offered, rings->reserved, rings->dropped);
	fprintf(out, "; reserved = %" PRIu64 " read + %" PRIu64 " unread + %" PRIu64 " overwritten : %s\n", rings->read, rings->unread,
		rings->overwritten, rings->closed ? "closes" : "DOES NOT CLOSE");
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * part / whole : 0.0;
}

/* What walking user stacks came to, and why some ended early. */
static void put_unwind(const struct ktally_unwind_count *unwind, FILE *out)
{
	static const char *const cuts[] = {
		[KTALLY_CUT_NONE] = "?",
		[KTALLY_CUT_DEPTH] = "at the depth limit",
		[KTALLY_CUT_MAPPING] = "in unknown code",
		[KTALLY_CUT_TABLE] = "without an unwind table",
		[KTALLY_CUT_RULE] = "without an unwind rule",
		[KTALLY_CUT_FAULT] = "at memory that is not present",
		[KTALLY_CUT_LOOP] = "astray",
	};
	bool first = true;
	unsigned int i;

	_Static_assert(sizeof(cuts) / sizeof(cuts[0]) == __KTALLY_CUT_END, "every reason needs its text");
	if (!unwind->stacks && !unwind->lost)
		return;
	fprintf(out, "    user stacks: %" PRIu64 " walked, %.2f %% whole", (uint64_t)unwind->stacks, percent(unwind->whole, unwind->stacks));
	for (i = KTALLY_CUT_NONE + 1; i < __KTALLY_CUT_END; i++) {
		if (!unwind->cut[i])
			continue;
		fprintf(out, "%s%" PRIu64 " %s", first ? "; cut: " : ", ", (uint64_t)unwind->cut[i], cuts[i]);
		first = false;
	}
	fprintf(out, "\n        steps: %" PRIu64 " by tables, %" PRIu64 " by frame pointers, %" PRIu64 " of these guesses; %" PRIu64 " frames of interpreters\n",
		(uint64_t)unwind->by_table, (uint64_t)unwind->by_frame, (uint64_t)unwind->guesses, (uint64_t)unwind->interp);
	fprintf(out, "        %" PRIu64 " tables, %.1f MiB, for %" PRIu64 " files; %" PRIu64 " mappings of %" PRIu64 " processes\n", (uint64_t)unwind->tables,
		unwind->bytes / 1048576.0, (uint64_t)unwind->files, (uint64_t)unwind->mappings, (uint64_t)unwind->processes);
}

static void put_cgroups(const struct ktally_cgroups *cgroups, FILE *out)
{
	const char *mount, *controller;

	if (!cgroups)
		return;
	controller = ktally_cgroups_controller(cgroups, &mount);
	fprintf(out, "    containers: by cgroups of version %s%s, in %s\n", *controller ? "1, controller " : "2", controller, mount);
}

void ktally_text_accounting(const struct ktally_report *report, FILE *out)
{
	char why[8192], *line, *rest;
	unsigned int i;

	fprintf(out, "\naccounting\n");
	put_probes(report->snapshot, out);
	for (i = 0; i < report->snapshot->nr_pairs; i++)
		put_pair(&report->snapshot->pairs[i], out);
	put_rings(&report->rings, out);
	put_unwind(&report->unwind, out);
	put_cgroups(report->sym ? ktally_symbolizer_get_cgroups(report->sym) : NULL, out);
	put_governor(report, out);
	if (ktally_report_complete(report, why, sizeof(why))) {
		fprintf(out, "    complete: nothing was lost\n");
		return;
	}
	fprintf(out, "    NOT complete:\n");
	for (line = strtok_r(why, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		fprintf(out, "        %s\n", line);
}
