/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel tests share: sessions from plans written by hand, work of known size, and questions about results. */
#ifndef KTALLY_TESTS_KIT_H
#define KTALLY_TESTS_KIT_H

#include "libktally.h"

/** struct kit - one session under test; zero it, then kit_open() */
struct kit {
	struct ktally_plan *plan;
	struct ktally_client *client;
	uint32_t session;
	struct ktally_device *dev;
	struct ktally_snapshot *snap;
	struct ktally_error err;
};

/* Every function that returns int: 0 (or what it says) or -errno with a sentence in kit->err. */
int kit_open(struct kit *kit);
void kit_close(struct kit *kit);
/** kit_table - add a table of @nr_keys words; @kinds says their meaning, NULL: plain numbers. Return: its number */
int kit_table(struct kit *kit, unsigned int rows, unsigned int nr_keys, const enum ktally_kind *kinds,
	      const struct ktally_column *columns, unsigned int nr_columns);
/** kit_probe - add a probe. Return: its number */
int kit_probe(struct kit *kit, enum ktally_source_kind kind, const char *name, const struct ktally_insn *insns, unsigned int nr);
/** kit_pattern - give the last probe its constant block */
int kit_pattern(struct kit *kit, const void *data, unsigned int len);
/** kit_pair - add a pair whose words are plain numbers. Return: its number */
int kit_pair(struct kit *kit, enum ktally_pair_kind kind, unsigned int nr_keys, unsigned int nr_saved, unsigned int entries);
/** kit_event - add what @text compiles to */
int kit_event(struct kit *kit, const char *text);
/** kit_make, kit_start, kit_stop, kit_take - create; create (if needed), start and attach; stop; new kit->snap */
int kit_make(struct kit *kit);
int kit_start(struct kit *kit);
int kit_stop(struct kit *kit);
int kit_take(struct kit *kit);
/** kit_look - what the session is like now */
int kit_look(struct kit *kit, struct ktally_session_info *info);
/** kit_attach - use the existing session @name, which must have been started */
int kit_attach(struct kit *kit, const char *name);

/** kit_row - the row of a key of one word, or NULL */
const struct ktally_row *kit_row(const struct kit *kit, unsigned int table, uint64_t key);
/** kit_hits - its hits, 0 if there is none */
uint64_t kit_hits(const struct kit *kit, unsigned int table, uint64_t key);
/** kit_total - hits of all rows and of the other row */
uint64_t kit_total(const struct kit *kit, unsigned int table);
/** kit_cells - cells of the value column called @name; NULL if there is none */
const uint64_t *kit_cells(const struct kit *kit, unsigned int table, const struct ktally_row *row, const char *name);
/** kit_value - SUM, MIN or MAX called @name, INT64_MIN if there is none or no @row */
int64_t kit_value(const struct kit *kit, unsigned int table, const struct ktally_row *row, const char *name);
/** kit_closes - every identity closes */
bool kit_closes(const struct kit *kit);

/** kit_calls - @n getppid system calls from where we are */
void kit_calls(uint64_t n);
/** kit_calls_on - the same from a new thread on @cpu, and wait for it. Return: 0 or -errno */
int kit_calls_on(unsigned int cpu, uint64_t n);
/** kit_calls_both - @n on CPU 0 and @m on CPU 1 at the same time */
int kit_calls_both(uint64_t n, uint64_t m);
/** kit_pin - this thread on @cpu only */
int kit_pin(unsigned int cpu);
/** kit_number - a number from the environment */
uint64_t kit_number(const char *name, uint64_t otherwise);
/** kit_file_number - the number in a file of one, -errno if it cannot be had */
long kit_file_number(const char *path);
/** kit_write - write @text into a file of proc or sys */
int kit_write(const char *path, const char *text);
/** kit_tell - give the test module (tests/module/main.c) a command. Return: 0 or -errno, -ENOENT: it is not loaded */
int kit_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** kit_tell_on - the same from a new thread on @cpu, and wait for it */
int kit_tell_on(unsigned int cpu, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** kit_symbol - address of a symbol of the kernel, 0 if there is none */
uint64_t kit_symbol(const char *name);
/** kit_now - nanoseconds of CLOCK_MONOTONIC */
uint64_t kit_now(void);
/* What a quick machine does in a moment, a slow or busy one is given so long for, ns. */
#define KIT_PATIENCE 60000000000ull
/** kit_sleep_ms - really that long, whatever the signals */
void kit_sleep_ms(unsigned int ms);
/** kit_settle - poll until no session and no module reference is left, up to @ms. Return: 0 or -ETIMEDOUT */
int kit_settle(unsigned int ms);

/**
 * kit_call_symbol - the function of a system call, as this kernel calls it
 * @call: "getppid"; "": what its name begins with
 *
 * Return: a string that stays until the next 7 were asked for.
 */
const char *kit_call_symbol(const char *call);

#if defined(__x86_64__)
#define KIT_BREAKPOINTS 1	/* hardware breakpoints can be watched */
#elif defined(__aarch64__)
#define KIT_BREAKPOINTS 0
#endif

/* Instructions, by what they do. */
#define EXIT(verdict_)		{ .op = KTALLY_OP_EXIT, .imm = KTALLY_VERDICT_##verdict_ }
#define FIELD(dst_, n_)		{ .op = KTALLY_OP_FIELD, .dst = (dst_), .aux = (n_) }
#define FIELD_TEXT(dst_, n_, size_) { .op = KTALLY_OP_FIELD, .dst = (dst_), .aux = (n_), .imm = (size_) }
#define CONTEXT(dst_, what_)	{ .op = KTALLY_OP_CONTEXT, .dst = (dst_), .aux = KTALLY_CTX_##what_ }
#define SET(dst_, value_)	{ .op = KTALLY_OP_IMM, .dst = (dst_), .imm = (uint64_t)(value_) }
#define MOVE(dst_, a_)		{ .op = KTALLY_OP_MOV, .dst = (dst_), .a = (a_) }
#define CALC(op_, dst_, a_, value_) \
	{ .op = KTALLY_OP_##op_, .dst = (dst_), .a = (a_), .b = KTALLY_NO_REG, .imm = (uint64_t)(value_) }
#define SKIP_IF(op_, a_, value_, n_) \
	{ .op = KTALLY_OP_J##op_, .a = (a_), .b = KTALLY_NO_REG, .aux = (n_), .imm = (uint64_t)(value_) }
#define UPDATE(table_, key_, values_) { .op = KTALLY_OP_UPDATE, .a = (key_), .b = (values_), .aux = (table_) }
#define EMIT(a_, nr_)		{ .op = KTALLY_OP_EMIT, .a = (a_), .aux = (nr_) }
#define STACK(dst_, kind_, depth_) \
	{ .op = KTALLY_OP_STACK, .dst = (dst_), .aux = KTALLY_STACK_##kind_, .imm = (depth_) }
#define PAIR_START(pair_, key_, saved_) { .op = KTALLY_OP_START, .aux = (pair_), .a = (key_), .b = (saved_) }
/* The results are from @dst on; without a start it skips @n instructions. */
#define PAIR_END(dst_, pair_, key_, n_) { .op = KTALLY_OP_END, .dst = (dst_), .aux = (pair_), .a = (key_), .imm = (n_) }
#define GATE(kind_, number_)	{ .op = KTALLY_OP_GATE, .aux = KTALLY_GATE_##kind_, .imm = (number_) }
#define MATCH(dst_, a_, size_, len_, flags_) \
	{ .op = KTALLY_OP_MATCH, .dst = (dst_), .a = (a_), .aux = (size_) | (flags_), .imm = (uint64_t)(len_) << 32 }

/* Three instructions that end the program as filtered unless this process hit; register 31 is lost. */
#define ONLY_US			CONTEXT(31, PID), SKIP_IF(EQ, 31, getpid(), 1), EXIT(FILTERED)

#define COUNTOF(array)		(sizeof(array) / sizeof((array)[0]))
#define PROGRAM(insns)		(insns), COUNTOF(insns)

#endif /* KTALLY_TESTS_KIT_H */
