// SPDX-License-Identifier: GPL-2.0-or-later
/* The ktally command: the table of commands, and the way from argv to one of them. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "out.h"

const struct cmd *const cmds[] = {
	&cmd_profile, &cmd_stat, &cmd_syscalls, &cmd_func, &cmd_cache, &cmd_tally, &cmd_hist, &cmd_pair, &cmd_trace,
	&cmd_record, &cmd_report, &cmd_diff, &cmd_annotate,
	&cmd_session, &cmd_list, &cmd_doctor, &cmd_help, &cmd_completion, &cmd_man, NULL,
};

const struct cmd_exit cmd_exits[] = {
	{ EXIT_OK, "done; with -- COMMAND, the command's own status" },
	{ EXIT_FAILED, "something failed while running" },
	{ EXIT_USAGE, "wrong use: an unknown option, an event that does not compile" },
	{ EXIT_PERMISSION, "not permitted: CAP_PERFMON or CAP_SYS_ADMIN is missing" },
	{ EXIT_MODULE, "the kernel module is not loaded or speaks another version of the protocol" },
	{ EXIT_INCOMPLETE, "something was lost, and --strict was given" },
	{ EXIT_CANNOT_EXEC, "the command behind -- could not be executed" },
	{ EXIT_NOT_FOUND, "the command behind -- was not found" },
	{ 0, NULL },
};

const struct cmd *cmd_find(const struct cmd *const *table, const char *who, const char *name)
{
	const char *names[32], *near;
	unsigned int n;

	for (n = 0; table[n]; n++) {
		if (!strcmp(table[n]->name, name))
			return table[n];
		names[n] = table[n]->name;
	}
	names[n] = NULL;
	near = opt_nearest(name, names);
	out_error("%s has no command '%s'%s%s%s; '%s help' lists them", who, name, near ? ", did you mean '" : "", near ? near : "",
		  near ? "'?" : "", "ktally");
	return NULL;
}

/* The command line as typed, for the titles of results. */
static char *join(int argc, char **argv)
{
	char *line = out_text("ktally"), *longer;
	int n;

	for (n = 1; n < argc; n++) {
		bool plain = argv[n][0] && !argv[n][strcspn(argv[n], " \t\n'\"\\*?$&|;<>()")];

		longer = out_text(plain ? "%s %s" : "%s '%s'", line, argv[n]);
		free(line);
		line = longer;
	}
	return line;
}

static int check_args(const struct cmd *cmd, const char *who, const struct cmd_call *call)
{
	if (call->command && !cmd->takes_command)
		return out_error("%s runs no command; nothing may stand behind '--'", who), -1;
	if (call->command && !call->command[0])
		return out_error("%s: a command is missing behind '--'", who), -1;
	if (call->nr_args < cmd->min_args)
		return out_error("%s: an argument is missing: ktally %s %s", who, cmd->path, cmd->args), -1;
	if (cmd->max_args >= 0 && call->nr_args > cmd->max_args)
		return out_error("%s: unexpected argument '%s'%s", who, call->args[cmd->max_args],
				 cmd->takes_command ? "; a command to run stands behind '--'" : ""), -1;
	return 0;
}

static int run_command(const struct cmd *cmd, int argc, char **argv, const char *line)
{
	struct cmd_call call = { .cmd = cmd, .args = argv, .line = line };
	struct opt_common *cfg = out_realloc(NULL, cmd->cfg_size);
	char *who = out_text("ktally %s", cmd->path);
	char *help[] = { (char *)cmd->path };
	int status = EXIT_USAGE;

	memset(cfg, 0, cmd->cfg_size);
	call.cfg = cfg;
	if (!opt_parse(cmd->opts, cfg, who, argc, argv, &call.nr_args, &call.command)) {
		out_set_quiet(cfg->quiet);
		if (cfg->help)
			status = cmd_help.run(&(struct cmd_call){ .cmd = &cmd_help, .cfg = &(struct opt_common){ 0 }, .nr_args = 1, .args = help });
		else if (!check_args(cmd, who, &call))
			status = cmd->run(&call);
	}
	opt_release(cmd->opts, cfg);
	free(cfg);
	free(who);
	return status;
}

/* Walks down the table to the command that is called. */
static int dispatch(int argc, char **argv, const char *line)
{
	const struct cmd *const *table = cmds;
	const struct cmd *cmd = NULL;
	char *who;

	while (argc > 0 && table) {
		if (!strcmp(argv[0], "--help") || !strcmp(argv[0], "-h"))
			break;
		who = cmd ? out_text("ktally %s", cmd->path) : out_text("ktally");
		cmd = cmd_find(table, who, argv[0]);
		free(who);
		if (!cmd)
			return EXIT_USAGE;
		table = cmd->subs;
		argc--;
		argv++;
	}
	if (cmd && !table)
		return run_command(cmd, argc, argv, line);
	if (argc == 0)
		out_error("%s%s needs a command", cmd ? "ktally " : "ktally", cmd ? cmd->path : "");
	cmd_help.run(&(struct cmd_call){ .cmd = &cmd_help, .cfg = &(struct opt_common){ 0 }, .nr_args = cmd ? 1 : 0,
					 .args = (char *[]){ (char *)(cmd ? cmd->path : ""), NULL } });
	return argc == 0 ? EXIT_USAGE : EXIT_OK;
}

int main(int argc, char **argv)
{
	char *line;
	int status;

	signal(SIGPIPE, SIG_DFL);	/* whatever our parent did: a reader that goes away ends us quietly */
	out_init();
	if (argc > 1 && (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))) {
		puts("ktally " KTALLY_VERSION);
		return out_finish(EXIT_OK);
	}
	line = join(argc, argv);
	status = dispatch(argc - 1, argv + 1, line);
	free(line);
	return out_finish(status);
}
