// SPDX-License-Identifier: GPL-2.0-or-later
/* ktally completion: writes the completion script of a shell, from the tables. */
#include <stdio.h>
#include <string.h>

#include <libktally.h>

#include "cmd.h"
#include "out.h"

struct completion_cfg {
	struct opt_common common;
};

/* What the shell offers for the value of an option. */
static void print_values(const struct opt *opt)
{
	const struct ktally_exporter *exporter;
	const char *at;
	unsigned int n;

	switch (opt->type) {
	case OPT_EVENTS:
		fputs("_ktally_events", stdout);
		break;
	case OPT_FILES:
		fputs("_ktally_files", stdout);
		break;
	case OPT_PIDS:
		fputs("_ktally_words \"$(cd /proc && echo [0-9]*)\"", stdout);
		break;
	case OPT_CHOICE:
		fputs("_ktally_words \"", stdout);
		for (at = opt->arg; *at; at++)
			putchar(*at == '|' ? ' ' : *at);
		putchar('"');
		break;
	case OPT_FORMAT:
		fputs("_ktally_words \"", stdout);
		for (n = 0; (exporter = ktally_exporter_at(n)); n++)
			printf("%s%s", n ? " " : "", exporter->name);
		putchar('"');
		break;
	default:
		fputs("return", stdout);
	}
}

static void print_options(const struct cmd *cmd)
{
	const struct opt *opt;

	printf("\t\"%s\")\n\t\tcase $prev in\n", cmd->path);
	for (opt = cmd->opts; opt->type != OPT_END; opt++) {
		if (opt->type == OPT_GROUP || !opt_takes_value(opt))
			continue;
		fputs("\t\t", stdout);
		if (opt->letter)
			printf("-%c|", opt->letter);
		printf("--%s) ", opt->name);
		print_values(opt);
		puts("; return ;;");
	}
	fputs("\t\tesac\n\t\t_ktally_words \"", stdout);
	for (opt = cmd->opts; opt->type != OPT_END; opt++)
		if (opt->type != OPT_GROUP)
			printf("--%s ", opt->name);
	fputs("\"\n", stdout);
	if (cmd->args && !strncmp(cmd->args, "NAME", 4) && strcmp(cmd->name, "new"))
		puts("\t\t[[ $cur == -* ]] || _ktally_words \"$(ktally session list -q 2>/dev/null)\"");
	if (cmd->args && strstr(cmd->args, "COMMAND"))
		puts("\t\t[[ $cur == -* ]] || _ktally_words \"$commands\"");
	puts("\t\t;;");
}

static void print_level(const char *path, const struct cmd *const *table)
{
	unsigned int n;

	printf("\t\"%s\") _ktally_words \"", path);
	for (n = 0; table[n]; n++)
		printf("%s%s", n ? " " : "", table[n]->name);
	printf("%s --help\" ;;\n", *path ? "" : " --version");
	for (n = 0; table[n]; n++) {
		if (table[n]->subs)
			print_level(table[n]->path, table[n]->subs);
		else
			print_options(table[n]);
	}
}

static void print_bash(void)
{
	unsigned int n;

	puts("# SPDX-License-Identifier: GPL-2.0-or-later\n"
	     "# bash completion of ktally; written by 'ktally completion bash'.\n"
	     "\n"
	     "_ktally_words() {\n"
	     "\tlocal IFS=$' \\t\\n'\n"
	     "\tCOMPREPLY+=($(compgen -W \"$1\" -- \"$cur\"))\n"
	     "}\n"
	     "\n"
	     "_ktally_files() {\n"
	     "\tlocal IFS=$'\\n'\n"
	     "\tcompopt -o filenames 2>/dev/null\n"
	     "\tCOMPREPLY+=($(compgen -f -- \"$cur\"))\n"
	     "}\n"
	     "\n"
	     "# The shell splits words at ':', so the part in front of the last one must go from what is offered.\n"
	     "_ktally_events() {\n"
	     "\tlocal word=${COMP_LINE:0:COMP_POINT}\n"
	     "\tword=${word##*[ =\\'\\\"]}\n"
	     "\tlocal offered=($(compgen -W \"$(ktally list -q 2>/dev/null) kprobe: timer: cpu-clock\" -- \"$word\"))\n"
	     "\t[[ $word == *:* && $COMP_WORDBREAKS == *:* ]] && offered=(\"${offered[@]#\"${word%:*}:\"}\")\n"
	     "\tCOMPREPLY+=(\"${offered[@]}\")\n"
	     "\tcompopt -o nospace 2>/dev/null\n"
	     "}\n"
	     "\n"
	     "_ktally() {\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path= n\n"
	     "\t[[ $cur == : ]] && cur=\n"
	     "\t[[ $cur == '=' ]] && cur=\n"
	     "\t[[ $prev == : ]] && prev=${COMP_WORDS[COMP_CWORD-3]}\n"
	     "\t[[ $prev == '=' ]] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
	     "\t[[ $cur != : && ${COMP_WORDS[COMP_CWORD]} == : ]] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
	     "\tCOMPREPLY=()\n"
	     "\tfor ((n = 1; n < COMP_CWORD; n++)); do\n"
	     "\t\t[[ ${COMP_WORDS[n]} == -- ]] && { _command_offset $((n + 1)) 2>/dev/null; return; }\n"
	     "\tdone");
	fputs("\tlocal commands=\"", stdout);
	for (n = 0; cmds[n]; n++)
		printf("%s%s", n ? " " : "", cmds[n]->name);
	puts("\"\n\tif ((COMP_CWORD > 1)); then\n\t\tpath=${COMP_WORDS[1]}\n\tfi\n\tcase $path in");
	for (n = 0; cmds[n]; n++)
		if (cmds[n]->subs)
			printf("\t%s)\n\t\tif ((COMP_CWORD > 2)); then\n\t\t\tpath=\"$path ${COMP_WORDS[2]}\"\n\t\tfi\n\t\t;;\n", cmds[n]->name);
	puts("\tesac\n\tcase $path in");
	print_level("", cmds);
	puts("\tesac\n}\n\ncomplete -F _ktally ktally");
}

static int run_completion(const struct cmd_call *call)
{
	if (strcmp(call->args[0], "bash")) {
		out_error("there is no completion for '%s', only for bash", call->args[0]);
		return EXIT_USAGE;
	}
	print_bash();
	return EXIT_OK;
}

static const struct opt completion_opts[] = {
	OPT_ROW_HELP(struct completion_cfg),
	OPT_ROW_END,
};

static const char *const completion_text[] = {
	"Writes the script that completes commands, options, events and sessions to standard output. 'make install' puts it in its place; "
	"for one shell: eval \"$(ktally completion bash)\".",
	NULL,
};

const struct cmd cmd_completion = {
	.name = "completion",
	.path = "completion",
	.args = "bash",
	.min_args = 1,
	.max_args = 1,
	.summary = "write the completion script of a shell",
	.text = completion_text,
	.opts = completion_opts,
	.cfg_size = sizeof(struct completion_cfg),
	.run = run_completion,
};
