// SPDX-License-Identifier: GPL-2.0-or-later
/* ktally annotate: the instructions of a function, with what each took, of a recording. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "out.h"
#include "recordings.h"
#include "result.h"

#define FUNCTION_MAX	(1U << 20)	/* bytes of code that are looked at */

struct annotate_cfg {
	struct opt_common common;
	const char *symfs;
	bool source;
};

/** struct listing - what objdump says of a function; lines that are no instruction have offset UINT64_MAX */
struct listing {
	char **lines;
	uint64_t *offsets;
	unsigned int nr;
};

static void add_line(struct listing *listing, const char *line, uint64_t offset)
{
	listing->lines = out_realloc(listing->lines, (listing->nr + 1) * sizeof(*listing->lines));
	listing->offsets = out_realloc(listing->offsets, (listing->nr + 1) * sizeof(*listing->offsets));
	listing->lines[listing->nr] = out_text("%s", line);
	listing->offsets[listing->nr++] = offset;
}

static void free_listing(struct listing *listing)
{
	while (listing->nr)
		free(listing->lines[--listing->nr]);
	free(listing->lines);
	free(listing->offsets);
}

static pid_t start_objdump(int fd, uint64_t vaddr, bool source, int *from)
{
	char *start = out_text("--start-address=0x%" PRIx64, vaddr), *stop = out_text("--stop-address=0x%" PRIx64, vaddr + FUNCTION_MAX);
	char *file = out_text("/proc/self/fd/%d", fd);
	char *const argv[] = { "objdump", source ? "-S" : "-d", "-C", "-w", "--no-show-raw-insn", start, stop, file, NULL };
	int ends[2];
	pid_t pid = -1;

	if (!pipe(ends)) {
		pid = fork();
		if (!pid) {
			dup2(ends[1], STDOUT_FILENO);
			close(ends[0]);
			fcntl(fd, F_SETFD, 0);
			execvp(argv[0], argv);
			_exit(127);
		}
		close(ends[1]);
		*from = ends[0];
	}
	free(start);
	free(stop);
	free(file);
	return pid;
}

/* "0000000000001130 <name>:": the second one is the next function */
static bool is_head(const char *line)
{
	size_t digits = strspn(line, "0123456789abcdef"), len = strlen(line);

	return digits >= 8 && line[digits] == ' ' && line[digits + 1] == '<' && len > 2 && !strcmp(line + len - 2, ">:");
}

static void read_objdump(FILE *in, struct listing *listing, uint64_t vaddr)
{
	unsigned int heads = 0;
	char *line = NULL, *end;
	size_t room = 0;
	uint64_t address;

	while (heads < 2 && getline(&line, &room, in) >= 0) {
		line[strcspn(line, "\n")] = 0;
		if (heads && !strncmp(line, "Disassembly of section", 22))
			break;
		heads += is_head(line);
		if (!heads || heads > 1 || is_head(line))
			continue;
		address = strtoull(line, &end, 16);
		if (end != line && *end == ':')
			add_line(listing, end + 1 + strspn(end + 1, "\t "), address - vaddr);
		else
			add_line(listing, line, UINT64_MAX);
	}
	while (listing->nr && !*listing->lines[listing->nr - 1])
		free(listing->lines[--listing->nr]);
	free(line);
}

/* Return: exit code. An empty listing: the file is not here */
static int disassemble(const struct ktally_annotation *annotation, const struct annotate_cfg *cfg, struct listing *listing)
{
	uint64_t vaddr;
	int fd = ktally_annotation_open(annotation, cfg->symfs, &vaddr), from = -1, status = 0;
	FILE *in;
	pid_t pid;

	if (fd < 0) {
		if (annotation->frame->kernel)
			out_note("the code of the kernel is not in a file here; only offsets are shown");
		else
			out_note("%s with build-id %s is not here; only offsets are shown (--symfs DIR)", annotation->frame->module,
				 *annotation->frame->build_id ? annotation->frame->build_id : "unknown");
		return EXIT_OK;
	}
	pid = start_objdump(fd, vaddr, cfg->source, &from);
	in = pid > 0 ? fdopen(from, "r") : NULL;
	if (in) {
		read_objdump(in, listing, vaddr);
		fclose(in);
		waitpid(pid, &status, 0);
	}
	close(fd);
	if (in && listing->nr)
		return EXIT_OK;
	out_error(in && WIFEXITED(status) && WEXITSTATUS(status) == 127 ? "objdump is missing: install binutils" : "objdump shows no code of that function");
	return EXIT_FAILED;
}

/* What belongs to the code from offset @from up to @to. */
static void sum_places(const struct ktally_annotation *annotation, uint64_t from, uint64_t to, uint64_t *self, uint64_t *total)
{
	size_t i;

	*self = 0;
	*total = 0;
	for (i = 0; i < annotation->nr; i++) {
		if (annotation->places[i].offset < from || annotation->places[i].offset >= to)
			continue;
		*self += annotation->places[i].self;
		*total += annotation->places[i].total;
	}
}

static uint64_t next_offset(const struct listing *listing, unsigned int n)
{
	while (++n < listing->nr)
		if (listing->offsets[n] != UINT64_MAX)
			return listing->offsets[n];
	return UINT64_MAX;
}

static void put_share(uint64_t part, uint64_t whole)
{
	double share = whole ? 100.0 * part / whole : 0;

	if (part)
		printf("%s%7.2f%s", out_style(stdout, share >= 10 ? OUT_BAD : OUT_PLAIN), share, out_style(stdout, OUT_PLAIN));
	else
		printf("%7s", "");
}

static void put_text(const struct ktally_annotation *annotation, const struct listing *listing)
{
	uint64_t self, total;
	unsigned int n;

	printf("%s (%s): %" PRIu64 " of %" PRIu64 " %s itself, %" PRIu64 " with what it calls; shares of these\n\n", annotation->frame->name,
	       annotation->frame->module, annotation->self, annotation->all, annotation->unit_name, annotation->total);
	printf("%7s %7s  offset\n", "self%", "total%");
	for (n = 0; n < listing->nr; n++) {
		if (listing->offsets[n] == UINT64_MAX) {
			printf("%24s%s\n", "", listing->lines[n]);
			continue;
		}
		sum_places(annotation, listing->offsets[n], next_offset(listing, n), &self, &total);
		put_share(self, annotation->self);
		putchar(' ');
		put_share(total, annotation->total);
		printf("  %6" PRIx64 ": %s\n", listing->offsets[n], listing->lines[n]);
	}
}

static void put_json(const struct ktally_annotation *annotation, const struct listing *listing)
{
	struct ktally_json json;
	uint64_t self, total;
	unsigned int n;

	ktally_json_init(&json, stdout, false);
	ktally_json_open(&json, NULL, '{');
	ktally_json_string(&json, "schema", "ktally/annotation/1");
	ktally_json_string(&json, "function", annotation->frame->name);
	ktally_json_string(&json, "module", annotation->frame->module);
	ktally_json_string(&json, "build_id", annotation->frame->build_id);
	ktally_json_string(&json, "unit", annotation->unit_name);
	ktally_json_u64(&json, "all", annotation->all);
	ktally_json_u64(&json, "self", annotation->self);
	ktally_json_u64(&json, "total", annotation->total);
	ktally_json_open(&json, "lines", '[');
	for (n = 0; n < listing->nr; n++) {
		ktally_json_open(&json, NULL, '{');
		if (listing->offsets[n] != UINT64_MAX) {
			sum_places(annotation, listing->offsets[n], next_offset(listing, n), &self, &total);
			ktally_json_u64(&json, "offset", listing->offsets[n]);
			ktally_json_u64(&json, "self", self);
			ktally_json_u64(&json, "total", total);
		}
		ktally_json_string(&json, "text", listing->lines[n]);
		ktally_json_close(&json, '}');
	}
	ktally_json_close(&json, ']');
	ktally_json_close(&json, '}');
	putchar('\n');
}

static int show(const struct ktally_report *report, const char *function, const struct annotate_cfg *cfg)
{
	struct ktally_error err = { .pos = -1 };
	struct ktally_annotation *annotation;
	struct listing listing = { 0 };
	int status, ret = ktally_annotate(&annotation, report, function, &err);
	size_t i;

	if (ret)
		return out_failure(ret, &err);
	status = disassemble(annotation, cfg, &listing);
	if (!status && !listing.nr)
		for (i = 0; i < annotation->nr; i++)
			add_line(&listing, "", annotation->places[i].offset);
	if (annotation->elsewhere)
		out_note("there are other functions of that name, in other files or places; they are not shown");
	if (!status) {
		out_page();
		if (cfg->common.json)
			put_json(annotation, &listing);
		else
			put_text(annotation, &listing);
	}
	free_listing(&listing);
	ktally_annotation_free(annotation);
	return status;
}

static int run_annotate(const struct cmd_call *call)
{
	const struct annotate_cfg *cfg = call->cfg;
	struct ktally_recording *recording;
	int status = recording_open(&recording, call->args[0], cfg->symfs);

	if (status)
		return status;
	status = show(ktally_recording_report(recording), call->args[1], cfg);
	if (result_tell_losses(ktally_recording_report(recording)) && cfg->common.strict && !status)
		status = EXIT_INCOMPLETE;
	ktally_recording_close(recording);
	return status;
}

static const struct opt annotate_opts[] = {
	OPT_ROW(struct annotate_cfg, OPT_FLAG, 'S', "source", source, NULL, "also lines of the source, where there is debug information and the source is here"),
	OPT_ROW(struct annotate_cfg, OPT_TEXT, 0, "symfs", symfs, "DIR", "look for the programs and libraries of the recorded machine in DIR first"),
	OPT_ROW_JSON(struct annotate_cfg),
	OPT_ROW_STRICT(struct annotate_cfg),
	OPT_ROW_QUIET(struct annotate_cfg),
	OPT_ROW_HELP(struct annotate_cfg),
	OPT_ROW_END,
};

static const char *const annotate_text[] = {
	"Shows the instructions of a function of a recording, each with its share of the samples: self, of those that stand at it, and total, with those that "
	"stand in what it called. objdump disassembles the file that the function was mapped from, if it is here or under --symfs with the recorded build-id; "
	"otherwise the offsets in the function are shown alone.",
	NULL,
};

static const char *const annotate_examples[] = {
	"ktally annotate ktally.rec main", "see where in main the time goes",
	"ktally annotate -S ktally.rec compress", "the same between the lines of its source",
	NULL,
};

const struct cmd cmd_annotate = {
	.name = "annotate",
	.path = "annotate",
	.args = "FILE FUNCTION",
	.min_args = 2,
	.max_args = 2,
	.summary = "show what the instructions of a function took",
	.text = annotate_text,
	.examples = annotate_examples,
	.opts = annotate_opts,
	.cfg_size = sizeof(struct annotate_cfg),
	.run = run_annotate,
};
