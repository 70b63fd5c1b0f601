// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * make-reports DIR: builds reports by hand from a fixed pseudo-random sequence, writes each in every format to DIR/REPORT.SUFFIX,
 * and what went in to DIR/REPORT.truth: a line a row, made without any exporter.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fake_symbolizer.h"

static const char *const comms[] = { "bash", "x", "a;b", "<&\"'>", "na\xc3\xafve", "\xff\xfe" "bad", "with space", "comma,quote\"", "kworker/0:1-ev" };
#define NR_COMMS (sizeof(comms) / sizeof(comms[0]))

static const char *directory;
static struct ktally_symbolizer *sym;
static struct ktally_snapshot *kept[8];	/* reachable to the end: a leak that is reported is an exporter's */
static unsigned int nr_kept;
static uint64_t seed = 88172645463325252ULL;

static uint64_t random_number(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

static void die(const char *what)
{
	fprintf(stderr, "make-reports: %s\n", what);
	exit(1);
}

static void *zalloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		die("out of memory");
	return p;
}

/* ---- building ---- */

static void add_key(struct ktally_schema *schema, const char *name, enum ktally_kind kind, unsigned int words)
{
	struct ktally_field *field = &schema->keys[schema->nr_keys++];

	snprintf(field->name, sizeof(field->name), "%s", name);
	field->kind = kind;
	field->word = schema->key_words;
	field->words = words;
	schema->key_words += words;
}

static void add_value(struct ktally_schema *schema, const char *name, enum ktally_kind kind, struct ktally_column column)
{
	static const char *const words[] = { "count", "sum", "min", "max", "avg", "var", "hist", "exemplar" };
	struct ktally_value *value = &schema->values[schema->nr_values++];

	/* half of them as the compiler names them, "sum(delta)", half bare */
	if (*name && schema->nr_values % 2)
		snprintf(value->name, sizeof(value->name), "%s(%s)", words[column.kind], name);
	else
		snprintf(value->name, sizeof(value->name), "%s", name);
	value->kind = kind;
	value->column = column;
}

static unsigned int cells_of(const struct ktally_schema *schema)
{
	unsigned int i, nr = 0;

	for (i = 0; i < schema->nr_values; i++)
		nr += ktally_column_cells(&schema->values[i].column);
	return nr;
}

static void alloc_rows(struct ktally_table *table, size_t nr)
{
	unsigned int keys = table->schema.key_words, cells = cells_of(&table->schema);
	size_t i;

	table->nr_rows = nr;
	table->rows = zalloc((nr + 1) * sizeof(*table->rows));
	for (i = 0; i < nr; i++) {
		table->rows[i].key = zalloc(keys * 8);
		table->rows[i].cells = zalloc(cells * 8);
	}
	table->other.key = zalloc(keys * 8);
	table->other.cells = zalloc(cells * 8);
}

/* One value into every column, as the kernel would fold it. */
static void fold(struct ktally_schema *schema, struct ktally_row *row, int64_t x)
{
	unsigned int v;
	int i;

	row->hits++;
	for (v = 0; v < schema->nr_values; v++) {
		const struct ktally_column *column = &schema->values[v].column;
		uint64_t *cells = (uint64_t *)ktally_cells(schema, row, v), biased;
		int64_t lo, hi;

		switch (column->kind) {
		case KTALLY_COLUMN_SUM:
		case KTALLY_COLUMN_AVG:
			cells[0] += x;
			break;
		case KTALLY_COLUMN_VAR:
			cells[0] += x;
			cells[1] += (uint64_t)(x * x);
			cells[2] += cells[1] < (uint64_t)(x * x);
			break;
		case KTALLY_COLUMN_MIN:
			biased = (uint64_t)x ^ KTALLY_MIN_BIAS;
			cells[0] = biased > cells[0] ? biased : cells[0];
			break;
		case KTALLY_COLUMN_MAX:
			biased = (uint64_t)x ^ KTALLY_MAX_BIAS;
			cells[0] = biased > cells[0] ? biased : cells[0];
			break;
		case KTALLY_COLUMN_HIST:
			for (i = 0; i < ktally_column_cells(column); i++)
				if (!ktally_hist_range(column, i, &lo, &hi) && x >= lo && x < hi)
					cells[i]++;
			break;
		}
	}
}

static uint64_t random_stack(struct ktally_stackset *stacks, uint64_t base, unsigned int variety)
{
	uint64_t ips[64];
	unsigned int nr = 1 + random_number(14), i, at = 0;
	int64_t id;

	/* Outermost last; children of a node are few, so that stacks share their roots. */
	for (i = nr; i--;) {
		at = (at * 7 + 3 + random_number(variety)) % FAKE_FUNCTIONS;
		ips[i] = base + at * 256 + 17;
	}
	id = ktally_stackset_add(stacks, ips, nr);
	if (id < 0)
		die("stackset");
	return id;
}

static void set_comm(struct ktally_row *row, const char *comm)
{
	strncpy((char *)row->key, comm, 16);
}

/* ---- truth ---- */

static void hex(FILE *out, const char *text)
{
	for (; *text; text++)
		fprintf(out, "%02x", (unsigned char)*text);
}

static void truth_frame(FILE *out, const struct ktally_frame *frame, bool *first)
{
	if (frame->outer)
		truth_frame(out, frame->outer, first);
	fprintf(out, "%s%s%c:", *first ? "" : ",", frame->guess ? "?" : "", frame->kernel ? 'k' : frame->outer ? 'i' : 'u');
	hex(out, frame->name);
	fputc(':', out);
	hex(out, frame->module);
	fputc(':', out);
	hex(out, frame->file ? frame->file : "");
	fprintf(out, ":%u", frame->line);
	*first = false;
}

static void truth_stack(FILE *out, const struct ktally_stackset *stacks, uint64_t id, bool kernel, bool *first)
{
	const uint64_t *ips;
	unsigned int nr, i;

	if (id == KTALLY_STACKSET_LOST) {
		fputs(*first ? "L" : ",L", out);
		*first = false;
		return;
	}
	ips = ktally_stackset_get(stacks, id, &nr);
	for (i = nr; i--;)
		truth_frame(out, kernel ? ktally_symbolize_kernel(sym, ips[i], i) : ktally_symbolize_user(sym, 0, ips[i], i), first);
}

/* table, kind of row, hits, first cell, comm (hex), stack outermost first (class:name:module:file:line, hex) */
static void truth_row(FILE *out, const struct ktally_snapshot *snapshot, const struct ktally_table *table, const struct ktally_row *row, bool other)
{
	const struct ktally_schema *schema = &table->schema;
	bool first = true;
	unsigned int i;
	char comm[17] = "";

	if (!row->hits)
		return;
	fprintf(out, "%s\t%s\t%" PRIu64 "\t%" PRId64 "\t", schema->name, other ? "other" : "row", row->hits, cells_of(schema) ? (int64_t)row->cells[0] : 0);
	for (i = 0; i < schema->nr_keys && !other; i++)
		if (!strcmp(schema->keys[i].name, "comm"))
			memcpy(comm, row->key + schema->keys[i].word, 16);
	hex(out, comm);
	fputc('\t', out);
	for (i = 0; i < schema->nr_keys && !other; i++)
		if (schema->keys[i].kind == KTALLY_KIND_USTACK)
			truth_stack(out, snapshot->stacks, row->key[schema->keys[i].word], false, &first);
	for (i = 0; i < schema->nr_keys && !other; i++)
		if (schema->keys[i].kind == KTALLY_KIND_KSTACK)
			truth_stack(out, snapshot->stacks, row->key[schema->keys[i].word], true, &first);
	fputc('\n', out);
}

static FILE *create(const char *name, const char *suffix)
{
	char path[4096];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s.%s", directory, name, suffix);
	out = fopen(path, "w");
	if (!out)
		die(path);
	return out;
}

static void write_truth(const char *name, const struct ktally_snapshot *snapshot)
{
	FILE *out = create(name, "truth");
	unsigned int i;
	size_t r;

	for (i = 0; i < snapshot->nr_tables; i++) {
		const struct ktally_table *table = &snapshot->tables[i];

		for (r = 0; r < table->nr_rows; r++)
			truth_row(out, snapshot, table, &table->rows[r], false);
		truth_row(out, snapshot, table, &table->other, true);
	}
	fclose(out);
}

/* ---- reports ---- */

static const struct ktally_column sum = { .kind = KTALLY_COLUMN_SUM }, minimum = { .kind = KTALLY_COLUMN_MIN }, maximum = { .kind = KTALLY_COLUMN_MAX },
	average = { .kind = KTALLY_COLUMN_AVG }, variance = { .kind = KTALLY_COLUMN_VAR },
	log2_hist = { .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LOG2 },
	linear_hist = { .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LINEAR, .param0 = -50, .param1 = 100, .param2 = 25 };

static struct ktally_snapshot *new_snapshot(unsigned int tables, const char *probe, bool losses)
{
	struct ktally_snapshot *snapshot = zalloc(sizeof(*snapshot));
	struct ktally_accounting *acc = zalloc(sizeof(*acc));

	kept[nr_kept++] = snapshot;
	snapshot->nr_tables = tables;
	snapshot->tables = zalloc(tables * sizeof(*snapshot->tables));
	snapshot->stacks = ktally_stackset_new();
	snapshot->nr_probes = 1;
	snapshot->probes = acc;
	snprintf(acc->name, sizeof(acc->name), "%s", probe);
	acc->closed = true;
	acc->count.filtered = losses ? 11 : 0;
	acc->count.recursion = losses ? 2 : 0;
	acc->missed = losses ? 7 : 0;
	return snapshot;
}

static void close_accounting(struct ktally_snapshot *snapshot)
{
	struct ktally_probe_count *count = &snapshot->probes->count;
	unsigned int i;
	size_t r;

	for (i = 0; i < snapshot->nr_tables; i++) {
		for (r = 0; r < snapshot->tables[i].nr_rows; r++)
			count->folded += snapshot->tables[i].rows[r].hits;
		count->other += snapshot->tables[i].other.hits;
	}
	count->hits = count->folded + count->other + count->filtered + count->recursion;
}

/* A pair whose starts add up, and what a governor did: all of it must reach the reader. */
static void add_relations(struct ktally_snapshot *snapshot)
{
	struct ktally_pair_accounting *pair = zalloc(sizeof(*pair));

	snprintf(pair->name, sizeof(pair->name), "sys_enter -> sys_exit");
	pair->count = (struct ktally_pair_count){ .starts = 30, .ended = 21, .replaced = 2, .full = 1, .abandoned = 3, .unmatched = 4, .negative = 1 };
	pair->open = 3;
	pair->closed = true;
	snapshot->nr_pairs = 1;
	snapshot->pairs = pair;
	snapshot->budget = 50;
	snapshot->share = 12;
	snapshot->nr_steps = 2;
	snapshot->steps[0] = (struct ktally_step){ .time = 5500000000, .kind = KTALLY_STEP_STACKS, .number = 0, .share = 93, .cpu = 1 };
	snapshot->steps[1] = (struct ktally_step){ .time = 6000000000, .kind = KTALLY_STEP_GATE, .number = 8, .share = 71, .cpu = 1 };
}

/* The row's largest value, as one real hit. */
static void set_exemplar(struct ktally_table *table, unsigned int row, unsigned int column)
{
	uint64_t *cells = (uint64_t *)ktally_cells(&table->schema, &table->rows[row], column);

	*(struct ktally_exemplar *)cells = (struct ktally_exemplar){ .value = 123456789, .time = 7250000000, .image = 77ULL << 32, .tid = 78, .cpu = 3 };
}

static void profile_rows(struct ktally_snapshot *snapshot, size_t rows, unsigned int variety)
{
	struct ktally_table *table = &snapshot->tables[0];
	size_t i;

	snprintf(table->schema.name, sizeof(table->schema.name), "cpu-clock/by=comm,pid,stack/");
	add_key(&table->schema, "comm", KTALLY_KIND_STRING, 2);
	add_key(&table->schema, "pid", KTALLY_KIND_PID, 1);
	add_key(&table->schema, "cpu", KTALLY_KIND_CPU, 1);
	add_key(&table->schema, "kstack", KTALLY_KIND_KSTACK, 1);
	add_key(&table->schema, "ustack", KTALLY_KIND_USTACK, 1);
	add_key(&table->schema, "image", KTALLY_KIND_IMAGE, 1);
	alloc_rows(table, rows);
	for (i = 0; i < rows; i++) {
		struct ktally_row *row = &table->rows[i];
		uint64_t *key = (uint64_t *)row->key;
		uint64_t who = random_number(NR_COMMS), skew = random_number(30);

		set_comm(row, comms[who]);
		key[2] = 1000 + who;
		key[3] = random_number(4);
		key[4] = random_number(3) ? 0 : random_stack(snapshot->stacks, FAKE_KERNEL, variety);
		key[5] = random_number(8) ? random_stack(snapshot->stacks, FAKE_USER, variety) : random_number(5) ? 0 : KTALLY_STACKSET_LOST;
		key[6] = key[2] << 32;
		row->hits = 1 + (skew ? random_number(6) : random_number(400));
	}
}

static void value_rows(struct ktally_table *table, size_t rows, int64_t from, uint64_t range)
{
	size_t i, n;

	for (i = 0; i < rows; i++)
		for (n = 1 + random_number(60); n; n--)
			fold(&table->schema, &table->rows[i], from + (int64_t)(random_number(range) >> random_number(20)));
}

static void offcpu_table(struct ktally_snapshot *snapshot, struct ktally_table *table, const char *name, size_t rows)
{
	size_t i;

	snprintf(table->schema.name, sizeof(table->schema.name), "%s", name);
	add_key(&table->schema, "comm", KTALLY_KIND_STRING, 2);
	add_key(&table->schema, "kstack", KTALLY_KIND_KSTACK, 1);
	add_value(&table->schema, "delta", KTALLY_KIND_NS, sum);
	add_value(&table->schema, "delta", KTALLY_KIND_NS, maximum);
	add_value(&table->schema, "delta", KTALLY_KIND_NS, log2_hist);
	alloc_rows(table, rows);
	for (i = 0; i < rows; i++) {
		set_comm(&table->rows[i], comms[random_number(NR_COMMS)]);
		((uint64_t *)table->rows[i].key)[2] = random_stack(snapshot->stacks, FAKE_KERNEL, 4);
	}
	value_rows(table, rows, 0, 5000000000ULL);
}

static void plain_tables(struct ktally_snapshot *snapshot)
{
	struct ktally_table *table = snapshot->tables;
	size_t i;

	snprintf(table->schema.name, sizeof(table->schema.name), "raw_syscalls:sys_exit/by=comm,nr/, \"quoted\"");
	add_key(&table->schema, "comm", KTALLY_KIND_STRING, 2);
	add_key(&table->schema, "nr", KTALLY_KIND_SYSCALL, 1);
	add_key(&table->schema, "ret", KTALLY_KIND_INT, 1);
	add_value(&table->schema, "", KTALLY_KIND_UINT, (struct ktally_column){ .kind = KTALLY_COLUMN_COUNT });
	add_value(&table->schema, "latency", KTALLY_KIND_NS, average);
	add_value(&table->schema, "latency", KTALLY_KIND_NS, minimum);
	add_value(&table->schema, "latency", KTALLY_KIND_NS, maximum);
	add_value(&table->schema, "bytes", KTALLY_KIND_BYTES, sum);
	alloc_rows(table, 120);
	for (i = 0; i < 120; i++) {
		set_comm(&table->rows[i], comms[i % NR_COMMS]);
		((uint64_t *)table->rows[i].key)[2] = i;
		((uint64_t *)table->rows[i].key)[3] = (uint64_t)-(int64_t)(i % 3);
	}
	value_rows(table, 120, 100, 1000000000ULL);
	for (i = 0; i < 9; i++)
		fold(&table->schema, &table->other, 1000 * i);

	table++;
	snprintf(table->schema.name, sizeof(table->schema.name), "sched:sched_wakeup/hist/");
	add_key(&table->schema, "cpu", KTALLY_KIND_CPU, 1);
	add_value(&table->schema, "delta", KTALLY_KIND_INT, variance);
	add_value(&table->schema, "delta", KTALLY_KIND_INT, linear_hist);
	add_value(&table->schema, "delta", KTALLY_KIND_INT,
		  (struct ktally_column){ .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LOGLIN, .param0 = 2 });
	add_value(&table->schema, "delta", KTALLY_KIND_NS, (struct ktally_column){ .kind = KTALLY_COLUMN_EXEMPLAR });
	alloc_rows(table, 4);
	set_exemplar(table, 1, 3);
	for (i = 0; i < 4; i++)
		((uint64_t *)table->rows[i].key)[0] = i;
	value_rows(table, 4, -70, 200);

	table++;
	snprintf(table->schema.name, sizeof(table->schema.name), "irq:softirq_entry");
	alloc_rows(table, 1);
	table->rows[0].hits = 4242;
}

/* @stacks: only the formats of stacks: the others would be too big for a test */
static void export_all(const char *name, const struct ktally_report *report, bool stacks)
{
	const struct ktally_exporter *exporter;
	struct ktally_error err = { .text = "" };
	unsigned int i;

	for (i = 0; (exporter = ktally_exporter_at(i)); i++) {
		FILE *out;
		int ret;

		if (stacks && !(exporter->needs & KTALLY_EXPORT_STACKS))
			continue;
		out = create(name, exporter->suffix);
		ret = ktally_export(report, exporter, out, &err);
		if (fclose(out))
			die("cannot write");
		printf("%s.%s %s%s%s\n", name, exporter->suffix, ret ? strerror(-ret) : "ok", ret ? ": " : "", ret ? err.text : "");
	}
	write_truth(name, report->snapshot);
}

/* What must fail, and what it says: "fails: WHAT: CODE: sentence". */
static void must_fail(const char *what, const struct ktally_report *report, const char *exporter, const char *file)
{
	struct ktally_error err = { .text = "" };
	FILE *out = fopen(file, "w");
	int ret;

	if (!out)
		die(file);
	ret = ktally_export(report, ktally_exporter_find(exporter), out, &err);
	fclose(out);
	printf("fails: %s: %s: %s\n", what, strerror(-ret), err.text);
}

static void failures(struct ktally_report *report)
{
	struct ktally_snapshot *snapshot = new_snapshot(1, "failing", false);
	struct ktally_table *table = snapshot->tables;
	unsigned int i;

	offcpu_table(snapshot, table, "negative", 60);
	report->snapshot = snapshot;
	for (i = 0; ktally_exporter_at(i); i++)
		must_fail("disk full", report, ktally_exporter_at(i)->name, "/dev/full");
	((uint64_t *)table->rows[0].cells)[0] = (uint64_t)-5;
	must_fail("negative weight", report, "folded", "/dev/null");
	report->sym = NULL;
	must_fail("no symbolizer", report, "flamegraph", "/dev/null");
	report->sym = sym;
	table->nr_rows = 0;
	must_fail("nothing seen", report, "flamegraph", "/dev/null");
}

static void check_suffixes(void)
{
	static const char *const files[][2] = { { "a.svg", "flamegraph" }, { "/x/b.pb.gz", "pprof" }, { "c.json", "json" }, { "d.folded", "folded" },
						{ "e.csv", "csv" }, { "f.txt", "text" } };
	unsigned int i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (ktally_exporter_for_file(files[i][0]) != ktally_exporter_find(files[i][1]))
			die(files[i][0]);
	if (ktally_exporter_for_file("svg") || ktally_exporter_for_file(".svg") || ktally_exporter_for_file("a.gz") || ktally_exporter_find("nothing"))
		die("a format was found for a name that has none");
}

static void profiles(struct ktally_report *report)
{
	struct ktally_snapshot *snapshot = new_snapshot(1, "cpu-clock/by=comm,pid,stack/", false);

	report->period_ns = 10101010;
	profile_rows(snapshot, 3000, 5);
	close_accounting(snapshot);
	report->snapshot = snapshot;
	export_all("profile", report, false);

	snapshot = new_snapshot(1, "cpu-clock/by=stack/", false);
	profile_rows(snapshot, 100000, 4000);
	close_accounting(snapshot);
	report->snapshot = snapshot;
	export_all("large", report, true);
	report->period_ns = 0;
}

static void tallies(struct ktally_report *report)
{
	struct ktally_snapshot *snapshot = new_snapshot(1, "sched:sched_switch/by=comm,kstack/", true);

	offcpu_table(snapshot, snapshot->tables, "offcpu", 400);
	snapshot->tables->other.hits = 3;
	((uint64_t *)snapshot->tables->other.cells)[0] = 123456789;
	close_accounting(snapshot);
	report->snapshot = snapshot;
	export_all("offcpu", report, false);

	snapshot = new_snapshot(2, "two", true);
	offcpu_table(snapshot, &snapshot->tables[0], "first", 50);
	offcpu_table(snapshot, &snapshot->tables[1], "second <&>", 50);
	close_accounting(snapshot);
	snapshot->stacks_lost = 5;
	report->snapshot = snapshot;
	report->rings = (struct ktally_ring_accounting){ .offered = 10, .reserved = 9, .dropped = 1, .read = 9, .closed = true };
	export_all("two", report, false);

	snapshot = new_snapshot(3, "raw_syscalls:sys_exit/by=comm,nr/, \"quoted\"", true);
	plain_tables(snapshot);
	close_accounting(snapshot);
	add_relations(snapshot);
	report->snapshot = snapshot;
	report->start_ns = 5000000000;
	export_all("plain", report, false);
}

int main(int argc, char **argv)
{
	struct ktally_report report = { .title = "ktally <test> & \"title\"", .hostname = "host.example", .release = "6.1.0-test", .machine = "x86_64",
					.start_real_ns = 1700000000123456789ULL, .duration_ns = 10000000000ULL };

	if (argc != 2)
		die("usage: make-reports DIR");
	directory = argv[1];
	if (ktally_symbolizer_new(&sym, NULL, NULL))
		die("symbolizer");
	report.sym = sym;
	check_suffixes();
	profiles(&report);
	tallies(&report);
	failures(&report);
	return 0;
}
