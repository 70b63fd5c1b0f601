// SPDX-License-Identifier: LGPL-2.1-or-later
/* relation.c: "A; B -> C": which events of a text are joined to pairs, and how. */
#include <ctype.h>
#include <string.h>

#include "compile.h"

/* ---- the text cut into events ---- */

/** struct scan - a walk over the text that knows what is quoted, in parentheses or a path */
struct scan {
	const char *text;
	int pos, parens;
	bool path;
};

static void skip_quoted(struct scan *scan)
{
	char quote = scan->text[scan->pos++];

	while (scan->text[scan->pos] && scan->text[scan->pos] != quote) {
		if (scan->text[scan->pos] == '\\' && scan->text[scan->pos + 1])
			scan->pos++;
		scan->pos++;
	}
	if (scan->text[scan->pos])
		scan->pos++;
}

/* An event whose name goes on with the path of a file: what joins events may be part of it, if no blank is before it. */
static void begin_event(struct scan *scan)
{
	static const char *const prefixes[] = { "uprobe:", "uretprobe:", "usdt:" };
	size_t i;

	while (isspace((unsigned char)scan->text[scan->pos]))
		scan->pos++;
	scan->parens = 0;
	scan->path = false;
	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]) && !scan->path; i++) {
		if (strncmp(scan->text + scan->pos, prefixes[i], strlen(prefixes[i])))
			continue;
		scan->pos += strlen(prefixes[i]);
		scan->path = true;
	}
}

/* Go to the next "->" or ';' that joins events, or to the end. Return: its length */
static int next_joint(struct scan *scan)
{
	const char *s = scan->text;
	int len;

	for (;;) {
		char ch = s[scan->pos];

		if (!ch)
			return 0;
		if (ch == '"' || (!scan->path && ch == '\'')) {
			skip_quoted(scan);
			continue;
		}
		if (scan->path && ch == '\\' && s[scan->pos + 1]) {
			scan->pos += 2;
			continue;
		}
		len = ch == ';' ? 1 : ch == '-' && s[scan->pos + 1] == '>' ? 2 : 0;
		if (len && scan->parens <= 0 && (!scan->path || isspace((unsigned char)s[scan->pos - 1])))
			return len;
		if (scan->path && ch == ':')
			scan->path = false;
		scan->parens += (ch == '(') - (ch == ')');
		scan->pos++;
	}
}

static struct kt_pair *new_pair(struct kt_relation *relation, unsigned int first_start)
{
	struct kt_pair *pair = &relation->pairs[relation->nr_pairs++];

	pair->starts = &relation->events[first_start];
	pair->nr_starts = relation->nr_events - first_start;
	pair->ends = &relation->events[relation->nr_events];
	return pair;
}

static void join(struct kt_pair *pair)
{
	unsigned int i;

	for (i = 0; i < pair->nr_starts; i++)
		pair->starts[i]->opens = pair;
	for (i = 0; i < pair->nr_ends; i++)
		pair->ends[i]->closes = pair;
}

int kt_relation_split(struct kt_relation *relation, struct kt_compile *(*new_event)(struct kt_relation *relation, int pos, int len))
{
	unsigned int group = 0, i;	/* first event behind the last "->" */
	struct scan scan = { .text = relation->text };
	struct kt_pair *pair = NULL;
	struct kt_compile *c;
	int start, end, len;

	do {
		if (relation->nr_events == KT_EVENTS_MAX)
			return kt_fail(relation->events[0], -EINVAL, scan.pos, 0, "a text joins at most %d events", KT_EVENTS_MAX);
		start = scan.pos;
		begin_event(&scan);
		len = next_joint(&scan);
		for (end = scan.pos; end > start && (len || relation->nr_events) && isspace((unsigned char)relation->text[end - 1]); end--)
			;
		c = new_event(relation, start, end - start);
		if (!c)
			return -ENOMEM;
		relation->events[relation->nr_events++] = c;
		if (pair)
			pair->nr_ends++;
		if (len == 2) {
			pair = new_pair(relation, group);
			group = relation->nr_events;
		}
		scan.pos += len;
	} while (len);
	for (i = 0; i < relation->nr_pairs; i++)
		join(&relation->pairs[i]);
	if (relation->nr_events > 1 && !relation->nr_pairs)
		return kt_fail(c, -EINVAL, start, end - start, "';' lists starts or ends of a pair and there is no '->' here; give events that have nothing to do with each other one by one");
	return 0;
}

int kt_check_role(struct kt_compile *c, bool start, const char *name, int pos, int len)
{
	if (start ? c->opens : c->closes)
		return 0;
	return kt_fail(c, -EINVAL, pos, len, start ? "'%s' belongs to the start of a pair: 'START/%s.../ -> END'" :
		       "'%s' belongs to the end of a pair: 'START -> END/%s.../'", name, name);
}

/* ---- what joins them ---- */

static int fail_event(struct kt_compile *c, int code, const char *what)
{
	return kt_fail(c, code, (int)(c->own - c->text), (int)strlen(c->own), "%s", what);
}

static struct kt_compile *event_of(const struct kt_pair *pair, unsigned int n)
{
	return n < pair->nr_starts ? pair->starts[n] : pair->ends[n - pair->nr_starts];
}

static bool joined_by(const struct kt_pair *pair, enum ktally_context ctx)
{
	unsigned int i;

	for (i = 0; i < pair->nr_starts + pair->nr_ends; i++) {
		const struct kt_items *joins = &event_of(pair, i)->joins;
		const struct kt_node *node = joins->nr == 1 ? joins->item[0].node : NULL;

		if (!node || node->op != KT_LEAF || node->insn.op != KTALLY_OP_CONTEXT || node->insn.aux != ctx)
			return false;
	}
	return true;
}

static int check_join(struct kt_compile *c, const struct kt_compile *first)
{
	const struct kt_items *mine = &c->joins, *other = &first->joins;
	const struct kt_node *node = mine->nr ? mine->item[0].node : NULL;
	unsigned int i;

	if (!mine->nr != !other->nr)
		return kt_fail(mine->nr ? c : (struct kt_compile *)first, -EINVAL,
			       mine->nr ? first->own - first->text : c->own - c->text, strlen(mine->nr ? first->own : c->own),
			       "this event needs pair=EXPR as well: both sides of a pair say what joins them, or none does and it is the thread");
	if (mine->nr != other->nr || kt_words(mine) != kt_words(other))
		return kt_fail(c, -EINVAL, node->pos, node->len, "pair= has %u values (%u words of 8 bytes) here and %u (%u) at '%.60s'; they are compared one by one",
			       mine->nr, kt_words(mine), other->nr, kt_words(other), first->own);
	for (i = 0; i < mine->nr; i++) {
		node = mine->item[i].node;
		if ((node->type == KT_STRING) != (other->item[i].node->type == KT_STRING))
			return kt_fail(c, -EINVAL, node->pos, node->len, "a string and a number are never the same; see pair= at '%.60s'", first->own);
		if (kt_uses_results(node))
			return kt_fail(c, -EINVAL, node->pos, node->len, "pair= finds the start, so it cannot depend on what the start knew");
	}
	return 0;
}

static void set_keys(struct kt_pair *pair)
{
	unsigned int i;

	for (i = 0; i < pair->nr_starts; i++)
		pair->starts[i]->start_keys = pair->starts[i]->joins;
	for (i = 0; i < pair->nr_ends; i++)
		pair->ends[i]->end_keys = pair->ends[i]->joins;
}

/* Which function: its address where the source has it, else what pair= says. */
static int nest_key(struct kt_compile *c, struct kt_items *keys, bool given)
{
	struct kt_token ip = { .type = KT_TOK_NAME, .pos = -1, .text = "ip", .text_len = 2 };
	struct kt_node *node;

	if (given) {
		*keys = c->joins;
		node = keys->item[0].node;
		if (keys->nr == 1 && node->words == 1)
			return 0;
		return kt_fail(c, -EINVAL, node->pos, node->len, "a pair that nests has one number that tells which function, pair=EXPR");
	}
	if (!kt_is_field(c, "ip"))
		return fail_event(c, -EINVAL, "this event does not know which function it is of; say it with pair=EXPR at both sides of the pair that nests");
	node = kt_name(c, &ip);
	return node && kt_item_new(c, keys, node, "function") ? 0 : c->rc;
}

static int nest_keys(struct kt_pair *pair)
{
	bool given = pair->starts[0]->joins.nr && !joined_by(pair, KTALLY_CTX_TID);
	unsigned int i;
	int rc = 0;

	for (i = 0; i < pair->nr_starts && !rc; i++) {
		if (pair->starts[i]->first)
			return fail_event(pair->starts[i], -EINVAL, "'first' keeps an open start and 'nest' lets starts be inside each other; use one of them");
		if (pair->starts[i]->gate.kind != KT_GATE_NONE)
			return kt_fail_attr(pair->starts[i], pair->starts[i]->gate.name,
					    "the time of inner pairs is taken off, so none may be left out; put the gate at the end of a pair that nests");
		rc = nest_key(pair->starts[i], &pair->starts[i]->start_keys, given);
	}
	for (i = 0; i < pair->nr_ends && !rc; i++) {
		if (pair->ends[i]->stay)
			return fail_event(pair->ends[i], -EINVAL, "'stay' leaves its start open and 'nest' needs each to be closed; use one of them");
		rc = nest_key(pair->ends[i], &pair->ends[i]->end_keys, given);
	}
	return rc;
}

/* What only some kinds of pairs can tell. */
static int check_wishes(const struct kt_pair *pair)
{
	const struct kt_place *p = &pair->oncpu;

	if (p->c && pair->kind != KTALLY_PAIR_TASK)
		return kt_fail(p->c, -EINVAL, p->pos, p->len, "oncpu is a time of one thread; it needs a pair without pair=");
	p = &pair->counted;
	if (p->c && pair->kind == KTALLY_PAIR_KEY)
		return kt_fail(p->c, -EINVAL, p->pos, p->len,
			       "counters of two CPUs cannot be subtracted; they need a pair by thread (without pair=) or by CPU (pair=cpu)");
	p = &pair->inner;
	if (p->c && !(pair->flags & KTALLY_PAIR_NEST))
		return kt_fail(p->c, -EINVAL, p->pos, p->len, "self and caller are known when pairs nest; add nest to the end of the pair");
	return 0;
}

int kt_pair_settle(struct kt_pair *pair)
{
	unsigned int i;
	int rc = 0;

	for (i = 1; i < pair->nr_starts + pair->nr_ends && !rc; i++)
		rc = check_join(event_of(pair, i), pair->starts[0]);
	if (rc)
		return rc;
	pair->kind = !pair->starts[0]->joins.nr || joined_by(pair, KTALLY_CTX_TID) ? KTALLY_PAIR_TASK :
		     joined_by(pair, KTALLY_CTX_CPU) ? KTALLY_PAIR_CPU : KTALLY_PAIR_KEY;
	if (pair->nest.c) {
		pair->flags |= KTALLY_PAIR_NEST;
		pair->kind = KTALLY_PAIR_TASK;
		rc = nest_keys(pair);
	} else if (pair->kind == KTALLY_PAIR_KEY) {
		if (kt_words(&pair->starts[0]->joins) > KTALLY_PAIR_KEYS_MAX)
			return kt_fail(pair->starts[0], -EINVAL, pair->starts[0]->joins.item[0].node->pos, pair->starts[0]->joins.item[0].node->len,
				       "pair= has %u words of 8 bytes and a pair takes %d; use fewer or shorter strings", kt_words(&pair->starts[0]->joins),
				       KTALLY_PAIR_KEYS_MAX);
		set_keys(pair);
	}
	if (!rc && pair->oncpu.c)
		pair->flags |= KTALLY_PAIR_ONCPU;
	return rc ? rc : check_wishes(pair);
}

/* ---- what starts save because they say so ---- */

static int same_saves(struct kt_pair *pair, struct kt_compile *c)
{
	const struct kt_compile *first = pair->starts[0];
	unsigned int i;

	for (i = 0; i < c->saves.nr && i < first->saves.nr; i++) {
		const struct kt_node *a = c->saves.item[i].node, *b = first->saves.item[i].node;

		if (a->words != b->words || (a->type == KT_STRING) != (b->type == KT_STRING))
			break;
	}
	if (i < c->saves.nr || i < first->saves.nr)
		return fail_event(c, -EINVAL, "all starts of a pair save the same number and types of values (save=, stack); this one differs from the first");
	return 0;
}

int kt_pair_starts_done(struct kt_pair *pair)
{
	struct kt_compile *first = pair->starts[0];
	unsigned int i, words = 0;
	int rc = 0;

	for (i = 0; i < pair->nr_starts && !rc; i++)
		if (pair->starts[i]->stack && !pair->starts[i]->closes)
			rc = kt_add_stack(pair->starts[i], &pair->starts[i]->saves);
	for (i = 1; i < pair->nr_starts && !rc; i++)
		rc = same_saves(pair, pair->starts[i]);
	for (i = 0; i < first->saves.nr && !rc; i++) {
		const struct kt_item *item = &first->saves.item[i];

		words += item->node->words;
		if (words > KTALLY_PAIR_SAVED_MAX)
			return kt_fail(first, -EINVAL, item->node->pos, item->node->len, "a start saves at most %d words of 8 bytes, its stack included",
				       KTALLY_PAIR_SAVED_MAX);
		memcpy(pair->saved[i].name, item->name, sizeof(item->name));
		pair->saved[i].type = item->node->type;
		pair->saved[i].kind = item->kind;
		pair->saved[i].words = item->node->words;
		pair->saved[i].capacity = item->node->capacity;
		pair->nr_saved++;
	}
	return rc;
}

/* ---- into the plan ---- */

static void add_field(struct ktally_schema *schema, const char *name, enum ktally_kind kind, unsigned int words)
{
	struct ktally_field *field = &schema->keys[schema->nr_keys++];

	snprintf(field->name, sizeof(field->name), "%s", name);
	field->kind = kind;
	field->word = schema->key_words;
	field->words = words;
	schema->key_words += words;
}

/* An address of a process is named with the image of that process beside it, which a key has not. */
static enum ktally_kind lone_kind(enum ktally_kind kind)
{
	return kind == KTALLY_KIND_USYM || kind == KTALLY_KIND_IMAGE ? KTALLY_KIND_HEX : kind;
}

static void describe(const struct kt_pair *pair, struct ktally_pair_plan *plan)
{
	const struct kt_compile *first = pair->starts[0], *last = pair->ends[pair->nr_ends - 1];
	const struct kt_items *keys = &first->start_keys;
	int from = (int)(first->own - first->text), to = (int)(last->own - last->text + strlen(last->own));
	unsigned int i;

	kt_title(plan->schema.name, sizeof(plan->schema.name), first->input + from, to - from);
	for (i = 0; i < keys->nr; i++)
		add_field(&plan->schema, keys->item[i].name, lone_kind(keys->item[i].kind), keys->item[i].node->words);
	plan->nr_keys = plan->schema.key_words;
	for (i = 0; i < pair->nr_saved; i++)
		add_field(&plan->schema, pair->saved[i].name, pair->saved[i].kind == KTALLY_KIND_USYM ? KTALLY_KIND_HEX : pair->saved[i].kind,
			  pair->saved[i].words);
	plan->nr_saved = plan->schema.key_words - plan->nr_keys;
	kt_fit_label(&plan->schema);
}

/* A thread keeps its place while it lives; nested starts take sixteen times the room. */
static unsigned int default_open(const struct kt_pair *pair)
{
	if (pair->flags & KTALLY_PAIR_NEST)
		return KT_DEFAULT_OPEN / 4;
	return pair->kind == KTALLY_PAIR_TASK ? KT_DEFAULT_OPEN * 2 : KT_DEFAULT_OPEN;
}

int kt_pair_plan(struct kt_pair *pair, struct ktally_plan *plan)
{
	struct kt_compile *first = pair->starts[0];
	struct ktally_pair_plan *made;
	unsigned int i;

	if (plan->nr_pairs >= KTALLY_PAIRS_MAX)
		return kt_fail(first, -EINVAL, -1, 0, "a session has at most %d pairs", KTALLY_PAIRS_MAX);
	pair->number = plan->nr_pairs;
	made = ktally_plan_add_pair(plan);
	if (!made)
		return kt_fail(first, -ENOMEM, -1, 0, "out of memory");
	made->kind = pair->kind;
	made->flags = pair->flags;
	made->nr_counters = pair->nr_counters;
	memcpy(made->counters, pair->counters, sizeof(made->counters));
	made->entries = default_open(pair);
	for (i = 0; i < pair->nr_starts; i++)
		if (pair->starts[i]->rows && !pair->starts[i]->closes && !pair->starts[i]->keyed && !pair->starts[i]->values.nr)
			made->entries = pair->starts[i]->rows;
	describe(pair, made);
	return 0;
}
