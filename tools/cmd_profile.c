// SPDX-License-Identifier: GPL-2.0-or-later
/* ktally profile: samples where the CPUs are, and adds the stacks up in the kernel. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "run.h"

#define HZ_DEFAULT	99	/* not 100: must not march in step with what runs every 10 ms */
#define ROWS_DEFAULT	8192

struct profile_cfg {
	struct opt_common common;
	struct run_cfg run;
	unsigned int hz, depth;
	const char *event;
	bool idle, no_kernel, no_user;
};

/* The event that samples: the same text could be given to 'ktally tally -e'. */
static char *event_text(const struct profile_cfg *cfg)
{
	const char *stack = cfg->no_kernel ? "user" : cfg->no_user ? "kernel" : "both";
	const char *filter = cfg->idle ? "" : "tid != 0";
	char *source, *text;

	if (cfg->event && !strcmp(cfg->event, "cpu-clock"))
		source = out_text("cpu-clock");
	else
		source = out_text("timer:%uhz", cfg->hz);
	text = out_text("%s/%s/key=comm,pid/stack=%s/depth=%u/", source, filter, stack, cfg->depth);
	free(source);
	return text;
}

static int run_profile(const struct cmd_call *call)
{
	struct profile_cfg cfg = *(const struct profile_cfg *)call->cfg;
	struct ktally_compile_opts opts;
	struct run run = { 0 };
	char *text;
	int status;

	if (cfg.no_kernel && cfg.no_user) {
		out_error("--no-kernel and --no-user together leave nothing to show");
		return EXIT_USAGE;
	}
	cfg.hz = cfg.hz ? cfg.hz : HZ_DEFAULT;
	cfg.depth = cfg.depth ? cfg.depth : KTALLY_STACK_DEPTH_MAX;
	opts = (struct ktally_compile_opts){ .stack_depth = cfg.depth, .rows = cfg.run.rows ? cfg.run.rows : ROWS_DEFAULT };
	run.period_ns = 1000000000ULL / cfg.hz;
	text = event_text(&cfg);
	status = run_open(&run, call, &cfg.run);
	if (!status)
		status = run_event(&run, text, &opts);
	if (!status) {
		if (run.compiled)
			run.plan->probes[0].period = run.period_ns;
		status = run_measure(&run);
	}
	if (!status)
		status = run_report(&run);
	free(text);
	return run_close(&run, status);
}

static const struct opt profile_opts[] = {
	OPT_ROW_GROUP("Sampling"),
	OPT_ROW_UINT(struct profile_cfg, 'F', "frequency", hz, "HZ", 1, 10000, "samples each second on each CPU (99)"),
	OPT_ROW(struct profile_cfg, OPT_CHOICE, 'e', "event", event, "timer|cpu-clock", "what takes the samples (timer)"),
	OPT_ROW(struct profile_cfg, OPT_FLAG, 'I', "idle", idle, NULL, "also sample CPUs that idle"),
	OPT_ROW(struct profile_cfg, OPT_FLAG, 'U', "no-kernel", no_kernel, NULL, "only frames of user space"),
	OPT_ROW(struct profile_cfg, OPT_FLAG, 'K', "no-user", no_user, NULL, "only frames of the kernel"),
	OPT_ROW_UINT(struct profile_cfg, 0, "depth", depth, "N", 1, KTALLY_STACK_DEPTH_MAX, "frames of a stack that are kept (127)"),
	OPT_ROWS_SCOPE(struct profile_cfg),
	OPT_ROWS_MEMORY(struct profile_cfg),
	OPT_ROWS_OUTPUT(struct profile_cfg),
	OPT_ROW_DRY_RUN(struct profile_cfg),
	OPT_ROW_VERBOSE(struct profile_cfg),
	OPT_ROW_QUIET(struct profile_cfg),
	OPT_ROW_HELP(struct profile_cfg),
	OPT_ROW_END,
};

static const char *const profile_text[] = {
	"Interrupts each CPU many times a second and counts, in the kernel, the program, the process, and the kernel and user stacks it finds. "
	"Nothing is copied for a sample, so high frequencies and long runs cost little.",
	"User stacks are walked by frame pointers: a program built without them shows its innermost frame and little else.",
	"Behind '--' stands a command: it is started once the measurement runs, and measured with everything it starts, until it ends. "
	"Its exit status becomes that of ktally.",
	NULL,
};

static const char *const profile_examples[] = {
	"ktally profile -d 10", "see where the machine spends ten seconds",
	"ktally profile -F 999 -o cpu.svg -o cpu.pb.gz -- make -j8", "profile a build, as a flame graph and for pprof",
	"ktally profile -p 1200 -C 0-3 --no-kernel -d 30", "see the user side of one process on four CPUs",
	NULL,
};

const struct cmd cmd_profile = {
	.name = "profile",
	.path = "profile",
	.takes_command = true,
	.summary = "sample stacks: where does the time go",
	.text = profile_text,
	.examples = profile_examples,
	.opts = profile_opts,
	.cfg_size = sizeof(struct profile_cfg),
	.run = run_profile,
};
