// SPDX-License-Identifier: LGPL-2.1-or-later
/* compile.c: ktally_compile(): an event text becomes a probe with its program, and the table it updates. */
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
	c->err->input = c->text;
	c->err->pos = pos;
	c->err->len = len;
	return code;
}

/* ---- what is left unsaid ---- */

static int add_hidden(struct kt_compile *c, struct kt_items *items, struct kt_node *node, const char *name)
{
	struct kt_item *item;

	if (!node)
		return c->rc;
	if (items->nr >= KTALLY_REGS)
		return kt_fail(c, -EINVAL, -1, 0, "too many values for one record with a stack; list fewer with emit=");
	item = &items->item[items->nr++];
	item->node = node;
	item->kind = node->kind;
	snprintf(item->name, sizeof(item->name), "%s", name);
	return 0;
}

/* A user stack means nothing without the program image it belongs to. */
static int add_stack(struct kt_compile *c, struct kt_items *items)
{
	unsigned int depth = c->depth ? c->depth : c->opts->stack_depth ? c->opts->stack_depth : KTALLY_STACK_DEPTH_MAX;
	int rc = 0;

	if (depth > KTALLY_STACK_DEPTH_MAX)
		depth = KTALLY_STACK_DEPTH_MAX;
	if (c->stack & KTALLY_STACK_KERNEL)
		rc = add_hidden(c, items, kt_stack_id(c, KTALLY_STACK_KERNEL, depth), "kstack");
	if (rc || !(c->stack & KTALLY_STACK_USER))
		return rc;
	rc = add_hidden(c, items, kt_stack_id(c, KTALLY_STACK_USER, depth), "ustack");
	return rc ? rc : add_hidden(c, items, kt_context(c, KTALLY_CTX_IMAGE), "image");
}

static int emit_all_fields(struct kt_compile *c)
{
	struct kt_node *node;
	const char *name;
	unsigned int i;
	int rc = 0;

	for (i = 0; !rc && (node = kt_default_value(c, i, &name)); i++)
		rc = add_hidden(c, &c->emits, node, name);
	return c->rc;
}

static unsigned int words(const struct kt_items *items)
{
	unsigned int i, nr = 0;

	for (i = 0; i < items->nr; i++)
		nr += items->item[i].node ? items->item[i].node->words : 0;
	return nr;
}

static void count_by_default(struct kt_compile *c)
{
	struct kt_item *item = &c->values.item[c->values.nr++];

	snprintf(item->name, sizeof(item->name), "count");
	item->kind = KTALLY_KIND_UINT;
	item->column.kind = KTALLY_COLUMN_COUNT;
}

/* Text decides what is made: aggregation makes a table, emit makes records; without a word about either, the caller's default. */
static int complete(struct kt_compile *c, bool *update)
{
	int rc = 0;

	*update = c->keyed || c->values.nr;
	if (!*update && !c->emit) {
		c->emit = c->opts->emit;
		*update = !c->emit;
	}
	if (c->emit && !c->emits.nr)
		rc = emit_all_fields(c);
	if (!rc)
		rc = add_stack(c, c->emit ? &c->emits : &c->keys);
	if (rc)
		return rc;
	if (*update && !c->values.nr)
		count_by_default(c);
	if (c->depth && !c->stack)
		return kt_fail(c, -EINVAL, -1, 0, "depth= limits a stack and this event takes none; add stack");
	if (c->rows && !*update)
		return kt_fail(c, -EINVAL, -1, 0, "rows= sizes a table and this event only emits records; add key= or a column");
	if (words(&c->keys) > KTALLY_KEYS_MAX)
		return kt_fail(c, -EINVAL, -1, 0, "the key has %u words of 8 bytes and a table takes %d; use fewer or shorter strings (str(ADDRESS,LENGTH))",
			       words(&c->keys), KTALLY_KEYS_MAX);
	if (words(&c->emits) > KTALLY_REGS)
		return kt_fail(c, -EINVAL, -1, 0, "the record has %u words of 8 bytes and an event emits at most %d; list what you need with emit=EXPR,...",
			       words(&c->emits), KTALLY_REGS);
	return 0;
}

/* ---- schemas ---- */

static void fill_schema(struct ktally_schema *schema, const struct kt_compile *c, const struct kt_items *keys, const struct kt_items *values)
{
	unsigned int i;
	char *p;

	snprintf(schema->name, sizeof(schema->name), "%s", c->alias[0] ? c->alias : c->text);
	for (p = schema->name; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
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
static void fit_label(struct ktally_schema *schema)
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

static int check_row(struct kt_compile *c)
{
	unsigned int i, cells = words(&c->keys) + 1;

	for (i = 0; i < c->values.nr; i++)
		cells += ktally_column_cells(&c->values.item[i].column);
	if (cells * 8 > KTALLY_ROW_SIZE_MAX)
		return kt_fail(c, -EINVAL, -1, 0, "a row would have %u bytes and the limit is %u; use histograms with fewer buckets", cells * 8,
			       KTALLY_ROW_SIZE_MAX);
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
	fill_schema(&table->schema, c, &c->keys, &c->values);
	fit_label(&table->schema);
	table->rows = c->rows ? c->rows : c->opts->rows ? c->opts->rows : KT_DEFAULT_ROWS;
	if (!table->schema.nr_keys)
		table->rows = 1;
	return 0;
}

static int add_probe(struct kt_compile *c, struct ktally_plan *plan)
{
	struct ktally_probe_plan *probe;

	if (plan->nr_probes >= KTALLY_PROBES_MAX)
		return kt_fail(c, -EINVAL, -1, 0, "a session has at most %d events", KTALLY_PROBES_MAX);
	c->probe.text = strdup(c->text);
	probe = c->probe.text ? ktally_plan_add_probe(plan) : NULL;
	if (!probe)
		return kt_fail(c, -ENOMEM, -1, 0, "out of memory");
	fill_schema(&c->probe.record, c, &c->emits, NULL);
	fit_label(&c->probe.record);
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
	unsigned int site = 0, nr_probes = plan->nr_probes;
	int rc;

	do {
		c->probe = head;
		if (c->nr_sites)
			kt_use_site(c, site);
		rc = kt_program(c, table, update);
		if (!rc)
			rc = add_probe(c, plan);
	} while (!rc && ++site < c->nr_sites);
	if (rc)
		remove_probes(plan, nr_probes);
	return rc;
}

static int generate(struct kt_compile *c, struct ktally_plan *plan)
{
	unsigned int nr_tables = plan->nr_tables;
	bool update;
	int rc;

	rc = complete(c, &update);
	if (!rc && update)
		rc = add_table(c, plan);
	if (!rc)
		rc = add_probes(c, plan, nr_tables, update);
	if (rc) {
		plan->nr_tables = nr_tables;
		return rc;
	}
	if (c->emit && !plan->ring_size)
		plan->ring_size = KT_DEFAULT_RING;
	if (c->stack && !plan->stack_entries)
		plan->stack_entries = KT_DEFAULT_STACKS;
	return 0;
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
	free(c);
}

int ktally_compile(struct ktally_plan *plan, const struct ktally_catalogue *cat, const char *text, const struct ktally_compile_opts *opts,
		   struct ktally_error *err)
{
	static const struct ktally_compile_opts silent;
	size_t len = strlen(text);
	struct kt_compile *c;
	int rc;

	if (len > KT_TEXT_MAX)
		return ktally_fail(err, -EINVAL, "an event text has at most %d characters", KT_TEXT_MAX);
	c = calloc(1, sizeof(*c));
	if (!c)
		return ktally_fail(err, -ENOMEM, "out of memory");
	c->text = text;
	c->text_len = len;
	c->cat = cat;
	c->opts = opts ? opts : &silent;
	c->err = err;
	rc = kt_parse_source(c);
	if (!rc)
		rc = kt_parse_parts(c);
	if (!rc)
		rc = generate(c, plan);
	cleanup(c);
	return rc;
}
