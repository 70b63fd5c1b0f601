// SPDX-License-Identifier: GPL-2.0-or-later
/* Merging of halves: against a second, simpler way to sum the same rows up, and against halves that lie. */
#include <errno.h>

#include "crafted.h"
#include "snapshot.h"

#define CPUS 3U
#define ROW_WORDS 9U	/* 2 keys, hits, SUM, MIN, MAX, VAR (3) */
#define KEYS 40U
#define GENERATION 6U

static const struct ktally_column columns[] = {
	{ .kind = KTALLY_COLUMN_COUNT }, { .kind = KTALLY_COLUMN_SUM }, { .kind = KTALLY_COLUMN_MIN },
	{ .kind = KTALLY_COLUMN_MAX }, { .kind = KTALLY_COLUMN_VAR },
};

static struct ktally_table_info table_info(void)
{
	struct ktally_table_info info = { .nr_keys = 2, .rows = 64, .nr_columns = 5 };
	unsigned int i;

	memcpy(info.columns, columns, sizeof(columns));
	strcpy(info.schema.name, "t");
	info.schema.nr_keys = 2;
	info.schema.key_words = 2;
	info.schema.nr_values = 5;
	for (i = 0; i < 2; i++)
		info.schema.keys[i] = (struct ktally_field){ .kind = KTALLY_KIND_UINT, .word = i, .words = 1 };
	info.schema.keys[1].kind = KTALLY_KIND_KSTACK;
	for (i = 0; i < 5; i++)
		info.schema.values[i].column = columns[i];
	return info;
}

static struct ktally_probe_info probe_info(void)
{
	struct ktally_probe_info info = { .missed = 5 };

	strcpy(info.record.name, "the probe");
	return info;
}

static struct ktally_merge *new_merge(struct ktally_table_info *table, struct ktally_probe_info *probe)
{
	struct ktally_shape shape = { .tables = table, .nr_tables = 1, .probes = probe, .nr_probes = probe ? 1 : 0 };

	return ktally_merge_new(&shape);
}

/* What one key should come to. */
struct model {
	uint64_t hits;
	int64_t sum, min, max;
	unsigned __int128 squares;
};

static void model_add(struct model *model, int64_t value)
{
	if (!model->hits || value < model->min)
		model->min = value;
	if (!model->hits || value > model->max)
		model->max = value;
	model->hits++;
	model->sum += value;
	model->squares += (unsigned __int128)((__int128)value * value);
}

static void row_add(uint64_t *row, int64_t value)
{
	unsigned __int128 squares = (unsigned __int128)row[8] << 64 | row[7];

	row[2]++;
	row[3] += (uint64_t)value;
	if (((uint64_t)value ^ KTALLY_MIN_BIAS) > row[4])
		row[4] = (uint64_t)value ^ KTALLY_MIN_BIAS;
	if (((uint64_t)value ^ KTALLY_MAX_BIAS) > row[5])
		row[5] = (uint64_t)value ^ KTALLY_MAX_BIAS;
	row[6] += (uint64_t)value;
	squares += (unsigned __int128)((__int128)value * value);
	row[7] = (uint64_t)squares;
	row[8] = squares >> 64;
}

/* Values far apart, so that every merge of minima, maxima and the upper half of the squares matters. */
static int64_t some_value(void)
{
	int64_t value = ((int64_t)random() << 31 | random()) >> (random() % 60);

	return random() & 1 ? -value : value;
}

static const uint64_t stack_ips[2][3] = { { 0xffffffff81000010, 0xffffffff81000020, 0xffffffff81000030 },
					  { 0xffffffff81000010, 0xffffffff81000020, 0xffffffff81000031 } };

static struct ktally_half *fill_half(struct ktally_device *dev, unsigned int cpu, unsigned int half, struct model *model)
{
	struct ktally_half *head = crafted_half(&dev->cpus[cpu].half[half], cpu, 1, 0, 2, ROW_WORDS, KEYS + 2);
	struct ktally_stacks *stacks = dev->cpus[cpu].stacks.base;
	uint64_t ids[2];
	unsigned int i, key;

	if (!stacks) {
		stacks = crafted_stacks(&dev->cpus[cpu].stacks, cpu, 4096);
		for (i = 0; i < cpu; i++)	/* so that the same stack has another id on every CPU */
			crafted_stack(stacks, stack_ips[0], 1 + i);
	}
	ids[0] = crafted_stack(stacks, stack_ips[0], 3);
	ids[1] = crafted_stack(stacks, stack_ips[1], 3);
	for (key = 0; key < KEYS; key++) {
		unsigned int at = 1 + (key * 7 + cpu * 3 + half) % KEYS;	/* another order on every CPU */
		uint64_t *row = crafted_row(head, at);
		unsigned int hits = random() % 4;

		row[0] = key / 2;
		row[1] = ids[key & 1];
		while (hits--) {
			int64_t value = some_value();

			row_add(row, value);
			model_add(&model[key], value);
		}
	}
	*crafted_counts(head) = (struct ktally_probe_count){ .hits = 28, .filtered = 1, .gated = 2, .folded = 3, .other = 4,
							     .recursion = 5, .nmi = 6, .fault = 7 };
	head->generation = GENERATION;
	return head;
}

static const struct ktally_row *find_row(const struct ktally_snapshot *snap, unsigned int key)
{
	const struct ktally_table *table = &snap->tables[0];
	unsigned int nr;
	size_t i;

	for (i = 0; i < table->nr_rows; i++) {
		const uint64_t *ips = ktally_stackset_get(snap->stacks, table->rows[i].key[1], &nr);

		if (table->rows[i].key[0] == key / 2 && nr == 3 && !memcmp(ips, stack_ips[key & 1], sizeof(stack_ips[0])))
			return &table->rows[i];
	}
	return NULL;
}

static void check_row(const struct ktally_schema *schema, const struct ktally_row *row, const struct model *model)
{
	const uint64_t *var = ktally_cells(schema, row, 4);

	assert_null(ktally_cells(schema, row, 0));
	assert_int_equal(row->hits, model->hits);
	assert_int_equal(ktally_cells_int(&schema->values[1], ktally_cells(schema, row, 1)), model->sum);
	assert_int_equal(ktally_cells_int(&schema->values[2], ktally_cells(schema, row, 2)), model->min);
	assert_int_equal(ktally_cells_int(&schema->values[3], ktally_cells(schema, row, 3)), model->max);
	assert_int_equal((int64_t)var[0], model->sum);
	assert_int_equal(var[1], (uint64_t)model->squares);
	assert_int_equal(var[2], (uint64_t)(model->squares >> 64));
}

static void check_probe(const struct ktally_accounting *acc)
{
	assert_string_equal(acc->name, "the probe");
	assert_int_equal(acc->count.hits, 28 * 2 * CPUS);
	assert_int_equal(acc->count.fault, 7 * 2 * CPUS);
	assert_int_equal(acc->missed, 5);
	assert_true(acc->closed);
}

static void merges_all_cpus_and_halves(void **state)
{
	struct ktally_device *dev = crafted_device(CPUS + 1);
	struct ktally_table_info table = table_info();
	struct ktally_probe_info probe = probe_info();
	struct ktally_merge *merge = new_merge(&table, &probe);
	struct model model[KEYS] = { 0 };
	struct ktally_snapshot *snap;
	unsigned int i, rows = 0;

	(void)state;
	dev->cpus[CPUS].present = false;
	for (i = 0; i < CPUS; i++) {
		fill_half(dev, i, 0, model);
		crafted_row(fill_half(dev, i, 1, model), 0)[2] = 10;
		((struct ktally_stacks *)dev->cpus[i].stacks.base)->lost = 3;
	}
	assert_int_equal(ktally_merge_half(merge, dev, 1, GENERATION, NULL), 0);
	assert_int_equal(ktally_merge_half(merge, dev, 0, GENERATION, NULL), 0);
	snap = ktally_merge_finish(merge, dev, 77);
	assert_non_null(snap);
	for (i = 0; i < KEYS; i++) {
		const struct ktally_row *row = find_row(snap, i);

		rows += model[i].hits != 0;
		assert_int_equal(row != NULL, model[i].hits != 0);
		if (row)
			check_row(&snap->tables[0].schema, row, &model[i]);
	}
	assert_int_equal(snap->tables[0].nr_rows, rows);
	assert_int_equal(snap->tables[0].other.hits, 10 * CPUS);
	assert_int_equal(snap->time, 77);
	assert_int_equal(snap->stacks_lost, 3 * CPUS);
	check_probe(&snap->probes[0]);
	ktally_snapshot_free(snap);
	crafted_free(dev);
}

static void an_identity_that_does_not_close_is_told(void **state)
{
	struct ktally_device *dev = crafted_device(2);
	struct ktally_table_info table = table_info();
	struct ktally_probe_info probe = probe_info();
	struct ktally_merge *merge = new_merge(&table, &probe);
	struct model model[KEYS] = { 0 };
	struct ktally_snapshot *snap;
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++)		/* the sum over both CPUs closes, neither CPU does */
		crafted_counts(fill_half(dev, i, 0, model))->hits += i ? 1 : -1;
	assert_int_equal(ktally_merge_half(merge, dev, 0, GENERATION, NULL), 0);
	snap = ktally_merge_finish(merge, dev, 0);
	assert_false(snap->probes[0].closed);
	ktally_snapshot_free(snap);
	crafted_free(dev);
}

static void a_busy_half_is_tried_again(void **state)
{
	struct ktally_device *dev = crafted_device(1);
	struct ktally_table_info table = table_info();
	struct ktally_probe_info probe = probe_info();
	struct ktally_merge *merge = new_merge(&table, &probe);
	struct model model[KEYS] = { 0 };
	struct ktally_half *half = fill_half(dev, 0, 0, model);

	(void)state;
	assert_int_equal(ktally_merge_half(merge, dev, 0, GENERATION + 2, NULL), -EAGAIN);
	half->generation = GENERATION + 1;
	assert_int_equal(ktally_merge_half(merge, dev, 0, GENERATION, NULL), -EAGAIN);
	assert_int_equal(ktally_merge_half(merge, dev, 0, GENERATION + 1, NULL), -EAGAIN);
	assert_true(ktally_merge_flipped_once(dev, 0, GENERATION));
	half->generation = GENERATION + 3;
	assert_false(ktally_merge_flipped_once(dev, 0, GENERATION));
	ktally_merge_free(merge);
	crafted_free(dev);
}

static int merge_result(struct ktally_device *dev)
{
	struct ktally_table_info table = table_info();
	struct ktally_probe_info probe = probe_info();
	struct ktally_merge *merge = new_merge(&table, &probe);
	struct ktally_error err = { 0 };
	int ret = ktally_merge_half(merge, dev, 0, GENERATION, &err);

	assert_true(!ret || err.text[0]);
	ktally_merge_free(merge);
	return ret;
}

static void halves_that_lie_are_refused(void **state)
{
	struct ktally_device *dev = crafted_device(1);
	struct model model[KEYS] = { 0 };
	struct ktally_half *half = fill_half(dev, 0, 0, model), good = *half;
	struct ktally_table_head *head = crafted_table(half), good_head = *head;

	(void)state;
	assert_int_equal(merge_result(dev), 0);
#define LIE(what, value, restore) do { what = value; assert_int_equal(merge_result(dev), -EBADMSG); restore; } while (0)
	LIE(half->magic, 1, *half = good);
	LIE(half->abi, KTALLY_ABI + 1, *half = good);
	LIE(half->cpu, 1, *half = good);
	LIE(half->nr_probes, 2, *half = good);
	LIE(half->nr_probes, UINT32_MAX, *half = good);
	LIE(half->nr_tables, 0, *half = good);
	LIE(half->probes_offset, good.length - 8, *half = good);
	LIE(half->tables_offset, UINT32_MAX - 7, *half = good);
	LIE(half->nr_pairs, 1, *half = good);
	LIE(half->nr_pairs, UINT32_MAX, *half = good);
	LIE(half->pairs_offset, UINT32_MAX - 7, *half = good);
	LIE(half->tables_offset, good.tables_offset + 4, *half = good);
	LIE(head->used, head->capacity + 1, *head = good_head);
	LIE(head->used, UINT64_MAX, *head = good_head);
	LIE(head->capacity, 1U << 20, *head = good_head);
	LIE(head->row_size, head->row_size + 8, *head = good_head);
	LIE(head->row_size, 4, *head = good_head);
	LIE(head->rows_offset, UINT64_MAX - 7, *head = good_head);
	LIE(head->rows_offset, good.length - 8, *head = good_head);
	LIE(head->nr_keys, 3, *head = good_head);
	LIE(dev->cpus[0].half[0].length, sizeof(good) - 1, dev->cpus[0].half[0].length = good.length);
	assert_int_equal(merge_result(dev), 0);
	crafted_free(dev);
}

static void stack_ids_are_checked(void **state)
{
	struct ktally_device *dev = crafted_device(1);
	struct model model[KEYS] = { 0 };
	uint64_t *row = crafted_row(fill_half(dev, 0, 0, model), 1), good = row[1];
	struct ktally_stacks *stacks = dev->cpus[0].stacks.base;

	(void)state;
	row[2] = 1;
	row[1] = KTALLY_STACK_LOST;
	assert_int_equal(merge_result(dev), 0);
	row[1] = 0;
	assert_int_equal(merge_result(dev), 0);
	row[1] = 1 + stacks->used / 8;
	assert_int_equal(merge_result(dev), -EBADMSG);
	row[1] = UINT64_MAX;
	assert_int_equal(merge_result(dev), -EBADMSG);
	row[1] = good;
	stacks->used = UINT64_MAX - 7;
	assert_int_equal(merge_result(dev), -EBADMSG);
	crafted_free(dev);
}

/* ---- pairs ---- */

static struct ktally_pair_info pair_info(void)
{
	struct ktally_pair_info info = { .nr_keys = 1, .nr_saved = 2 };
	static const enum ktally_kind kinds[] = { KTALLY_KIND_UINT, KTALLY_KIND_KSTACK, KTALLY_KIND_PID };
	unsigned int i;

	strcpy(info.schema.name, "a -> b");
	info.schema.nr_keys = 3;
	info.schema.key_words = 3;
	for (i = 0; i < 3; i++)
		info.schema.keys[i] = (struct ktally_field){ .kind = kinds[i], .word = i, .words = 1 };
	return info;
}

/* What @dev shows of its one pair, halves of @cpus CPUs counted. */
static struct ktally_pair_accounting pair_accounting(struct ktally_device *dev)
{
	struct ktally_table_info table = table_info();
	struct ktally_pair_info pair = pair_info();
	struct ktally_shape shape = { .tables = &table, .nr_tables = 1, .pairs = &pair, .nr_pairs = 1 };
	struct ktally_merge *merge = ktally_merge_new(&shape);
	struct ktally_pair_accounting acc;
	struct ktally_snapshot *snap;

	assert_int_equal(ktally_merge_half(merge, dev, 0, GENERATION, NULL), 0);
	assert_int_equal(ktally_merge_half(merge, dev, 1, GENERATION, NULL), 0);
	snap = ktally_merge_finish(merge, dev, 0);
	assert_int_equal(snap->nr_pairs, 1);
	acc = snap->pairs[0];
	ktally_snapshot_free(snap);
	return acc;
}

static void pairs_are_summed_and_their_identity_closes(void **state)
{
	struct ktally_device *dev = crafted_device(2);
	struct ktally_pair_accounting acc;
	struct ktally_pairs *pairs;
	struct ktally_half *half;
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {	/* a start on one CPU, its end on the other */
		half = crafted_half(&dev->cpus[i / 2].half[i % 2], i / 2, 0, 1, 2, ROW_WORDS, 4);
		half->generation = GENERATION;
		*crafted_pair_counts(half) = (struct ktally_pair_count){ .starts = i < 2 ? 100 : 0, .ended = i < 2 ? 0 : 90, .replaced = i, .full = 1,
									 .abandoned = 2, .unmatched = 3, .negative = 4, .stayed = 5 };
	}
	pairs = crafted_pairs(dev, KTALLY_PAIR_NEST, 1, 2, 1, 8);
	crafted_open(pairs, 3, 0, 1000, 0);
	crafted_open(pairs, 5, 1, 2000, 0);
	acc = pair_accounting(dev);
	assert_string_equal(acc.name, "a -> b");
	assert_int_equal(acc.count.starts, 200);
	assert_int_equal(acc.count.ended, 180);
	assert_int_equal(acc.count.unmatched, 12);
	assert_int_equal(acc.count.negative, 16);
	assert_int_equal(acc.count.stayed, 20);
	assert_int_equal(acc.open, 2);
	assert_true(acc.closed);	/* 200 = 180 + 6 + 4 + 8 + 2 */
	crafted_open(pairs, 5, 1, 2000, 0);
	acc = pair_accounting(dev);
	assert_int_equal(acc.open, 3);
	assert_false(acc.closed);
	crafted_free(dev);
}

static void open_starts_are_listed_by_age(void **state)
{
	struct ktally_device *dev = crafted_device(2);
	struct ktally_stackset *stacks = ktally_stackset_new();
	struct ktally_pair_info pair = pair_info();
	struct ktally_open_start *list;
	const uint64_t *ips;
	struct ktally_pairs *pairs;
	struct ktally_open *open;
	struct ktally_error err;
	unsigned int i, nr;
	uint64_t id;

	(void)state;
	for (i = 0; i < 2; i++) {	/* the same id is another stack on the other CPU */
		struct ktally_stacks *store = crafted_stacks(&dev->cpus[i].stacks, i, 4096);

		id = crafted_stack(store, stack_ips[i], 3);
	}
	pairs = crafted_pairs(dev, KTALLY_PAIR_NEST, 1, 2, 3, 8);
	crafted_open(pairs, 2, 1, 3000, 50)->frames[3] = id;
	open = crafted_open(pairs, 6, 0, 4000, 60);
	open->frames[3] = id;
	crafted_open(pairs, 6, 0, 2000, 70);	/* inside the other */
	open->frames[pairs->frame_size / 8 + 3] = KTALLY_STACK_LOST;
	assert_int_equal(ktally_open_starts(dev, &pair, stacks, &list, &err), 3);
	assert_int_equal(list[0].time, 2000);
	assert_int_equal(list[0].words[0], 70);
	assert_int_equal(list[0].words[1], KTALLY_STACKSET_LOST);
	assert_int_equal(list[0].words[2], 72);
	assert_int_equal(list[0].owner, 1006);
	assert_int_equal(list[0].weight, 7);
	assert_int_equal(list[1].words[0], 50);
	assert_int_equal(list[1].cpu, 1);
	assert_true(list[0].age > list[1].age && list[1].age > list[2].age);
	ips = ktally_stackset_get(stacks, list[1].words[1], &nr);
	assert_true(nr == 3 && !memcmp(ips, stack_ips[1], sizeof(stack_ips[1])));
	ips = ktally_stackset_get(stacks, list[2].words[1], &nr);
	assert_true(nr == 3 && !memcmp(ips, stack_ips[0], sizeof(stack_ips[0])));
	free(list);
	pairs->factor = 1ULL << 31;	/* half a nanosecond a tick */
	pairs->ticks = 3000;
	pairs->time = 1000000;
	assert_int_equal(ktally_open_starts(dev, &pair, stacks, &list, &err), 3);
	assert_int_equal(list[0].time, 1000000 - 500);
	assert_int_equal(list[1].time, 1000000);
	assert_int_equal(list[2].time, 1000000 + 500);
	free(list);
	open->sequence |= 1;		/* for ever being written */
	assert_int_equal(ktally_open_starts(dev, &pair, stacks, &list, &err), -EAGAIN);
	open->sequence++;
	open->depth = KTALLY_PAIR_DEPTH + 1;
	assert_int_equal(ktally_open_starts(dev, &pair, stacks, &list, &err), -EBADMSG);
	ktally_stackset_free(stacks);
	crafted_free(dev);
}

static void pairs_that_lie_are_refused(void **state)
{
	struct ktally_device *dev = crafted_device(1);
	struct ktally_stackset *stacks = ktally_stackset_new();
	struct ktally_pairs *pairs = crafted_pairs(dev, 0, 1, 2, 0, 4), good = *pairs;
	struct ktally_pair_info pair = pair_info();
	struct ktally_open_start *list;
	struct ktally_error err;

	(void)state;
#define PAIR_LIE(what, value) do { \
		what = value; \
		assert_int_equal(ktally_open_starts(dev, &pair, stacks, &list, &err), -EBADMSG); \
		assert_non_null(strstr(err.text, "a -> b")); \
		*pairs = good; \
	} while (0)
	crafted_open(pairs, 0, 0, 1, 0);
	PAIR_LIE(pairs->magic, 0);
	PAIR_LIE(pairs->nr_keys, 2);
	PAIR_LIE(pairs->nr_saved, 9);
	PAIR_LIE(pairs->capacity, 5);
	PAIR_LIE(pairs->capacity, UINT32_MAX);
	PAIR_LIE(pairs->entry_size, good.entry_size - 8);
	PAIR_LIE(pairs->entry_size, good.entry_size + 4);
	PAIR_LIE(pairs->frame_size, 8);
	PAIR_LIE(pairs->frame_size, good.entry_size);
	PAIR_LIE(pairs->flags, KTALLY_PAIR_NEST);
	PAIR_LIE(pairs->entries_offset, UINT64_MAX - 7);
	PAIR_LIE(pairs->entries_offset, good.entries_offset + 4);
	assert_int_equal(ktally_open_starts(dev, &pair, stacks, &list, &err), 1);
	free(list);
	pair.pair = 1;
	assert_int_equal(ktally_open_starts(dev, &pair, stacks, &list, &err), -EBADMSG);
	ktally_stackset_free(stacks);
	crafted_free(dev);
}

/* ---- exemplars ---- */

#define BUCKETS 4U	/* of lin(0,2,1) */
#define EX_WORDS (1 + 1 + KTALLY_EXEMPLAR_CELLS + BUCKETS * (1 + KTALLY_EXEMPLAR_CELLS))

static struct ktally_table_info exemplar_table(void)
{
	struct ktally_table_info info = { .nr_keys = 1, .rows = 4, .nr_columns = 2, .columns = {
		{ .kind = KTALLY_COLUMN_EXEMPLAR, .flags = KTALLY_COLUMN_KSTACK },
		{ .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LINEAR, .param1 = 2, .param2 = 1,
		  .flags = KTALLY_COLUMN_EXEMPLARS | KTALLY_COLUMN_KSTACK } } };

	info.schema.nr_keys = 1;
	info.schema.key_words = 1;
	info.schema.keys[0] = (struct ktally_field){ .kind = KTALLY_KIND_UINT, .words = 1 };
	info.schema.nr_values = 2;
	info.schema.values[0].column = info.columns[0];
	info.schema.values[1].column = info.columns[1];
	return info;
}

static void set_exemplar(uint64_t *cells, int64_t value, uint64_t time, unsigned int tid, uint64_t stack)
{
	*(struct ktally_exemplar *)cells = (struct ktally_exemplar){ .value = (uint64_t)value, .time = time, .tid = tid, .stack = stack };
}

static void exemplars_are_merged(void **state)
{
	static const struct { int64_t value; uint64_t time; } largest[] = { { -5, 10 }, { 7, 5 }, { 7, 4 } }, latest[] = { { 1, 30 }, { 1, 20 }, { 0, 0 } };
	struct ktally_device *dev = crafted_device(CPUS);
	struct ktally_table_info table = exemplar_table();
	struct ktally_merge *merge = new_merge(&table, NULL);
	const struct ktally_exemplar *exemplar;
	const struct ktally_row *row;
	struct ktally_snapshot *snap;
	const uint64_t *ips;
	unsigned int i, nr;

	(void)state;
	for (i = 0; i < CPUS; i++) {
		struct ktally_half *half = crafted_half(&dev->cpus[i].half[0], i, 0, 0, 1, EX_WORDS, 4);
		struct ktally_stacks *stacks = crafted_stacks(&dev->cpus[i].stacks, i, 4096);
		uint64_t id, *cells = crafted_row(half, 1);

		if (i)
			crafted_stack(stacks, stack_ips[0], 2);
		id = crafted_stack(stacks, stack_ips[i & 1], 3);
		cells[0] = 99;
		cells[1] = 10;
		set_exemplar(cells + 2, largest[i].value, largest[i].time, 100 + i, id);
		cells += 2 + KTALLY_EXEMPLAR_CELLS;
		cells[2] = 10;		/* bucket 1 <= value < 2 */
		set_exemplar(cells + BUCKETS + 2 * KTALLY_EXEMPLAR_CELLS, latest[i].value, latest[i].time, 200 + i, i == 2 ? 12345 : id);
		half->generation = GENERATION;
	}
	assert_int_equal(ktally_merge_half(merge, dev, 0, GENERATION, NULL), 0);
	snap = ktally_merge_finish(merge, dev, 0);
	assert_int_equal(snap->tables[0].nr_rows, 1);
	row = &snap->tables[0].rows[0];
	exemplar = ktally_cells_exemplar(&table.schema.values[0], ktally_cells(&table.schema, row, 0), 0);
	assert_true(exemplar && exemplar->value == 7 && exemplar->tid == 101);	/* of equals the later */
	ips = ktally_stackset_get(snap->stacks, exemplar->stack, &nr);
	assert_true(nr == 3 && !memcmp(ips, stack_ips[1], sizeof(stack_ips[1])));
	assert_null(ktally_cells_exemplar(&table.schema.values[0], ktally_cells(&table.schema, row, 0), 1));
	assert_int_equal(ktally_cells(&table.schema, row, 1)[2], 30);
	exemplar = ktally_cells_exemplar(&table.schema.values[1], ktally_cells(&table.schema, row, 1), 2);
	assert_true(exemplar && exemplar->tid == 200 && exemplar->time == 30);
	assert_null(ktally_cells_exemplar(&table.schema.values[1], ktally_cells(&table.schema, row, 1), 1));
	assert_null(ktally_cells_exemplar(&table.schema.values[1], ktally_cells(&table.schema, row, 1), BUCKETS));
	ktally_snapshot_free(snap);
	crafted_free(dev);
}

/* The other row is the answer of a table without keys. */
static void a_table_without_keys_has_one_row(void **state)
{
	struct ktally_device *dev = crafted_device(1);
	struct ktally_table_info table = { .rows = 1, .nr_columns = 1, .columns = { { .kind = KTALLY_COLUMN_SUM } } };
	struct ktally_half *half = crafted_half(&dev->cpus[0].half[0], 0, 0, 0, 0, 2, 1);
	struct ktally_merge *merge = new_merge(&table, NULL);
	struct ktally_snapshot *snap;

	(void)state;
	crafted_row(half, 0)[0] = 17;
	crafted_row(half, 0)[1] = 170;
	assert_int_equal(ktally_merge_half(merge, dev, 0, 0, NULL), 0);
	snap = ktally_merge_finish(merge, dev, 0);
	assert_int_equal(snap->tables[0].nr_rows, 1);
	assert_int_equal(snap->tables[0].rows[0].hits, 17);
	assert_int_equal(snap->tables[0].rows[0].cells[0], 170);
	assert_int_equal(snap->tables[0].other.hits, 0);
	ktally_snapshot_free(snap);
	crafted_free(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merges_all_cpus_and_halves),
		cmocka_unit_test(an_identity_that_does_not_close_is_told),
		cmocka_unit_test(a_busy_half_is_tried_again),
		cmocka_unit_test(halves_that_lie_are_refused),
		cmocka_unit_test(stack_ids_are_checked),
		cmocka_unit_test(pairs_are_summed_and_their_identity_closes),
		cmocka_unit_test(open_starts_are_listed_by_age),
		cmocka_unit_test(pairs_that_lie_are_refused),
		cmocka_unit_test(exemplars_are_merged),
		cmocka_unit_test(a_table_without_keys_has_one_row),
	};

	srandom(1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
