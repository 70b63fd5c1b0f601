// SPDX-License-Identifier: GPL-2.0
// perf_sample_data.sample_flags: "perf: Add sample_flags to indicate the PMU-filled sample
// data", 6.1.
#include <linux/perf_event.h>

u64 probe(struct perf_sample_data *data);

u64 probe(struct perf_sample_data *data)
{
	return data->sample_flags;
}
