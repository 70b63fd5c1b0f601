// SPDX-License-Identifier: LGPL-2.1-or-later
/* unsaid.c: what an event text leaves unsaid: whether it makes a table or records, of what, and hidden values beside those listed. */
#include "compile.h"

struct kt_item *kt_item_new(struct kt_compile *c, struct kt_items *items, struct kt_node *node, const char *name)
{
	struct kt_item *item;

	if (!node)
		return NULL;
	if (items->nr >= KTALLY_REGS) {
		kt_fail(c, -EINVAL, -1, 0, "too many values for one record with a stack; list fewer with emit=");
		return NULL;
	}
	item = &items->item[items->nr++];
	item->node = node;
	item->kind = node->kind;
	snprintf(item->name, sizeof(item->name), "%s", name);
	return item;
}

static int add_hidden(struct kt_compile *c, struct kt_items *items, struct kt_node *node, const char *name)
{
	return kt_item_new(c, items, node, name) ? 0 : c->rc;
}

unsigned int kt_stack_depth(const struct kt_compile *c)
{
	unsigned int depth = c->depth ? c->depth : c->opts->stack_depth;

	return depth && depth < KTALLY_STACK_DEPTH_MAX ? depth : KTALLY_STACK_DEPTH_MAX;
}

/* A user stack means nothing without the program image it belongs to. */
int kt_add_stack(struct kt_compile *c, struct kt_items *items)
{
	/* What is saved is used where the pair ends. */
	unsigned int depth = kt_stack_depth(c), where = items == &c->saves ? KTALLY_STACK_ANYWHERE : 0;
	unsigned int bytes = c->dump_bytes ? c->dump_bytes : KT_DEFAULT_DUMP;
	int rc = 0;

	if (c->stack & KT_STACK_DUMP && (items != &c->emits || !c->emit))
		return kt_fail_attr(c, "stack", "stack=dump goes into the ring beside a record, and this event writes none; add emit, or take stack=user");
	if (c->stack & KTALLY_STACK_KERNEL)
		rc = add_hidden(c, items, kt_stack_id(c, KTALLY_STACK_KERNEL | where, depth), "kstack");
	if (!rc && c->stack & KTALLY_STACK_USER)
		rc = add_hidden(c, items, kt_stack_id(c, KTALLY_STACK_USER | where, depth), "ustack");
	if (!rc && c->stack & KT_STACK_DUMP)
		rc = add_hidden(c, items, kt_user_dump(c, bytes), "udump");
	if (rc || !(c->stack & (KTALLY_STACK_USER | KT_STACK_DUMP)))
		return rc;
	return add_hidden(c, items, kt_context(c, KTALLY_CTX_IMAGE), "image");
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

static int default_column(struct kt_compile *c)
{
	struct kt_item *item = &c->values.item[0];

	if (c->closes) {
		item = kt_item_new(c, &c->values, kt_result(c, KT_RESULT_LAT, 0, KTALLY_KIND_NS, -1, 0), "hist(lat)");
		if (!item)
			return c->rc;
		item->column.kind = KTALLY_COLUMN_HIST;
		item->column.hist = KTALLY_HIST_LOG2;
		return 0;
	}
	c->values.nr = 1;
	snprintf(item->name, sizeof(item->name), "count");
	item->kind = KTALLY_KIND_UINT;
	item->column.kind = KTALLY_COLUMN_COUNT;
	return 0;
}

/* An address of a process is named by the image it belongs to, a user stack of a start by that which it belonged to then. */
static int add_image(struct kt_compile *c, struct kt_items *items)
{
	const struct kt_item *then = NULL;
	bool user = false, image = false;
	unsigned int i;

	for (i = 0; i < items->nr; i++) {
		user |= items->item[i].kind == KTALLY_KIND_USYM;
		image |= items->item[i].kind == KTALLY_KIND_IMAGE;
		if (items->item[i].kind == KTALLY_KIND_USTACK && kt_uses_results(items->item[i].node))
			then = &items->item[i];
	}
	if (then && (user || image))
		return kt_fail(c, -EINVAL, then->node->pos, then->node->len,
			       "a user stack of the start stands alone: stack=user and addresses of a process are of the end's; use one of them");
	if (then)
		return add_hidden(c, items, kt_start_image(c), "image");
	return user && !image ? add_hidden(c, items, kt_context(c, KTALLY_CTX_IMAGE), "image") : 0;
}

/* The time of the pair, what its start was told to save, then what any record has. */
static int emit_default(struct kt_compile *c)
{
	unsigned int i;
	int rc = 0;

	if (c->closes)
		rc = add_hidden(c, &c->emits, kt_result(c, KT_RESULT_LAT, 0, KTALLY_KIND_NS, -1, 0), "lat");
	for (i = 0; c->closes && i < c->closes->nr_saved && !rc; i++) {
		const struct kt_saved *saved = &c->closes->saved[i];
		struct kt_node *node;
		char name[sizeof(saved->name)];

		if (saved->kind == KTALLY_KIND_KSTACK || saved->kind == KTALLY_KIND_USTACK || saved->kind == KTALLY_KIND_IMAGE)
			continue;
		node = kt_result(c, KT_RESULT_SAVED, i, saved->kind, -1, 0);
		if (!node)
			return c->rc;
		node->type = saved->type;
		node->words = saved->words;
		snprintf(name, sizeof(name), "start.%.57s", saved->name);
		rc = add_hidden(c, &c->emits, node, name);
	}
	return rc ? rc : emit_all_fields(c);
}

static int set_exemplars(struct kt_compile *c)
{
	bool any = false;
	unsigned int i;

	for (i = 0; i < c->values.nr; i++) {
		struct ktally_column *column = &c->values.item[i].column;

		if (column->kind != KTALLY_COLUMN_EXEMPLAR && !(column->flags & KTALLY_COLUMN_EXEMPLARS))
			continue;
		column->flags |= c->exstack;
		any = true;
	}
	if (c->exstack && !any)
		return kt_fail_attr(c, "exstack", "exstack keeps the stack of exemplars and this event has none; add exemplar=EXPR or hist=EXPR:exemplars");
	return 0;
}

/* Text decides what is made: aggregation makes a table, emit makes records; without a word about either, the caller's default. */
static void choose(struct kt_compile *c, bool *update)
{
	*update = c->keyed || c->values.nr;
	if (*update || c->emit || ((c->keep || c->opens) && !c->closes))
		return;
	c->emit = c->opts->emit && !c->keep;
	*update = !c->emit;
}

static int check_sense(struct kt_compile *c, bool update)
{
	bool opens = c->opens && !c->closes;

	if (c->depth && !c->stack)
		return kt_fail_attr(c, "depth", "depth= limits a stack and this event takes none; add stack");
	if (c->rows && !update && !opens)
		return kt_fail_attr(c, "rows", "rows= sizes a table and this event only emits records; add key= or a column");
	if (c->dump && !c->than)
		return kt_fail_attr(c, "dump", "dump copies what was kept out for pairs that took too long; say how long that is with than=");
	if (kt_words(&c->keys) > KTALLY_KEYS_MAX)
		return kt_fail(c, -EINVAL, -1, 0, "the key has %u words of 8 bytes and a table takes %d; use fewer or shorter strings (str(ADDRESS,LENGTH))",
			       kt_words(&c->keys), KTALLY_KEYS_MAX);
	if (kt_words(&c->emits) > KTALLY_REGS)
		return kt_fail(c, -EINVAL, -1, 0, "the record has %u words of 8 bytes and an event emits at most %d; list what you need with emit=EXPR,...",
			       kt_words(&c->emits), KTALLY_REGS);
	return 0;
}

int kt_complete(struct kt_compile *c, bool *update)
{
	int rc = 0;

	choose(c, update);
	if ((c->emit || c->keep) && !c->emits.nr)
		rc = emit_default(c);
	if (c->opts->dump && c->emit && c->stack & KTALLY_STACK_USER)
		c->stack = (c->stack & ~KTALLY_STACK_USER) | KT_STACK_DUMP;
	if (!rc && (*update || c->emit || c->keep))	/* else it is saved for the end of the pair */
		rc = kt_add_stack(c, c->emit || !*update ? &c->emits : &c->keys);
	if (!rc)
		rc = add_image(c, &c->keys);
	if (!rc)
		rc = add_image(c, &c->emits);
	if (!rc && *update && !c->values.nr)
		rc = default_column(c);
	if (!rc)
		rc = set_exemplars(c);
	return rc ? rc : check_sense(c, *update);
}
