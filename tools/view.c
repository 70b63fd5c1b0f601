// SPDX-License-Identifier: GPL-2.0-or-later
/* What commands that are views share: titles for the columns of a table, kinds for its keys, the run from text to result. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event_text.h"
#include "out.h"
#include "view.h"

static void title_table(struct ktally_schema *schema, const struct view_title *title)
{
	char name[sizeof(schema->values[0].name)];
	unsigned int n;

	for (n = 0; n < schema->nr_values; n++) {
		if (strcmp(schema->values[n].name, title->name))
			continue;
		memcpy(name, schema->values[n].name, sizeof(name));
		snprintf(schema->values[n].name, sizeof(schema->values[n].name), "=%s=%.40s", title->title, name);
	}
}

void view_titles(struct ktally_plan *plan, const struct view_title *titles)
{
	unsigned int n;

	for (; titles->name; titles++)
		for (n = 0; n < plan->nr_tables; n++)
			title_table(&plan->tables[n].schema, titles);
}

void view_key(struct ktally_plan *plan, unsigned int n, const char *name, enum ktally_kind kind)
{
	unsigned int t;

	for (t = 0; t < plan->nr_tables; t++) {
		struct ktally_schema *schema = &plan->tables[t].schema;

		if (n >= schema->nr_keys)
			continue;
		if (name)
			snprintf(schema->keys[n].name, sizeof(schema->keys[n].name), "%s", name);
		schema->keys[n].kind = kind;
	}
}

void view_names(struct ktally_plan *plan, const char *name)
{
	char *text;
	unsigned int n;

	for (n = 0; n < plan->nr_tables; n++)
		snprintf(plan->tables[n].schema.name, sizeof(plan->tables[n].schema.name), "%s", name);
	for (n = 0; n < plan->nr_pairs; n++) {
		text = event_sources(plan->pairs[n].schema.name);
		snprintf(plan->pairs[n].schema.name, sizeof(plan->pairs[n].schema.name), "%s", text);
		free(text);
	}
	for (n = 0; n < plan->nr_probes; n++) {
		if (!plan->probes[n].text)
			continue;
		text = event_sources(plan->probes[n].text);
		free(plan->probes[n].text);
		plan->probes[n].text = text;
	}
}

int view_measure(struct run *run, int status)
{
	if (!status)
		status = run_measure(run);
	if (!status)
		status = run_report(run);
	return run_close(run, status);
}
