// SPDX-License-Identifier: GPL-2.0-or-later
/* What the events of a measurement need around them: the scope, rings, room for stacks, the processes' mappings. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cgroup.h"
#include "out.h"
#include "run_plan.h"
#include "run_unwind.h"

#define RING_DEFAULT	(256U << 10)	/* mappings of short-lived programs; a busy build makes about 50 KiB a second and CPU */
#define RING_CGROUPS	(64U << 10)	/* some hundred new containers between two looks */
#define STACKS_DEFAULT	16384U

static void show_counters(const struct ktally_plan *plan, FILE *out)
{
	unsigned int n;

	for (n = 0; n < plan->nr_counters; n++) {
		const struct ktally_counter_plan *counter = &plan->counters[n];

		fprintf(out, "counter %u: %s, type %u, config 0x%" PRIx64 "%s\n", n, counter->name, counter->perf_type, counter->config,
			counter->flags & KTALLY_PERF_PINNED ? ", pinned" : "");
	}
}

static void show_pairs(const struct ktally_plan *plan, FILE *out)
{
	static const char *const kinds[] = {
		[KTALLY_PAIR_UNSPEC] = "?", [KTALLY_PAIR_TASK] = "thread", [KTALLY_PAIR_CPU] = "CPU", [KTALLY_PAIR_KEY] = "key",
	};
	unsigned int n, i;

	_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == __KTALLY_PAIR_END, "every kind of pair needs its name");
	for (n = 0; n < plan->nr_pairs; n++) {
		const struct ktally_pair_plan *pair = &plan->pairs[n];

		fprintf(out, "pair %u: %s, by %s%s%s, room for %u", n, pair->schema.name,
			pair->kind < __KTALLY_PAIR_END ? kinds[pair->kind] : "?", pair->flags & KTALLY_PAIR_ONCPU ? ", time on a CPU" : "",
			pair->flags & KTALLY_PAIR_NEST ? ", nested" : "", pair->entries);
		for (i = 0; i < pair->schema.nr_keys; i++)
			fprintf(out, "%s %s", i == 0 ? "; keeps" : ",", pair->schema.keys[i].name);
		fputc('\n', out);
	}
}

void run_plan_show(const struct ktally_plan *plan, FILE *out)
{
	char line[256];
	unsigned int n, i;

	show_counters(plan, out);
	show_pairs(plan, out);
	for (n = 0; n < plan->nr_probes; n++) {
		const struct ktally_probe_plan *probe = &plan->probes[n];

		fprintf(out, "probe %u: %s\n", n, probe->text ? probe->text : probe->name);
		for (i = 0; i < probe->nr_insns; i++) {
			ktally_disassemble(&probe->insns[i], line, sizeof(line));
			fprintf(out, "    %3u  %s\n", i, line);
		}
	}
}

static bool has_kind(const struct ktally_schema *schema, enum ktally_kind kind)
{
	unsigned int n;

	for (n = 0; n < schema->nr_keys; n++)
		if (schema->keys[n].kind == kind)
			return true;
	return false;
}

/* An exemplar keeps a stack without having it in a key. */
static bool has_exemplar_stack(const struct ktally_plan *plan, enum ktally_kind kind)
{
	unsigned int flag = kind == KTALLY_KIND_KSTACK ? KTALLY_COLUMN_KSTACK : kind == KTALLY_KIND_USTACK ? KTALLY_COLUMN_USTACK : 0, n, v;

	for (n = 0; n < plan->nr_tables; n++)
		for (v = 0; v < plan->tables[n].schema.nr_values; v++)
			if (plan->tables[n].schema.values[v].column.flags & flag)
				return true;
	return false;
}

bool run_plan_has(const struct ktally_plan *plan, enum ktally_kind kind)
{
	unsigned int n;

	for (n = 0; n < plan->nr_tables; n++)
		if (has_kind(&plan->tables[n].schema, kind))
			return true;
	for (n = 0; n < plan->nr_probes; n++)
		if (has_kind(&plan->probes[n].record, kind))
			return true;
	for (n = 0; n < plan->nr_pairs; n++)
		if (has_kind(&plan->pairs[n].schema, kind))
			return true;
	return has_exemplar_stack(plan, kind);
}

bool run_plan_names_user(const struct ktally_plan *plan)
{
	return run_plan_has(plan, KTALLY_KIND_USTACK) || run_plan_has(plan, KTALLY_KIND_UDUMP) || run_plan_has(plan, KTALLY_KIND_USYM);
}

bool run_plan_emits(const struct ktally_plan *plan)
{
	unsigned int n, i;

	for (n = 0; n < plan->nr_probes; n++)
		for (i = 0; i < plan->probes[n].nr_insns; i++)
			if (plan->probes[n].insns[i].op == KTALLY_OP_EMIT)
				return true;
	return false;
}

static int add_records(struct ktally_plan *plan, enum ktally_source_kind kind, const char *name)
{
	struct ktally_probe_plan *probe = ktally_plan_add_probe(plan);

	if (!probe) {
		out_error("a session has no more than %d probes", KTALLY_PROBES_MAX);
		return EXIT_USAGE;
	}
	probe->kind = kind;
	snprintf(probe->name, sizeof(probe->name), "%s", name);
	snprintf(probe->record.name, sizeof(probe->record.name), "%s", name);
	probe->text = out_text("%s", name);
	return EXIT_OK;
}

int run_plan_processes(struct ktally_plan *plan)
{
	return add_records(plan, KTALLY_SOURCE_PROCESS, "process");
}

static bool asks_cgroup(const struct ktally_plan *plan)
{
	unsigned int n, i;

	for (n = 0; n < plan->nr_probes; n++)
		for (i = 0; i < plan->probes[n].nr_insns; i++)
			if (plan->probes[n].insns[i].op == KTALLY_OP_CONTEXT && plan->probes[n].insns[i].aux == KTALLY_CTX_CGROUP)
				return true;
	return false;
}

int run_plan_cgroups(struct ktally_plan *plan, uint64_t features, uint32_t ring)
{
	bool containers = run_plan_has(plan, KTALLY_KIND_CONTAINER) || run_plan_has(plan, KTALLY_KIND_POD);
	int status;

	if (!asks_cgroup(plan))
		return EXIT_OK;
	status = containers ? cgroup_open(features) : cgroup_choose(features, false);
	if (status)
		return status;
	snprintf(plan->cgroup_controller, sizeof(plan->cgroup_controller), "%s", cgroup_controller());
	if (!containers || (!ring && !plan->ring_size))
		return EXIT_OK;
	if (!(features & KTALLY_FEATURE_CGROUP_PATH)) {
		out_note("this kernel tells no module the paths of cgroups: a container that is gone before it is looked for stays a number");
		return EXIT_OK;
	}
	if (!plan->ring_size)
		plan->ring_size = ring;
	return add_records(plan, KTALLY_SOURCE_CGROUP, "cgroup");
}

/* User stacks are named by the mappings of their process, which a short-lived one takes with it: have them told. */
static int plan_names(struct run *run)
{
	if (run->info.features & KTALLY_FEATURE_PROCESS)
		return run_plan_processes(run->plan);
	out_note("this kernel does not tell of new processes: user stacks of programs that start from now on stay without names");
	return EXIT_OK;
}

static int plan_scope(struct run *run)
{
	const struct run_cfg *cfg = run->cfg;
	struct ktally_plan *plan = run->plan;
	unsigned int nr = cfg->pids.nr + !!run->child.pid;

	if (nr > KTALLY_SCOPE_MAX) {
		out_error("no more than %d processes can be measured by name", KTALLY_SCOPE_MAX);
		return EXIT_USAGE;
	}
	if (nr) {
		plan->pids = out_realloc(NULL, nr * sizeof(*plan->pids));
		if (cfg->pids.nr)
			memcpy(plan->pids, cfg->pids.items, cfg->pids.nr * sizeof(*plan->pids));
		if (run->child.pid)
			plan->pids[nr - 1] = run->child.pid;
		plan->nr_pids = nr;
	}
	if (cfg->cpus.words) {
		plan->cpus = out_realloc(NULL, cfg->cpus.words * sizeof(*plan->cpus));
		memcpy(plan->cpus, cfg->cpus.bits, cfg->cpus.words * sizeof(*plan->cpus));
		plan->nr_cpu_words = cfg->cpus.words;
	}
	plan->budget = cfg->budget;
	return cgroup_scope(&cfg->cgroup, plan, run->info.features);
}

/* What the events need around them: rings, room for stacks, the scope. */
int run_plan_complete(struct run *run)
{
	struct ktally_plan *plan = run->plan;
	bool stacks = run_plan_has(plan, KTALLY_KIND_KSTACK) || run_plan_has(plan, KTALLY_KIND_USTACK);
	int status = plan_scope(run);

	if (!status)
		status = run_unwind_plan(run);
	if (!status && run_plan_names_user(plan))
		status = plan_names(run);
	if (run->cfg->ring_size)
		plan->ring_size = run->cfg->ring_size;
	else if (!plan->ring_size && (run_plan_emits(plan) || run_plan_names_user(plan)))
		plan->ring_size = RING_DEFAULT;
	if (!status)
		status = run_plan_cgroups(plan, run->info.features, RING_CGROUPS);
	if (run->cfg->stack_entries)
		plan->stack_entries = run->cfg->stack_entries;
	else if (!plan->stack_entries && stacks)
		plan->stack_entries = STACKS_DEFAULT;
	if (!status && run->common->verbose && !run->common->dry_run)
		run_plan_show(plan, stderr);
	return status;
}
