/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a command is: a row of the table in main.c, from which dispatch, help, completion and manual pages derive. */
#ifndef _KTALLY_CMD_H
#define _KTALLY_CMD_H

#include "opt.h"

/** enum exit_code - how ktally ends; with "-- COMMAND" that ran, its own status instead of EXIT_OK */
enum exit_code {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_PERMISSION = 3,
	EXIT_MODULE = 4,
	EXIT_INCOMPLETE = 5,
	EXIT_CANNOT_EXEC = 126,
	EXIT_NOT_FOUND = 127,
};

/** struct cmd_exit - what an exit status means, for help and manual pages; cmd_exits ends with a NULL text */
struct cmd_exit {
	int status;
	const char *text;
};
extern const struct cmd_exit cmd_exits[];

struct cmd;

/**
 * struct cmd_call - one use of a command
 * @cmd: its row
 * @cfg: its configuration, filled by the option parser
 * @nr_args, @args: positional arguments
 * @command: what stands behind "--", NULL if nothing
 * @line: the command line as typed, for titles
 */
struct cmd_call {
	const struct cmd *cmd;
	const void *cfg;
	int nr_args;
	char **args;
	char **command;
	const char *line;
};

/**
 * struct cmd - a command
 * @name: the word that calls it
 * @path: all its words, "session new"
 * @args: positional arguments for the usage line, NULL if none
 * @min_args, @max_args: how many; @max_args -1: any number
 * @takes_command: "-- COMMAND" may follow
 * @summary: half a sentence for lists
 * @text: paragraphs for help and manual page, one string each, NULL-terminated
 * @examples: pairs of command line and what it is for, NULL-terminated; may be NULL
 * @opts: options; NULL if @subs
 * @cfg_size: bytes of the configuration, whose first member is struct opt_common
 * @subs: table of subcommands, NULL-terminated, or NULL
 * @run: does it. Return: enum exit_code or a command's status
 */
struct cmd {
	const char *name, *path, *args;
	int min_args, max_args;
	bool takes_command;
	const char *summary;
	const char *const *text;
	const char *const *examples;
	const struct opt *opts;
	size_t cfg_size;
	const struct cmd *const *subs;
	int (*run)(const struct cmd_call *call);
};

/** cmds - the table, NULL-terminated */
extern const struct cmd *const cmds[];

extern const struct cmd cmd_list, cmd_doctor, cmd_profile, cmd_tally, cmd_trace, cmd_stat, cmd_pair, cmd_hist, cmd_func, cmd_syscalls, cmd_cache, cmd_record, cmd_report, cmd_diff, cmd_annotate, cmd_session,
	cmd_help, cmd_completion, cmd_man;

/** cmd_find - the row of that name in @table, or NULL after saying so on stderr with a near name */
const struct cmd *cmd_find(const struct cmd *const *table, const char *who, const char *name);

#endif /* _KTALLY_CMD_H */
