// SPDX-License-Identifier: LGPL-2.1-or-later
/* compile.c: ktally_compile(): an event text becomes probes with their programs, the tables they update, and pairs. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"

int kt_fail(struct kt_compile *c, int code, int pos, int len, const char *fmt, ...)
{
	va_list args;

	c->rc = code;
	if (!c->err)
		return code;
	va_start(args, fmt);
	vsnprintf(c->err->text, sizeof(c->err->text), fmt, args);
	va_end(args);
	c->err->input = c->input;
	c->err->pos = pos;
	c->err->len = len;
	return code;
}

/* ---- schemas ---- */

void kt_title(char *title, size_t size, const char *text, int len)
{
	char *p;

	snprintf(title, size, "%.*s", len, text);
	for (p = title; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
}

/* The table of an end is of the whole pair: its starts, then this end. */
static void set_title(struct ktally_schema *schema, const struct kt_compile *c)
{
	const struct kt_compile *first, *last;
	char text[sizeof(schema->name)];
	int from, to;

	if (c->alias[0] || !c->closes) {
		kt_title(schema->name, sizeof(schema->name), c->alias[0] ? c->alias : c->own, KT_TEXT_MAX);
		return;
	}
	first = c->closes->starts[0];
	last = c->closes->starts[c->closes->nr_starts - 1];
	from = first->own - first->text;
	to = last->own - last->text + strlen(last->own);
	snprintf(text, sizeof(text), "%.*s -> %s", to - from, c->input + from, c->own);
	kt_title(schema->name, sizeof(schema->name), text, KT_TEXT_MAX);
}

static void fill_schema(struct ktally_schema *schema, const struct kt_items *keys, const struct kt_items *values)
{
	unsigned int i;

	for (i = 0; i < keys->nr; i++) {
		struct ktally_field *field = &schema->keys[i];

		memcpy(field->name, keys->item[i].name, sizeof(field->name));
		field->kind = keys->item[i].kind;
		field->word = schema->key_words;
		field->words = keys->item[i].node->words;
		schema->key_words += field->words;
	}
	schema->nr_keys = keys->nr;
	for (i = 0; values && i < values->nr; i++) {
		struct ktally_value *value = &schema->values[i];

		memcpy(value->name, values->item[i].name, sizeof(value->name));
		value->kind = values->item[i].kind;
		value->column = values->item[i].column;
	}
	schema->nr_values = values ? values->nr : 0;
}

/* Names are cut until the whole fits in the label that travels with the table or probe. */
void kt_fit_label(struct ktally_schema *schema)
{
	unsigned char label[KTALLY_LABEL_MAX];
	unsigned int limit = sizeof(schema->keys[0].name) - 1, i;

	while (ktally_schema_encode(schema, label, sizeof(label)) == -E2BIG && limit > 1) {
		limit--;
		for (i = 0; i < schema->nr_keys; i++)
			schema->keys[i].name[limit] = '\0';
		for (i = 0; i < schema->nr_values; i++)
			schema->values[i].name[limit] = '\0';
	}
}

static unsigned int row_bytes(const struct kt_compile *c)
{
	unsigned int i, cells = kt_words(&c->keys) + 1;

	for (i = 0; i < c->values.nr; i++)
		cells += ktally_column_cells(&c->values.item[i].column);
	return cells * 8;
}

/* Nobody who asks for fine histograms or exemplars asked for so much memory on each CPU. */
static unsigned int default_rows(const struct kt_compile *c)
{
	unsigned int rows = c->opts->rows ? c->opts->rows : KT_DEFAULT_ROWS, fit = KT_DEFAULT_TABLE / row_bytes(c);

	return rows < fit ? rows : fit > KT_LEAST_ROWS ? fit : rows < KT_LEAST_ROWS ? rows : KT_LEAST_ROWS;
}

static int check_row(struct kt_compile *c)
{
	if (row_bytes(c) > KTALLY_ROW_SIZE_MAX)
		return kt_fail(c, -EINVAL, -1, 0, "a row would have %u bytes and the limit is %u; use histograms with fewer buckets",
			       row_bytes(c), KTALLY_ROW_SIZE_MAX);
	return 0;
}

/* ---- into the plan ---- */

static int add_table(struct kt_compile *c, struct ktally_plan *plan)
{
	struct ktally_table_plan *table;
	int rc = check_row(c);

	if (rc)
		return rc;
	if (plan->nr_tables >= KTALLY_TABLES_MAX)
		return kt_fail(c, -EINVAL, -1, 0, "a session has at most %d tables", KTALLY_TABLES_MAX);
	table = ktally_plan_add_table(plan);
	if (!table)
		return kt_fail(c, -ENOMEM, -1, 0, "out of memory");
	set_title(&table->schema, c);
	fill_schema(&table->schema, &c->keys, &c->values);
	kt_fit_label(&table->schema);
	table->rows = c->rows ? c->rows : default_rows(c);
	if (!table->schema.nr_keys)
		table->rows = 1;
	return 0;
}

static int add_probe(struct kt_compile *c, struct ktally_plan *plan)
{
	struct ktally_probe_plan *probe;

	if (plan->nr_probes >= KTALLY_PROBES_MAX)
		return kt_fail(c, -EINVAL, -1, 0, "a session has at most %d events", KTALLY_PROBES_MAX);
	c->probe.text = strdup(c->own);
	probe = c->probe.text ? ktally_plan_add_probe(plan) : NULL;
	if (!probe)
		return kt_fail(c, -ENOMEM, -1, 0, "out of memory");
	kt_title(c->probe.record.name, sizeof(c->probe.record.name), c->alias[0] ? c->alias : c->own, KT_TEXT_MAX);
	fill_schema(&c->probe.record, &c->emits, NULL);
	kt_fit_label(&c->probe.record);
	*probe = c->probe;
	memset(&c->probe, 0, sizeof(c->probe));
	return 0;
}

static void remove_probes(struct ktally_plan *plan, unsigned int keep)
{
	while (plan->nr_probes > keep) {
		struct ktally_probe_plan *probe = &plan->probes[--plan->nr_probes];

		free(probe->insns);
		free(probe->data);
		free(probe->text);
	}
}

/* A source of several places is a probe at each, with a program of its own: what they read lies elsewhere. */
static int add_probes(struct kt_compile *c, struct ktally_plan *plan, unsigned int table, bool update)
{
	const struct ktally_probe_plan head = c->probe;
	unsigned int site = 0;
	int rc;

	do {
		c->probe = head;
		if (c->nr_sites)
			kt_use_site(c, site);
		rc = kt_program(c, table, update);
		if (!rc)
			rc = add_probe(c, plan);
	} while (!rc && ++site < c->nr_sites);
	return rc;
}

static void set_sizes(const struct kt_compile *c, struct ktally_plan *plan)
{
	if (c->stack & KT_STACK_DUMP && plan->ring_size < KT_DEFAULT_DUMP_RING)
		plan->ring_size = KT_DEFAULT_DUMP_RING;
	if ((c->emit || c->dump) && !plan->ring_size)
		plan->ring_size = KT_DEFAULT_RING;
	if ((c->has_stack || c->exstack) && !plan->stack_entries)
		plan->stack_entries = KT_DEFAULT_STACKS;
	if ((c->keep || c->dump) && !plan->scratch_size)
		plan->scratch_size = KT_DEFAULT_SCRATCH;
}

static int generate(struct kt_compile *c, struct ktally_plan *plan)
{
	unsigned int table = plan->nr_tables;
	bool update;
	int rc;

	rc = kt_complete(c, &update);
	if (!rc && update)
		rc = add_table(c, plan);
	return rc ? rc : add_probes(c, plan, table, update);
}

static void cleanup(struct kt_compile *c)
{
	struct kt_node *node, *next;

	for (node = c->nodes; node; node = next) {
		next = node->next;
		free(node->text);
		free(node);
	}
	free(c->probe.insns);
	free(c->probe.data);
	free(c->probe.text);
	if (c->made)
		free(c->made->fields);
	free(c->made);
	free(c->sites);
	free(c->text);
	free(c);
}

/* ---- the events of a text ---- */

/** struct call - arguments of ktally_compile() for those who make its events */
struct call {
	struct kt_relation relation;
	const struct ktally_catalogue *cat;
	const struct ktally_compile_opts *opts;
	struct ktally_error *err;
};

/* The event sees the whole text up to its own end, blank before it, so that what it points at is where the user wrote it. */
static struct kt_compile *new_event(struct kt_relation *relation, int pos, int len)
{
	struct call *call = (struct call *)relation;
	struct kt_compile *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->text = calloc(1, strlen(relation->text) + 1);
	if (!c->text) {
		free(c);
		return NULL;
	}
	memset(c->text, ' ', pos);
	memcpy(c->text + pos, relation->text + pos, len);
	c->own = c->text + pos;
	while (len < (int)strlen(relation->text) && isspace((unsigned char)*c->own))	/* one of several */
		c->own++;
	c->input = relation->text;
	c->cat = call->cat;
	c->opts = call->opts;
	c->err = call->err;
	c->plan = relation->plan;
	return c;
}

static int parse_event(struct kt_compile *c)
{
	int rc = 0;

	if (c->closes && c == c->closes->ends[0])
		rc = kt_pair_starts_done(c->closes);
	if (!rc)
		rc = kt_parse_source(c);
	return rc ? rc : kt_parse_parts(c);
}

static int compile_all(struct kt_relation *relation)
{
	struct ktally_plan *plan = relation->plan;
	unsigned int i;
	int rc = 0;

	for (i = 0; i < relation->nr_events && !rc; i++)
		rc = parse_event(relation->events[i]);
	for (i = 0; i < relation->nr_pairs && !rc; i++)
		rc = kt_pair_settle(&relation->pairs[i]);
	for (i = 0; i < relation->nr_pairs && !rc; i++)
		rc = kt_pair_plan(&relation->pairs[i], plan);
	for (i = 0; i < relation->nr_events && !rc; i++)
		rc = generate(relation->events[i], plan);
	for (i = 0; i < relation->nr_events && !rc; i++)
		set_sizes(relation->events[i], plan);
	return rc;
}

int ktally_compile(struct ktally_plan *plan, const struct ktally_catalogue *cat, const char *text, const struct ktally_compile_opts *opts,
		   struct ktally_error *err)
{
	static const struct ktally_compile_opts silent;
	const struct ktally_plan before = *plan;
	struct call *call;
	unsigned int i;
	int rc;

	if (strlen(text) > KT_TEXT_MAX)
		return ktally_fail(err, -EINVAL, "an event text has at most %d characters", KT_TEXT_MAX);
	call = calloc(1, sizeof(*call));
	if (!call)
		return ktally_fail(err, -ENOMEM, "out of memory");
	call->relation.text = text;
	call->relation.plan = plan;
	call->cat = cat;
	call->opts = opts ? opts : &silent;
	call->err = err;
	rc = kt_relation_split(&call->relation, new_event);
	if (rc == -ENOMEM)
		ktally_fail(err, rc, "out of memory");
	if (!rc)
		rc = compile_all(&call->relation);
	if (rc) {
		remove_probes(plan, before.nr_probes);
		plan->nr_tables = before.nr_tables;
		plan->nr_pairs = before.nr_pairs;
		plan->nr_counters = before.nr_counters;
	}
	for (i = 0; i < call->relation.nr_events; i++)
		cleanup(call->relation.events[i]);
	free(call);
	return rc;
}
