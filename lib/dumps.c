// SPDX-License-Identifier: LGPL-2.1-or-later
/* Keeps records of registers and stacks until the event that names them comes: it stands behind them in the ring of the same CPU. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libktally.h"

struct dump {
	struct ktally_user *record;
	size_t room;
};

/* @next: where the next one goes: that of the oldest */
struct cpu_dumps {
	struct dump list[KTALLY_DUMPS_KEPT];
	unsigned int next;
};

struct ktally_dumps {
	unsigned int nr_cpus;
	struct cpu_dumps cpus[];
};

struct ktally_dumps *ktally_dumps_new(unsigned int nr_cpus)
{
	struct ktally_dumps *dumps = calloc(1, sizeof(*dumps) + nr_cpus * sizeof(dumps->cpus[0]));

	if (dumps)
		dumps->nr_cpus = nr_cpus;
	return dumps;
}

void ktally_dumps_free(struct ktally_dumps *dumps)
{
	unsigned int cpu, i;

	for (cpu = 0; dumps && cpu < dumps->nr_cpus; cpu++)
		for (i = 0; i < KTALLY_DUMPS_KEPT; i++)
			free(dumps->cpus[cpu].list[i].record);
	free(dumps);
}

int ktally_dumps_keep(struct ktally_dumps *dumps, unsigned int cpu, const struct ktally_user *record)
{
	struct cpu_dumps *of_cpu;
	struct dump *dump;
	void *bigger;

	if (cpu >= dumps->nr_cpus)
		return -EINVAL;
	of_cpu = &dumps->cpus[cpu];
	dump = &of_cpu->list[of_cpu->next];
	if (dump->room < record->record.size) {
		bigger = realloc(dump->record, record->record.size);
		if (!bigger)
			return -ENOMEM;
		dump->record = bigger;
		dump->room = record->record.size;
	}
	memcpy(dump->record, record, record->record.size);
	of_cpu->next = (of_cpu->next + 1) % KTALLY_DUMPS_KEPT;
	return 0;
}

const struct ktally_user *ktally_dumps_find(const struct ktally_dumps *dumps, unsigned int cpu, uint64_t id)
{
	unsigned int i;

	if (!id || cpu >= dumps->nr_cpus)
		return NULL;
	for (i = 0; i < KTALLY_DUMPS_KEPT; i++)
		if (dumps->cpus[cpu].list[i].record && dumps->cpus[cpu].list[i].record->id == id)
			return dumps->cpus[cpu].list[i].record;
	return NULL;
}
