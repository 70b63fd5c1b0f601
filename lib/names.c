// SPDX-License-Identifier: LGPL-2.1-or-later
/* names.c: what a name in an expression stands for: a field of the source, a word of the context, a function. */
#include <string.h>

#include "compile.h"

static const struct word {
	const char *name;
	enum ktally_context ctx;
	enum kt_type type;
	enum ktally_kind kind;
} words[] = {
	{ "pid", KTALLY_CTX_PID, KT_S64, KTALLY_KIND_PID },
	{ "tid", KTALLY_CTX_TID, KT_S64, KTALLY_KIND_PID },
	{ "ppid", KTALLY_CTX_PPID, KT_S64, KTALLY_KIND_PID },
	{ "comm", KTALLY_CTX_COMM, KT_STRING, KTALLY_KIND_STRING },
	{ "cpu", KTALLY_CTX_CPU, KT_S64, KTALLY_KIND_CPU },
	{ "node", KTALLY_CTX_NODE, KT_S64, KTALLY_KIND_UINT },
	{ "ns", KTALLY_CTX_NS, KT_U64, KTALLY_KIND_TIME },
	{ "time", KTALLY_CTX_NS, KT_U64, KTALLY_KIND_TIME },
	{ "cgroup", KTALLY_CTX_CGROUP, KT_U64, KTALLY_KIND_UINT },
	{ "container", KTALLY_CTX_CGROUP, KT_U64, KTALLY_KIND_CONTAINER },
	{ "pod", KTALLY_CTX_CGROUP, KT_U64, KTALLY_KIND_POD },
	{ "uid", KTALLY_CTX_UID, KT_S64, KTALLY_KIND_UINT },
	{ "prio", KTALLY_CTX_PRIO, KT_S64, KTALLY_KIND_INT },
	{ "policy", KTALLY_CTX_POLICY, KT_S64, KTALLY_KIND_UINT },
	{ "in_irq", KTALLY_CTX_IN_IRQ, KT_S64, KTALLY_KIND_UINT },
	{ "irqs_off", KTALLY_CTX_IRQS_OFF, KT_S64, KTALLY_KIND_UINT },
	{ "user_mode", KTALLY_CTX_USER_MODE, KT_S64, KTALLY_KIND_UINT },
	{ "ip", KTALLY_CTX_IP, KT_U64, KTALLY_KIND_KSYM },
	{ "image", KTALLY_CTX_IMAGE, KT_U64, KTALLY_KIND_IMAGE },
	{ "state", KTALLY_CTX_STATE, KT_S64, KTALLY_KIND_STATE },
	{ "weight", KTALLY_CTX_WEIGHT, KT_S64, KTALLY_KIND_UINT },
};
#define NR_WORDS (sizeof(words) / sizeof(words[0]))
#define COMM_SIZE 16

/** struct function - str() when @size is 0, else a load of @size bytes */
static const struct function {
	const char *name;
	unsigned int size;
	bool is_signed, user;
} functions[] = {
	{ "str", 0, false, false }, { "ustr", 0, false, true },
	{ "u8", 1, false, false }, { "u16", 2, false, false }, { "u32", 4, false, false }, { "u64", 8, false, false },
	{ "s8", 1, true, false }, { "s16", 2, true, false }, { "s32", 4, true, false }, { "s64", 8, true, false },
	{ "user_u8", 1, false, true }, { "user_u16", 2, false, true }, { "user_u32", 4, false, true }, { "user_u64", 8, false, true },
	{ "user_s8", 1, true, true }, { "user_s16", 2, true, true }, { "user_s32", 4, true, true }, { "user_s64", 8, true, true },
};
#define NR_FUNCTIONS (sizeof(functions) / sizeof(functions[0]))
#define STR_DEFAULT 64

static struct kt_node *context_node(struct kt_compile *c, const struct word *word, int pos, int len)
{
	struct kt_node *node;

	if (word->ctx == KTALLY_CTX_CGROUP && !(c->cat->features & (KTALLY_FEATURE_CGROUP | KTALLY_FEATURE_CGROUP_V1)))
		return KT_NULL(c, -EOPNOTSUPP, pos, len, "this kernel gives the module no cgroup ids; `ktally doctor` says why");
	node = kt_node_new(c, KT_LEAF, word->type, pos, len);
	if (!node)
		return NULL;
	node->kind = word->kind;
	node->insn.op = KTALLY_OP_CONTEXT;
	node->insn.aux = word->ctx;
	if (word->type == KT_STRING) {
		node->words = COMM_SIZE / 8;
		node->capacity = COMM_SIZE - 1;
	}
	return node;
}

struct kt_node *kt_context(struct kt_compile *c, enum ktally_context ctx)
{
	size_t i;

	for (i = 0; i < NR_WORDS; i++)
		if (words[i].ctx == ctx)
			return context_node(c, &words[i], -1, 0);
	return KT_NULL(c, -EINVAL, -1, 0, "no context of number %d", ctx);
}

struct kt_node *kt_stack_id(struct kt_compile *c, unsigned int kind, unsigned int depth)
{
	struct kt_node *node = kt_node_new(c, KT_LEAF, KT_U64, -1, 0);

	if (!node)
		return NULL;
	c->has_stack = true;
	node->kind = kind & KTALLY_STACK_KERNEL ? KTALLY_KIND_KSTACK : KTALLY_KIND_USTACK;
	node->insn.op = KTALLY_OP_STACK;
	node->insn.aux = kind;
	node->insn.imm = depth;
	return node;
}

struct kt_node *kt_user_dump(struct kt_compile *c, unsigned int bytes)
{
	struct kt_node *node = kt_node_new(c, KT_LEAF, KT_U64, -1, 0);

	if (!node)
		return NULL;
	node->kind = KTALLY_KIND_UDUMP;
	node->insn.op = KTALLY_OP_USER;
	node->insn.imm = bytes;
	return node;
}

bool kt_is_word(const char *name)
{
	size_t i;

	for (i = 0; i < NR_WORDS; i++)
		if (!strcmp(words[i].name, name))
			return true;
	return false;
}

static struct kt_node *unknown_name(struct kt_compile *c, const struct kt_token *name)
{
	struct kt_near near = { .want = name->text };
	char near_text[256], fields[400];
	unsigned int i;

	for (i = 0; i < c->source->nr_fields; i++)
		kt_near_add(&near, c->source->fields[i].name);
	for (i = 0; i < NR_WORDS; i++)
		kt_near_add(&near, words[i].name);
	if (c->closes)
		kt_near_pair_names(&near);
	for (i = 0; i < NR_FUNCTIONS; i++)
		if (!strcmp(functions[i].name, name->text))
			return KT_NULL(c, -EINVAL, name->pos, name->len, "%s is a function, expected '(' after it", name->text);
	kt_near_text(&near, near_text, sizeof(near_text));
	kt_list_fields(c, fields, sizeof(fields));
	return KT_NULL(c, -ENOENT, name->pos, name->len, "unknown name '%s'%s (%s)", name->text, near_text, fields);
}

/* A field hides the context word of the same name; current.NAME means the word. */
struct kt_node *kt_name(struct kt_compile *c, const struct kt_token *name)
{
	const char *word = name->text;
	int field = kt_find_field(c, word);
	struct kt_node *node;
	size_t i;

	if (field >= 0)
		return kt_field(c, field, name->pos, name->len);
	if (kt_pair_name(c, name, &node))
		return node;
	if (!strncmp(word, "current.", 8))
		word += 8;
	for (i = 0; i < NR_WORDS; i++)
		if (!strcmp(words[i].name, word) && words[i].kind != KTALLY_KIND_IMAGE)
			return context_node(c, &words[i], name->pos, name->len);
	return unknown_name(c, name);
}

static int string_limit(struct kt_compile *c, const struct kt_node *arg, unsigned int *bytes)
{
	if (arg->op != KT_CONST || arg->value < 1 || arg->value > KTALLY_STRING_MAX)
		return kt_fail(c, -EINVAL, arg->pos, arg->len, "the length of a string is a constant from 1 to %d", KTALLY_STRING_MAX);
	*bytes = kt_string_bytes(arg->value);
	return 0;
}

static struct kt_node *load_node(struct kt_compile *c, const struct function *f, struct kt_node *address, unsigned int bytes)
{
	struct kt_node *node;

	node = kt_node_new(c, KT_LOAD, !f->size ? KT_STRING : f->size == 8 && !f->is_signed ? KT_U64 : KT_S64, address->pos, address->len);
	if (!node)
		return NULL;
	node->a = address;
	node->insn.aux = f->user ? KTALLY_LOAD_USER : 0;
	if (!f->size) {
		node->insn.op = KTALLY_OP_STRING;
		node->insn.imm = bytes;
		node->words = bytes / 8;
		node->capacity = bytes;
		return node;
	}
	node->insn.op = KTALLY_OP_LOAD;
	node->insn.aux |= f->size | (f->is_signed ? KTALLY_LOAD_SIGNED : 0);
	node->kind = f->is_signed ? KTALLY_KIND_INT : KTALLY_KIND_UINT;
	if (address->op == KT_BINARY && address->insn.op == KTALLY_OP_ADD && address->b->op == KT_CONST) {
		node->a = address->a;
		node->insn.imm = address->b->value;
	}
	return node;
}

struct kt_node *kt_function(struct kt_compile *c, const struct kt_token *name, struct kt_node **args, unsigned int nr)
{
	struct kt_near near = { .want = name->text };
	const struct function *f = NULL;
	unsigned int bytes = STR_DEFAULT;
	struct kt_node *node;
	char near_text[256];
	size_t i;

	for (i = 0; i < NR_FUNCTIONS; i++) {
		kt_near_add(&near, functions[i].name);
		if (!strcmp(functions[i].name, name->text))
			f = &functions[i];
	}
	if (!f)
		return KT_NULL(c, -ENOENT, name->pos, name->len, "unknown function '%s'%s (known: str ustr u8..u64 s8..s64 user_u8..user_s64 pmu)",
			       name->text, kt_near_text(&near, near_text, sizeof(near_text)));
	if (!f->size && !f->user && nr > 1 && args[0]->op == KT_LEAF && args[0]->insn.op == KTALLY_OP_RECORD_TEXT) {
		if (string_limit(c, args[1], &bytes))
			return NULL;
		kt_resize_text(args[0], bytes);
		return args[0];
	}
	if (args[0]->type == KT_STRING)
		return KT_NULL(c, -EINVAL, args[0]->pos, args[0]->len, "%s() takes an address, and this is a string", f->name);
	if (nr > 1 && f->size)
		return KT_NULL(c, -EINVAL, args[1]->pos, args[1]->len, "%s() takes one argument, an address", f->name);
	if (nr > 1 && string_limit(c, args[1], &bytes))
		return NULL;
	node = load_node(c, f, args[0], bytes);
	if (node)
		node->pos = name->pos;
	return node;
}
