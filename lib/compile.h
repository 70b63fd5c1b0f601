/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * compile.h: what the parts of the event compiler share.
 *
 *	compile.c --> source.c (SOURCE), attrs.c, columns.c (ATTR) --> parse.c (grammar) --> lex.c (tokens)
 *	                                                         \--> names.c (fields, context, functions) --> near.c
 *	                                                          \-> expr.c (types, constant folding)
 *	compile.c --> program.c (filter, key, values, record) --> codegen.c (expressions) --> registers.c
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
#define KT_DEFAULT_RING		(512U << 10)
#define KT_DEFAULT_STACKS	16384

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
 * @KT_LEAF: @insn without its destination gives the value (FIELD, CONTEXT, STACK)
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

/** struct kt_compile - one call of ktally_compile() */
struct kt_compile {
	const char *text;
	int text_len;
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
	unsigned int nr_sites;

	struct kt_node *filter;
	struct kt_items keys, values, emits;
	uint64_t seen;			/* attributes, by their place in the table of attrs.c */
	unsigned int stack;		/* KTALLY_STACK_KERNEL | KTALLY_STACK_USER */
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
struct kt_node *kt_field(struct kt_compile *c, unsigned int field, int pos, int len);
struct kt_node *kt_context(struct kt_compile *c, enum ktally_context ctx);
struct kt_node *kt_stack_id(struct kt_compile *c, unsigned int kind, unsigned int depth);
struct kt_node *kt_element(struct kt_compile *c, struct kt_node *array, struct kt_node *index);	/* array[index] */
bool kt_is_field(const struct kt_compile *c, const char *name);
bool kt_is_word(const char *name);			/* a word of the context */
struct kt_node *kt_default_value(struct kt_compile *c, unsigned int n, const char **name);	/* n-th value of a record that lists none; NULL: no more */

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

int kt_emit(struct kt_gen *g, const struct ktally_insn *insn);
int kt_label_new(struct kt_gen *g);
void kt_label_bind(struct kt_gen *g, int label);
void kt_labels_resolve(struct kt_gen *g);
int kt_gen_into(struct kt_gen *g, const struct kt_node *node, unsigned int dst);
int kt_gen_jump(struct kt_gen *g, const struct kt_node *node, bool when, int label);
int kt_gen_operand(struct kt_gen *g, const struct kt_node *node, struct kt_operand *op);
void kt_operand_release(struct kt_gen *g, struct kt_operand *op);

/* program.c */
int kt_program(struct kt_compile *c, unsigned int table, bool update);

#endif
