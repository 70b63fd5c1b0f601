// SPDX-License-Identifier: LGPL-2.1-or-later
/* pair_names.c: what the end of a pair can name: times, what its start saved, who was around it. */
#include <string.h>

#include "compile.h"

#define SAVED	"start."

static const struct word {
	const char *name;
	int result;
	enum ktally_kind kind;
} words[] = {
	{ "lat", KT_RESULT_LAT, KTALLY_KIND_NS },
	{ "oncpu", KT_RESULT_ONCPU, KTALLY_KIND_NS },
	{ "self", KT_RESULT_SELF, KTALLY_KIND_NS },
	{ "caller", KT_RESULT_CALLER, KTALLY_KIND_HEX },
	{ "total", -1, KTALLY_KIND_NS },
};
#define NR_WORDS (sizeof(words) / sizeof(words[0]))

struct kt_node *kt_result(struct kt_compile *c, enum kt_result what, unsigned int n, enum ktally_kind kind, int pos, int len)
{
	struct kt_node *node = kt_node_new(c, KT_LEAF, KT_S64, pos, len);

	if (!node)
		return NULL;
	node->kind = kind;
	node->insn.op = KTALLY_OP_END;
	node->insn.aux = what;
	node->insn.imm = n;
	return node;
}

bool kt_uses_results(const struct kt_node *node)
{
	if (!node)
		return false;
	if (node->op == KT_LEAF)
		return node->insn.op == KTALLY_OP_END;
	return kt_uses_results(node->a) || kt_uses_results(node->b);
}

/* ---- saved values ---- */

static struct kt_node *saved_node(struct kt_compile *c, unsigned int n, int pos, int len)
{
	const struct kt_saved *saved = &c->closes->saved[n];
	struct kt_node *node;

	node = kt_result(c, KT_RESULT_SAVED, n, saved->kind, pos, len);
	if (!node)
		return NULL;
	node->type = saved->type;
	node->words = saved->words;
	node->capacity = saved->capacity;
	return node;
}

static int find_saved(const struct kt_pair *pair, const char *name)
{
	unsigned int i;

	for (i = 0; i < pair->nr_saved; i++)
		if (!strcmp(pair->saved[i].name, name))
			return i;
	return -1;
}

static int check_room(struct kt_pair *pair, struct kt_compile *c, const struct kt_node *node)
{
	unsigned int i, nr = node->words;

	for (i = 0; i < pair->nr_saved; i++)
		nr += pair->saved[i].words;
	if (nr <= KTALLY_PAIR_SAVED_MAX)
		return 0;
	return kt_fail(c, -EINVAL, node->pos, node->len, "a start saves at most %d words of 8 bytes and this is one too many; use fewer or shorter values",
		       KTALLY_PAIR_SAVED_MAX);
}

/* Start number @start saves @node as the pair's last value; what the first says goes for all. */
int kt_save(struct kt_pair *pair, unsigned int start, struct kt_node *node, const char *name)
{
	struct kt_compile *c = pair->starts[start];
	struct kt_saved *saved = &pair->saved[pair->nr_saved];

	if (!node || (!start && check_room(pair, c, node)))
		return c->rc;
	if (!start) {
		snprintf(saved->name, sizeof(saved->name), "%s", name);
		saved->type = node->type;
		saved->kind = node->kind;
		saved->words = node->words;
		saved->capacity = node->capacity;
	} else if (saved->words != node->words || (saved->type == KT_STRING) != (node->type == KT_STRING)) {
		return kt_fail(c, -EINVAL, node->pos, node->len, "the starts of the pair mean different types by '%s'; save what you need with save= at each", name);
	}
	return kt_item_new(c, &c->saves, node, name) ? 0 : c->rc;
}

/** typedef maker - the node of a start, for what an end asks of it */
typedef struct kt_node *(*maker)(struct kt_compile *start, const struct kt_token *name, const struct kt_node *index);

static struct kt_node *save_all(struct kt_compile *c, const char *title, const struct kt_token *name, const struct kt_node *index, maker make)
{
	struct kt_pair *pair = c->closes;
	int n = find_saved(pair, title);
	unsigned int i;

	for (i = 0; n < 0 && i < pair->nr_starts; i++) {
		struct kt_compile *start = pair->starts[i];

		c->rc = kt_save(pair, i, make(start, name, index), title);
		if (c->rc)
			return NULL;
	}
	if (n < 0)
		n = pair->nr_saved++;
	return saved_node(c, n, name->pos, name->len);
}

/* Of the task that is at the start; an end may come on another CPU. */
static struct kt_node *make_stack(struct kt_compile *start, const struct kt_token *name, const struct kt_node *index)
{
	bool kernel = !strcmp(name->text, "kstack");
	struct kt_node *node;

	(void)index;
	if (!(start->cat->features & (kernel ? KTALLY_FEATURE_KSTACK : KTALLY_FEATURE_USTACK)))
		return KT_NULL(start, -EOPNOTSUPP, name->pos, name->len, "the module has no %s stacks here; `ktally doctor` says why", kernel ? "kernel" : "user");
	node = kt_stack_id(start, (kernel ? KTALLY_STACK_KERNEL : KTALLY_STACK_USER) | KTALLY_STACK_ANYWHERE, kt_stack_depth(start));
	if (node) {
		node->pos = name->pos;
		node->len = name->len;
	}
	return node;
}

static struct kt_node *make_image(struct kt_compile *start, const struct kt_token *name, const struct kt_node *index)
{
	(void)name;
	(void)index;
	return kt_context(start, KTALLY_CTX_IMAGE);
}

struct kt_node *kt_start_image(struct kt_compile *c)
{
	static const struct kt_token image = { .text = "image", .pos = -1 };

	return save_all(c, "image", &image, NULL, make_image);
}

static struct kt_node *make_named(struct kt_compile *start, const struct kt_token *name, const struct kt_node *index)
{
	return index ? kt_element(start, name, index) : kt_name(start, name);
}

static struct kt_node *start_value(struct kt_compile *c, const struct kt_token *name, const struct kt_node *index)
{
	struct kt_token inner = *name;
	char title[sizeof(c->closes->saved[0].name)];
	size_t skip = strlen(SAVED);
	struct kt_node *node;
	bool stack;
	int len;

	if (!c->closes)
		return KT_NULL(c, -EINVAL, name->pos, name->len, "%s is known at the end of a pair: 'START -> END'", name->text);
	memmove(inner.text, inner.text + skip, strlen(inner.text) - skip + 1);
	inner.text_len -= skip;
	inner.pos += skip;
	inner.len -= skip;
	len = snprintf(title, sizeof(title), "%s", inner.text);
	if (index && index->op == KT_CONST && len < (int)sizeof(title))
		len += snprintf(title + len, sizeof(title) - len, "[%llu]", (unsigned long long)index->value);
	if (len >= (int)sizeof(title))
		return KT_NULL(c, -EINVAL, name->pos, name->len, "this name is too long");
	stack = !index && (!strcmp(title, "kstack") || !strcmp(title, "ustack")) && kt_find_field(c->closes->starts[0], title) < 0;
	node = save_all(c, title, &inner, index, stack ? make_stack : make_named);
	/* What is to be saved is known before the ends are completed. */
	if (node && node->kind == KTALLY_KIND_USTACK && !kt_start_image(c))
		return NULL;
	if (node) {
		node->pos = name->pos;
		node->len = name->len;
	}
	return node;
}

/* ---- times ---- */

/* Nanoseconds since the first event of the chain: those of this pair and, saved by its start, those up to there. */
static struct kt_node *make_total(struct kt_compile *c, const struct kt_token *name, const struct kt_node *index)
{
	struct kt_node *lat = kt_result(c, KT_RESULT_LAT, 0, KTALLY_KIND_NS, name->pos, name->len), *before;
	unsigned int i, chained = 0;

	(void)index;
	for (i = 0; i < c->closes->nr_starts; i++)
		chained += c->closes->starts[i]->closes != NULL;
	if (!lat || !chained)
		return lat;
	before = save_all(c, "total", name, NULL, make_total);
	return before ? kt_binary(c, '+', lat, before) : NULL;
}

static enum ktally_kind caller_kind(const struct kt_pair *pair)
{
	const struct kt_compile *start = pair->starts[0];

	if (start->joins.nr && start->joins.item[0].kind != KTALLY_KIND_PID)
		return start->joins.item[0].kind;
	return start->probe.kind == KTALLY_SOURCE_UPROBE || start->probe.kind == KTALLY_SOURCE_URETPROBE ? KTALLY_KIND_USYM : KTALLY_KIND_KSYM;
}

static void note(struct kt_place *place, struct kt_compile *c, const struct kt_token *name)
{
	if (!place->c)
		*place = (struct kt_place){ c, name->pos, name->len };
}

static struct kt_node *word_node(struct kt_compile *c, const struct word *word, const struct kt_token *name)
{
	if (word->result < 0)
		return make_total(c, name, NULL);
	if (word->result == KT_RESULT_ONCPU)
		note(&c->closes->oncpu, c, name);
	if (word->result == KT_RESULT_SELF || word->result == KT_RESULT_CALLER)
		note(&c->closes->inner, c, name);
	return kt_result(c, word->result, 0, word->result == KT_RESULT_CALLER ? caller_kind(c->closes) : word->kind, name->pos, name->len);
}

void kt_near_pair_names(struct kt_near *near)
{
	size_t i;

	for (i = 0; i < NR_WORDS; i++)
		kt_near_add(near, words[i].name);
}

bool kt_pair_name(struct kt_compile *c, const struct kt_token *name, struct kt_node **node)
{
	size_t i;

	if (!strncmp(name->text, SAVED, strlen(SAVED))) {
		*node = start_value(c, name, NULL);
		return true;
	}
	for (i = 0; i < NR_WORDS; i++) {
		if (strcmp(words[i].name, name->text))
			continue;
		*node = c->closes ? word_node(c, &words[i], name) :
			KT_NULL(c, -EINVAL, name->pos, name->len, "%s is known at the end of a pair: 'START -> END'", name->text);
		return true;
	}
	return false;
}

struct kt_node *kt_pair_element(struct kt_compile *c, const struct kt_token *name, const struct kt_node *index)
{
	return start_value(c, name, index);
}
