// SPDX-License-Identifier: GPL-2.0-or-later
/* ktally profile: samples where the CPUs are, and adds the stacks up in the kernel. */
#include "sampling.h"

struct profile_cfg {
	struct opt_common common;
	struct run_cfg run;
	struct sampling_cfg sampling;
};

static int run_profile(const struct cmd_call *call)
{
	const struct profile_cfg *cfg = call->cfg;
	struct run run = { 0 };
	int status = sampling_check(&cfg->sampling);

	if (status)
		return status;
	status = run_open(&run, call, &cfg->run);
	if (!status)
		status = sampling_event(&run, &cfg->sampling);
	if (!status)
		status = run_measure(&run);
	if (!status)
		status = run_report(&run);
	return run_close(&run, status);
}

static const struct opt profile_opts[] = {
	OPT_ROW_GROUP("Sampling"),
	OPT_ROW_SAMPLING_HZ(struct profile_cfg),
	OPT_ROW(struct profile_cfg, OPT_CHOICE, 'e', "event", sampling.clock, "timer|cpu-clock", "what takes the samples (timer)"),
	OPT_ROWS_SAMPLING(struct profile_cfg),
	OPT_ROWS_SCOPE(struct profile_cfg),
	OPT_ROWS_MEMORY(struct profile_cfg),
	OPT_ROWS_OUTPUT(struct profile_cfg),
	OPT_ROWS_SOURCE(struct profile_cfg),
	OPT_ROW_DRY_RUN(struct profile_cfg),
	OPT_ROW_VERBOSE(struct profile_cfg),
	OPT_ROW_QUIET(struct profile_cfg),
	OPT_ROW_HELP(struct profile_cfg),
	OPT_ROW_END,
};

static const char *const profile_text[] = {
	"Interrupts each CPU many times a second and counts, in the kernel, the program, the process, and the kernel and user stacks it finds. "
	"Nothing is copied for a sample, so high frequencies and long runs cost little.",
	"User stacks are walked in the kernel by the unwind tables of the programs and libraries, which are read before the start, so nothing has to "
	"be built with frame pointers. A frame named \"[cut: ...]\" stands where a walk could not go on, and says why.",
	"With --unwind dump each sample copies registers and a piece of the user stack instead, and ktally walks them and adds them up itself: that costs far "
	"more, but needs no table in the kernel. The result is the same table.",
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
