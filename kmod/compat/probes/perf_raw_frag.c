// SPDX-License-Identifier: GPL-2.0
// perf_raw_record.frag: "perf, events: add non-linear data support for raw records", 4.8.
#include <linux/perf_event.h>

void *probe(struct perf_sample_data *data);

void *probe(struct perf_sample_data *data)
{
	return data->raw->frag.data;
}
