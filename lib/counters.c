// SPDX-License-Identifier: LGPL-2.1-or-later
/* counters.c: hardware counters in an event text: pmu=LIST and pmu(NAME). */
#include <ctype.h>
#include <string.h>

#include "attrs.h"

/** struct counter_name - text of a counter's name, at @pos */
struct counter_name {
	char text[sizeof(((struct ktally_counter_plan *)0)->name)];
	int pos, len;
};

static bool name_char(char ch)
{
	return isalnum((unsigned char)ch) || strchr("_-.:", ch);
}

static void set_name(struct counter_name *name, const char *text, int pos, int len)
{
	name->pos = pos;
	name->len = len;
	snprintf(name->text, sizeof(name->text), "%.*s", len, text + pos);
}

static int find(struct kt_compile *c, const struct counter_name *name, struct ktally_counter_plan *counter, struct ktally_error *err)
{
	memset(err, 0, sizeof(*err));
	if (name->len >= (int)sizeof(name->text))
		return ktally_fail(err, -EINVAL, "the name of a counter has at most %zu characters", sizeof(name->text) - 1);
	return ktally_pmu_find(counter, name->text, c->cat->sysfs, err);
}

/* A name, or PMU/term=value,.../ - whose '/' would end the part. Return: 0 or the error of the better guess */
static int read_counter(struct kt_compile *c, int pos, struct counter_name *name, struct ktally_counter_plan *counter)
{
	int end = pos, close, rc, again;
	struct ktally_error err, other;

	while (c->text[end] && name_char(c->text[end]))
		end++;
	set_name(name, c->text, pos, end - pos);
	if (end == pos)
		return kt_fail(c, -EINVAL, pos, c->text[pos] ? 1 : 0, "expected the name of a counter, such as cycles or instructions");
	rc = find(c, name, counter, &err);
	if (!rc)
		return 0;
	for (close = end + 1; c->text[end] == '/' && c->text[close] && !strchr("/;() ", c->text[close]);)
		close++;
	if (c->text[end] != '/' || c->text[close] != '/')
		return kt_fail(c, rc, name->pos, name->len, "%s", err.text);
	for (close++; c->text[close] == ':' || (c->text[close - 1] != '/' && isalnum((unsigned char)c->text[close]));)
		close++;
	set_name(name, c->text, pos, close - pos);
	again = find(c, name, counter, &other);
	if (!again)
		return 0;
	if (memchr(c->text + end, '=', close - end))	/* nobody writes terms by accident */
		return kt_fail(c, again, name->pos, name->len, "%s", other.text);
	set_name(name, c->text, pos, end - pos);
	return kt_fail(c, rc, name->pos, name->len, "%s", err.text);
}

static bool same(const struct ktally_counter_plan *a, const struct ktally_counter_plan *b)
{
	return a->perf_type == b->perf_type && a->flags == b->flags && a->config == b->config && a->config1 == b->config1 && a->config2 == b->config2;
}

/* Number in the plan of the counter whose name begins at @pos; it must count all the time to be read at a hit. */
static int add_counter(struct kt_compile *c, int pos, struct counter_name *name, uint32_t *number)
{
	struct ktally_counter_plan counter = { .scale = 1.0 }, *made;
	unsigned int i;

	if (!(c->cat->features & KTALLY_FEATURE_PERF))
		return kt_fail(c, -EOPNOTSUPP, pos, 0, "the module on this kernel has no perf counters; `ktally doctor` says why");
	if (read_counter(c, pos, name, &counter))
		return c->rc;
	counter.flags |= KTALLY_PERF_PINNED;
	for (i = 0; i < c->plan->nr_counters && !same(&c->plan->counters[i], &counter); i++)
		;
	*number = i;
	if (i < c->plan->nr_counters)
		return 0;
	if (i >= KTALLY_COUNTERS_MAX)
		return kt_fail(c, -EINVAL, name->pos, name->len, "a session has at most %d counters", KTALLY_COUNTERS_MAX);
	made = ktally_plan_add_counter(c->plan);
	if (!made)
		return kt_fail(c, -ENOMEM, -1, 0, "out of memory");
	*made = counter;
	memcpy(made->name, name->text, sizeof(made->name));
	return 0;
}

static int add_once(uint32_t *list, unsigned int *nr, unsigned int max, uint32_t number)
{
	unsigned int i;

	for (i = 0; i < *nr; i++)
		if (list[i] == number)
			return i;
	if (i == max)
		return -1;
	list[(*nr)++] = number;
	return i;
}

/* At an end: what it counted since the start. Elsewhere: since the last hit of this probe on this CPU. */
static struct kt_node *counter_node(struct kt_compile *c, const struct counter_name *name, uint32_t number)
{
	struct kt_node *node;
	int n;

	if (c->closes) {
		n = add_once(c->closes->counters, &c->closes->nr_counters, KTALLY_PAIR_COUNTERS_MAX, number);
		if (n < 0)
			return KT_NULL(c, -EINVAL, name->pos, name->len, "a pair has at most %d counters", KTALLY_PAIR_COUNTERS_MAX);
		if (!c->closes->counted.c)
			c->closes->counted = (struct kt_place){ c, name->pos, name->len };
		return kt_result(c, KT_RESULT_COUNTER, n, KTALLY_KIND_UINT, name->pos, name->len);
	}
	add_once(c->deltas, &c->nr_deltas, KTALLY_COUNTERS_MAX, number);
	node = kt_node_new(c, KT_LEAF, KT_S64, name->pos, name->len);
	if (!node)
		return NULL;
	node->kind = KTALLY_KIND_UINT;
	node->insn.op = KTALLY_OP_COUNTER;
	node->insn.aux = number | KTALLY_COUNTER_DELTA;
	return node;
}

struct kt_node *kt_pmu_call(struct kt_compile *c, const struct kt_token *name)
{
	struct counter_name counter;
	struct kt_node *node;
	uint32_t number;
	int pos = c->tok.pos + 1;

	while (isspace((unsigned char)c->text[pos]))
		pos++;
	if (add_counter(c, pos, &counter, &number))
		return NULL;
	node = counter_node(c, &counter, number);
	if (!node || kt_restart(c, counter.pos + counter.len))
		return NULL;
	node->pos = name->pos;
	node->len = c->tok.pos + 1 - name->pos;
	return kt_expect(c, ')', "behind the name of the counter") ? NULL : node;
}

/* The '/' that closes PMU/TERMS/ ends the part as well, as it does behind a source. */
static int go_on(struct kt_compile *c, const struct counter_name *name)
{
	int end = name->pos + name->len, rc = kt_restart(c, end);

	if (rc || c->text[end - 1] != '/' || c->tok.type == ',' || c->tok.type == '/' || c->tok.type == KT_TOK_END)
		return rc;
	return kt_restart(c, end - 1);
}

int kt_parse_pmu(struct kt_compile *c, const struct attr *attr, bool given)
{
	struct counter_name name;
	struct kt_item *item;
	uint32_t number;
	int rc, pos;

	(void)given;
	for (;;) {
		pos = c->tok.pos;
		if (add_counter(c, pos, &name, &number))
			return c->rc;
		if (c->values.nr >= KTALLY_COLUMNS_MAX)
			return kt_fail(c, -EINVAL, name.pos, name.len, "more than %d columns", KTALLY_COLUMNS_MAX);
		item = kt_item_new(c, &c->values, counter_node(c, &name, number), name.text);
		if (!item)
			return c->rc;
		item->column.kind = attr->data;
		rc = go_on(c, &name);
		if (rc || c->tok.type != ',')
			return rc;
		rc = kt_next(c);
		if (rc)
			return rc;
	}
}

/* First of all, whatever the filter says: a hit that is not wanted must not spoil the next difference. */
int kt_gen_deltas(struct kt_gen *g)
{
	unsigned int i;
	int reg, rc = 0;

	for (i = 0; i < g->c->nr_deltas && !rc; i++) {
		struct ktally_insn insn = { .op = KTALLY_OP_COUNTER, .aux = g->c->deltas[i] | KTALLY_COUNTER_DELTA };

		reg = kt_reg_alloc(g, 1, NULL);
		if (reg < 0)
			return reg;
		kt_cache_add(g, &insn, reg, 1)->pins++;
		insn.dst = reg;
		rc = kt_emit(g, &insn);
	}
	return rc;
}
