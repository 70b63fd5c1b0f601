// SPDX-License-Identifier: GPL-2.0-or-later
/* ktally report: shows a recording in any format, on any machine. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "out.h"
#include "record.h"
#include "recordings.h"
#include "result.h"

struct report_cfg {
	struct opt_common common;
	struct opt_texts files;
	const struct ktally_exporter *format;
	const char *symfs, *sort, *clock;
	unsigned int top;
	bool info, lines, inlines;
};

int recording_open(struct ktally_recording **recording, const char *path, const char *symfs)
{
	struct ktally_error err = { .pos = -1 };
	int ret = ktally_recording_open(recording, path, symfs, &err);

	return ret ? out_failure(ret, &err) : EXIT_OK;
}

/* ---- records ---- */

/** struct records - layouts by the numbers of their probes, for the printer */
struct records {
	struct ktally_stream *stream;
	struct record_printer printer;
};

static int print_emitted(const struct ktally_emitted *emitted, void *arg)
{
	struct records *records = arg;
	const struct ktally_schema *schema = ktally_stream_schema(records->stream, emitted->probe);
	struct {
		struct ktally_event event;
		uint64_t words[256];
	} record = {
		.event.record = { .size = sizeof(struct ktally_record) + emitted->nr_words * 8, .type = KTALLY_RECORD_EVENT, .probe = 0,
				  .pid = emitted->pid, .tid = emitted->tid, .time = emitted->time },
	};

	if (emitted->nr_words > sizeof(record.words) / 8)
		return -EBADMSG;
	memcpy(record.words, emitted->words, emitted->nr_words * 8);
	records->printer.schemas = &schema;
	records->printer.nr_schemas = !!schema;
	record_print(&records->printer, &record.event.record, emitted->cpu);
	return ferror(stdout) ? 1 : 0;
}

static int print_records(const struct report_cfg *cfg, const struct ktally_report *report)
{
	const struct ktally_clocks *start = report->host ? &report->host->clocks[0] : NULL;
	struct records records = {
		.stream = report->stream,
		.printer = { .sym = report->sym, .stacks = ktally_stream_stacks(report->stream), .json = cfg->common.json,
			     .clock = record_clock_named(cfg->clock) },
	};
	int ret;

	records.printer.real_ns = start && start->monotonic ? start->realtime - start->monotonic : report->start_real_ns - report->start_ns;
	out_page();
	ret = ktally_stream_each(report->stream, print_emitted, &records);
	if (ret < 0)
		out_error("the records cannot be read: %s", strerror(-ret));
	return ret < 0 ? EXIT_FAILED : EXIT_OK;
}

/* ---- about the recording ---- */

static void format_real(uint64_t ns, char *buf, size_t size)
{
	time_t seconds = ns / 1000000000;
	struct tm utc;

	if (!gmtime_r(&seconds, &utc) || !strftime(buf, size, "%Y-%m-%d %H:%M:%S UTC", &utc))
		snprintf(buf, size, "?");
}

static void info_json(const struct ktally_report *report)
{
	const struct ktally_host *host = report->host;
	struct ktally_json json;
	unsigned int n;

	ktally_json_init(&json, stdout, true);
	ktally_json_open(&json, NULL, '{');
	ktally_json_string(&json, "schema", "ktally/recording/1");
	ktally_json_string(&json, "title", report->title);
	ktally_json_string(&json, "hostname", report->hostname);
	ktally_json_string(&json, "release", report->release);
	ktally_json_string(&json, "machine", report->machine);
	ktally_json_string(&json, "boot_id", host ? host->boot_id : "");
	ktally_json_string(&json, "kernel_build_id", host ? host->kernel_id : "");
	ktally_json_u64(&json, "cpus", host ? host->cpus : 0);
	ktally_json_u64(&json, "time_ns", report->start_real_ns);
	ktally_json_u64(&json, "duration_ns", report->duration_ns);
	ktally_json_open(&json, "clocks", '[');
	for (n = 0; host && n < 2; n++) {
		ktally_json_open(&json, NULL, '{');
		ktally_json_u64(&json, "monotonic_ns", host->clocks[n].monotonic);
		ktally_json_u64(&json, "realtime_ns", host->clocks[n].realtime);
		ktally_json_u64(&json, "boottime_ns", host->clocks[n].boottime);
		ktally_json_close(&json, '}');
	}
	ktally_json_close(&json, ']');
	ktally_json_u64(&json, "tables", report->snapshot->nr_tables);
	ktally_json_bool(&json, "records", report->stream);
	if (report->damage)
		ktally_json_string(&json, "damage", report->damage);
	ktally_json_close(&json, '}');
	putchar('\n');
}

static void info_text(const struct ktally_report *report)
{
	const struct ktally_host *host = report->host;
	const struct ktally_snapshot *snapshot = report->snapshot;
	char text[64];
	unsigned int n;

	printf("command    %s\n", report->title);
	printf("host       %s, Linux %s, %s", report->hostname, report->release, report->machine);
	if (host && host->cpus)
		printf(", %u CPUs", host->cpus);
	putchar('\n');
	if (host && *host->boot_id)
		printf("boot       %s\n", host->boot_id);
	if (host && *host->kernel_id)
		printf("kernel     build-id %s\n", host->kernel_id);
	format_real(report->start_real_ns, text, sizeof(text));
	printf("start      %s\n", text);
	printf("duration   %s\n", out_duration(report->duration_ns, text, sizeof(text)));
	for (n = 0; n < snapshot->nr_tables; n++)
		printf("table      %s: %zu rows\n", snapshot->tables[n].schema.name, snapshot->tables[n].nr_rows);
	if (report->stream)
		puts("records    yes");
	if (report->damage)
		printf("damage     %s\n", report->damage);
}

/* ---- */

static int show(const struct report_cfg *cfg, struct ktally_recording *recording)
{
	struct ktally_report *report = ktally_recording_report(recording);
	bool records = report->stream && !cfg->format && !cfg->files.nr;
	struct result_want want = { .files = &cfg->files, .format = cfg->format, .json = cfg->common.json, .strict = cfg->common.strict,
				    .sort = cfg->sort, .top = cfg->top, .live = records, .keep = !cfg->sort };
	int status = EXIT_OK;

	if (cfg->info) {
		if (cfg->common.json)
			info_json(report);
		else
			info_text(report);
		return result_tell_losses(report) && cfg->common.strict ? EXIT_INCOMPLETE : EXIT_OK;
	}
	if (cfg->top)
		report->top = cfg->top;
	ktally_symbolizer_want(report->sym, (cfg->lines || cfg->inlines ? KTALLY_SYMBOLIZE_LINES : 0) | (cfg->inlines ? KTALLY_SYMBOLIZE_INLINES : 0));
	if (records)
		status = print_records(cfg, report);
	return status ? status : result_write(&want, report, ktally_recording_snapshot(recording));
}

static int run_report_command(const struct cmd_call *call)
{
	const struct report_cfg *cfg = call->cfg;
	struct result_want want = { .files = &cfg->files, .format = cfg->format, .json = cfg->common.json };
	struct ktally_recording *recording;
	int status = result_check(&want);

	if (!status)
		status = recording_open(&recording, call->args[0], cfg->symfs);
	if (status)
		return status;
	status = show(cfg, recording);
	ktally_recording_close(recording);
	return status;
}

static const struct opt report_opts[] = {
	OPT_ROW_GROUP("Names"),
	OPT_ROW(struct report_cfg, OPT_TEXT, 0, "symfs", symfs, "DIR", "look for the programs and libraries of the recorded machine in DIR first"),
	OPT_ROW(struct report_cfg, OPT_FLAG, 0, "lines", lines, NULL, "stacks with file and line, also where they were not recorded, if the files are here"),
	OPT_ROW(struct report_cfg, OPT_FLAG, 0, "inlines", inlines, NULL, "stacks with inlined functions, likewise"),
	OPT_ROW_GROUP("What to show"),
	OPT_ROW(struct report_cfg, OPT_FLAG, 'I', "info", info, NULL, "where, when and how it was recorded, not what"),
	OPT_ROW(struct report_cfg, OPT_TEXT, 's', "sort", sort, "COLUMN", "sort by this column: hits, key, or a value's name (as it was recorded)"),
	OPT_ROW_UINT(struct report_cfg, 'n', "top", top, "N", 1, 1000000000, "rows of each table that text shows; other formats have all"),
	OPT_ROW(struct report_cfg, OPT_CHOICE, 't', "time", clock, RECORD_CLOCKS, "how times of records are shown (local)"),
	OPT_ROW_GROUP("Result"),
	OPT_ROW(struct report_cfg, OPT_FILES, 'o', "out", files, "FILE", "write it to FILE, in the format its suffix names"),
	OPT_ROW(struct report_cfg, OPT_FORMAT, 0, "output", format, "FORMAT", "write it to standard output in this format (text unless -o is given)"),
	OPT_ROW_JSON(struct report_cfg),
	OPT_ROW_STRICT(struct report_cfg),
	OPT_ROW_QUIET(struct report_cfg),
	OPT_ROW_HELP(struct report_cfg),
	OPT_ROW_END,
};

static const char *const report_text[] = {
	"Reads a recording, made by ktally record or by another command with -o FILE.rec, and writes it in any format: the same that the command would have "
	"written when it was recorded. FILE - is standard input.",
	"Nothing is asked of the machine it runs on. Addresses have the names that were recorded; what had none then is looked up in the file it was mapped "
	"from, if that is here or under --symfs and has the recorded build-id.",
	"Records that were kept one by one are shown as ktally trace shows them, unless --output or -o asks for the tables.",
	"A file that is damaged or ends too early is read up to there, and the result says so; --strict makes that an error.",
	NULL,
};

static const char *const report_examples[] = {
	"ktally report ktally.rec", "show it",
	"ktally report ktally.rec -o cpu.svg -o cpu.pb.gz", "make a flame graph of it, and a file for pprof",
	"ktally report --info ktally.rec", "see where and when it was made",
	"ktally report --symfs ./rootfs appliance.rec", "name what was unknown from the files of that machine",
	NULL,
};

const struct cmd cmd_report = {
	.name = "report",
	.path = "report",
	.args = "FILE",
	.min_args = 1,
	.max_args = 1,
	.summary = "show a recording, in any format",
	.text = report_text,
	.examples = report_examples,
	.opts = report_opts,
	.cfg_size = sizeof(struct report_cfg),
	.run = run_report_command,
};
