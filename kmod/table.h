/* SPDX-License-Identifier: GPL-2.0 */
/* Tables: keyed rows in one half of one CPU, updated by any context of that CPU without a lock. */
#ifndef _KTALLY_TABLE_H
#define _KTALLY_TABLE_H

#include <linux/bitops.h>
#include <linux/types.h>
#include <asm/local64.h>
#include <linux/ktally.h>
#include <linux/ktally_table.h>

struct ktally_hit;
struct ktally_hot;
struct ktally_probe;

/**
 * struct ktally_run - a program at work, and what tables are told of the hit besides key and values
 * @weight: for how many hits it stands, below 2^32
 * @ended: ktime_get_mono_fast_ns() just before a pair ended, or 0; only of programs that dump
 * @hit: the hit
 * @hot: the session's memory on this CPU
 * @probe: whose program
 * @half: the active half
 */
struct ktally_run {
	u64 weight;
	u64 ended;
	const struct ktally_hit *hit;
	const struct ktally_hot *hot;
	const struct ktally_probe *probe;
	void *half;
};

/**
 * struct ktally_column_plan - one column, ready for hits
 * @column: as requested
 * @cell: index of its first word behind the row's hits
 * @cells: how many words
 * @buckets: how many of these are buckets of a histogram; its exemplars follow
 */
struct ktally_column_plan {
	struct ktally_column column;
	unsigned int cell;
	unsigned int cells;
	unsigned int buckets;
};

/**
 * struct ktally_table - the shape of a table; the rows are in the halves
 * @nr_keys: key words of a row
 * @row_size: bytes of a row
 * @capacity: rows, the other row included
 * @index_bits: log2 of the entries of the hash index
 * @head: offset of the struct ktally_table_head in a half
 * @rows: offset of the rows in a half
 * @index: offset of the hash index in a half
 * @nr_columns: columns
 * @nr_values: columns that take a value
 * @kernel_stacks: an exemplar keeps a kernel stack
 * @user_stacks: an exemplar keeps a user stack
 * @columns: those that take a value come as they were requested, COUNT is left out
 * @label: user space's own description
 * @label_len: bytes of it
 * @requested: columns as requested, COUNT included
 */
struct ktally_table {
	unsigned int nr_keys;
	unsigned int row_size;
	unsigned int capacity;
	unsigned int index_bits;
	u64 head;
	u64 rows;
	u64 index;
	unsigned int nr_columns;
	unsigned int nr_values;
	bool kernel_stacks;
	bool user_stacks;
	struct ktally_column_plan columns[KTALLY_COLUMNS_MAX];
	u8 *label;
	unsigned int label_len;
	struct ktally_column requested[KTALLY_COLUMNS_MAX];
};

/**
 * ktally_table_new() - check a request and give a table its shape
 * @nr_keys: key words
 * @rows: rows, the other row not included
 * @columns: requested columns
 * @nr_columns: how many
 * @why: out: a sentence when refused
 *
 * Return: the table or ERR_PTR(). Free with ktally_table_free().
 * Context: process.
 */
struct ktally_table *ktally_table_new(unsigned int nr_keys, unsigned int rows,
				      const struct ktally_column *columns,
				      unsigned int nr_columns, const char **why);
void ktally_table_free(struct ktally_table *table);

/**
 * ktally_table_place() - give the table its place in every half
 * @table: the table
 * @head: offset of its head
 * @offset: where its rows begin
 *
 * Return: the first free offset behind it.
 */
u64 ktally_table_place(struct ktally_table *table, u64 head, u64 offset);

/** ktally_table_init() - write the table's head into a fresh half. Context: process. */
void ktally_table_init(const struct ktally_table *table, void *half);

/** ktally_table_clear() - forget all rows of a quiet half. Context: process, may reschedule. */
void ktally_table_clear(const struct ktally_table *table, void *half);

/**
 * ktally_bucket() - which bucket of a histogram a value falls in
 * @column: hist and params
 * @value: the value
 *
 * Context: any.
 */
unsigned int ktally_bucket(const struct ktally_column *column, s64 value);

/**
 * ktally_table_update() - fold one hit
 * @table: the table
 * @half: the half that is active on this CPU
 * @key: nr_keys words
 * @values: nr_values words
 * @run: for how much the hit counts, and of what an exemplar is made
 *
 * Return: false if it went to the other row because there was no room for the key.
 * Context: any, NMI included, with preemption off; the half belongs to this CPU.
 */
bool ktally_table_update(const struct ktally_table *table, void *half, const u64 *key, const u64 *values,
			 const struct ktally_run *run);

/** ktally_log2_bucket() - ktally_bucket() of KTALLY_HIST_LOG2 */
static __always_inline unsigned int ktally_log2_bucket(s64 value)
{
	return value < 0 ? 0 : 1 + fls64(value);
}

/* 2^64 / golden ratio: spreads consecutive keys (Knuth, The Art of Computer Programming 3, 6.4). */
#define KTALLY_HASH_FACTOR 0x9e3779b97f4a7c15ULL

/** ktally_table_hash() - hash of a key of one word: its upper bits are the place in the index */
static __always_inline u64 ktally_table_hash(u64 key)
{
	return key * KTALLY_HASH_FACTOR;
}

/* Adds to a word that only this CPU writes, whole even when an interrupt lands in the middle. */
static __always_inline void ktally_word_add(u64 *word, u64 value)
{
	local64_add(value, (local64_t *)word);
}

static __always_inline void ktally_word_inc(u64 *word)
{
	local64_inc((local64_t *)word);
}

#endif /* _KTALLY_TABLE_H */
