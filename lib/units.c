// SPDX-License-Identifier: LGPL-2.1-or-later
/* Formats numbers: scaled with units for people, plain for machines. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "units.h"

static void scaled(double value, double base, const char *const *units, unsigned int nr, char *buf, size_t size)
{
	double size_of = fabs(value);
	unsigned int i = 0;

	while (i + 1 < nr && size_of >= base * (1 - 0.0005)) {
		size_of /= base;
		value /= base;
		i++;
	}
	if (!i)
		snprintf(buf, size, value == floor(value) ? "%.0f %s" : "%.1f %s", value, units[0]);
	else
		snprintf(buf, size, "%.*f %s", size_of < 9.995 ? 2 : size_of < 99.95 ? 1 : 0, value, units[i]);
}

void ktally_units_scaled(enum ktally_kind kind, double value, char *buf, size_t size)
{
	static const char *const times[] = { "ns", "us", "ms", "s" };
	static const char *const sizes[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };

	if (kind == KTALLY_KIND_NS)
		scaled(value, 1000, times, 4, buf, size);
	else if (kind == KTALLY_KIND_BYTES)
		scaled(value, 1024, sizes, 6, buf, size);
	else
		snprintf(buf, size, value == floor(value) ? "%.0f" : "%.2f", value);
}

void ktally_units_int(enum ktally_kind kind, int64_t value, char *buf, size_t size)
{
	if (kind == KTALLY_KIND_NS || kind == KTALLY_KIND_BYTES)
		ktally_units_scaled(kind, value, buf, size);
	else if (kind == KTALLY_KIND_HEX || kind == KTALLY_KIND_KSYM)
		snprintf(buf, size, "0x%" PRIx64, value);
	else
		snprintf(buf, size, "%" PRId64, value);
}

void ktally_units_bound(enum ktally_kind kind, int64_t value, char *buf, size_t size)
{
	static const char letters[] = "KMGTPE";
	int i = -1;

	if (value == INT64_MIN || value == INT64_MAX) {
		snprintf(buf, size, "...");
		return;
	}
	if (kind == KTALLY_KIND_NS || kind == KTALLY_KIND_HEX || kind == KTALLY_KIND_KSYM || !value || value % 1024) {
		ktally_units_int(kind == KTALLY_KIND_BYTES ? KTALLY_KIND_INT : kind, value, buf, size);
		return;
	}
	while (!(value % 1024)) {
		value /= 1024;
		i++;
	}
	snprintf(buf, size, "%" PRId64 "%c", value, letters[i]);
}

bool ktally_units_plain(const struct ktally_field *field, const uint64_t *words, char *buf, size_t size)
{
	switch (field->kind) {
	case KTALLY_KIND_UINT:
	case KTALLY_KIND_TIME:
	case KTALLY_KIND_BYTES:
		snprintf(buf, size, "%" PRIu64, words[0]);
		return true;
	case KTALLY_KIND_INT:
	case KTALLY_KIND_NS:
	case KTALLY_KIND_PID:
	case KTALLY_KIND_CPU:
		snprintf(buf, size, "%" PRId64, (int64_t)words[0]);
		return true;
	default:
		return false;
	}
}

const char *ktally_column_word(unsigned int column_kind)
{
	static const char *const words[] = { "count", "sum", "min", "max", "avg", "var", "hist", "exemplar" };

	_Static_assert(sizeof(words) / sizeof(words[0]) == __KTALLY_COLUMN_END, "every kind of column needs its word");

	return column_kind <= KTALLY_COLUMN_MAX_KIND ? words[column_kind] : "unknown";
}

int ktally_column_buckets(const struct ktally_column *column)
{
	int64_t lo, hi;
	int nr = 0;

	while (!ktally_hist_range(column, nr, &lo, &hi))
		nr++;
	return nr;
}

bool ktally_column_below(const struct ktally_column *column)
{
	return column->kind == KTALLY_COLUMN_COUNT || column->kind == KTALLY_COLUMN_HIST || column->kind == KTALLY_COLUMN_EXEMPLAR;
}

/* The name behind a title: "=calls=sum(x)" is "sum(x)". */
static const char *untitled(const struct ktally_value *value)
{
	const char *end = value->name[0] == '=' ? strchr(value->name + 1, '=') : NULL;

	return end ? end + 1 : value->name;
}

void ktally_column_bare(const struct ktally_value *value, char *buf, size_t size)
{
	const char *name = untitled(value), *word = ktally_column_word(value->column.kind);
	size_t len = strlen(word);

	if (strncmp(name, word, len) || name[len] != '(') {
		snprintf(buf, size, "%s", name);
		return;
	}
	name += len + 1;
	len = strlen(name);
	if (len && name[len - 1] == ')')	/* a long name may be cut before it */
		len--;
	snprintf(buf, size, "%.*s", (int)len, name);
}

void ktally_column_label(const struct ktally_schema *schema, unsigned int n, char *buf, size_t size)
{
	const struct ktally_value *value = &schema->values[n];
	const char *word = ktally_column_word(value->column.kind), *name = untitled(value);
	unsigned int i, same = 1;
	char bare[64], other[64], suffix[8] = "";

	if (name != value->name) {
		snprintf(buf, size, "%.*s", (int)(name - value->name - 2), value->name + 1);
		return;
	}
	ktally_column_bare(value, bare, sizeof(bare));
	for (i = 0; i < n; i++) {
		ktally_column_bare(&schema->values[i], other, sizeof(other));
		same += !strcmp(other, bare) && schema->values[i].column.kind == value->column.kind;
	}
	if (same > 1)
		snprintf(suffix, sizeof(suffix), "_%u", same % 100);
	if (value->column.kind == KTALLY_COLUMN_COUNT || !*bare)
		snprintf(buf, size, "%s%s", word, suffix);
	else
		snprintf(buf, size, "%s(%s)%s", word, bare, suffix);
}

bool ktally_cells_none(const struct ktally_value *value, const uint64_t *cells)
{
	return (value->column.kind == KTALLY_COLUMN_MIN || value->column.kind == KTALLY_COLUMN_MAX) && !cells[0];
}
