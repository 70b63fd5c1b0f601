// SPDX-License-Identifier: LGPL-2.1-or-later
/* plan.c: the containers of a session's description. */
#include <stdlib.h>
#include <string.h>

#include "libktally.h"

struct ktally_plan *ktally_plan_new(void)
{
	return calloc(1, sizeof(struct ktally_plan));
}

void ktally_plan_free(struct ktally_plan *plan)
{
	unsigned int i;

	if (!plan)
		return;
	for (i = 0; i < plan->nr_probes; i++) {
		free(plan->probes[i].insns);
		free(plan->probes[i].data);
		free(plan->probes[i].text);
	}
	free(plan->probes);
	free(plan->tables);
	free(plan->pairs);
	free(plan->counters);
	free(plan->cpus);
	free(plan->pids);
	free(plan);
}

struct ktally_table_plan *ktally_plan_add_table(struct ktally_plan *plan)
{
	struct ktally_table_plan *tables;

	if (plan->nr_tables >= KTALLY_TABLES_MAX)
		return NULL;
	tables = reallocarray(plan->tables, plan->nr_tables + 1, sizeof(*tables));
	if (!tables)
		return NULL;
	plan->tables = tables;
	memset(&tables[plan->nr_tables], 0, sizeof(*tables));
	return &tables[plan->nr_tables++];
}

struct ktally_probe_plan *ktally_plan_add_probe(struct ktally_plan *plan)
{
	struct ktally_probe_plan *probes;

	if (plan->nr_probes >= KTALLY_PROBES_MAX)
		return NULL;
	probes = reallocarray(plan->probes, plan->nr_probes + 1, sizeof(*probes));
	if (!probes)
		return NULL;
	plan->probes = probes;
	memset(&probes[plan->nr_probes], 0, sizeof(*probes));
	return &probes[plan->nr_probes++];
}

struct ktally_pair_plan *ktally_plan_add_pair(struct ktally_plan *plan)
{
	struct ktally_pair_plan *pairs;

	if (plan->nr_pairs >= KTALLY_PAIRS_MAX)
		return NULL;
	pairs = reallocarray(plan->pairs, plan->nr_pairs + 1, sizeof(*pairs));
	if (!pairs)
		return NULL;
	plan->pairs = pairs;
	memset(&pairs[plan->nr_pairs], 0, sizeof(*pairs));
	return &pairs[plan->nr_pairs++];
}

struct ktally_counter_plan *ktally_plan_add_counter(struct ktally_plan *plan)
{
	struct ktally_counter_plan *counters;

	if (plan->nr_counters >= KTALLY_COUNTERS_MAX)
		return NULL;
	counters = reallocarray(plan->counters, plan->nr_counters + 1, sizeof(*counters));
	if (!counters)
		return NULL;
	plan->counters = counters;
	memset(&counters[plan->nr_counters], 0, sizeof(*counters));
	counters[plan->nr_counters].scale = 1.0;
	return &counters[plan->nr_counters++];
}
