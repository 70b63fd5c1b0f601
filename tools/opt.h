/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Options as data: a table of rows bound to the members of a command's configuration by offsetof.
 * The parser, the help, the completion and the manual pages all read the same rows.
 */
#ifndef _KTALLY_OPT_H
#define _KTALLY_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ktally_exporter;

/** struct opt_texts - a repeatable option: its values in order, borrowed from argv */
struct opt_texts {
	const char **items;
	unsigned int nr;
};

/** struct opt_numbers - a list of numbers such as 12,40 */
struct opt_numbers {
	uint32_t *items;
	unsigned int nr;
};

/** struct opt_mask - a list of ranges such as 0-3,8 as a bit mask; @words is 0 when not given */
struct opt_mask {
	uint64_t *bits;
	unsigned int words;
};

/**
 * enum opt_type - what a value is and which member takes it
 * @OPT_END: end of a table
 * @OPT_GROUP: no option: a heading, @help is its text
 * @OPT_FLAG: bool, takes no value
 * @OPT_UINT: unsigned int from @min to @max
 * @OPT_SIZE: uint32_t, bytes with K, M or G
 * @OPT_DURATION: uint64_t nanoseconds, seconds unless it says us, ms, s, m, h
 * @OPT_PERCENT: uint32_t thousandths of a CPU, 1..1000; KTALLY_BUDGET_NONE for "none"
 * @OPT_TEXT: const char *
 * @OPT_EVENTS: struct opt_texts, event texts; repeatable
 * @OPT_FILES: struct opt_texts, output files; repeatable
 * @OPT_CHOICE: const char *, one of the words in @arg between '|'
 * @OPT_FORMAT: const struct ktally_exporter *, by name
 * @OPT_PIDS: struct opt_numbers; repeated ones add up
 * @OPT_CPUS: struct opt_mask; repeated ones add up
 */
enum opt_type {
	OPT_END = 0,
	OPT_GROUP,
	OPT_FLAG,
	OPT_UINT,
	OPT_SIZE,
	OPT_DURATION,
	OPT_PERCENT,
	OPT_TEXT,
	OPT_EVENTS,
	OPT_FILES,
	OPT_CHOICE,
	OPT_FORMAT,
	OPT_PIDS,
	OPT_CPUS,
	__OPT_TYPE_END,
};

/**
 * struct opt - one option
 * @letter: short name, 0 if none
 * @name: long name, without dashes
 * @arg: name of the value in the help, NULL for flags
 * @help: what it does, in a sentence without a period
 */
struct opt {
	enum opt_type type;
	char letter;
	const char *name;
	const char *arg;
	const char *help;
	size_t offset;
	unsigned int min, max;
};

#define OPT_ROW(cfg, kind, chr, long_name, member, metavar, text) \
	{ .type = (kind), .letter = (chr), .name = (long_name), .arg = (metavar), .help = (text), .offset = offsetof(cfg, member) }
#define OPT_ROW_UINT(cfg, chr, long_name, member, metavar, lo, hi, text) \
	{ .type = OPT_UINT, .letter = (chr), .name = (long_name), .arg = (metavar), .help = (text), .offset = offsetof(cfg, member), \
	  .min = (lo), .max = (hi) }
#define OPT_ROW_GROUP(text) { .type = OPT_GROUP, .help = (text) }
#define OPT_ROW_END { .type = OPT_END }

/** struct opt_common - what commands share; the first member of every configuration */
struct opt_common {
	bool help, json, strict, verbose, quiet, dry_run;
};

#define OPT_ROW_HELP(cfg)	OPT_ROW(cfg, OPT_FLAG, 'h', "help", common.help, NULL, "show this help")
#define OPT_ROW_JSON(cfg)	OPT_ROW(cfg, OPT_FLAG, 0, "json", common.json, NULL, "write JSON to standard output")
#define OPT_ROW_QUIET(cfg)	OPT_ROW(cfg, OPT_FLAG, 'q', "quiet", common.quiet, NULL, "no notes and no progress; errors and losses are still told")
#define OPT_ROW_VERBOSE(cfg)	OPT_ROW(cfg, OPT_FLAG, 'v', "verbose", common.verbose, NULL, "also show the compiled programs")
#define OPT_ROW_DRY_RUN(cfg)	OPT_ROW(cfg, OPT_FLAG, 0, "dry-run", common.dry_run, NULL, \
					"show the events that would be measured, and with the module loaded their programs; measure nothing")
#define OPT_ROW_STRICT(cfg)	OPT_ROW(cfg, OPT_FLAG, 0, "strict", common.strict, NULL, "end with status 5 if anything was lost")

/**
 * opt_parse - fill @cfg from @argv
 * @who: "ktally profile", for messages
 * @argc, @argv: behind the command's name; positional arguments are moved to the front
 * @nr_args: out: positional arguments
 * @command: out: what stands behind "--", NULL if there is no "--"
 *
 * Return: 0, or -1 after saying on stderr what is wrong. --help ends the parsing at once.
 */
int opt_parse(const struct opt *opts, void *cfg, const char *who, int argc, char **argv, int *nr_args, char ***command);
/** opt_release - free what opt_parse allocated for @cfg */
void opt_release(const struct opt *opts, void *cfg);

/** opt_takes_value, opt_repeats - properties of the option's type */
bool opt_takes_value(const struct opt *opt);
bool opt_repeats(const struct opt *opt);

/** opt_nearest - the word of @words (NULL-terminated) that @text is most likely meant to be; NULL if none is near */
const char *opt_nearest(const char *text, const char *const *words);

#endif /* _KTALLY_OPT_H */
