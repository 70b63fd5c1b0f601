// SPDX-License-Identifier: GPL-2.0
/*
 * Tables: shape, lookup, insertion and update of rows.
 *
 * A half is written by one CPU only, but by every context of it: an interrupt may insert or update between any two
 * instructions of what it interrupts, and is always finished when that goes on. Hence local (not locked) atomics:
 * a row is filled before the compare-and-exchange that publishes it in the index; who loses that race looks again.
 * Readers on other CPUs look only at quiet halves, see ktally_session_flip().
 */
#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include "image.h"
#include "probe.h"
#include "stack.h"
#include "table.h"

/* How far a lookup goes from the key's place. At most half of the index is in use, so longer runs hardly exist. */
#define PROBE_LIMIT 128

static int hist_buckets(const struct ktally_column *column, const char **why)
{
	u64 range;

	switch (column->hist) {
	case KTALLY_HIST_LOG2:
		return KTALLY_HIST_LOG2_BUCKETS;
	case KTALLY_HIST_LINEAR:
		if (column->param2 <= 0 || column->param1 <= column->param0) {
			*why = "a linear histogram needs high > low and step > 0";
			return -EINVAL;
		}
		range = (u64)column->param1 - (u64)column->param0;
		range = range / column->param2 + !!(range % column->param2);
		if (range > KTALLY_HIST_BUCKETS_MAX - 2) {
			*why = "a linear histogram has at most 4096 buckets: use a larger step";
			return -E2BIG;
		}
		return range + 2;
	case KTALLY_HIST_LOGLIN:
		if (column->param0 < 1 || column->param0 > 6) {
			*why = "a log-linear histogram takes 1 to 6 bits";
			return -EINVAL;
		}
		return 1 + ((64 - column->param0) << column->param0);
	}
	*why = "unknown kind of histogram";
	return -EINVAL;
}

static int check_flags(const struct ktally_column *column, const char **why)
{
	bool exemplars = column->kind == KTALLY_COLUMN_EXEMPLAR || column->flags & KTALLY_COLUMN_EXEMPLARS;

	if (column->flags & ~(KTALLY_COLUMN_EXEMPLARS | KTALLY_COLUMN_KSTACK | KTALLY_COLUMN_USTACK)) {
		*why = "unknown flag of a column";
		return -EINVAL;
	}
	if ((column->flags & KTALLY_COLUMN_EXEMPLARS && column->kind != KTALLY_COLUMN_HIST) ||
	    (!exemplars && column->flags)) {
		*why = "only a histogram keeps exemplars, and only exemplars keep a stack";
		return -EINVAL;
	}
	if (column->flags & KTALLY_COLUMN_KSTACK && column->flags & KTALLY_COLUMN_USTACK) {
		*why = "an exemplar keeps a kernel stack or a user stack, not both";
		return -EINVAL;
	}
	return 0;
}

static int column_cells(const struct ktally_column *column, const char **why)
{
	int err = check_flags(column, why);

	if (err)
		return err;
	if (column->kind != KTALLY_COLUMN_HIST && column->hist != KTALLY_HIST_NONE) {
		*why = "only a histogram column has a kind of histogram";
		return -EINVAL;
	}
	switch (column->kind) {
	case KTALLY_COLUMN_COUNT:
		return 0;
	case KTALLY_COLUMN_SUM:
	case KTALLY_COLUMN_MIN:
	case KTALLY_COLUMN_MAX:
	case KTALLY_COLUMN_AVG:
		return 1;
	case KTALLY_COLUMN_VAR:
		return 3;
	case KTALLY_COLUMN_HIST:
		return hist_buckets(column, why);
	case KTALLY_COLUMN_EXEMPLAR:
		return KTALLY_EXEMPLAR_CELLS;
	}
	*why = "unknown kind of column";
	return -EINVAL;
}

static int shape_columns(struct ktally_table *table, const struct ktally_column *columns,
			 unsigned int nr_columns, const char **why)
{
	unsigned int i, cell = 0;

	for (i = 0; i < nr_columns; i++) {
		int cells = column_cells(&columns[i], why);
		struct ktally_column_plan *plan;

		if (cells < 0)
			return cells;
		table->requested[i] = columns[i];
		if (!cells)
			continue;
		plan = &table->columns[table->nr_values++];
		plan->column = columns[i];
		plan->cell = cell;
		plan->buckets = cells;
		if (columns[i].flags & KTALLY_COLUMN_EXEMPLARS)
			cells += cells * KTALLY_EXEMPLAR_CELLS;
		plan->cells = cells;
		cell += cells;
		table->kernel_stacks |= columns[i].flags & KTALLY_COLUMN_KSTACK;
		table->user_stacks |= columns[i].flags & KTALLY_COLUMN_USTACK;
	}
	table->nr_columns = nr_columns;
	table->row_size = (table->nr_keys + 1 + cell) * sizeof(u64);
	if (table->row_size > KTALLY_ROW_SIZE_MAX) {
		*why = "a row of this table would be larger than 64 KiB: fewer or smaller columns";
		return -E2BIG;
	}
	return 0;
}

struct ktally_table *ktally_table_new(unsigned int nr_keys, unsigned int rows,
				      const struct ktally_column *columns,
				      unsigned int nr_columns, const char **why)
{
	struct ktally_table *table;
	int err;

	if (nr_keys > KTALLY_KEYS_MAX) {
		*why = "a key has at most 16 words";
		return ERR_PTR(-E2BIG);
	}
	if (!rows || rows > KTALLY_ROWS_MAX) {
		*why = "a table has 1 to 1048576 rows";
		return ERR_PTR(-ERANGE);
	}
	if (nr_columns > KTALLY_COLUMNS_MAX) {
		*why = "a table has at most 16 columns";
		return ERR_PTR(-E2BIG);
	}
	table = kzalloc(sizeof(*table), GFP_KERNEL);
	if (!table)
		return ERR_PTR(-ENOMEM);
	table->nr_keys = nr_keys;
	table->capacity = nr_keys ? rows + 1 : 1;
	table->index_bits = ilog2(roundup_pow_of_two(table->capacity)) + 1;
	err = shape_columns(table, columns, nr_columns, why);
	if (err) {
		kfree(table);
		return ERR_PTR(err);
	}
	return table;
}

void ktally_table_free(struct ktally_table *table)
{
	kfree(table->label);
	kfree(table);
}

static u64 index_size(const struct ktally_table *table)
{
	return table->nr_keys ? sizeof(u32) << table->index_bits : 0;
}

u64 ktally_table_place(struct ktally_table *table, u64 head, u64 offset)
{
	table->head = head;
	table->rows = ALIGN(offset, 64);
	table->index = table->rows + ALIGN((u64)table->capacity * table->row_size, 64);
	return table->index + ALIGN(index_size(table), 64);
}

void ktally_table_init(const struct ktally_table *table, void *half)
{
	struct ktally_table_head *head = half + table->head;

	head->rows_offset = table->rows;
	head->used = 1;
	head->index_offset = table->index;
	head->row_size = table->row_size;
	head->nr_keys = table->nr_keys;
	head->capacity = table->capacity;
	head->index_bits = table->index_bits;
	head->spare = 0;
}

void ktally_table_clear(const struct ktally_table *table, void *half)
{
	struct ktally_table_head *head = half + table->head;
	u64 left = head->used * table->row_size, at = table->rows;

	memset(half + table->index, 0, index_size(table));
	while (left) {
		u64 some = min_t(u64, left, 1 << 20);

		memset(half + at, 0, some);
		at += some;
		left -= some;
		cond_resched();
	}
	head->used = 1;
	head->spare = 0;
}

static __always_inline u64 hash_key(const u64 *key, unsigned int nr)
{
	u64 hash = ktally_table_hash(key[0]);
	unsigned int i;

	for (i = 1; i < nr; i++) {
		hash ^= hash >> 32;
		hash = (hash ^ key[i]) * KTALLY_HASH_FACTOR;
	}
	return hash;
}

static __always_inline bool key_equal(const u64 *row, const u64 *key, unsigned int nr)
{
	unsigned int i = 0;

	do {
		if (row[i] != key[i])
			return false;
	} while (++i < nr);
	return true;
}

/*
 * The index holds where a row is, in words from the start of the half: a hit has nothing to multiply. Row 0 is never in it, so
 * 0 is an empty place.
 */
static u32 row_place(const struct ktally_table *table, u32 number)
{
	return (table->rows + (u64)number * table->row_size) / sizeof(u64);
}

static __always_inline u64 *row_at(void *half, u32 place)
{
	return (u64 *)half + place;
}

/* Sets a row aside, or returns 0. A row that was set aside in vain before is taken first. */
static u32 row_alloc(struct ktally_table_head *head, u32 capacity)
{
	u64 used, spare = READ_ONCE(head->spare);
	unsigned int tries;

	if (spare && cmpxchg_local(&head->spare, spare, 0) == spare)
		return spare;
	/* Each failure is an interrupt that got in between: there cannot be many. */
	for (tries = 0; tries < 16; tries++) {
		used = READ_ONCE(head->used);
		if (used >= capacity)
			return 0;
		if (cmpxchg_local(&head->used, used, used + 1) == used)
			return used;
	}
	return 0;
}

/* Called with the first empty place @i of the key's run; returns the key's row, or NULL if there is no room. */
static noinline u64 *row_insert(const struct ktally_table *table, void *half, const u64 *key,
				u32 i, unsigned int tried)
{
	struct ktally_table_head *head = half + table->head;
	u32 *index = half + table->index, mask = (1U << table->index_bits) - 1;
	u32 number = row_alloc(head, table->capacity), there;
	u64 *row, *other;

	if (!number)
		return NULL;
	row = row_at(half, row_place(table, number));
	memcpy(row, key, table->nr_keys * sizeof(u64));
	/* The row must be whole before an interrupt can find it; pairs with the lookup in ktally_table_update(). */
	barrier();
	for (; tried < PROBE_LIMIT; tried++, i = (i + 1) & mask) {
		there = cmpxchg_local(&index[i], 0, row_place(table, number));
		if (!there)
			return row;
		other = row_at(half, there);
		if (key_equal(other, key, table->nr_keys)) {
			cmpxchg_local(&head->spare, 0, (u64)number);
			return other;
		}
	}
	cmpxchg_local(&head->spare, 0, (u64)number);
	return NULL;
}

static __always_inline u64 *row_find(const struct ktally_table *table, void *half, const u64 *key)
{
	const u32 *index = half + table->index;
	u32 mask = (1U << table->index_bits) - 1, place;
	u32 i = hash_key(key, table->nr_keys) >> (64 - table->index_bits);
	unsigned int tried;
	u64 *row;

	for (tried = 0; tried < PROBE_LIMIT; tried++, i = (i + 1) & mask) {
		place = READ_ONCE(index[i]);
		if (unlikely(!place))
			return row_insert(table, half, key, i, tried);
		row = row_at(half, place);
		if (likely(key_equal(row, key, table->nr_keys)))
			return row;
	}
	return NULL;
}

static unsigned int linear_bucket(const struct ktally_column *column, s64 value)
{
	u64 low = column->param0, step = column->param2;

	if (value < column->param0)
		return 0;
	if (value >= column->param1)
		return 2 + ((u64)column->param1 - 1 - low) / step;
	return 1 + ((u64)value - low) / step;
}

unsigned int ktally_bucket(const struct ktally_column *column, s64 value)
{
	unsigned int bits, top;

	switch (column->hist) {
	case KTALLY_HIST_LOG2:
		return ktally_log2_bucket(value);
	case KTALLY_HIST_LINEAR:
		return linear_bucket(column, value);
	case KTALLY_HIST_LOGLIN:
		bits = column->param0;
		if (value < 0)
			return 0;
		if (value < (1LL << bits))
			return 1 + value;
		top = fls64(value) - 1;
		return 1 + ((top - bits + 1) << bits) + ((value >> (top - bits)) & ((1U << bits) - 1));
	}
	return 0;
}

static void word_raise(u64 *word, u64 value)
{
	u64 old = READ_ONCE(*word), seen;
	unsigned int tries;

	/* Each failure is an interrupt that raised the word in between: there cannot be many. */
	for (tries = 0; tries < 64 && value > old; tries++) {
		seen = cmpxchg_local(word, old, value);
		if (seen == old)
			return;
		old = seen;
	}
}

/* value * weight in 128 bits, added: whoever carries, carries once, whatever interrupts in between. */
static void word_add_product(u64 *low, u64 *high, u64 lo, u64 hi, u64 weight)
{
	u64 top = (lo >> 32) * weight, bottom = (lo & ~0U) * weight;

	/* Weights have 32 bits, so that neither of the partial products overflows. */
	hi = hi * weight + (top >> 32);
	lo = bottom + (top << 32);
	hi += lo < bottom;
	if ((u64)local64_add_return(lo, (local64_t *)low) < lo)
		hi++;
	if (hi)
		ktally_word_add(high, hi);
}

/* The square of a value, as often as it counts, to 128 bits in two words. */
static void word_add_square(u64 *low, u64 *high, s64 value, u64 weight)
{
	u64 abs = value < 0 ? -(u64)value : value;
	u64 a = abs >> 32, b = (u32)abs;
	u64 mid = a * b, lo = b * b, hi = a * a, add;

	/* (a 2^32 + b)^2 = hi 2^64 + mid 2^33 + lo */
	hi += mid >> 31;
	add = mid << 33;
	lo += add;
	hi += lo < add;
	word_add_product(low, high, lo, hi, weight);
}

/* One real hit, unless an interrupt found us at it. */
static noinline void exemplar_store(const struct ktally_column *column, struct ktally_exemplar *exemplar, u64 value,
				    const struct ktally_run *run)
{
	unsigned int kind = column->flags & KTALLY_COLUMN_KSTACK ? KTALLY_STACK_KERNEL : KTALLY_STACK_USER;

	if (cmpxchg_local(&exemplar->busy, 0, 1))
		return;
	exemplar->value = value;
	exemplar->image = ktally_task_image(current);
	exemplar->tid = current->pid;
	exemplar->cpu = raw_smp_processor_id();
	exemplar->stack = 0;
	if (column->flags & (KTALLY_COLUMN_KSTACK | KTALLY_COLUMN_USTACK) && run->hot->stacks)
		exemplar->stack = ktally_stack_id(run->probe, run->hot, run->hit, kind, KTALLY_STACK_DEPTH_MAX);
	exemplar->time = ktime_get_mono_fast_ns();
	barrier();
	WRITE_ONCE(exemplar->busy, 0);
}

static noinline void fold_rare(const struct ktally_column_plan *plan, u64 *cell, u64 value, const struct ktally_run *run)
{
	struct ktally_exemplar *exemplar = (void *)cell;
	unsigned int bucket;

	switch (plan->column.kind) {
	case KTALLY_COLUMN_MIN:
		word_raise(cell, value ^ KTALLY_MIN_BIAS);
		break;
	case KTALLY_COLUMN_MAX:
		word_raise(cell, value ^ KTALLY_MAX_BIAS);
		break;
	case KTALLY_COLUMN_VAR:
		ktally_word_add(cell, value * run->weight);
		word_add_square(cell + 1, cell + 2, value, run->weight);
		break;
	case KTALLY_COLUMN_EXEMPLAR:
		if (!exemplar->time || (s64)value > (s64)exemplar->value)
			exemplar_store(&plan->column, exemplar, value, run);
		break;
	case KTALLY_COLUMN_HIST:
		bucket = ktally_bucket(&plan->column, value);
		ktally_word_add(cell + bucket, run->weight);
		exemplar = (void *)(cell + plan->buckets + bucket * KTALLY_EXEMPLAR_CELLS);
		if (plan->column.flags & KTALLY_COLUMN_EXEMPLARS && !exemplar->time)
			exemplar_store(&plan->column, exemplar, value, run);
		break;
	}
}

static __always_inline void column_fold(const struct ktally_column_plan *plan, u64 *cell, u64 value,
					const struct ktally_run *run)
{
	if (plan->column.kind == KTALLY_COLUMN_SUM || plan->column.kind == KTALLY_COLUMN_AVG)
		ktally_word_add(cell, value * run->weight);
	else if (plan->column.kind == KTALLY_COLUMN_HIST && plan->column.hist == KTALLY_HIST_LOG2 && !plan->column.flags)
		ktally_word_add(cell + ktally_log2_bucket(value), run->weight);
	else
		fold_rare(plan, cell, value, run);
}

bool ktally_table_update(const struct ktally_table *table, void *half, const u64 *key, const u64 *values,
			 const struct ktally_run *run)
{
	u64 *row, *cells;
	bool room = true;
	unsigned int i;

	if (table->nr_keys) {
		row = row_find(table, half, key);
		if (unlikely(!row)) {
			row = half + table->rows;
			room = false;
		}
	} else {
		row = half + table->rows;
	}
	cells = row + table->nr_keys;
	ktally_word_add(cells++, run->weight);
	for (i = 0; i < table->nr_values; i++)
		column_fold(&table->columns[i], cells + table->columns[i].cell, values[i], run);
	return room;
}
