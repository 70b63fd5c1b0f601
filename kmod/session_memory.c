// SPDX-License-Identifier: GPL-2.0
/* The memory of a session: what is set aside for each CPU, where it is in an mmap, how a half is laid out. */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <asm/barrier.h>
#include "compat/sync.h"
#include "interp.h"
#include "mappings.h"
#include "scratch.h"
#include "session.h"
#include "session_memory.h"
#include "stack.h"
#include "stack_memo.h"
#include "unwind.h"

/* Gives tables and probes their places in a half. */
static void place_all(struct ktally_session *session)
{
	u64 counts = sizeof(struct ktally_half);
	u64 pairs = counts + session->nr_probes * sizeof(struct ktally_probe_count);
	u64 heads = pairs + session->nr_pairs * sizeof(struct ktally_pair_count);
	u64 end = heads + session->nr_tables * sizeof(struct ktally_table_head);
	unsigned int i;

	for (i = 0; i < session->nr_probes; i++)
		session->probes[i]->count = counts + i * sizeof(struct ktally_probe_count);
	for (i = 0; i < session->nr_pairs; i++)
		session->pairs[i]->count = pairs + i * sizeof(struct ktally_pair_count);
	for (i = 0; i < session->nr_tables; i++)
		end = ktally_table_place(session->tables[i],
					 heads + i * sizeof(struct ktally_table_head), end);
	for (i = 0; i < session->nr_probes; i++)
		ktally_fast_shape(session->probes[i]);
	session->half_length = PAGE_ALIGN(end);
}

static void area_lengths(const struct ktally_session *session, u64 length[KTALLY_AREAS])
{
	const struct ktally_config *config = &session->config;

	length[KTALLY_AREA_HALF0] = session->half_length;
	length[KTALLY_AREA_HALF1] = session->half_length;
	length[KTALLY_AREA_RING] = config->ring_size ? ktally_ring_length(config->ring_size) : 0;
	length[KTALLY_AREA_CONSUMER] = config->ring_size ? PAGE_SIZE : 0;
	length[KTALLY_AREA_STACKS] = config->stack_entries ?
				     ktally_stacks_length(config->stack_entries) : 0;
}

/* No session may take more than a quarter of the machine. */
static int check_budget(u64 need, const char **why)
{
	struct sysinfo info;

	si_meminfo(&info);
	if (need <= (u64)info.totalram * info.mem_unit / 4)
		return 0;
	*why = "the session would take more than a quarter of the memory: fewer rows, a smaller ring or fewer stacks";
	return -ENOMEM;
}

static u64 pairs_length(const struct ktally_session *session)
{
	u64 length = 0;
	unsigned int i;

	for (i = 0; i < session->nr_pairs; i++)
		length += session->pairs[i]->length;
	return length;
}

/* The places of pairs belong to no CPU; in an mmap they come behind what does. */
static int alloc_pairs(struct ktally_session *session, u64 offset)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < session->nr_pairs && !err; i++) {
		session->pairs[i]->offset = offset;
		offset += session->pairs[i]->length;
		err = ktally_pair_alloc(session->pairs[i]);
	}
	session->memory += pairs_length(session);
	return err;
}

/* What walks of stacks remember on a CPU. */
static u64 walks_length(const struct ktally_session *session)
{
	u64 length = session->config.stack_entries ? ktally_memo_length() : 0;

	if (session->mappings)
		length += ktally_walker_length() + (session->config.ring_size ? ktally_codes_length() : 0);
	return length;
}

static int alloc_areas(struct ktally_session *session, const u64 length[KTALLY_AREAS], const char **why)
{
	unsigned int cpu, which;
	struct ktally_area *area;
	u64 offset = 0, each = 0;
	int err;

	for (which = 0; which < KTALLY_AREAS; which++)
		each += length[which];
	each += session->config.scratch_size;
	each += walks_length(session);
	err = check_budget(each * cpumask_weight(session->cpus) + pairs_length(session), why);
	if (err)
		return err;
	/* The index of a table counts the words of its half with 32 bits. */
	if (session->half_length / sizeof(u64) > ~0U) {
		*why = "the tables would take more than 32 GiB per CPU: fewer rows";
		return -E2BIG;
	}
	*why = "out of memory: fewer rows, a smaller ring or fewer stacks";
	session->areas = kcalloc(nr_cpu_ids * KTALLY_AREAS, sizeof(*area), GFP_KERNEL);
	if (!session->areas)
		return -ENOMEM;
	for_each_cpu(cpu, session->cpus) {
		for (which = 0; which < KTALLY_AREAS; which++) {
			area = &session->areas[cpu * KTALLY_AREAS + which];
			area->length = length[which];
			area->offset = offset;
			offset += length[which];
			if (!area->length)
				continue;
			area->memory = vmalloc_user(area->length);
			if (!area->memory)
				return -ENOMEM;
		}
	}
	session->memory = offset + (session->config.scratch_size + walks_length(session)) * cpumask_weight(session->cpus);
	if (session->mappings)
		session->memory += session->mappings->bytes;
	return alloc_pairs(session, offset);
}

static void half_init(const struct ktally_session *session, struct ktally_half *half, unsigned int cpu,
		      unsigned int which)
{
	unsigned int i;

	half->magic = KTALLY_HALF_MAGIC;
	half->abi = KTALLY_ABI;
	half->cpu = cpu;
	half->nr_probes = session->nr_probes;
	half->nr_tables = session->nr_tables;
	half->probes_offset = sizeof(*half);
	half->nr_pairs = session->nr_pairs;
	half->pairs_offset = half->probes_offset + session->nr_probes * sizeof(struct ktally_probe_count);
	half->tables_offset = half->pairs_offset + session->nr_pairs * sizeof(struct ktally_pair_count);
	half->generation = which == session->active;
	half->length = session->half_length;
	for (i = 0; i < session->nr_tables; i++)
		ktally_table_init(session->tables[i], half);
}

static int memory_init(struct ktally_session *session, unsigned int cpu)
{
	const struct ktally_config *config = &session->config;
	struct ktally_area *area = &session->areas[cpu * KTALLY_AREAS];
	struct ktally_hot *hot = per_cpu_ptr(session->hot, cpu);

	half_init(session, area[KTALLY_AREA_HALF0].memory, cpu, 0);
	half_init(session, area[KTALLY_AREA_HALF1].memory, cpu, 1);
	if (config->ring_size) {
		hot->ring = kzalloc(sizeof(*hot->ring), GFP_KERNEL);
		if (!hot->ring)
			return -ENOMEM;
		ktally_ring_init(hot->ring, area[KTALLY_AREA_RING].memory,
				 area[KTALLY_AREA_CONSUMER].memory, cpu, config->ring_size,
				 config->ring_mode, config->ring_watermark, &session->wait);
	}
	if (config->scratch_size) {
		hot->scratch = ktally_scratch_ring_new(cpu, config->scratch_size);
		if (!hot->scratch)
			return -ENOMEM;
	}
	if (session->mappings) {
		hot->walker = ktally_walker_new();
		hot->codes = config->ring_size ? ktally_codes_new(cpu) : NULL;
		if (!hot->walker || (config->ring_size && !hot->codes))
			return -ENOMEM;
	}
	if (config->stack_entries) {
		hot->stacks = area[KTALLY_AREA_STACKS].memory;
		ktally_stacks_init(hot->stacks, cpu, config->stack_entries);
		hot->memo = ktally_memo_new();
		if (!hot->memo && ktally_memo_length())
			return -ENOMEM;
	}
	return 0;
}

int ktally_session_alloc(struct ktally_session *session, const char **why)
{
	u64 length[KTALLY_AREAS];
	unsigned int cpu;
	int err;

	place_all(session);
	area_lengths(session, length);
	err = alloc_areas(session, length, why);
	for_each_cpu(cpu, session->cpus)
		if (!err)
			err = memory_init(session, cpu);
	if (err)
		ktally_session_free_memory(session);
	else
		ktally_vmalloc_sync();
	/* Pairs with those who look without the session's lock. */
	smp_store_release(&session->ready, !err);
	return err;
}

void ktally_session_free_memory(struct ktally_session *session)
{
	unsigned int cpu, i;

	for_each_possible_cpu(cpu) {
		struct ktally_hot *hot = per_cpu_ptr(session->hot, cpu);

		if (hot->ring)
			ktally_ring_quiesce(hot->ring);
		kfree(hot->ring);
		ktally_scratch_ring_free(hot->scratch);
		ktally_memo_free(hot->memo);
		ktally_walker_free(hot->walker);
		ktally_codes_free(hot->codes);
		memset(hot, 0, sizeof(*hot));
	}
	if (session->areas)
		for (i = 0; i < nr_cpu_ids * KTALLY_AREAS; i++)
			vfree(session->areas[i].memory);
	for (i = 0; i < session->nr_pairs; i++)
		ktally_pair_free_memory(session->pairs[i]);
	kfree(session->areas);
	session->areas = NULL;
	session->memory = 0;
}

struct ktally_area *ktally_session_area(const struct ktally_session *session, unsigned int cpu,
					unsigned int which)
{
	if (cpu >= nr_cpu_ids || which >= KTALLY_AREAS ||
	    !session->areas[cpu * KTALLY_AREAS + KTALLY_AREA_HALF0].memory)
		return NULL;
	return &session->areas[cpu * KTALLY_AREAS + which];
}
