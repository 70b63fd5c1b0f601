// SPDX-License-Identifier: GPL-2.0-or-later
/* ktally help: explains the commands and their options, from the tables. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libktally.h>

#include "cmd.h"
#include "out.h"

#define TEXT_WIDTH 100
#define OPTION_COLUMN 30

static unsigned int width(void)
{
	unsigned int columns = out_width(stdout);

	return columns && columns < TEXT_WIDTH ? columns : TEXT_WIDTH;
}

static void heading(const char *text)
{
	printf("\n%s%s:%s\n", out_style(stdout, OUT_BOLD), text, out_style(stdout, OUT_PLAIN));
}

static void entry(const char *name, const char *text, unsigned int column)
{
	int fill = (int)column - 2 - (int)strlen(name);

	printf("  %s%s%s", out_style(stdout, OUT_BOLD), name, out_style(stdout, OUT_PLAIN));
	if (fill < 1)
		printf("\n%*s", (int)column, "");
	else
		printf("%*s", fill, "");
	out_wrap(stdout, text, column, width());
}

static void help_commands(const struct cmd *const *table)
{
	heading("Commands");
	for (; *table; table++)
		entry((*table)->name, (*table)->summary, 14);
}

static void help_options(const struct opt *opts)
{
	char name[128], text[512];

	if (opts->type != OPT_GROUP)
		heading("Options");
	for (; opts->type != OPT_END; opts++) {
		if (opts->type == OPT_GROUP) {
			heading(opts->help);
			continue;
		}
		snprintf(name, sizeof(name), "%s--%s%s%s", opts->letter ? (char[]){ '-', opts->letter, ',', ' ', 0 } : "    ", opts->name,
			 opts->arg ? " " : "", opts->arg ? opts->arg : "");
		snprintf(text, sizeof(text), "%s%s", opts->help, opt_repeats(opts) ? " (may be repeated)" : "");
		entry(name, text, OPTION_COLUMN);
	}
}

static void help_exits(void)
{
	const struct cmd_exit *row;
	char status[16];

	heading("Exit status");
	for (row = cmd_exits; row->text; row++) {
		snprintf(status, sizeof(status), "%d", row->status);
		entry(status, row->text, 8);
	}
}

static void help_overview(void)
{
	printf("Usage: ktally COMMAND [OPTION...]\n\n");
	out_wrap(stdout, "Measures a running Linux machine from inside the kernel: counts, times and samples events there, shows the result here.", 0,
		 width());
	help_commands(cmds);
	heading("Examples");
	puts("  ktally profile -d 10                          where the machine spends its time\n"
	     "  ktally profile -o cpu.svg -- make             the same of one command, as a flame graph\n"
	     "  ktally tally -e raw_syscalls:sys_enter//key=id/ -d 5\n"
	     "                                                which system calls, how often\n"
	     "  ktally trace -e 'sched:sched_process_exec' -d 60\n"
	     "                                                a line for each program that starts");
	help_exits();
	puts("\n'ktally help COMMAND' explains a command, 'man ktally-events' the language of events,\n"
	     "'ktally doctor' says what this machine can do.");
}

static void help_command(const struct cmd *cmd)
{
	const char *const *at;

	printf("Usage: ktally %s%s%s%s%s\n", cmd->path, cmd->subs ? " COMMAND" : " [OPTION...]", cmd->args ? " " : "", cmd->args ? cmd->args : "",
	       cmd->takes_command ? " [-- COMMAND...]" : "");
	for (at = cmd->text; *at; at++) {
		putchar('\n');
		out_wrap(stdout, *at, 0, width());
	}
	if (cmd->subs)
		help_commands(cmd->subs);
	if (cmd->opts)
		help_options(cmd->opts);
	if (cmd->examples) {
		heading("Examples");
		for (at = cmd->examples; *at; at += 2)
			printf("  %s\n      %s\n", at[0], at[1]);
	}
}

static void json_command(struct ktally_json *json, const struct cmd *cmd)
{
	const struct opt *opt;
	unsigned int n;

	ktally_json_open(json, NULL, '{');
	ktally_json_string(json, "name", cmd->path);
	ktally_json_string(json, "summary", cmd->summary);
	ktally_json_string(json, "arguments", cmd->args ? cmd->args : "");
	ktally_json_bool(json, "takes_command", cmd->takes_command);
	ktally_json_open(json, "options", '[');
	for (opt = cmd->opts; opt && opt->type != OPT_END; opt++) {
		if (opt->type == OPT_GROUP)
			continue;
		ktally_json_open(json, NULL, '{');
		ktally_json_string(json, "name", opt->name);
		if (opt->letter)
			ktally_json_string(json, "letter", (char[]){ opt->letter, 0 });
		if (opt->arg)
			ktally_json_string(json, "value", opt->arg);
		ktally_json_string(json, "help", opt->help);
		ktally_json_bool(json, "repeats", opt_repeats(opt));
		ktally_json_close(json, '}');
	}
	ktally_json_close(json, ']');
	ktally_json_open(json, "commands", '[');
	for (n = 0; cmd->subs && cmd->subs[n]; n++)
		json_command(json, cmd->subs[n]);
	ktally_json_close(json, ']');
	ktally_json_close(json, '}');
}

static void json_help(const struct cmd *cmd)
{
	struct ktally_json json;
	unsigned int n;

	ktally_json_init(&json, stdout, true);
	ktally_json_open(&json, NULL, '{');
	ktally_json_string(&json, "schema", "ktally-help/1");
	ktally_json_string(&json, "version", KTALLY_VERSION);
	ktally_json_open(&json, "commands", '[');
	for (n = 0; !cmd && cmds[n]; n++)
		json_command(&json, cmds[n]);
	if (cmd)
		json_command(&json, cmd);
	ktally_json_close(&json, ']');
	ktally_json_close(&json, '}');
}

struct help_cfg {
	struct opt_common common;
};

/* The words may come as several arguments or as one path: "session" "new", "session new". */
static int run_help(const struct cmd_call *call)
{
	const struct help_cfg *cfg = call->cfg;
	const struct cmd *cmd = NULL;
	char *words, *word, *rest;
	int n;

	for (n = 0; n < call->nr_args; n++) {
		words = out_text("%s", call->args[n]);
		for (word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
			if (cmd && !cmd->subs) {
				out_error("'ktally %s' has no commands of its own", cmd->path);
				free(words);
				return EXIT_USAGE;
			}
			cmd = cmd_find(cmd ? cmd->subs : cmds, "ktally", word);
			if (!cmd) {
				free(words);
				return EXIT_USAGE;
			}
		}
		free(words);
	}
	if (cfg->common.json) {
		json_help(cmd);
		return EXIT_OK;
	}
	out_page();
	if (cmd)
		help_command(cmd);
	else
		help_overview();
	return EXIT_OK;
}

static const struct opt help_opts[] = {
	OPT_ROW_JSON(struct help_cfg),
	OPT_ROW_HELP(struct help_cfg),
	OPT_ROW_END,
};

static const char *const help_text[] = {
	"Explains ktally, or one of its commands. With --json the tables of commands and options themselves, for other programs.",
	NULL,
};

const struct cmd cmd_help = {
	.name = "help",
	.path = "help",
	.args = "[COMMAND...]",
	.max_args = 2,
	.summary = "explain a command",
	.text = help_text,
	.opts = help_opts,
	.cfg_size = sizeof(struct help_cfg),
	.run = run_help,
};
