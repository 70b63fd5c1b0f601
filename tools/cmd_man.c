// SPDX-License-Identifier: GPL-2.0-or-later
/* ktally man: writes the manual page of a command in mdoc(7), from the tables. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "out.h"

#define LINE_MAX_COLUMNS 76
#define MAN_DATE "November 21, 2026"	/* of the last change to a page */

struct man_cfg {
	struct opt_common common;
};

/* Text of @len bytes in which nothing is a request or an escape, and dashes are those of options. */
static void put_text(const char *text, size_t len)
{
	size_t n;

	if (len && (*text == '.' || *text == '\''))
		fputs("\\&", stdout);
	for (n = 0; n < len; n++) {
		if (text[n] == '\\')
			fputs("\\e", stdout);
		else if (text[n] == '-' && ((n && text[n - 1] == '-') || (n + 1 < len && text[n + 1] == '-')))
			fputs("\\-", stdout);
		else
			putchar(text[n]);
	}
}

/* How many bytes of @text fit a line once put_text() has escaped them. */
static size_t fitting(const char *text, size_t len)
{
	size_t n, columns = 0;

	for (n = 0; n < len; n++) {
		bool dash = text[n] == '-' && ((n && text[n - 1] == '-') || text[n + 1] == '-');

		columns += 1 + (dash || text[n] == '\\');
		if (columns > LINE_MAX_COLUMNS)
			return n;
	}
	return len;
}

/* The same in lines that are short enough for mandoc's taste. */
static void put_sentence(const char *text, size_t len)
{
	size_t cut;

	while ((cut = fitting(text, len)) < len) {
		while (cut && text[cut] != ' ')
			cut--;
		if (!cut)
			break;
		put_text(text, cut);
		putchar('\n');
		text += cut + 1;
		len -= cut + 1;
	}
	put_text(text, len);
}

/* A paragraph: a new line of source for each sentence, as mdoc wants it. */
static void put_paragraph(const char *text)
{
	const char *end;

	while (*text) {
		for (end = text; *end; end++)
			if ((end[0] == '.' || end[0] == '?') && end[1] == ' ' && isupper((unsigned char)end[2]))
				break;
		if (*end)
			end++;
		put_sentence(text, end - text);
		putchar('\n');
		text = *end == ' ' ? end + 1 : end;
	}
}

static void put_paragraphs(const char *const *text)
{
	for (; *text; text++) {
		put_paragraph(*text);
		if (text[1])
			puts(".Pp");
	}
}

static void put_option(const struct opt *opt)
{
	fputs(".It", stdout);
	if (opt->letter)
		printf(" Fl %c ,", opt->letter);
	printf(" Fl \\&-%s", opt->name);
	if (opt->arg)
		printf(" Ar \\&%s", opt->arg);
	putchar('\n');
	put_sentence(opt->help, strlen(opt->help));
	puts(opt_repeats(opt) ? "; may be repeated." : ".");
}

static void put_options(const struct opt *opts)
{
	bool open = false;

	for (; opts->type != OPT_END; opts++) {
		if (opts->type == OPT_GROUP) {
			if (open)
				puts(".El");
			printf(".Pp\n.Sy %s :\n", opts->help);
			open = false;
			continue;
		}
		if (!open)
			puts(".Bl -tag -width Ds");
		open = true;
		put_option(opts);
	}
	if (open)
		puts(".El");
}

static void put_exits(void)
{
	const struct cmd_exit *row;

	puts(".Sh EXIT STATUS\n.Bl -tag -width 127");
	for (row = cmd_exits; row->text; row++) {
		printf(".It %d\n", row->status);
		put_sentence(row->text, strlen(row->text));
		puts(".");
	}
	puts(".El");
}

static void put_examples(const char *const *examples)
{
	puts(".Sh EXAMPLES");
	for (; *examples; examples += 2) {
		fputs("To ", stdout);
		put_text(examples[1], strlen(examples[1]));
		puts(":\n.Bd -literal -offset indent");
		put_text(examples[0], strlen(examples[0]));
		puts("\n.Ed");
		if (examples[2])
			puts(".Pp");
	}
}

static void put_head(const char *name, const char *summary)
{
	const char *at;

	printf(".\\\" SPDX-License-Identifier: GPL-2.0-or-later\n.Dd %s\n.Dt ", MAN_DATE);
	for (at = name; *at; at++)
		putchar(toupper((unsigned char)*at));
	printf(" 1\n.Os\n.Sh NAME\n.Nm %s\n.Nd %s\n.Sh SYNOPSIS\n", name, summary);
}

static void put_synopsis(const struct cmd *cmd)
{
	printf(".Nm ktally %s\n", cmd->path);
	if (cmd->opts)
		puts(".Op Ar option ...");
	if (cmd->args)
		printf(".Ar \\&%s\n", cmd->args);
	if (cmd->takes_command)
		puts(".Op Fl \\&- Ar command ...");
}

static void put_sub(const struct cmd *cmd)
{
	printf(".Ss ktally %s%s%s\n", cmd->path, cmd->args ? " " : "", cmd->args ? cmd->args : "");
	put_paragraphs(cmd->text);
	put_options(cmd->opts);
}

static void man_command(const struct cmd *cmd)
{
	char name[64];
	unsigned int n;

	snprintf(name, sizeof(name), "ktally-%s", cmd->name);
	put_head(name, cmd->summary);
	if (!cmd->subs)
		put_synopsis(cmd);
	for (n = 0; cmd->subs && cmd->subs[n]; n++)
		put_synopsis(cmd->subs[n]);
	puts(".Sh DESCRIPTION");
	put_paragraphs(cmd->text);
	if (cmd->opts)
		put_options(cmd->opts);
	for (n = 0; cmd->subs && cmd->subs[n]; n++)
		put_sub(cmd->subs[n]);
	put_exits();
	if (cmd->examples)
		put_examples(cmd->examples);
	puts(".Sh SEE ALSO\n.Xr ktally 1 ,\n.Xr ktally-events 7");
}

static void put_environment(void)
{
	puts(".Sh ENVIRONMENT\n"
	     ".Bl -tag -width KTALLY_NODE_ROOT\n"
	     ".It Ev NO_COLOR\n"
	     "If set and not empty, nothing is coloured.\n"
	     ".It Ev KTALLY_NODE_ROOT\n"
	     "Where the root of the machine is mounted, for a ktally in a container:\n"
	     "names of pods and containers are read from the folders below it.\n"
	     "The default is /.\n"
	     ".It Ev KTALLY_PAGER , PAGER\n"
	     "The program that shows long text on a terminal; empty or cat: none.\n"
	     "The default is less.\n"
	     ".El\n"
	     ".Sh FILES\n"
	     ".Bl -tag -width Ds\n"
	     ".It Pa /dev/ktally\n"
	     "The device through which tables and rings are mapped.\n"
	     "The module makes it.\n"
	     ".El");
}

static int compare_commands(const void *a, const void *b)
{
	const struct cmd *const *first = a, *const *second = b;

	return strcmp((*first)->name, (*second)->name);
}

/* In alphabetical order, whatever the order of the table. */
static void put_references(void)
{
	const struct cmd *sorted[32];
	size_t nr, n;

	for (nr = 0; cmds[nr] && nr < 32; nr++)
		sorted[nr] = cmds[nr];
	qsort(sorted, nr, sizeof(sorted[0]), compare_commands);
	puts(".Sh SEE ALSO");
	for (n = 0; n < nr; n++)
		printf(".Xr ktally-%s 1 ,\n", sorted[n]->name);
	puts(".Xr ktally-events 7");
}

static void man_overview(void)
{
	unsigned int n;

	put_head("ktally", "measure a running machine from inside the kernel");
	puts(".Nm ktally\n.Ar command\n.Op Ar option ...\n"
	     ".Nm ktally\n.Fl \\&-version\n"
	     ".Sh DESCRIPTION\n"
	     ".Nm\n"
	     "attaches programs to tracepoints, kernel functions and timers, adds up what\n"
	     "they see in tables inside the kernel, and shows the result, or writes it in\n"
	     "the formats that other tools read.\n"
	     "The work in the kernel is done by a module, ktally.ko; no BPF is involved.\n"
	     ".Pp\n"
	     "The commands are:\n"
	     ".Bl -tag -width completion");
	for (n = 0; cmds[n]; n++)
		printf(".It Ic %s\n%s; see\n.Xr ktally-%s 1 .\n", cmds[n]->name, cmds[n]->summary, cmds[n]->name);
	puts(".El\n.Pp\nEvents are written in the language of\n.Xr ktally-events 7 .");
	put_environment();
	put_exits();
	put_references();
}

static int run_man(const struct cmd_call *call)
{
	const struct cmd *cmd;

	if (!call->nr_args) {
		man_overview();
		return EXIT_OK;
	}
	cmd = cmd_find(cmds, "ktally", call->args[0]);
	if (!cmd)
		return EXIT_USAGE;
	man_command(cmd);
	return EXIT_OK;
}

static const struct opt man_opts[] = {
	OPT_ROW_HELP(struct man_cfg),
	OPT_ROW_END,
};

static const char *const man_text[] = {
	"Writes the manual page of a command, or without one that of ktally itself, to standard output in the mdoc(7) language of man pages. "
	"'make install' puts them in their place.",
	NULL,
};

const struct cmd cmd_man = {
	.name = "man",
	.path = "man",
	.args = "[COMMAND]",
	.max_args = 1,
	.summary = "write the manual page of a command",
	.text = man_text,
	.opts = man_opts,
	.cfg_size = sizeof(struct man_cfg),
	.run = run_man,
};
