// SPDX-License-Identifier: LGPL-2.1-or-later
/* fields.c: the fields of a source: where each lies, what it means, which of them a record shows. */
#include <string.h>

#include "compile.h"

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), e = strlen(end);

	return n >= e && !strcmp(name + n - e, end);
}

/* Names that tell what a number is; the first that fits decides. '*' stands for anything before. */
static const struct {
	const char *name;
	enum ktally_kind kind;
} known[] = {
	{ "*_class", KTALLY_KIND_STATE }, { "*pid", KTALLY_KIND_PID }, { "*tgid", KTALLY_KIND_PID }, { "tid", KTALLY_KIND_PID },
	{ "cpu", KTALLY_KIND_CPU }, { "*_cpu", KTALLY_KIND_CPU },
	{ "bytes", KTALLY_KIND_BYTES }, { "*_bytes", KTALLY_KIND_BYTES }, { "bytes_req", KTALLY_KIND_BYTES },
	{ "bytes_alloc", KTALLY_KIND_BYTES }, { "size", KTALLY_KIND_BYTES }, { "len", KTALLY_KIND_BYTES },
	{ "*delay", KTALLY_KIND_NS }, { "*runtime", KTALLY_KIND_NS }, { "*duration", KTALLY_KIND_NS }, { "*_ns", KTALLY_KIND_NS },
	{ "*flags", KTALLY_KIND_HEX }, { "*address", KTALLY_KIND_HEX }, { "addr", KTALLY_KIND_HEX }, { "error_code", KTALLY_KIND_HEX },
};

static const char *const symbols[] = { "ip", "_ip", "call_site", "caller", "function", "callback", "location", "func" };

static bool is_code(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
		if (!strcmp(name, symbols[i]) || (symbols[i][0] == '_' && ends_with(name, symbols[i])))
			return true;
	return false;
}

static bool is_syscall(const struct ktally_source_info *source, const char *field)
{
	return (!strncmp(source->name, "raw_syscalls:", 13) && !strcmp(field, "id")) ||
	       (!strncmp(source->name, "syscalls:", 9) && !strcmp(field, "__syscall_nr"));
}

/* A format file calls an address of code a pointer or an unsigned long. */
static enum ktally_kind field_kind(const struct ktally_source_info *source, const struct ktally_source_field *field)
{
	bool event = source->kind == KTALLY_SOURCE_EVENT;
	size_t i;

	if (field->type == KTALLY_TYPE_STRING)
		return KTALLY_KIND_STRING;
	if (field->type == KTALLY_TYPE_KPTR || (event && field->type == KTALLY_TYPE_UINT && field->size == 8 && is_code(field->name)))
		return is_code(field->name) ? KTALLY_KIND_KSYM : KTALLY_KIND_HEX;
	if (field->type == KTALLY_TYPE_UPTR)
		return KTALLY_KIND_HEX;
	if (is_syscall(source, field->name))
		return KTALLY_KIND_SYSCALL;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].name[0] == '*' ? ends_with(field->name, known[i].name + 1) : !strcmp(field->name, known[i].name))
			return known[i].kind;
	return field->type == KTALLY_TYPE_INT ? KTALLY_KIND_INT : KTALLY_KIND_UINT;
}

/* As C widens them: what fits in a signed 64-bit number becomes one, only full 64 bits stay unsigned. */
static enum kt_type field_type(const struct ktally_source_field *field)
{
	switch (field->type) {
	case KTALLY_TYPE_STRING:
		return KT_STRING;
	case KTALLY_TYPE_INT:
		return KT_S64;
	case KTALLY_TYPE_UINT:
		return field->size < 8 ? KT_S64 : KT_U64;
	default:
		return KT_U64;
	}
}

unsigned int kt_string_bytes(unsigned int size)
{
	size = (size + 7) & ~7U;
	return size > KTALLY_STRING_MAX ? KTALLY_STRING_MAX : size ? size : 8;
}

/* A text whose size nobody knows before it is there gets as much as a key can take of it. */
#define DYNAMIC_TEXT	64

static void record_text(struct kt_node *node, const struct ktally_source_field *field, unsigned int bytes)
{
	bool dynamic = field->flags & KTALLY_RECORD_DYNAMIC;

	node->insn.op = KTALLY_OP_RECORD_TEXT;
	node->insn.aux = field->offset | field->flags;
	node->insn.imm = bytes | (dynamic ? 0 : (uint64_t)field->size << 32);
	node->words = bytes / 8;
	node->capacity = !dynamic && field->size < bytes ? field->size : bytes;
}

static void record_number(struct kt_node *node, const struct ktally_source_field *field, unsigned int element, unsigned int index)
{
	bool dynamic = field->flags & KTALLY_RECORD_DYNAMIC;

	node->insn.op = KTALLY_OP_RECORD;
	node->insn.aux = (field->offset + (dynamic ? 0 : index * element)) | element << 16 | field->flags;
	node->insn.imm = dynamic ? index * element : 0;
	if (field->type == KTALLY_TYPE_INT)
		node->insn.aux |= KTALLY_RECORD_SIGNED;
}

static struct kt_node *field_node(struct kt_compile *c, const struct ktally_source_field *field, int pos, int len)
{
	struct kt_node *node = kt_node_new(c, KT_LEAF, field_type(field), pos, len);

	if (node)
		node->kind = field_kind(c->source, field);
	return node;
}

static struct kt_node *event_field(struct kt_compile *c, const struct ktally_source_field *field, int pos, int len)
{
	struct kt_node *node;

	if (field->element)
		return KT_NULL(c, -EINVAL, pos, len, "'%s' is an array; one of its numbers is %s[0]", field->name, field->name);
	node = field_node(c, field, pos, len);
	if (!node)
		return NULL;
	if (node->type == KT_STRING)
		record_text(node, field, field->flags & KTALLY_RECORD_DYNAMIC ? DYNAMIC_TEXT : kt_string_bytes(field->size));
	else
		record_number(node, field, field->size, 0);
	return node;
}

struct kt_node *kt_field(struct kt_compile *c, unsigned int n, int pos, int len)
{
	const struct ktally_source_field *field = &c->source->fields[n];
	struct kt_node *node;

	if (c->nr_sites && n >= c->nr_registers)
		return kt_usdt_argument(c, n - c->nr_registers, pos, len);
	if (c->source->kind == KTALLY_SOURCE_EVENT)
		return event_field(c, field, pos, len);
	node = field_node(c, field, pos, len);
	if (!node)
		return NULL;
	node->insn.op = KTALLY_OP_FIELD;
	node->insn.aux = n;
	if (node->type == KT_STRING) {
		node->insn.imm = kt_string_bytes(field->size);
		node->words = node->insn.imm / 8;
		node->capacity = field->size < node->insn.imm ? field->size : node->insn.imm;
	}
	return node;
}

int kt_find_field(const struct kt_compile *c, const char *name)
{
	unsigned int i;

	for (i = 0; i < c->source->nr_fields; i++)
		if (!strcmp(c->source->fields[i].name, name))
			return i;
	return -1;
}

static int index_max(const struct ktally_source_field *array)
{
	return (array->size ? array->size : 0x10000) / array->element - 1;
}

struct kt_node *kt_element(struct kt_compile *c, const struct kt_token *name, const struct kt_node *index)
{
	int field = kt_find_field(c, name->text), len = index->pos + index->len - name->pos;
	const struct ktally_source_field *array = field >= 0 ? &c->source->fields[field] : NULL;
	struct ktally_source_field one;
	struct kt_node *node;

	if (!array && !strncmp(name->text, "start.", 6))
		return kt_pair_element(c, name, index);
	if (!array)
		return kt_name(c, name);	/* which says what is wrong with it */
	if (!array->element)
		return KT_NULL(c, -EINVAL, name->pos, name->len, "'%s' is no array", name->text);
	if (index->op != KT_CONST)
		return KT_NULL(c, -EINVAL, index->pos, index->len, "the index of an array is a constant number");
	if (index->value > (uint64_t)index_max(array))
		return KT_NULL(c, -EINVAL, index->pos, index->len, "the index of '%s' is between 0 and %d", name->text, index_max(array));
	one = *array;
	one.size = array->element;
	node = field_node(c, &one, name->pos, len);
	if (node)
		record_number(node, array, array->element, index->value);
	return node;
}

/* Without a list a record has what a reader would look at: not all registers, not the numbers of an array. */
static bool shown(const struct kt_compile *c, unsigned int n)
{
	const struct ktally_source_field *field = &c->source->fields[n];

	if (c->nr_sites)
		return n >= c->nr_registers;
	if (c->source->kind == KTALLY_SOURCE_UPROBE)
		return !strncmp(field->name, "arg", 3);
	if (c->source->kind == KTALLY_SOURCE_URETPROBE)
		return !strcmp(field->name, "ret");
	return !field->element;
}

struct kt_node *kt_default_value(struct kt_compile *c, unsigned int n, const char **name)
{
	unsigned int i;

	for (i = 0; i < c->source->nr_fields; i++) {
		if (!shown(c, i) || n--)
			continue;
		*name = c->source->fields[i].name;
		return kt_field(c, i, -1, 0);
	}
	return NULL;
}

bool kt_is_field(const struct kt_compile *c, const char *name)
{
	return kt_find_field(c, name) >= 0;
}

void kt_list_fields(const struct kt_compile *c, char *buf, size_t size)
{
	size_t used;
	unsigned int i;

	if (!c->source->nr_fields) {
		snprintf(buf, size, "'%s' has no fields of its own", c->source->name);
		return;
	}
	used = snprintf(buf, size, "fields of '%s':", c->source->name);
	for (i = 0; i < c->source->nr_fields && used < size; i++)
		if (c->source->fields[i].name[0])
			used += snprintf(buf + used, size - used, " %s%s", c->source->fields[i].name, c->source->fields[i].element ? "[]" : "");
}

/* str(FIELD, LENGTH) of a text in the record: how much of it is kept. */
void kt_resize_text(struct kt_node *node, unsigned int bytes)
{
	unsigned int size = node->insn.imm >> 32;

	node->insn.imm = (uint64_t)size << 32 | bytes;
	node->words = bytes / 8;
	node->capacity = size && size < bytes ? size : bytes;
}
