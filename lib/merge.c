// SPDX-License-Identifier: LGPL-2.1-or-later
/* Merges quiet halves of all CPUs into the tables and accounting of a snapshot. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rowset.h"
#include "snapshot.h"

/* The public snapshot comes first: freeing one frees the merge it is part of. */
struct ktally_merge {
	struct ktally_snapshot snap;
	const struct ktally_device *dev;	/* what is merged at the moment */
	unsigned int nr_tables;
	struct ktally_table_info *tables;
	struct ktally_rowset *rowsets;
	uint64_t *row;		/* a copy of one, for stack ids of exemplars to be changed in */
};

static bool has_stacks(const struct ktally_column *column)
{
	return column->flags & (KTALLY_COLUMN_KSTACK | KTALLY_COLUMN_USTACK);
}

static bool init_tables(struct ktally_merge *merge, const struct ktally_table_info *tables)
{
	unsigned int i, words = 1;

	for (i = 0; i < merge->nr_tables; i++) {
		merge->tables[i] = tables[i];
		if (ktally_rowset_init(&merge->rowsets[i], tables[i].nr_keys, tables[i].columns, tables[i].nr_columns))
			return false;
		if (merge->rowsets[i].row_words > words)
			words = merge->rowsets[i].row_words;
	}
	merge->row = malloc(words * sizeof(*merge->row));
	return merge->row;
}

static void copy_name(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
}

static void init_probes(struct ktally_snapshot *snap, const struct ktally_probe_info *probes)
{
	unsigned int i;

	for (i = 0; i < snap->nr_probes; i++) {
		struct ktally_accounting *acc = &snap->probes[i];

		copy_name(acc->name, sizeof(acc->name), probes[i].record.name[0] ? probes[i].record.name : probes[i].name);
		acc->missed = probes[i].missed;
		acc->closed = true;
	}
}

struct ktally_merge *ktally_merge_new(const struct ktally_shape *shape)
{
	struct ktally_merge *merge = calloc(1, sizeof(*merge));
	struct ktally_snapshot *snap;
	unsigned int i;

	if (!merge)
		return NULL;
	snap = &merge->snap;
	merge->nr_tables = shape->nr_tables;
	merge->tables = calloc(shape->nr_tables + 1, sizeof(*merge->tables));
	merge->rowsets = calloc(shape->nr_tables + 1, sizeof(*merge->rowsets));
	snap->nr_probes = shape->nr_probes;
	snap->probes = calloc(shape->nr_probes + 1, sizeof(*snap->probes));
	snap->nr_pairs = shape->nr_pairs;
	snap->pairs = calloc(shape->nr_pairs + 1, sizeof(*snap->pairs));
	snap->stacks = ktally_stackset_new();
	if (!merge->tables || !merge->rowsets || !snap->probes || !snap->pairs || !snap->stacks || !init_tables(merge, shape->tables)) {
		ktally_merge_free(merge);
		return NULL;
	}
	init_probes(snap, shape->probes);
	for (i = 0; i < snap->nr_pairs; i++)
		copy_name(snap->pairs[i].name, sizeof(snap->pairs[i].name), shape->pairs[i].schema.name);
	return merge;
}

void ktally_merge_free(struct ktally_merge *merge)
{
	unsigned int i;

	if (!merge)
		return;
	for (i = 0; merge->rowsets && i < merge->nr_tables; i++)
		ktally_rowset_clear(&merge->rowsets[i]);
	for (i = 0; merge->snap.tables && i < merge->nr_tables; i++)
		free(merge->snap.tables[i].rows);
	free(merge->snap.tables);
	free(merge->snap.probes);
	free(merge->snap.pairs);
	ktally_stackset_free(merge->snap.stacks);
	free(merge->rowsets);
	free(merge->tables);
	free(merge->row);
	free(merge);
}

void ktally_snapshot_free(struct ktally_snapshot *snap)
{
	ktally_merge_free((struct ktally_merge *)snap);
}

/* Ids of a CPU's store mean nothing elsewhere: replace them by ids of the snapshot's own set. */
static int translate_stack(struct ktally_merge *merge, const struct ktally_cpu_regions *cpu, uint64_t *word)
{
	const uint64_t *ips;
	unsigned int nr;
	int64_t id;

	if (!*word)
		return 0;
	ips = ktally_device_stack(merge->dev, cpu - merge->dev->cpus, *word, &nr);
	if (!ips) {
		bool lost = *word == KTALLY_STACK_LOST;

		*word = KTALLY_STACKSET_LOST;
		return lost ? 0 : -EBADMSG;
	}
	id = ktally_stackset_add(merge->snap.stacks, ips, nr);
	if (id < 0)
		return (int)id;
	*word = (uint64_t)id;
	return 0;
}

static int translate_key(struct ktally_merge *merge, const struct ktally_schema *schema, const struct ktally_cpu_regions *cpu,
			 unsigned int nr_keys, uint64_t *key)
{
	unsigned int i;
	int ret;

	for (i = 0; i < schema->nr_keys; i++) {
		const struct ktally_field *field = &schema->keys[i];

		if ((field->kind != KTALLY_KIND_KSTACK && field->kind != KTALLY_KIND_USTACK) || field->word >= nr_keys)
			continue;
		ret = translate_stack(merge, cpu, &key[field->word]);
		if (ret)
			return ret;
	}
	return 0;
}

static int translate_exemplars(struct ktally_merge *merge, const struct ktally_cpu_regions *cpu, struct ktally_exemplar *exemplar, unsigned int nr)
{
	uint64_t id;
	int ret;

	for (; nr; nr--, exemplar++) {
		id = exemplar->time ? exemplar->stack : 0;
		ret = translate_stack(merge, cpu, &id);
		if (ret)
			return ret;
		exemplar->stack = (uint32_t)id;
	}
	return 0;
}

/* Hits and cells of a row: as they are, or a copy in which the stacks of exemplars have ids of our own. NULL: *@ret says why */
static const uint64_t *translate_cells(struct ktally_merge *merge, const struct ktally_rowset *set, const struct ktally_cpu_regions *cpu,
				       const uint64_t *values, int *ret)
{
	const uint64_t *from = values;
	unsigned int i, cells;
	uint64_t *to;

	for (i = 0; i < set->nr_columns && !has_stacks(&set->columns[i]); i++)
		;
	if (i == set->nr_columns)
		return values;
	memcpy(merge->row, from, (set->row_words - set->nr_keys) * sizeof(*from));
	for (i = 0, to = merge->row + 1; i < set->nr_columns; i++, to += cells) {
		const struct ktally_column *column = &set->columns[i];
		int buckets = ktally_hist_buckets(column);

		cells = ktally_column_cells(column);
		if (!has_stacks(column))
			continue;
		if (column->kind == KTALLY_COLUMN_EXEMPLAR)
			*ret = translate_exemplars(merge, cpu, (void *)to, 1);
		else if (buckets > 0 && column->flags & KTALLY_COLUMN_EXEMPLARS)
			*ret = translate_exemplars(merge, cpu, (void *)(to + buckets), buckets);
		if (*ret)
			return NULL;
	}
	return merge->row;
}

static int merge_table(struct ktally_merge *merge, const struct ktally_cpu_regions *cpu, unsigned int half, unsigned int n)
{
	const struct ktally_table_head *head = ktally_mapping_table(&cpu->half[half], n);
	struct ktally_rowset *set = &merge->rowsets[n];
	const uint64_t *row, *values;
	uint64_t key[KTALLY_KEYS_MAX], used, i;
	int ret = 0;

	if (!head || head->nr_keys != set->nr_keys || head->row_size != set->row_words * 8)
		return -EBADMSG;
	used = head->used;
	if (used > head->capacity)
		return -EBADMSG;
	row = (const void *)((const char *)cpu->half[half].base + head->rows_offset);
	for (i = 0; i < used; i++, row += set->row_words) {
		if (!row[set->nr_keys])
			continue;
		memcpy(key, row, set->nr_keys * sizeof(*key));
		ret = i ? translate_key(merge, &merge->tables[n].schema, cpu, set->nr_keys, key) : 0;
		values = ret ? NULL : translate_cells(merge, set, cpu, row + set->nr_keys, &ret);
		if (values)
			ret = ktally_rowset_merge(set, i ? key : NULL, values);
		if (ret)
			return ret;
	}
	return 0;
}

static void merge_probes(struct ktally_snapshot *snap, const struct ktally_half *half)
{
	const struct ktally_probe_count *count = (const void *)((const char *)half + half->probes_offset);
	unsigned int i;

	for (i = 0; i < snap->nr_probes; i++, count++) {
		struct ktally_accounting *acc = &snap->probes[i];

		acc->count.hits += count->hits;
		acc->count.filtered += count->filtered;
		acc->count.gated += count->gated;
		acc->count.folded += count->folded;
		acc->count.other += count->other;
		acc->count.recursion += count->recursion;
		acc->count.nmi += count->nmi;
		acc->count.fault += count->fault;
		if (count->hits != count->filtered + count->gated + count->folded + count->other + count->recursion + count->nmi +
		    count->fault)
			acc->closed = false;
	}
}

static void merge_pairs(struct ktally_snapshot *snap, const struct ktally_half *half)
{
	const struct ktally_pair_count *count = (const void *)((const char *)half + half->pairs_offset);
	unsigned int i;

	for (i = 0; i < snap->nr_pairs; i++, count++) {
		struct ktally_pair_count *sum = &snap->pairs[i].count;

		sum->starts += count->starts;
		sum->ended += count->ended;
		sum->replaced += count->replaced;
		sum->full += count->full;
		sum->abandoned += count->abandoned;
		sum->unmatched += count->unmatched;
		sum->negative += count->negative;
		sum->stayed += count->stayed;
	}
}

/* Everything of one half of one CPU; its generation is looked at before and after, as its kernel-doc asks. */
static int merge_cpu(struct ktally_merge *merge, const struct ktally_device *dev, unsigned int cpu, unsigned int n, uint64_t generation)
{
	const struct ktally_half *half = ktally_mapping_half(&dev->cpus[cpu].half[n], cpu);
	unsigned int i;
	int ret = 0;

	if (!half || half->nr_tables != merge->nr_tables || half->nr_probes != merge->snap.nr_probes || half->nr_pairs != merge->snap.nr_pairs)
		return -EBADMSG;
	if (__atomic_load_n(&half->generation, __ATOMIC_ACQUIRE) != generation)
		return -EAGAIN;
	merge_probes(&merge->snap, half);
	merge_pairs(&merge->snap, half);
	for (i = 0; i < merge->nr_tables && !ret; i++)
		ret = merge_table(merge, &dev->cpus[cpu], n, i);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (__atomic_load_n(&half->generation, __ATOMIC_RELAXED) != generation)
		return -EAGAIN;
	return ret;
}

int ktally_merge_half(struct ktally_merge *merge, const struct ktally_device *dev, unsigned int half, uint64_t generation,
		      struct ktally_error *err)
{
	unsigned int cpu;
	int ret;

	if (half > 1)
		return ktally_fail(err, -EBADMSG, "the module says half %u is quiet, but there are two", half);
	if (generation & 1)
		return ktally_fail(err, -EAGAIN, "the half to read is not quiet");
	merge->dev = dev;
	for (cpu = 0; cpu < dev->nr_cpus; cpu++) {
		if (!dev->cpus[cpu].present)
			continue;
		ret = merge_cpu(merge, dev, cpu, half, generation);
		if (ret == -EAGAIN)
			return ktally_fail(err, ret, "another reader of the session flips its tables all the time; stop it or use `ktally stop`");
		if (ret == -EBADMSG)
			return ktally_fail(err, ret, "the tables that the module shows of CPU %u are not laid out as it says", cpu);
		if (ret)
			return ktally_fail(err, ret, "out of memory while merging tables");
	}
	return 0;
}

bool ktally_merge_flipped_once(const struct ktally_device *dev, unsigned int half, uint64_t generation)
{
	const struct ktally_half *head;
	unsigned int cpu;

	for (cpu = 0; cpu < dev->nr_cpus; cpu++) {
		if (!dev->cpus[cpu].present)
			continue;
		head = ktally_mapping_half(&dev->cpus[cpu].half[half], cpu);
		if (!head || __atomic_load_n(&head->generation, __ATOMIC_ACQUIRE) != generation + 1)
			return false;
	}
	return true;
}

static void point_row(const struct ktally_rowset *set, size_t n, struct ktally_row *row)
{
	row->key = set->words + n * set->row_words;
	row->hits = row->key[set->nr_keys];
	row->cells = row->key + set->nr_keys + 1;
}

/* A table without keys has only the other row, which then is its answer and no loss. */
static bool finish_table(struct ktally_table *table, const struct ktally_rowset *set, const struct ktally_schema *schema)
{
	size_t i;

	table->schema = *schema;
	table->rows = malloc((set->nr ? set->nr : 1) * sizeof(*table->rows));
	if (!table->rows)
		return false;
	point_row(set, 0, &table->other);
	if (!set->nr_keys) {
		table->rows[0] = table->other;
		table->nr_rows = table->other.hits ? 1 : 0;
		table->other.hits = 0;
		return true;
	}
	for (i = 1; i < set->nr; i++)
		point_row(set, i, &table->rows[i - 1]);
	table->nr_rows = set->nr - 1;
	return true;
}

static uint64_t stacks_lost(const struct ktally_device *dev)
{
	uint64_t lost = 0;
	unsigned int cpu;

	for (cpu = 0; cpu < dev->nr_cpus; cpu++) {
		const struct ktally_stacks *stacks = dev->cpus[cpu].stacks.base;

		if (stacks && dev->cpus[cpu].stacks.length >= sizeof(*stacks) && stacks->magic == KTALLY_STACKS_MAGIC)
			lost += __atomic_load_n(&stacks->lost, __ATOMIC_RELAXED);
	}
	return lost;
}

/* What is open is counted where it is, not worked out from the rest: that is what makes it an identity. */
static void finish_pair(struct ktally_pair_accounting *acc, const struct ktally_mapping *map)
{
	const struct ktally_pairs *pairs = map ? ktally_mapping_pairs(map) : NULL;
	const struct ktally_pair_count *count = &acc->count;

	acc->open = pairs ? ktally_pairs_open(pairs) : 0;
	acc->closed = pairs && count->starts == count->ended + count->replaced + count->full + count->abandoned + acc->open;
}

struct ktally_snapshot *ktally_merge_finish(struct ktally_merge *merge, const struct ktally_device *dev, uint64_t time)
{
	struct ktally_snapshot *snap = &merge->snap;
	unsigned int i;

	snap->tables = calloc(merge->nr_tables + 1, sizeof(*snap->tables));
	if (!snap->tables)
		return NULL;
	snap->nr_tables = merge->nr_tables;
	for (i = 0; i < merge->nr_tables; i++)
		if (!finish_table(&snap->tables[i], &merge->rowsets[i], &merge->tables[i].schema))
			return NULL;
	for (i = 0; i < snap->nr_pairs; i++)
		finish_pair(&snap->pairs[i], i < dev->nr_pairs ? &dev->pairs[i] : NULL);
	snap->stacks_lost = stacks_lost(dev);
	snap->time = time;
	return snap;
}

/* All rows of @old under their new keys. Return: 0 or -ENOMEM, then @set is empty */
static int rekey_rows(struct ktally_rowset *set, const struct ktally_rowset *old, const struct ktally_schema *schema,
		      bool (*rekey)(const struct ktally_schema *schema, uint64_t *key, void *arg), void *arg)
{
	uint64_t key[KTALLY_KEYS_MAX];
	const uint64_t *row = old->words;
	size_t i;
	int ret = ktally_rowset_init(set, old->nr_keys, old->columns, old->nr_columns);

	for (i = 0; !ret && i < old->nr; i++, row += old->row_words) {
		memcpy(key, row, old->nr_keys * sizeof(*key));
		if (i)
			rekey(schema, key, arg);
		ret = ktally_rowset_merge(set, i ? key : NULL, row + old->nr_keys);
		if (ret)
			ktally_rowset_clear(set);
	}
	return ret;
}

int ktally_snapshot_rekey(struct ktally_snapshot *snap, bool (*rekey)(const struct ktally_schema *schema, uint64_t *key, void *arg), void *arg)
{
	struct ktally_merge *merge = (struct ktally_merge *)snap;
	struct ktally_rowset set;
	struct ktally_table table;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < snap->nr_tables && !ret; i++) {
		if (!merge->rowsets[i].nr_keys || !rekey(&snap->tables[i].schema, NULL, arg))
			continue;
		ret = rekey_rows(&set, &merge->rowsets[i], &snap->tables[i].schema, rekey, arg);
		if (!ret && !finish_table(&table, &set, &snap->tables[i].schema)) {
			ktally_rowset_clear(&set);
			ret = -ENOMEM;
		}
		if (ret)
			break;
		free(snap->tables[i].rows);
		snap->tables[i] = table;
		ktally_rowset_clear(&merge->rowsets[i]);
		merge->rowsets[i] = set;
	}
	return ret;
}
