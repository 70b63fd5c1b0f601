// SPDX-License-Identifier: LGPL-2.1-or-later
/* schema.c: what words mean: labels that travel through the module, cells of a column, bounds of a bucket. */
#include <errno.h>
#include <string.h>

#include "libktally.h"

/*
 * A label, version 1, all bytes:
 *
 *	'K' 1 | name: length, text | nr_keys | nr_values | keys: kind, words, length, name | values: kind, length, name
 *
 * Whoever may make a session chooses its label, so that decoding trusts nothing: not lengths, not that text is printable.
 */
#define LABEL_MAGIC	'K'
#define LABEL_VERSION	1

static const char *const kind_names[KTALLY_KIND_END] = {
	[KTALLY_KIND_UINT] = "uint",
	[KTALLY_KIND_INT] = "int",
	[KTALLY_KIND_HEX] = "hex",
	[KTALLY_KIND_STRING] = "string",
	[KTALLY_KIND_NS] = "ns",
	[KTALLY_KIND_TIME] = "time",
	[KTALLY_KIND_BYTES] = "bytes",
	[KTALLY_KIND_PID] = "pid",
	[KTALLY_KIND_CPU] = "cpu",
	[KTALLY_KIND_SYSCALL] = "syscall",
	[KTALLY_KIND_KSYM] = "ksym",
	[KTALLY_KIND_KSTACK] = "kstack",
	[KTALLY_KIND_USTACK] = "ustack",
	[KTALLY_KIND_IMAGE] = "image",
	[KTALLY_KIND_STATE] = "state",
	[KTALLY_KIND_ERRNO] = "errno",
	[KTALLY_KIND_USYM] = "usym",
	[KTALLY_KIND_UDUMP] = "udump",
	[KTALLY_KIND_CONTAINER] = "container",
	[KTALLY_KIND_POD] = "pod",
};

const char *ktally_kind_name(enum ktally_kind kind)
{
	return (unsigned int)kind < KTALLY_KIND_END ? kind_names[kind] : "unknown";
}

/* ---- encoding ---- */

struct writer {
	unsigned char *buf;
	size_t size, used;
	bool full;
};

static void put(struct writer *w, const void *bytes, size_t len)
{
	if (w->full || w->size - w->used < len) {
		w->full = true;
		return;
	}
	memcpy(w->buf + w->used, bytes, len);
	w->used += len;
}

static void put_byte(struct writer *w, unsigned int byte)
{
	unsigned char b = byte;

	put(w, &b, 1);
}

static void put_text(struct writer *w, const char *text)
{
	size_t len = strlen(text);

	put_byte(w, len);
	put(w, text, len);
}

int ktally_schema_encode(const struct ktally_schema *schema, void *label, size_t size)
{
	struct writer w = { .buf = label, .size = size < KTALLY_LABEL_MAX ? size : KTALLY_LABEL_MAX };
	unsigned int i;

	put_byte(&w, LABEL_MAGIC);
	put_byte(&w, LABEL_VERSION);
	put_text(&w, schema->name);
	put_byte(&w, schema->nr_keys);
	put_byte(&w, schema->nr_values);
	for (i = 0; i < schema->nr_keys; i++) {
		put_byte(&w, schema->keys[i].kind);
		put_byte(&w, schema->keys[i].words);
		put_text(&w, schema->keys[i].name);
	}
	for (i = 0; i < schema->nr_values; i++) {
		put_byte(&w, schema->values[i].kind);
		put_text(&w, schema->values[i].name);
	}
	return w.full ? -E2BIG : (int)w.used;
}

/* ---- decoding ---- */

struct reader {
	const unsigned char *buf;
	size_t size, used;
	bool bad;
};

static unsigned int get_byte(struct reader *r)
{
	if (r->used >= r->size) {
		r->bad = true;
		return 0;
	}
	return r->buf[r->used++];
}

/* Control characters would reach somebody's terminal. */
static void get_text(struct reader *r, char *text, size_t size)
{
	unsigned int i, len = get_byte(r);

	if (r->bad || len >= size || r->size - r->used < len) {
		r->bad = true;
		return;
	}
	for (i = 0; i < len; i++) {
		unsigned char c = r->buf[r->used + i];

		if (c < 0x20 || c == 0x7f)
			r->bad = true;
		text[i] = c;
	}
	text[len] = '\0';
	r->used += len;
}

static void get_keys(struct reader *r, struct ktally_schema *schema)
{
	bool user = false, image = false;
	unsigned int i;

	for (i = 0; i < schema->nr_keys && !r->bad; i++) {
		struct ktally_field *field = &schema->keys[i];
		unsigned int kind = get_byte(r);

		field->kind = kind;
		field->words = get_byte(r);
		field->word = schema->key_words;
		schema->key_words += field->words;
		get_text(r, field->name, sizeof(field->name));
		if (kind >= KTALLY_KIND_END || !field->words || schema->key_words > KTALLY_REGS ||
		    field->words > (kind == KTALLY_KIND_STRING ? KTALLY_STRING_MAX / 8 : 1))
			r->bad = true;
		user |= kind == KTALLY_KIND_USTACK || kind == KTALLY_KIND_UDUMP || kind == KTALLY_KIND_USYM;
		image |= kind == KTALLY_KIND_IMAGE;
	}
	if (user && !image)
		r->bad = true;
}

int ktally_schema_decode(struct ktally_schema *schema, const void *label, size_t size, const struct ktally_column *columns,
			 unsigned int nr_columns)
{
	struct reader r = { .buf = label, .size = size };
	unsigned int i;

	memset(schema, 0, sizeof(*schema));
	if (get_byte(&r) != LABEL_MAGIC || get_byte(&r) != LABEL_VERSION)
		return -EBADMSG;
	get_text(&r, schema->name, sizeof(schema->name));
	schema->nr_keys = get_byte(&r);
	schema->nr_values = get_byte(&r);
	if (r.bad || schema->nr_keys > KTALLY_KEYS_MAX * 2 || schema->nr_values > KTALLY_COLUMNS_MAX ||
	    (columns && nr_columns != schema->nr_values)) {
		memset(schema, 0, sizeof(*schema));
		return -EBADMSG;
	}
	get_keys(&r, schema);
	for (i = 0; i < schema->nr_values && !r.bad; i++) {
		struct ktally_value *value = &schema->values[i];
		unsigned int kind = get_byte(&r);

		value->kind = kind;
		get_text(&r, value->name, sizeof(value->name));
		if (kind >= KTALLY_KIND_END)
			r.bad = true;
		if (columns)
			value->column = columns[i];
	}
	if (r.bad || r.used != r.size) {
		memset(schema, 0, sizeof(*schema));
		return -EBADMSG;
	}
	return 0;
}

/* ---- columns and buckets ---- */

static int linear_buckets(const struct ktally_column *column)
{
	uint64_t width, steps;

	if (column->param2 <= 0 || column->param1 <= column->param0)
		return -EINVAL;
	width = (uint64_t)column->param1 - (uint64_t)column->param0;
	steps = width / column->param2 + !!(width % column->param2);
	return steps > KTALLY_HIST_BUCKETS_MAX - 2 ? -EINVAL : (int)steps + 2;
}

int ktally_hist_buckets(const struct ktally_column *column)
{
	if (column->kind != KTALLY_COLUMN_HIST)
		return -EINVAL;
	switch (column->hist) {
	case KTALLY_HIST_LOG2:
		return KTALLY_HIST_LOG2_BUCKETS;
	case KTALLY_HIST_LINEAR:
		return linear_buckets(column);
	case KTALLY_HIST_LOGLIN:
		if (column->param0 < 1 || column->param0 > 6)
			return -EINVAL;
		return 1 + ((64 - (int)column->param0) << column->param0);
	default:
		return -EINVAL;
	}
}

static int hist_cells(const struct ktally_column *column)
{
	int buckets = ktally_hist_buckets(column);

	return buckets < 0 || !(column->flags & KTALLY_COLUMN_EXEMPLARS) ? buckets : buckets * (1 + KTALLY_EXEMPLAR_CELLS);
}

int ktally_column_cells(const struct ktally_column *column)
{
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
		return hist_cells(column);
	case KTALLY_COLUMN_EXEMPLAR:
		return KTALLY_EXEMPLAR_CELLS;
	default:
		return -EINVAL;
	}
}

/* 2^k or more as a bound; beyond what a signed value can be it is the open end. */
static int64_t bound(__int128 value)
{
	return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static void log2_range(unsigned int n, int64_t *lo, int64_t *hi)
{
	if (n == 1) {
		*lo = 0;
		*hi = 1;
		return;
	}
	*lo = bound((__int128)1 << (n - 2));
	*hi = bound((__int128)1 << (n - 1));
}

static void linear_range(const struct ktally_column *column, unsigned int n, unsigned int last, int64_t *lo, int64_t *hi)
{
	__int128 start = (__int128)column->param0 + (__int128)(n - 1) * column->param2;

	if (n == last) {
		*lo = column->param1;
		*hi = INT64_MAX;
		return;
	}
	*lo = start;
	*hi = start + column->param2 > column->param1 ? column->param1 : start + column->param2;
}

static void loglin_range(unsigned int bits, unsigned int n, int64_t *lo, int64_t *hi)
{
	unsigned int group = (n - 1) >> bits, part = (n - 1) & ((1U << bits) - 1);
	__int128 start, width;

	if (!group) {
		*lo = n - 1;
		*hi = n;
		return;
	}
	width = (__int128)1 << (group - 1);
	start = (((__int128)1 << bits) + part) * width;
	*lo = bound(start);
	*hi = bound(start + width);
}

int ktally_hist_range(const struct ktally_column *column, unsigned int n, int64_t *lo, int64_t *hi)
{
	int buckets = ktally_hist_buckets(column);

	if (buckets < 0 || n >= (unsigned int)buckets)
		return -ERANGE;
	if (n == 0) {
		*lo = INT64_MIN;
		*hi = column->hist == KTALLY_HIST_LINEAR ? column->param0 : 0;
	} else if (column->hist == KTALLY_HIST_LOG2) {
		log2_range(n, lo, hi);
	} else if (column->hist == KTALLY_HIST_LINEAR) {
		linear_range(column, n, buckets - 1, lo, hi);
	} else {
		loglin_range(column->param0, n, lo, hi);
	}
	return 0;
}
