/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options that say what is sampled, for the commands that sample, and the event they make. */
#ifndef _KTALLY_SAMPLING_H
#define _KTALLY_SAMPLING_H

#include "run.h"

#define SAMPLING_ROWS	8192	/* of the table, without --rows */

/** struct sampling_cfg - embedded in a command's configuration as "sampling"; @clock: "timer", "cpu-clock" or NULL */
struct sampling_cfg {
	unsigned int hz, depth;
	const char *clock;
	bool idle, no_kernel, no_user;
};

#define OPT_ROW_SAMPLING_HZ(cfg) \
	OPT_ROW_UINT(cfg, 'F', "frequency", sampling.hz, "HZ", 1, 10000, "samples each second on each CPU (99)")
#define OPT_ROWS_SAMPLING(cfg) \
	OPT_ROW(cfg, OPT_FLAG, 'I', "idle", sampling.idle, NULL, "also sample CPUs that idle"), \
	OPT_ROW(cfg, OPT_FLAG, 'U', "no-kernel", sampling.no_kernel, NULL, "only frames of user space"), \
	OPT_ROW(cfg, OPT_FLAG, 'K', "no-user", sampling.no_user, NULL, "only frames of the kernel"), \
	OPT_ROW_UINT(cfg, 0, "depth", sampling.depth, "N", 1, KTALLY_STACK_DEPTH_MAX, "frames of a stack that are kept (127)")

/** sampling_event - add the event that samples to @run's plan, and say in @run how. Return: exit code */
int sampling_event(struct run *run, const struct sampling_cfg *cfg);
/** sampling_check - do the options go together? To be asked before run_open(). Return: exit code */
int sampling_check(const struct sampling_cfg *cfg);

#endif /* _KTALLY_SAMPLING_H */
