// SPDX-License-Identifier: GPL-2.0-or-later
/* ktally record: measures as profile, tally and trace do, and writes a file that can be read later and elsewhere. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "sampling.h"

#define FILE_DEFAULT	"ktally.rec"
#define RING_DEFAULT	(1U << 20)

struct record_cfg {
	struct opt_common common;
	struct run_cfg run;
	struct sampling_cfg sampling;
	struct opt_texts events;
};

/* "-" is standard output. */
static int choose_files(struct record_cfg *cfg)
{
	static const char *standard = FILE_DEFAULT;
	const struct ktally_exporter *recording = ktally_exporter_find("recording");
	unsigned int n, nr = cfg->run.files.nr;

	cfg->run.file_format = recording;
	for (n = 0; n < nr; n++) {
		if (strcmp(cfg->run.files.items[n], "-"))
			continue;
		if (nr > 1) {
			out_error("-o - together with another file: give one of them");
			return EXIT_USAGE;
		}
		cfg->run.format = recording;
		cfg->run.files.nr = 0;
		signal(SIGPIPE, SIG_IGN);	/* a reader that goes away is an error: the recording is not whole */
		return EXIT_OK;
	}
	if (!nr)
		cfg->run.files = (struct opt_texts){ .items = &standard, .nr = 1 };
	return EXIT_OK;
}

static int add_events(struct run *run, const struct record_cfg *cfg)
{
	struct ktally_compile_opts opts = { .emit = true, .stack_depth = KTALLY_STACK_DEPTH_MAX, .rows = cfg->run.rows ? cfg->run.rows : SAMPLING_ROWS };
	unsigned int n;
	int status = EXIT_OK;

	if (!cfg->events.nr)
		return sampling_event(run, &cfg->sampling);
	for (n = 0; !status && n < cfg->events.nr; n++)
		status = run_event(run, cfg->events.items[n], &opts);
	return status;
}

static int run_record(const struct cmd_call *call)
{
	struct record_cfg cfg = *(const struct record_cfg *)call->cfg;
	struct run run = { 0 };
	int status = choose_files(&cfg);

	if (!status)
		status = sampling_check(&cfg.sampling);
	if (status)
		return status;
	if (cfg.events.nr && !cfg.run.ring_size)
		cfg.run.ring_size = RING_DEFAULT;
	status = run_open(&run, call, &cfg.run);
	if (!status)
		status = add_events(&run, &cfg);
	if (!status)
		status = run_measure(&run);
	if (!status)
		status = run_report(&run);
	return run_close(&run, status);
}

static const struct opt record_opts[] = {
	OPT_ROW_GROUP("What to record"),
	OPT_ROW(struct record_cfg, OPT_EVENTS, 'e', "event", events, "EVENT", "in the language of ktally-events(7), instead of samples"),
	OPT_ROW_SAMPLING_HZ(struct record_cfg),
	OPT_ROWS_SAMPLING(struct record_cfg),
	OPT_ROWS_SCOPE(struct record_cfg),
	OPT_ROWS_MEMORY(struct record_cfg),
	OPT_ROW_GROUP("Result"),
	OPT_ROW(struct record_cfg, OPT_FILES, 'o', "out", run.files, "FILE", "write it to FILE (" FILE_DEFAULT "); -: standard output"),
	OPT_ROWS_SOURCE(struct record_cfg),
	OPT_ROW_STRICT(struct record_cfg),
	OPT_ROW_DRY_RUN(struct record_cfg),
	OPT_ROW_VERBOSE(struct record_cfg),
	OPT_ROW_QUIET(struct record_cfg),
	OPT_ROW_HELP(struct record_cfg),
	OPT_ROW_END,
};

static const char *const record_text[] = {
	"Measures and writes a recording: a file with the raw addresses, what they were mapped to, build-ids, all names, the clocks, the host and the "
	"accounting. ktally report makes every output format of it, on any machine; ktally diff compares two of them. The format is described in "
	"ktally-recording(5).",
	"Without -e stacks are sampled, as by ktally profile. An event with key= or another attribute of a table is added up in the kernel, as by ktally tally; "
	"an event without one is kept record by record, as ktally trace shows it.",
	"The file appears when it is complete. Other commands that measure write recordings too: -o FILE.rec.",
	"Behind '--' stands a command: it is started once the measurement runs, and measured with everything it starts, until it ends. "
	"Its exit status becomes that of ktally.",
	NULL,
};

static const char *const record_examples[] = {
	"ktally record -d 10 && ktally report ktally.rec", "sample the machine for ten seconds, then look at it",
	"ktally record -o before.rec -F 999 -- make", "keep the profile of a build, to compare it with a later one",
	"ktally record -e sched:sched_switch//stack=kernel/ -d 1", "keep each switch with its stack",
	"ktally record -o - -d 10 | ssh HOST ktally report -", "look at it on another machine",
	NULL,
};

const struct cmd cmd_record = {
	.name = "record",
	.path = "record",
	.takes_command = true,
	.summary = "measure into a file that is read later and elsewhere",
	.text = record_text,
	.examples = record_examples,
	.opts = record_opts,
	.cfg_size = sizeof(struct record_cfg),
	.run = run_record,
};
