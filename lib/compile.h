/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * compile.h: what the parts of the event compiler share.
 *
 *	compile.c --> source.c (SOURCE), attrs.c, columns.c (ATTR) --> parse.c (grammar) --> lex.c (tokens)
 *	                                                         \--> names.c (context, functions), fields.c --> near.c
 *	                                                          \-> expr.c (types, constant folding)
 *	compile.c --> relation.c ('->' and ';': which events are a pair), pair_names.c (what an end knows of its start)
 *	attrs.c --> gates.c, counters.c; compile.c --> unsaid.c (defaults)
 *	compile.c --> program.c (filter, key, values, record) --> codegen.c (expressions) --> registers.c
 *	                                                     \--> pair_program.c, gates.c, counters.c
 *
 * A function that makes a node returns NULL after it has described the error, and takes NULL as "already failed".
 */
#ifndef KTALLY_COMPILE_H
#define KTALLY_COMPILE_H

#include <errno.h>

#include "libktally.h"

#define KT_TEXT_MAX		4096	/* bytes of an event text */
#define KT_NESTING_MAX		128	/* parentheses and unary operators inside each other */
#define KT_DEFAULT_ROWS		4096
#define KT_DEFAULT_TABLE	(8U << 20)	/* bytes of a half's rows, where rows= does not say otherwise, */
#define KT_LEAST_ROWS		256		/* but so many rows at least */
#define KT_DEFAULT_RING		(512U << 10)
#define KT_DEFAULT_STACKS	16384
#define KT_DEFAULT_SCRATCH	(64U << 10)
#define KT_DEFAULT_OPEN		16384	/* starts of a pair that can be open at a time */
#define KT_DEFAULT_DUMP_RING	(4U << 20)	/* of sessions that dump user stacks */
#define KT_DEFAULT_DUMP	16384	/* bytes of a user stack in a dump */
#define KT_EVENTS_MAX		64	/* events of one text */
#define KT_ATTRS_MAX		64	/* attributes that there are */

/* ---- tokens: lex.c ---- */

/** enum kt_tok - kinds of tokens; one-character operators are their own character */
enum kt_tok {
	KT_TOK_END = 0,
	KT_TOK_NAME = 256,
	KT_TOK_NUMBER,
	KT_TOK_TEXT,		/* string literal */
	KT_TOK_OROR,
	KT_TOK_ANDAND,
	KT_TOK_EQ,
	KT_TOK_NE,
	KT_TOK_LE,
	KT_TOK_GE,
	KT_TOK_SHL,
	KT_TOK_SHR,
	KT_TOK_NOTMATCH,	/* !~ */
};

/** enum kt_unit - suffix of a number that changes what it is, not only its size */
enum kt_unit {
	KT_UNIT_NONE,
	KT_UNIT_TIME,
	KT_UNIT_HZ,
};

/**
 * struct kt_token - one token
 * @value: NUMBER: scaled by its suffix
 * @unit: NUMBER: enum kt_unit
 * @text: TEXT: the bytes without quotes and escapes; NAME: NUL-terminated
 * @text_len: of @text
 */
struct kt_token {
	int type;
	int pos, len;
	uint64_t value;
	enum kt_unit unit;
	char text[KTALLY_STRING_MAX + 1];
	unsigned int text_len;
};

/* ---- expressions: expr.c ---- */

/** enum kt_type - type of an expression; integers have 64 bits */
enum kt_type {
	KT_S64,
	KT_U64,
	KT_STRING,
};

/**
 * enum kt_op - kinds of nodes
 * @KT_CONST: @value
 * @KT_LITERAL: string literal, @text; only an operand of comparisons
 * @KT_LEAF: @insn without its destination gives the value (FIELD, CONTEXT, STACK, COUNTER); with KTALLY_OP_END it is one of the words
 *	that the end of a pair has found: @insn.aux is enum kt_result, @insn.imm its number
 * @KT_LOAD: @insn applied to @a (LOAD, STRING)
 * @KT_BINARY: @insn.op applied to @a and @b
 * @KT_COMPARE: 1 if the jump @insn.op of @a and @b would be taken
 * @KT_AND: @a && @b
 * @KT_OR: @a || @b
 * @KT_NOT: !@a
 * @KT_MATCH: 1 if string @a matches the literal @b; @insn.aux holds the flags
 * @KT_SITE: what it is depends on the place that is compiled: kt_use_site() makes it one of @site
 */
enum kt_op {
	KT_CONST,
	KT_LITERAL,
	KT_LEAF,
	KT_LOAD,
	KT_BINARY,
	KT_COMPARE,
	KT_AND,
	KT_OR,
	KT_NOT,
	KT_MATCH,
	KT_SITE,
};

/**
 * struct kt_node - one node of an expression
 * @pos, @len: its place in the event text
 * @kind: how its value is shown
 * @words: registers of its value
 * @capacity: KT_STRING: characters it can hold
 * @per_site, @site: KT_SITE: its nodes, one for each place of the source, linked by @site
 */
struct kt_node {
	enum kt_op op;
	enum kt_type type;
	enum ktally_kind kind;
	int pos, len;
	uint64_t value;
	unsigned int words, capacity;
	struct ktally_insn insn;
	char *text;
	unsigned int text_len;
	struct kt_node *a, *b;
	bool per_site;
	struct kt_node *site;
	struct kt_node *next;		/* in the compilation's list of all nodes */
};

/**
 * struct kt_item - one expression of a key, a record or a value column
 * @column: value columns only
 */
struct kt_item {
	struct kt_node *node;		/* NULL: column without a value */
	enum ktally_kind kind;
	char name[64];
	struct ktally_column column;
};

struct kt_items {
	unsigned int nr;
	struct kt_item item[KTALLY_REGS];
};

/* ---- relations: relation.c, pair_names.c ---- */

struct kt_compile;

/** enum kt_result - what an end finds, in the order of its registers; COUNTER and SAVED have several */
enum kt_result {
	KT_RESULT_LAT,
	KT_RESULT_ONCPU,
	KT_RESULT_SELF,
	KT_RESULT_CALLER,
	KT_RESULT_COUNTER,
	KT_RESULT_SAVED,
};

/** struct kt_place - where something was asked for; @c NULL: nowhere */
struct kt_place {
	struct kt_compile *c;
	int pos, len;
};

/** struct kt_saved - a value that every start of a pair saves for its end; the starts' nodes are in their own @saves */
struct kt_saved {
	char name[64];
	enum kt_type type;
	enum ktally_kind kind;
	unsigned int words, capacity;
};

/**
 * struct kt_pair - what joins some events of a text to those behind the next '->'
 * @starts, @nr_starts, @ends, @nr_ends: its events
 * @number: in the plan
 * @kind, @flags: as in struct ktally_pair_plan
 * @counters: numbers of the plan's counters
 * @oncpu, @nest, @inner, @counted: where it is told that the pair nests; where oncpu, self or caller, a counter are used
 */
struct kt_pair {
	struct kt_compile **starts, **ends;
	unsigned int nr_starts, nr_ends;
	unsigned int number, kind, flags;
	struct kt_saved saved[KTALLY_PAIR_SAVED_MAX];
	unsigned int nr_saved;
	uint32_t counters[KTALLY_PAIR_COUNTERS_MAX];
	unsigned int nr_counters;
	struct kt_place oncpu, nest, inner, counted;
};

/** struct kt_relation - one call of ktally_compile(): the events of its text and the pairs they make */
struct kt_relation {
	const char *text;
	struct ktally_plan *plan;
	struct kt_compile *events[KT_EVENTS_MAX];
	unsigned int nr_events;
	struct kt_pair pairs[KT_EVENTS_MAX];
	unsigned int nr_pairs;
};

/** enum kt_gate_kind - who is let through */
enum kt_gate_kind {
	KT_GATE_NONE,
	KT_GATE_EVERY,
	KT_GATE_CHANCE,
	KT_GATE_BYTES,
	KT_GATE_TIERS,
	KT_GATE_PER,
};

/* In kt_compile.stack, beside KTALLY_STACK_*: registers and a piece of the user stack go into the ring, to be unwound by the reader. */
#define KT_STACK_DUMP	4U

/** struct kt_gate - @size: BYTES, TIERS */
struct kt_gate {
	enum kt_gate_kind kind;
	const char *name;
	uint64_t number;
	struct kt_node *size;
};

/**
 * struct kt_compile - one event of a text
 * @text: the whole text, blank up to the event and cut off behind it, so that places in it are places in @input
 * @own: the event's own text, inside @text
 */
struct kt_compile {
	char *text;
	const char *own, *input;
	const struct ktally_catalogue *cat;
	const struct ktally_compile_opts *opts;
	struct ktally_error *err;
	int rc;				/* of the error that was described */

	int next;			/* lexer: offset behind @tok */
	struct kt_token tok;		/* the token at hand */
	unsigned int parens, nesting;
	struct kt_node *nodes;

	const struct ktally_source_info *source;	/* whose fields can be named */
	struct ktally_source_info *made;		/* @source, if it was made for this text; freed with the compilation */
	struct ktally_probe_plan probe;
	bool periodic;			/* freq= and period= make sense */
	bool counted;			/* and period= is a count, not a time */
	struct ktally_uprobe_site *sites;		/* USDT: the places of the probe, each gets a program of its own */
	unsigned int nr_sites, nr_registers;		/* the fields of @source behind its registers are the arguments of the sites */

	struct ktally_plan *plan;
	struct kt_pair *opens, *closes;		/* the pairs it is a start and an end of */
	struct kt_items joins, start_keys, end_keys, saves;
	uint64_t than;
	struct kt_gate gate;
	uint32_t deltas[KTALLY_COUNTERS_MAX];	/* counters that are read at every hit */
	unsigned int nr_deltas;
	bool first, stay, dump, keep;

	struct kt_node *filter;
	struct kt_items keys, values, emits;
	uint64_t seen;			/* attributes, by their place in the table of attrs.c */
	struct {
		int pos, len;
	} where[KT_ATTRS_MAX];		/* and where they stand */
	unsigned int stack;		/* KTALLY_STACK_KERNEL | KTALLY_STACK_USER | KT_STACK_DUMP */
	bool has_stack;			/* one goes to the store */
	unsigned int dump_bytes;	/* of the user stack in a dump */
	unsigned int exstack;			/* KTALLY_COLUMN_KSTACK or KTALLY_COLUMN_USTACK */
	unsigned int depth, rows;
	bool keyed, emit;
	char alias[128];
};

/* Describe an error at @len bytes at @pos and remember its code. kt_fail() returns the code, KT_NULL() fits node functions. */
int kt_fail(struct kt_compile *c, int code, int pos, int len, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
#define KT_NULL(...) (kt_fail(__VA_ARGS__), (struct kt_node *)NULL)

/* lex.c */
int kt_next(struct kt_compile *c);			/* the next token into @tok */
int kt_restart(struct kt_compile *c, int pos);		/* go on at @pos */
const char *kt_token_name(const struct kt_compile *c, char *buf, size_t size);	/* "'&&'", "the end", for errors */

/* parse.c */
struct kt_node *kt_parse_expr(struct kt_compile *c);
int kt_expect(struct kt_compile *c, int type, const char *after);
int kt_parse_const(struct kt_compile *c, const char *what, int64_t *value, enum kt_unit *unit);

/* names.c */
struct kt_node *kt_name(struct kt_compile *c, const struct kt_token *name);
struct kt_node *kt_function(struct kt_compile *c, const struct kt_token *name, struct kt_node **args, unsigned int nr);
struct kt_node *kt_context(struct kt_compile *c, enum ktally_context ctx);
/** kt_stack_id - @kind: KTALLY_STACK_* */
struct kt_node *kt_stack_id(struct kt_compile *c, unsigned int kind, unsigned int depth);
/** kt_stack_depth - of the stacks of an event, as depth= or the options have it */
unsigned int kt_stack_depth(const struct kt_compile *c);
struct kt_node *kt_user_dump(struct kt_compile *c, unsigned int bytes);
bool kt_is_word(const char *name);			/* a word of the context */

/* fields.c */
struct kt_node *kt_field(struct kt_compile *c, unsigned int field, int pos, int len);
struct kt_node *kt_element(struct kt_compile *c, const struct kt_token *name, const struct kt_node *index);	/* name[index] */
struct kt_node *kt_default_value(struct kt_compile *c, unsigned int n, const char **name);	/* n-th value of a record that lists none; NULL: no more */
int kt_find_field(const struct kt_compile *c, const char *name);		/* -1: there is none */
bool kt_is_field(const struct kt_compile *c, const char *name);
void kt_list_fields(const struct kt_compile *c, char *buf, size_t size);	/* for errors */
unsigned int kt_string_bytes(unsigned int size);		/* registers' bytes of a text of @size */
void kt_resize_text(struct kt_node *node, unsigned int bytes);	/* of a text in a record */

/* usdt_expr.c: the value of argument @n (0 is arg1) of a USDT probe, at all sites */
struct kt_node *kt_usdt_argument(struct kt_compile *c, unsigned int n, int pos, int len);

/* near.c */
#define KT_NEAR_MAX 3

/** struct kt_near - the names nearest to @want; zero it and set @want */
struct kt_near {
	const char *want;
	unsigned int nr;
	struct {
		const char *name;
		unsigned int distance;
	} best[KT_NEAR_MAX];
};
void kt_near_add(struct kt_near *near, const char *name);
const char *kt_near_text(const struct kt_near *near, char *buf, size_t size);	/* "; did you mean ...?" or "" */

/* expr.c */
struct kt_node *kt_node_new(struct kt_compile *c, enum kt_op op, enum kt_type type, int pos, int len);
struct kt_node *kt_number(struct kt_compile *c, uint64_t value, enum kt_type type, int pos, int len);
struct kt_node *kt_literal(struct kt_compile *c, const struct kt_token *tok);
struct kt_node *kt_binary(struct kt_compile *c, int tok, struct kt_node *a, struct kt_node *b);
struct kt_node *kt_unary(struct kt_compile *c, int tok, int pos, struct kt_node *a);
struct kt_node *kt_condition(struct kt_compile *c, struct kt_node *a);	/* as 0 or 1 */
bool kt_is_condition(const struct kt_node *node);
uint8_t kt_jump_inverse(uint8_t op);

/* fold.c */
uint64_t kt_fold_binary(uint8_t op, uint64_t a, uint64_t b);
bool kt_fold_jump(uint8_t op, uint64_t a, uint64_t b);

/* match.c */
struct kt_node *kt_string_compare(struct kt_compile *c, int tok, struct kt_node *a, struct kt_node *b);

/* source.c, attrs.c */
int kt_parse_source(struct kt_compile *c);
void kt_use_site(struct kt_compile *c, unsigned int n);	/* compile for the n-th of @sites */
int kt_parse_parts(struct kt_compile *c);
int kt_fail_attr(struct kt_compile *c, const char *name, const char *what);	/* point at attribute @name: -EINVAL */
int kt_set_period(struct kt_compile *c, uint64_t value, enum kt_unit unit, int pos, int len);

/* codegen.c, registers.c */

/** struct kt_cached - registers that hold the value of a leaf */
struct kt_cached {
	bool valid;
	struct ktally_insn leaf;
	unsigned int reg, words, pins;
	unsigned long age;
};

/** struct kt_label - a place that jumps go to; @cached: cache entries that hold at every jump to it so far */
struct kt_label {
	int pos;		/* -1 until bound */
	bool jumped;
	uint32_t cached;
};

#define KT_LABELS_MAX 256

/** struct kt_gen - the program while it is made */
struct kt_gen {
	struct kt_compile *c;
	struct ktally_insn insns[KTALLY_INSNS_MAX];
	int target[KTALLY_INSNS_MAX];	/* label a jump goes to, -1 for others */
	unsigned int nr;
	unsigned char data[KTALLY_DATA_MAX];
	unsigned int data_len;
	uint32_t used;			/* registers taken */
	struct kt_cached cache[KTALLY_REGS];
	unsigned long age;
	struct kt_label labels[KT_LABELS_MAX];
	unsigned int nr_labels;
};

/** struct kt_operand - a value in registers: borrowed from the cache or a temporary of its own */
struct kt_operand {
	int reg;
	unsigned int words;
	struct kt_cached *cached;
};

int kt_reg_alloc(struct kt_gen *g, unsigned int words, const struct kt_node *blame);	/* first register or -errno */
void kt_reg_free(struct kt_gen *g, unsigned int reg, unsigned int words);
struct kt_cached *kt_cache_find(struct kt_gen *g, const struct ktally_insn *leaf);
struct kt_cached *kt_cache_add(struct kt_gen *g, const struct ktally_insn *leaf, unsigned int reg, unsigned int words);
void kt_cache_keep(struct kt_gen *g, uint32_t entries);		/* forget all others */
uint32_t kt_cache_mask(const struct kt_gen *g);
void kt_cache_drop(struct kt_gen *g, const struct ktally_insn *leaf);	/* its value changes here */

int kt_emit(struct kt_gen *g, const struct ktally_insn *insn);
int kt_emit_jump(struct kt_gen *g, const struct ktally_insn *insn, int label);	/* of an END: where it goes without a start */
int kt_label_new(struct kt_gen *g);
void kt_label_bind(struct kt_gen *g, int label);
void kt_labels_resolve(struct kt_gen *g);
int kt_gen_into(struct kt_gen *g, const struct kt_node *node, unsigned int dst);
int kt_gen_jump(struct kt_gen *g, const struct kt_node *node, bool when, int label);
int kt_gen_operand(struct kt_gen *g, const struct kt_node *node, struct kt_operand *op);
void kt_operand_release(struct kt_gen *g, struct kt_operand *op);

/* program.c */

/** struct kt_span - the values of a key, of the columns or of a record, side by side; @pinned: cache entries inside it */
struct kt_span {
	unsigned int reg, words;
	uint32_t pinned;
};
int kt_gen_span(struct kt_gen *g, const struct kt_items *items, struct kt_span *span);
void kt_release_span(struct kt_gen *g, const struct kt_span *span);
unsigned int kt_words(const struct kt_items *items);
int kt_program(struct kt_compile *c, unsigned int table, bool update);

/* unsaid.c */
int kt_complete(struct kt_compile *c, bool *update);	/* @update: it makes a table */
struct kt_item *kt_item_new(struct kt_compile *c, struct kt_items *items, struct kt_node *node, const char *name);
int kt_add_stack(struct kt_compile *c, struct kt_items *items);

/* compile.c */
void kt_fit_label(struct ktally_schema *schema);
void kt_title(char *title, size_t size, const char *text, int len);	/* text as a name: no control characters */

/* relation.c */
int kt_relation_split(struct kt_relation *relation, struct kt_compile *(*new_event)(struct kt_relation *relation, int pos, int len));
int kt_pair_starts_done(struct kt_pair *pair);		/* before the first end is parsed */
int kt_pair_settle(struct kt_pair *pair);		/* when all its events are parsed */
int kt_pair_plan(struct kt_pair *pair, struct ktally_plan *plan);
int kt_check_role(struct kt_compile *c, bool start, const char *name, int pos, int len);	/* an attribute of starts or ends only */

/* pair_names.c */
struct kt_node *kt_result(struct kt_compile *c, enum kt_result what, unsigned int n, enum ktally_kind kind, int pos, int len);
bool kt_pair_name(struct kt_compile *c, const struct kt_token *name, struct kt_node **node);	/* false: the name is none of a pair */
/** kt_start_image - the image of the process at the start, saved for this end */
struct kt_node *kt_start_image(struct kt_compile *c);
struct kt_node *kt_pair_element(struct kt_compile *c, const struct kt_token *name, const struct kt_node *index);
void kt_near_pair_names(struct kt_near *near);
bool kt_uses_results(const struct kt_node *node);
int kt_save(struct kt_pair *pair, unsigned int start, struct kt_node *node, const char *name);

/* pair_program.c */
int kt_gen_end(struct kt_gen *g, int reject);
int kt_gen_start(struct kt_gen *g);
unsigned int kt_pair_words(const struct kt_pair *pair);	/* of all results */

/* gates.c */
int kt_gen_gate(struct kt_gen *g);
void kt_forget_weight(struct kt_gen *g);

/* counters.c */
struct kt_node *kt_pmu_call(struct kt_compile *c, const struct kt_token *name);	/* pmu(NAME); the token at hand is '(' */
int kt_gen_deltas(struct kt_gen *g);

#endif
