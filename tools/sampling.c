// SPDX-License-Identifier: GPL-2.0-or-later
/* Options that say what is sampled, and the event they make: the same text could be given to 'ktally tally -e'. */
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "run_gather.h"
#include "run_unwind.h"
#include "sampling.h"

#define HZ_DEFAULT	99	/* not 100: must not march in step with what runs every 10 ms */

static unsigned int hz_of(const struct sampling_cfg *cfg)
{
	return cfg->hz ? cfg->hz : HZ_DEFAULT;
}

static unsigned int depth_of(const struct sampling_cfg *cfg)
{
	return cfg->depth ? cfg->depth : KTALLY_STACK_DEPTH_MAX;
}

/* Dumps cannot be keys in the kernel: then each sample is a record, and is added up here. */
static char *event_text(const struct sampling_cfg *cfg, bool records)
{
	const char *stack = cfg->no_kernel ? "user" : cfg->no_user ? "kernel" : "both";
	const char *filter = cfg->idle ? "" : "tid != 0";
	char *source, *text;

	if (cfg->clock && !strcmp(cfg->clock, "cpu-clock"))
		source = out_text("cpu-clock");
	else
		source = out_text("timer:%uhz", hz_of(cfg));
	text = out_text("%s/%s/%s=comm,pid/stack=%s/depth=%u/", source, filter, records ? "emit" : "key", stack, depth_of(cfg));
	free(source);
	return text;
}

int sampling_check(const struct sampling_cfg *cfg)
{
	if (!cfg->no_kernel || !cfg->no_user)
		return EXIT_OK;
	out_error("--no-kernel and --no-user together leave nothing to show");
	return EXIT_USAGE;
}

int sampling_event(struct run *run, const struct sampling_cfg *cfg)
{
	struct ktally_compile_opts opts = { .stack_depth = depth_of(cfg), .rows = run->cfg->rows ? run->cfg->rows : SAMPLING_ROWS };
	bool records = run_unwind_dumps(run) && !cfg->no_user;
	char *text = event_text(cfg, records);
	int status = run_event(run, text, &opts);

	free(text);
	run->period_ns = 1000000000ULL / hz_of(cfg);
	if (!status && run->compiled)
		run->plan->probes[run->plan->nr_probes - 1].period = run->period_ns;
	if (!status && run->compiled && records)
		status = run_gather_open(run, run->plan->nr_probes - 1, depth_of(cfg));
	return status;
}
