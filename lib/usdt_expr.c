// SPDX-License-Identifier: LGPL-2.1-or-later
/* usdt_expr.c: turns the places of a USDT argument into expressions over registers and the memory of the process. */
#include <string.h>

#include "compile.h"
#include "usdt.h"

/** struct place - the node that asks, for errors and positions */
struct place {
	int pos, len;
};

static struct kt_node *number(struct kt_compile *c, const struct place *p, uint64_t value)
{
	return kt_number(c, value, KT_U64, p->pos, p->len);
}

static struct kt_node *operate(struct kt_compile *c, const struct place *p, uint8_t op, struct kt_node *a, struct kt_node *b)
{
	struct kt_node *node = a && b ? kt_node_new(c, KT_BINARY, KT_U64, p->pos, p->len) : NULL;

	if (!node)
		return NULL;
	node->insn.op = op;
	node->a = a;
	node->b = b;
	return node;
}

static struct kt_node *reg(struct kt_compile *c, const struct place *p, const char *name)
{
	unsigned int n;
	struct kt_node *node;

	for (n = 0; n < c->nr_registers && strcmp(c->source->fields[n].name, name); n++)
		;
	if (n == c->nr_registers)
		return KT_NULL(c, -EOPNOTSUPP, p->pos, p->len, "the module does not publish the register '%s' that holds this argument", name);
	node = kt_node_new(c, KT_LEAF, KT_U64, p->pos, p->len);
	if (node) {
		node->insn.op = KTALLY_OP_FIELD;
		node->insn.aux = n;
	}
	return node;
}

/* The lower @size bytes as a number of 64 bits. */
static struct kt_node *narrow(struct kt_compile *c, const struct place *p, struct kt_node *node, unsigned int size, bool is_signed)
{
	unsigned int bits = 64 - 8 * size;

	if (size == 8)
		return node;
	if (!is_signed)
		return operate(c, p, KTALLY_OP_AND, node, number(c, p, ~0ULL >> bits));
	node = operate(c, p, KTALLY_OP_SHL, node, number(c, p, bits));
	return operate(c, p, KTALLY_OP_SAR, node, number(c, p, bits));
}

static struct kt_node *address(struct kt_compile *c, const struct place *p, const struct ktally_usdt_arg *arg)
{
	struct kt_node *base = arg->base[0] ? reg(c, p, arg->base) : NULL, *index;

	if (arg->base[0] && !base)
		return NULL;
	if (!arg->index[0])
		return base ? base : number(c, p, 0);
	index = reg(c, p, arg->index);
	if (index && arg->extend)
		index = narrow(c, p, index, 4, arg->extend == KTALLY_EXTEND_SIGNED);
	if (index && arg->scale)
		index = operate(c, p, KTALLY_OP_SHL, index, number(c, p, arg->scale));
	return base ? operate(c, p, KTALLY_OP_ADD, base, index) : index;
}

static struct kt_node *load(struct kt_compile *c, const struct place *p, const struct ktally_usdt_arg *arg)
{
	struct kt_node *at = address(c, p, arg), *node = at ? kt_node_new(c, KT_LOAD, KT_U64, p->pos, p->len) : NULL;

	if (!node)
		return NULL;
	node->a = at;
	node->insn.op = KTALLY_OP_LOAD;
	node->insn.aux = arg->size | KTALLY_LOAD_USER | (arg->is_signed ? KTALLY_LOAD_SIGNED : 0);
	node->insn.imm = arg->value;
	return node;
}

static uint64_t constant(const struct ktally_usdt_arg *arg)
{
	unsigned int bits = 64 - 8 * arg->size;
	uint64_t value = (uint64_t)arg->value << bits;

	return arg->is_signed ? (uint64_t)((int64_t)value >> bits) : value >> bits;
}

static struct kt_node *value(struct kt_compile *c, const struct place *p, const struct ktally_usdt_arg *arg)
{
	struct kt_node *node;

	switch (arg->place) {
	case KTALLY_PLACE_CONST:
		return number(c, p, constant(arg));
	case KTALLY_PLACE_MEMORY:
		return load(c, p, arg);
	default:
		node = reg(c, p, arg->base);
		if (node && arg->shift)
			node = operate(c, p, KTALLY_OP_SHR, node, number(c, p, arg->shift));
		return node ? narrow(c, p, node, arg->size, arg->is_signed) : NULL;
	}
}

static struct kt_node *refuse(struct kt_compile *c, const struct place *p, unsigned int n, const struct ktally_uprobe_site *site, int code)
{
	unsigned long long offset = site->offset;

	if (code == -ENOENT)
		return KT_NULL(c, code, p->pos, p->len, "the probe at 0x%llx of %.200s has no argument %u; a probe of this name has fewer there", offset,
			       site->path, n + 1);
	return KT_NULL(c, code, p->pos, p->len, "argument %u of the probe at 0x%llx of %.200s %s (\"%.100s\")", n + 1, offset, site->path,
		       code == -EOPNOTSUPP ? "lies where a program cannot read it" : "is not understood", site->arguments);
}

struct kt_node *kt_usdt_argument(struct kt_compile *c, unsigned int n, int pos, int len)
{
	struct kt_node *all = kt_node_new(c, KT_SITE, KT_S64, pos, len), **link;
	const struct place p = { pos, len };
	struct ktally_usdt_arg arg;
	unsigned int i;
	int rc;

	if (!all)
		return NULL;
	all->per_site = true;
	link = &all->site;
	for (i = 0; i < c->nr_sites; i++) {
		rc = ktally_usdt_argument(&arg, c->sites[i].arguments, n);
		if (rc)
			return refuse(c, &p, n, &c->sites[i], rc);
		*link = value(c, &p, &arg);
		if (!*link)
			return NULL;
		link = &(*link)->site;
		if (arg.size == 8 && !arg.is_signed) {
			all->type = KT_U64;
			all->kind = KTALLY_KIND_UINT;
		}
	}
	return all;
}
